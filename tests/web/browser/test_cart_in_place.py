"""Cart and checkout change in place, under the pages' own Content-Security-Policy; axe finds nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect
from tests.chromium import AXE
from tests.payments.fake_gateway.server import FakeGateway
from tests.storefront.many_means import ManyMeans
from tests.storefront.street import TERMS, Street

from madang.db import open_database
from madang.kernel import ManualClock, Uuid7
from madang.storefront import carts
from madang.web import start

pytestmark = pytest.mark.browser
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ManyMeans, str]]:
    clock = ManualClock()
    path = tmp_path_factory.mktemp("cart") / "madang.db"
    with open_database(f"sqlite:///{path}", clock=clock, durable=False) as db:
        street = Street(db, clock, Uuid7(clock, random.Random(1))).open(TERMS)
        fake = FakeGateway("toss", clock)
        made = ManyMeans(street, fake)
        running = start(made.app, "127.0.0.1", 0)
        yield made, running.url
        running.stop()
        fake.close()


def _ours(said: ConsoleMessage) -> bool:
    """Pictures of goods are another router's, which this app does not have."""
    return said.type == "error" and "status of 404" not in said.text


def axe_finds_nothing(page: Page) -> None:
    page.evaluate(AXE.read_text())
    found = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found["violations"]] == []


def test_an_amount_changes_the_sum_and_a_choice_changes_who_pays(
    lent_page: Callable[..., Page], many: tuple[ManyMeans, str]
) -> None:
    made, url = many
    made.street.put("RAMEN", 2)
    page, faults = lent_page(width=390, motion=False), list[str]()
    page.context.add_cookies([{"name": "s", "value": "1", "url": url}])
    page.once("pageerror", lambda error: faults.append(str(error)))

    def said(message: ConsoleMessage) -> None:
        faults.extend([message.text] if _ours(message) else [])

    page.on("console", said)
    page.goto(url + "/cart")
    page.evaluate("window.stayed = true")
    page.fill("input[name=amount]", "12")
    page.keyboard.press("Tab")
    expect(page.locator(".sum-total dd")).to_have_text("12,000원")
    page.fill("#code", "nonsense")
    page.keyboard.press("Enter")
    expect(page.locator("#code-why")).to_be_visible()
    assert page.evaluate("window.stayed"), "it was the same page all the time"
    assert made.street.read(lambda tx: carts.show(tx, made.street.mina))[0].amount == 12
    axe_finds_nothing(page)
    made.street.clock.advance(s=5)
    page.fill("#code", "")
    page.keyboard.press("Tab")
    page.click("form[action='/checkout'] button")
    page.wait_for_url("**/checkout/*")
    expect(page.locator("#sums")).to_contain_text("2,000원")
    page.evaluate("window.stayed = true")
    page.fill("input[name='pay.voucher.won']", "7000")
    page.check("input[name=means][value=toss]")
    expect(page.locator("#sums")).to_contain_text("토스페이먼츠")
    expect(page.locator("#sums")).to_contain_text("5,000원")
    assert page.evaluate("window.stayed")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    axe_finds_nothing(page)
    page.remove_listener("console", said)
    assert faults == []
