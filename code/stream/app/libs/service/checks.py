"""``python main.py check`` for stream: every address it was given."""

from __future__ import annotations

from libs.results import open_results
from libs.scoring import ServeClient
from libs.service.settings import StreamSettings
from libs.sources import open_source
from libs.spool import open_spool
from libs.values.addresses import parse_source_url
from sentiment.service.checks import Check
from sentiment.service.clock import WallClock


def list_checks(settings: StreamSettings) -> list[Check]:
    """Return what to try; an address that no variable gives is left out."""
    clock = WallClock()
    results = open_results(settings.results_url, settings.retention_days)

    def check_spool() -> None:
        open_spool(settings.spool_address, settings.spool_max_posts, results).check()

    def check_source() -> None:
        address = parse_source_url(settings.source_url or "", settings.x_bearer_token)
        open_source(address, settings, clock).check()

    checks = [
        Check("RESULTS_URL", results.check, "make the database or table reachable and writable for this user"),
        Check("SPOOL_URL", check_spool, "make the folder writable, or the queue exist"),
    ]
    if settings.source_url:
        checks.append(Check("SOURCE_URL", check_source, "correct the address, the file or X_BEARER_TOKEN"))
    if settings.predict_url:
        serve = ServeClient(settings.predict_url, settings.predict_api_key, clock)
        checks.append(Check("PREDICT_URL", serve.check, "start serve, or correct the address or PREDICT_API_KEY"))
    return checks
