"""The live page in a real browser: it follows the shop, shows what happens, and says so when it cannot."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.small_shop import PROMISE
from tests.web.browser.conftest import Open, Site

from madang.walkout.live_model import CartLine, Dot

pytestmark = pytest.mark.browser


@pytest.fixture
def live(open_page: Open) -> Page:
    page = open_page("/live/s1")
    page.wait_for_selector("#link[data-state=live]")
    return page


def pick(site: Site, id: str = "m5", **changed: Any) -> None:
    said: dict[str, Any] = {"kind": "pick", "product": "A2", "qty": 1, "facing": "s11", "visit": "v1", "track": "t1"}
    site.hub.move(**(said | {"id": id, "t_us": site.clock.now_us(), "probability": 0.93} | changed))


def test_everything_that_is_known_is_there_from_the_start(live: Page) -> None:
    expect(live.locator(".unit")).to_have_count(4)
    expect(live.locator(".unit .cell")).to_have_count(4 * 4 * 3)
    expect(live.locator(".dot")).to_have_count(3)
    expect(live.locator(".cart")).to_have_count(1)
    expect(live.locator(".cart")).to_contain_text("한울 녹차")
    expect(live.locator("#receipts > li")).to_have_count(2)
    expect(live.locator("#books [data-ok=true]")).to_have_count(4)
    expect(live.locator("[data-total=sales]")).to_contain_text("14,600원")
    expect(live.locator("[data-total=promise]")).to_contain_text("99.2%")
    expect(live.locator("#health tbody tr")).to_have_count(2)
    expect(live.locator("#health .ill")).to_contain_text("door")
    expect(live.locator("#sensors-say")).to_have_text("꺼진 선반 판 1개(s-1-3)")


def test_the_promise_says_what_is_missing_and_what_was_achieved(site: Site, live: Page) -> None:
    panel = live.locator("#promise")
    expect(panel).to_contain_text("1,000장 가운데 틀린 것은 1장 이하")
    expect(panel.locator(".p-state")).to_have_text("아직 증명할 수 없음")
    expect(panel.locator(".p-needed")).to_contain_text("3,760개")
    expect(panel.locator(".p-achieved")).to_contain_text("310장 가운데 0장 틀림 (95% 구간 0%~1.2%)")
    site.hub.promise(PROMISE | {"state": "proved", "needed": 0})
    expect(panel.locator(".p-state")).to_have_text("증명됨")
    expect(panel.locator(".p-needed")).to_have_text("이 말이 틀릴 가능성 5% 이하")
    site.hub.promise({"state": "none"})
    expect(panel.locator(".p-achieved")).to_be_hidden()


def test_low_and_empty_facings_are_marked_on_plan_and_shelf(live: Page) -> None:
    expect(live.locator(".unit .cell.empty")).to_have_count(1)
    expect(live.locator(".unit .cell.low")).to_have_count(1)
    expect(live.locator(".unit[aria-label*='부족 1칸, 빈 칸 1칸']")).to_have_count(1)
    expect(live.locator("[data-facing=s11]")).to_have_class(re.compile("empty"))


def test_people_walk_instead_of_jumping(site: Site, live: Page) -> None:
    transform = "document.querySelector('[data-visit=v1].dot').style.transform"
    start = live.evaluate(transform)
    live.evaluate(
        f"""() => {{ window.seen = new Set();
        const look = () => {{ window.seen.add({transform}); requestAnimationFrame(look); }};
        look(); }}"""
    )
    for step in range(1, 4):
        site.hub.people([Dot(id="t1", x=2 + 0.1 * step, y=2, visit="v1")], t_us=step)
        live.wait_for_timeout(250)
    assert live.evaluate(transform) != start
    assert live.evaluate("window.seen.size") > 6
    expect(live.locator(".dot")).to_have_count(1)


def test_a_picked_item_flies_to_its_shopper_and_lands_in_the_cart(site: Site, live: Page) -> None:
    pick(site)
    expect(live.locator(".chip-fly")).to_have_count(1)
    lines = [CartLine(product="A1", qty=2, probability=0.97), CartLine(product="A2", qty=1, probability=0.93)]
    site.hub.cart(visit="v1", t_us=1, lines=lines, confidence=0.9, people=2)
    expect(live.locator(".cart")).to_contain_text("새봄 감자칩")
    expect(live.locator(".cart-total")).to_contain_text("5,300원")
    expect(live.locator("#feed > li").first).to_contain_text("새봄 감자칩 1개")
    expect(live.locator(".chip-fly")).to_have_count(0)


def test_a_move_that_is_taken_back_is_struck_out_and_not_said_twice(site: Site, live: Page) -> None:
    pick(site)
    pick(site, probability=0.1, retracted=True)
    expect(live.locator("#feed .retracted")).to_contain_text("다시 보니 아니었음")
    expect(live.locator("#feed > li", has_text="감자칩")).to_have_count(1)


def test_what_staff_put_on_a_shelf_is_stocking_and_no_shoppers_cart(site: Site, live: Page) -> None:
    site.hub.gate(id="g8", t_us=8, event="entered", visit="v8", role="staff")
    pick(site, visit="v8", kind="put_back", t_us=site.clock.now_us() + 9)
    site.hub.cart(visit="v8", t_us=9, lines=[], confidence=1.0)
    expect(live.locator("#feed > li").first).to_contain_text("직원 채움")
    expect(live.locator(".cart")).to_have_count(1)


def test_a_receipt_appears_is_announced_and_can_be_opened(site: Site, live: Page) -> None:
    site.hub.receipt(
        id="r5",
        visit="v1",
        t_us=site.clock.now_us() + 1,
        total_krw=5_300,
        items=3,
        confidence=0.99,
        decision="charge",
        state="charged",
        url="/r/a-token-that-cannot-be-guessed",
    )
    row = live.locator("#receipts > li").first
    expect(row).to_contain_text("5,300원")
    expect(row).to_contain_text("결제 완료")
    expect(live.locator("#said")).to_have_text("손님 1, 5,300원 결제 완료")
    row.locator("a").click()
    expect(live).to_have_url(re.compile("/r/a-token"))
    expect(live.locator("h1")).to_contain_text("원")


def test_a_receipt_that_changes_state_changes_in_place(site: Site, live: Page) -> None:
    site.hub.receipt(
        id="r9", visit="v9", t_us=2, total_krw=3_000, items=2, confidence=1, decision="review", state="charged"
    )
    expect(live.locator("[data-id=r9]")).to_contain_text("결제 완료")
    expect(live.locator("#receipts > li")).to_have_count(2)


def test_moves_and_people_are_not_read_aloud(live: Page) -> None:
    spoken = live.evaluate("[...document.querySelectorAll('[aria-live], [role=status]')].map((e) => e.id)")
    assert sorted(spoken) == ["front-say", "said", "uplink"]


def test_a_book_that_does_not_agree_says_so_with_its_reason(site: Site, live: Page) -> None:
    from madang.walkout.live_model import BookCheck, Unit

    good = BookCheck(ok=True, total=1, unit=Unit.PIECES)
    bad = BookCheck(ok=False, total=9, unit=Unit.KRW, detail_ko="1원 어긋남", detail_en="off by ₩1")
    site.hub.books(money=bad, goods=good, capacity=good, hours=good)
    expect(live.locator("[data-book=money]")).to_contain_text("맞지 않음")
    expect(live.locator("[data-book=money]")).to_contain_text("1원 어긋남")


def test_shelves_are_chosen_and_walked_by_keyboard(live: Page) -> None:
    unit = live.locator(".unit").nth(1)
    unit.focus()
    live.keyboard.press("Enter")
    expect(unit).to_have_attribute("aria-pressed", "true")
    live.locator(".facing[tabindex='0']").focus()
    first = live.evaluate("document.activeElement.dataset.facing")
    live.keyboard.press("ArrowRight")
    live.keyboard.press("ArrowDown")
    assert live.evaluate("document.activeElement.dataset.facing") != first
    expect(live.locator("#front-say")).to_contain_text("남음")


def test_choosing_a_cart_points_out_its_people(live: Page) -> None:
    live.locator(".cart-head").click()
    expect(live.locator(".dot.chosen")).to_have_count(1)
    expect(live.locator(".cart-head")).to_have_attribute("aria-pressed", "true")


def test_a_cart_of_somebody_who_left_says_so(site: Site, live: Page) -> None:
    site.hub.cart(visit="v1", t_us=3, lines=[], confidence=1.0, closed=True)
    expect(live.locator(".cart.closed")).to_contain_text("나가셨어요")


def test_a_lost_shop_is_said_to_be_lost(site: Site, live: Page) -> None:
    site.stop()
    expect(live.locator("#link")).to_have_attribute("data-state", "lost")
    expect(live.locator("#link-text")).to_contain_text("다시 잇고 있어요")


def test_with_reduced_motion_nothing_flies(site: Site, open_page: Open) -> None:
    page = open_page("/live/s1", motion=False)
    page.wait_for_selector(".cart")
    pick(site)
    expect(page.locator("#feed > li").first).to_contain_text("새봄 감자칩")
    assert page.locator(".chip-fly").count() == 0
    assert page.locator(".trail[points]").count() == 0


def test_names_with_markup_are_shown_as_text(site: Site, live: Page) -> None:
    site.hub.move(
        id="mx", t_us=9**18, kind="pick", product="<img src=x onerror=alert(1)>", qty=1, facing="s10", visit="v1"
    )
    expect(live.locator("#feed > li").first).to_contain_text("<img src=x")


OVERLAPS = """(kind) => { const all = [...document.querySelectorAll(kind)].map((e) => e.getBoundingClientRect())
    .filter((r) => r.width > 0); let n = 0;
  all.forEach((a, i) => all.slice(i + 1).forEach((b) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) n += 1; }));
  return n; }"""


@pytest.mark.parametrize("width", [390, 1280])
def test_labels_never_lie_over_one_another(open_page: Open, width: int) -> None:
    page = open_page("/live/s1", width=width)
    page.wait_for_selector(".cart")
    for words in (".plan .name", ".facing-name", ".facing", ".big", ".book-name, .book-state, .book-total"):
        assert page.evaluate(OVERLAPS, words) == 0, words


def test_thirty_people_and_hundreds_of_facings_are_drawn(open_page: Open, site: Site) -> None:
    from tests import small_shop

    from madang.kernel import ManualClock

    big = small_shop.hub(ManualClock(), shop="s2", facings=20, shelves=6)
    site.hubs.add(big)
    big.people([Dot(id=f"p{n}", x=n % 6 * 0.6, y=n // 6 * 0.7, visit=f"w{n}") for n in range(30)], t_us=1)
    for n in range(30):
        big.cart(visit=f"w{n}", t_us=1, lines=[CartLine(product="A1", qty=n, probability=0.9)], confidence=0.9)
    page = open_page("/live/s2")
    expect(page.locator(".dot")).to_have_count(30)
    expect(page.locator(".cell")).to_have_count(480 + 4)
    expect(page.locator(".cart")).to_have_count(31)
