"""DynamoDB's particulars: how the tables are made, and what a throttled table does to a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any, NamedTuple
from uuid import uuid4

import boto3
import pytest
from makers import NEW, OLD, batch_of, make_result

from develop.simulators.throttle import ThrottlingProxy
from libs.results import ResultsQuery, open_results
from libs.results.dynamodb.items import bucket_of, make_item
from libs.values.result import ResultBatch
from sentiment.errors import TransientError


class Said(NamedTuple):
    """One version of a post as a batch brings it, its revision for a text."""

    revision: str
    model: str
    edited: bool

    @property
    def batch(self) -> ResultBatch:
        row = make_result("1", source="bluesky", topics=("acme",), twitter_raw=self.revision, model_version=self.model)
        edited = frozenset({"1"}) if self.edited else frozenset()
        return batch_of(row, revisions={"1": self.revision}, edited=edited)


@pytest.fixture
def proxy(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThrottlingProxy]:
    made = ThrottlingProxy(aws, Random(7))
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
    yield made
    made.close()


def test_absent_tables_are_created_on_demand_with_an_index_by_topic_label_hour_and_shard(aws: str) -> None:
    name = f"made_{uuid4().hex}"
    results = open_results(f"dynamodb://{name}", retention_days=30)
    results.check()
    results.check()
    client = boto3.client("dynamodb")
    table = client.describe_table(TableName=name)["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    (index,) = table["GlobalSecondaryIndexes"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["bucket", "data"]
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "expires_at"
    results.store(batch_of(make_result("1", sentiment="NEGATIVE", score=0.1)))
    item = client.get_item(TableName=name, Key={"id": {"S": "1"}})["Item"]
    assert item["score"] == {"N": "0.1"}
    assert item["bucket"]["S"].startswith("*#NEGATIVE#2026-03-01T12#")
    assert "expires_at" in item


def test_an_hour_of_a_topic_spreads_over_labels_and_shards() -> None:
    keys = {
        bucket_of("acme", label, "2026-03-01T12", str(post)) for label in ("NEGATIVE", "POSITIVE") for post in range(50)
    }
    assert len(keys) == 4


@pytest.mark.parametrize("many_writers", [False, True])
def test_items_handed_back_inside_a_200_are_sent_again(proxy: ThrottlingProxy, *, many_writers: bool) -> None:
    results = open_results(f"dynamodb://throttled_{uuid4().hex}", many_writers=many_writers)
    results.prepare()
    many = [make_result(str(number), topics=("acme",)) for number in range(120)]
    proxy.share = 0.4
    stored = 0
    while not (stored and proxy.fired["unprocessed"]):  # few batches, each spared by chance: again until one is not
        with suppress(TransientError):  # throttled to the end of its patience: the analysis repeats the batch
            results.store(batch_of(*many))
            stored += 1
    proxy.share = 0.0
    assert len(results.read_by_id([result.id for result in many])) == 120
    assert len(results.read(ResultsQuery(topic="acme", limit=500))) == 120


def test_a_batch_of_many_conditional_writes_gets_through_a_table_that_throttles_half_the_calls(
    proxy: ThrottlingProxy,
) -> None:
    results = open_results(f"dynamodb://halved_{uuid4().hex}", many_writers=True)
    results.prepare()
    many = [make_result(str(number)) for number in range(60)]
    proxy.share = 0.5
    results.store(
        batch_of(*many)
    )  # as one attempt: were each of sixty writes to fail it, no number of attempts would do
    proxy.share = 0.0
    assert proxy.fired["throttled"] > 0
    assert len(results.read_by_id([result.id for result in many])) == 60


@pytest.mark.parametrize("step", range(1, 6))
@pytest.mark.parametrize(
    ("slow", "fast"),
    [
        (Said("3a", OLD, edited=False), Said("3b", OLD, edited=True)),
        (Said("3a", NEW, edited=False), Said("3b", OLD, edited=True)),
        (Said("3b", OLD, edited=True), Said("3c", OLD, edited=True)),
        (Said("3b", NEW, edited=True), Said("3c", OLD, edited=True)),
        (Said("3c", OLD, edited=True), Said("3b", NEW, edited=True)),
        (Said("3b", OLD, edited=True), Said("3a", NEW, edited=False)),
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_whichever_worker_is_overtaken_the_last_version_stays(
    aws: str, monkeypatch: pytest.MonkeyPatch, step: int, slow: Said, fast: Said, *, there: bool
) -> None:
    """The oracle found it: a worker took back the other's later version for its own. ``step``: the look-up overtaken."""
    name = f"dynamodb://overtaken_{uuid4().hex}"
    workers = [open_results(name, many_writers=True) for _ in range(2)]
    workers[0].prepare()
    if there:
        workers[0].store(Said("39", OLD, edited=False).batch)
    overtaken = []

    def get(table: str, keys: list[dict[str, str]], real: Any = workers[0]._tables.get) -> Any:  # type: ignore[attr-defined]
        overtaken.append(table)
        found = real(table, keys)
        if len(overtaken) == step:
            workers[1].store(fast.batch)
        return found

    monkeypatch.setattr(workers[0]._tables, "get", get)  # type: ignore[attr-defined]
    while True:  # an edit that meets another's write is stored by a second try
        with suppress(TransientError):
            workers[0].store(slow.batch)
            break
    if len(overtaken) < step:
        workers[1].store(fast.batch)  # this batch looks up less often: one after the other
    (row,) = workers[0].read_by_id(["1"]).values()
    assert row.twitter_raw == max(slow, fast).revision
    assert [found.twitter_raw for found in workers[1].read(ResultsQuery(topic="acme"))] == [row.twitter_raw]


def test_an_edit_that_loses_against_a_row_taken_back_at_once_is_stored_all_the_same(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker stores the post, which the edit runs into, then finds that there is an edit, and takes its row back."""
    results = open_results(f"dynamodb://taken_back_{uuid4().hex}", many_writers=True)
    results.prepare()
    older, edit = Said("3a", OLD, edited=False), Said("3b", OLD, edited=True)
    tables, tries = results._tables, []  # type: ignore[attr-defined]

    def put_if(table: str, item: dict[str, Any], *condition: Any, real: Any = tables.put_if) -> Any:
        if table != tables.results or tries:
            return real(table, item, *condition)
        tries.append(item["revision"])
        tables.write(table, [make_item(older.batch.results[0], older.revision, 0)])
        won = real(table, item, *condition)
        tables.write(table, deletes=[{"id": "1"}])
        return won

    monkeypatch.setattr(tables, "put_if", put_if)
    with pytest.raises(TransientError) as caught:
        results.store(edit.batch)
    assert caught.value.code == "results_race"
    results.store(edit.batch)
    assert results.read_by_id(["1"])["1"].twitter_raw == "3b"


def test_an_expired_result_is_not_shown_although_dynamodb_has_not_deleted_it_yet(aws: str) -> None:
    name = f"expired_{uuid4().hex}"
    results = open_results(f"dynamodb://{name}", retention_days=30)
    results.prepare()
    results.store(batch_of(make_result("1"), make_result("2")))
    boto3.client("dynamodb").update_item(
        TableName=name,
        Key={"id": {"S": "1"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1000"}},
    )
    assert set(results.read_by_id(["1", "2"])) == {"2"}
    assert [result.id for result in results.read(ResultsQuery())] == ["2"]


def test_an_older_model_never_wins_by_a_conditional_write(aws: str) -> None:
    results = open_results(f"dynamodb://newer_{uuid4().hex}")
    results.prepare()
    results.store(batch_of(make_result("1", model_version=NEW)))
    results.store(batch_of(make_result("1", score=0.1, sentiment="NEGATIVE")))
    assert results.read_by_id(["1"])["1"].model_version == NEW
