"""Products are found by what they have in common, and many are made something else at once, with preview and undo."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from tests.asking import Client
from tests.catalog.shop_of_goods import PRICES, Goods
from tests.console.people import PEOPLE

from madang import catalog, settlement
from madang.catalog import Category, Collection, Product, Vat, records, sellers
from madang.catalog.listing import State
from madang.console.bulk import Filter, Wanted
from madang.console.desk import ConsoleDesk
from madang.db import Tx
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, Role

MINA = PEOPLE["mina"]
KEEPER = Actor(Kind.PERSON, "keeper", MINA.neighbourhood, frozenset({Role.STAFF}), frozenset({"s1"}))


@pytest.fixture
def arranged(goods: Goods) -> Goods:
    """Two categories, one inside the other, and a collection."""
    food = Category(id="food", name_ko="먹거리", name_en="Food")
    dairy = Category(id="dairy", name_ko="유제품", name_en="Dairy", parent="food")
    spring = Collection(id="spring", name_ko="봄", name_en="Spring")

    def act(tx: Tx) -> None:
        catalog.set_categories(tx, MINA, [food, dairy], id=goods.ids.new(), at_us=goods.now)
        catalog.set_collections(tx, MINA, [spring], id=goods.ids.new(), at_us=goods.now)

    goods.write(act)
    return goods


def shown(desk: ConsoleDesk, by: Actor = MINA, **more: str) -> list[str]:
    return [row.product.id for row in desk.products(by, Filter(**more), None).rows]  # type: ignore[arg-type]


def made(goods: Goods, desk: ConsoleDesk, skus: list[str], wanted: Wanted, by: Actor = MINA) -> Callable[[], object]:
    """Make it; what is given back takes it back."""
    change = desk.bulk(by, skus, wanted)
    goods.clock.advance(s=1)
    desk.apply(by, change.id)

    def undo() -> None:
        goods.clock.advance(s=1)
        desk.undo(by, change.id)

    return undo


def test_chosen_products_get_all_that_was_chosen_in_one_change_and_are_as_before_when_it_is_taken_back(
    arranged: Goods, desk: ConsoleDesk
) -> None:
    wanted = Wanted(category="dairy", state=State.HIDDEN, age_min=19, vat=Vat.EXEMPT, kind="cold", put="spring")
    change = desk.bulk(MINA, ["MILK", "RAMEN"], wanted)
    assert shown(desk, only="hidden") == [], "a preview changes nothing"
    fields = {field for edit in change.edits for field, _, _ in edit.fields}
    assert fields == {"category", "state", "age_min", "vat", "kind", "collections"}
    before = _as_they_are(arranged)
    undo = made(arranged, desk, ["MILK", "RAMEN"], wanted)
    assert shown(desk, only="hidden") == shown(desk, category="food") == ["MILK", "RAMEN"]
    now = _as_they_are(arranged)
    assert [(p.vat, p.kind) for p in now[0].values()] == [(Vat.EXEMPT, "cold")] * 2
    assert set(now[2]) == {"milk" if "milk" in now[1] else "MILK", "ramen" if "ramen" in now[1] else "RAMEN"}
    undo()
    assert _as_they_are(arranged) == before


def _as_they_are(goods: Goods) -> tuple[dict[str, Product], dict[str, catalog.Listing], tuple[str, ...]]:
    def look(tx: Tx) -> tuple[dict[str, Product], dict[str, catalog.Listing], tuple[str, ...]]:
        skus = ("MILK", "RAMEN")
        pages = catalog.listings(tx, MINA, catalog.listings_of(tx, MINA, skus).values())
        [spring] = catalog.collections(tx, MINA)
        return catalog.products(tx, MINA, skus), pages, spring.listings

    return goods.read(look)


def test_products_are_found_by_what_they_have_in_common(arranged: Goods, desk: ConsoleDesk) -> None:
    arranged.add(Product(id="NEW", name_ko="새것", name_en="New"))
    arranged.receive({"RAMEN": 2, "MILK": 50})
    made(arranged, desk, ["MILK"], Wanted(category="dairy", state=State.HIDDEN))
    made(arranged, desk, ["RICE"], Wanted(category="food"))

    def sold_for_kim(tx: Tx) -> None:
        party = {"name_ko": "김", "name_en": "Kim"}
        settlement.add_party(tx, MINA, "maker/kim", at_us=arranged.now, **party)
        sellers.set_sellers(tx, MINA, {"RICE": "maker/kim"}, id=arranged.ids.new(), at_us=arranged.now)

    arranged.write(sold_for_kim)
    everything = sorted([*PRICES, "NEW"])
    assert shown(desk) == everything
    assert shown(desk, only="unpriced") == ["NEW"]
    assert shown(desk, only="low") == ["RAMEN"]
    assert shown(desk, only="hidden") == ["MILK"]
    assert shown(desk, only="shown") == [sku for sku in everything if sku != "MILK"]
    assert shown(desk, only="other") == ["RICE"]
    assert shown(desk, only="own") == [sku for sku in everything if sku != "RICE"]
    assert shown(desk, category="food") == ["MILK", "RICE"], "with what lies below"
    assert shown(desk, category="dairy", only="hidden", q="우유") == ["MILK"]
    assert shown(desk, category="-") == ["BEEF", "NEW", "RAMEN", "SET"]


def test_a_shops_own_price_is_a_price_there_until_it_ends(goods: Goods, desk: ConsoleDesk) -> None:
    goods.add(Product(id="NEW", name_ko="새것", name_en="New"))
    goods.receive({"NEW": 1})
    assert shown(desk, KEEPER, only="unpriced") == ["NEW"]
    goods.price({"NEW": 700}, shop="s1")
    assert shown(desk, KEEPER, only="unpriced") == []
    assert shown(desk, only="unpriced") == [], "what one shop sells has its price there"
    assert [row.price_krw for row in desk.products(MINA, Filter(q="새것"), None).rows] == [700]
    elsewhere = goods.read(
        lambda tx: tx.rows(sa.select(records.products.c.id).where(records.unpriced(goods.now, ["s2"])))
    )
    assert elsewhere == [("NEW",)], "in another shop it has none"
    goods.clock.advance(s=1)
    goods.write(lambda tx: catalog.end_prices(tx, KEEPER, ["NEW"], "s1", id=goods.ids.new(), at_us=goods.now))
    assert shown(desk, KEEPER, only="unpriced") == ["NEW"]


def test_all_of_a_filter_is_more_than_the_page_that_is_shown(goods: Goods, desk: ConsoleDesk) -> None:
    goods.add(*(Product(id=f"P{i:03}", name_ko=f"그릇 {i}", name_en=f"Bowl {i}") for i in range(70)))
    page = desk.products(MINA, Filter(q="그릇"), None)
    assert page.next is not None
    assert len(desk.chosen(MINA, ["P001"], Filter(q="그릇"))) == 70
    assert desk.chosen(MINA, ["P001", "P001"], None) == ["P001"]


def test_what_was_changed_meanwhile_stops_it_and_nothing_is_half_done(goods: Goods, desk: ConsoleDesk) -> None:
    change = desk.bulk(MINA, ["MILK", "RAMEN"], Wanted(vat=Vat.EXEMPT))
    goods.add(Product(id="MILK", name_ko="우유", name_en="Milk"), change=True)
    with pytest.raises(Conflict) as moved:
        desk.apply(MINA, change.id)
    assert moved.value.code == "console.moved_on"
    assert goods.read(lambda tx: catalog.product(tx, MINA, "RAMEN")).vat is Vat.TAXABLE


def test_who_works_in_a_shop_changes_its_own_goods_and_no_collections(arranged: Goods, desk: ConsoleDesk) -> None:
    id = arranged.ids.new()
    own = Product(id="OWN", name_ko="우리 것", name_en="Ours")
    arranged.write(lambda tx: catalog.add_products(tx, KEEPER, [own], id=id, at_us=arranged.now))
    made(arranged, desk, ["OWN"], Wanted(state=State.HIDDEN), by=KEEPER)
    for skus, wanted in ((["OWN", "MILK"], Wanted(state=State.HIDDEN)), (["OWN"], Wanted(put="spring"))):
        with pytest.raises(Forbidden):
            desk.bulk(KEEPER, skus, wanted)


def test_nothing_chosen_and_nothing_other_is_said(arranged: Goods, desk: ConsoleDesk) -> None:
    for skus, wanted, code in (
        ([], Wanted(vat=Vat.EXEMPT), "console.nothing_chosen"),
        (["MILK"], Wanted(), "console.nothing_chosen"),
        (["RICE"], Wanted(vat=Vat.EXEMPT), "console.nothing_to_change"),
        (["MILK"], Wanted(category="none"), "console.bad_bulk"),
        (["MILK"], Wanted(put="none"), "console.bad_bulk"),
    ):
        with pytest.raises(Invalid) as refused:
            desk.bulk(MINA, skus, wanted)
        assert refused.value.code == code


def test_the_list_is_narrowed_and_changed_by_plain_forms(arranged: Goods, client: Client) -> None:
    arranged.add(Product(id="NEW", name_ko="값 없는 것", name_en="New"))
    assert 'href="/console/products?only=unpriced"' in client.get("/console").text
    page = client.get("/console/products?only=unpriced").text
    assert "값 없는 것" in page
    assert "신라면" not in page
    assert 'formaction="/console/products/bulk"' in page
    form = {"whole": "yes", "only": "unpriced", "new_state": "hidden", "new_category": "dairy", "value": ""}
    preview = client.post("/console/products/bulk", data=form).headers["location"]
    told = client.get(preview).text
    assert "값 없는 것" in told
    assert "유제품" in told, "by its name"
    assert "숨김" in told
    arranged.clock.advance(s=1)
    client.post(f"{preview}/apply")
    assert "값 없는 것" in client.get("/console/products?only=hidden&category=food").text
    assert client.post("/console/products/bulk", data={"product": "MILK", "new_vat": "free"}).status_code == 422
    off = {"whole": "yes", "q": "신라면", "how": "percent", "value": "-10"}
    assert "900" in client.get(client.post("/console/prices", data=off).headers["location"]).text
