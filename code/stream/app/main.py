"""stream: source → spool → clean → predict → store, and a live page of what is stored."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from libs.service.commands import make_command_line
from libs.service.server import start_role
from libs.service.settings import AnalyzeSettings, IngestSettings, RoleSettings
from sentiment.service.clock import WallClock
from sentiment.service.commands import run_command_line

if TYPE_CHECKING:
    from libs.service.pipeline import Pipeline  # only after the fork: brings prometheus_client, as the steps do


def connect(settings: RoleSettings) -> Pipeline:
    """Join the steps of a role: source → spool → clean → predict → store, or the first or the second half of it."""
    from libs.results import open_results
    from libs.scoring import Analyzer, ServeClient
    from libs.service.pipeline import Pipeline
    from libs.sources import open_source
    from libs.spool import Ingester, open_spool

    clock = WallClock()
    results = open_results(settings.results_url, settings.retention_days, many_writers=settings.many_analyze)
    spool = open_spool(settings.spool_address, settings.spool_max_posts, results)
    pipeline = Pipeline(settings, spool, results, clock)
    if isinstance(settings, IngestSettings):  # source → spool
        source = open_source(settings.source_address, settings, clock)
        pipeline.add_reading(source, Ingester(source, spool, clock))
    if isinstance(settings, AnalyzeSettings):  # spool → clean → predict → store
        serve = ServeClient(settings.predict_url, settings.predict_api_key, clock)
        pipeline.add_scoring(serve, Analyzer(spool, serve, results.store, clock, settings.predict_batch))
    return pipeline


# What the server's worker calls: each starts a role's loops and returns the web app that shows them.
create_all = partial(start_role, "all", connect)
create_ingest = partial(start_role, "ingest", connect)
create_analyze = partial(start_role, "analyze", connect)

if __name__ == "__main__":
    run_command_line(make_command_line())
