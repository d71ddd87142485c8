"""The two outside worlds in which the same walk must succeed: files with SQLite, and AWS over HTTP."""

import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal

import boto3

from develop.places import app_folder

TRAINING_ROWS, REPLAY_ROWS = 6000, 1500
WRITE = """
import sys
from pathlib import Path
from libs.sample import generate_replay_rows, generate_training_rows, write_csv
write_csv(generate_training_rows(int(sys.argv[1])), Path(sys.argv[2], "training.csv.gz"))
write_csv(generate_replay_rows(int(sys.argv[3])), Path(sys.argv[2], "replay.csv.gz"))
"""
BUCKET, TABLE = "sentiment-test", "twitter_sentiment"


@dataclass
class World:
    """Addresses for the three apps, and a way to look at the table behind stream's back."""

    store_url: str
    dataset_url: str
    replay_url: str
    spool_url: str
    results_url: str
    environment: dict = field(default_factory=dict)
    client_options: dict = field(default_factory=dict)

    def read_table(self):
        """Return every stored row as a dict, duplicates included, read without the product's own code."""
        if self.results_url.startswith("sqlite:"):
            with sqlite3.connect(self.results_url.removeprefix("sqlite:///")) as connection:
                connection.row_factory = sqlite3.Row
                tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                assert TABLE in tables, tables
                return [dict(row) for row in connection.execute(f"SELECT * FROM {TABLE}")]
        client = boto3.resource("dynamodb", **self.client_options)
        rows, start = [], {}
        while True:
            page = client.Table(TABLE).scan(**start)
            rows += page["Items"]
            if "LastEvaluatedKey" not in page:
                return rows
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def write_sample(folder):
    """Write a small sample corpus; the generator needs no package, so any interpreter will do."""
    folder.mkdir()
    words = [sys.executable, "-c", WRITE, str(TRAINING_ROWS), str(folder), str(REPLAY_ROWS)]
    subprocess.run(words, cwd=app_folder("train"), check=True)


def make_files_world(folder):
    write_sample(folder / "sample")
    return World(
        store_url=(folder / "store").as_uri(),
        dataset_url=(folder / "sample" / "training.csv.gz").as_uri(),
        replay_url=(folder / "sample" / "replay.csv.gz").as_uri(),
        spool_url=(folder / "spool").as_uri(),
        results_url=f"sqlite:///{folder / 'results.db'}",
    )


def make_aws_world(folder, url, environment):
    write_sample(folder / "sample")
    options = {
        "endpoint_url": url,
        "region_name": environment["AWS_REGION"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }
    s3 = boto3.client("s3", **options)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": environment["AWS_REGION"]})
    s3.upload_file(str(folder / "sample" / "training.csv.gz"), BUCKET, "prod/datasets/training.csv.gz")
    return World(
        store_url=f"s3://{BUCKET}/prod",
        dataset_url="store:datasets/training.csv.gz",
        replay_url=(folder / "sample" / "replay.csv.gz").as_uri(),
        spool_url=(folder / "spool").as_uri(),
        results_url=f"dynamodb://{TABLE}",
        environment=environment,
        client_options=options,
    )


def is_number(value):
    return isinstance(value, float | int | Decimal) and not isinstance(value, bool)
