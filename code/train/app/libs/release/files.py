"""Build a release as a folder: every file of it, checked by the reader's own classifier, and the manifest of them all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from libs.corpus import Corpora
from libs.evaluation import Evaluation, find_failed_checks, judge_cases
from libs.evaluation.report import write_html_reports
from libs.network import TrainedNetwork, predict_rows, save_network, write_onnx
from libs.release.baseline import describe_baseline, write_baseline
from libs.release.goldens import golden_texts, require_same_scores, write_goldens
from libs.values.checks import FailedCheck
from libs.values.outcome import Provenance
from libs.values.report import Report, parse_report
from libs.vectors import Vectors, encode_tokens
from sentiment.model.classifier import TextScorer, load_classifier
from sentiment.release.manifest import (
    BASELINE,
    FORMAT,
    GOLDEN,
    KERAS_NETWORK,
    ONNX_NETWORK,
    REPORT,
    VECTORS,
    VOCABULARY,
    DatasetEntry,
    Manifest,
    Release,
    describe_file,
)
from sentiment.text.cleaning import CLEANING_VERSION, clean
from sentiment.text.tokens import tokenize

_LIBRARIES: Final = (
    "tensorflow-cpu",
    "keras",
    "gensim",
    "numpy",
    "onnx",
    "onnxruntime",
    "scikit-learn",
    "pyarrow",
    "emoji",
)


@dataclass(frozen=True)
class Candidate:
    """A release that is built and not yet published: its manifest, its files, and the checks that it failed."""

    manifest: Manifest
    folder: Path
    failed_checks: tuple[FailedCheck, ...]


def build_release(
    provenance: Provenance,
    corpora: Corpora,
    vectors: Vectors,
    trained: TrainedNetwork,
    evaluation: Evaluation,
    *,
    folder: Path,
) -> Candidate:
    """Write the release's files into ``folder``, which is made, and return what is to be published.

    Raises ``ReleaseError`` when the exported network does not answer as Keras does, or does not replay its own goldens.
    """
    folder.mkdir(exist_ok=True)
    created_at = datetime.now(UTC)
    _write_network(trained, vectors, folder)
    _write_drift_baseline(corpora, vectors, evaluation, folder)
    scorer = TextScorer(folder, provenance.version, trained.encoding, evaluation.thresholds)
    _require_keras_scores(scorer, trained, vectors)
    write_goldens(scorer, folder / GOLDEN)
    report = evaluation.report.model_copy(update={"must_hold": judge_cases(scorer, vectors.words)})
    failed_checks = find_failed_checks(report)
    warnings = tuple(check.warning for check in failed_checks)
    report = report.model_copy(update={"warnings": warnings})
    write_report(report, folder)
    write_html_reports(report, provenance, created_at, folder)
    manifest = _describe(
        provenance, corpora, trained, evaluation, created_at=created_at, warnings=warnings, folder=folder
    )
    load_classifier(Release(manifest, folder))
    return Candidate(manifest, folder, failed_checks)


def load_candidate(manifest: Manifest, folder: Path) -> Candidate:
    """Return a candidate whose files another process built; its failed checks are found in its ``report.json``."""
    return Candidate(manifest, folder, find_failed_checks(parse_report((folder / REPORT).read_bytes())))


def write_report(report: Report, folder: Path) -> None:
    """Write ``report.json``."""
    (folder / REPORT).write_text(json.dumps(report.as_json(), indent=1, ensure_ascii=False), encoding="utf-8")


def _write_network(trained: TrainedNetwork, vectors: Vectors, folder: Path) -> None:
    (folder / VOCABULARY).write_text(json.dumps(vectors.words, ensure_ascii=False), encoding="utf-8")
    np.save(folder / VECTORS, vectors.matrix, allow_pickle=False)
    save_network(trained.network, folder / KERAS_NETWORK)
    write_onnx(trained.network, folder / ONNX_NETWORK)


def _write_drift_baseline(corpora: Corpora, vectors: Vectors, evaluation: Evaluation, folder: Path) -> None:
    corpus = corpora.labelled
    rows = corpus.held_out_rows
    texts, tokens = [corpus.texts[row] for row in rows], [corpus.tokens[row] for row in rows]
    baseline = describe_baseline(evaluation.held_out, texts, tokens, vectors.words, evaluation.thresholds)
    write_baseline(baseline, folder / BASELINE)


def _require_keras_scores(scorer: TextScorer, trained: TrainedNetwork, vectors: Vectors) -> None:
    encoded = encode_tokens([tokenize(clean(text)) for text in golden_texts()], vectors.words, trained.encoding)
    probabilities = predict_rows(trained.network, encoded, np.arange(len(golden_texts())))
    require_same_scores(scorer, list(probabilities))


def _describe(
    provenance: Provenance,
    corpora: Corpora,
    trained: TrainedNetwork,
    evaluation: Evaluation,
    *,
    created_at: datetime,
    warnings: tuple[str, ...],
    folder: Path,
) -> Manifest:
    datasets = (
        DatasetEntry(name=corpus.name, sha256=corpus.sha256, rows=len(split.chosen))
        for corpus, split in zip(corpora.all, corpora.splits, strict=True)
    )
    return Manifest(
        format=FORMAT,
        version=provenance.version,
        created_at=created_at,
        files={path.name: describe_file(path) for path in sorted(folder.iterdir()) if path.is_file()},
        cleaning_version=CLEANING_VERSION,
        encoding=trained.encoding,
        labels=corpora.labelled.classes,
        thresholds=evaluation.thresholds,
        thresholds_source=evaluation.thresholds_source,
        languages=provenance.languages,
        metrics=evaluation.metrics,
        datasets=tuple(datasets),
        seed=provenance.recipe.seed,
        code_revision=provenance.code_revision,
        libraries={name: version(name) for name in _LIBRARIES},
        parameters=provenance.recipe.model_dump(),
        durations_seconds=provenance.stage_seconds,
        warnings=warnings,
    )
