"""The outside world, small but true to its wire formats: serve, X and Bluesky, with faults on order. For demo, soak, tests."""
