"""What `summary` says: how much was replayed and stored, and how often the stored scores agree with a file's labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

import click
import orjson

from libs.results import Results, open_results
from libs.service.settings import StreamSettings
from libs.sources.replay import PostFile, inspect_file, make_tweet
from libs.spool import open_spool
from libs.values.addresses import parse_replay_url
from libs.values.tweet import derive_id
from sentiment.errors import PermanentError
from sentiment.labelled.label_values import MOST_VALUES, read_known_values
from sentiment.labelled.records import Fault
from sentiment.model.labels import NEUTRAL, POSITIVE

_GROUP: Final = 500
_SCORE_OF_POSITIVE: Final = 0.5


class Comparison(NamedTuple):
    """The figures that ``summary`` prints, under their names."""

    replayed: int
    dead_letters: int
    model_version: str | None
    stored: int
    """How many results are stored; with a file of labels, how many of its rows."""
    accuracy: float | None
    """Share of the labelled rows that are stored whose score is at least 0.5 just when the label is positive."""


class LabelledId(NamedTuple):
    """A row of the file: its id, and its label as written; empty when it has none."""

    id: str
    value: str


def compare_with_labels(settings: StreamSettings, labels_url: str) -> Comparison:
    """Compare the results store with a file of labels, if one is named; its neutral rows do not count for the accuracy.

    Raises ``PermanentError`` when the file cannot be read, or its labels have no known meaning (``unknown_labels``,
    ``wrong_columns``).
    """
    results = open_results(settings.results_url)
    results.prepare()
    spool = open_spool(settings.spool_address, settings.spool_max_posts, results)
    url = labels_url or settings.source_url
    source = parse_replay_url(url).path.as_uri() if url else ""
    counts = results.count_all()
    stored, accuracy = _compare(results, labels_url) if labels_url else (counts["stored"], None)
    return Comparison(
        replayed=spool.read_position(source).emitted,
        dead_letters=counts["dead_letters"],
        model_version=results.read_newest_version() or None,
        stored=stored,
        accuracy=accuracy,
    )


def show_comparison(comparison: Comparison, *, as_json: bool) -> None:
    """Print one line of JSON, or a line per figure."""
    if as_json:
        click.echo(orjson.dumps(comparison._asdict()))
    else:
        for name, value in comparison._asdict().items():
            click.echo(f"{name.replace('_', ' '):>14}  {'–' if value is None else value}")


def _compare(results: Results, labels_url: str) -> tuple[int, float | None]:
    """Return how many of the file's rows are stored, and the accuracy."""
    address = parse_replay_url(labels_url)
    file, stored = inspect_file(address.path, address.options), 0
    rows, scored_positive, judged = Counter[str](), Counter[str](), Counter[str]()  # by the label as written
    for group in _group(_read_labels(file)):
        found = results.read_by_id([row.id for row in group])
        stored += len(found)
        labelled = [row for row in group if row.value]
        rows.update(row.value for row in labelled)
        judged.update(row.value for row in labelled if row.id in found)
        scored_positive.update(
            row.value for row in labelled if row.id in found and found[row.id].score >= _SCORE_OF_POSITIVE
        )
        _require_few_values(rows)
    meanings = read_known_values(rows, file.options) if rows else {}
    two_class = {value: label for value, label in meanings.items() if label != NEUTRAL}
    right = sum(
        scored_positive[value] if label == POSITIVE else judged[value] - scored_positive[value]
        for value, label in two_class.items()
    )
    total = sum(judged[value] for value in two_class)
    return stored, round(right / total, 4) if total else None


def _require_few_values(rows: Counter[str]) -> None:
    if len(rows) > MOST_VALUES:
        raise PermanentError(
            f"the column of labels has over {MOST_VALUES} different values: it holds no labels; name the right one after "
            "the address: #label=<column>",
            code="wrong_columns",
        )


def _read_labels(file: PostFile) -> Iterator[LabelledId]:
    key = file.path.as_uri()
    for record in file.read():
        if isinstance(record, Fault):
            continue
        try:
            tweet = make_tweet(record.values, file.columns, position="", fallback_id=derive_id(key, str(record.line)))
        except PermanentError:
            continue
        value = record.values.get(file.columns.label)
        yield LabelledId(tweet.id, "" if value is None else str(value).strip())


def _group(rows: Iterator[LabelledId]) -> Iterator[list[LabelledId]]:
    group: dict[str, LabelledId] = {}
    for row in rows:
        group.setdefault(row.id, row)
        if len(group) == _GROUP:
            yield list(group.values())
            group = {}
    yield list(group.values())
