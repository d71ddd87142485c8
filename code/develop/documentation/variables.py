"""The page about environment variables and ``.env.example``, both read off the apps' own settings."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from develop.documentation.schemas import render_table
from develop.embedded import embed_settings
from develop.places import APPS, app_folder, python_of

# Read by boto3 itself, wherever an address starts with s3:, sqs: or dynamodb:.
_AWS: Final = (
    ("AWS_REGION", "Region of the AWS parts.", "eu-west-1"),
    ("AWS_ENDPOINT_URL", "Another address that speaks AWS's protocols.", "http://127.0.0.1:9000"),
    ("AWS_ACCESS_KEY_ID", "Credentials, where no role or profile gives them (boto3's default chain).", ""),
    ("AWS_SECRET_ACCESS_KEY", "Its secret half.", ""),
)
_HEAD: Final = """\
# Every variable of train, serve and stream. Written by `make docs` from the apps' own settings; copy to .env (which
# git ignores) and load it with: set -a; . ./.env; set +a
# A variable that is commented out keeps its default. Secrets belong into the environment and nowhere else.
"""
_COLUMNS: Final = ("variable", "what", "default, else e.g.")
_PAGE_HEAD: Final = """\
# Environment variables

Every outside part is an address in the environment, and an app is configured by nothing else. An app that misses a required
variable, or gets a malformed one, ends with exit code 2 and one line that names it and shows a valid example. `make demo` and
`make <app>` embed a value for what is missing: a folder under `.local/`, persistent, without account or network.
`python main.py check` tries every address that an app was given.

This page and [.env.example](../../.env.example), a file to copy and fill in, are written by `make docs` from the apps' settings.
An empty variable counts as not given. Secrets come from the environment alone, and appear in no log, error, image or file.
"""
_AWS_HEAD: Final = "Read by boto3, wherever an address begins with `s3:`, `sqs:` or `dynamodb:`."
_PAGE_TAIL: Final = """\
## The demo

`make demo` reads `DATASET_URL`, `SOURCE_URL`, `STORE_URL`, `SPOOL_URL` and `RESULTS_URL` as above; `ONCE=1` makes it end by
itself with one line of JSON, `SOURCE=x` or `SOURCE=jetstream` makes it play that network. `PYTHON` chooses the interpreter of
every `make` verb. Each other set of addresses gets its own folder under `.local/demo`, so that nothing mixes.
"""


@dataclass(frozen=True)
class Variable:
    """A variable and the apps that read it. ``default`` and ``example`` are empty where there is none."""

    name: str
    apps: tuple[str, ...]
    required: bool
    secret: bool
    default: str
    description: str
    example: str


def ask_apps() -> dict[str, dict[str, Any]]:
    """Return what ``describe_app`` prints in each app's own environment."""
    return {app: _ask_app(app) for app in APPS}


def read_variables() -> list[Variable]:
    """Ask the apps and return every variable once."""
    return merge_variables(ask_apps())


def merge_variables(described: dict[str, dict[str, Any]]) -> list[Variable]:
    """Return every variable once, the required ones first, in the order in which the apps name them."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for app in APPS:
        for field in described[app]["settings"]:
            found.setdefault(field["name"], []).append((app, field))
    variables = [_merge(name, fields) for name, fields in found.items()]
    return sorted(variables, key=lambda variable: not variable.required)


def render_environment(described: dict[str, dict[str, Any]]) -> str:
    """Return the page: each app's variables with what they mean to it, the required ones first, then what boto3 reads."""
    variables = {variable.name: variable for variable in merge_variables(described)}
    parts = [_PAGE_HEAD]
    for app in APPS:
        own = [(field, variables[field["name"]].required) for field in described[app]["settings"]]
        own.sort(key=lambda pair: not pair[1])
        parts += [f"## {app}", render_table(_COLUMNS, [_row(field, required=required) for field, required in own])]
    aws = [(f"`{name}`", what, f"e.g. `{example}`" if example else "") for name, what, example in _AWS]
    parts += ["## AWS", _AWS_HEAD, render_table(_COLUMNS, aws), _PAGE_TAIL]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _row(field: dict[str, Any], *, required: bool) -> tuple[str, ...]:
    value = f"`{field['default']}`" if field["default"] else f"e.g. `{field['example']}`" if field["example"] else ""
    return f"`{field['name']}`{' (required)' if required else ''}", field["description"], value


def render_example(variables: list[Variable]) -> str:
    """Return ``.env.example``: required variables set to their examples, the others commented out, secrets empty."""
    parts = [_HEAD]
    for variable in variables:
        one_default = "" if ": " in variable.default else variable.default
        value = "" if variable.secret else one_default or variable.example
        lead = "" if variable.required else "# "
        value = value if value.startswith("'") else shlex.quote(value) if value else ""
        parts.append(f"# {', '.join(variable.apps)}: {variable.description}\n{lead}{variable.name}={value}\n")
    parts += [f"# {what}\n# {name}={example}\n" for name, what, example in _AWS]
    return "\n".join(parts)


def _ask_app(app: str) -> dict[str, Any]:
    script = Path(__file__).with_name("describe_app.py")
    words = [str(python_of(app)), "-c", f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"]
    answer = subprocess.run(words, cwd=app_folder(app), stdout=subprocess.PIPE, text=True, check=True)
    described: dict[str, Any] = json.loads(answer.stdout)
    return described


def _merge(name: str, fields: list[tuple[str, dict[str, Any]]]) -> Variable:
    apps = tuple(app for app, _ in fields)
    # A variable is required where the app's settings say so, or where `make <app>` has to embed a value.
    required = any(
        field["required"] or (name.endswith("_URL") and name in embed_settings(app, Path("/"), {}))
        for app, field in fields
    )
    return Variable(
        name=name,
        apps=apps,
        required=required,
        secret=any(field["secret"] for _, field in fields),
        default=_say_of_each("default", fields),
        description=_say_of_each("description", fields),
        example=next((field["example"] for _, field in fields if field["example"]), ""),
    )


def _say_of_each(part: str, fields: list[tuple[str, dict[str, Any]]]) -> str:
    """Return what the apps say when they agree, else what each says."""
    if len({field[part] for _, field in fields}) == 1:
        return str(fields[0][1][part])
    return "; ".join(f"{app}: {field[part].rstrip('.')}" for app, field in fields)
