"""The client of serve: it retries for as long as it takes, so that nothing is dropped while serve is down, slow or busy.

A text that serve refuses for good comes back as a ``RefusedText`` and costs its neighbours nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import orjson
import requests
from pydantic import SecretStr

from libs.scoring.answers import RefusedText, ScoredText, describe_failure, read_answer, read_object
from libs.service.metrics import PREDICT_CALLS
from sentiment.errors import PermanentError, TransientError
from sentiment.service.clock import Clock
from sentiment.service.retry import Backoff, retry
from sentiment.text.cleaning import CleanText

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = (5.0, 60.0)  # to connect, to answer
_TRIES_OF_A_FAILING_BATCH: Final = 4
# A worker has three calls open at most: even at the longest wait serve is asked rarely, and found soon.
_BACKOFF: Final = Backoff(longest_seconds=5.0)
_LOUD_EVERY: Final = 10  # failures to one line in the log

Outcome = TypeVar("Outcome")


class ServeClient:
    """A client of serve; safe to use from several threads at once."""

    def __init__(self, url: str, api_key: SecretStr | None, clock: Clock) -> None:
        """``url``: address of serve, without a path."""
        self._url = url
        self._headers = {"X-API-Key": api_key.get_secret_value()} if api_key else {}
        self._clock = clock
        self._sessions: deque[requests.Session] = deque()
        self.problem = ""
        """Why serve cannot be used at the moment; empty while it can."""

    def predict(self, texts: Sequence[CleanText]) -> list[ScoredText | RefusedText]:
        """Return one per text, in order, when serve has answered for all; ``StoppedError`` when asked to stop before."""
        if not texts:
            return []
        answers = self._ask(list(texts))
        self.problem = ""
        return answers

    def read_languages(self) -> frozenset[str]:
        """Return the languages of serve's release; waits like ``predict``."""
        return self._retry(self._fetch_languages)

    def check(self) -> None:
        """Raise ``TransientError`` when serve does not answer or is not ready, ``PermanentError`` when it is not serve."""
        self._fetch_languages()
        answer = self._attempt([""])
        if isinstance(answer, RefusedText):
            raise PermanentError(f"serve refuses a text: {answer.detail}", code=answer.code)

    def _ask(self, texts: list[CleanText], tries: int = _TRIES_OF_A_FAILING_BATCH) -> list[ScoredText | RefusedText]:
        """Wait for as long as it takes; ``tries``: failures of these texts alone before one of them is to blame."""
        failures = 0

        def attempt() -> list[ScoredText | RefusedText] | RefusedText:
            nonlocal failures
            try:
                return self._attempt(texts)
            except TransientError as error:
                failures += error.code == "predict_failed"
                if failures >= tries and self._is_well():
                    return RefusedText("predict_failed", error.detail)
                raise

        answer = self._retry(attempt)
        return self._split(texts, answer) if isinstance(answer, RefusedText) else answer

    def _retry(self, attempt: Callable[[], Outcome]) -> Outcome:
        return retry(attempt, self._clock, _BACKOFF, report=self._report, heed_retry_after=True)

    def _split(self, texts: list[CleanText], refusal: RefusedText) -> list[ScoredText | RefusedText]:
        """Find the texts that spoil a refused batch by halving it."""
        if len(texts) == 1:
            return [refusal]
        middle = len(texts) // 2
        return self._ask_part(texts[:middle]) + self._ask_part(texts[middle:])

    def _ask_part(self, texts: list[CleanText]) -> list[ScoredText | RefusedText]:
        # The whole has failed often enough: a part that fails is halved at once, so that the others wait no longer than
        # it takes to find the culprit. Only a single text, which is about to be given up, gets all its tries.
        return self._ask(texts, 1 if len(texts) > 1 else _TRIES_OF_A_FAILING_BATCH)

    def _attempt(self, texts: Sequence[str]) -> list[ScoredText | RefusedText] | RefusedText:
        """One call. ``TransientError`` = try again; a ``RefusedText`` is of the batch as a whole."""
        response = self._call("POST", "/predict", orjson.dumps({"texts": list(texts)}))
        if response.status_code == 200:
            return read_answer(response, len(texts))
        if response.status_code in (400, 413, 422):
            problem = read_object(response)
            return RefusedText(str(problem.get("code", response.status_code)), str(problem.get("detail", ""))[:300])
        raise describe_failure(response)

    def _is_well(self) -> bool:
        """Return whether serve answers for a harmless text, so that a failure is the batch's own fault."""
        try:
            return isinstance(self._attempt([""]), list)
        except TransientError:
            return False

    def _fetch_languages(self) -> frozenset[str]:
        response = self._call("GET", "/model")
        if response.status_code != 200:
            raise describe_failure(response)
        languages = read_object(response).get("languages")
        if not isinstance(languages, list):
            raise TransientError(f"{self._url}/model names no languages", code="predict_not_serve")
        return frozenset(str(language).lower() for language in languages)

    def _call(self, method: str, path: str, body: bytes | None = None) -> requests.Response:
        headers = {**self._headers, "Content-Type": "application/json"} if body else self._headers
        # requests' sessions are not documented as safe for threads: a call has one of its own, and its open connection.
        session = self._borrow_session()
        try:
            response = session.request(
                method, self._url + path, data=body, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            PREDICT_CALLS.labels("unreachable").inc()
            raise TransientError(
                f"{self._url} cannot be reached: {type(error).__name__}", code="predict_down"
            ) from error
        finally:
            self._sessions.append(session)
        PREDICT_CALLS.labels(str(response.status_code)).inc()
        return response

    def _borrow_session(self) -> requests.Session:
        try:
            return self._sessions.pop()
        except IndexError:
            return requests.Session()

    def _report(self, error: TransientError, failures: int) -> None:
        self.problem = error.detail
        if failures % _LOUD_EVERY == 1:
            logger.warning("waiting for serve", extra={"code": error.code, "detail": error.detail, "attempt": failures})
