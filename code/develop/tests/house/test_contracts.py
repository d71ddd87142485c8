"""Each app's openapi.json promises at least what every caller of this product may rely on."""

import json

import pytest

from develop.fixtures.tracked import APPS, list_tracked, read

EVERYWHERE = {"/health": {"get"}, "/ready": {"get"}, "/metrics": {"get"}}
PROMISED = {
    "train": {
        "/train": {"get", "post"},
        "/runs": {"get"},
        "/runs/{run_id}": {"get", "delete"},
        "/models": {"get"},
        "/models/{version}/promote": {"post"},
        "/models/rollback": {"post"},
    },
    "serve": {"/predict": {"post"}},
    "stream": {
        "/api/tweets": {"get"},
        "/api/summary": {"get"},
        "/api/gaps": {"get"},
        "/api/dead-letters": {"get"},
        "/api/dead-letters/{id}/retry": {"post"},
    },
}


def read_contract(app):
    (path,) = list_tracked(f"code/{app}/app/*openapi.json")
    return json.loads(read(path))


def shape(path):
    """A path with its parameters' names taken out: they are the writer's choice."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("app", APPS)
def test_every_promised_call_is_described(app):
    described = {shape(path): set(calls) for path, calls in read_contract(app)["paths"].items()}
    for path, methods in {**EVERYWHERE, **PROMISED[app]}.items():
        assert methods <= described.get(shape(path), set()), path


@pytest.mark.parametrize("app", APPS)
def test_a_contract_names_its_app_and_its_errors(app):
    contract = read_contract(app)
    assert contract["openapi"].startswith("3.")
    assert app in contract["info"]["title"].lower()
    assert "application/problem+json" in json.dumps(contract)
