"""The page about metrics and alerts, read off the apps' metrics modules and Prometheus' rules."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

from develop.documentation.schemas import render_table
from develop.places import APPS, CODE, python_of

_ALERTS: Final = CODE / "deploy" / "prometheus" / "alerts.yml"
_HEAD: Final = """\
# Metrics and alerts

Each app answers `GET /metrics` in Prometheus' format, the numbers of all its workers added up. Prometheus finds the apps by
`code/deploy/prometheus/prometheus.yml` (compose) or `code/deploy/prometheus/kubernetes.yml` (a cluster); the Grafana dashboard is
`code/deploy/grafana/dashboards/sentiment.json`. This page is written by `make docs` from the code.
"""
_ALERTS_HEAD: Final = """\
## Alerts

Rules of `code/deploy/prometheus/alerts.yml`; `code/deploy/prometheus/alerts_test.yml` shows each one fire, and stay silent.
*Critical* is worth waking somebody, *warning* can wait for the morning.
"""
_WEBHOOK: Final = """\
## Messages of stream's own

With `ALERT_WEBHOOK_URL` stream posts JSON with a Slack-compatible `text` when a topic's negative share over 15 minutes is 15
points and three standard errors above the day before, when a gap opens or closes, and when nothing has arrived for 15 minutes;
each at most once an hour.
"""


def render_metrics(described: dict[str, list[dict[str, Any]]]) -> str:
    """Return the page; ``described`` holds each app's metrics as ``describe_app`` prints them."""
    parts = [_HEAD]
    for app in APPS:
        rows = [
            (f"`{one['name']}`", one["kind"], ", ".join(f"`{label}`" for label in one["labels"]), _describe(one))
            for one in described[app]
        ]
        parts += [f"## {app}", render_table(("metric", "kind", "labels", "what"), rows)]
    parts += [_ALERTS_HEAD, *_render_alerts(), _WEBHOOK]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _describe(metric: dict[str, Any]) -> str:
    buckets = ", ".join(f"{bound:g}" for bound in metric.get("buckets", ()))
    return f"{metric['text']} Buckets: {buckets}." if buckets else metric["text"]


def _render_alerts() -> list[str]:
    # In the tools' environment: `make docs` itself runs on the standard library alone.
    script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))"
    words = [str(python_of("tools")), "-c", script, str(_ALERTS)]
    groups = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["groups"]
    return [_render_alert(rule) for group in groups for rule in group["rules"] if "alert" in rule]


def _render_alert(rule: dict[str, Any]) -> str:
    notes, severity = rule["annotations"], rule["labels"]["severity"]
    after = f" for {rule['for']}" if "for" in rule else ""
    return f"""\
### {rule["alert"]}

*{severity}.* {_plain(notes["summary"])}.

**Look first:** {_plain(notes["action"])}

```text
{" ".join(rule["expr"].split())}{after}
```"""


def _plain(text: str) -> str:
    """Return a template's text with its placeholders in angle brackets, as an example would have a value there."""
    shown = text
    while "{{" in shown:
        before, _, rest = shown.partition("{{")
        inside, _, after = rest.partition("}}")
        name = inside.split("|")[0].strip().removeprefix("$labels.").removeprefix("$")
        shown = f"{before}`<{name}>`{after}"
    return shown.rstrip(".") if text.count(". ") == 0 and text == shown else shown
