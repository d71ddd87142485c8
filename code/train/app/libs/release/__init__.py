"""Step publish: the release as files, golden predictions, the drift baseline, the gate, and the catalogue of releases."""

from libs.release.catalogue import describe_history, list_models, parse_moment, promote_by_hand, show_live_at
from libs.release.files import Candidate, build_release, load_candidate
from libs.release.gate import Gate, GateDecision
from libs.release.publish import publish

__all__ = [
    "Candidate",
    "Gate",
    "GateDecision",
    "build_release",
    "describe_history",
    "list_models",
    "load_candidate",
    "parse_moment",
    "promote_by_hand",
    "publish",
    "show_live_at",
]
