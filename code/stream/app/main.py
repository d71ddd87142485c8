"""stream: source → spool → clean → predict → store, and a live page of what is stored.

Without a command it does all of it. ``ingest`` (source → spool) and ``analyze`` (spool → store) can run apart.
"""

from __future__ import annotations

from pathlib import Path

import click
from flask import Flask

from libs.service.settings import Role
from sentiment.service.commands import run_command_line


@click.group(invoke_without_command=True, help=__doc__)
@click.pass_context
def main(context: click.Context) -> None:
    """Do everything in one process when no command is given."""
    if context.invoked_subcommand is None:
        _serve("all")


@main.command()
def ingest() -> None:
    """Read posts into the spool."""
    _serve("ingest")


@main.command()
def analyze() -> None:
    """Clean, predict and store what lies in the spool."""
    _serve("analyze")


@main.command()
def check() -> int:
    """Try every address and say what to mend."""
    from libs.service.checks import check_addresses

    return check_addresses()


@main.command()
@click.option(
    "--from",
    "place",
    required=True,
    help="CSV, TSV, JSON lines or Parquet: a file, a folder or s3://bucket/prefix. 'results' scores stored results of "
    "older models again by the current one.",
)
@click.option(
    "--to",
    "target",
    default="results",
    show_default=True,
    help="results, or where Parquet files are written: a folder (on a cluster one that all workers share) or s3://…",
)
@click.option(
    "--scheduler", envvar="DASK_SCHEDULER_ADDRESS", default="", help="A Dask cluster; default: all cores here."
)
@click.option("--again", is_flag=True, help="Score every row of every file, also those that were done before.")
def backfill(place: str, target: str, scheduler: str, *, again: bool) -> None:
    """Score an archive. Stopped half-way, the same command goes on where it was; finished files are passed over.

    A row that is stored already stays as it is unless the current model is newer. Workers of a Dask cluster need this
    app and its optional packages on their path: start `dask worker` in this app's folder or image.
    """
    from libs.backfill.run import Job, run_backfill
    from libs.service.settings import read_stream_settings

    totals = run_backfill(read_stream_settings("backfill"), Job(place, target, scheduler, again))
    click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in totals.items()))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.option("--labels", default="", help="URL of the labelled replay file to compare the results with.")
def summary(*, as_json: bool, labels: str) -> None:
    """Say what was replayed and stored, and how often label and result agree."""
    from libs.results.comparison import compare_with_labels, show_comparison
    from libs.service.settings import read_stream_settings

    show_comparison(compare_with_labels(read_stream_settings("summary"), labels), as_json=as_json)


def create_all() -> Flask:
    """Source → spool → clean → predict → store."""
    return _create("all")


def create_ingest() -> Flask:
    """Source → spool."""
    return _create("ingest")


def create_analyze() -> Flask:
    """Spool → clean → predict → store."""
    return _create("analyze")


def _serve(role: Role) -> None:
    from libs.service.server import serve_role

    serve_role(role, f"main:create_{role}")


def _create(role: Role) -> Flask:
    """Start the role's loops and return the web app that shows them; called in the server's worker."""
    from libs.service.application import create_stream_app
    from libs.service.pipeline import Pipeline
    from libs.service.settings import read_stream_settings

    settings = read_stream_settings(role)
    pipeline = Pipeline(settings, role)
    pipeline.start()
    return create_stream_app(settings, pipeline, Path(__file__).parent / "web")


if __name__ == "__main__":
    run_command_line(main)
