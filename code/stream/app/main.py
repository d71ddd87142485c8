"""stream: source → spool → clean → predict → store, and a live page of what is stored.

Without a command it does all of it. ``ingest`` (source → spool) and ``analyze`` (spool → store) can run apart.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Flask

from libs.service.commands import backfill, check, summary
from libs.service.server import serve_role
from libs.service.settings import AnalyzeSettings, IngestSettings, Role, RoleSettings, read_stream_settings
from sentiment.service.clock import WallClock
from sentiment.service.commands import run_command_line

if TYPE_CHECKING:
    from libs.service.pipeline import Pipeline  # for the server's worker alone, as what is imported below


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


def create(role: Role) -> Flask:
    """Start a role's loops and return the web app that shows them; called in the server's worker."""
    from libs.service.application import create_stream_app

    settings = read_stream_settings(role)
    pipeline = connect(settings)
    pipeline.start()
    return create_stream_app(settings, pipeline, Path(__file__).parent / "web")


create_all, create_ingest, create_analyze = (
    partial(create, "all"),
    partial(create, "ingest"),
    partial(create, "analyze"),
)


@click.group(invoke_without_command=True, help=__doc__)
@click.pass_context
def main(context: click.Context) -> None:
    """Do everything in one process when no command is given."""
    if context.invoked_subcommand is None:
        serve_role("all")


@main.command()
def ingest() -> None:
    """Read posts into the spool."""
    serve_role("ingest")


@main.command()
def analyze() -> None:
    """Clean, predict and store what lies in the spool."""
    serve_role("analyze")


for command in (check, backfill, summary):
    main.add_command(command)

if __name__ == "__main__":
    run_command_line(main)
