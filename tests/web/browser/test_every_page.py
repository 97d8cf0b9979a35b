"""Every page there is: axe finds nothing, it fits a phone, and the keyboard gets everywhere and away again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page
from tests.chromium import AXE
from tests.small_desk import TOKEN, SmallDesk
from tests.web.browser.conftest import Open

from madang.web import Shopfront, create_app
from madang.web.routes import addresses

pytestmark = pytest.mark.browser

EXAMPLES = {
    "home": "/",
    "live": "/live/s1",
    "receipt": f"/r/{TOKEN}",
    "receipt.wrong": f"/r/{TOKEN}/wrong/1",
    "an error": "/nothing/here",
}
NO_PAGES = {"health", "favicon", "static", "live.events"}
FOCUS = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = e.getBoundingClientRect(), style = getComputedStyle(e), inner = e.querySelector?.("rect");
  const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const ring = inner && parseFloat(getComputedStyle(inner).strokeWidth) >= 2;
  return { name: e.getAttribute("aria-label") || e.textContent.trim() || e.value || e.name,
    seen: drawn || Boolean(ring), inside: box.bottom > 0 && box.top < innerHeight && box.width > 0,
    tag: e.tagName + (e.id ? "#" + e.id : "") };
}"""
CUT_OFF = """() => [...document.querySelectorAll("main *")]
  .filter((e) => !e.closest(".front, .hidden, svg") && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.className).slice(0, 5)"""


def test_every_page_is_in_the_list_of_checked_pages() -> None:
    app = create_app(Shopfront(neighbourhood="n1", desk=SmallDesk()))
    pages = {found.name for found in addresses(app) if found.method == "GET"}
    assert pages - NO_PAGES == EXAMPLES.keys() - {"an error"}


def wait_until_drawn(page: Page) -> None:
    if page.locator("#live").count():
        page.wait_for_selector(".cart")
        page.wait_for_selector("#link[data-state=live]")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(("language", "width", "dark"), [("ko", 390, False), ("en", 1280, True)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    open_page: Open, name: str, language: str, width: int, dark: bool
) -> None:
    page = open_page(f"{EXAMPLES[name]}?lang={language}", width=width, dark=dark, motion=False)
    wait_until_drawn(page)
    page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found: dict[str, Any] = page.evaluate("tags => axe.run(document, { runOnly: tags })", tags)
    told = [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found["violations"]]
    assert told == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.lang") == language


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_keyboard_reaches_everything_sees_where_it_is_and_gets_away(open_page: Open, name: str) -> None:
    page = open_page(EXAMPLES[name])
    wait_until_drawn(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main", "the first stop offers to skip to the content"
    page.reload()
    wait_until_drawn(page)
    reached: list[str] = []
    for _ in range(90):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at is None:
            break
        assert at["name"], at
        assert at["seen"], f"{at}: focus cannot be seen"
        assert at["inside"], f"{at}: focus is off the screen"
        reached.append(at["tag"])
    else:
        pytest.fail(f"the keyboard is caught: {reached[-5:]}")
    assert len(reached) >= 4
