"""The environment table of the README and ``.env.example``, both read off the apps' own settings."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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


def read_variables() -> list[Variable]:
    """Return every variable once, the required ones first, in the order in which the apps name them."""
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for app in APPS:
        for field in _ask_app(app):
            found.setdefault(field["name"], []).append((app, field))
    variables = [_merge(name, fields) for name, fields in found.items()]
    return sorted(variables, key=lambda variable: not variable.required)


def render_table(variables: list[Variable]) -> str:
    """Return the README's table."""
    lines = ["| variable | apps | what | default, else e.g. |", "|---|---|---|---|"]
    for variable in variables:
        mark = "\\*" if variable.required else ""
        description = variable.description.replace("|", "\\|")
        value = (
            f"`{variable.default}`" if variable.default else f"e.g. `{variable.example}`" if variable.example else ""
        )
        apps = "all" if variable.apps == APPS else ", ".join(variable.apps)
        lines.append(f"| `{variable.name}`{mark} | {apps} | {description} | {value} |")
    lines += [f"| `{name}` | all | {what} | {f'e.g. `{example}`' if example else ''} |" for name, what, example in _AWS]
    return "\n".join(lines)


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


def _ask_app(app: str) -> list[dict[str, Any]]:
    script = Path(__file__).with_name("describe_settings.py")
    words = [str(python_of(app)), "-c", f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"]
    answer = subprocess.run(words, cwd=app_folder(app), capture_output=True, text=True, check=True)
    fields: list[dict[str, Any]] = json.loads(answer.stdout)
    return fields


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
