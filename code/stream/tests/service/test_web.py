"""The API: what it answers, what it refuses, and that its description is complete and true."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from makers import make_result, make_tweet
from processes import local_environment, write_tweets

from develop.contracts.document import make_document
from develop.contracts.snapshot import STALE, is_current
from develop.simulators.serve import ServeSimulator
from libs.service.application import create_stream_app
from libs.service.contract import CONTRACT
from libs.service.pipeline import Pipeline
from libs.service.settings import read_stream_settings
from libs.values.result import ResultBatch
from libs.values.tweet import DeadLetter, Gap, Tweet, bury_tweet
from main import connect

WEB = Path(__file__).parents[2] / "app" / "web"
SPEC: dict[str, Any] = json.loads((WEB / "openapi.json").read_text(encoding="utf-8"))
_PAGE = ("/_dash", "/_favicon", "/_reload", "/assets/", "/<path:path>", "/docs")


@pytest.fixture
def pipeline(tmp_path: Path, serve: ServeSimulator, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A pipeline at rest: its parts are there, its loops do not run."""
    for name, value in local_environment(
        tmp_path, serve.url, write_tweets(tmp_path / "t.csv", 3), STREAM_TOKEN="sesame"
    ).items():
        monkeypatch.setenv(name, value)
    made = connect(read_stream_settings("all"))
    made.results.prepare()
    made.results.store(
        ResultBatch(
            results=[
                make_result("1", topics=("acme",), data="2026-03-01T12:00:00.000Z", twitter_raw='=cmd|" /C calc"!A0'),
                make_result(
                    "2", topics=("acme", "delta"), data="2026-03-01T12:30:00.000Z", sentiment="NEGATIVE", score=0.1
                ),
                make_result(
                    "3",
                    data="2026-03-01T13:00:00.000Z",
                    sentiment="NEUTRAL",
                    score=0.5,
                    twitter_raw="<script>alert(1)</script>",
                ),
            ],
            gaps=[Gap("g", "x", "2026-03-01T12:00:00.000Z", "", "stalled", recovered=False)],
        )
    )
    return made


@pytest.fixture
def app(pipeline: Pipeline) -> Flask:
    return create_stream_app(read_stream_settings("all"), pipeline, WEB)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def resolve(schema: Any) -> Any:
    return {**schema, "components": SPEC["components"]}


def get(client: FlaskClient, path: str) -> Any:
    """Get a path and hold the answer against its description."""
    answer = client.get(path)
    operation = SPEC["paths"][path.partition("?")[0]]["get"]
    described = operation["responses"][str(answer.status_code)]
    schema = described["content"][answer.mimetype]["schema"]
    Draft202012Validator(resolve(schema)).validate(answer.get_json())
    assert answer.headers["X-Request-ID"]
    return answer.get_json()


def test_tweets_come_newest_first_and_page_by_page(client: FlaskClient) -> None:
    first = get(client, "/api/tweets?limit=2")
    assert [tweet["id"] for tweet in first["tweets"]] == ["3", "2"]
    second = client.get("/api/tweets", query_string={"limit": 2, "before": first["next_before"]}).get_json()
    assert [tweet["id"] for tweet in second["tweets"]] == ["1"]
    assert second["next_before"] is None


def test_tweets_are_chosen_by_topic_and_label(client: FlaskClient) -> None:
    assert [tweet["id"] for tweet in get(client, "/api/tweets?topic=acme")["tweets"]] == ["2", "1"]
    assert [tweet["id"] for tweet in get(client, "/api/tweets?topic=acme&sentiment=negative")["tweets"]] == ["2"]
    assert [tweet["id"] for tweet in get(client, "/api/tweets?before=2026-03-01T12:30:00Z")["tweets"]] == ["1"]


def test_the_summary_counts_shares_topics_and_change(client: FlaskClient) -> None:
    summary = get(client, "/api/summary?minutes=45&bucket_seconds=900")
    assert summary["posts"] == 2, "the period ends with the newest post, since all are older than a day"
    assert summary["labels"]["NEGATIVE"] == {"count": 1, "share": 0.5}
    assert summary["previous"]["posts"] == 1
    assert summary["change"]["posts"] == 1.0
    assert summary["change"]["labels"] == {"NEGATIVE": 0.5, "NEUTRAL": 0.5, "POSITIVE": -1.0}
    assert [bucket["start"] for bucket in summary["buckets"]] == [
        "2026-03-01T12:30:00.000Z",
        "2026-03-01T13:00:00.000Z",
    ]
    topics = {topic["topic"]: topic["posts"] for topic in get(client, "/api/summary?minutes=600")["topics"]}
    assert topics == {"acme": 2, "delta": 1}
    change = get(client, "/api/summary?minutes=600")["topics"][0]["change"]
    assert change == {
        "posts": None,
        "mean_score": None,
        "labels": {"NEGATIVE": None, "NEUTRAL": None, "POSITIVE": None},
    }


def test_an_empty_store_has_an_empty_summary(client: FlaskClient) -> None:
    assert get(client, "/api/summary?topic=nobody")["mean_score"] is None


@pytest.mark.parametrize(
    "query",
    ["tweets?limit=0", "tweets?limit=501", "tweets?limit=x", "tweets?limit=%C2%B2", "tweets?sentiment=GOOD", "tweets?before=soon",
     "tweets?before=2026-03-01%23", "summary?minutes=0", "summary?minutes=99999999999999", "summary?minutes=525600&bucket_seconds=1",
     "summary?bucket_seconds=-1", "gaps?limit=a", "dead-letters?limit=0", "tweets.csv?minutes=x"],
)  # fmt: skip
def test_a_parameter_that_makes_no_sense_is_refused_and_named(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad_parameter")
    assert answer.mimetype == "application/problem+json"


def test_gaps_and_progress_are_shown(client: FlaskClient) -> None:
    assert get(client, "/api/gaps")["gaps"][0]["ended_at"] is None
    progress = get(client, "/api/progress")
    assert (progress["stored"], progress["finished"], progress["read"]) == (3, False, 0)
    assert get(client, "/health")["app"] == "stream"
    assert get(client, "/ready")["ready"] is True


def test_the_export_quotes_what_a_spreadsheet_would_run(client: FlaskClient) -> None:
    answer = client.get("/api/tweets.csv?minutes=6000")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert [row["id"] for row in rows] == ["3", "2", "1"]
    assert rows[2]["twitter_raw"].startswith("'=cmd")
    assert rows[1]["topics"] == "acme; delta"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_the_export_holds_every_post_once_however_many(client: FlaskClient, pipeline: Pipeline) -> None:
    many = [make_result(f"many{number}", topics=("many",), data="2026-03-01T12:30:00.000Z") for number in range(1203)]
    pipeline.results.store(ResultBatch(results=many))
    rows = list(csv.DictReader(io.StringIO(client.get("/api/tweets.csv?topic=many").get_data(as_text=True))))
    assert sorted(row["id"] for row in rows) == sorted(result.id for result in many)


def test_a_dead_letter_goes_through_once_more_with_the_token_only(client: FlaskClient, pipeline: Pipeline) -> None:
    letter = bury_tweet(make_tweet("9"), "predict_failed", "why", "2026-03-01T12:00:00.000Z")
    pipeline.results.store(ResultBatch(dead_letters=[letter]))
    path = f"/api/dead-letters/{letter.id}/retry"
    assert client.post(path).status_code == 401
    answer = client.post(path, headers={"Authorization": "Bearer sesame"})
    assert (answer.status_code, answer.get_json()) == (202, {"id": letter.id, "status": "queued"})
    (parcel,) = pipeline.spool.take(10, 0)
    assert [entry.dead_letter for entry in parcel.entries if isinstance(entry, Tweet)] == [letter.id]
    assert get(client, "/api/dead-letters")["dead_letters"][0]["id"] == letter.id


def test_a_dead_row_is_read_anew_and_refused_while_it_cannot(client: FlaskClient, pipeline: Pipeline) -> None:
    good = b'"0","77","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann","mended"\n'
    for name, original in (("good", good), ("bad", b"\xff\xfe")):
        letter = DeadLetter(name, "replay", "line 3", "bad_row", "why", original, "2026-03-01T12:00:00.000Z")
        pipeline.results.store(ResultBatch(dead_letters=[letter]))
    headers = {"Authorization": "Bearer sesame"}
    assert client.post("/api/dead-letters/good/retry", headers=headers).status_code == 202
    refused = client.post("/api/dead-letters/bad/retry", headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "bad_row")
    missing = client.post("/api/dead-letters/none/retry", headers=headers)
    assert (missing.status_code, missing.get_json()["code"]) == (404, "no_dead_letter")
    (parcel,) = pipeline.spool.take(10, 0)
    assert [entry.id for entry in parcel.entries if isinstance(entry, Tweet)] == ["77"]


def test_unknown_paths_are_problems_not_the_page(client: FlaskClient) -> None:
    answer = client.get("/api/nothing")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script_of_others(client: FlaskClient) -> None:
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'; script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.get_data(as_text=True))


def test_the_description_is_what_the_routes_say(app: Flask) -> None:
    assert is_current(make_document(app, CONTRACT), WEB / "openapi.json"), STALE


def test_every_route_is_described_and_nothing_else(app: Flask) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith(_PAGE) and rule.endpoint != "static"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(path, method.upper()) for path, methods in SPEC["paths"].items() for method in methods}
