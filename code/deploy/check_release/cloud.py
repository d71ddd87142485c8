"""The stack on an AWS-compatible server: make it, and look at what was made as its operator."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from deploy.check_release.fact import CheckFailedError, Fact
from develop.places import CODE, app_folder, python_of

TEMPLATE: Final = CODE / "deploy" / "infrastructure" / "sentiment.yaml"
REGION: Final = "eu-west-1"
# Types of the template that this server's CloudFormation passes over; cfn-lint and the suite's own tests read them.
NOT_MADE: Final = {"AWS::S3::BucketPolicy", "AWS::Logs::MetricFilter", "AWS::CloudWatch::Alarm"}
_URLS: Final = {"STORE_URL": "StoreUrl", "RESULTS_URL": "ResultsUrl", "SPOOL_URL": "SpoolUrl"}
_MAKE: Final = """
import sys
from libs.results import open_results
from libs.spool.queue import QueueSpool
results = open_results(f"dynamodb://{sys.argv[1]}")
results.prepare()
QueueSpool(sys.argv[2], 1000, results).check()
"""


class Cloud:
    """A server at ``url`` and the stack on it; ``addresses`` are the apps' variables, from the stack's outputs."""

    def __init__(self, url: str) -> None:
        """Keep the address; nothing is made yet."""
        self.url = url
        self.addresses: dict[str, str] = {}
        self._outputs: dict[str, str] = {}

    def environment(self, key: str) -> dict[str, str]:
        """Return the variables that point boto3's default chain here, signed with ``key``."""
        return {
            "AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def client(self, kind: str, key: str = "operator") -> Any:
        """Return a boto3 client that signs with ``key``."""
        return boto3.client(
            kind, endpoint_url=self.url, region_name=REGION, aws_access_key_id=key, aws_secret_access_key="none",  # noqa: S106 - made up  # nosec B106
            config=Config(retries={"total_max_attempts": 2}),
        )  # fmt: skip

    def answers(self) -> bool:
        """Tell whether the server is up."""
        try:
            return requests.get(f"{self.url}/moto-api/", timeout=1).ok
        except requests.RequestException:
            return False

    def make_stack(self) -> tuple[str, set[str]]:
        """Make the stack; return its status and the names of the resources that came to be."""
        client = self.client("cloudformation")
        client.create_stack(
            StackName="sentiment", TemplateBody=TEMPLATE.read_text(encoding="utf-8"), Capabilities=["CAPABILITY_IAM"]
        )
        stack = client.describe_stacks(StackName="sentiment")["Stacks"][0]
        self._outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
        self.addresses = {name: self._outputs[output] for name, output in _URLS.items()}
        resources = client.describe_stack_resources(StackName="sentiment")["StackResources"]
        return stack["StackStatus"], {row["LogicalResourceId"] for row in resources if "LogicalResourceId" in row}

    @property
    def bucket(self) -> str:
        """The stack's bucket."""
        return self.addresses["STORE_URL"].removeprefix("s3://").partition("/")[0]

    @property
    def table(self) -> str:
        """The stack's table of results."""
        return self.addresses["RESULTS_URL"].removeprefix("dynamodb://")

    @property
    def queue(self) -> str:
        """The stack's queue."""
        return self.addresses["SPOOL_URL"].removeprefix("sqs://")

    def role_of(self, app: str) -> str:
        """Return the name of an app's role, which the server takes as its key."""
        return self._outputs[f"{app.title()}RoleArn"].rpartition("/")[2]

    def count_rows(self) -> int:
        """Count the results without the product's own code."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.table, Select="COUNT")
        return sum(page["Count"] for page in pages)

    def upload(self, path: Path, key: str) -> None:
        """Put a file into the store."""
        prefix = self.addresses["STORE_URL"].rpartition("/")[2]
        self.client("s3").upload_file(str(path), self.bucket, f"{prefix}/{key}")

    def try_what_is_forbidden(self) -> Iterator[Fact]:
        """Ask with each role's key for something that is another's."""
        train, serve, stream = (self.role_of(app) for app in ("train", "serve", "stream"))
        current = {"Bucket": self.bucket, "Key": "prod/models/current.json"}
        elsewhere = {"Bucket": self.bucket, "Key": "other/x"}
        attempts: dict[str, Callable[[], Any]] = {
            "serve cannot write into the store": lambda: self.client("s3", serve).put_object(**current, Body=b"x"),
            "serve cannot read data sets": lambda: self.client("s3", serve).get_object(
                Bucket=self.bucket, Key="prod/datasets/small.csv.gz"
            ),
            "train cannot delete a release": lambda: self.client("s3", train).delete_object(**current),
            "train cannot write beside its folder": lambda: self.client("s3", train).put_object(**elsewhere, Body=b"x"),
            "train cannot read results": lambda: self.client("dynamodb", train).scan(TableName=self.table),
            "stream cannot read the store": lambda: self.client("s3", stream).get_object(**current),
            "stream cannot drop its table": lambda: self.client("dynamodb", stream).delete_table(TableName=self.table),
            "stream cannot make a queue": lambda: self.client("sqs", stream).create_queue(QueueName="another"),
        }
        yield from (Fact(name, _is_refused(attempt)) for name, attempt in attempts.items())


def check_made(aws: Cloud) -> Iterator[Fact]:
    """Make the stack and compare what came to be with the template and with what stream's own code would make."""
    status, made = aws.make_stack()
    yield Fact(
        "the stack is made over HTTP", status == "CREATE_COMPLETE", f"{len(made)} resources: {', '.join(sorted(made))}"
    )
    encryption = aws.client("s3").get_bucket_encryption(Bucket=aws.bucket)["ServerSideEncryptionConfiguration"]
    yield Fact("the bucket is encrypted", bool(encryption["Rules"]), str(encryption["Rules"]))
    words = [str(python_of("stream")), "-c", _MAKE, "own_results", "own-posts"]
    answer = subprocess.run(
        words, cwd=app_folder("stream"), env=aws.environment("operator"), capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise CheckFailedError(f"stream cannot make its own tables and queues:\n{answer.stderr[-2000:]}")
    for part in ("", "_topics", "_ledger"):
        stacks, own = (describe_table(aws, f"{name}{part}") for name in (aws.table, "own_results"))
        yield Fact(f"{aws.table}{part} is the table that stream makes", stacks == own, json.dumps(stacks))
    for part in ("", "-dead"):
        stacks, own = (describe_queue(aws, f"{name}{part}") for name in (aws.queue, "own-posts"))
        yield Fact(f"{aws.queue}{part} is the queue that stream makes", stacks == own, json.dumps(stacks))


def describe_table(aws: Cloud, name: str) -> dict[str, Any]:
    """Return what makes a table the one that stream expects."""
    table = aws.client("dynamodb").describe_table(TableName=name)["Table"]
    indexes = [
        {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
        for index in table.get("GlobalSecondaryIndexes", ())
    ]
    attributes = sorted((row["AttributeName"], row["AttributeType"]) for row in table["AttributeDefinitions"])
    billing = table["BillingModeSummary"]["BillingMode"]
    return {"keys": table["KeySchema"], "attributes": attributes, "indexes": indexes, "billing": billing}


def describe_queue(aws: Cloud, name: str) -> dict[str, Any]:
    """Return what makes a queue the one that stream expects; its dead-letter queue as its name's ending."""
    client = aws.client("sqs")
    found = client.get_queue_attributes(
        QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["All"]
    )
    redrive = json.loads(found["Attributes"].get("RedrivePolicy", "{}"))
    return {
        "visibility": found["Attributes"]["VisibilityTimeout"],
        "retention": found["Attributes"]["MessageRetentionPeriod"],
        "tries": str(redrive.get("maxReceiveCount", "")),
        "dead": redrive.get("deadLetterTargetArn", "").rpartition("-")[2],
    }


def poll(count: Callable[[], int], wanted: int, seconds: float) -> int:
    """Return the count once it is ``wanted``, or what it is when the time is over."""
    deadline = time.monotonic() + seconds
    while (found := count()) != wanted and time.monotonic() < deadline:
        time.sleep(1.0)
    return found


def _is_refused(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except ClientError as error:
        return str(error.response["Error"]["Code"]) in ("AccessDenied", "AccessDeniedException")
    except CheckFailedError:
        return False
    return False
