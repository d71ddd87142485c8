"""The HTTP contracts: each app's ``openapi.json``, generated from its routes and kept as a snapshot."""
