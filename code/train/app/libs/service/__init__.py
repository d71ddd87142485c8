"""What runs around the steps: settings, command line, checks, web app, routes, metrics."""
