"""A new release is tried in a process of its own first: one that crashes, hangs or eats memory harms no request.

The workers share one trial: the first to come runs it, the others read its verdict.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from libs.model.locks import lock_file
from libs.service.settings import ServeSettings
from sentiment.errors import PermanentError, ReleaseError, SentimentError, TransientError

VERDICT_SECONDS: Final = 60.0
"""How long a verdict holds: then a release that was refused is tried again, since a store can be mended."""

_APP = Path(__file__).parents[2]
_FOLDER: Final = ".trials"


class Verdict(NamedTuple):
    """What a trial found: empty code = the release may be loaded."""

    code: str
    detail: str
    transient: bool = False


def try_release(settings: ServeSettings, version: str, occasion: str) -> None:
    """Return when the release loads and reproduces its goldens in a fresh process, else raise what stood in the way.

    ``occasion`` names what asked for it (the etag of ``current.json``): promoting anew means trying anew. Raises
    ``ReleaseError`` (``load_timeout`` and ``load_crashed`` beside those of ``load_release``) or ``TransientError``.
    """
    folder = settings.release_cache / _FOLDER
    path = folder / f"{sha256(f'{version} {occasion}'.encode()).hexdigest()[:32]}.json"
    with lock_file(folder / "lock"):
        verdict = _read_verdict(path)
        if verdict is None:
            verdict = _run_trial(settings, version)
            if not verdict.transient:
                _drop_old_verdicts(folder)
                path.write_text(json.dumps(verdict))
    if verdict.code:
        raise (TransientError if verdict.transient else ReleaseError)(verdict.detail, code=verdict.code)


def _read_verdict(path: Path) -> Verdict | None:
    try:
        if time.time() - path.stat().st_mtime < VERDICT_SECONDS:
            return Verdict(*json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        pass
    return None


def _drop_old_verdicts(folder: Path) -> None:
    for path in folder.glob("*.json"):
        if time.time() - path.stat().st_mtime >= VERDICT_SECONDS:
            path.unlink(missing_ok=True)


def _run_trial(settings: ServeSettings, version: str) -> Verdict:
    order = json.dumps({"url": settings.store_url, "version": version, "cache": str(settings.release_cache)})
    command = [sys.executable, "-m", "libs.model.trial"]
    with subprocess.Popen(
        command, cwd=_APP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as trial:
        assert trial.stdin is not None and trial.stdout is not None  # noqa: S101, PT018 - for mypy; nosec B101
        try:
            trial.stdin.write(order + "\n")
            trial.stdin.flush()  # left open: its end tells the trial that the worker has died
            trial.wait(settings.model_load_seconds)
            return Verdict(*json.loads(trial.stdout.read()))
        except subprocess.TimeoutExpired:
            trial.kill()
            detail = f"release {version} was not ready after {settings.model_load_seconds:g} s"
            return Verdict("load_timeout", detail)
        except (ValueError, TypeError, OSError):
            return Verdict("load_crashed", f"release {version} ended its trial with exit code {trial.wait()}")


def _judge(url: str, version: str, cache: str) -> Verdict:
    from libs.model.loading import load_release
    from sentiment.store import open_store

    try:
        load_release(open_store(url), version, Path(cache))
    except PermanentError as error:
        return Verdict(error.code, error.detail)
    except SentimentError as error:
        return Verdict(error.code, error.detail, transient=True)
    return Verdict("", "")


def _end_with_worker() -> None:
    sys.stdin.read()
    os._exit(1)


def _main() -> None:
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_worker, daemon=True).start()
    sys.stdout.write(json.dumps(_judge(**order)))
    sys.stdout.flush()
    os._exit(0)  # the thread above sits in a read that a normal end would wait for


if __name__ == "__main__":
    _main()
