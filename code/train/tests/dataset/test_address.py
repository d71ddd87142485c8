"""DATASET_URL taken apart."""

from __future__ import annotations

import pytest

from libs.dataset import parse_address, parse_datasets
from sentiment.errors import ConfigurationError


@pytest.mark.parametrize(
    ("address", "scheme", "name"),
    [
        ("sample", "sample", "sample"),
        ("sentiment140", "sentiment140", "sentiment140"),
        ("store:datasets/a/x.csv", "store", "x.csv"),
        ("file:///srv/my%20tweets.csv.gz", "file", "my tweets.csv.gz"),
        ("s3://bucket/some/x.parquet", "s3", "x.parquet"),
        ("https://example.org/x.jsonl?sig=secret", "https", "x.jsonl"),
    ],
)
def test_every_kind_of_address_is_known_and_named_without_secrets(address: str, scheme: str, name: str) -> None:
    source = parse_address(address)
    assert (source.scheme, source.name) == (scheme, name)


def test_a_sql_address_is_named_without_its_password_and_query() -> None:
    source = parse_address("postgresql+psycopg://me:hunter2@db.example.org/posts?query=SELECT+text,label+FROM+t")
    assert source.scheme == "sql"
    assert source.name == "postgresql+psycopg://db.example.org/posts"


@pytest.mark.parametrize(
    "address",
    [
        "", "samples", "ftp://example.org/x.csv", "http://example.org/x.csv", "file://host/x.csv", "file:///", "s3://bucket",
        "https://example.org", "store:models/current.json", "store:datasets/../models/x", "store:/etc/passwd",
        "postgresql://h/db", "file:///x.csv#colour=red", "file:///x.csv#encoding=klingon", "/srv/x.csv",
    ],
)  # fmt: skip
def test_what_names_no_data_set_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_address(address)


def test_two_data_sets_are_learnt_from_one_after_the_other_in_either_order_of_writing() -> None:
    for value in ("distant=sentiment140 labelled=file:///x.tsv", "labelled=file:///x.tsv distant=sentiment140"):
        datasets = parse_datasets(value)
        assert datasets.distant is not None
        assert (datasets.distant.scheme, datasets.labelled.location) == ("sentiment140", "/x.tsv")
        assert datasets.name == "sentiment140, then x.tsv"


@pytest.mark.parametrize(
    "value", ["sample sample", "distant=sample", "labelled=sample", "distant=sample distant=sample", ""]
)
def test_half_a_pair_of_data_sets_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="distant=<url> labelled=<url>"):
        parse_datasets(value)


def test_an_address_may_contain_an_equals_sign_in_its_query() -> None:
    assert parse_datasets("https://example.org/x.csv?a=b").labelled.location == "https://example.org/x.csv?a=b"


def test_the_official_sentiment140_is_read_in_its_own_encoding() -> None:
    assert parse_address("sentiment140").options.encoding == "latin-1"
