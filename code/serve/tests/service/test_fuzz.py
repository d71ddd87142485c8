"""A fuzzer that reads our own description finds nothing that is not as described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from processes import start_serve
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from test_openapi import SPEC

from develop.fixtures.tiny_release import publish_tiny_release
from sentiment.release.promotion import promote_release
from sentiment.store import open_store

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection, unsupported_method,
]  # fmt: skip
CREDENTIALS = {"username": "fuzzer", "password": "a long enough password"}
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An open serve and one with accounts."""
    folder = tmp_path_factory.mktemp("fuzzed")
    store = open_store((folder / "store").as_uri())
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "test")
    (folder / "open").mkdir()
    (folder / "guarded").mkdir()
    accounts = {
        "USERS_URL": f"sqlite:///{folder / 'users.db'}", "SECRET_KEY": "k" * 32, "LOGIN_TRIES_PER_MINUTE": "1000"
    }  # fmt: skip
    with (
        start_serve(store.url, folder / "open", WORKERS="1") as open_serve,
        start_serve(store.url, folder / "guarded", WORKERS="1", **accounts) as guarded,
    ):
        yield {"open": open_serve.url, "guarded": guarded.url}


@pytest.fixture(scope="module")
def bearer(addresses: dict[str, str]) -> dict[str, str]:
    requests.post(f"{addresses['guarded']}/auth/", json=CREDENTIALS, timeout=10)
    token = requests.post(f"{addresses['guarded']}/auth/token", json=CREDENTIALS, timeout=10).json()
    return {"Authorization": f"Bearer {token['access_token']}"}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("service", ["open", "guarded"])
def test_every_operation_answers_as_described(
    addresses: dict[str, str], bearer: dict[str, str], service: str, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_url(f"{addresses[service]}/openapi.json")
    # A request whose deadline passed before its body was read is refused too, by 408, whatever else is wrong with it.
    rejection = schema.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "408"]
    operations = [result.ok() for result in schema.get_all_operations()]
    described = {f"{method.upper()} {path}" for path, methods in SPEC["paths"].items() for method in methods}
    assert {operation.label for operation in operations} == described - {
        "GET /openapi.json"
    }  # the fuzzer skips its source
    for operation in operations:
        try:
            fuzz(operation, mode, bearer if service == "guarded" else {})
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # nothing can be asked wrongly of an operation without input


def fuzz(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    """Ask one operation many times, rightly or wrongly, and hold every answer against the description."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @quick
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, headers=headers)

    ask()
