"""Command lines of the three apps behave alike: a mistake is one line on stderr and an exit code, never a trace."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from sentiment.errors import ConfigurationError, SentimentError

EXIT_FAILED = 1
EXIT_MISCONFIGURED = 2


def run_command_line(command: click.Command) -> NoReturn:
    """Run a click command; exit 2 on a configuration mistake, 1 on any other failure this product knows by name."""
    try:
        sys.exit(command.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_MISCONFIGURED)
    except click.Abort:
        sys.exit(130)  # 128 + SIGINT, as shells report it
    except ConfigurationError as error:
        click.echo(error.detail, err=True)
        sys.exit(EXIT_MISCONFIGURED)
    except SentimentError as error:
        click.echo(f"{error.code}: {error.detail}", err=True)
        sys.exit(EXIT_FAILED)
