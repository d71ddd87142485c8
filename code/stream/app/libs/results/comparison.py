"""Compare what is stored with the labels of a replayed file: the accuracy a demo can honestly print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import click
import orjson

from libs.results import Results, open_results
from libs.service.settings import StreamSettings
from libs.sources.replay.file import inspect_file, make_tweet
from libs.spool import open_spool
from libs.values.addresses import ReplayAddress, parse_replay_url
from libs.values.tweet import derive_id
from sentiment.errors import PermanentError
from sentiment.labelled.columns import SENTIMENT140_COLUMNS
from sentiment.labelled.label_values import MOST_VALUES, SENTIMENT140_VALUES, read_label_values, read_single_value
from sentiment.labelled.options import FileOptions
from sentiment.labelled.records import Fault
from sentiment.model.labels import NEGATIVE, POSITIVE, Label

_GROUP: Final = 500
_SCORE_OF_POSITIVE: Final = 0.5


class Labelled(NamedTuple):
    """A row of the file: its id, and its label as written; empty when it has none."""

    id: str
    value: str


def compare_with_labels(settings: StreamSettings, labels_url: str) -> dict[str, Any]:
    """Return ``{"replayed", "stored", "dead_letters", "accuracy", "model_version"}``.

    With a file of labels ``stored`` counts its ids in the table, and accuracy is the share of its labelled rows that
    are stored whose score is at least 0.5 just when the label is positive; null when there are none. Raises
    ``PermanentError`` when the file cannot be read.
    """
    results = open_results(settings.results_url)
    results.prepare()
    spool = open_spool(settings, results)
    source = (
        parse_replay_url(labels_url or settings.source_url).path.as_uri() if labels_url or settings.source_url else ""
    )
    counts = results.count_all()
    compared = _compare(results, labels_url) if labels_url else {"stored": counts["stored"], "accuracy": None}
    newest = results.read_newest_version()
    return {
        "replayed": spool.read_position(source).emitted,
        "dead_letters": counts["dead_letters"],
        "model_version": newest or None,
        **compared,
    }


def show_comparison(comparison: dict[str, Any], *, as_json: bool) -> None:
    """Print one line of JSON, or a line per figure."""
    if as_json:
        click.echo(orjson.dumps(comparison))
    else:
        for name, value in comparison.items():
            click.echo(f"{name.replace('_', ' '):>14}  {'–' if value is None else value}")


def _compare(results: Results, labels_url: str) -> dict[str, Any]:
    stored, judged, right = 0, 0, 0
    for group in _group(_read_labels(labels_url)):
        found = results.read_by_id([row.id for row in group])
        stored += len(found)
        for row in group:
            if row.positive is not None and row.id in found:
                judged += 1
                right += (found[row.id].score >= _SCORE_OF_POSITIVE) is row.positive
    return {"stored": stored, "accuracy": round(right / judged, 4) if judged else None}


def _read_labels(url: str) -> Iterator[Labelled]:
    path = parse_replay_url(url).path
    form = detect_format(path)
    for record in read_records(path, form):
        if isinstance(record, Fault):
            continue
        try:
            tweet = make_tweet(
                record.values, form.columns, position="", fallback_id=derive_id(path.as_uri(), str(record.line))
            )
        except PermanentError:
            continue
        yield Labelled(tweet.id, _POSITIVE.get(str(record.values.get(form.columns.label, "")).strip().lower()))


def _group(rows: Iterator[Labelled]) -> Iterator[list[Labelled]]:
    group: dict[str, Labelled] = {}
    for row in rows:
        group.setdefault(row.id, row)
        if len(group) == _GROUP:
            yield list(group.values())
            group = {}
    yield list(group.values())
