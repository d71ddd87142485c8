"""Training runs: their records in the store, the lock that lets one run at a time, and the process a run lives in."""
