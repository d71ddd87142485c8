"""``POST /predict`` as the contract has it, through the app."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from develop.fixtures.log_lines import write_logs
from libs.model.live import LiveModel
from libs.service.application import build_app
from libs.service.settings import ServeSettings


def test_one_text_gets_its_label_and_score_and_the_release_that_gave_them(client: FlaskClient) -> None:
    answer = client.post("/predict", json={"text": "I love it"})
    assert answer.status_code == 200
    assert answer.json == {"label": "POSITIVE", "score": 0.92414}
    assert answer.headers["X-Model-Version"] == "v1"
    assert answer.mimetype == "application/json"


def test_the_text_is_cleaned_as_train_cleaned_it(client: FlaskClient) -> None:
    plain = client.post("/predict", json={"text": "I love it"}).json
    noisy = client.post("/predict", json={"text": "  I love it 😍 https://t.co/abc\n"}).json
    assert noisy == plain


def test_a_batch_answers_in_order_with_errors_in_the_place_of_bad_rows(client: FlaskClient) -> None:
    answer = client.post("/predict", json={"texts": ["awful", None, "", "x" * 10_001, "I love it"]})
    assert answer.status_code == 200
    assert answer.headers["X-Model-Version"] == "v1"
    body = answer.json
    assert body is not None
    assert body["model_version"] == "v1"
    first, null, empty, long, last = body["predictions"]
    assert first["label"] == "NEGATIVE"
    assert null["error"]["code"] == "text_not_string"
    assert empty == {"label": "NEUTRAL", "score": 0.5}
    assert long["error"]["code"] == "text_too_long"
    assert last == {"label": "POSITIVE", "score": 0.92414}


def test_a_batch_of_none_is_answered_with_none(client: FlaskClient) -> None:
    assert client.post("/predict", json={"texts": []}).json == {"predictions": [], "model_version": "v1"}


@pytest.mark.parametrize(("body", "content_type", "status", "code"), [
    (b"{", "application/json", 400, "not_json"),
    (b"{}", "application/json", 422, "text_missing"),
    (b'{"text": 5}', "application/json", 422, "text_not_string"),
    (b'{"text": "' + b"x" * 10_001 + b'"}', "application/json", 422, "text_too_long"),
    (b'{"texts": [' + b",".join([b'""'] * 1_025) + b"]}", "application/json", 422, "too_many_texts"),
    (b'{"text": "", "texts": []}', "application/json", 422, "text_and_texts"),
    (b'{"text": "x"}', "text/plain", 415, "not_json_type"),
    (b" " * (16 * 1024 * 1024 + 1), "application/json", 413, "body_too_large"),
])  # fmt: skip
def test_each_mistake_has_its_status_and_code(
    client: FlaskClient, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = client.post("/predict", data=body, content_type=content_type)
    problem = answer.json
    assert problem is not None
    assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status)
    assert answer.mimetype == "application/problem+json"
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem.keys() == {"type", "title", "status", "detail", "code", "request_id"}


def test_a_body_of_sixteen_mebibytes_is_read(client: FlaskClient) -> None:
    body = b'{"text": "good"}'.ljust(16 * 1024 * 1024)
    assert client.post("/predict", data=body, content_type="application/json").status_code == 200


def test_without_a_release_the_caller_is_told_to_come_back(app: Flask, live: LiveModel) -> None:
    live._classifier = None
    answer = app.test_client().post("/predict", json={"text": "x"})
    assert (answer.status_code, answer.json["code"]) == (503, "no_model")  # type: ignore[index]
    assert int(answer.headers["Retry-After"]) >= 1
    assert app.test_client().get("/model").status_code == 503


@pytest.mark.parametrize(
    ("query", "status"), [("", 200), ("?explain=true", 200), ("?explain=0", 200), ("?explain=maybe", 422)]
)
def test_explain_is_true_or_false(client: FlaskClient, query: str, status: int) -> None:
    assert client.post(f"/predict{query}", json={"text": "good"}).status_code == status


def test_an_explanation_tells_what_each_word_added(client: FlaskClient) -> None:
    body = client.post("/predict?explain=true", json={"text": "I love bad news"}).json
    assert body is not None
    assert [word["word"] for word in body["words"]] == ["i", "love", "bad", "news"]
    assert body["words"][1]["weight"] == pytest.approx(2.5, abs=0.001)
    assert body["words"][2]["weight"] == pytest.approx(-1.6, abs=0.001)


def test_each_row_of_a_batch_is_explained_and_bad_rows_are_not(client: FlaskClient) -> None:
    body = client.post("/predict?explain=1", json={"texts": ["good", 3, ""]}).json
    assert body is not None
    good, number, empty = body["predictions"]
    assert good["words"] == [
        {"word": "good", "weight": pytest.approx(1.5, abs=0.001), "exact": 0, "approximate": good["words"][0]["weight"]}
    ]
    assert "words" not in number
    assert empty["words"] == []


def test_explaining_is_bounded(client: FlaskClient) -> None:
    many = client.post("/predict?explain=1", json={"texts": ["good"] * 33})
    assert (many.status_code, many.json["code"]) == (422, "too_many_texts")  # type: ignore[index]
    for words, explained in ((150, 100), (2000, 10)):
        long = client.post("/predict?explain=1", json={"text": "good " * words}).json
        assert long is not None
        assert len(long["words"]) == explained


def test_the_model_is_described(client: FlaskClient) -> None:
    model = client.get("/model").json
    assert model is not None
    assert model["version"] == "v1"
    assert model["languages"] == ["en"]
    assert model["labels"] == ["NEGATIVE", "POSITIVE"]
    assert model["thresholds"] == {"negative_to": 0.4, "positive_from": 0.7}
    assert model["metrics"] == {"accuracy": 0.75}


def test_a_deadline_that_has_passed_is_answered_without_work(client: FlaskClient) -> None:
    answer = client.post("/predict", json={"text": "x"}, headers={"X-Request-Deadline-Ms": "0"})
    assert (answer.status_code, answer.json["code"]) == (408, "deadline_passed")  # type: ignore[index]
    fine = client.post("/predict", json={"text": "x"}, headers={"X-Request-Deadline-Ms": "5000"})
    assert fine.status_code == 200


def test_pages_of_other_origins_are_told_nothing_by_default(client: FlaskClient) -> None:
    answer = client.post("/predict", json={"text": "x"}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control-")]  # noqa: SIM118


def test_pages_of_the_origins_in_the_setting_may_ask_and_others_may_not(
    settings: ServeSettings, live: LiveModel
) -> None:
    chosen = ServeSettings.model_validate(
        settings.model_dump() | {"cors_origins": "https://app.example, http://localhost:3000"}
    )
    client = build_app(chosen, live).test_client()
    for origin, allowed in (
        ("https://app.example", True),
        ("http://localhost:3000", True),
        ("https://app.example.evil", False),
    ):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        before = client.options("/predict", headers=headers)
        answer = client.post("/predict", json={"text": "good"}, headers={"Origin": origin})
        assert answer.json["label"] == "POSITIVE"  # type: ignore[index]
        found = {reply.headers.get("Access-Control-Allow-Origin") for reply in (before, answer)}
        assert found == ({origin} if allowed else {None})


def test_texts_are_logged_only_when_that_was_asked_for(
    settings: ServeSettings, live: LiveModel, capsys: pytest.CaptureFixture[str]
) -> None:
    for asked, sent in ((False, None), (True, ["so good", "half ?"])):
        client = build_app(settings.model_copy(update={"log_texts": asked}), live).test_client()
        with write_logs(capsys) as read_lines:
            client.post("/predict", data=rb'{"texts": ["so good", "half \ud83d"]}', content_type="application/json")
            (line,) = read_lines()
        assert line.get("sent") == sent
        assert (line["texts"], line["model_version"], line["logger"]) == (2, "v1", "sentiment.access")


def test_a_release_that_no_longer_predicts_makes_the_worker_unready(client: FlaskClient, live: LiveModel) -> None:
    class Broken:
        version = "v1"

        def predict(self, _texts: object) -> object:
            raise RuntimeError("out of memory")

    live.swap(Broken())  # type: ignore[arg-type]
    answer = client.get("/ready")
    assert (answer.status_code, answer.json["ready"]) == (503, False)  # type: ignore[index]
    assert "out of memory" in answer.json["reasons"][0]  # type: ignore[index]
