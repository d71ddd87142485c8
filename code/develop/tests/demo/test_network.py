"""The network that a demo plays reaches stream's table in its own wire format, and the pages that tell of it."""

import csv
import gzip
import os
import threading

import pytest
import requests

from develop.demo.children import Children
from develop.demo.network import start_network
from develop.demo.plan import read_plan
from develop.fixtures.app_process import App
from develop.simulators.serve import ServeSimulator
from develop.simulators.x import TOKEN
from develop.simulators.x_rules import find_matches

ROWS = [
    ("4", "1", "Mon Apr 06 22:19:45 UTC 2009", "Aerquill", "ann", "Aerquill is great, thanks @bob!"),
    ("0", "2", "Mon Apr 06 22:19:46 UTC 2009", "Mugwhistle", "bob", "mugwhistle is awful 😡"),
    ("0", "3", "Mon Apr 06 22:19:47 UTC 2009", "Mugwhistle", "cy", "what they call coffee at #Mugwhistle"),
]


class Never:
    """Nobody wants the end."""

    def obey(self):
        pass

    def sleep(self, seconds):
        threading.Event().wait(seconds)


@pytest.fixture
def serve():
    simulator = ServeSimulator()
    yield simulator
    simulator.close()


@pytest.fixture
def children():
    started = Children(Never())
    yield started
    started.end()


def read_newest(app):
    return requests.get(f"{app.url}/api/tweets?limit=50", timeout=10).json()["tweets"]


@pytest.mark.parametrize("kind", ["x", "jetstream"])
def test_posts_of_a_played_network_are_stored_under_the_samples_topics(tmp_path, monkeypatch, serve, children, kind):
    monkeypatch.delenv("TRACK", raising=False)
    plan = read_plan({"SOURCE": kind}, tmp_path)
    plan.replay_file.parent.mkdir(parents=True)
    with gzip.open(plan.replay_file, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(ROWS)
    source = start_network(plan, children)
    environment = {
        **source,
        "PREDICT_URL": serve.url,
        "SPOOL_URL": plan.spool_url,
        "RESULTS_URL": plan.results_url,
        "HOST": "127.0.0.1",
    }
    app = App("stream", environment, tmp_path)
    try:
        # Which of the two posts is said when is the network's dice.
        app.wait_for(
            lambda: {"Aerquill", "Mugwhistle"} <= {name for tweet in read_newest(app) for name in tweet["topics"]}, 60
        )
        tweets = read_newest(app)
        assert {tuple(tweet["topics"]) for tweet in tweets} == {("Aerquill",), ("Mugwhistle",)}
        assert {tweet["twitter_raw"].removesuffix(" (edited)") for tweet in tweets} <= {row[5] for row in ROWS}
        assert {tweet["source"] for tweet in tweets} == {"x" if kind == "x" else "bluesky"}
    finally:
        app.end()
    children.watch()


def test_topics_of_the_environment_win_over_the_samples(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACK", "mine=coffee")
    plan = read_plan({"SOURCE": "x"}, tmp_path)
    plan.replay_file.parent.mkdir(parents=True)
    with gzip.open(plan.replay_file, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(ROWS)

    class Recorder:
        def start(self, name, words, *, folder, environment, log):
            self.words, self.environment = words, environment

    recorder = Recorder()
    found = start_network(plan, recorder)
    assert (found["TRACK"], found["X_BEARER_TOKEN"]) == ("mine=coffee", TOKEN)
    assert found["SOURCE_URL"] == f"x+http://127.0.0.1:{recorder.words[recorder.words.index('--port') + 1]}"
    assert recorder.environment["PATH"] == os.environ["PATH"]


def test_rules_are_matched_as_whole_words_and_phrases_whatever_their_case():
    rules = {"1": {"value": 'acme "new york" -is:retweet lang:en', "tag": "acme"}, "2": {"value": "corp"}}
    assert find_matches(rules, "ACME in New York, no corporation") == [{"id": "1", "tag": "acme"}]
    assert find_matches(rules, "acme corp in york, new") == [{"id": "2"}]
