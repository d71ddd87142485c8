"""A file of posts, replayed as if it were a live source."""
