"""One of each database for all tests of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import start_mariadb, start_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with start_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    with start_mariadb() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def users_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'users.db'}"
    url: str = request.getfixturevalue(request.param)
    return url
