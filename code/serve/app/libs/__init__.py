"""The steps of serve, one folder each: model (fetch, verify, load) → predict."""
