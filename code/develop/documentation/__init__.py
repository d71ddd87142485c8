"""`make docs`: the parts of the README that are read off the code, so that they cannot grow stale."""
