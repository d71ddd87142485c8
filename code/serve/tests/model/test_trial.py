"""A release is tried in a process of its own, once for all workers, and the trial ends with its worker."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from processes import APP, run_main
from releases import publish_spoiled

from develop.fixtures.ports import find_free_port
from develop.fixtures.tiny_release import publish_tiny_release
from libs.model.trial import TRIAL_COMMAND, try_release
from libs.service.settings import ServeSettings
from sentiment.errors import ReleaseError, TransientError
from sentiment.store import Store

OUTCOMES = ".trials/*.json"
AWAY = {
    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{find_free_port()}",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_REGION": "eu-west-1",
}


def test_a_good_release_passes_and_is_not_tried_a_second_time(store: Store, settings: ServeSettings) -> None:
    publish_tiny_release(store, "v1")
    try_release(settings, "v1", "etag")
    (outcome,) = settings.release_cache.glob(OUTCOMES)
    assert json.loads(outcome.read_text()) == ["", "", False]
    outcome.write_text(json.dumps(["made_up", "by another worker", False]))
    with pytest.raises(ReleaseError, match="by another worker"):
        try_release(settings, "v1", "etag")
    try_release(settings, "v1", "another etag")


def test_a_store_that_is_away_is_no_outcome_to_remember(
    settings: ServeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in AWAY.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TransientError) as away:
        try_release(settings.model_copy(update={"store_url": "s3://bucket/prefix"}), "v1", "etag")
    assert away.value.code == "store_down"
    assert not list(settings.model_cache_dir.rglob(OUTCOMES))


def test_a_bad_release_is_refused_with_its_code(store: Store, settings: ServeSettings) -> None:
    code = publish_spoiled(store, "bad", "goldens it does not reproduce")
    with pytest.raises(ReleaseError) as refused:
        try_release(settings, "bad", "etag")
    assert refused.value.code == code


def test_a_trial_whose_worker_dies_ends(store: Store, settings: ServeSettings) -> None:
    publish_spoiled(store, "endless", "a network that never ends")
    order = {"url": store.url, "version": "endless", "cache": str(settings.release_cache)}
    words = [sys.executable, "main.py", TRIAL_COMMAND]
    with subprocess.Popen(words, cwd=APP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as trial:
        assert trial.stdin is not None
        trial.stdin.write(json.dumps(order) + "\n")
        trial.stdin.flush()
        time.sleep(0.5)
        assert trial.poll() is None
        trial.stdin.close()
        assert trial.wait(20) == 1


def test_the_command_of_trials_is_not_shown_to_people() -> None:
    assert TRIAL_COMMAND not in run_main("--help").stdout
