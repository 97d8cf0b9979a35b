"""Many things are changed at once, as they were shown, or not at all; and taken back together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.catalog.shop_of_goods import NEIGHBOUR, PRICES, Goods
from tests.console.people import PEOPLE

from madang import catalog, journal
from madang.catalog import Sheet
from madang.console import service
from madang.console.desk import ConsoleDesk
from madang.console.model import Change
from madang.console.repricing import How, Rule, repriced
from madang.kernel import Conflict, Forbidden, Invalid, NotFound

MINA = PEOPLE["mina"]
OFF = Rule(how=How.PERCENT, value=-10)


def prices(goods: Goods) -> dict[str, int]:
    return goods.read(lambda tx: catalog.price_at(tx, MINA, PRICES, goods.now))


def told(goods: Goods, change: Change) -> list[str]:
    return [fact.kind for fact in goods.read(lambda tx: journal.read(tx, MINA, subject=str(change.id)))]


def test_a_preview_changes_nothing_and_making_it_changes_what_it_showed(goods: Goods, desk: ConsoleDesk) -> None:
    change = desk.reprice(MINA, ["RAMEN", "MILK"], OFF)
    assert prices(goods) == PRICES
    goods.clock.advance(s=1)
    desk.apply(MINA, change.id)
    assert prices(goods) == {**PRICES, "RAMEN": 900, "MILK": 2610}
    assert [edit.fields for edit in change.edits] == [[("price_krw", 2900, 2610)], [("price_krw", 1000, 900)]]
    assert told(goods, change) == ["console.changed"]


def test_a_change_that_is_taken_back_leaves_the_prices_as_they_were(goods: Goods, desk: ConsoleDesk) -> None:
    change = desk.reprice(MINA, list(PRICES), OFF)
    goods.clock.advance(s=1)
    desk.apply(MINA, change.id)
    goods.clock.advance(s=1)
    assert desk.undo(MINA, change.id).undone_at_us == goods.now
    assert prices(goods) == PRICES
    assert told(goods, change) == ["console.changed", "console.undone"]


def test_making_or_taking_back_twice_is_done_once(goods: Goods, desk: ConsoleDesk) -> None:
    change = desk.reprice(MINA, ["RAMEN"], OFF)
    goods.clock.advance(s=1)
    made = desk.apply(MINA, change.id)
    goods.clock.advance(s=1)
    assert desk.apply(MINA, change.id) == made
    desk.undo(MINA, change.id)
    desk.undo(MINA, change.id)
    assert told(goods, change) == ["console.changed", "console.undone"]


def test_what_somebody_else_has_changed_meanwhile_stops_all_of_it(goods: Goods, desk: ConsoleDesk) -> None:
    change = desk.reprice(MINA, ["RAMEN", "MILK"], OFF)
    goods.clock.advance(s=1)
    goods.price({"MILK": 3000})
    with pytest.raises(Conflict) as refused:
        desk.apply(MINA, change.id)
    assert refused.value.code == "console.moved_on"
    assert refused.value.details["objects"] == ["MILK"]
    assert prices(goods)["RAMEN"] == 1000


def test_a_change_is_not_taken_back_over_what_came_after_it(goods: Goods, desk: ConsoleDesk) -> None:
    change = desk.reprice(MINA, ["RAMEN", "MILK"], OFF)
    goods.clock.advance(s=1)
    desk.apply(MINA, change.id)
    goods.clock.advance(s=1)
    goods.price({"MILK": 3000})
    with pytest.raises(Conflict, match="MILK"):
        desk.undo(MINA, change.id)
    assert prices(goods)["RAMEN"] == 900


def test_a_preview_lasts_an_hour_and_what_was_never_made_is_forgotten(goods: Goods, desk: ConsoleDesk) -> None:
    change = desk.reprice(MINA, ["RAMEN"], OFF)
    goods.clock.advance(s=3600)
    with pytest.raises(Conflict) as late:
        desk.apply(MINA, change.id)
    assert late.value.code == "console.preview_expired"
    goods.clock.advance(s=1)
    desk.reprice(MINA, ["RAMEN"], OFF)
    with pytest.raises(NotFound):
        desk.apply(MINA, change.id)


def test_only_who_serves_in_a_shop_changes_or_looks(goods: Goods, desk: ConsoleDesk) -> None:
    acts: list[Callable[[], object]] = [
        lambda: desk.reprice(NEIGHBOUR, ["RAMEN"], OFF),
        lambda: desk.overview(NEIGHBOUR),
        lambda: desk.trail(NEIGHBOUR, "", None),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    assert prices(goods) == PRICES


def test_nothing_to_change_is_said(desk: ConsoleDesk) -> None:
    with pytest.raises(Invalid) as nothing:
        desk.reprice(MINA, ["RAMEN"], Rule(how=How.AMOUNT, value=0))
    assert nothing.value.code == "console.nothing_to_change"


def test_a_workbook_given_out_and_taken_in_again_changes_what_was_edited(goods: Goods, desk: ConsoleDesk) -> None:
    for form in ("xlsx", "csv"):
        content, _media, name = desk.export(MINA, Sheet.PRODUCTS, form)
        assert name.endswith(form)
        with pytest.raises(Invalid) as nothing:
            desk.take(MINA, Sheet.PRODUCTS, content)
        assert nothing.value.code == "console.nothing_to_change"
    goods.clock.advance(s=1)
    goods.price({"RAMEN": 1100})
    goods.clock.advance(s=1)
    old, _media, _name = desk.export(MINA, Sheet.PRICES, "csv")
    edited = old.decode("utf-8-sig").replace("RAMEN,1100", "RAMEN,1300")
    change, faults = desk.take(MINA, Sheet.PRICES, edited.encode())
    assert faults == ()
    assert change is not None
    assert [(edit.object, edit.fields) for edit in change.edits] == [("RAMEN", [("price_krw", 1100, 1300)])]


def test_a_file_of_product_pages_goes_out_in_and_back(goods: Goods, desk: ConsoleDesk) -> None:
    for form in ("csv", "xlsx"):
        content, _media, _name = desk.export(MINA, Sheet.LISTINGS, form)
        with pytest.raises(Invalid) as nothing:
            desk.take(MINA, Sheet.LISTINGS, content)
        assert nothing.value.code == "console.nothing_to_change"
    change, faults = desk.take(MINA, Sheet.LISTINGS, "상품코드,원산지,알레르기\nRAMEN,국내산,밀\n".encode())
    assert faults == ()
    assert change is not None
    assert change.edits[0].fields == [("origin", "", "국내산"), ("allergens", [], ["wheat"])]
    desk.apply(MINA, change.id)
    assert goods.read(lambda tx: catalog.listing(tx, MINA, "RAMEN")).origin == "국내산"
    desk.undo(MINA, change.id)
    assert goods.read(lambda tx: catalog.listing(tx, MINA, "RAMEN")).origin == ""


def test_the_overview_counts_products_and_those_without_a_price(goods: Goods, desk: ConsoleDesk) -> None:
    before = desk.overview(MINA)
    goods.add(catalog.Product(id="NEW", name_ko="새 과자", name_en="New"))
    coming = catalog.Price(product="NEW", price_krw=900, from_us=goods.now + 10**9)
    id_ = goods.ids.new()
    goods.write(lambda tx: catalog.set_prices(tx, MINA, [coming], id=id_, at_us=goods.now))
    after = desk.overview(MINA)
    assert (after.products, after.unpriced) == (before.products + 1, before.unpriced + 1)


def test_a_file_with_faults_stages_nothing_and_names_every_one(desk: ConsoleDesk) -> None:
    change, faults = desk.take(MINA, Sheet.PRODUCTS, "상품코드,상품명,바코드\nA1,과자,123\nA2,,\n".encode())
    assert change is None
    assert [fault.row for fault in faults] == [2, 3]


def test_what_a_change_added_stays_when_it_is_taken_back(goods: Goods, desk: ConsoleDesk) -> None:
    change, _ = desk.take(MINA, Sheet.PRODUCTS, "상품코드,상품명\nRAMEN,매운 신라면\nNEW,새 과자\n".encode())
    assert change is not None
    assert (change.added, change.changed) == (1, 1)
    desk.apply(MINA, change.id)
    desk.undo(MINA, change.id)
    names = goods.read(lambda tx: {p.id: p.name_ko for p in catalog.find_products(tx, MINA).rows})
    assert names["RAMEN"] == "신라면"
    assert names["NEW"] == "새 과자"


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        (Rule(how=How.PERCENT, value=-10), 1110),
        (Rule(how=How.PERCENT, value=3.3, step_krw=100), 1300),
        (Rule(how=How.AMOUNT, value=-100, step_krw=1), 1134),
        (Rule(how=How.EXACT, value=5000), 5000),
    ],
)
def test_a_rule_gives_a_price_in_whole_steps(rule: Rule, after: int) -> None:
    assert repriced({"a": 1234}, rule) == {"a": after}


@pytest.mark.parametrize("rule", [Rule(how=How.AMOUNT, value=-2000), Rule(how=How.PERCENT, value=-1, step_krw=7)])
def test_a_price_nobody_could_pay_is_refused(rule: Rule) -> None:
    with pytest.raises(Invalid):
        repriced({"a": 1234}, rule)


def test_a_shops_first_price_of_its_own_is_gone_again_when_it_is_taken_back(goods: Goods, desk: ConsoleDesk) -> None:
    op = PEOPLE["mina"]

    def price(shop: str) -> int:
        return goods.read(lambda tx: catalog.price_at(tx, op, ["MILK"], goods.now, shop=shop))["MILK"]

    def staged(krw: int) -> Change:
        id = goods.ids.new()
        return goods.write(
            lambda tx: service.stage_prices(tx, op, {"MILK": krw}, id=id, at_us=goods.now, shop="s1")
        )  # fmt: skip

    change = staged(2_500)
    goods.clock.advance(s=1)
    desk.apply(op, change.id)
    assert (price("s1"), price("")) == (2_500, 2_900)
    goods.clock.advance(s=1)
    desk.undo(op, change.id)
    assert price("s1") == 2_900
    goods.clock.advance(s=1)
    every = goods.ids.new()
    goods.write(lambda tx: service.stage_prices(tx, op, {"MILK": 3_100}, id=every, at_us=goods.now))
    desk.apply(op, every)
    assert price("s1") == 3_100, "it has no price of its own that would stay behind"
    goods.clock.advance(s=1)
    own, other = staged(2_000), staged(1_900)
    desk.apply(op, own.id)
    with pytest.raises(Conflict, match="moved_on"):
        desk.apply(op, other.id)
    goods.clock.advance(s=1)
    second = staged(1_800)
    desk.apply(op, second.id)
    goods.clock.advance(s=1)
    desk.undo(op, second.id)
    assert price("s1") == 2_000, "what was its own before is its own again"
