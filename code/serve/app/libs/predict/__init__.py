"""Step predict: one request, from its body to its answer."""
