"""serve: fetch the current release → verify → load → predict."""

from __future__ import annotations

import sys

import click

from libs.service.server import serve
from libs.service.settings import ServeSettings
from sentiment.service.checks import run_checks
from sentiment.service.commands import run_command_line
from sentiment.service.settings import read_settings


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Answer POST /predict with the store's current release. Everything is set by environment variables."""
    if context.invoked_subcommand is None:
        serve(read_settings(ServeSettings))


@main.command()
def check() -> None:
    """Try every address this app was given and say what to mend."""
    from libs.service.checks import list_checks

    sys.exit(run_checks(list_checks(read_settings(ServeSettings))))


if __name__ == "__main__":
    run_command_line(main)
