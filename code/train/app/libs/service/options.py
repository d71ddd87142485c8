"""Options that several commands of train's command line share."""

from __future__ import annotations

import json
from typing import Any

import click

set_option = click.option(
    "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A hyperparameter, e.g. --set epochs=2."
)
dataset_option = click.option(
    "--dataset", metavar="KEY", help="A data set inside the store instead of DATASET_URL: datasets/x.csv."
)
quiet_option = click.option("--quiet", is_flag=True, help="No progress bar; log lines only.")


def read_given(pairs: tuple[str, ...], dataset: str | None) -> dict[str, Any]:
    """Return what ``--set`` and ``--dataset`` say, in the form ``POST /train`` takes; values are JSON where they can be."""
    return dict(_split_pair(pair) for pair in pairs) | ({"dataset": dataset} if dataset else {})


def _split_pair(pair: str) -> tuple[str, Any]:
    name, sign, value = pair.partition("=")
    if not sign:
        raise click.BadParameter(f"'{pair}' is not NAME=VALUE", param_hint="--set")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
