"""The infrastructure: made from its template on an AWS-compatible server; then demo and apps, each in its own role, run on it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from deploy.check_release import cloud
from deploy.check_release.cloud import Cloud
from deploy.check_release.fact import CheckFailedError, Fact
from deploy.check_release.local_apps import (
    ask,
    end,
    find_free_port,
    run_app,
    start,
    start_app,
    wait_until,
    write_sample,
)
from deploy.check_release.parts import Parts
from deploy.check_release.template import list_granted, read_template
from develop.demo.plan import read_plan
from develop.places import CODE, LOCAL, python_of

PARTS: Final = Parts(environments=("train", "serve", "stream"))

_DEMO_POSTS: Final = 3000  # the sample replay
_ROLE_POSTS: Final = 400
_DEMO_SECONDS: Final = 1800.0
_REPLAY_SECONDS: Final = 180.0
# What a role may do although a run in which nothing goes wrong never asks for it.
_FOR_BAD_DAYS: Final = {
    "s3:ListBucket": "a key that is not there: without it S3 answers that it is forbidden",
    "s3:AbortMultipartUpload": "an upload that fails half-way",
    "dynamodb:DeleteItem": "a post that is deleted at its source",
    "sqs:ChangeMessageVisibility": "a batch that takes long, or a stop in its middle",
}


def check_stack(folder: Path) -> Iterator[Fact]:
    """Make the stack, run the demo on it, then each app under its own role; nothing is kept."""
    with ExitStack() as stack:
        calls = folder / "calls.jsonl"
        calls.touch()
        port = find_free_port()
        log = folder / "aws.log"
        environment = {"PYTHONPATH": str(CODE)}
        words = [str(python_of("tools")), "-m", "deploy.check_release.guarded_aws", str(port), str(calls)]
        process = start(words, CODE, environment, stack.enter_context(log.open("wb")))
        stack.callback(end, process)
        aws = cloud.Cloud(f"http://127.0.0.1:{port}")
        wait_until(aws.answers, 60, process, log)
        yield from cloud.check_made(aws)
        yield from _check_demo(aws)
        yield from _check_roles(aws, folder, calls)


def _check_demo(aws: Cloud) -> Iterator[Fact]:
    """Run the demo to its end on the stack's addresses."""
    environment = {**aws.environment("operator"), **aws.addresses, "ONCE": "1"}
    demo_folder = read_plan(environment, LOCAL / "demo").folder
    try:
        answer = run_demo(environment)
    finally:
        shutil.rmtree(demo_folder, ignore_errors=True)
    result = json.loads(answer.splitlines()[-1])
    counts = tuple(result[name] for name in ("replayed", "stored", "dead_letters"))
    yield Fact(
        f"make demo on {', '.join(aws.addresses.values())} ends", counts == (_DEMO_POSTS, _DEMO_POSTS, 0), str(result)
    )
    rows = aws.count_rows()
    yield Fact("the table holds every replayed post once", rows == _DEMO_POSTS, f"{rows} rows")


def run_demo(environment: Mapping[str, str]) -> str:
    """Run the demo and return what it printed; ``CheckFailedError`` unless it exits with 0."""
    words = [sys.executable, "-m", "develop.demo"]
    given = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CODE), **environment}
    answer = subprocess.run(words, env=given, capture_output=True, text=True, timeout=_DEMO_SECONDS, check=False)
    if answer.returncode:
        raise CheckFailedError(f"the demo ended with {answer.returncode}:\n{(answer.stdout + answer.stderr)[-3000:]}")
    return answer.stdout


def _check_roles(aws: Cloud, folder: Path, calls: Path) -> Iterator[Fact]:
    """Run each app with nothing but its role: train a release, serve the current one, stream posts through."""
    roles = {app: aws.environment(aws.role_of(app)) for app in ("train", "serve", "stream")}
    training, replay = write_sample(folder, _ROLE_POSTS)
    aws.upload(training, "datasets/small.csv.gz")
    train = {**roles["train"], "STORE_URL": aws.addresses["STORE_URL"], "DATASET_URL": "store:datasets/small.csv.gz"}
    run_app("train", "check", environment=train)
    run_app("train", "run", environment=train)
    yield Fact("train checks its addresses and publishes a release with its own role", passed=True)
    serve = {**roles["serve"], "STORE_URL": aws.addresses["STORE_URL"], "MODEL_CACHE_DIR": str(folder / "releases")}
    with start_app("serve", environment=serve, folder=folder) as predict_url:
        run_app("serve", "check", environment=serve)
        yield Fact("serve is ready with its own role", passed=True)
        stream = {
            **roles["stream"],
            "SPOOL_URL": aws.addresses["SPOOL_URL"],
            "RESULTS_URL": aws.addresses["RESULTS_URL"],
            "PREDICT_URL": predict_url,
            "SOURCE_URL": f"{replay.as_uri()}?rate=500&loop=false",
        }
        run_app("stream", "check", environment=stream)
        yield from _stream_posts(aws, stream, folder)
    yield from _check_calls(aws, [json.loads(line) for line in calls.read_text().splitlines()])


def _stream_posts(aws: Cloud, environment: Mapping[str, str], folder: Path) -> Iterator[Fact]:
    """Ingest and analyze as two processes, as in the cluster, with the queue between them."""
    with (
        start_app("stream", "analyze", environment=environment, folder=folder) as page,
        start_app("stream", "ingest", environment=environment, folder=folder),
    ):
        wanted = _DEMO_POSTS + _ROLE_POSTS
        found = cloud.poll(aws.count_rows, wanted, _REPLAY_SECONDS)
        yield Fact("ingest and analyze store every post once with stream's own role", found == wanted, f"{found} rows")
        questions = ("api/tweets?limit=5", "api/summary?minutes=60", "api/progress", "api/gaps", "api/dead-letters")
        silent = [question for question in questions if ask(f"{page}/{question}") is None]
        yield Fact("the page's questions are answered", not silent, ", ".join(silent))


def _check_calls(aws: Cloud, calls: list[dict[str, Any]]) -> Iterator[Fact]:
    """Compare what the apps asked for with what their roles grant."""
    refused = [f"{call['key']}: {call['action']} on {call['resources']}" for call in calls if not call["allowed"]]
    yield Fact(
        f"no role is refused anything that its app needs ({len(calls)} calls)", not refused, "; ".join(refused[:5])
    )
    template = read_template(cloud.TEMPLATE)
    for app in ("train", "serve", "stream"):
        role = aws.role_of(app)
        used = {call["action"] for call in calls if call["key"] == role}
        idle = list_granted(template, f"{app.title()}Role") - used - set(_FOR_BAD_DAYS)
        yield Fact(
            f"{app} is granted only what it uses", not idle and bool(used), ", ".join(sorted(idle) or sorted(used))
        )
    yield from aws.try_what_is_forbidden()
