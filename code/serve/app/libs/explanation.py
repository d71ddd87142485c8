"""What each word added to a score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sentiment.errors import PermanentError

if TYPE_CHECKING:
    from libs.question import Question
    from sentiment.classifier import Classifier
    from sentiment.cleaning import CleanText

EXPLAINED_WORDS: Final = 100
"""Each word costs a prediction of its own, so a long text gets weights for its first words only."""
EXPLAINED_TEXTS: Final = 32


def require_explainable(question: Question) -> None:
    """Refuse a batch whose explanation would keep a slot for seconds: ``PermanentError("too_many_texts")``."""
    if len(question.rows) > EXPLAINED_TEXTS:
        raise PermanentError(
            f"{len(question.rows)} texts; with explain=true at most {EXPLAINED_TEXTS}", code="too_many_texts"
        )


def explain_text(classifier: Classifier, text: CleanText) -> dict[str, Any]:
    """Return ``{"words": [{"word", "weight"}]}``: the change of the score's log-odds when that word alone is left out."""
    words = classifier.explain(text, EXPLAINED_WORDS)
    return {"words": [{"word": word.word, "weight": word.weight} for word in words]}
