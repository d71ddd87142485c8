"""Asking serve: nothing is dropped, nothing poisons its neighbours, whatever serve answers."""

from __future__ import annotations

import threading
import time

import pytest
from pydantic import SecretStr

from develop.fixtures.ports import find_free_port
from develop.simulators.serve import POISON, ServeSimulator, score
from libs.scoring.predict import RefusedText, ScoredText, ServeClient
from sentiment.errors import SentimentError
from sentiment.service.clock import StoppedError, WallClock
from sentiment.text.cleaning import CleanText, clean


def texts(*given: str) -> list[CleanText]:
    return [clean(text) for text in given]


def expect(text: str, version: str) -> ScoredText:
    return ScoredText(score(text)["label"], score(text)["score"], version)


def test_each_text_gets_its_own_answer_in_order(serve: ServeSimulator, clock: WallClock) -> None:
    given = texts(*(f"text {number}" for number in range(100)), "")
    assert ServeClient(serve.url, None, clock).predict(given) == [expect(text, serve.version) for text in given]


def test_no_texts_need_no_call(clock: WallClock) -> None:
    assert ServeClient("http://127.0.0.1:1", None, clock).predict([]) == []


def test_the_api_key_is_sent_and_only_when_there_is_one(serve: ServeSimulator, clock: WallClock) -> None:
    ServeClient(serve.url, SecretStr("sesame"), clock).predict(texts("a"))
    ServeClient(serve.url, None, clock).predict(texts("a"))
    assert serve.api_keys == ["sesame", None]


def test_a_refused_row_is_told_apart_from_its_neighbours(serve: ServeSimulator, clock: WallClock) -> None:
    first, refused, last = ServeClient(serve.url, None, clock).predict(texts("a", "x" * 10_001, "b"))
    assert (first, last) == (expect("a", serve.version), expect("b", serve.version))
    assert isinstance(refused, RefusedText)
    assert refused.code == "text_too_long"


def test_a_text_that_spoils_its_batch_is_found(serve: ServeSimulator, clock: WallClock) -> None:
    serve.refuse_batches_with_poison = True
    given = texts(*(f"text {number}" for number in range(40)))
    given[17] = clean(f"bad {POISON}")
    answers = ServeClient(serve.url, None, clock).predict(given)
    assert [number for number, answer in enumerate(answers) if isinstance(answer, RefusedText)] == [17]


def test_a_text_that_crashes_serve_is_found_and_the_rest_is_scored(serve: ServeSimulator, clock: WallClock) -> None:
    given = texts("a", f"bad {POISON}", "b")
    answers = ServeClient(serve.url, None, clock).predict(given)
    assert answers[0] == expect("a", serve.version)
    assert answers[1] == RefusedText("predict_failed", f"{serve.url}/predict answers 500")
    assert answers[2] == expect("b", serve.version)


class CountingClock(WallClock):
    """Counts the pauses, and makes them short."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses = 0

    def wait(self, seconds: float) -> None:
        self.pauses += 1
        super().wait(seconds / 100)


def test_a_poisonous_text_holds_up_the_others_of_a_large_batch_for_two_rounds_of_tries_and_no_more(
    serve: ServeSimulator,
) -> None:
    clock = CountingClock()
    answers = ServeClient(serve.url, None, clock).predict(
        texts(*map(str, range(300)), f"bad {POISON}", *map(str, range(211)))
    )
    assert [number for number, answer in enumerate(answers) if isinstance(answer, RefusedText)] == [300]
    assert clock.pauses == 6, "three between the batch's four tries, three between the text's own"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 401, 404])
def test_a_passing_fault_is_waited_out(serve: ServeSimulator, clock: WallClock, status: int) -> None:
    serve.faults.extend([(status, {"Retry-After": "0"})] * 3)
    assert ServeClient(serve.url, None, clock).predict(texts("a")) == [expect("a", serve.version)]
    assert serve.calls[f"fault {status}"] == 3


def test_retry_after_is_honoured(serve: ServeSimulator, clock: WallClock) -> None:
    serve.faults.append((429, {"Retry-After": "1"}))
    started = time.monotonic()
    ServeClient(serve.url, None, clock).predict(texts("a"))
    assert time.monotonic() - started >= 1


def test_a_serve_that_is_down_is_waited_for(clock: WallClock) -> None:
    port = find_free_port()
    predictor, started = ServeClient(f"http://127.0.0.1:{port}", None, clock), []
    timer = threading.Timer(1.0, lambda: started.append(ServeSimulator(port)))
    timer.start()
    answers = predictor.predict(texts("a"))
    started[0].close()
    assert answers == [expect("a", started[0].version)]
    assert predictor.problem == ""


def test_a_stop_ends_the_waiting_at_once_and_says_what_was_wrong() -> None:
    clock = WallClock()
    predictor = ServeClient("http://127.0.0.1:1", None, clock)
    threading.Timer(0.5, clock.stop.set).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        predictor.predict(texts("a"))
    assert time.monotonic() - started < 1.5
    assert "cannot be reached" in predictor.problem


def test_the_check_tells_a_serve_that_is_none(clock: WallClock) -> None:
    with pytest.raises(SentimentError):
        ServeClient("http://127.0.0.1:1", None, clock).check()


def test_languages_come_from_the_release(serve: ServeSimulator, clock: WallClock) -> None:
    serve.languages = ("en", "PT")
    assert ServeClient(serve.url, None, clock).read_languages() == {"en", "pt"}
