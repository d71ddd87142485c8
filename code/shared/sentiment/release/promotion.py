"""Promotion and rollback: the current release, swapped by compare-and-set, and the history of what was live when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from sentiment.errors import KeyMissingError, PermanentError, RaceLostError, ReleaseError
from sentiment.release.publishing import read_manifest
from sentiment.store import Store

CURRENT = "models/current.json"
HISTORY = "models/promotions/"


class Current(BaseModel):
    """The content of ``current.json``: the live version, the one before it, since when and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    previous: str | None
    promoted_at: datetime
    reason: str


class Promotion(Current):
    """One line of the history; ``promoted`` is false when the gate kept the version from becoming current."""

    promoted: bool = True
    warnings: tuple[str, ...] = ()


class TaggedCurrent(NamedTuple):
    """Current with the etag a swap must compare with."""

    current: Current
    etag: str


class _Expected(Enum):
    ANYTHING = "anything"


ANYTHING: Final = _Expected.ANYTHING


def read_current(store: Store) -> TaggedCurrent | None:
    """Return what is live, or None before the first promotion; ``ReleaseError("bad_current")`` when unreadable."""
    try:
        stored = store.read(CURRENT)
        return TaggedCurrent(Current.model_validate_json(stored.data), stored.etag)
    except KeyMissingError:
        return None
    except ValidationError as error:
        raise ReleaseError(f"{CURRENT} cannot be read: {error.errors()[0]['msg']}", code="bad_current") from None


def promote_release(
    store: Store,
    version: str,
    reason: str,
    *,
    expected: TaggedCurrent | Literal[_Expected.ANYTHING] | None = ANYTHING,
    warnings: tuple[str, ...] = (),
) -> Current:
    """Make ``version`` current and append it to the history.

    With ``expected`` (what the caller's decision was based on; None: that nothing was live) the swap is tried once and
    raises ``RaceLostError`` when somebody promoted in between. Else the wish is unconditional, repeated until it holds.
    Raises ``KeyMissingError``/``ReleaseError`` when there is no such valid release: current never names a ghost.
    """
    read_manifest(store, version)
    while True:
        before = read_current(store) if expected is ANYTHING else expected
        if before is not None and before.current.version == version:
            return before.current
        try:
            return _swap(store, before, version, reason, warnings)
        except RaceLostError:
            if expected is not ANYTHING:
                raise


def roll_back(store: Store, reason: str) -> Current:
    """Make the version before the current one live again; ``PermanentError("no_previous")`` when there is none.

    Two rollbacks in a row end where they began: the one rolled back from has become the previous one.
    """
    before = read_current(store)
    if before is None or before.current.previous is None:
        raise PermanentError("there is no earlier release to roll back to", code="no_previous")
    return promote_release(store, before.current.previous, reason, expected=before)


def record_refusal(store: Store, version: str, reason: str, warnings: tuple[str, ...] = ()) -> None:
    """Append to the history that ``version`` was published but not promoted."""
    before = read_current(store)
    previous = before.current.version if before else None
    _append(
        store,
        Promotion(
            version=version,
            previous=previous,
            promoted_at=datetime.now(UTC),
            reason=reason,
            promoted=False,
            warnings=warnings,
        ),
    )


def read_history(store: Store) -> list[Promotion]:
    """Return every promotion and refusal, oldest first, the current one included even after a crash in mid-promotion."""
    lines = [Promotion.model_validate_json(store.read(key).data) for key in store.list_keys(HISTORY)]
    current = read_current(store)
    if current and not any(line.promoted and line.promoted_at == current.current.promoted_at for line in lines):
        lines.append(Promotion(**current.current.model_dump()))
    return sorted(lines, key=lambda line: line.promoted_at)


def find_live_at(store: Store, moment: datetime) -> Promotion | None:
    """Return the promotion that was live at ``moment`` (time zone required), or None before the first."""
    live = [line for line in read_history(store) if line.promoted and line.promoted_at <= moment]
    return live[-1] if live else None


def _swap(store: Store, before: TaggedCurrent | None, version: str, reason: str, warnings: tuple[str, ...]) -> Current:
    now = datetime.now(UTC)
    if before is not None:
        # A crash between the swap and the history line leaves the line to be written by the next swap.
        _append(store, Promotion(**before.current.model_dump()))
        now = max(now, before.current.promoted_at + timedelta(microseconds=1))
    previous = before.current.version if before else None
    current = Current(version=version, previous=previous, promoted_at=now, reason=reason)
    data = current.model_dump_json(indent=1).encode()
    if before is None:
        store.create(CURRENT, data)
    else:
        store.replace(CURRENT, data, before.etag)
    _append(store, Promotion(**current.model_dump(), warnings=warnings))
    return current


def _append(store: Store, line: Promotion) -> None:
    stamp = line.promoted_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    try:
        store.create(f"{HISTORY}{stamp}-{line.version}.json", line.model_dump_json(indent=1).encode())
    except RaceLostError:
        return  # the line is there already: the same moment and version
