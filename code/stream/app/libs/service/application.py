"""The HTTP side of stream: its API and its page, on the app that all three share."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response

from libs.dashboard import as_json, make_page, mount_page, page_policy, summarize
from libs.results import as_record
from libs.results.export import export_csv
from libs.results.periods import choose_period
from libs.service import contract
from libs.service.pipeline import Pipeline
from libs.service.queries import ExportQuery, ListQuery, PeriodQuery, SummaryQuery, TweetsQuery
from libs.service.settings import StreamSettings
from libs.values.tweet import DeadLetter
from sentiment.errors import PermanentError
from sentiment.service.http.app import create_web_app, require_token
from sentiment.service.http.contract import Answer, View, answer, describe, problem, read_query, text

_STATUSES: Final = {"no_dead_letter": 404}
_CSV: Final = text(
    200,
    "CSV with a header, at most 100,000 rows; cells that begin with = + - @ are quoted with an apostrophe.",
    "text/csv",
)
_BAD_PARAMETER: Final = problem(422, "A parameter makes no sense.", "bad_parameter")
_RESULTS_DOWN: Final = problem(
    503, "The results store cannot be reached; `Retry-After` says when to try again.", "results_down"
)


def create_stream_app(settings: StreamSettings, pipeline: Pipeline, folder: Path) -> Flask:
    """Return the app with the API's routes and the page; ``folder`` holds ``openapi.json`` and ``assets/``."""
    page = make_page(folder)
    app = create_web_app(
        "stream",
        settings,
        folder=folder,
        readiness=pipeline.readiness,
        ready_model=contract.StreamReady,
        statuses=_STATUSES,
        page_policy=page_policy(page),
    )
    app.extensions["pipeline"] = pipeline
    _register_reads(app, pipeline)
    _register_progress(app, pipeline)
    _register_dead_letters(app, settings, pipeline)
    mount_page(page, app, pipeline.results, pipeline.read_status)
    return app


def _describe_read(
    name: str, summary: str, found: Answer, *, tag: str = "results", **more: Any
) -> Callable[[View], View]:
    return describe(name, summary, found, _BAD_PARAMETER, _RESULTS_DOWN, tag=tag, **more)


def _register_reads(app: Flask, pipeline: Pipeline) -> None:
    results = pipeline.results

    @app.get("/api/tweets")
    @_describe_read(
        "read_tweets",
        "Stored posts, newest first",
        answer(200, "A page of posts.", contract.Tweets),
        query=TweetsQuery,
    )
    def read_tweets() -> dict[str, Any]:
        query = read_query(TweetsQuery).results_query
        found = results.read(query)
        full = len(found) == query.limit
        return {
            "tweets": [as_record(result) for result in found],
            "next_before": f"{found[-1].data}#{found[-1].id}" if full else None,
        }

    @app.get("/api/tweets.csv")
    @_describe_read("export_tweets", "The same as CSV", _CSV, query=ExportQuery)
    def export_tweets() -> Response:
        period = choose_period(results, read_query(PeriodQuery).minutes)
        query = read_query(TweetsQuery).results_query._replace(since=period.since, before=period.before)
        headers = {"Content-Disposition": "attachment; filename=tweets.csv"}
        return Response(export_csv(results, query), mimetype="text/csv", headers=headers)

    @app.get("/api/summary")
    @_describe_read(
        "read_summary",
        "Counts, shares and their change",
        answer(200, "The numbers of the period and of the one before.", contract.Summary),
        query=SummaryQuery,
    )
    def read_summary() -> dict[str, Any]:
        query = read_query(SummaryQuery)
        return as_json(summarize(results, query.topic, query.minutes, query.bucket_length_seconds))

    @app.get("/api/gaps")
    @_describe_read(
        "read_gaps",
        "Times in which posts may have been missed",
        answer(200, "Newest first.", contract.Gaps),
        query=ListQuery,
    )
    def read_gaps() -> dict[str, Any]:
        gaps = results.read_gaps(read_query(ListQuery).limit)
        return {"gaps": [{**gap._asdict(), "ended_at": gap.ended_at or None} for gap in gaps]}


def _register_progress(app: Flask, pipeline: Pipeline) -> None:
    @app.get("/api/progress")
    @describe(
        "read_progress",
        "How far the source is read and the spool worked off",
        answer(200, "Counts are durable; null where this role cannot know.", contract.Progress),
        problem(503, "Results or spool cannot be reached.", "results_down", "spool_down"),
        tag="results",
    )
    def read_progress() -> dict[str, Any]:
        return pipeline.progress()


def _register_dead_letters(app: Flask, settings: StreamSettings, pipeline: Pipeline) -> None:
    @app.get("/api/dead-letters")
    @_describe_read(
        "read_dead_letters",
        "What could not be read, scored or stored",
        answer(200, "Newest first.", contract.DeadLetters),
        query=ListQuery,
        tag="dead letters",
    )
    def read_dead_letters() -> dict[str, Any]:
        letters = pipeline.results.read_dead_letters(read_query(ListQuery).limit)
        return {"dead_letters": [_show(letter) for letter in letters]}

    @app.post("/api/dead-letters/<id>/retry")
    @describe(
        "retry_dead_letter",
        "Send a dead letter through once more",
        answer(202, "It lies in the spool.", contract.Queued),
        problem(401, "STREAM_TOKEN is set and not sent.", "unauthorized"),
        problem(404, "There is none with this id.", "no_dead_letter"),
        problem(422, "Its bytes still cannot be read; `code` says why, as the dead letter's `reason` does."),
        problem(
            503,
            "Results or spool cannot be reached, or the spool is full.",
            "results_down", "spool_down", "spool_full",
        ),
        description="It stays a dead letter until its post is stored.",
        path=contract.DeadLetterPath,
        security=("", "bearer"),
        tag="dead letters",
    )  # fmt: skip
    @require_token(settings.stream_token)
    def retry(id: str) -> tuple[dict[str, Any], int]:  # noqa: A002 - the name callers see in the description
        found = pipeline.results.read_dead_letter(id)
        if found is None:
            raise PermanentError(f"there is no dead letter '{id[:40]}'", code="no_dead_letter")
        pipeline.retry(found)
        return contract.Queued(id=found.id, status="queued").model_dump(), 202


def _show(letter: DeadLetter) -> dict[str, Any]:
    return {
        **letter._asdict(),
        "original": letter.original.decode("utf-8", "replace"),
        "original_base64": base64.b64encode(letter.original).decode(),
    }
