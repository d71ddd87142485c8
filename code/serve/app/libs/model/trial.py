"""Step verify: a new release is loaded in a process of its own first, since one may crash, hang or take all memory.

The workers share the outcome of a trial: the first to come runs it, the others read its file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from libs.model.fetching import lock_cache
from libs.model.loading import LoadRelease, make_timeout
from libs.service.settings import ServeSettings
from sentiment.errors import PermanentError, ReleaseError, SentimentError, TransientError
from sentiment.service.threads import start_thread
from sentiment.store import open_store

TRIAL_COMMAND: Final = "try-release"
"""Of ``main.py``, in the process that a trial runs in."""
OUTCOME_SECONDS: Final = 60.0
"""How long an outcome holds: then a refused release is tried again, since a store can be mended."""

_APP = Path(__file__).parents[2]
_FOLDER: Final = ".trials"


class TrialOutcome(NamedTuple):
    """What a trial found: an empty code means that the release may be loaded."""

    code: str
    detail: str
    transient: bool = False


def try_release(settings: ServeSettings, version: str, etag: str) -> None:
    """Return when the release loads and gives its golden predictions in a fresh process, else raise why not.

    ``etag`` is that of the ``current.json`` which names the release: promoting it anew means trying it anew. Raises
    ``ReleaseError`` (``load_timeout`` and ``load_crashed`` beside those of ``main.load_release``) or ``TransientError``.
    """
    folder = settings.release_cache / _FOLDER
    path = folder / f"{sha256(f'{version} {etag}'.encode()).hexdigest()[:32]}.json"
    with lock_cache(folder / "lock"):
        outcome = _read_outcome(path)
        if outcome is None:
            outcome = _start_trial(settings, version)
            if not outcome.transient:
                _drop_old_outcomes(folder)
                path.write_text(json.dumps(outcome))
    if outcome.code:
        raise (TransientError if outcome.transient else ReleaseError)(outcome.detail, code=outcome.code)


def carry_out_trial(load: LoadRelease) -> None:
    """Load the release that stdin names, write the outcome to stdout, and end this process: ``TRIAL_COMMAND``."""
    order = json.loads(sys.stdin.readline())
    start_thread("end-with-worker", _end_with_worker)
    sys.stdout.write(json.dumps(_load(load, **order)))
    sys.stdout.flush()
    os._exit(0)  # the thread above sits in a read that a normal end would wait for


def _read_outcome(path: Path) -> TrialOutcome | None:
    try:
        if time.time() - path.stat().st_mtime < OUTCOME_SECONDS:
            return TrialOutcome(*json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        pass
    return None


def _drop_old_outcomes(folder: Path) -> None:
    for path in folder.glob("*.json"):
        if time.time() - path.stat().st_mtime >= OUTCOME_SECONDS:
            path.unlink(missing_ok=True)


def _start_trial(settings: ServeSettings, version: str) -> TrialOutcome:
    order = json.dumps({"url": settings.store_url, "version": version, "cache": str(settings.release_cache)})
    command = [sys.executable, "main.py", TRIAL_COMMAND]
    with subprocess.Popen(
        command, cwd=_APP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as trial:
        assert trial.stdin is not None and trial.stdout is not None  # noqa: S101, PT018 - for mypy; nosec B101
        try:
            trial.stdin.write(order + "\n")
            trial.stdin.flush()  # left open: when the worker dies it closes, and the trial ends too
            trial.wait(settings.model_load_seconds)
            return TrialOutcome(*json.loads(trial.stdout.read()))
        except subprocess.TimeoutExpired:
            trial.kill()
            timeout = make_timeout(version, settings.model_load_seconds)
            return TrialOutcome(timeout.code, timeout.detail)
        except (ValueError, TypeError, OSError):
            return TrialOutcome("load_crashed", f"release {version} ended its trial with exit code {trial.wait()}")


def _load(load: LoadRelease, url: str, version: str, cache: str) -> TrialOutcome:
    try:
        load(open_store(url), version, Path(cache))
    except PermanentError as error:
        return TrialOutcome(error.code, error.detail)
    except SentimentError as error:
        return TrialOutcome(error.code, error.detail, transient=True)
    return TrialOutcome("", "")


def _end_with_worker() -> None:
    sys.stdin.read()
    os._exit(1)
