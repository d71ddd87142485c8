"""Photographs of the pages of the demo that runs at this moment, taken by Debian's Chromium through Playwright.

Run by the tools' interpreter with the pages' addresses as JSON: ``python photographs.py '{"stream": "http://…"}'``.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

_IMAGES: Final = Path(__file__).resolve().parents[3] / "images"
_FILES: Final = {"stream": "live.png", "serve": "try.png", "train": "runs.png"}
_WIDTH: Final = 1280
_HEIGHTS: Final = {"stream": 1320, "serve": 760, "train": 560}  # as far down as the first things to see reach
_REPORT, _REPORT_WIDTH, _REPORT_HEIGHT = "report.png", 1080, 1765  # down to the curves
_SETTLE_MILLISECONDS: Final = 6000  # the live page polls; its charts need a round or two
_TEXT: Final = "The flight was two hours late, but the crew could not have been nicer"


def take_photographs(pages: dict[str, str]) -> None:
    """Write one PNG per page into ``images/``."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_chromium(), args=_arguments())
        for app, address in pages.items():
            _photograph(browser, app, address)
        if "train" in pages:
            _photograph_report(browser, pages["train"])
        browser.close()


def _photograph(browser: Browser, app: str, address: str) -> None:
    page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHTS[app]})
    page.goto(address)
    if app == "serve":
        page.locator("textarea").first.fill(_TEXT)
        page.get_by_role("button", name="Score it").click()
    page.wait_for_timeout(_SETTLE_MILLISECONDS)
    page.screenshot(path=str(_IMAGES / _FILES[app]))
    print(f"  images/{_FILES[app]}")
    page.close()


def _photograph_report(browser: Browser, address: str) -> None:
    """Photograph the report of the release that is live."""
    page = browser.new_page(viewport={"width": _REPORT_WIDTH, "height": _REPORT_HEIGHT})
    live = page.request.get(f"{address}/models").json()["current"]
    if live is not None:
        page.goto(f"{address}/models/{live}/report.html", wait_until="networkidle")
        page.screenshot(path=str(_IMAGES / _REPORT))
        print(f"  images/{_REPORT}")
    page.close()


def _find_chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        sys.exit("no Chromium here: apt-get install chromium, or name it in CHROMIUM")
    return found


def _arguments() -> list[str]:
    quiet = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
    return [*quiet, "--no-sandbox"] if os.geteuid() == 0 else quiet  # Chromium's sandbox refuses root


if __name__ == "__main__":
    take_photographs(json.loads(sys.argv[1]))
