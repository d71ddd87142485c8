"""Stores of both kinds, each empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from hypothesis import settings

from develop.fixtures.aws_server import aws_environment, start_aws_server
from sentiment.store import Store, open_store

settings.register_profile("any machine", deadline=None)  # a busy one takes longer than hypothesis expects
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    with start_aws_server() as url:
        yield url


@pytest.fixture
def open_directory_store(tmp_path: Path) -> Callable[[], Store]:
    return lambda: open_store((tmp_path / "store").as_uri())


@pytest.fixture
def open_s3_store(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Store]:
    for name, value in aws_environment(aws_url).items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return lambda: open_store(f"s3://{bucket}/some/prefix")


@pytest.fixture(params=["directory", "s3"])
def open_again(request: pytest.FixtureRequest) -> Callable[[], Store]:
    """Open the same store once more, as another process would."""
    opened: Callable[[], Store] = request.getfixturevalue(f"open_{request.param}_store")
    return opened


@pytest.fixture
def store(open_again: Callable[[], Store]) -> Store:
    return open_again()


@pytest.fixture
def directory_store(open_directory_store: Callable[[], Store]) -> Store:
    return open_directory_store()
