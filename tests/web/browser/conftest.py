"""A headless Chromium for one module's tests, and the app they look at.

The browser lives for a module and no longer: while it does, its own event loop runs in this thread.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests import small_shop
from tests.small_desk import SmallDesk

from madang.kernel import ManualClock
from madang.walkout.live import Hub, Hubs
from madang.web import Shopfront, create_app, start

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[2] / "vendor" / "axe.min.js"
Open = Callable[..., Page]


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "Chromium is not installed (Debian: apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = _chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


class Site:
    """The served app, with what stands behind its pages."""

    def __init__(self, facings: int = 3, shelves: int = 4) -> None:
        self.clock = ManualClock()
        self.hub: Hub = small_shop.hub(self.clock, facings=facings, shelves=shelves)
        self.hubs = Hubs([self.hub])
        self.desk = SmallDesk()
        front = Shopfront(neighbourhood="n1", clock=self.clock, hubs=self.hubs, desk=self.desk)
        self.app = create_app(front)
        self.running = start(self.app, port=0)
        self.url = self.running.url

    def stop(self) -> None:
        self.hubs.close()
        self.running.stop()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.stop()


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens a page in a fresh context; a script error or a refused request on it fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_(path: str, *, width: int = 1280, dark: bool = False, motion: bool = True, script: bool = True) -> Page:
        site.clock.advance(s=600)  # many pages in no time: the limits are not what is tested here
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 600 else 800},
            color_scheme="dark" if dark else "light",
            reduced_motion="no-preference" if motion else "reduce",
            java_script_enabled=script,
            locale="ko-KR",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" and _ours(said.text) else None)
        page.goto(site.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


def _ours(text: str) -> bool:
    """The browser itself reports every answer that is an error; pages that show errors are tested as well."""
    return "status of 4" not in text and "ERR_CONNECTION_REFUSED" not in text and "ERR_INCOMPLETE" not in text
