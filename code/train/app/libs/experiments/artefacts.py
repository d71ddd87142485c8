"""The files that stages of the DVC pipeline pass on: JSON, NumPy arrays and a Keras file, never pickle."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from libs.corpus import CleanCounts, Corpora, Corpus, Split
from libs.dataset import Readings, Rows
from libs.evaluation import Evaluation, ScoredRows
from libs.network import EMPTY, History, LinearPath, TrainedNetwork, build_network, count_outputs, save_network
from libs.values.recipe import Recipe
from libs.values.report import parse_report
from libs.vectors import Vectors, encode_tokens
from sentiment.errors import PermanentError
from sentiment.model.labels import Thresholds
from sentiment.release.manifest import KERAS_NETWORK, REPORT, VECTORS, VOCABULARY
from sentiment.text.cleaning import CleanText
from sentiment.text.encoding import EncodingParameters

_NAMES = ("labelled", "distant")


def save_readings(readings: Readings, folder: Path) -> None:
    """Write the rows as they were read: texts, labels and topics of every data set, and the texts to keep out."""
    for name in _NAMES:
        rows: Rows | None = getattr(readings, name)
        if rows is not None:
            facts = {"name": rows.name, "sha256": rows.sha256, "read": rows.read, "unreadable": rows.unreadable}
            _write(folder / name / "rows.json", facts | {"columns": rows.columns, "topics": rows.topics})
            _write(folder / name / "texts.json", rows.texts)
            np.save(folder / name / "labels.npy", rows.labels, allow_pickle=False)
    _write(folder / "excluded.json", readings.excluded)


def load_readings(folder: Path) -> Readings:
    """Return what ``save_readings`` wrote; ``PermanentError("stage_missing")`` when that stage has not been run."""
    found = {
        name: Rows(
            texts=_read(folder / name / "texts.json"),
            labels=np.load(folder / name / "labels.npy"),
            **_read(folder / name / "rows.json"),
        )
        for name in _NAMES
        if name == "labelled" or (folder / name).is_dir()
    }
    return Readings(found["labelled"], found.get("distant"), _read(folder / "excluded.json"))


def save_corpora(corpora: Corpora, folder: Path) -> None:
    """Write the cleaned texts with their tokens, labels, held-out marks, and the rows chosen for training."""
    for name, corpus, split in zip(_list_names(corpora), corpora.all, corpora.splits, strict=True):
        plain = ("name", "sha256", "classes", "topics", "neutrals", "columns")
        facts = {fact: getattr(corpus, fact) for fact in plain}
        _write(folder / name / "corpus.json", facts | {"counts": asdict(corpus.counts)})
        _write(folder / name / "texts.json", corpus.texts)
        _write(folder / name / "tokens.json", corpus.tokens)
        arrays = {"labels": corpus.labels, "held_out": corpus.held_out, **split._asdict()}
        for kind, array in arrays.items():
            np.save(folder / name / f"{kind}.npy", array, allow_pickle=False)


def load_corpora(folder: Path) -> Corpora:
    """Return what ``save_corpora`` wrote."""
    names = [name for name in reversed(_NAMES) if name == "labelled" or (folder / name).is_dir()]
    corpora = [_load_corpus(folder / name) for name in names]
    splits = tuple(Split(*(np.load(folder / name / f"{kind}.npy") for kind in Split._fields)) for name in names)
    return Corpora(corpora[-1], corpora[0] if len(corpora) > 1 else None, splits)


def _list_names(corpora: Corpora) -> tuple[str, ...]:
    """Return the folders of the corpora, in the order of ``Corpora.all``."""
    return _NAMES[:1] if corpora.distant is None else tuple(reversed(_NAMES))


def _load_corpus(folder: Path) -> Corpus:
    facts = _read(folder / "corpus.json")
    known: dict[str, str] = {}  # one string object per distinct token, as cleaning leaves them
    return Corpus(
        name=facts["name"],
        sha256=facts["sha256"],
        texts=[CleanText(text) for text in _read(folder / "texts.json")],
        tokens=[[known.setdefault(token, token) for token in line] for line in _read(folder / "tokens.json")],
        labels=np.load(folder / "labels.npy"),
        topics=facts["topics"],
        held_out=np.load(folder / "held_out.npy"),
        classes=tuple(facts["classes"]),
        counts=CleanCounts(**facts["counts"]),
        neutrals=facts["neutrals"],
        columns=facts["columns"],
    )


def save_vectors(vectors: Vectors, folder: Path) -> None:
    """Write the vocabulary and the matrix as a release holds them."""
    _write(folder / VOCABULARY, vectors.words)
    np.save(folder / VECTORS, vectors.matrix, allow_pickle=False)


def load_vectors(folder: Path) -> Vectors:
    """Return what ``save_vectors`` wrote."""
    return Vectors(_read(folder / VOCABULARY), np.load(folder / VECTORS))


def save_trained(trained: TrainedNetwork, folder: Path) -> None:
    """Write the network in Keras' own form and the learning curves; the encoded texts are quicker made than read."""
    histories = {name: history._asdict() for name, history in trained.histories.items()}
    _write(
        folder / "learning.json",
        {"histories": histories, "features": trained.features, "thresholds": trained.thresholds},
    )
    save_network(trained.network, folder / KERAS_NETWORK)


def load_trained(folder: Path, corpora: Corpora, vectors: Vectors, recipe: Recipe) -> TrainedNetwork:
    """Return what ``save_trained`` wrote, the corpora encoded anew by the same encoder."""
    facts = _read(folder / "learning.json")
    classes = [len(corpus.classes) for corpus in corpora.all]
    outputs = sum(map(count_outputs, classes))
    slots = 2**recipe.slot_bits
    blank = LinearPath(np.full(slots, EMPTY, dtype=np.int32), np.zeros((slots, outputs), dtype=np.float32))
    network = build_network(vectors, blank, classes, recipe)
    network.whole.load_weights(folder / KERAS_NETWORK)
    encoding = EncodingParameters()
    encoded = encode_tokens([line for corpus in corpora.all for line in corpus.tokens], vectors.words, encoding)
    histories = {name: History(**history) for name, history in facts["histories"].items()}
    thresholds = None if facts["thresholds"] is None else Thresholds(*facts["thresholds"])
    return TrainedNetwork(network, encoding, encoded, histories, facts["features"], thresholds)


def save_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write the report, the thresholds, and what the network makes of each held-out row."""
    _write(folder / REPORT, evaluation.report.as_json())
    facts = {"thresholds": evaluation.thresholds._asdict(), "thresholds_source": evaluation.thresholds_source}
    _write(folder / "thresholds.json", facts)
    np.save(folder / "labels.npy", evaluation.held_out.labels, allow_pickle=False)
    np.save(folder / "probabilities.npy", evaluation.held_out.probabilities, allow_pickle=False)


def load_evaluation(folder: Path) -> Evaluation:
    """Return what ``save_evaluation`` wrote."""
    facts = _read(folder / "thresholds.json")
    held_out = ScoredRows(np.load(folder / "labels.npy"), np.load(folder / "probabilities.npy"))
    report = parse_report((folder / REPORT).read_bytes())
    return Evaluation(held_out, Thresholds(**facts["thresholds"]), facts["thresholds_source"], report)


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


def _read(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise PermanentError(f"{path} is missing: run the stage before this one", code="stage_missing") from None
