"""Stores, settings and small corpora."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from develop.fixtures.aws_server import aws_environment, start_aws_server
from libs.service.settings import TrainSettings
from sentiment.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store((tmp_path / "store").as_uri())


@pytest.fixture
def settings(store: Store) -> TrainSettings:
    return TrainSettings(store_url=store.url, dataset_url="sample")


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    with start_aws_server() as url:
        yield url


@pytest.fixture
def bucket(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket's name; boto3's default chain leads to the local server."""
    from uuid import uuid4

    import boto3

    for name, value in aws_environment(aws_url).items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return name


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real data sets, which are never part of the repository; tests that need them are skipped loudly without."""
    folder = Path(os.environ.get("SENTIMENT_DATA_DIR", Path(__file__).resolve().parents[4] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data sets: SENTIMENT_DATA_DIR={folder} is no folder")
    return folder
