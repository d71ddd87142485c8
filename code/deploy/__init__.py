"""What runs the apps for others: pipelines, images, manifests, infrastructure, monitoring, scheduling, release checks."""
