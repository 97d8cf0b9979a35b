"""Goods are received, counted, moved and thrown away by plain forms; the books and the trail follow."""

from __future__ import annotations

import pytest
from tests.asking import Client
from tests.catalog.shop_of_goods import Goods
from tests.console.people import PEOPLE

from madang import journal
from madang.catalog import stock
from madang.console.stockroom import Act, Done, Stockroom
from madang.kernel import Conflict, Forbidden, Invalid

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
