"""A pipeline at rest, with a few posts stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from makers import make_result
from posts import EVIL
from processes import local_environment, write_tweets

from develop.simulators.serve import ServeSimulator
from libs.service.pipeline import Pipeline
from libs.service.settings import read_stream_settings
from libs.values.result import ResultBatch
from libs.values.tweet import Gap
from main import connect


@pytest.fixture
def pipeline(tmp_path: Path, serve: ServeSimulator, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    for name, value in local_environment(tmp_path, serve.url, write_tweets(tmp_path / "t.csv", 3)).items():
        monkeypatch.setenv(name, value)
    made = connect(read_stream_settings("all"))
    made.results.prepare()
    made.results.store(
        ResultBatch(
            results=[
                make_result("1", topics=("acme",), twitter_raw="I love acme"),
                make_result("2", topics=("delta",), sentiment="NEGATIVE", score=0.02, twitter_raw="delta lost my bags"),
                make_result("3", topics=("acme",), twitter_raw=EVIL, user=EVIL, lang="pt"),
            ],
            gaps=[Gap("g", "x", "2026-03-01T11:00:00.000Z", "", "stalled", recovered=False)],
        )
    )
    return made
