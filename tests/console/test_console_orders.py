"""The shop's people and their orders: found, counted, moved on together, looked into, given back in part, taken out."""

from __future__ import annotations

import csv
import io
import re
from uuid import UUID

import pytest
from tests.asking import Client
from tests.storefront.street import BY, TERMS, N, Street

from madang.catalog import stock
from madang.console import waybills
from madang.console.desk import ConsoleDesk
from madang.console.money_desk import MoneyDesk
from madang.console.order_desk import OrderDesk
from madang.console.pages import router
from madang.console.stockroom import Stockroom
from madang.console.waiting import waiting
from madang.db import Database
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7
from madang.storefront.addresses import Address
from madang.storefront.board import Wanted
from madang.storefront.model import Wish
from madang.storefront.placing import Choice
from madang.ui import Asking, Identity, Pages
from madang.web import Shopfront, create_app

HTML = {"Accept": "text/html"}
PEOPLE = {
    "op": Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR})),
    "ara": Actor(Kind.PERSON, "ara", N, frozenset({Role.NEIGHBOUR})),
}
HOME = {
    "name": "김미나", "phone": "010-1234-5678", "postcode": "03993", "road": "성미산로 12", "detail": "", "note": "",
}  # fmt: skip


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7) -> Street:
    return Street(db, clock, ids).open(TERMS)


@pytest.fixture
def browser(street: Street) -> Client:
    made_of = (street.db, N, street.clock, street.ids)
    pages = router(ConsoleDesk(*made_of), Stockroom(*made_of), OrderDesk(*made_of), MoneyDesk(*made_of[:3]), Pages())

    def known(asking: Asking) -> Identity | None:
        by = PEOPLE.get(asking.cookies.get("madang_session", ""))
        return None if by is None else Identity(by, lambda _shop: by, bound=by.key)

    client = Client(create_app(Shopfront(neighbourhood=N, clock=street.clock, more=[pages], identify=known)))
    client.keeps("madang_session", "op")
    return client


def shown(client: Client, path: str) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text[:600]
    return answer.text


def send(street: Street, client: Client, path: str, **form: object) -> str:
    """The page after a form; its key is new each time."""
    street.clock.advance(s=2)
    data = {"idempotency_key": str(street.ids.new()), **form}
    answer = client.post(path, headers=HTML, data=data)
    return shown(client, answer.headers["location"]) if answer.status_code == 303 else answer.text


def by_post(street: Street, **wants: int) -> str:

    way = Choice(way="delivery", slot="delivery-20260923-1000")
    return str(street.buy(wants, choices={"s1": way}, address=Address(**HOME)))


def test_orders_are_found_by_state_shop_way_day_and_what_is_in_them(street: Street, browser: Client) -> None:
    here = Choice(way="pickup", place="h1", slot="pickup-20260923-1000")
    fetched, posted = str(street.buy({"RAMEN": 2}, choices={"s1": here})), by_post(street, RICE=3)
    first = shown(browser, "/console/orders")
    assert (fetched in first, posted in first) == (True, True)
    for query, found in (
        ("state=paid", {fetched, posted}),
        ("state=packed", set()),
        ("state=todo&shop=s1", {fetched, posted}),
        ("shop=s2", set()),
        ("way=pickup", {fetched}),
        ("way=delivery&day=2026-09-21", {posted}),
        ("day=2026-09-20", set()),
        ("q=햅쌀", {posted}),
        ("q=shin", {fetched}),
        ("q=lines", set()),
        (f"q={posted}", {posted}),
        (f"q={posted}&shop=s2", set()),
        ("q=20260921-0001", {fetched}),
        (f"who={street.mina.key}", {fetched, posted}),
        ("who=nobody", set()),
    ):
        text = shown(browser, f"/console/orders?{query}")
        assert {one for one in (fetched, posted) if f"/console/orders/{one}" in text} == found, query
    assert browser.get("/console/orders?day=yesterday").json()["code"] == "console.bad_day"


def test_orders_that_wait_for_the_shop_are_drawn_by_their_age_once_there_are_some(
    street: Street, browser: Client
) -> None:
    old = by_post(street, RAMEN=1)
    street.clock.advance(s=2.5 * 86_400)
    here = Choice(way="pickup", place="h1", slot="pickup-20260930-1000")
    street.buy({"RAMEN": 1}, choices={"s1": here})
    assert "chart-desk" not in shown(browser, "/console/orders"), "two are seen in the list"
    street.buy({"RAMEN": 1}, choices={"s1": here})
    street.step(UUID(old), "pack")
    op = PEOPLE["op"]
    ages = OrderDesk(street.db, N, street.clock, street.ids).board(op, Wanted(), None).ages
    assert [sum(one.values()) for one in ages] == [2, 0, 1, 0, 0, 0]
    assert ages[2] == {"packed": 1}
    text = shown(browser, "/console/orders?lang=ko")
    assert "움직여야 하는 주문 3건" in text
    assert "chart-phone" in text
    for few in ("state=packed", "way=pickup", "day=2026-09-01", "until=2026-09-01", "q=RAMEN"):
        assert "chart-desk" not in shown(browser, f"/console/orders?{few}"), "the picture is of all that waits"
    assert "chart-desk" in shown(browser, "/console/orders?shop=s1"), "or of all that waits for one shop"


def test_many_orders_are_moved_on_at_once_and_what_one_cannot_do_keeps_no_other_back(
    street: Street, browser: Client
) -> None:
    one, two = by_post(street, RAMEN=1), by_post(street, RAMEN=2)
    street.step(UUID(two), "pack")
    text = send(street, browser, "/console/orders/acts", step="pack", order=[one, two])
    assert "1건 처리했습니다" in text
    assert "처리하지 못한 것 1건" in text
    assert "2" in shown(browser, "/console/orders?state=packed")
    form = send(street, browser, "/console/orders/acts", step="ship", order=[one, two])
    assert f"number.{one}" in form
    numbers = {f"number.{one}": "111", f"number.{two}": "222"}
    send(street, browser, "/console/orders/acts", step="ship", order=[one, two], by="CJ대한통운", **numbers)
    assert "222" in shown(browser, f"/console/orders/{two}")
    assert f"/console/orders/{two}" in shown(browser, "/console/orders?q=222")


def test_the_same_form_sent_twice_moves_nothing_twice(street: Street, browser: Client) -> None:
    one = by_post(street, RAMEN=3)
    form = {"idempotency_key": "k", "amount.1": "1", "reason": "defective"}
    for _ in range(2):
        street.clock.advance(s=2)
        assert browser.post(f"/console/orders/{one}/part", headers=HTML, data=form).status_code == 303
    assert street.order(UUID(one))[1].refunded_krw == 1_000
    street.books_agree()


def test_part_of_an_order_is_given_back_before_it_is_packed_and_after_it_was_received(
    street: Street, browser: Client
) -> None:

    one = by_post(street, RAMEN=3, MILK=1)
    part = f"/console/orders/{one}/part"
    assert "일부를 환불했습니다" in send(street, browser, part, reason="defective", **{"amount.1": 1})
    for step in ("pack", "ship"):
        send(street, browser, f"/console/orders/{one}/{step}")
    told = send(street, browser, part, reason="defective", **{"amount.1": 1})
    assert "할 수 없습니다" in told
    send(street, browser, f"/console/orders/{one}/deliver")
    send(street, browser, part, reason="defective", **{"amount.2": 1})
    deal, order = street.order(UUID(one))
    assert (deal.state, order.refunded_krw) == ("returned", 1_000 + 2_900)
    street.books_agree()
    text = shown(browser, f"/console/orders/{one}")
    assert "−2,900원" in text
    assert "돈이 간 곳" in text
    assert "망가졌거나 설명과 다름" in text
    assert "defective" not in text.partition("환불")[2].partition("모든 과정")[0]
    went, came_back = columns(text)
    assert sum(went) == order.total_krw
    assert sum(came_back) == -order.refunded_krw


def columns(text: str) -> tuple[list[int], list[int]]:
    """The won of the table of where the money went, and of what came back."""
    cells = re.findall(r'<td class="num">([^<]*)</td>', text.partition("<tbody>")[2].partition("</tbody>")[0])
    won = [int(re.sub(r"[^0-9-]", "", cell.replace("−", "-")) or 0) if cell != "–" else 0 for cell in cells]
    return won[::2], won[1::2]


def test_a_return_is_decided_for_what_really_came_back(street: Street, browser: Client) -> None:

    one = by_post(street, RAMEN=3)
    for step in ("pack", "ship", "deliver"):
        send(street, browser, f"/console/orders/{one}/{step}")
    street.ask_back(UUID(one), [Wish(line=1, amount=3)])
    assert one in shown(browser, "/console/orders?state=returning")
    assert "신라면 3개" in shown(browser, f"/console/orders/{one}").partition("신청한 반품·교환")[2]
    send(street, browser, f"/console/orders/{one}/take_back", sellable="yes", **{"amount.1": 2})
    deal, order = street.order(UUID(one))
    assert (deal.state, order.refunded_krw, order.left(order.lines[0])) == ("returned", 2_000, 1)


def test_each_of_two_claims_is_decided_by_itself_while_the_other_waits(street: Street, browser: Client) -> None:
    one = by_post(street, RAMEN=3)
    for step in ("pack", "ship", "deliver"):
        send(street, browser, f"/console/orders/{one}/{step}")
    for _ in range(2):
        street.ask_back(UUID(one), [Wish(line=1, amount=1)])
    page = shown(browser, f"/console/orders/{one}")
    assert "반품·교환 신청 1" in page
    assert "반품·교환 신청 2" in page
    assert 'max="2"' in page, "what the other claim is about cannot come back under this one"
    send(street, browser, f"/console/orders/{one}/take_back", claim="2", sellable="yes", **{"amount.1": 1})
    assert (street.state(UUID(one)), street.order(UUID(one))[1].refunded_krw) == ("returning", 1_000)
    send(street, browser, f"/console/orders/{one}/part", reason="defective", **{"amount.1": 1})
    assert street.order(UUID(one))[1].refunded_krw == 2_000, "and a part beside them"
    send(street, browser, f"/console/orders/{one}/decline", claim="1", why="멀쩡합니다")
    assert street.state(UUID(one)) == "declined"


def test_orders_are_taken_out_as_a_file_and_come_back_with_their_waybills(street: Street, browser: Client) -> None:

    one, two = by_post(street, RAMEN=1), by_post(street, RICE=1)
    for id in (one, two):
        street.step(UUID(id), "pack")
    rows = list(csv.DictReader(io.StringIO(browser.get("/console/orders/file.csv").content.decode("utf-8-sig"))))
    assert {row["주문번호"] for row in rows} == {one, two}
    assert "김미나" not in str(rows)
    assert browser.get("/console/orders/file.xlsx").content[:2] == b"PK"
    assert browser.get("/console/orders/file.pdf").json()["code"] == "console.no_such_file"
    file = f"고객주문번호,택배사,운송장번호\n{one},한진택배,555\nx,한진택배,1\n{two},한진택배,\n".encode("cp949")
    street.clock.advance(s=2)
    upload = {"file": ("waybills.csv", file, "text/csv")}
    told = browser.post("/console/orders/waybills", data={"idempotency_key": "w"}, files=upload, headers=HTML).text
    assert "1건 처리했습니다" in told
    assert "처리하지 못한 것 2건" in told
    assert street.order(UUID(one))[1].sent_number == "555"
    assert street.state(UUID(two)) == "packed"


def test_a_waybill_file_without_its_columns_is_refused() -> None:
    with pytest.raises(waybills.Malformed) as told:
        waybills.read("이름,번호\n김,1\n".encode())
    assert told.value.code == "console.bad_waybills"


def test_orders_are_for_the_shops_people_only(street: Street, browser: Client) -> None:
    one = by_post(street, RAMEN=1)
    browser.keeps("madang_session", "ara")
    for path in ("/console/orders", f"/console/orders/{one}", "/console/orders/file.csv"):
        assert browser.get(path).status_code == 403


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_page_of_orders_opens_in_both_languages(street: Street, browser: Client, lang: str) -> None:
    one = by_post(street, RAMEN=1)
    for path in (
        "/console/orders?",
        f"/console/orders/{one}?",
        f"/console/orders/ship?order={one}&",
        "/console/orders?q=nothing&",
    ):
        assert f'<html lang="{lang}">' in shown(browser, f"{path}lang={lang}")


def test_the_overview_says_first_what_waits_for_a_person_and_where(street: Street, browser: Client) -> None:
    def found() -> dict[tuple[str, str], int]:
        made = street.read(lambda tx: waiting(tx, PEOPLE["op"], at_us=street.now))
        return {(one.what, one.where): one.n for one in made}

    assert found() == {}
    assert "기다리는 일이 없습니다" in shown(browser, "/console")
    one = by_post(street, RAMEN=1)
    street.step(UUID(by_post(street, MILK=49)), "pack")
    milk = stock.Lot(sku="RICE", amount=1, lot="2026-09-23")
    id = street.ids.new()
    street.write(lambda tx: stock.receive(tx, BY, "s1", [milk], id=id, at_us=street.now))
    assert found() == {
        ("expiry", "/console/stock/s1"): 1,
        ("paid", "/console/orders?state=paid"): 1,
        ("packed", "/console/orders?state=packed"): 1,
        ("low", "/console/stock/s1"): 1,
    }
    for step in ("pack", "ship", "deliver"):
        send(street, browser, f"/console/orders/{one}/{step}")
    street.ask_back(UUID(one), [Wish(line=1, amount=1)])
    assert found()["returning", "/console/orders?state=returning"] == 1
    text = shown(browser, "/console")
    assert text.index("정해야 할 반품·교환") < text.index("보내거나 준비할 주문"), "what presses comes first"
