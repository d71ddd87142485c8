"""train's API of releases: which there are, which is live, promotion and rollback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint

from libs.release import list_models, promote_by_hand, show_live_at
from libs.service import contract
from libs.service.settings import TrainSettings
from sentiment.errors import PermanentError, SentimentError
from sentiment.release.promotion import Current, read_current, roll_back
from sentiment.service.http.app import Readiness, require_token
from sentiment.service.http.contract import answer, describe, problem, read_query
from sentiment.store import Store


def make_readiness(store: Store) -> Callable[[], Readiness]:
    """Return the check behind ``/ready``: the store answers."""

    def look() -> Readiness:
        try:
            current = read_current(store)
        except SentimentError as error:
            return Readiness([error.detail], {})
        return Readiness([], {"model_version": current.current.version if current else None})

    return look


def make_release_routes(settings: TrainSettings, store: Store) -> Blueprint:
    """Return the routes under ``/models``."""
    routes = Blueprint("models", __name__)
    _add_list(routes, store)
    _add_changes(routes, settings, store)
    return routes


def _add_list(routes: Blueprint, store: Store) -> None:
    @routes.get("/models")
    @describe(
        "listModels",
        "Releases, newest first; with at=, the one that was live then",
        answer(200, "Releases, or the promotion that was live", contract.Models | contract.LiveModel),
        problem(404, "No release was live then.", "none_live"),
        problem(
            422, "at is no time, or the store holds what cannot be read.", "bad_time", "bad_current", "store_denied"
        ),
        contract.STORE_DOWN,
        query=contract.ModelsQuery,
        tag="models",
    )
    def models() -> dict[str, Any]:
        query = read_query(contract.ModelsQuery)
        return list_models(store) if query.at is None else show_live_at(store, query.at)


_WRONG_CHANGE: Final = problem(
    422,
    "The reason is wrong, or the release cannot be trusted.",
    "bad_reason", "bad_recipe", "bad_manifest", "unknown_format", "bad_current", "store_denied",
)  # fmt: skip


def _add_changes(routes: Blueprint, settings: TrainSettings, store: Store) -> None:
    guarded = require_token(settings.train_token)

    @routes.post("/models/<version>/promote")
    @describe(
        "promoteModel",
        "Make a release live",
        answer(200, "What is live now", Current),
        contract.BAD_JSON,
        contract.UNKNOWN_CALLER,
        problem(404, "There is no such release.", "bad_version"),
        contract.TOO_LARGE,
        contract.NOT_JSON_TYPE,
        _WRONG_CHANGE,
        contract.STORE_DOWN,
        path=contract.ModelPath,
        body=contract.REASON,
        security=contract.GUARDED,
        tag="models",
    )  # fmt: skip
    @guarded
    def promote(version: str) -> dict[str, Any]:
        return promote_by_hand(store, version, _read_reason("promoted by request")).model_dump(mode="json")

    @routes.post("/models/rollback")
    @describe(
        "rollBack",
        "Make the release before the live one live again",
        answer(200, "What is live now", Current),
        contract.BAD_JSON,
        contract.UNKNOWN_CALLER,
        problem(404, "The earlier release is gone from the store.", "key_missing"),
        problem(409, "There is no earlier release, or somebody promoted meanwhile.", "no_previous", "race_lost"),
        contract.TOO_LARGE,
        contract.NOT_JSON_TYPE,
        _WRONG_CHANGE,
        contract.STORE_DOWN,
        body=contract.REASON,
        security=contract.GUARDED,
        tag="models",
    )  # fmt: skip
    @guarded
    def rollback() -> dict[str, Any]:
        return roll_back(store, _read_reason("rolled back by request")).model_dump(mode="json")


def _read_reason(default: str) -> str:
    reason = contract.read_json_object().get("reason", default)
    if not isinstance(reason, str) or not 0 < len(reason) <= contract.LONGEST_REASON:
        raise PermanentError("reason must be a text of 1 to 500 characters", code="bad_reason")
    return reason
