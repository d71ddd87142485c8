"""HTTP manners that the three apps share: health, readiness, metrics, request ids, problems, docs, server."""
