"""The console's lists change in place, under the pages' own Content-Security-Policy; without script they load."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect
from tests.catalog.shop_of_goods import Goods, N
from tests.chromium import AXE
from tests.console.people import PEOPLE

from madang.catalog import Product
from madang.console.desk import ConsoleDesk
from madang.console.money_desk import MoneyDesk
from madang.console.order_desk import OrderDesk
from madang.console.pages import router
from madang.console.stockroom import Stockroom
from madang.db import open_database
from madang.kernel import ManualClock, Uuid7
from madang.ui import Asking, Identity, Pages
from madang.web import Shopfront, create_app, start

pytestmark = pytest.mark.browser
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ROWS = "#list tbody tr"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A console over 60 beans beside the five goods of the shop: two pages."""
    clock = ManualClock()

    def known(asking: Asking) -> Identity | None:
        by = PEOPLE.get(asking.cookies.get("madang_session", ""))
        return None if by is None else Identity(by, lambda _shop: by, bound=by.key)

    with open_database(f"sqlite:///{tmp_path_factory.mktemp('lists')}/m.db", clock=clock, durable=False) as db:
        goods = Goods(db, clock, Uuid7(clock, random.Random(1))).open()
        goods.add(*(Product(id=f"BEAN{n:02}", name_ko=f"콩 {n:02}", name_en=f"Bean {n:02}") for n in range(60)))
        goods.price({f"BEAN{n:02}": 1000 for n in range(60)})
        made_of = (db, N, clock, goods.ids)
        more = [
            router(ConsoleDesk(*made_of), Stockroom(*made_of), OrderDesk(*made_of), MoneyDesk(db, N, clock), Pages())
        ]
        running = start(create_app(Shopfront(neighbourhood=N, clock=clock, more=more, identify=known)), "127.0.0.1", 0)
        yield running.url
        running.stop()


@pytest.fixture
def page(lent_page: Callable[..., Page], url: str) -> Iterator[Page]:
    """The operator's list of products; ``stayed`` is set on it and gone when another page was loaded."""
    faults: list[str] = []

    def said(message: ConsoleMessage) -> None:
        ours = message.type == "error" and "status of 4" not in message.text
        faults.extend([message.text] if ours else [])

    opened = lent_page(width=390, motion=False)
    opened.context.add_cookies([{"name": "madang_session", "value": "mina", "url": url}])
    opened.on("console", said)
    opened.goto(url + "/console/products?lang=en")
    opened.goto(url + "/console/products")
    opened.evaluate("window.stayed = true")
    yield opened
    opened.remove_listener("console", said)
    assert faults == []


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.stayed === true"))


def test_what_is_typed_finds_while_the_hand_stays_in_the_field(page: Page) -> None:
    page.locator("#q").press_sequentially("bean 07", delay=20)
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator("#list-said")).to_have_text("Showing 1. That is all.")
    assert stayed(page)
    assert "/console/products?q=bean+07" in page.url, "the address can be kept and sent on"
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.input_value("#q") == "bean 07"
    page.fill("#q", "no such thing")
    expect(page.locator("#list .cs-empty")).to_be_visible()
    expect(page.locator("#list-said")).to_have_text("Nothing fits.")
    page.evaluate(AXE.read_text())
    found = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found["violations"]] == []


def test_a_turned_page_begins_at_its_top_and_going_back_leads_back(page: Page) -> None:
    first = page.locator(ROWS).first.inner_text()
    page.locator(f"{ROWS} input").first.check()
    page.click("[data-pages] a")
    expect(page.locator("#list-said")).to_have_text("Showing 15. That is all.")
    assert stayed(page)
    assert "cursor=" in page.url
    assert page.evaluate("document.activeElement.id") == "list", "who listens is at the list's beginning"
    assert page.locator(f"{ROWS} input:checked").count() == 0, "what was chosen on the page before is not chosen here"
    page.go_back()
    expect(page.locator(ROWS).first).to_have_text(first, use_inner_text=True)
    assert page.url.endswith("/console/products")


def test_letters_typed_are_no_pages_to_go_back_through(page: Page) -> None:
    page.locator("#q").press_sequentially("bean 1", delay=20)
    expect(page.locator(ROWS)).to_have_count(10)
    page.keyboard.press("End")
    page.locator("#q").press_sequentially("1", delay=20)
    expect(page.locator(ROWS)).to_have_count(1)
    page.go_back()
    page.wait_for_url("**/console/products?lang=en")


def test_who_was_signed_out_is_led_to_the_page_that_says_so(page: Page) -> None:
    page.context.clear_cookies()
    page.fill("#q", "bean")
    expect(page.locator("#list")).to_have_count(0)
    assert not stayed(page)


def test_without_script_the_same_form_and_links_load_the_page(lent_page: Callable[..., Page], url: str) -> None:
    page = lent_page(width=390, motion=False)
    page.context.add_cookies([{"name": "madang_session", "value": "mina", "url": url}])
    page.route("**/*.js*", lambda route: route.abort())
    try:
        page.goto(url + "/console/products")
        page.fill("#q", "bean 07")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/products?q=bean+07*")
        assert page.locator(ROWS).count() == 1
    finally:
        page.unroute_all()  # the page is lent to other tests after this one
