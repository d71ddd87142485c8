"""Finished runs and releases in MLflow; off unless MLFLOW_TRACKING_URI is set."""
