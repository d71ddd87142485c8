"""Steps fetch, verify, load: the store's current release is fetched, tried, loaded, and swapped in while requests go on."""
