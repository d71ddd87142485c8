"""serve: fetch the current release → verify → load → predict."""

from __future__ import annotations

import sys

import click

from libs.server import serve
from libs.settings import ServeSettings
from sentiment.checks import run_checks
from sentiment.commands import run_command_line
from sentiment.settings import read_settings


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Answer POST /predict with the store's current release. Everything is set by environment variables."""
    if context.invoked_subcommand is None:
        serve(read_settings(ServeSettings))


@main.command()
def check() -> None:
    """Try every address this app was given and say what to mend."""
    from libs.checks import list_checks

    sys.exit(run_checks(list_checks(read_settings(ServeSettings))))


if __name__ == "__main__":
    run_command_line(main)
