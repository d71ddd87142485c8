"""Print an app's settings and metrics, and the schema of a release's manifest, as JSON.

Run by each app's own interpreter in the app's folder: ``variables`` and ``metrics`` read what it prints.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector
from pydantic import SecretStr

from sentiment.release.manifest import Manifest
from sentiment.service.settings import AppSettings


def describe_settings() -> list[dict[str, Any]]:
    """Return each variable that the app's settings read: name, required, secret, default, description, example."""
    kinds = [kind for kind in _classes("libs.service.settings", AppSettings) if kind is not AppSettings]
    if not kinds:
        raise SystemExit("libs/service/settings.py holds no settings")
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        for name, field in kind.model_fields.items():
            described = {
                "name": name.upper(),
                "required": field.is_required(),
                "secret": "SecretStr" in str(field.annotation) or field.annotation is SecretStr,
                "default": _show(field.default) if not field.is_required() else "",
                "description": field.description or "",
                "example": str(field.examples[0]) if field.examples else "",
            }
            known = found.setdefault(name, described)
            known["required"] = known["required"] or described["required"]
    return list(found.values())


def describe_metrics() -> list[dict[str, Any]]:
    """Return what the app counts: each metric's name as Prometheus stores it, kind, labels, description and buckets."""
    module = import_module("libs.service.metrics")
    counted = [_describe(metric) for metric in vars(module).values() if isinstance(metric, MetricWrapperBase)]
    for kind in _classes("libs.service.metrics", Collector):
        if kind.__module__ == module.__name__:  # looked up at each scrape; to describe them needs no store
            counted += [
                {"name": family.name, "kind": family.type, "labels": _labels(family), "text": family.documentation}
                for family in kind(None).describe()
            ]
    return counted


def _describe(metric: MetricWrapperBase) -> dict[str, Any]:
    (family,) = metric.describe()
    name = f"{family.name}_total" if family.type == "counter" else family.name
    shown: dict[str, Any] = {"name": name, "kind": family.type, "labels": _labels(metric), "text": family.documentation}
    if isinstance(metric, Histogram):
        bounds = metric._upper_bounds  # noqa: SLF001 - as with the labels
        shown["buckets"] = [bound for bound in bounds if bound != float("inf")]
    return shown


def _labels(metric: Any) -> list[str]:
    return list(metric._labelnames)  # noqa: SLF001 - prometheus_client says them nowhere else


def _classes(module: str, base: type) -> list[Any]:
    found = vars(import_module(module)).values()
    return [kind for kind in found if isinstance(kind, type) and base in kind.__mro__]


def _show(default: Any) -> str:
    if isinstance(default, bool):
        return str(int(default))
    return str(default) if isinstance(default, str | int | float) else ""


if __name__ == "__main__":
    described = {
        "settings": describe_settings(),
        "metrics": describe_metrics(),
        "manifest": Manifest.model_json_schema(),
    }
    print(json.dumps(described))
