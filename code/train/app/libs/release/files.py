"""The release as a folder: its files, the manifest that describes them, and the reader's own proof."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from libs.corpus.choice import choose_rows
from libs.corpus.corpora import Corpora
from libs.evaluation.evaluate import Evaluation
from libs.evaluation.must_hold import judge_cases, warn_of_failing
from libs.evaluation.report.html_report import write_html_reports
from libs.network.learning import Learned
from libs.network.network import predict_rows, save_network
from libs.network.onnx_export import write_onnx
from libs.release.baseline import describe_baseline, write_baseline
from libs.release.goldens import golden_texts, require_same_scores, write_goldens
from libs.runs.job import Job
from libs.vectors.encoded import encode_tokens
from libs.vectors.word2vec import Vectors
from sentiment.model.classifier import Classifier, load_classifier
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
    FileEntry,
    Manifest,
    Release,
    describe_file,
)
from sentiment.text.cleaning import CLEANING_VERSION, clean
from sentiment.text.tokens import tokenize

_FEW_ROWS: Final = 500
_MOST_BIAS: Final = 0.02  # of a mean score, which is what a brand is judged by
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


def build_release(
    job: Job, corpora: Corpora, vectors: Vectors, learned: Learned, evaluation: Evaluation
) -> tuple[Manifest, Path]:
    """Write the release's files into the run's scratch folder; return its manifest and the folder.

    Raises ``ReleaseError`` when the exported network does not answer as Keras does, or does not replay its own goldens.
    """
    folder = job.folder / "release"
    folder.mkdir(exist_ok=True)
    _write_network(learned, vectors, folder)
    _write_drift_baseline(corpora, vectors, evaluation, folder)
    for name in (GOLDEN, REPORT):
        (folder / name).write_text("", encoding="utf-8")
    manifest = _describe(job, corpora, learned, evaluation, folder)
    classifier = Classifier(Release(manifest, folder))
    _prove(classifier, learned, vectors)
    write_goldens(classifier, folder / GOLDEN)
    report = evaluation.report | {"must_hold": judge_cases(classifier, vectors.words)}
    report["warnings"] = list_warnings(report)
    manifest = manifest.model_copy(update={"warnings": tuple(report["warnings"])})
    _write_report(report, manifest, folder)
    manifest = manifest.model_copy(update={"files": _describe_files(folder)})
    load_classifier(Release(manifest, folder))
    return manifest, folder


def list_warnings(report: dict[str, Any]) -> list[str]:
    """Return what a person should know before trusting the release."""
    ahead, bias = report["peer"]["ahead"], report["metrics"]["score_bias"]
    found = {
        f"the linear peer is better by {-ahead['value']:.4f} in {report['peer']['measure']}": ahead["high"] < 0,
        f"calibration error {report['metrics']['ece']['value']:.3f} is over 0.02": report["metrics"]["ece"]["value"]
        > 0.02,
        f"a mean of scores is off by {bias['value']:+.3f}": min(abs(bias["low"]), abs(bias["high"])) > _MOST_BIAS
        and bias["low"] * bias["high"] > 0,
        f"judged by only {report['rows']['held_out']} rows": report["rows"]["held_out"] < _FEW_ROWS,
    }
    return [*warn_of_failing(report["must_hold"]), *(warning for warning, holds in found.items() if holds)]


def _write_report(report: dict[str, Any], manifest: Manifest, folder: Path) -> None:
    (folder / REPORT).write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    write_html_reports(report, manifest, folder)


def _write_network(learned: Learned, vectors: Vectors, folder: Path) -> None:
    (folder / VOCABULARY).write_text(json.dumps(vectors.words, ensure_ascii=False), encoding="utf-8")
    np.save(folder / VECTORS, vectors.matrix, allow_pickle=False)
    save_network(learned.network, folder / KERAS_NETWORK)
    write_onnx(learned.network, folder / ONNX_NETWORK)


def _write_drift_baseline(corpora: Corpora, vectors: Vectors, evaluation: Evaluation, folder: Path) -> None:
    corpus = corpora.labelled
    rows = corpus.held_out_rows
    texts, tokens = [corpus.texts[row] for row in rows], [corpus.tokens[row] for row in rows]
    baseline = describe_baseline(evaluation.judged, texts, tokens, vectors.words, evaluation.thresholds)
    write_baseline(baseline, folder / BASELINE)


def _prove(classifier: Classifier, learned: Learned, vectors: Vectors) -> None:
    encoded = encode_tokens([tokenize(clean(text)) for text in golden_texts()], vectors.words, learned.encoding)
    probabilities = predict_rows(learned.network, encoded, np.arange(len(golden_texts())))
    require_same_scores(classifier, list(probabilities))


def _describe(job: Job, corpora: Corpora, learned: Learned, evaluation: Evaluation, folder: Path) -> Manifest:
    return Manifest(
        format=FORMAT,
        version=job.run_id,
        created_at=datetime.now(UTC),
        files=_describe_files(folder),
        cleaning_version=CLEANING_VERSION,
        encoding=learned.encoding,
        labels=corpora.labelled.classes,
        thresholds=evaluation.thresholds,
        thresholds_source=evaluation.thresholds_source,
        languages=tuple(job.settings.languages.split(",")),
        metrics=evaluation.metrics,
        datasets=tuple(
            DatasetEntry(name=corpus.name, sha256=corpus.sha256, rows=len(choose_rows(corpus, job.recipe)))
            for corpus in corpora.all
        ),
        seed=job.recipe.seed,
        code_revision=job.settings.app_commit,
        libraries={name: version(name) for name in _LIBRARIES},
        parameters=job.recipe.model_dump(),
        durations_seconds=job.progress.stage_seconds,
    )


def _describe_files(folder: Path) -> dict[str, FileEntry]:
    return {path.name: describe_file(path) for path in sorted(folder.iterdir()) if path.is_file()}
