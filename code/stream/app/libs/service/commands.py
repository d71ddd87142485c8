"""stream's command line: its roles as services, and what is done beside them."""

from __future__ import annotations

import click

from libs.service.server import serve_role
from libs.service.settings import BackfillSettings, StreamSettings
from sentiment.service.checks import run_checks
from sentiment.service.settings import read_settings


def make_command_line() -> click.Group:
    """Return the command line."""

    @click.group(invoke_without_command=True)
    @click.pass_context
    def command_line(context: click.Context) -> None:
        """stream: source → spool → clean → predict → store, and a live page of what is stored.

        Without a command it does all of it. ``ingest`` (source → spool) and ``analyze`` (spool → store) can run apart.
        """
        if context.invoked_subcommand is None:
            serve_role("all")

    for command in (analyze, backfill, check, ingest, summary):
        command_line.add_command(command)
    return command_line


@click.command()
def ingest() -> None:
    """Read posts into the spool."""
    serve_role("ingest")


@click.command()
def analyze() -> None:
    """Clean, predict and store what lies in the spool."""
    serve_role("analyze")


@click.command()
def check() -> int:
    """Try every address and say what to mend."""
    from libs.service.checks import list_checks

    return run_checks(list_checks(read_settings(StreamSettings)))


@click.command()
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
    from libs.backfill import BackfillJob, run_backfill

    totals = run_backfill(read_settings(BackfillSettings), BackfillJob(place, target, scheduler, again))
    click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in totals.items()))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.option("--labels", default="", help="URL of the labelled replay file to compare the results with.")
def summary(*, as_json: bool, labels: str) -> None:
    """Say what was replayed and stored, and how often label and result agree."""
    from libs.service.comparison import compare_with_labels, show_comparison

    show_comparison(compare_with_labels(read_settings(StreamSettings), labels), as_json=as_json)
