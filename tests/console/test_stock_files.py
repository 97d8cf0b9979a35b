"""A place's stock comes in and goes out as files: shown first, booked whole or not at all, taken back."""

from __future__ import annotations

import io

import msgspec
import openpyxl
import pytest
from tests.asking import Client
from tests.catalog.shop_of_goods import GOODS, Goods
from tests.console.people import PEOPLE

from madang import catalog, journal, ledger
from madang.catalog import Product, stock
from madang.console.desk import ConsoleDesk
from madang.console.model import Change
from madang.console.stock_sheets import Given, StockSheets
from madang.console.stockroom import Act
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, Role
from madang.kernel.clock import DAY_US
from madang.ledger import Book

MINA = PEOPLE["mina"]
OTHER = Actor(Kind.PERSON, "other", MINA.neighbourhood, frozenset({Role.STAFF}), frozenset({"h1"}))
BARCODE = "8801043015554"
DAY = "2030-01-01"


@pytest.fixture
def sheets(goods: Goods) -> StockSheets:
    return StockSheets(goods.db, MINA.neighbourhood, goods.clock, goods.ids)


def lots(goods: Goods, place: str = "s1") -> dict[tuple[str, str], int]:
    found = goods.read(lambda tx: stock.at_place(tx, MINA, place))
    return {lot: balance.posted for lot, balance in found.items()}


def make(goods: Goods, desk: ConsoleDesk, change: Change | None) -> Change:
    assert change is not None
    goods.clock.advance(s=1)
    return desk.apply(MINA, change.id)


def taken(goods: Goods, desk: ConsoleDesk, sheets: StockSheets, act: Act, text: str) -> Change:
    change, faults = sheets.take(MINA, "s1", act, text)
    assert faults == ()
    return make(goods, desk, change)


def told(sheets: StockSheets, act: Act, text: str) -> list[tuple[int, str, str]]:
    change, faults = sheets.take(MINA, "s1", act, text)
    assert change is None
    assert all(fault.ko and fault.en and fault.next_ko and fault.next_en for fault in faults)
    return [(fault.row, fault.column, fault.code) for fault in faults]


def test_a_delivery_note_is_shown_then_booked_and_taken_back(
    goods: Goods, desk: ConsoleDesk, sheets: StockSheets
) -> None:
    goods.add(msgspec.structs.replace(GOODS[1], gtin=BARCODE), change=True)
    note = f'상품코드,바코드,수량,소비기한,로트\n,{BARCODE},12,2030. 1. 1.,\nRAMEN,,30,{DAY},B7\nBEEF,,"1,500",,\n'
    change, faults = sheets.take(MINA, "s1", Act.RECEIVE, note)
    assert faults == ()
    assert lots(goods) == {}, "a preview books nothing"
    made = make(goods, desk, change)
    came = {("MILK", DAY): 12, ("RAMEN", f"{DAY}.B7"): 30, ("BEEF", stock.NO_LOT): 1500}
    assert lots(goods) == came
    assert len(goods.facts("catalog.stock_received")) == 1, "one note, one fact"
    desk.apply(MINA, made.id)
    assert lots(goods) == came, "made twice is made once"
    goods.clock.advance(s=1)
    desk.undo(MINA, made.id)
    assert lots(goods) == {}
    kinds = goods.read(lambda tx: [one.kind for one in journal.trail(tx, MINA, subject="s1", limit=2)])
    assert kinds == ["catalog.stock_taken_back", "catalog.stock_received"]


def test_what_was_thrown_away_by_mistake_is_no_waste_of_its_day_however_late_that_is_seen(
    goods: Goods, desk: ConsoleDesk, sheets: StockSheets
) -> None:
    goods.receive({"MILK": 10}, lot=DAY)
    made = taken(goods, desk, sheets, Act.WASTE, f"sku,amount,expires\nMILK,4,{DAY}\n")
    goods.clock.advance(us=2 * DAY_US)
    desk.undo(MINA, made.id)
    assert lots(goods) == {("MILK", DAY): 10}
    wasted = goods.read(lambda tx: ledger.balances(tx, book=Book.GOODS, code="waste"))
    assert {balance.posted for balance in wasted.values()} == {0}, "of no day more or less than nothing"


def test_what_came_can_be_booked_back_only_while_it_is_there(
    goods: Goods, desk: ConsoleDesk, sheets: StockSheets
) -> None:
    made = taken(goods, desk, sheets, Act.RECEIVE, f"sku,amount,expires\nMILK,5,{DAY}\nRICE,5,{DAY}\n")
    taken(goods, desk, sheets, Act.WASTE, f"sku,amount,expires\nMILK,1,{DAY}\n")
    goods.clock.advance(s=1)
    with pytest.raises(Conflict):
        desk.undo(MINA, made.id)
    assert lots(goods) == {("MILK", DAY): 4, ("RICE", DAY): 5}, "nothing of it was booked back"


def test_a_count_sheet_given_out_comes_in_and_books_what_differs(
    goods: Goods, desk: ConsoleDesk, sheets: StockSheets
) -> None:
    goods.receive({"MILK": 10, "RAMEN": 4}, lot=DAY)
    goods.receive({"RICE": 3})
    heading, rows, name = sheets.give(MINA, "s1", Given.COUNT)
    assert name.startswith("stock-count-s1-")
    assert [row[:1] + row[5:6] for row in rows] == [["MILK", 10], ["RAMEN", 4], ["RICE", 3]]
    counted = {"MILK": 9, "RAMEN": 4}  # rice was not counted
    book = openpyxl.Workbook()
    book.active.append(heading)
    for row in rows:
        book.active.append([*row[:-1], counted.get(row[0])])
    data = io.BytesIO()
    book.save(data)
    change, faults = sheets.take(MINA, "s1", Act.COUNT, data.getvalue())
    assert faults == ()
    assert change is not None
    assert [edit.fields for edit in change.edits] == [[("on_hand", 10, 9)]]
    make(goods, desk, change)
    assert lots(goods) == {("MILK", DAY): 9, ("RAMEN", DAY): 4, ("RICE", stock.NO_LOT): 3}
    goods.clock.advance(s=1)
    desk.undo(MINA, change.id)
    assert lots(goods)["MILK", DAY] == 10


def test_a_count_is_not_booked_over_what_has_moved_since_and_a_delivery_is(
    goods: Goods, desk: ConsoleDesk, sheets: StockSheets
) -> None:
    goods.receive({"MILK": 10}, lot=DAY)
    count, _ = sheets.take(MINA, "s1", Act.COUNT, f"sku,amount,expires\nMILK,9,{DAY}\n")
    more, _ = sheets.take(MINA, "s1", Act.RECEIVE, f"sku,amount,expires\nMILK,5,{DAY}\n")
    goods.receive({"MILK": 1}, lot=DAY)
    with pytest.raises(Conflict) as moved:
        make(goods, desk, count)
    assert moved.value.code == "console.moved_on"
    assert lots(goods)["MILK", DAY] == 11
    make(goods, desk, more)
    assert lots(goods)["MILK", DAY] == 16


def test_goods_go_to_other_places_and_come_back(goods: Goods, desk: ConsoleDesk, sheets: StockSheets) -> None:
    goods.receive({"MILK": 10, "RICE": 4}, lot=DAY)
    made = taken(goods, desk, sheets, Act.TRANSFER, f"sku,amount,expires,어디로\nMILK,3,{DAY},거점\nRICE,4,{DAY},h1\n")
    assert lots(goods, "h1") == {("MILK", DAY): 3, ("RICE", DAY): 4}
    assert len(goods.facts("catalog.stock_moved")) == 1
    goods.clock.advance(s=1)
    desk.undo(MINA, made.id)
    assert (lots(goods, "h1"), lots(goods)) == ({}, {("MILK", DAY): 10, ("RICE", DAY): 4})


def test_what_has_expired_is_given_out_ready_to_be_thrown_away(
    goods: Goods, desk: ConsoleDesk, sheets: StockSheets
) -> None:
    goods.receive({"MILK": 4}, lot="2020-01-01")
    goods.receive({"MILK": 6, "RICE": 1}, lot=DAY)
    heading, rows, _ = sheets.give(MINA, "s1", Given.WASTE)
    assert [(row[0], row[-2], row[-1]) for row in rows] == [("MILK", 4, "기한 지남")]
    text = "\n".join(",".join(str(cell) for cell in row) for row in [heading, *rows])
    made = taken(goods, desk, sheets, Act.WASTE, text)
    assert lots(goods) == {("MILK", DAY): 6, ("RICE", DAY): 1}
    assert [fact.reason for fact in goods.facts("catalog.stock_wasted")] == ["expired"]
    goods.clock.advance(s=1)
    desk.undo(MINA, made.id)
    assert lots(goods)["MILK", "2020-01-01"] == 4
    wasted = goods.read(lambda tx: ledger.balances(tx, book=Book.GOODS, code="waste", unsettled=True))
    assert wasted == {}


def test_every_fault_is_named_with_its_row_and_nothing_is_staged(goods: Goods, sheets: StockSheets) -> None:
    goods.receive({"MILK": 5}, lot=DAY)
    goods.reserve({"MILK": 2})
    head = "sku,gtin,amount,expires,batch\n"
    assert told(sheets, Act.RECEIVE, head + "NONE,,1,,\n,,1,,\nMILK,,0,,\nMILK,,x,,\nMILK,,1,soon,\nMILK,,1,,B7\n") == [
        (2, "sku", "unknown_product"), (3, "sku", "missing"), (4, "amount", "bad_number"),
        (5, "amount", "not_a_number"),
        (6, "expires", "bad_lot"), (7, "expires", "bad_lot"),
    ]  # fmt: skip
    assert told(sheets, Act.RECEIVE, f"{head}MILK,,1,{DAY},\nMILK,,2,{DAY},\n") == [(3, "sku", "twice")]
    assert told(sheets, Act.RECEIVE, f"{head}MILK,{BARCODE},1,{DAY},\n") == [(2, "gtin", "unknown_product")]
    assert told(sheets, Act.WASTE, f"{head}MILK,,4,{DAY},\n") == [(2, "amount", "not_enough")]
    assert told(sheets, Act.COUNT, f"{head}MILK,,1,{DAY},\n") == [(2, "amount", "under_reserved")]
    assert told(sheets, Act.TRANSFER, f"sku,amount,expires,target\nMILK,1,{DAY},s1\n") == [
        (2, "target", "unknown_place")
    ]
    split = f"sku,amount,expires,target\nMILK,2,{DAY},h1\nMILK,2,{DAY},거점\n"
    assert told(sheets, Act.TRANSFER, split) == [(3, "sku", "twice")]
    with pytest.raises(Invalid) as same:
        sheets.take(MINA, "s1", Act.COUNT, f"{head}MILK,,5,{DAY},\n")
    assert same.value.code == "console.nothing_to_change"


def test_nobody_of_another_place_takes_a_file_in_or_out(sheets: StockSheets) -> None:
    for by in (OTHER, PEOPLE["ara"]):
        with pytest.raises(Forbidden):
            sheets.take(by, "s1", Act.RECEIVE, "sku,amount\nMILK,1\n")
        with pytest.raises(Forbidden):
            sheets.give(by, "s1", Given.LIST)


def test_another_shops_own_product_is_said_to_be_another_shops(goods: Goods, sheets: StockSheets) -> None:
    keeper = Actor(Kind.PERSON, "keeper", MINA.neighbourhood, frozenset({Role.STAFF}), frozenset({"s1"}))
    id, own = goods.ids.new(), Product(id="OWN", name_ko="우리 것", name_en="Ours")
    goods.write(lambda tx: catalog.add_products(tx, keeper, [own], id=id, at_us=goods.now))
    change, faults = sheets.take(OTHER, "h1", Act.RECEIVE, "sku,amount\nOWN,1\nMILK,2\n")
    assert change is None
    assert [(fault.row, fault.code) for fault in faults] == [(2, "another_shops")]


def test_the_pages_give_sheets_and_show_faults_and_a_preview(client: Client, goods: Goods) -> None:
    page = client.get("/console/files").text
    assert "/console/files/stock/s1" in page
    page = client.get("/console/files/stock/s1").text
    assert "거래명세서" in page
    for what in Given:
        assert client.get(f"/console/files/stock/s1/{what}.csv").status_code == 200
    assert client.get("/console/files/stock/s1/list.pdf").status_code == 422
    bad = {"file": ("in.csv", "상품코드,수량\nNONE,1\n".encode(), "text/csv")}
    assert "카탈로그에 없는 상품" in client.post("/console/files/stock/s1", data={"act": "receive"}, files=bad).text
    good = {"file": ("in.csv", "상품코드,수량,소비기한\nMILK,7,2030-01-01\n".encode(), "text/csv")}
    answer = client.post("/console/files/stock/s1", data={"act": "receive"}, files=good)
    preview = client.get(answer.headers["location"]).text
    assert "서울우유 1L" in preview
    assert "+7" in preview
    goods.clock.advance(s=1)
    client.post(answer.headers["location"] + "/apply")
    assert lots(goods) == {("MILK", "2030-01-01"): 7}
