"""Goods are received, counted, moved and thrown away by plain forms; the books and the trail follow."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.asking import Client
from tests.catalog.shop_of_goods import Goods
from tests.console.people import PEOPLE

from madang import catalog, journal, ledger
from madang.catalog import Listing, State, Variant, stock
from madang.catalog.stock import accounts
from madang.console.stockroom import Act, Done, Stockroom
from madang.kernel import Conflict, Forbidden, Invalid
from madang.ledger import Transfer

MINA = PEOPLE["mina"]


def done(act: Act, amount: int, **more: str) -> Done:
    return Done(act=act, sku="MILK", amount=amount, **more)  # type: ignore[arg-type]


def on_hand(goods: Goods, place: str = "s1") -> int:
    return goods.read(
        lambda tx: stock.levels(tx, MINA, ["MILK"], place=place)["MILK"].get(place, stock.Level()).on_hand
    )


def test_what_is_done_with_goods_is_in_the_books_and_in_the_trail(goods: Goods, stockroom: Stockroom) -> None:
    stockroom.do(MINA, "s1", done(Act.RECEIVE, 10, lot="2030-01-01"))
    stockroom.do(MINA, "s1", done(Act.COUNT, 9, lot="2030-01-01"))
    stockroom.do(MINA, "s1", done(Act.TRANSFER, 4, lot="2030-01-01", target="h1"))
    stockroom.do(MINA, "s1", done(Act.WASTE, 1, lot="2030-01-01", reason="damaged"))
    assert (on_hand(goods), on_hand(goods, "h1")) == (4, 4)
    assert [(lot.lot, lot.amount) for lot, _held in stockroom.lots(MINA, "s1", "MILK")] == [("2030-01-01", 4)]
    kinds = goods.read(lambda tx: [fact.kind for fact in journal.trail(tx, MINA, subject="s1", limit=4)])
    assert kinds == ["catalog.stock_wasted", "catalog.stock_moved", "catalog.stock_counted", "catalog.stock_received"]


def test_no_more_than_there_is_can_go_and_then_nothing_has_gone(goods: Goods, stockroom: Stockroom) -> None:
    stockroom.do(MINA, "s1", done(Act.RECEIVE, 3))
    for act in (Act.WASTE, Act.TRANSFER):
        with pytest.raises(Conflict):
            stockroom.do(MINA, "s1", done(act, 4, target="h1"))
    assert on_hand(goods) == 3
    with pytest.raises(Invalid):
        stockroom.do(MINA, "s1", done(Act.RECEIVE, 0))


def test_a_neighbour_neither_looks_at_nor_touches_stock(stockroom: Stockroom) -> None:
    with pytest.raises(Forbidden):
        stockroom.do(PEOPLE["ara"], "s1", done(Act.RECEIVE, 1))
    with pytest.raises(Forbidden):
        stockroom.lots(PEOPLE["ara"], "s1", "MILK")


def test_the_pages_show_levels_what_expires_and_the_forms(client: Client, stockroom: Stockroom) -> None:
    soon = stockroom.today.isoformat()
    assert client.get("/console/stock").status_code == 200
    form = {"act": "receive", "amount": "7", "expires": soon}
    answer = client.post("/console/stock/s1/MILK", data=form)
    assert answer.headers["location"] == "/console/stock/s1/MILK?did=receive"
    page = client.get("/console/stock/s1").text
    assert "곧 기한이 끝납니다" in page
    assert soon in page
    one = client.get("/console/stock/s1/MILK").text
    assert one.count('<form class="card cs-form"') == len(Act)
    assert "7 있음" in one
    bad = client.post("/console/stock/s1/MILK", data=form | {"expires": "soon"})
    assert bad.status_code == 422
    assert bad.json()["messages"]["ko"]


def test_how_long_goods_last_is_told_from_what_was_sold_in_two_weeks(goods: Goods, stockroom: Stockroom) -> None:
    look = lambda: stockroom.at(MINA, "s1").outlook  # noqa: E731
    today = stockroom.today
    for sku, lot in (("MILK", today - timedelta(days=1)), ("MILK", today + timedelta(days=2)), ("RAMEN", date.max)):
        goods.receive({sku: 14}, lot=lot.isoformat())
    before = look()
    assert before is not None
    assert (sum(before.cover), before.unsold) == (0, 2), "nothing was sold: nobody can say how long it lasts"
    assert [n for n, lots in enumerate(before.expiring) if lots] == [0, 3], "over, and the day after tomorrow"
    sell(goods, "MILK", 14)
    after = look()
    assert after is not None
    assert after.cover == (0, 1, 0, 0, 0, 0), "14 are left where 14 went on the first day"
    goods.clock.advance(s=13 * 86_400)
    slower = look()
    assert slower is not None
    assert slower.cover == (0, 0, 0, 0, 1, 0), "14 are left where 14 went in 14 days"
    goods.clock.advance(s=2 * 86_400)
    later = look()
    assert later is not None
    assert (sum(later.cover), later.unsold) == (0, 2), "what was sold before says nothing about now"
    sell(goods, "MILK", 14)
    gone = look()
    assert gone is not None
    assert gone.cover[0] == 1
    milk = Listing(id="MILK", name_ko="우유", name_en="Milk", variants=(Variant(sku="MILK"),), state=State.HIDDEN)
    goods.write(lambda tx: catalog.set_listings(tx, MINA, [milk], id=goods.ids.new(), at_us=goods.now))
    hidden = look()
    assert hidden is not None
    assert sum(hidden.cover) == 0, "what was taken off sale has not run out"
    assert stockroom.at(MINA, "s1", text="milk").outlook is None, "who looks for one product is shown that product"


def sell(goods: Goods, sku: str, amount: int) -> None:
    unit, at_us = f"{sku}:ea", goods.now
    lots = goods.read(lambda tx: stock.lots(tx, MINA, "s1", sku))
    key, to = accounts.stock("s1", lots[0][0].lot, unit), accounts.sold("s1", at_us, unit)
    one = Transfer(id=goods.ids.new(), debit=key, credit=to, amount=amount, at_us=at_us)
    goods.write(lambda tx: ledger.post(tx, [one]))


def test_the_stock_page_draws_only_what_there_is_to_see(client: Client, goods: Goods, stockroom: Stockroom) -> None:
    assert '<svg class="chart' not in client.get("/console/stock/s1").text
    goods.receive({"MILK": 3}, lot=stockroom.today.isoformat())
    text = client.get("/console/stock/s1?lang=ko").text
    assert text.count('<svg class="chart') == 2, "one chart, for desk and phone"
    assert "로트 1개" in text
