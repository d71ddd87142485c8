"""serve's command line."""

from __future__ import annotations

import click

from libs.model.loading import LoadRelease
from libs.model.trial import TRIAL_COMMAND, carry_out_trial
from libs.service.settings import ServeSettings
from sentiment.service.checks import run_checks
from sentiment.service.settings import read_settings


def make_command_line(load: LoadRelease) -> click.Group:
    """Return the command line; ``load`` makes a classifier of a release."""

    @click.group(invoke_without_command=True)
    @click.pass_context
    def command_line(context: click.Context) -> None:
        """Answer POST /predict with the store's current release. Everything is set by environment variables."""
        if context.invoked_subcommand is None:
            from libs.service.server import serve

            serve(read_settings(ServeSettings))

    @click.command(TRIAL_COMMAND, hidden=True)
    def try_release() -> None:
        """Load a release that a worker names on stdin and say how that went."""
        carry_out_trial(load)

    for command in (check, try_release):
        command_line.add_command(command)
    return command_line


@click.command()
def check() -> int:
    """Try every address this app was given and say what to mend."""
    from libs.service.checks import list_checks

    return run_checks(list_checks(read_settings(ServeSettings)))
