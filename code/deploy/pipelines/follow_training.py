"""Job ``train:run``: call ``GET /train``, with overrides if there are any, and follow the run to its end.

``python3 -m deploy.pipelines.follow_training`` reads TRAIN_URL (unset: through the cluster), TRAIN_TOKEN, TRAIN_OVERRIDES (a JSON
object) and TRAIN_SECONDS (the longest that a run may take). The finished run is written to run.json.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from deploy.pipelines.calls import Answer, NoAnswerError, call
from deploy.pipelines.cluster import forward
from deploy.pipelines.failure import JobFailedError
from develop.places import USUAL_PORTS

Reach = Callable[[], AbstractContextManager[str]]

_LONGEST_SECONDS: Final = "10800"  # three hours; a full run is measured in tens of minutes
_POLL_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 300.0  # a pod that is moved to another node is back by then
_FINISHED: Final = frozenset({"succeeded", "failed", "cancelled", "interrupted"})


class Training:
    """A training service and how patiently it is asked."""

    def __init__(self, reach: Reach, token: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Speak to the service at the address that ``reach`` yields, anew for every call: a pod may move meanwhile."""
        self._reach = reach
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._sleep = sleep

    def start(self, overrides: dict[str, Any]) -> str:
        """Start a run, or join the one that is running, and return its status address, relative to the service's."""
        method = "POST" if overrides else "GET"
        status, body = self._call(method, "/train", overrides or None)
        if status != 202 or not isinstance(body, dict):
            raise JobFailedError(f"{method} /train was answered with {status}: {body}")
        print(f"run {body['run_id']}", flush=True)
        return str(body["status_url"])

    def follow(self, status_url: str, longest_seconds: float) -> dict[str, Any]:
        """Return the run once it has finished; a line for every change meanwhile.

        Raises ``JobFailedError`` when it takes too long or the service stays silent.
        """
        asked, silent, shown = 0.0, 0.0, ""
        while asked < longest_seconds:
            run = self._look(status_url)
            silent = 0.0 if run else silent + _POLL_SECONDS
            if silent > _PATIENCE_SECONDS:
                raise JobFailedError(f"{status_url} has been silent for {silent:.0f} s")
            if run and (line := _describe(run)) != shown:
                print(line, flush=True)
                shown = line
            if run and run["status"] in _FINISHED:
                return run
            self._sleep(_POLL_SECONDS)
            asked += _POLL_SECONDS
        raise JobFailedError(f"the run has not finished after {longest_seconds:.0f} s; it goes on: {status_url}")

    def _look(self, status_url: str) -> dict[str, Any]:
        """Return the run, or nothing while nobody answers (a dependency that is down is 503)."""
        try:
            status, body = self._call("GET", status_url)
        except (NoAnswerError, JobFailedError) as error:
            print(error, flush=True)
            return {}
        if status >= 500:
            print(f"{status} {body}", flush=True)
            return {}
        if status != 200 or not isinstance(body, dict) or "status" not in body:
            raise JobFailedError(f"{status_url} was answered with {status}: {body}")
        return body

    def _call(self, method: str, path: str, body: object = None) -> Answer:
        with self._reach() as address:
            return call(method, urljoin(address, path), body, self._headers)


def read_overrides(text: str) -> dict[str, Any]:
    """Return the overrides in ``text``, a JSON object or nothing; ``JobFailedError`` otherwise."""
    try:
        overrides = json.loads(text or "{}")
    except ValueError as error:
        raise JobFailedError(f'TRAIN_OVERRIDES is not JSON ({error}), e.g. {{"epochs": 2}}') from None
    if not isinstance(overrides, dict):
        raise JobFailedError('TRAIN_OVERRIDES must be a JSON object, e.g. {"epochs": 2}')
    return overrides


def _choose_reach(address: str) -> Reach:
    return lambda: nullcontext(address) if address else forward("deployment/train", USUAL_PORTS["train"])


def _describe(run: dict[str, Any]) -> str:
    return f"{run['status']:11} {run.get('progress') or 0:4.0%} {run.get('stage') or ''}"


def _report(run: dict[str, Any]) -> None:
    Path("run.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    if run["status"] != "succeeded":
        reason = run.get("error") or run.get("reason") or "no reason given"
        raise JobFailedError(f"the run {run.get('run_id')} {run['status']}: {reason}")
    verdict = "promoted" if run.get("promoted") else f"not promoted ({run.get('reason')})"
    print(f"release {run.get('model_version')}: {verdict}\n{json.dumps(run.get('metrics'), indent=1)}")


def main() -> None:
    """Train and follow; exit code 1 unless the run succeeded."""
    given = os.environ.get("TRAIN_URL", "")
    try:
        overrides = read_overrides(os.environ.get("TRAIN_OVERRIDES", ""))
        training = Training(_choose_reach(given), os.environ.get("TRAIN_TOKEN", ""))
        status_url = training.start(overrides)
        _report(training.follow(status_url, float(os.environ.get("TRAIN_SECONDS") or _LONGEST_SECONDS)))
    except (JobFailedError, NoAnswerError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
