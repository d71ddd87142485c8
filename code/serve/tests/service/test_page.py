"""The page in a real browser: a text, a file, an account, and nothing loaded from elsewhere."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from processes import Served, start_serve

from develop.fixtures.tiny_release import publish_tiny_release
from sentiment.release.promotion import promote_release
from sentiment.store import open_store

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"{CHROMIUM} is missing: install Debian's chromium (.ci/run does)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone-sized page that fails the test on any script error or any request to another host."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(60_000)  # a busy machine
    complaints: list[Any] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(("http://127.0.0.1", "blob:", "data:")) else complaints.append(request.url)
        ),
    )
    yield page
    page.close()
    assert complaints == []


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("guarded")
    store = open_store((folder / "store").as_uri())
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "test")
    with start_serve(store.url, folder, USERS_URL=f"sqlite:///{folder / 'users.db'}", SECRET_KEY="k" * 32) as running:
        yield running


def test_a_text_is_scored_and_explained(page: Page, served: Served) -> None:
    page.goto(served.url)
    page.fill("#text", "I love the crew <b>but</b> hate delays")
    page.click("#ask")
    page.wait_for_selector("#answer:visible")
    assert page.text_content("#label") in ("POSITIVE", "NEUTRAL", "NEGATIVE")
    assert (
        page.get_by_text("love", exact=True).get_attribute("title")
        == "+2.50: exactly 0.00 by itself and in phrases, about +2.50 in context"
    )
    assert (
        page.get_by_text("hate", exact=True).get_attribute("title")
        == "-2.50: exactly 0.00 by itself and in phrases, about -2.50 in context"
    )
    page.get_by_text("love", exact=True).click()  # a phone shows no titles
    assert str(page.text_content("#detail")).startswith("love +2.50: exactly 0.00")
    assert page.locator("#words b").count() == 0  # what was typed is shown as text, never as markup
    assert page.text_content("#state-text") == "ready · v1"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_file_comes_back_scored_with_its_formulas_disarmed(page: Page, served: Served, tmp_path: Path) -> None:
    rows = [["id", "text"], *([str(number), f'so good, "really" {number}\nsecond line'] for number in range(600))]
    rows += [["600", "=HYPERLINK(1) awful"], ["-1", "@x"], ["601", ""]]
    file = tmp_path / "posts.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)
    page.goto(served.url)
    page.set_input_files("#file", file)
    assert page.text_content("#column option:checked") == "text"
    page.click("#run")
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "posts-scored.csv"
    with Path(download.value.path()).open(newline="") as opened:
        header, *scored = list(csv.reader(opened))
    assert header == ["id", "text", "label", "score"]
    assert len(scored) == 603
    assert [row[1] for row in scored[:600]] == [row[1] for row in rows[1:601]]
    assert scored[0][2:] == ["POSITIVE", "0.81757"]
    assert [row[:2] for row in scored[600:]] == [["600", "'=HYPERLINK(1) awful"], ["'-1", "'@x"], ["601", ""]]
    assert "603 rows" in (page.text_content("#progress-text") or "")


def test_a_file_can_be_dropped(page: Page, served: Served) -> None:
    page.goto(served.url)
    dropped = page.evaluate_handle(
        "() => { const all = new DataTransfer(); all.items.add(new File(['tweet;when\\nbad day;now\\n'], 'd.csv')); return all; }"
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    page.wait_for_selector("#plan:visible")
    assert page.locator("#column option").all_text_contents() == ["tweet", "when"]
    assert page.text_content("#count") == "1 rows"


def test_an_empty_file_is_refused_in_words(page: Page, served: Served, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    page.goto(served.url)
    page.set_input_files("#file", tmp_path / "empty.csv")
    page.wait_for_selector("#file-problem:visible")
    assert page.text_content("#file-problem") == "empty.csv holds no rows"


def test_a_stranger_becomes_a_user_with_a_history_and_a_key(page: Page, guarded: Served) -> None:
    page.goto(guarded.url)
    page.fill("#text", "not yet")
    page.click("#ask")
    page.wait_for_selector("#problem:visible")
    page.fill("#username", "grace")
    page.fill("#password", "a long enough password")
    page.click("#register")
    page.wait_for_selector("#signed-in:visible")
    assert page.text_content("#who") == "grace"
    page.fill("#text", "I love <i>it</i>")
    page.click("#ask")
    page.wait_for_selector("#history li")
    assert page.text_content("#history .what") == "I love <i>it</i>"
    page.fill("#key-name", "stream")
    page.click("#key-form button")
    page.wait_for_selector("#new-key:visible")
    key = page.text_content("#secret") or ""
    assert guarded.predict({"text": "good"}, **{"X-API-Key": key}).status_code == 200
    page.reload()
    page.wait_for_selector("#signed-in:visible")
    page.wait_for_selector("#history li >> nth=1")
    page.click("#forget")
    page.wait_for_selector("#history li", state="detached")
    page.click("#logout")
    page.wait_for_selector("#login-form:visible")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_docs_load_their_assets_from_here(page: Page, served: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served.url}/docs/")
    page.wait_for_selector(".opblock-summary-path >> text=/predict")
    assert [url for url in asked if not url.startswith((served.url, "data:"))] == []
