"""The releases in the store, and which was live when."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sentiment.errors import PermanentError, ReleaseError
from sentiment.promotion import find_live_at, read_current, read_history
from sentiment.publishing import list_versions, read_manifest

if TYPE_CHECKING:
    from sentiment.store import Store

MOST_MODELS: Final = 100


def list_models(store: Store, limit: int = MOST_MODELS) -> dict[str, Any]:
    """Return the current release and the newest ``limit`` releases, newest first, with what became of each."""
    current = read_current(store)
    live = current.current.version if current else None
    said = {line.version: line for line in read_history(store)}
    versions = sorted(list_versions(store), reverse=True)
    models = []
    for version in islice(versions, limit):
        line = said.get(version)
        verdict = {"promoted": line.promoted, "reason": line.reason} if line else {"promoted": False, "reason": None}
        models.append({**_summarize(store, version), "current": version == live, **verdict})
    return {"current": live, "models": models}


def show_live_at(store: Store, moment: datetime) -> dict[str, Any]:
    """Return which release was live at ``moment``; ``PermanentError("none_live")`` before the first promotion."""
    line = find_live_at(store, moment)
    if line is None:
        raise PermanentError(f"no release was live at {moment.isoformat()}", code="none_live")
    return {"at": moment.isoformat(), **line.model_dump(mode="json")}


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 time with its zone; ``PermanentError("bad_time")`` otherwise."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a bare + in a query string arrives as a space
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PermanentError(
            f"'{text[:40]}' is no ISO 8601 time with a time zone, e.g. 2026-11-21T06:30:00Z", code="bad_time"
        )
    return moment


def _summarize(store: Store, version: str) -> dict[str, Any]:
    try:
        manifest = read_manifest(store, version)
    except ReleaseError as error:
        return {"version": version, "error": error.detail}
    return {
        "version": version,
        "created_at": manifest.created_at.isoformat(),
        "labels": manifest.labels,
        "languages": manifest.languages,
        "metrics": manifest.metrics,
        "datasets": [entry.model_dump() for entry in manifest.datasets],
        "warnings": manifest.warnings,
        "files": sorted(manifest.files),
    }
