"""The catalogue: which releases the store has, and which was live when."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any, Final

from sentiment.errors import KeyMissingError, PermanentError, ReleaseError
from sentiment.release.promotion import Current, find_live_at, promote_release, read_current, read_history
from sentiment.release.publishing import list_versions, read_manifest
from sentiment.store import Store

MOST_MODELS: Final = 100


def list_models(store: Store, limit: int = MOST_MODELS) -> dict[str, Any]:
    """Return the current release and the newest ``limit`` releases, newest first, each with whether it was promoted and why."""
    current = read_current(store)
    live = current.current.version if current else None
    decisions = {line.version: line for line in read_history(store)}
    versions = sorted(list_versions(store), reverse=True)
    models = []
    for version in islice(versions, limit):
        line = decisions.get(version)
        decision = {"promoted": line.promoted, "reason": line.reason} if line else {"promoted": False, "reason": None}
        models.append({**_summarize(store, version), "current": version == live, **decision})
    return {"current": live, "models": models}


def show_live_at(store: Store, moment: datetime) -> dict[str, Any]:
    """Return which release was live at ``moment``; ``PermanentError("none_live")`` before the first promotion."""
    line = find_live_at(store, moment)
    if line is None:
        raise PermanentError(f"no release was live at {moment.isoformat()}", code="none_live")
    return {"at": moment.isoformat(), **line.model_dump(mode="json")}


def promote_by_hand(store: Store, version: str, reason: str) -> Current:
    """Make a published release live, whatever the gate decided; ``PermanentError("bad_version")`` when there is none."""
    try:
        return promote_release(store, version, reason)
    except KeyMissingError:
        raise PermanentError(f"there is no release '{version}'", code="bad_version") from None


def describe_history(store: Store, version: str) -> tuple[str, list[str]]:
    """Return whether a release is live, and when it was promoted or kept back and why, oldest first."""
    current = read_current(store)
    live = current is not None and current.current.version == version
    lines = [line for line in read_history(store) if line.version == version]
    history = [
        f"{line.promoted_at:%Y-%m-%d %H:%M} UTC, {'promoted' if line.promoted else 'kept back by the gate'}: {line.reason}"
        for line in lines
    ]
    was = "Live until another was promoted" if any(line.promoted for line in lines) else "Published, never live"
    return "Live now" if live else was, history


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
