"""Steps fetch, verify, load: the current release is followed, tried, loaded and swapped in."""
