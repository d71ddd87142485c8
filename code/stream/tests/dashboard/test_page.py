"""The live page in a real browser: filled, up to date by itself, readable on a phone, and safe with what strangers post."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from makers import make_result
from playwright.sync_api import Page, expect, sync_playwright
from posts import EVIL
from werkzeug.serving import make_server

from libs.service.application import create_stream_app
from libs.service.pipeline import Pipeline
from libs.service.settings import read_stream_settings
from libs.values.result import ResultBatch

WEB = Path(__file__).parents[2] / "app" / "web"


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
