"""The first version's way, run in train's environment: a Flask endpoint around Keras ``predict``, padded to length 300.

``python keras_peer.py RELEASE_FOLDER loaded|per_request PORT``. ``per_request`` reads the model from disk each time, as
the first version did; ``loaded`` is what it could have been with one line moved.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask, request

_LENGTH = 300


def create_app(folder: Path, *, per_request: bool) -> Flask:
    """Return the app; the release's own encoding is used, so that the network gets what it was trained on."""
    import keras

    from sentiment.release.manifest import parse_manifest
    from sentiment.text.cleaning import clean
    from sentiment.text.encoding import Encoder

    manifest = parse_manifest((folder / "manifest.json").read_bytes(), folder.name)
    encoder = Encoder(manifest.encoding, json.loads((folder / "vocabulary.json").read_text()))

    def load() -> Any:
        return keras.saving.load_model(folder / "model.keras", safe_mode=True, compile=False)

    keep = cache(load)
    app = Flask("keras")

    @app.post("/predict")
    def predict() -> dict[str, float]:
        network = load() if per_request else keep()
        fed = encoder.encode([clean(request.get_json()["text"])])
        fed["words"] = np.pad(fed["words"], ((0, 0), (0, max(0, _LENGTH - fed["words"].shape[1]))))
        return {"score": float(network.predict(fed, verbose=0)[0][-1])}

    return app


if __name__ == "__main__":
    create_app(Path(sys.argv[1]), per_request=sys.argv[2] == "per_request").run("127.0.0.1", int(sys.argv[3]))
