"""Scheduling: Airflow reads the DAG, and its test run makes a real train app train, or fails as it must."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.check_release.fact import CheckFailedError, Fact
from deploy.check_release.local_apps import ask, start_app, write_sample
from deploy.check_release.parts import Parts
from develop.places import CODE, ENVIRONMENTS, python_of

PARTS: Final = Parts(environments=("train", "airflow"))
_DAGS: Final = CODE / "deploy" / "airflow"
_TOKEN: Final = "made-up"  # noqa: S105 - of a server that lives for minutes on loopback  # nosec B105
_LIST: Final = """
from airflow.dag_processing.dagbag import DagBag
import sys
found = DagBag(sys.argv[1])
print(dict(found.import_errors), {name: sorted(dag.task_ids) for name, dag in found.dags.items()})
"""


def check_scheduling(folder: Path) -> Iterator[Fact]:
    """Parse the DAG, run it against train, and once more with a wrong token."""
    airflow = _prepare(folder)
    words = [str(python_of("airflow")), "-c", _LIST, str(_DAGS)]
    found = _run(words, airflow, seconds=300).stdout.strip().splitlines()[-1]
    wanted = "{} {'train_weekly': ['follow', 'judge', 'start']}"
    yield Fact("Airflow reads the DAG without an error", found == wanted, found)
    training, _ = write_sample(folder, 10)
    settings = {"STORE_URL": (folder / "store").as_uri(), "DATASET_URL": training.as_uri(), "TRAIN_TOKEN": _TOKEN}
    with start_app("train", environment=settings, folder=folder) as url:
        ended = _test_dag(airflow | {"TRAIN_URL": url, "TRAIN_TOKEN": _TOKEN})
        states = [run["status"] for run in ask(f"{url}/runs")["runs"]]
        trained = ended.returncode == 0 and states == ["succeeded"]
        yield Fact("a DAG run trains a release", trained, "" if trained else f"{states}\n{_tail(ended)}")
        ended = _test_dag(airflow | {"TRAIN_URL": url, "TRAIN_TOKEN": "wrong"})
        refused = "was answered with 401" in ended.stdout + ended.stderr
        failed = ended.returncode != 0 and refused and len(ask(f"{url}/runs")["runs"]) == 1
        yield Fact("a wrong token fails the DAG run and trains nothing", failed, "" if failed else _tail(ended))


def _prepare(folder: Path) -> dict[str, str]:
    """Make Airflow's database; return its environment."""
    environment = {
        "PATH": f"{ENVIRONMENTS / 'airflow' / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(_DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    _require(_run(["airflow", "db", "migrate"], environment, seconds=300), "airflow db migrate")
    return environment


def _test_dag(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return _run(["airflow", "dags", "test", "train_weekly"], environment, seconds=900)


def _run(words: list[str], environment: dict[str, str], *, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=seconds, check=False)


def _require(ended: subprocess.CompletedProcess[str], what: str) -> None:
    if ended.returncode:
        raise CheckFailedError(f"{what} ended with {ended.returncode}:\n{_tail(ended)}")


def _tail(ended: subprocess.CompletedProcess[str]) -> str:
    return (ended.stdout + ended.stderr)[-1500:]
