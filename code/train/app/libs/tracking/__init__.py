"""Log releases to MLflow; off unless MLFLOW_TRACKING_URI is set."""

from libs.tracking.background import limit_run_time, log_to_mlflow, track

__all__ = ["limit_run_time", "log_to_mlflow", "track"]
