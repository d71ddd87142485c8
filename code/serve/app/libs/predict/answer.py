"""From a question to its answer: clean, predict, put each row back in its place."""

from __future__ import annotations

from typing import Any

from libs.predict.explanation import explain_text, require_explainable
from libs.predict.question import Question
from sentiment.errors import PermanentError
from sentiment.model.classifier import Classifier
from sentiment.model.labels import Prediction
from sentiment.text.cleaning import clean


def answer_question(classifier: Classifier, question: Question, *, explain: bool) -> tuple[Any, list[Prediction]]:
    """Return the JSON answer and the predictions made, those in the order of ``question.texts``."""
    if explain:
        require_explainable(question)
    texts = [clean(text) for text in question.texts]
    predictions = classifier.predict(texts)
    answers = [{"label": prediction.label, "score": prediction.score} for prediction in predictions]
    if explain:
        answers = [answer | explain_text(classifier, text) for answer, text in zip(answers, texts, strict=True)]
    if not question.batch:
        return answers[0], predictions
    rows = iter(answers)
    placed = [_describe_error(row) if isinstance(row, PermanentError) else next(rows) for row in question.rows]
    return {"predictions": placed, "model_version": classifier.version}, predictions


def _describe_error(error: PermanentError) -> dict[str, Any]:
    return {"error": {"code": error.code, "detail": error.detail}}
