"""What the environment asks of the demo becomes one plan, and other data never meet in one folder."""

import pytest

from develop.demo.plan import PlanError, read_plan

REPLAY = "file:///data/posts.csv.gz"


def test_without_any_address_everything_lies_in_the_sample_folder(tmp_path):
    plan = read_plan({}, tmp_path)
    assert plan.folder == tmp_path / "sample"
    assert plan.sample_dataset
    assert plan.sample_replay
    assert plan.dataset_url == plan.training_file.as_uri()
    assert plan.replay_url == plan.replay_file.as_uri()
    assert plan.results_url == f"sqlite:///{tmp_path}/sample/results.db"
    assert plan.store_url == (tmp_path / "sample" / "store").as_uri()
    assert not plan.once


def test_empty_variables_count_as_not_given(tmp_path):
    assert read_plan({"DATASET_URL": "", "SOURCE_URL": "", "ONCE": ""}, tmp_path) == read_plan({}, tmp_path)


@pytest.mark.parametrize("name", ["DATASET_URL", "SOURCE_URL", "STORE_URL", "SPOOL_URL", "RESULTS_URL"])
def test_another_address_means_another_folder(tmp_path, name):
    one = read_plan({name: "file:///data/one.csv"}, tmp_path).folder
    other = read_plan({name: "file:///data/other.csv"}, tmp_path).folder
    assert len({one, other, tmp_path / "sample"}) == 3


def test_the_rate_of_a_replay_is_no_other_data(tmp_path):
    slow = read_plan({"SOURCE_URL": f"{REPLAY}?rate=1"}, tmp_path)
    fast = read_plan({"SOURCE_URL": f"{REPLAY}?rate=500&loop=false"}, tmp_path)
    assert slow.folder == fast.folder
    assert slow.replay_url == fast.replay_url == REPLAY


def test_given_addresses_are_kept_word_for_word(tmp_path):
    given = {
        "DATASET_URL": "s3://bucket/train.csv",
        "SOURCE_URL": f"{REPLAY}?rate=500",
        "STORE_URL": "s3://bucket/store",
        "SPOOL_URL": "sqs://posts",
        "RESULTS_URL": "dynamodb://twitter_sentiment",
    }
    plan = read_plan(given, tmp_path)
    found = (plan.dataset_url, plan.source_url, plan.store_url, plan.spool_url, plan.results_url)
    assert found == tuple(given.values())


@pytest.mark.parametrize("source", ["wss://example.org/subscribe", "x://api.x.com", f"{REPLAY}?rate=5&loop=true"])
def test_a_demo_that_shall_end_refuses_a_source_that_does_not(tmp_path, source):
    with pytest.raises(PlanError, match="source that ends"):
        read_plan({"ONCE": "1", "SOURCE_URL": source}, tmp_path)
    assert read_plan({"SOURCE_URL": source}, tmp_path).source_url == source


@pytest.mark.parametrize(("value", "once"), [("1", True), ("true", True), ("0", False), ("no", False), ("", False)])
def test_once_is_read_as_people_write_it(tmp_path, value, once):
    assert read_plan({"ONCE": value}, tmp_path).once is once


@pytest.mark.parametrize("kind", ["x", "jetstream"])
def test_a_network_that_the_demo_plays_has_a_folder_and_a_loopback_address_of_its_own(tmp_path, kind):
    plan = read_plan({"SOURCE": kind}, tmp_path)
    assert plan.simulated == kind
    assert plan.folder == tmp_path / f"sample-{kind}"
    assert "127.0.0.1" in plan.source_url
    assert plan.replay_url is None
    assert plan.sample_replay, "its posts are the sample's"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SOURCE": "kafka"}, "SOURCE=kafka is no network the demo can play: x or jetstream"),
        ({"SOURCE": "x", "SOURCE_URL": REPLAY}, "both given"),
        ({"SOURCE": "x", "ONCE": "1"}, "source that ends"),
    ],
)
def test_a_network_that_cannot_be_played_is_refused_in_one_sentence(tmp_path, environment, said):
    with pytest.raises(PlanError, match=said):
        read_plan(environment, tmp_path)
