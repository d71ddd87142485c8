"""clean → predict: serve's prediction for each post of the spool, joined to what is stored."""

from __future__ import annotations

from libs.scoring.analyze import Analyzer
from libs.scoring.answers import RefusedText, ScoredText
from libs.scoring.batches import score_entries, sort_entries
from libs.scoring.predict import ServeClient

__all__ = ["Analyzer", "RefusedText", "ScoredText", "ServeClient", "score_entries", "sort_entries"]
