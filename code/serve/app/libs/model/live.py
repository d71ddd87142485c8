"""The release that predicts now, and the one that was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sentiment.errors import TransientError
from sentiment.model.classifier import Classifier
from sentiment.text.cleaning import clean


@dataclass(frozen=True)
class ReleaseRefusal:
    """A current release that is not served, and why; shown at ``/ready`` until another one is live."""

    version: str
    code: str
    detail: str
    refused_at: datetime

    def describe(self) -> dict[str, str]:
        """Return it as JSON fields."""
        return {**vars(self), "refused_at": self.refused_at.isoformat()}


@dataclass
class LiveModel:
    """One worker's reference to its classifier.

    A request takes the reference once and keeps it to its end, so a swap is one assignment: requests in flight finish
    on the release they began with, which is freed with the last of them.
    """

    refusal: ReleaseRefusal | None = None
    store_problem: str | None = None
    _classifier: Classifier | None = field(default=None, repr=False)

    @property
    def version(self) -> str | None:
        """The live release's name, or None before the first."""
        return self._classifier.version if self._classifier else None

    def require_classifier(self) -> Classifier:
        """Return the live classifier; ``TransientError("no_model")`` before the first release appears."""
        if self._classifier is None:
            raise TransientError("no release is live yet", code="no_model", retry_after_seconds=2)
        return self._classifier

    def swap(self, classifier: Classifier) -> None:
        """Let ``classifier`` answer from now on."""
        self._classifier = classifier

    def list_obstacles(self) -> list[str]:
        """Return why this worker cannot predict; empty when it can, which is found out by a prediction."""
        if self._classifier is None:
            obstacles = ["no release is live yet"]
            if self.refusal:
                obstacles.append(f"release {self.refusal.version} was refused: {self.refusal.detail}")
            return obstacles + ([self.store_problem] if self.store_problem else [])
        try:
            self._classifier.predict([clean("ready")])
        except Exception as error:  # noqa: BLE001 - whatever the network raises, this worker must not get requests
            return [f"release {self._classifier.version} does not predict: {error!r}"]
        return []

    def describe(self) -> dict[str, Any]:
        """Return what ``/ready`` shows beside the reasons."""
        refused = self.refusal.describe() if self.refusal else None
        return {"model_version": self.version, "refused": refused, "store_problem": self.store_problem}
