"""The shopper's phone in a real browser: the code renews itself, a pick opens its page, a put-back closes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests import small_shop
from tests.storefront.street import N, Street

from madang.db import open_database
from madang.kernel import ManualClock, Uuid7, derived
from madang.storefront import entry
from madang.ui import Identity, Pages
from madang.walkout import records
from madang.walkout.live import Hub, Hubs
from madang.walkout.live_model import CartLine
from madang.walkout.phone_pages import Phone, router
from madang.walkout.visits import Books, Visit
from madang.web import Shopfront, create_app, start

pytestmark = pytest.mark.browser


class Shop:
    """A live shop that Mina is in front of; ``come_in`` lets her in."""

    def __init__(self, street: Street) -> None:
        self.street = street.open()
        self.hub: Hub = small_shop.hub(street.clock)
        self.hubs = Hubs([self.hub])
        phone = Phone(street.db, street.clock, self.hubs, Pages(), N)
        mina = Identity(street.mina, lambda _shop: street.mina, bound="b")
        front = Shopfront(neighbourhood=N, clock=street.clock, more=[router(phone)], identify=lambda _asking: mina)
        self.running = start(create_app(front), port=0)

    def come_in(self) -> None:
        visit = Visit(derived("visit"), 1, "v1", "customer", self.street.mina.key, self.street.now, None, Books())
        self.street.write(lambda tx: records.add_visit(tx, "s1", visit))

    def move(self, kind: str, product: str) -> None:
        self.hub.move(id=f"{kind}-{product}", t_us=1, kind=kind, product=product, qty=1, facing="F1", visit="v1")  # type: ignore[arg-type]

    def close(self) -> None:
        self.hubs.close()
        self.running.stop()


@pytest.fixture
def shop(sqlite_url: str, clock: ManualClock, ids: Uuid7) -> Iterator[Shop]:
    with open_database(sqlite_url, clock=clock, migrate=False, durable=False) as db:
        made = Shop(Street(db, clock, ids))
        yield made
        made.close()


@pytest.fixture
def phone(browser: Browser, shop: Shop) -> Iterator[Page]:
    """A page of its own: its clock is ours."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ko-KR")
    context.add_cookies([{"name": "madang_session", "value": "b", "url": shop.running.url}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.clock.install()
    yield page
    context.close()


def test_the_code_renews_and_inside_a_pick_opens_its_page_and_a_put_back_closes_it(shop: Shop, phone: Page) -> None:
    page = phone
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{shop.running.url}/phone")
    drawn = page.locator("#code svg.qr")
    first = drawn.inner_html()
    page.clock.run_for(entry.FRESH_EVERY_S * 200)
    assert drawn.inner_html() == first, "not before its time"
    with page.expect_response("**/phone/code"):
        page.clock.run_for(entry.FRESH_EVERY_S * 801)
    expect(drawn).to_be_visible()
    page.wait_for_function("first => document.querySelector('#code svg.qr').innerHTML !== first", arg=first)

    shop.come_in()
    with page.expect_event("framenavigated"):
        page.clock.run_for(entry.FRESH_EVERY_S * 1000)
    page.wait_for_selector("#visit")
    picked, lines = page.locator("#picked"), page.locator("#lines li")
    expect(picked).to_be_hidden()
    page.wait_for_function("document.querySelector('#visit')")
    shop.move("pick", "RAMEN")
    expect(picked).to_contain_text("신라면")
    expect(picked).to_contain_text("1,000원")
    shop.move("put_back", "MILK")
    expect(picked).to_be_visible()
    _guesses_open_and_close(shop, page)
    shop.move("pick", "MILK")
    expect(picked).to_contain_text("우유 1L")
    shop.move("put_back", "RAMEN")
    expect(picked).to_contain_text("우유 1L")
    shop.move("put_back", "MILK")
    expect(picked).to_be_hidden()
    mine = CartLine(product="RAMEN", name_ko="신라면", name_en="Shin Ramyun", qty=2, probability=1.0, amount_krw=2_000)
    shop.hub.cart(visit="v1", t_us=2, lines=[mine], confidence=1.0)
    expect(lines).to_have_count(1)
    expect(page.locator("#total")).to_have_text("2,000원")
    assert faults == []


def _guesses_open_and_close(shop: Shop, page: Page) -> None:
    """What seems to be taken opens its page, marked as a guess, until the shop is sure, or it was nothing."""
    picked, guessing = page.locator("#picked"), "확인하고 있어요"
    shop.hub.glimpse(id="g1", t_us=9_000_000, visit="v1", product="MILK")
    expect(picked).to_contain_text("우유 1L")
    expect(picked).to_contain_text(guessing)
    shop.move("pick", "RAMEN")  # told late: it was taken long before the milk
    shop.hub.glimpse(id="g0", t_us=9_100_000, visit="v1", product="RAMEN", over=True)
    shop.hub.glimpse(id="g9", t_us=9_100_000, visit="v2", product="RICE")
    shop.move("pick", "MILK")
    expect(picked).not_to_contain_text(guessing)
    expect(picked).to_contain_text("우유 1L")
    shop.hub.glimpse(id="g1", t_us=9_200_000, visit="v1", product="MILK", over=True)
    shop.hub.glimpse(id="g2", t_us=9_300_000, visit="v1", product="RAMEN")
    expect(picked).to_contain_text("신라면")
    expect(picked).to_contain_text(guessing)
    shop.hub.glimpse(id="g2", t_us=9_400_000, visit="v1", product="RAMEN", over=True)
    expect(picked).to_be_hidden()
