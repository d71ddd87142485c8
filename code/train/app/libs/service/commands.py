"""train's command line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from libs.runs.job import Job
from libs.service.experiment_commands import compare, stage, track, tune
from libs.service.options import dataset_option, quiet_option, read_given, set_option
from libs.service.settings import TrainSettings
from libs.values.outcome import Outcome
from sentiment.errors import PermanentError
from sentiment.service.logs import configure_logs
from sentiment.service.settings import read_settings
from sentiment.store import open_store


def make_command_line(train: Callable[[Job], Outcome]) -> click.Group:
    """Return the command line; ``train`` is what a run does."""

    @click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
    @click.pass_context
    def command_line(context: click.Context) -> None:
        """Train sentiment releases from labelled texts. With no command: the web service.

        Settings come from the environment (STORE_URL and DATASET_URL at least); a run's hyperparameters from --set.
        """
        logging.getLogger("gensim").setLevel(logging.WARNING)  # else thirty lines for each of a stage's own
        if context.invoked_subcommand is None:
            from libs.service.server import serve

            serve(read_settings(TrainSettings))

    own = (_make_run(train), _make_train_process(train), check, models, promote, rollback, sample)
    for command in (*own, compare, tune, track, stage):
        command_line.add_command(command)
    return command_line


def _make_run(train: Callable[[Job], Outcome]) -> click.Command:
    @click.command("run")
    @set_option
    @dataset_option
    @quiet_option
    def run(pairs: tuple[str, ...], dataset: str | None, *, quiet: bool) -> int:
        """Train, publish and (if it earned it) promote a release, with a progress bar.

        The same as GET /train, and it keeps the same lock: while a run goes on anywhere, this one is refused.
        """
        from libs.runs.overrides import read_overrides

        settings = read_settings(TrainSettings)
        return _run_here(train, settings, read_overrides(read_given(pairs, dataset)), quiet=quiet)

    return run


def _run_here(
    train: Callable[[Job], Outcome], settings: TrainSettings, overrides: dict[str, Any], *, quiet: bool
) -> int:
    from libs.runs.control import claim_run
    from libs.runs.overrides import choose_datasets
    from libs.runs.process import carry_out
    from libs.service.progress_bar import ProgressBar

    configure_logs("train", settings.log_level if quiet else "WARNING")
    store = open_store(settings.store_url)
    run, fresh = claim_run(store, choose_datasets(settings, overrides).name, overrides, service=None)
    if not fresh:
        raise PermanentError(f"run {run.run_id} is going on; wait for its end or cancel it", code="run_going_on")
    with ProgressBar(quiet=quiet) as bar:
        ended = carry_out(train, settings, store, run, [bar.show])
    click.echo(ended.model_dump_json(indent=1, include=_SHOWN))
    return 0 if ended.status == "succeeded" else 1


_SHOWN = {
    "run_id",
    "status",
    "metrics",
    "model_version",
    "promoted",
    "reason",
    "error",
    "code",
    "warnings",
    "stage_seconds",
}


def _make_train_process(train: Callable[[Job], Outcome]) -> click.Command:
    @click.command("train-process", hidden=True)
    @click.argument("run_id")
    def train_process(run_id: str) -> int:
        """Carry out a run that the service queued."""
        from libs.runs.process import carry_out
        from libs.runs.record import read_run

        settings = read_settings(TrainSettings)
        configure_logs("train", settings.log_level)
        store = open_store(settings.store_url)
        return 0 if carry_out(train, settings, store, read_run(store, run_id)).status == "succeeded" else 1

    return train_process


@click.command()
def check() -> int:
    """Try every address train was given, and say what to mend."""
    from libs.service.checks import list_checks
    from sentiment.service.checks import run_checks

    return run_checks(list_checks(read_settings(TrainSettings)))


@click.command()
@click.option("--at", metavar="TIME", help="Which release was live then (ISO 8601, with time zone)?")
def models(at: str | None) -> None:
    """List the releases in the store, newest first, or name the one that was live at a time."""
    from libs.release import list_models, parse_moment, show_live_at

    store = open_store(read_settings(TrainSettings).store_url)
    answer = show_live_at(store, parse_moment(at)) if at else list_models(store)
    click.echo(json.dumps(answer, indent=1, default=str))


@click.command()
@click.argument("version")
@click.option("--reason", default="promoted from the shell", show_default=True, help="Why, for the history.")
def promote(version: str, reason: str) -> None:
    """Make a published release the live one."""
    from libs.release import promote_by_hand

    current = promote_by_hand(open_store(read_settings(TrainSettings).store_url), version, reason)
    click.echo(current.model_dump_json(indent=1))


@click.command()
@click.option("--reason", default="rolled back from the shell", show_default=True, help="Why, for the history.")
def rollback(reason: str) -> None:
    """Make the release before the live one live again."""
    from sentiment.release.promotion import roll_back

    click.echo(roll_back(open_store(read_settings(TrainSettings).store_url), reason).model_dump_json(indent=1))


@click.command()
@click.option("--training", type=click.Path(path_type=Path), help="Where to write the rows to learn from (.csv.gz).")
@click.option("--replay", type=click.Path(path_type=Path), help="Where to write the rows to replay (.csv.gz).")
def sample(training: Path | None, replay: Path | None) -> None:
    """Write the product's own synthetic corpus; the rows to replay are none of those to learn from."""
    from libs.sample import generate_replay_rows, generate_training_rows, write_csv

    if training is None and replay is None:
        raise click.UsageError("name a file: --training PATH, --replay PATH or both")
    for path, rows in ((training, generate_training_rows), (replay, generate_replay_rows)):
        if path is not None:
            click.echo(f"{path}: {write_csv(rows(), path)} synthetic rows")
