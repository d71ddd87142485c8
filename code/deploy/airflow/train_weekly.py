"""Airflow as the scheduler: GET /train once a week, and the run followed to its end.

Copy this file into Airflow's folder of DAGs. It needs no provider and no connection: TRAIN_URL and TRAIN_TOKEN in the environment
of Airflow's workers (TRAIN_URL's default is the Service in the cluster). A run that is under way already is followed instead of
started twice, since that is how train answers; a repeat after a lost answer is safe for the same reason.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import PokeReturnValue, dag, task
from airflow.sdk.exceptions import AirflowFailException


def call_train(path: str) -> dict[str, Any]:
    """Return what train answers; ``OSError`` when it does not, which Airflow tries again."""
    url = os.environ.get("TRAIN_URL", "http://train.sentiment.svc:8081") + path
    if not url.startswith(("http://", "https://")):
        raise AirflowFailException("TRAIN_URL must be an http or https address")
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {os.environ['TRAIN_TOKEN']}"})  # noqa: S310 - looked at
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same  # nosec B310
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403, 404):  # no repeat mends a wrong token or a forgotten run
            raise AirflowFailException(f"{path} was answered with {error.code}") from None
        raise
    return found


@dag(
    schedule="17 3 * * 1",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=5),
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["sentiment"],
    doc_md=__doc__,
)
def train_weekly() -> None:
    """Start a run, wait for its end, and say what became of it."""

    @task
    def start() -> str:
        """Return the path under which the run's status is found."""
        return str(call_train("/train")["status_url"])

    @task.sensor(poke_interval=60, timeout=4 * 3600, mode="reschedule")
    def follow(status_url: str) -> PokeReturnValue:
        """Hold no worker while the run goes on; end with the finished run."""
        run = call_train(status_url)
        return PokeReturnValue(is_done=run["status"] not in ("queued", "running"), xcom_value=run)

    @task(retries=0)
    def judge(run: dict[str, Any]) -> str:
        """Fail with train's own words unless the run succeeded."""
        if run["status"] != "succeeded":
            raise AirflowFailException(
                f"run {run['run_id']} {run['status']}: {run['error'] or run['reason'] or 'no reason given'}"
            )
        return f"{run['model_version']} is {'live' if run['promoted'] else 'published, not promoted'}: {run['reason']}"

    judge(follow(start()))


train_weekly()
