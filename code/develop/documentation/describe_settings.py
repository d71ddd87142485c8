"""Print an app's settings as JSON. Run by each app's own interpreter in the app's folder."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from pydantic import SecretStr

from sentiment.service.settings import AppSettings


def describe_settings() -> list[dict[str, Any]]:
    """Return each variable of the app's one settings class: name, required, secret, default, description, example."""
    found = [
        kind
        for kind in vars(import_module("libs.service.settings")).values()
        if isinstance(kind, type) and issubclass(kind, AppSettings) and kind is not AppSettings
    ]
    if len(found) != 1:
        names = ", ".join(kind.__name__ for kind in found) or "none"
        raise SystemExit(f"libs/service/settings.py should hold one settings class and holds: {names}")
    return [
        {
            "name": name.upper(),
            "required": field.is_required(),
            "secret": "SecretStr" in str(field.annotation) or field.annotation is SecretStr,
            "default": _show(field.default) if not field.is_required() else "",
            "description": field.description or "",
            "example": str(field.examples[0]) if field.examples else "",
        }
        for name, field in found[0].model_fields.items()
    ]


def _show(default: Any) -> str:
    if isinstance(default, bool):
        return str(int(default))
    return str(default) if isinstance(default, str | int | float) else ""


if __name__ == "__main__":
    print(json.dumps(describe_settings()))
