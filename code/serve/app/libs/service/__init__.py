"""What runs around the steps: settings, checks, web app, routes, worker, metrics."""
