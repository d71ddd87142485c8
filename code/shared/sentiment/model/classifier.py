"""The classifier of a release: clean texts in, labels and scores out. The only module that imports ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import ReleaseError
from sentiment.model.goldens import read_goldens, require_same_answers
from sentiment.model.labels import Prediction, Thresholds, to_prediction
from sentiment.release.manifest import GOLDEN, ONNX_NETWORK, VOCABULARY, Manifest, Release
from sentiment.text.batches import split_batches
from sentiment.text.cleaning import CleanText, clean
from sentiment.text.encoding import Encoder, EncodingParameters

SERVING_FILES: Final = (VOCABULARY, ONNX_NETWORK, GOLDEN)
_OUTPUTS: Final = ["probabilities"]


class TextScorer:
    """An exported network with its vocabulary, whether or not it is part of a release yet.

    Thread-safe: the session and the encoder's word cache tolerate concurrent callers.
    """

    def __init__(
        self, folder: Path, version: str, encoding: EncodingParameters, thresholds: Thresholds, *, threads: int = 1
    ) -> None:
        """Load vocabulary and network from ``folder``; ``version`` is named in errors.

        Raises ``ReleaseError``: ``bad_vocabulary``, and ``bad_network`` when ONNX Runtime refuses the file.
        """
        self.version = version
        self.thresholds = thresholds
        self.encoder = Encoder(encoding, _read_vocabulary(folder / VOCABULARY, version))
        self._session = _open_session(folder / ONNX_NETWORK, threads, version)

    def predict(self, texts: Sequence[CleanText]) -> list[Prediction]:
        """Return a prediction per text, in order. Texts of like length share a batch, so one long text delays few."""
        looked_up = [self.encoder.look_up(text) for text in texts]
        predictions: list[Any] = [None] * len(texts)
        for places in split_batches(looked_up):
            rows = self.run(self.encoder.lay_out([looked_up[place] for place in places])).tolist()
            for place, row in zip(places, rows, strict=True):
                predictions[place] = to_prediction(row, self.thresholds)
        return predictions

    def run(self, arrays: dict[str, NDArray[np.int32]]) -> NDArray[np.float32]:
        """Return the network's probabilities [texts, classes] for arrays that ``encoder`` laid out."""
        probabilities: NDArray[np.float32] = self._session.run(_OUTPUTS, arrays)[0]
        return probabilities


class Classifier(TextScorer):
    """A loaded release."""

    def __init__(self, release: Release, threads: int = 1) -> None:
        """Load vocabulary and network; raises ``ReleaseError`` as ``TextScorer`` does."""
        manifest: Manifest = release.manifest
        super().__init__(release.folder, release.version, manifest.encoding, manifest.thresholds, threads=threads)
        self.manifest = manifest


def load_classifier(release: Release, threads: int = 1) -> Classifier:
    """Return a classifier that has replayed its golden predictions; ``ReleaseError`` when it cannot be used."""
    classifier = Classifier(release, threads)
    replay_goldens(classifier, release.folder / GOLDEN)
    return classifier


def replay_goldens(classifier: Classifier, path: Path) -> None:
    """Refuse a release whose answers here are not its trainer's; raises as ``require_same_answers`` and ``read_goldens``."""
    goldens = read_goldens(path, classifier.version)
    predictions = classifier.predict([clean(golden.text) for golden in goldens])
    require_same_answers(goldens, predictions, classifier.thresholds, classifier.version)


def _read_vocabulary(path: Path, version: str) -> list[str]:
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
    except ValueError:
        pass
    raise ReleaseError(f"release {version}: {path.name} is not a list of words", code="bad_vocabulary")


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
