"""Training runs: their records in the store, the lease that lets one run at a time, and the process of a run."""
