"""`make docs`: the pages of docs/ that are read off the code, so that they cannot grow stale, and the site made of docs/."""
