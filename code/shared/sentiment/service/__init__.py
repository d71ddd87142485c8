"""What every app needs around its steps: settings, command line, checks, logs, and HTTP."""
