"""Step predict: ``POST /predict`` from the request to the bytes of the answer, whichever way the request came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from libs.model.live import LiveModel
from libs.predict.admission import Admission
from libs.predict.explanation import explain_text, require_explainable
from libs.predict.question import PredictRequest, Question, read_question, read_request
from libs.service.metrics import TEXTS, count_predictions
from sentiment.errors import PermanentError
from sentiment.model.classifier import Classifier
from sentiment.model.labels import Prediction
from sentiment.text.cleaning import clean

if TYPE_CHECKING:
    from libs.accounts.users import Callers  # brings SQLAlchemy, which an open service does without


class Reply(NamedTuple):
    """A computed answer: its JSON, the release that gave it, and fields for the access log."""

    body: bytes
    model_version: str
    log_fields: dict[str, Any]


class Predictor:
    """Reads a request, waits for a slot, and answers with the release that is live at that moment."""

    def __init__(
        self, live: LiveModel, admission: Admission, callers: Callers | None = None, *, log_texts: bool = False
    ) -> None:
        """All are one worker's; without ``callers`` anybody may ask, and nothing is recorded."""
        self._live = live
        self._admission = admission
        self._callers = callers
        self._log_texts = log_texts

    def read(self, environ: Mapping[str, Any]) -> PredictRequest:
        """Return what a WSGI environment asks; errors as ``read_request`` raises them."""
        return read_request(environ, self._callers)

    def answer(self, request: PredictRequest) -> Reply:
        """Return the reply; raises ``PermanentError`` or ``TransientError`` with a code of ``POST /predict``."""
        with self._admission.admit(request.deadline):
            question = read_question(request.mimetype, request.body)
            classifier = self._live.require_classifier()
            answer, predictions = answer_question(classifier, question, explain=request.explain)
        count_predictions(predictions)
        TEXTS.observe(len(question.rows))
        fields: dict[str, Any] = {"texts": len(question.rows), "model_version": classifier.version}
        if self._log_texts:
            fields["sent"] = [text.encode("utf-8", "replace").decode() for text in question.texts]
        if request.caller and self._callers:
            self._callers.record(request.caller, question.texts, predictions, classifier.version)
            fields["user"] = request.caller.username
        return Reply(orjson.dumps(answer), classifier.version, fields)


def answer_question(classifier: Classifier, question: Question, *, explain: bool) -> tuple[Any, list[Prediction]]:
    """Clean, predict, and put each row back in its place.

    Returns the JSON answer and the predictions made, those in the order of ``question.texts``.
    """
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
