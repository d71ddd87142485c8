"""What runs around the steps: settings, checks, web app, pipeline threads, metrics."""
