"""Prometheus text, correct also when several gunicorn workers share the counting."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector


def render_metrics(collector: Collector | None = None) -> tuple[bytes, str]:
    """Return the metrics of all workers (or of this process alone, outside a server) and their content type.

    ``collector``: what no worker counts, because it is looked up at each scrape.
    """
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    body = generate_latest(registry)
    if collector:
        looked_up = CollectorRegistry()
        looked_up.register(collector)
        body += generate_latest(looked_up)
    return body, CONTENT_TYPE_LATEST
