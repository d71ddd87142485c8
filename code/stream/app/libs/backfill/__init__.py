"""``python main.py backfill``: score an archive on all cores, or on a Dask cluster where one machine is not enough."""
