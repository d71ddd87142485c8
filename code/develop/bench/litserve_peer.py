"""The same classifier behind LitServe, in an environment of its own: ``python litserve_peer.py RELEASE_FOLDER PORT``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import litserve


class Sentiment(litserve.LitAPI):
    """One text in, label and score out."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe passes it
        """Load the release in the worker."""
        from sentiment.model.classifier import Classifier
        from sentiment.release.manifest import Release, parse_manifest

        folder = Path(sys.argv[1])
        self.classifier = Classifier(
            Release(parse_manifest((folder / "manifest.json").read_bytes(), folder.name), folder)
        )

    def decode_request(self, request) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001 - LitServe reads the annotation
        """Take the text."""
        text: str = request["text"]
        return text

    def predict(self, text: str) -> Any:
        """Predict it."""
        from sentiment.text.cleaning import clean

        return self.classifier.predict([clean(text)])[0]

    def encode_response(self, prediction: Any) -> dict[str, Any]:
        """Return JSON."""
        return {"label": prediction.label, "score": prediction.score}


if __name__ == "__main__":
    server = litserve.LitServer(Sentiment(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
