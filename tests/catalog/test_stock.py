"""Stock by place: what comes, goes, is counted, held and sold, and that nothing is sold twice."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest
from tests.catalog.shop_of_goods import BY, NEIGHBOUR, Goods

from madang import catalog, ledger
from madang.catalog import Bundle, stock
from madang.catalog.stock import Level, Lot
from madang.kernel import Conflict, Forbidden, Invalid, NotFound
from madang.kernel.clock import MINUTE_US
from madang.walkout import books


def test_what_is_received_can_be_had_until_it_is_reserved(goods: Goods) -> None:
    goods.receive({"RAMEN": 10})
    held = goods.reserve({"RAMEN": 4})
    assert goods.read(lambda tx: stock.levels(tx, BY, ["RAMEN"])) == {"RAMEN": {"s1": Level(on_hand=10, reserved=4)}}
    assert goods.available("RAMEN") == 6
    goods.write(lambda tx: stock.take(tx, NEIGHBOUR, held, at_us=goods.now, cause="order/1"))
    assert goods.read(lambda tx: stock.levels(tx, BY, ["RAMEN"]))["RAMEN"]["s1"] == Level(on_hand=6)
    assert goods.read(lambda tx: ledger.balance(tx, stock.sold("s1", goods.now, "RAMEN:ea"))).posted == 4


def test_a_reservation_lapses_by_itself_and_can_be_released(goods: Goods) -> None:
    goods.receive({"RAMEN": 3})
    held = goods.reserve({"RAMEN": 3}, expires_at_us=goods.now + MINUTE_US)
    with pytest.raises(Conflict) as caught:
        goods.reserve({"RAMEN": 1})
    assert caught.value.code == "catalog.sold_out"
    assert caught.value.details["available"] == {"RAMEN": 0}
    goods.clock.advance(s=61)
    goods.write(lambda tx: ledger.expire(tx, goods.now))
    assert goods.available("RAMEN") == 3
    with pytest.raises(Conflict):
        goods.write(lambda tx: stock.take(tx, NEIGHBOUR, held, at_us=goods.now, cause="late"))
    again = goods.reserve({"RAMEN": 3})
    for _ in range(2):
        goods.write(lambda tx: stock.release(tx, NEIGHBOUR, again, at_us=goods.now, cause="no"))
    assert goods.available("RAMEN") == 3


def test_reserving_again_under_the_same_id_holds_once(goods: Goods) -> None:
    goods.receive({"RAMEN": 5})
    id_ = goods.ids.new()
    first = goods.reserve({"RAMEN": 5}, id=id_)
    assert goods.reserve({"RAMEN": 5}, id=id_) == first
    assert goods.available("RAMEN") == 0


def test_the_lot_that_expires_first_goes_first_and_shelves_last(goods: Goods) -> None:
    goods.receive({"MILK": 2}, lot="2026-12-09")
    goods.receive({"MILK": 2}, lot="2026-12-01.B7")
    goods.receive({"MILK": 2})
    id_ = goods.ids.new()
    goods.write(lambda tx: stock.shelve(tx, BY, "s1", "F1", [Lot(sku="MILK", amount=1)], id=id_, at_us=goods.now))
    held = goods.reserve({"MILK": 6})
    assert [(r.source.owner, r.amount) for r in held] == [
        ("s1/2026-12-01.B7", 2), ("s1/2026-12-09", 2), ("s1/-", 1), ("s1/F1", 1),
    ]  # fmt: skip
    listed = goods.read(lambda tx: stock.lots(tx, BY, "s1", "MILK"))
    assert [(lot.lot, lot.amount, reserved) for lot, reserved in listed] == [
        ("2026-12-01.B7", 2, 2), ("2026-12-09", 2, 2), ("-", 1, 1),
    ]  # fmt: skip
    due = goods.read(lambda tx: stock.expiring(tx, BY, "s1", date(2026, 12, 1)))
    assert [lot.expires_on for lot in due] == [date(2026, 12, 1)]


def test_a_walk_out_shelf_is_stock_too(goods: Goods) -> None:
    assert books.shelf("s1", "F1", "RAMEN") == stock.shelf("s1", "F1", "RAMEN")
    goods.receive({"RAMEN": 3})
    id_ = goods.ids.new()
    goods.write(lambda tx: stock.shelve(tx, BY, "s1", "F1", [Lot(sku="RAMEN", amount=3)], id=id_, at_us=goods.now))
    assert goods.available("RAMEN") == 3
    with pytest.raises(Conflict):
        goods.reserve({"RAMEN": 1}, shelves=False)


def test_goods_move_between_places_and_never_more_than_there_are(goods: Goods) -> None:
    goods.receive({"RICE": 5})
    move = [Lot(sku="RICE", amount=4)]
    for id_ in [goods.ids.new()] * 2:
        goods.write(lambda tx, id_=id_: stock.transfer(tx, BY, "s1", "h1", move, id=id_, at_us=goods.now))  # type: ignore[misc]
    assert (goods.available("RICE"), goods.available("RICE", "h1")) == (1, 4)
    with pytest.raises(Conflict):
        goods.write(partial(_transfer_all, goods, move))
    with pytest.raises(NotFound):
        goods.receive({"RICE": 1}, place="nowhere")


def test_a_count_moves_the_difference_to_lost_and_keeps_what_is_reserved(goods: Goods) -> None:
    goods.receive({"RAMEN": 10})
    goods.reserve({"RAMEN": 3})
    assert _count(goods, 8) == -2
    assert _count(goods, 9) == 1
    assert goods.read(lambda tx: ledger.balance(tx, stock.lost("s1", "RAMEN:ea"))).posted == 1
    with pytest.raises(Conflict, match=r"catalog\.stock_reserved"):
        _count(goods, 2)
    assert [f.counted for f in goods.facts("catalog.stock_counted")] == [8, 9]


def test_waste_says_why(goods: Goods) -> None:
    goods.receive({"MILK": 2}, lot="2026-09-01")
    id_, old = goods.ids.new(), [Lot(sku="MILK", amount=2, lot="2026-09-01")]
    goods.write(lambda tx: stock.waste(tx, BY, "s1", old, reason="expired", id=id_, at_us=goods.now))
    assert goods.available("MILK") == 0
    (fact,) = goods.facts("catalog.stock_wasted")
    assert (fact.reason, fact.goods[0].lot) == ("expired", "2026-09-01")


def test_a_bundle_is_what_its_components_allow(goods: Goods) -> None:
    id_ = goods.ids.new()
    parts = [Bundle(sku="SET", parts={"RAMEN": 2, "MILK": 1})]
    goods.write(lambda tx: catalog.set_bundles(tx, BY, parts, id=id_, at_us=goods.now))
    goods.receive({"RAMEN": 7, "MILK": 9})
    assert goods.available("SET") == 3
    goods.reserve({"SET": 3, "RAMEN": 1})
    assert (goods.available("SET"), goods.available("RAMEN"), goods.available("MILK")) == (0, 0, 6)
    with pytest.raises(Invalid, match=r"catalog\.bad_bundle"):
        goods.write(
            lambda tx: catalog.set_bundles(tx, BY, [Bundle(sku="RICE", parts={"SET": 1})], id=id_, at_us=goods.now)
        )


def test_weighed_goods_are_kept_in_grams(goods: Goods) -> None:
    goods.receive({"BEEF": 5_000})
    goods.reserve({"BEEF": 350})
    assert goods.available("BEEF") == 4_650
    id_, some = goods.ids.new(), [Lot(sku="BEEF", amount=1)]
    with pytest.raises(Invalid, match=r"catalog\.shelf_counts_pieces"):
        goods.write(lambda tx: stock.shelve(tx, BY, "s1", "F1", some, id=id_, at_us=goods.now))


def test_forty_attempts_at_twenty_pieces_sell_exactly_twenty(goods: Goods) -> None:
    goods.receive({"RAMEN": 20})
    sold = 0
    for _ in range(40):
        try:
            goods.reserve({"RAMEN": 1})
            sold += 1
        except Conflict:
            pass
    assert (sold, goods.available("RAMEN")) == (20, 0)


def test_shoppers_do_not_touch_stock_and_lots_are_dates(goods: Goods) -> None:
    id_ = goods.ids.new()
    with pytest.raises(Forbidden):
        goods.write(
            lambda tx: stock.receive(tx, NEIGHBOUR, "s1", [Lot(sku="RAMEN", amount=1)], id=id_, at_us=goods.now)
        )
    for lot in ("tomorrow", "2026-13-01", "2026-12-01/x"):
        with pytest.raises(Invalid, match=r"catalog\.bad_lot"):
            goods.receive({"RAMEN": 1}, lot=lot)


def _transfer_all(goods: Goods, move: list[Lot], tx: object) -> None:
    stock.transfer(tx, BY, "s1", "h1", move, id=goods.ids.new(), at_us=goods.now)  # type: ignore[arg-type]


def _count(goods: Goods, n: int) -> int:
    id_ = goods.ids.new()
    return goods.write(lambda tx: stock.count(tx, BY, "s1", Lot(sku="RAMEN", amount=n), id=id_, at_us=goods.now))
