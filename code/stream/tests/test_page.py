"""The live page in a real browser: filled, up to date by itself, readable on a phone, and safe with what strangers post."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from develop.simulators.serve import ServeSimulator
from makers import make_result
from playwright.sync_api import Page, expect, sync_playwright
from processes import local_environment, write_tweets
from test_web import WEB
from werkzeug.serving import make_server

from libs.dashboard.figures import make_figures
from libs.dashboard.parts import find_address
from libs.dashboard.view import OUTPUTS, View
from libs.dashboard.words import find_driving_words
from libs.service.application import create_stream_app
from libs.service.pipeline import Pipeline
from libs.service.settings import read_stream_settings
from libs.values.result import ResultBatch
from libs.values.tweet import Gap

EVIL = '<img src=x onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>'


@pytest.fixture
def pipeline(tmp_path: Path, serve: ServeSimulator, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    for name, value in local_environment(tmp_path, serve.url, write_tweets(tmp_path / "t.csv", 3)).items():
        monkeypatch.setenv(name, value)
    made = Pipeline(read_stream_settings("all"), "all")
    made.results.prepare()
    made.results.store(
        ResultBatch(
            results=[
                make_result("1", topics=("acme",), twitter_raw="I love acme"),
                make_result("2", topics=("delta",), sentiment="NEGATIVE", score=0.02, twitter_raw="delta lost my bags"),
                make_result("3", topics=("acme",), twitter_raw=EVIL, user=EVIL, lang="pt"),
            ],
            gaps=[Gap("g", "x", "2026-03-01T11:00:00.000Z", "", "stalled", recovered=False)],
        )
    )
    return made


@pytest.fixture
def url(pipeline: Pipeline) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_stream_app(read_stream_settings("all"), pipeline, WEB), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no browser here: install Debian's chromium to run these")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["desk, light", "phone, dark"])
def page(request: pytest.FixtureRequest, browser: Any, url: str) -> Iterator[Page]:
    """The page, watched: a script error or a request to elsewhere fails the test."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    opened.on(
        "request",
        lambda asked: troubles.append(asked.url) if not asked.url.startswith((url, "data:", "blob:")) else None,
    )
    opened.goto(url)
    opened.wait_for_selector("#newest li p")
    yield opened
    context.close()
    assert troubles == []


def test_it_shows_what_a_brand_manager_looks_at(page: Page) -> None:
    page.wait_for_selector("#over-time .bars path")
    assert "3" in page.inner_text("#figures .tile:first-child .value")
    assert "delta lost my bags" in page.inner_text("#negative li:first-child")
    first_topic = page.inner_text("#topics tbody tr:first-child").split()
    assert (first_topic[0], first_topic[1]) == ("acme", "2")
    assert page.locator("#topics tbody tr:first-child .share.POSITIVE").evaluate("e => e.style.width") == "100%"
    assert "stalled" in page.inner_text("#gaps")
    assert "posts may be missing" in page.inner_text("#legend")
    assert page.locator("#over-time .shapelayer path, #over-time .layer-below path").count() > 0, "the gap's shadow"
    assert "pt" in page.inner_text("#languages")
    assert "Everything works." in page.inner_text("#health")
    assert page.inner_text("#updated").startswith("live")
    assert "1 Mar 2026" in page.inner_text("#period")


def test_posts_are_shown_as_text_whatever_is_in_them(page: Page) -> None:
    assert EVIL in page.inner_text("#newest")
    assert page.title() == "Sentiment live"


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.wait_for_selector("#over-time .bars path")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("window.innerWidth")


def test_it_is_up_to_date_without_a_reload(page: Page, pipeline: Pipeline) -> None:
    pipeline.results.store(
        ResultBatch(results=[make_result("4", twitter_raw="brand new", data="2026-03-01T12:59:00.000Z")])
    )
    expect(page.locator("#newest li p").first).to_have_text("brand new", timeout=15_000)


def test_a_topic_can_be_chosen(page: Page) -> None:
    page.click("#topic")
    page.get_by_role("option", name="delta").click()
    expect(page.locator("#figures .tile:first-child .value")).to_have_text("1", timeout=15_000)
    assert "topic=delta" in str(page.get_attribute("#export", "href"))
    assert "I love acme" not in page.inner_text("#newest")


def test_a_label_and_a_period_can_be_chosen(page: Page) -> None:
    page.click("#sentiment")
    page.get_by_role("option", name="Negative").click()
    expect(page.locator("#newest li")).to_have_count(1, timeout=15_000)
    assert "delta lost my bags" in page.inner_text("#newest")
    page.click("#minutes")
    page.get_by_role("option", name="last hour", exact=True).click()
    expect(page.locator("#export")).to_have_attribute(
        "href", re.compile("sentiment=NEGATIVE&minutes=60$"), timeout=15_000
    )


def test_the_export_of_a_choice_is_downloaded(page: Page) -> None:
    with page.expect_download() as waiting:
        page.click("#export")
    text = waiting.value.path().read_text()
    assert text.startswith("id,user,sentiment,score,")
    assert len(text.strip().splitlines()) == 4


def test_a_change_is_shown_with_its_direction_and_only_where_posts_are_enough() -> None:
    labels = {"NEGATIVE": 0.06, "NEUTRAL": 0.0, "POSITIVE": -0.06}
    shares = {label: {"count": 10, "share": 0.3} for label in labels}
    change = {"posts": 1.0, "mean_score": -0.04, "labels": labels}
    summary = {"posts": 100, "mean_score": 0.4, "labels": shares, "previous": {"posts": 50}, "change": change}
    tiles = [str(tile) for tile in make_figures(summary)]
    assert "▲ 100%" in tiles[0]
    assert "▲ 6 pt" in tiles[1]
    assert "change bad" in tiles[1]
    assert "unchanged" in tiles[2]
    assert "▼ 6 pt" in tiles[3]
    assert "▼ 0.04" in tiles[4]
    few = make_figures({**summary, "posts": 40, "previous": {"posts": 20}})
    assert "pt" not in str(few[1])


def test_posts_lead_to_where_they_can_be_answered() -> None:
    assert find_address(make_result("12", source="x")) == "https://x.com/i/web/status/12"
    bluesky = make_result("bluesky:did:plc:abc/3k", source="bluesky")
    assert find_address(bluesky) == "https://bsky.app/profile/did:plc:abc/post/3k"
    assert find_address(make_result('"><script>', source="x")) == "https://x.com/i/web/status/%22%3E%3Cscript%3E"
    assert find_address(make_result("12")) == ""


def test_the_chart_fills_with_the_first_minutes_of_a_long_period(pipeline: Pipeline) -> None:
    values = dict(zip((name for name, _ in OUTPUTS), View(pipeline).refresh("", 525_600, ""), strict=True))
    (first, *_), width = values["over-time"].data[0].x, values["over-time"].data[0].width
    assert first == "2026-03-01T12:00:00.000Z"
    assert width < 60_000, "a bucket of less than a minute, not of days"


def test_viewers_of_a_slow_store_do_not_wait_for_each_other(pipeline: Pipeline) -> None:
    """Else they would take every thread of the server, and the probes would go unanswered."""
    view, started = View(pipeline), threading.Event()
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
    view = View(pipeline)
    pipeline.results.close()
    for path in tmp_path.glob("results.db*"):
        path.unlink()
    alerts, *others = view.refresh("", None, "")
    assert "cannot be read" in str(alerts)
    assert len(others) == len(OUTPUTS) - 1


def test_words_that_drive_a_label_are_those_its_posts_use_more() -> None:
    negative = [make_result(str(n), sentiment="NEGATIVE", twitter_clean="my bags are lost again") for n in range(20)]
    positive = [make_result(f"p{n}", twitter_clean="my bags are here and lovely") for n in range(20)]
    words = dict(find_driving_words(negative + positive, "NEGATIVE", 5))
    assert words == {"lost": 20, "again": 20}
