"""What serve counts; every number is added up over the workers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from sentiment.model.labels import Prediction

REQUESTS: Final = Counter("sentiment_requests", "Requests answered.", ["route", "status"])
LATENCY: Final = Histogram(
    "sentiment_request_latency_seconds",
    "Time from the request's first line to its answer.",
    ["route"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PREDICTIONS: Final = Counter("sentiment_predictions", "Texts that got a label.", ["label"])
TEXTS: Final = Histogram(
    "sentiment_texts_per_request",
    "Texts in one call of /predict.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
)
REJECTIONS: Final = Counter("sentiment_rejections", "Requests or single texts that were refused.", ["reason"])
MODEL: Final = Gauge(
    "sentiment_model_info", "Workers that answer with this release.", ["version"], multiprocess_mode="livesum"
)
RELOADS: Final = Counter(
    "sentiment_model_reloads", "Releases met in current.json, by what became of them.", ["outcome"]
)

_count_request = cache(REQUESTS.labels)
_time_request = cache(LATENCY.labels)
_count_label = cache(PREDICTIONS.labels)


def count_request(route: str, status: int, seconds: float) -> None:
    """Count one answered request and how long it took."""
    _count_request(route, status).inc()
    _time_request(route).observe(seconds)


def count_predictions(predictions: Iterable[Prediction]) -> None:
    """Count each label once per text."""
    labels = [prediction.label for prediction in predictions]
    for label in set(labels):
        _count_label(label).inc(labels.count(label))


def show_version(before: str | None, version: str) -> None:
    """Show that this worker has moved from one release to another."""
    if before is not None:
        MODEL.labels(before).set(0)
    MODEL.labels(version).set(1)
