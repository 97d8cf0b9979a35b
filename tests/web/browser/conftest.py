"""A small shop's pages, served, and opened in the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page
from tests import small_shop
from tests.small_desk import SmallDesk

from madang.kernel import ManualClock
from madang.walkout.live import Hub, Hubs
from madang.web import Shopfront, create_app, start

Open = Callable[..., Page]


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
def open_page(lent_page: Open, site: Site) -> Iterator[Open]:
    """Opens a page; a script error or a refused request on it fails the test."""
    faults: list[str] = []
    opened: list[Page] = []

    def fault(error: Error) -> None:
        faults.append(str(error))

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and _ours(message.text):
            faults.append(message.text)

    def open_(path: str, **asked: Any) -> Page:
        site.clock.advance(s=600)  # many pages in no time: the limits are not what is tested here
        page = lent_page(**asked)
        opened.append(page)
        page.on("pageerror", fault)
        page.on("console", said)
        page.goto(site.url + path)
        return page

    yield open_
    for page in opened:
        page.remove_listener("pageerror", fault)
        page.remove_listener("console", said)
    assert faults == []


def _ours(text: str) -> bool:
    """The browser itself reports every answer that is an error; pages that show errors are tested as well."""
    return "status of 4" not in text and "ERR_CONNECTION_REFUSED" not in text and "ERR_INCOMPLETE" not in text
