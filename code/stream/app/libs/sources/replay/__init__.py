"""A file of posts, read as if it were a live source."""
