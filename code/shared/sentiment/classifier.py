"""Text in, label and score out. The only place where serving meets ONNX Runtime."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sentiment.cleaning import CleanText, clean
from sentiment.encoding import Encoder
from sentiment.errors import ReleaseError
from sentiment.labels import Prediction, to_prediction
from sentiment.release import GOLDEN, ONNX_NETWORK, VOCABULARY
from sentiment.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sentiment.release import Manifest, Release

SERVING_FILES: Final = (VOCABULARY, ONNX_NETWORK, GOLDEN)
SCORE_TOLERANCE: Final = 1e-4
_BATCH: Final = 64
_BATCH_CHARACTERS: Final = _BATCH * 280  # padding included, so that long texts run alone and memory stays flat


class WordWeight(NamedTuple):
    """How much one word moved the score's log-odds: positive towards POSITIVE."""

    word: str
    weight: float


class Classifier:
    """A loaded release. Thread-safe: the session and the encoder's word cache tolerate concurrent callers."""

    def __init__(self, release: Release, threads: int = 1) -> None:
        """Load vocabulary and network; ``ReleaseError("bad_network")`` when ONNX Runtime refuses the file."""
        self.manifest: Manifest = release.manifest
        self.version = release.version
        self._encoder = Encoder(self.manifest.encoding, _read_vocabulary(release))
        self._session = _open_session(release.folder / ONNX_NETWORK, threads, self.version)

    def predict(self, texts: Sequence[CleanText]) -> list[Prediction]:
        """Return a prediction per text, in order. Texts of like length share a batch, so one long text delays few."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        predictions: list[Any] = [None] * len(texts)
        for indexes in _split_batches(order, texts):
            for index, row in zip(indexes, self._run([texts[index] for index in indexes]), strict=True):
                predictions[index] = to_prediction(row, self.manifest.thresholds)
        return predictions

    def explain(self, text: CleanText, most: int = 100) -> list[WordWeight]:
        """Return each token with the change of the score's log-odds when it is left out (occlusion, Li et al. 2016).

        Each token costs a prediction, so only the first ``most`` tokens get a weight.
        """
        tokens = tokenize(text)
        places = range(min(len(tokens), most))
        without = [CleanText(" ".join(tokens[:place] + tokens[place + 1 :])) for place in places]
        whole = _log_odds(self.predict([CleanText(" ".join(tokens))])[0].score)
        return [
            WordWeight(token, round(whole - _log_odds(prediction.score), 5))
            for token, prediction in zip(tokens, self.predict(without), strict=False)
        ]

    def _run(self, texts: list[CleanText]) -> list[list[float]]:
        rows: list[list[float]] = self._session.run(None, self._encoder.encode(texts))[0].tolist()
        return rows


def load_classifier(release: Release, threads: int = 1) -> Classifier:
    """Return a classifier that has replayed its golden predictions; raises ``ReleaseError`` when it cannot be trusted."""
    classifier = Classifier(release, threads)
    replay_goldens(classifier, release.folder / GOLDEN)
    return classifier


def replay_goldens(classifier: Classifier, path: Path) -> None:
    """Refuse a release whose answers here are not its trainer's: ``ReleaseError("golden_differs")``.

    A score may differ by ``SCORE_TOLERANCE``; a label may differ only where the score is that near to a threshold.
    """
    lines = _read_goldens(path, classifier.version)
    found = classifier.predict([clean(line["text"]) for line in lines])
    edges = classifier.manifest.thresholds
    for line, prediction in zip(lines, found, strict=True):
        near = any(abs(prediction.score - edge) <= SCORE_TOLERANCE for edge in edges)
        same_label = prediction.label == line["label"] or near
        if not same_label or abs(prediction.score - line["score"]) > SCORE_TOLERANCE:
            raise ReleaseError(
                f"release {classifier.version}: golden text {line['text'][:40]!r} scores {prediction.score} "
                f"{prediction.label}, its trainer got {line['score']} {line['label']}",
                code="golden_differs",
            )


def _split_batches(order: list[int], texts: Sequence[CleanText]) -> Iterator[list[int]]:
    # `order` goes by length, so a batch's last text is its longest and sets the width of its padding.
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) == _BATCH or (len(batch) + 1) * len(texts[index]) > _BATCH_CHARACTERS):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _read_vocabulary(release: Release) -> list[str]:
    try:
        words = json.loads((release.folder / VOCABULARY).read_text(encoding="utf-8"))
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
    except ValueError:
        pass
    raise ReleaseError(f"release {release.version}: {VOCABULARY} is not a list of words", code="bad_vocabulary")


def _read_goldens(path: Path, version: str) -> list[dict[str, Any]]:
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        if lines and all(isinstance(line["text"], str) and {"label", "score"} <= line.keys() for line in lines):
            return lines
    except (ValueError, TypeError, KeyError):
        pass
    raise ReleaseError(f"release {version}: {path.name} holds no golden predictions", code="bad_golden")


def _open_session(path: Path, threads: int, version: str) -> Any:
    import onnxruntime  # its threads do not survive a fork, so a web server's first process must not load it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle workers must not burn a core
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no base class
        raise ReleaseError(f"release {version}: the network cannot be loaded ({error})", code="bad_network") from error


def _log_odds(score: float) -> float:
    bounded = min(max(score, 1e-5), 1 - 1e-5)
    return math.log(bounded / (1 - bounded))
