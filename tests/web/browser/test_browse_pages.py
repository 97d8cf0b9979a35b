"""The shop to look around in, in a browser: axe finds nothing, it fits a phone, choices and suggestions follow."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.chromium import AXE
from tests.storefront.shelves import Shelves, fill
from tests.storefront.street import Street

from madang.db import open_database
from madang.kernel import ManualClock, Uuid7
from madang.web import start

pytestmark = pytest.mark.browser
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    clock = ManualClock()
    path = tmp_path_factory.mktemp("browse") / "madang.db"
    with open_database(f"sqlite:///{path}", clock=clock, durable=False) as db:
        street = Street(db, clock, Uuid7(clock, random.Random(1)))
        fill(street)
        shelves = Shelves(street)
        shelves.me = None  # type: ignore[assignment]
        running = start(shelves.app, "127.0.0.1", 0)
        yield running.url
        running.stop()


@pytest.mark.parametrize(
    ("language", "width", "dark"), [("ko", 390, True), pytest.param("en", 1280, False, marks=pytest.mark.soak)]
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    lent_page: Callable[..., Page], url: str, language: str, width: int, dark: bool
) -> None:
    page, axe = lent_page(width=width, dark=dark, motion=False), AXE.read_text()
    for path in ("/shops/s1", "/shops/s1/search", "/shops/s1/products/tee", "/shops", "/offline"):
        page.goto(f"{url}{path}?lang={language}")
        page.evaluate(axe)
        found = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
        assert [(path, v["id"], v["nodes"][0]["html"][:120]) for v in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_typing_suggests_and_a_choice_shows_its_own_price(lent_page: Callable[..., Page], url: str) -> None:
    page = lent_page()
    page.goto(f"{url}/shops/s1?lang=ko")
    page.fill("#q", "ㅅㄹ")
    page.wait_for_selector("#suggestions a")
    assert page.inner_text("#suggestions a") == "신라면"
    page.keyboard.press("Escape")
    page.goto(f"{url}/shops/s1/products/tee?lang=ko")
    assert "46,800원" in page.inner_text("#price")
    page.check("input[value=TEE-M]")
    expect(page.locator("#price")).to_contain_text("43,200")
    assert "품절" in page.inner_text("#left")


def test_without_network_the_shop_says_so_calmly(browser: Browser, url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/shops/s1?lang=ko")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("caches.match('/offline').then(Boolean)")
    context.set_offline(True)
    page.reload()
    assert "연결되어 있지 않아요" in page.inner_text("h1")
    context.close()
