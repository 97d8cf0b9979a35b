"""Every page of a served neighbourhood that somebody can reach by links: axe finds nothing, it fits a phone, and what
can be reached by keyboard is seen and named. A page that nothing leads to fails here until something does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from tests.chromium import AXE
from tests.web.lived_in import CHECKOUT, LivedIn
from tests.web.walking import Walk

from madang.db import open_database
from madang.guard.limits import Limit
from madang.kernel import ManualClock
from madang.web import Running, edge, start

pytestmark = pytest.mark.browser
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
STARTS = {
    "visitor": ("/", "/shops", "/shops/s1/search?q=A", "/account/join", "/sign-in", "/offline", "/phone/s1/products/A"),
    "neighbour": ("/account", "/account/step-up", f"/checkout/{CHECKOUT}", "/vouchers/pay/s1", "/phone"),
    "operator": ("/console", "/console/search?q=A", "/desk/s1/labels", "/desk/s1/orders", "/vouchers/shop/s1"),
}
"""Where each reader begins: front doors, and what one only comes to by sending a form or by a code on a wall."""
NO_PAGES = {
    "health", "favicon", "static", "live.events", "phone.events", "browse.suggest", "browse.drawn", "browse.picture",
    "browse.manifest", "browse.worker", "desk.customs.json", "console.files.give", "console.files.stock.list",
    "console.files.stock.count", "console.files.stock.waste", "console.orders.file",
    "console.money.file", "console.payments.file", "console.people.file",
    "console.settlement.books", "console.documents.file", "settlement.statement", "issuer.claim.file", "issuer.proof",
    "face.emblem", "face.colours", "phone.code",
}  # fmt: skip
"""JSON, files and pieces of pages."""
LEAD_ON = {"browse.shops", "experiences", "console.settings", "console.stock", "console.pictures.of", "desk.next",
           "pay.back", "pay.gone", "pay.to"}  # fmt: skip
"""What only leads to another page."""
ELSEWHERE = {
    "account.link": "by mail only", "account.invite": "by mail only", "console.transfer": "needs a payout that is due",
    "credit.member": "needs a line of credit", "desk.customs": "needs an order from abroad",
    "experiences.session": "needs an experience", "group": "needs a group", "groups.offer": "by mail only",
    "orders.found": "by mail only", "order.return": "needs an order that was received", "live": "test_every_page.py",
    "desk": "test_review_desk.py", "desk.visit": "test_review_desk.py",
    "desk.edit": "test_review_desk.py", "desk.similar": "test_review_desk.py",
    "browse.collection": "test_browse_pages.py", "console.lesson": "needs something a shop has learned",
    "voucher.slip": "needs a payment at a counter by a voucher",
}  # fmt: skip
"""Pages that need more than this world has: the browser test that looks at them, or what they need."""
CUT_OFF = """() => {
  const scrolls = (e) => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  return [...document.querySelectorAll("main *")]
    .filter((e) => !e.closest(".hidden, svg") && e.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(e))
    .map((e) => e.tagName + "." + e.className).slice(0, 5); }"""
"""What lies beyond the edge and cannot be moved into sight."""
KEYBOARD = """() => {
  const shown = (e) => e.checkVisibility({ checkVisibilityCSS: true }) && !e.disabled && !e.closest("[inert]");
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
    .filter((e) => shown(e) && !e.closest("details:not([open]) > :not(summary)"));
  const ill = [...document.querySelectorAll("[tabindex]")].filter((e) => e.tabIndex > 0).map((e) => "order " + e.id);
  for (const e of all) {
    e.focus();
    const style = getComputedStyle(e), near = getComputedStyle(e.closest("label") || e);
    const drawn = [style, near, e.nextElementSibling ? getComputedStyle(e.nextElementSibling) : style]
      .some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2);
    if (document.activeElement !== e) ill.push("not reached " + e.outerHTML.slice(0, 120));
    else if (!drawn) ill.push("not seen " + e.outerHTML.slice(0, 120));
  }
  return [all.length, ill.slice(0, 5)]; }"""


@pytest.fixture
def town(_sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LivedIn, Running]]:
    for name in ("READ", "WRITE", "ADDRESS", "DEVICE"):
        monkeypatch.setattr(edge, name, Limit(burst=10**9, per_s=10**9))
    shutil.copy(_sqlite_template, tmp_path / "madang.db")
    clock = ManualClock()
    with open_database(f"sqlite:///{tmp_path / 'madang.db'}", clock=clock, migrate=False, durable=False) as db:
        made = LivedIn(db, tmp_path, clock)
        made.live()
        running = start(made.app, port=0)
        yield made, running
        running.stop()


def test_every_page_is_led_to_and_no_link_leads_to_what_is_not_there(town: tuple[LivedIn, Running]) -> None:
    """The walk alone, without looking: the browser's part is a soak."""
    made, _ = town
    walks = {who: walked(made, who, starts) for who, starts in STARTS.items()}
    assert {who: walk.broken for who, walk in walks.items() if walk.broken} == {}
    seen = {name for walk in walks.values() for name in walk.pages}
    unseen = made.pages() - seen - NO_PAGES - LEAD_ON - ELSEWHERE.keys()
    assert sorted(unseen) == [], "nothing leads to these pages: link to them, or say where they are looked at"


@pytest.mark.soak  # about a minute each
@pytest.mark.parametrize(("language", "width", "dark"), [("ko", 390, False), ("en", 1280, True)])
def test_every_page_is_clean_and_can_be_used_by_keyboard(
    town: tuple[LivedIn, Running], lent_page: Callable[..., Page], language: str, width: int, dark: bool
) -> None:
    made, running = town
    looked = Looked(lent_page(width=width, dark=dark, motion=False), running.url, language)
    for who, starts in STARTS.items():
        looked.at(made.cookies(who), walked(made, who, starts).pages)
    assert not looked.faults, "\n".join(looked.faults)
    assert len(looked.names) > 60


def walked(made: LivedIn, who: str, starts: tuple[str, ...]) -> Walk:
    """In a thread of its own: the browser's event loop is in this one."""

    def walk() -> Walk:
        return Walk(made.app, made.cookies(who), [*starts, *made.starts(who)], NO_PAGES | ELSEWHERE.keys())

    with ThreadPoolExecutor(1) as apart:
        return apart.submit(walk).result()


class Looked:
    """What was seen in the browser, and what was wrong with it."""

    def __init__(self, page: Page, url: str, language: str) -> None:
        self._page, self._url, self._language = page, url, language
        self._axe = AXE.read_text()
        self.names: set[str] = set()
        self.faults: list[str] = []

    def at(self, cookie: dict[str, str], pages: dict[str, str]) -> None:
        self._page.context.clear_cookies()
        for name, value in ({"madang_lang": self._language} | cookie).items():
            self._page.context.add_cookies([{"name": name, "value": value, "url": self._url}])
        for name, address in pages.items():
            if name not in self.names | LEAD_ON:
                self.names.add(name)
                self.faults += [f"{name} {address}: {fault}" for fault in self._look(address)]

    def _look(self, address: str) -> Iterator[str]:
        page = self._page
        answer = page.goto(self._url + address)
        assert answer is not None
        if answer.status >= 400:
            yield f"{answer.status}"
        page.evaluate(self._axe)
        found: dict[str, Any] = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
        for one in found["violations"]:
            yield f"{one['id']}: {[n['html'][:140] for n in one['nodes']][:3]}"
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            yield "wider than the screen"
        yield from (f"cut off: {one}" for one in page.evaluate(CUT_OFF))
        if page.evaluate("document.documentElement.lang") != self._language:
            yield "in another language"
        page.keyboard.press("Tab")  # from here on focus is drawn as for who uses a keyboard
        stops, ill = page.evaluate(KEYBOARD)
        yield from ill
        if stops < 3:
            yield "the keyboard reaches hardly anything"
