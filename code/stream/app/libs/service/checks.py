"""``python main.py check`` for stream: every address it was given."""

from __future__ import annotations

from libs.results import open_results
from libs.scoring.predict import Predictor
from libs.service.settings import read_stream_settings
from libs.sources import open_source
from libs.spool import open_spool
from sentiment.service.checks import Check, run_checks
from sentiment.service.clock import WallClock


def check_addresses() -> int:
    """Print a line per address and return the exit code."""
    settings = read_stream_settings("summary")
    clock = WallClock()
    results = open_results(settings.results_url, settings.retention_days)
    checks = [
        Check("RESULTS_URL", results.check, "make the database or table reachable and writable for this user"),
        Check(
            "SPOOL_URL", lambda: open_spool(settings, results).check(), "make the folder writable, or the queue exist"
        ),
    ]
    if settings.source_url:
        remedy = "correct the address, the file or X_BEARER_TOKEN"
        checks.append(Check("SOURCE_URL", lambda: open_source(settings, clock).check(), remedy))
    if settings.predict_url:
        predictor = Predictor(settings.predict_url, settings.predict_api_key, clock)
        checks.append(Check("PREDICT_URL", predictor.check, "start serve, or correct the address or PREDICT_API_KEY"))
    return run_checks(checks)
