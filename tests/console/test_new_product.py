"""A new product from the console's form: faults by field, a preview, made, taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.asking import Client
from tests.catalog.shop_of_goods import BY, Goods
from tests.databases import SQLITE

from madang import catalog
from madang.catalog import Category, SoldBy, Vat
from madang.catalog.listing import State
from madang.console.desk import ConsoleDesk
from madang.kernel import Actor, Kind, Role, derived

pytestmark = SQLITE
TEA = {
    "name_ko": "우전 녹차", "price_krw": "18,000원", "vat": "exempt", "sold_by": "unit", "category": "tea",
    "gtin": "880 1234-567893", "unit_weight_g": "52.5", "shelf_life_d": "365", "origin": "하동", "maker": "차마을",
    "notice": "품명: 우전 녹차\n생산자: 차마을",
}  # fmt: skip


def text_of(client: Client, **form: str) -> tuple[int, str, str]:
    answer = client.post("/console/products/new", data=form)
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_a_form_is_seen_first_and_made_with_price_page_and_notice(goods: Goods, client: Client) -> None:
    tea = Category(id="tea", name_ko="차", name_en="Tea")
    goods.write(lambda tx: catalog.set_categories(tx, BY, [tea], id=derived("tea"), at_us=goods.clock.now_us()))
    assert 'action="/console/products/new"' in client.get("/console/products/new").text
    status, to, _ = text_of(client, **TEA)
    assert status == 303
    seen = client.get(to).text
    for word in ("우전 녹차", "18,000", "차마을", "하동"):
        assert word in seen
    assert not goods.read(lambda tx: catalog.find_products(tx, BY, text="우전")).rows, (
        "nothing is there before it is made"
    )
    client.post(f"{to}/apply")
    [made] = goods.read(lambda tx: catalog.find_products(tx, BY, text="우전")).rows
    assert (made.vat, made.sold_by, made.gtin, made.unit_weight_g, made.shelf_life_d) == (
        Vat.EXEMPT, SoldBy.UNIT, "8801234567893", 52.5, 365,
    )  # fmt: skip
    at_us = goods.clock.now_us()
    assert goods.read(lambda tx: catalog.price_at(tx, BY, [made.id], at_us)) == {made.id: 18_000}
    page = goods.read(lambda tx: catalog.listing(tx, BY, made.id))
    assert (page.category, page.maker, page.origin, page.state) == ("tea", "차마을", "하동", State.SHOWN)
    assert goods.read(lambda tx: catalog.particulars(tx, BY, [made.id]))[made.id].notice[1] == ("생산자", "차마을")
    assert f"/console/pictures/of/{made.id}" in client.get(to).text, "what to do next"
    client.post(f"{to}/undo")
    assert goods.read(lambda tx: catalog.listing(tx, BY, made.id)).state is State.HIDDEN


def test_every_fault_is_told_at_its_field_and_what_was_typed_stays(goods: Goods, client: Client) -> None:
    wrong = {
        "name_ko": "", "price_krw": "많이", "gtin": "8801234567890", "unit_weight_g": "-1", "category": "gone",
        "id": "코드", "notice": f"x: {'y' * 600}", "name_en": "Typed",
    }  # fmt: skip
    status, _, text = text_of(client, **wrong)
    assert status == 422
    for field in ("name_ko", "price_krw", "unit_weight_g", "category", "id", "notice"):
        assert f'id="e-{field}"' in text
    assert 'value="Typed"' in text
    status, _, text = text_of(client, name_ko="라면", price_krw="1000", gtin="8801234567890")
    assert (status, 'id="e-gtin"' in text) == (422, True), "its check digit is wrong"
    status, _, text = text_of(client, name_ko="라면", price_krw="1000", id="RAMEN")
    assert (status, "이 코드의 상품이 이미 있습니다" in text) == (422, True)


def test_the_fields_of_a_sort_are_filled_in_and_nothing_that_was_typed_is_lost(goods: Goods, client: Client) -> None:
    form = {"name_ko": "그릇", "sort": "kitchen", "notice": "재질: 흙", "do": "fill"}
    status, _, text = text_of(client, **form)
    assert status == 200
    for word in ('value="그릇"', "재질: 흙", "제조국:"):
        assert word in text


def test_who_works_in_a_shop_makes_a_product_of_that_shop_with_its_own_price(goods: Goods, desk: ConsoleDesk) -> None:
    by = Actor(Kind.PERSON, "seller", "n1", frozenset({Role.MERCHANT, Role.STAFF}), frozenset({"s1"}))
    filled, change = desk.make(by, [("name_ko", "우리 떡"), ("price_krw", "3000")])
    assert (filled.wrong, change is not None) == ({}, True)
    made: Any = change
    desk.apply(by, UUID(str(made.id)))
    [edit] = [one for one in made.edits if "price_krw" in one.after]
    assert edit.after["shop"] in by.shops
    assert desk.product(by, edit.object).own


def test_an_empty_shop_is_told_how_to_begin(goods: Goods, client: Client) -> None:
    assert client.get("/console/products?q=없는것").text.count("/console/products/new") == 1
    assert "/console/products/new" in client.get("/console/products").text
