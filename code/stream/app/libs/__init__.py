"""The steps of stream, one a file."""
