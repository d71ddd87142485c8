"""The HTTP side of stream: DESIGN's routes on the app that all three share."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request

from libs.dashboard.page import make_page, mount_page, page_policy
from libs.dashboard.questions import read_bucket_seconds, read_minutes, read_number, read_question
from libs.dashboard.summary import summarize
from libs.results import as_record
from libs.results.export import export_csv
from libs.service.pipeline import Pipeline
from libs.service.settings import StreamSettings
from libs.values.periods import choose_period
from libs.values.tweet import DeadLetter
from sentiment.errors import PermanentError
from sentiment.service.http.app import create_web_app, require_token

_STATUSES: Final = {"no_dead_letter": 404}


def create_stream_app(settings: StreamSettings, pipeline: Pipeline, folder: Path) -> Flask:
    """Return the app with the API's routes and the page; ``folder`` holds ``openapi.json`` and ``assets/``."""
    page = make_page(folder)
    app = create_web_app(
        "stream",
        settings,
        folder=folder,
        readiness=pipeline.readiness,
        statuses=_STATUSES,
        page_policy=page_policy(page),
    )
    app.extensions["pipeline"] = pipeline
    _register_reads(app, pipeline)
    _register_dead_letters(app, settings, pipeline)
    mount_page(page, app, pipeline)
    return app


def _register_reads(app: Flask, pipeline: Pipeline) -> None:
    results = pipeline.results

    @app.get("/api/tweets")
    def read_tweets() -> dict[str, Any]:
        question = read_question(request.args)
        found = results.read(question)
        full = len(found) == question.limit
        return {
            "tweets": [as_record(result) for result in found],
            "next_before": f"{found[-1].data}#{found[-1].id}" if full else None,
        }

    @app.get("/api/tweets.csv")
    def export_tweets() -> Response:
        period = choose_period(results, read_minutes(request.args))
        question = read_question(request.args)._replace(since=period.since, before=period.before)
        headers = {"Content-Disposition": "attachment; filename=tweets.csv"}
        return Response(export_csv(results, question), mimetype="text/csv", headers=headers)

    @app.get("/api/summary")
    def read_summary() -> dict[str, Any]:
        minutes = read_minutes(request.args)
        return summarize(results, request.args.get("topic", ""), minutes, read_bucket_seconds(request.args, minutes))

    @app.get("/api/gaps")
    def read_gaps() -> dict[str, Any]:
        gaps = results.read_gaps(read_number(request.args, "limit", 100, 1, 1000))
        return {"gaps": [{**gap._asdict(), "ended_at": gap.ended_at or None} for gap in gaps]}

    @app.get("/api/progress")
    def read_progress() -> dict[str, Any]:
        return pipeline.progress()


def _register_dead_letters(app: Flask, settings: StreamSettings, pipeline: Pipeline) -> None:
    @app.get("/api/dead-letters")
    def read_dead_letters() -> dict[str, Any]:
        letters = pipeline.results.read_dead_letters(read_number(request.args, "limit", 100, 1, 1000))
        return {"dead_letters": [_show(letter) for letter in letters]}

    @app.post("/api/dead-letters/<letter>/retry")
    @require_token(settings.stream_token)
    def retry(letter: str) -> tuple[dict[str, Any], int]:
        found = pipeline.results.read_dead_letter(letter)
        if found is None:
            raise PermanentError(f"there is no dead letter '{letter[:40]}'", code="no_dead_letter")
        pipeline.retry(found)
        return {"id": found.id, "status": "queued"}, 202


def _show(letter: DeadLetter) -> dict[str, Any]:
    return {
        **letter._asdict(),
        "original": letter.original.decode("utf-8", "replace"),
        "original_base64": base64.b64encode(letter.original).decode(),
    }
