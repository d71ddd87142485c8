"""X's filtered stream, version 2 of its API."""
