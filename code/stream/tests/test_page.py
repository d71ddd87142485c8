"""The live page in a real browser: filled, up to date by itself, readable on a phone, and safe with what strangers post."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest
from makers import make_result
from playwright.sync_api import Page, expect, sync_playwright
from processes import local_environment, write_tweets
from test_web import WEB
from werkzeug.serving import make_server

from libs.page.view import View
from libs.pipeline import Pipeline
from libs.results import Batch
from libs.settings import read_stream_settings
from libs.tweet import Gap
from libs.web import create_stream_app
from libs.words import find_driving_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulators.serve import ServeSimulator

EVIL = '<img src=x onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>'


@pytest.fixture
def pipeline(tmp_path: Path, serve: ServeSimulator, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    for name, value in local_environment(tmp_path, serve.url, write_tweets(tmp_path / "t.csv", 3)).items():
        monkeypatch.setenv(name, value)
    made = Pipeline(read_stream_settings("all"), "all")
    made.results.prepare()
    made.results.store(
        Batch(
            results=[
                make_result("1", topics=("acme",), twitter_raw="I love acme"),
                make_result("2", topics=("delta",), sentiment="NEGATIVE", score=0.02, twitter_raw="delta lost my bags"),
                make_result("3", topics=("acme",), twitter_raw=EVIL, user=EVIL, lang="pt"),
            ],
            gaps=[Gap("g", "x", "2026-03-01T12:00:00.000Z", "", "stalled", recovered=False)],
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
    page.wait_for_selector("#by-topic .bars path")
    assert "3" in page.inner_text("#figures .tile:first-child .value")
    assert "delta lost my bags" in page.inner_text("#negative li:first-child")
    assert page.inner_text("#topics").split()[:7] == ["Topic", "Posts", "Neg.", "Neut.", "Pos.", "Score", "acme"]
    assert "stalled" in page.inner_text("#gaps")
    assert "pt" in page.inner_text("#languages")
    assert "Everything works." in page.inner_text("#health")


def test_posts_are_shown_as_text_whatever_is_in_them(page: Page) -> None:
    assert EVIL in page.inner_text("#newest")
    assert page.title() == "Sentiment live"


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.wait_for_selector("#over-time .bars path")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("window.innerWidth")


def test_it_is_up_to_date_without_a_reload(page: Page, pipeline: Pipeline) -> None:
    pipeline.results.store(Batch(results=[make_result("4", twitter_raw="brand new", data="2026-03-01T12:59:00.000Z")]))
    expect(page.locator("#newest li p").first).to_have_text("brand new", timeout=15_000)


def test_a_topic_can_be_chosen(page: Page) -> None:
    page.click("#topic")
    page.get_by_role("option", name="delta").click()
    expect(page.locator("#figures .tile:first-child .value")).to_have_text("1", timeout=15_000)
    assert "topic=delta" in str(page.get_attribute("#export", "href"))
    assert "I love acme" not in page.inner_text("#newest")


def test_a_store_that_fails_is_told_on_the_page(pipeline: Pipeline, tmp_path: Path) -> None:
    view = View(pipeline)
    pipeline.results.close()
    for path in tmp_path.glob("results.db*"):
        path.unlink()
    alerts, *others = view.refresh("", None, "")
    assert "cannot be read" in str(alerts)
    assert len(others) == 14


def test_words_that_drive_a_label_are_those_its_posts_use_more() -> None:
    negative = [make_result(str(n), sentiment="NEGATIVE", twitter_clean="my bags are lost again") for n in range(20)]
    positive = [make_result(f"p{n}", twitter_clean="my bags are here and lovely") for n in range(20)]
    words = dict(find_driving_words(negative + positive, "NEGATIVE", 5))
    assert words == {"lost": 20, "again": 20}
