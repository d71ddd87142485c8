"""The outside world of stream's tests: stores of every kind that runs here, and a serve that fails on order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from databases import start_mariadb, start_postgresql

from develop.fixtures.aws_server import aws_environment, start_aws_server
from develop.fixtures.dynalite import start_dynalite
from develop.simulators.serve import ServeSimulator
from libs.results import Results, open_results
from sentiment.service.clock import WallClock


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    with start_aws_server() as url:
        yield url


@pytest.fixture
def aws(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in aws_environment(aws_url).items():
        monkeypatch.setenv(name, value)
    return aws_url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with start_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    with start_mariadb() as url:
        yield url


@pytest.fixture(scope="session")
def dynalite_url() -> Iterator[str]:
    with start_dynalite() as url:
        yield url


@pytest.fixture(params=["sqlite", "dynamodb", "dynalite", "postgresql", "mariadb"])
def results_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    match request.param:
        case "sqlite":
            return f"sqlite:///{tmp_path}/results.db"
        case "dynamodb":
            request.getfixturevalue("aws")
            return f"dynamodb://results_{uuid4().hex}"
        case "dynalite":
            for name, value in aws_environment(request.getfixturevalue("dynalite_url")).items():
                monkeypatch.setenv(name, value)
            return f"dynamodb://results_{uuid4().hex}"
        case _:
            return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def results(results_url: str) -> Iterator[Results]:
    store = open_results(results_url)
    store.prepare()
    yield store
    store.close()


@pytest.fixture
def serve() -> Iterator[ServeSimulator]:
    simulator = ServeSimulator()
    yield simulator
    simulator.close()


@pytest.fixture
def clock() -> Iterator[WallClock]:
    wall = WallClock(threading.Event())
    yield wall
    wall.stop.set()
