"""Quotes on a database: price lists, promotions, bundles, gift cards, and what has been used."""

from __future__ import annotations

import pytest
from tests.catalog.shop_of_goods import BY, NEIGHBOUR, Goods, plain

from madang import catalog
from madang.catalog import (
    Ask,
    Bundle,
    Category,
    Collection,
    Form,
    NForM,
    OffBasket,
    Percent,
    PriceList,
    Promotion,
    Quote,
    Rule,
    Shopper,
)
from madang.kernel import Forbidden, Invalid

MEMBER = Shopper(person="p1", tags=frozenset({"member"}))


def set_rules(goods: Goods, *rules: Promotion) -> None:
    id_ = goods.ids.new()
    goods.write(lambda tx: catalog.set_promotions(tx, BY, rules, id=id_, at_us=goods.now))


def percent(id: str, bp: int, **more: object) -> Promotion:
    return Promotion(id=id, name_ko="할인", name_en="Deal", effect=Percent(bp), **more)  # type: ignore[arg-type]


def told(quote: Quote, key: str) -> list[tuple[str, int]]:
    (line,) = [line for line in quote.lines if line.key == key]
    assert sum(step.amount_krw for step in line.trace) == line.amount_krw
    return [(step.rule, step.amount_krw) for step in line.trace]


def test_plain_lines_cost_what_the_catalogue_says(goods: Goods) -> None:
    goods.price({"MILK": 2700}, shop="s1")
    quote = goods.quote(Ask(sku="RAMEN", qty=3), "MILK", Ask(sku="BEEF", grams=333), "RAMEN")
    assert {line.key: line.amount_krw for line in quote.lines} == {"RAMEN": 4000, "MILK": 2700, "BEEF": 18_482}
    assert (quote.total_krw, quote.taxable_krw, quote.exempt_krw, quote.gift_krw) == (25_182, 6_700, 18_482, 0)
    assert goods.quote("MILK", shop="").total_krw == 2900
    goods.add(catalog.Product(id="NEW", name_ko="새것", name_en="New"))
    with pytest.raises(Invalid, match=r"catalog\.no_price"):
        goods.quote("NEW")
    for bad in (Ask(sku="RAMEN", qty=0), Ask(sku="BEEF", qty=1), Ask(sku="RAMEN", qty=10**6)):
        with pytest.raises(Invalid, match=r"catalog\.bad_amount"):
            goods.quote(bad)


def test_a_price_list_and_rules_explain_every_won(goods: Goods) -> None:
    members = PriceList(id="club", name_ko="조합원가", name_en="Members", prices={"RAMEN": 900}, tags=("member",))
    cheaper = PriceList(id="cheap", name_ko="특가", name_en="Low", prices={"RAMEN": 100}, shops=("s9",))
    for one in (members, cheaper):
        id_ = goods.ids.new()
        goods.write(lambda tx, one=one, id_=id_: catalog.set_price_list(tx, BY, one, id=id_, at_us=goods.now))  # type: ignore[misc]
    set_rules(goods, percent("ten", 1000, any_of=("sku:RAMEN",), priority=2), percent("club", 500, tags=("member",)))
    assert told(goods.quote("RAMEN"), "RAMEN") == [("price", 1000), ("promotion:ten", -100)]
    assert told(goods.quote("RAMEN", shopper=MEMBER), "RAMEN") == [
        ("price", 1000), ("price_list:club", -100), ("promotion:ten", -90), ("promotion:club", -40),
    ]  # fmt: skip
    one_way = goods.quote("RAMEN", "MILK", shopper=MEMBER)
    assert one_way == goods.quote("MILK", "RAMEN", shopper=MEMBER)


def test_rules_find_lines_by_category_maker_and_collection(goods: Goods) -> None:
    id_ = goods.ids.new()
    tree = [
        Category(id="food", name_ko="식품", name_en="Food"),
        Category(id="noodles", name_ko="면", name_en="N", parent="food"),
    ]
    rich = Collection(id="rich", name_ko="비싼", name_en="Dear", rule=Rule(makers=("김장인",)), listings=("RICE",))
    goods.write(lambda tx: catalog.set_categories(tx, BY, tree, id=id_, at_us=goods.now))
    goods.write(lambda tx: catalog.set_collections(tx, BY, [rich], id=id_, at_us=goods.now))
    goods.list(plain("RAMEN", category="noodles"), plain("MILK", maker="김장인"))
    set_rules(
        goods, percent("food", 1000, any_of=("category:food",)), percent("rich", 2000, any_of=("collection:rich",))
    )
    quote = goods.quote("RAMEN", "MILK", "RICE", "SET")
    assert {line.key: line.off_krw for line in quote.lines} == {"RAMEN": 100, "MILK": 580, "RICE": 2400, "SET": 0}


def test_a_bundles_price_splits_into_taxable_and_exempt(goods: Goods) -> None:
    id_ = goods.ids.new()
    parts = [Bundle(sku="SET", parts={"RAMEN": 3, "RICE": 1})]
    goods.write(lambda tx: catalog.set_bundles(tx, BY, parts, id=id_, at_us=goods.now))
    set_rules(goods, percent("ten", 1000))
    quote = goods.quote("SET")
    assert (quote.total_krw, quote.taxable_krw, quote.exempt_krw) == (3150, 630, 2520)
    assert quote.lines[0].components == {"RAMEN": 3, "RICE": 1}


def test_a_gift_card_bears_no_vat_and_no_promotion(goods: Goods) -> None:
    goods.list(plain("SET", form=Form.GIFT_CARD))
    set_rules(goods, percent("all", 5000), percent("half", 5000, code="HALF"))
    quote = goods.quote("SET", codes=["half"])
    assert (quote.total_krw, quote.gift_krw, quote.taxable_krw) == (3500, 3500, 0)
    assert [one.why for one in quote.refused] == ["nothing_fits"]


def test_a_floor_holds_whatever_rules_say(goods: Goods) -> None:
    id_ = goods.ids.new()
    goods.write(lambda tx: catalog.set_floors(tx, BY, {"RAMEN": 800, "BEEF": 5000}, id=id_, at_us=goods.now))
    set_rules(goods, percent("half", 5000))
    quote = goods.quote(Ask(sku="RAMEN", qty=2), Ask(sku="BEEF", grams=200))
    assert {line.key: line.amount_krw for line in quote.lines} == {"RAMEN": 1600, "BEEF": 10_000}


def test_what_orders_have_used_counts_until_it_is_undone(goods: Goods) -> None:
    once = Promotion(
        id="once", name_ko="첫 주문", name_en="First", effect=OffBasket(500), per_person_max=1, code="hello",
    )  # fmt: skip
    set_rules(goods, once)
    order, at_us = goods.ids.new(), goods.now
    quote = goods.quote("RAMEN", codes=["HELLO"], shopper=MEMBER)
    assert quote.total_krw == 500
    off = {one.promotion: one.amount_krw for one in quote.applied}
    for _ in range(2):
        goods.write(lambda tx: catalog.redeem(tx, NEIGHBOUR, off, person="p1", id=order, at_us=at_us))
    assert [r.why for r in goods.quote("RAMEN", codes=["hello"], shopper=MEMBER).refused] == ["used_up"]
    assert goods.quote("RAMEN", codes=["hello"], shopper=Shopper(person="p2")).total_krw == 500
    assert [r.why for r in goods.quote("RAMEN", codes=["hello"]).refused] == ["members_only"]
    goods.write(lambda tx: catalog.unredeem(tx, NEIGHBOUR, order, at_us=at_us))
    assert goods.quote("RAMEN", codes=["hello"], shopper=MEMBER).total_krw == 500


def test_rules_that_make_no_sense_are_refused_and_shoppers_set_none(goods: Goods) -> None:
    for wrong in (
        percent("p", 0), percent("bad id", 100), percent("p", 100, until_us=1, from_us=2),
        percent("p", 1, budget_krw=0),
        Promotion(id="p", name_ko="x", name_en="x", effect=NForM(2, 2)), percent("p", 100, minutes=(60, 60)),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=r"catalog\.bad_promotion"):
            set_rules(goods, wrong)
    id_ = goods.ids.new()
    with pytest.raises(Forbidden):
        goods.write(lambda tx: catalog.set_promotions(tx, NEIGHBOUR, [percent("p", 1)], id=id_, at_us=goods.now))
