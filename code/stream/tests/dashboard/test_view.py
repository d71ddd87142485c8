"""What the page's elements are given, whatever the store is doing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from libs.dashboard.view import OUTPUTS, View
from libs.service.pipeline import Pipeline
from libs.values.tweet import Gap


def test_the_chart_fills_with_the_first_minutes_of_a_long_period(pipeline: Pipeline) -> None:
    shown = View(pipeline.results, pipeline.read_status).refresh("", 525_600, "")
    values = dict(zip((name for name, _ in OUTPUTS), shown, strict=True))
    (first, *_), width = values["over-time"].data[0].x, values["over-time"].data[0].width
    assert first == "2026-03-01T12:00:00.000Z"
    assert width < 60_000, "a bucket of less than a minute, not of days"


def test_viewers_of_a_slow_store_do_not_wait_for_each_other(pipeline: Pipeline) -> None:
    """Else they would take every thread of the server, and the probes would go unanswered."""
    view, started = View(pipeline.results, pipeline.read_status), threading.Event()
    real = pipeline.results.read_gaps

    def read_slowly(limit: int) -> list[Gap]:
        started.set()
        time.sleep(6)
        return real(limit)

    pipeline.results.read_gaps = read_slowly  # type: ignore[method-assign]
    slow = threading.Thread(target=view.refresh, args=("", None, ""))
    slow.start()
    started.wait(10)
    asked = time.monotonic()
    assert "being counted" in str(view.refresh("", None, "")[0])
    assert time.monotonic() - asked < 4
    slow.join()
    assert "being counted" not in str(view.refresh("", None, "")[0])


def test_a_store_that_fails_is_told_on_the_page(pipeline: Pipeline, tmp_path: Path) -> None:
    view = View(pipeline.results, pipeline.read_status)
    pipeline.results.close()
    for path in tmp_path.glob("results.db*"):
        path.unlink()
    alerts, *others = view.refresh("", None, "")
    assert "cannot be read" in str(alerts)
    assert len(others) == len(OUTPUTS) - 1
