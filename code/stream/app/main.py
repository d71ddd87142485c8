"""stream: source → spool → clean → predict → store, and a live page of what is stored.

Without a command it does all of it. ``ingest`` (source → spool) and ``analyze`` (spool → store) can run apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentiment.commands import run_command_line

if TYPE_CHECKING:
    from flask import Flask

    from libs.settings import Role


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
    from libs.check import check_addresses

    return check_addresses()


@main.command()
@click.option(
    "--from", "place", required=True, help="A file, a folder, s3://bucket/prefix, or results (older models')."
)
@click.option("--to", "target", default="results", show_default=True, help="results, or a folder for Parquet.")
@click.option(
    "--scheduler", envvar="DASK_SCHEDULER_ADDRESS", default="", help="A Dask cluster; default: all cores here."
)
def backfill(place: str, target: str, scheduler: str) -> None:
    """Score an archive; goes on where it was stopped."""
    from libs.backfill.run import run_backfill
    from libs.settings import read_stream_settings

    totals = run_backfill(read_stream_settings("backfill"), place, target, scheduler)
    click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in totals.items()))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.option("--labels", default="", help="URL of the labelled replay file to compare the results with.")
def summary(*, as_json: bool, labels: str) -> None:
    """Say what was replayed and stored, and how often label and result agree."""
    from libs.comparison import compare_with_labels, show_comparison
    from libs.settings import read_stream_settings

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
    from libs.serving import serve_role

    serve_role(role, f"main:create_{role}")


def _create(role: Role) -> Flask:
    """Start the role's loops and return the web app that shows them; called in the server's worker."""
    from libs.pipeline import Pipeline
    from libs.settings import read_stream_settings
    from libs.web import create_stream_app

    settings = read_stream_settings(role)
    pipeline = Pipeline(settings, role)
    pipeline.start()
    return create_stream_app(settings, pipeline, Path(__file__).parent / "web")


if __name__ == "__main__":
    run_command_line(main)
