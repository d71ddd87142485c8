"""What developers run: demo, simulators, suites, benchmarks, soaks, documentation, pins and releases."""
