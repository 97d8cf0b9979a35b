"""One headless Chromium for all the tests of a process that look at pages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

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
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


class Chromium:
    """Started for the first test that looks at a page; while it runs, its own event loop runs in this thread."""

    def __init__(self) -> None:
        self._driver: Playwright | None = None
        self._browser: Browser | None = None
        self._free: dict[bool, list[Page]] = {True: [], False: []}

    def browser(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            from playwright.sync_api import sync_playwright

            self.close()
            path = _path()
            self._driver = sync_playwright().start()
            self._browser = self._driver.chromium.launch(executable_path=path, args=FLAGS)
        return self._browser

    def lend(self, *, width: int = 1280, dark: bool = False, motion: bool = True, script: bool = True) -> Page:
        """An empty page without cookies, in Korean, to be taken back: a renderer of its own for each test would cost a
        second of a core."""
        browser, free = self.browser(), self._free[script]
        if free:
            page = free.pop()
        else:
            page = browser.new_context(locale="ko-KR", java_script_enabled=script, service_workers="block").new_page()
        page.set_viewport_size({"width": width, "height": 844 if width < 600 else 800})
        page.emulate_media(
            color_scheme="dark" if dark else "light", reduced_motion="no-preference" if motion else "reduce"
        )
        return page

    def take_back(self, page: Page, *, script: bool = True) -> None:
        """What it kept of a site stays with that site's own address."""
        if not page.is_closed():
            page.goto("about:blank")
            page.context.clear_cookies()
            self._free[script].append(page)

    def close(self) -> None:
        """Before any test that wants an event loop of its own."""
        if self._browser is not None:
            self._browser.close()
        if self._driver is not None:
            self._driver.stop()
        self._browser = self._driver = None
        self._free = {True: [], False: []}


def _path() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "Chromium is not installed (Debian: apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
