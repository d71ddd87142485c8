"""Commands for experiments: compare, tune, track, stage."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from libs.service.options import dataset_option, quiet_option, read_given, set_option
from libs.service.progress_bar import ProgressBar
from libs.service.settings import TrainSettings
from sentiment.service.logs import configure_logs
from sentiment.service.settings import read_settings

STAGE_NAMES = ("ingest", "clean", "vectors", "network", "evaluate", "register")


def _folder(default: str) -> Callable[[Any], Any]:
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option("--folder", type=kind, default=default, show_default=True, help="Where the results go.")


@click.command()
@click.option(
    "--rows", type=click.IntRange(min=100), default=100_000, show_default=True, help="Most rows to learn from."
)
@set_option
@dataset_option
@_folder("experiments/compare")
@quiet_option
def compare(rows: int, pairs: tuple[str, ...], dataset: str | None, folder: Path, *, quiet: bool) -> None:
    """Compare feature recipes, from a bag of words to the whole network, on one split of the data set.

    Prints a table; writes comparison.json and comparison.png. Nothing is published.
    """
    from libs.experiments.comparison import Contest, compare_recipes
    from libs.experiments.comparison_report import format_table, write_comparison
    from libs.experiments.workplace import open_workplace
    from libs.service.progress_bar import ProgressBar

    settings = _start(quiet=quiet)
    given = {"most_training_rows": rows} | read_given(pairs, dataset)
    with ProgressBar(quiet=quiet) as bar, open_workplace(settings, given, folder) as place:
        found = compare_recipes(Contest(place.corpora, place.recipe, place.scratch), _show_on(bar))
        write_comparison(found, folder)
    click.echo(format_table(found))
    click.echo(f"written: {folder}/comparison.json, {folder}/comparison.png")


@click.command()
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), default=30, show_default=True, help="Time budget."
)
@click.option("--attempts", type=click.IntRange(min=1), help="End after so many, if the time allows them.")
@click.option(
    "--rows", type=click.IntRange(min=100), default=100_000, show_default=True, help="Most rows to learn from."
)
@set_option
@dataset_option
@_folder("experiments/tune")
@quiet_option
def tune(
    *,
    minutes: float,
    attempts: int | None,
    rows: int,
    pairs: tuple[str, ...],
    dataset: str | None,
    folder: Path,
    quiet: bool,
) -> None:
    """Search hyperparameters within a time budget; what --set names stays as it says.

    Judged by rows set aside from those to learn from, never by the held-out ones. The study is kept: called again with
    the same data and options, the search goes on. Prints the best as POST /train takes it; writes best.json and tune.png.
    """
    from libs.experiments.search import Budget, search
    from libs.experiments.search_report import format_found, write_found
    from libs.experiments.workplace import open_workplace
    from libs.service.progress_bar import ProgressBar

    settings = _start(quiet=quiet)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns that each attempt is a network of its own
    settled = read_given(pairs, dataset)
    with (
        ProgressBar(quiet=quiet) as bar,
        open_workplace(settings, {"most_training_rows": rows} | settled, folder) as place,
    ):
        found = search(place, settled, Budget(minutes, attempts), _show_on(bar))
    write_found(found, folder)
    click.echo(format_found(found, folder))


@click.command()
@click.argument("version")
@click.option("--unattended", is_flag=True, hidden=True)
def track(version: str, *, unattended: bool) -> None:
    """Log a published release to the MLflow server at MLFLOW_TRACKING_URI, and wait for the end.

    A run does this by itself; again, it repeats what MLflow did not take, and sets the alias champion or challenger by
    what is live now.
    """
    from libs.tracking import limit_run_time, log_to_mlflow

    if unattended:
        limit_run_time()
    registered = log_to_mlflow(_start(quiet=False), version)
    click.echo(f"release {version} is version {registered} of the registered model")


@click.command()
@click.argument("name", type=click.Choice(STAGE_NAMES))
@click.option(
    "--params", type=click.Path(exists=True, dir_okay=False, path_type=Path), default="params.yaml", show_default=True
)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default="pipeline", show_default=True)
@quiet_option
def stage(name: str, params: Path, folder: Path, *, quiet: bool) -> None:
    """Do one step of a run and keep what it makes: `dvc repro` calls this (dvc.yaml).

    Data sets and hyperparameters come from the parameters' file, addresses and secrets from the environment.
    """
    from libs.experiments.stages import STAGES, Stage, read_parameters
    from libs.service.progress_bar import ProgressBar
    from libs.values.progress import Progress
    from libs.values.recipe import Recipe, override_recipe

    given = read_parameters(params.read_text(encoding="utf-8"))
    settings = read_settings(TrainSettings, dataset_url=given["dataset"], exclude_url=given["exclude"])
    configure_logs("train", settings.log_level if quiet else "WARNING")
    recipe = override_recipe(Recipe(), given["recipe"])
    with ProgressBar(quiet=quiet) as bar, tempfile.TemporaryDirectory(prefix="sentiment-stage-") as scratch:
        STAGES[name](Stage(settings, recipe, folder, Path(scratch), Progress([bar.show])))


def _start(*, quiet: bool) -> TrainSettings:
    settings = read_settings(TrainSettings)
    configure_logs("train", settings.log_level if quiet else "WARNING")
    return settings


def _show_on(bar: ProgressBar) -> Callable[[str, float], None]:
    from libs.values.progress import Snapshot

    def show(what: str, fraction: float) -> None:
        bar.show(Snapshot(what, min(fraction, 1.0), None, {}, {}))

    return show
