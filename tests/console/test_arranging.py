"""How a shop is arranged is set by who runs it: in a form or a file, seen first, made, taken back."""

from __future__ import annotations

import re

import pytest
from tests.asking import Client
from tests.catalog.shop_of_goods import BY, Goods, plain
from tests.console.people import PEOPLE
from tests.databases import BOTH, SQLITE

from madang import catalog, settlement
from madang.catalog import Ask, Form, Nature, NetUnit, Sheet, Shopper
from madang.catalog.arranging import SHEETS
from madang.catalog.search import synonyms
from madang.console.desk import ConsoleDesk
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, Role
from madang.storefront import bases
from madang.storefront.model import WithdrawalBasis

pytestmark = SQLITE
MINA = PEOPLE["mina"]
SELLER = Actor(Kind.PERSON, "seller", "n1", frozenset({Role.MERCHANT, Role.STAFF}), frozenset({"s1"}))
TREE = "분류코드,이름,상위분류\nfood,식료품,\nnoodles,면류,식료품\n"
FORM = {"id": "", "name_ko": "면류 할인", "kind": "percent", "value": "10", "skus": "RAMEN", "stacks": "yes"}


def take(goods: Goods, desk: ConsoleDesk, sheet: str, text: str, by: Actor = MINA) -> None:
    goods.clock.advance(s=1)
    change, faults = desk.take(by, Sheet(sheet), text.encode())
    assert faults == ()
    assert change is not None
    desk.apply(by, change.id)


def faults(desk: ConsoleDesk, sheet: str, text: str) -> list[tuple[int, str, str]]:
    change, found = desk.take(MINA, Sheet(sheet), text.encode())
    assert change is None
    return [(fault.row, fault.column, fault.code) for fault in found]


def test_a_tree_of_categories_comes_in_by_file_and_a_circle_in_it_does_not(goods: Goods, desk: ConsoleDesk) -> None:
    take(goods, desk, "categories", TREE)
    found = goods.read(lambda tx: catalog.categories(tx, BY))
    assert [(one.id, one.parent) for one in found] == [("food", None), ("noodles", "food")]
    circle = "id,parent\nfood,noodles\n"
    assert faults(desk, "categories", circle) == [(2, "parent", "bad_parent")]
    assert faults(desk, "categories", "id,name_ko,parent\nx,새것,없음\n") == [(2, "parent", "bad_parent")]


@BOTH
def test_files_of_all_sorts_are_taken_in_and_what_goes_out_changes_nothing(goods: Goods, desk: ConsoleDesk) -> None:
    goods.list(plain("RAMEN"))
    files = {
        "categories": TREE,
        "collections": "id,name_ko,listings,categories,price_krw_max\nsoup,국물,ramen,식료품,5000\n",
        "price_lists": "list,name_ko,tags,sku,price_krw,from,until\nclub,조합원가,member,RAMEN,900,2020-01-01,\n"
        "club,,,MILK,2700,,\n",
        "bundles": "sku,part,n\nSET,MILK,1\nSET,RAMEN,2\n",
        "floors": "sku,price_krw\nRAMEN,800\n",
        "synonyms": 'words\n"라면, 라멘"\n',
        "particulars": "sku,net,net_unit,natures,hs,made_in\nRAMEN,120,g,식품,1902.30,kr\n",
        "sellers": "sku,seller\nMILK,maker/kim\n",
    }
    goods.write(lambda tx: settlement.add_party(tx, BY, "maker/kim", name_ko="김", name_en="Kim", at_us=goods.now))
    assert files.keys() == {sort.value for sort in SHEETS}
    for sheet, text in files.items():
        take(goods, desk, sheet, text)
    member = Shopper(person="p1", tags=frozenset({"member"}))
    assert goods.quote("RAMEN", shopper=member).lines[0].amount_krw == 900
    assert goods.quote("RAMEN").lines[0].amount_krw == 1000
    assert goods.read(lambda tx: catalog.bundles(tx, BY, ["SET"]))["SET"].parts == {"MILK": 1, "RAMEN": 2}
    assert goods.read(lambda tx: synonyms(tx, BY, ["라멘"])) == {"라멘": ("라면",)}
    said = goods.read(lambda tx: catalog.particulars(tx, BY, ["RAMEN"]))["RAMEN"]
    assert (said.net, said.net_unit, said.natures, said.hs) == (120, NetUnit.GRAM, (Nature.FOOD,), "190230")
    for sheet in files:
        content, _, _ = desk.export(MINA, Sheet(sheet), "csv")
        with pytest.raises(Invalid) as nothing:
            desk.take(MINA, Sheet(sheet), content)
        assert nothing.value.code == "console.nothing_to_change", sheet


def test_every_fault_of_a_row_is_named(goods: Goods, desk: ConsoleDesk) -> None:
    lists = "list,name_ko,sku,price_krw,from,until,shops\na,가,NONE,x,2026-02-01,2026-01-01,s9\n"
    assert faults(desk, "price_lists", lists) == [
        (2, "shops", "unknown_shop"), (2, "until", "bad_until"), (2, "sku", "unknown_product"),
        (2, "price_krw", "not_a_number"),
    ]  # fmt: skip
    assert faults(desk, "bundles", "sku,part,n\nSET,BEEF,1\nSET,SET,1\n") == [
        (2, "part", "bad_part"), (3, "part", "bad_part"),
    ]  # fmt: skip
    assert faults(desk, "collections", "id,name_ko,listings,diets\nc,모음,nope,가짜\n") == [
        (2, "listings", "unknown_word"), (2, "diets", "unknown_word"),
    ]  # fmt: skip
    assert faults(desk, "particulars", "sku,hs\nRAMEN,12\n") == [(2, "hs", "bad_particular")]
    assert faults(desk, "synonyms", "words\n라면\n라면\n") == [(3, "words", "twice")]


def test_a_listing_file_offers_to_make_the_categories_it_names_and_nobody_has_made(
    goods: Goods, desk: ConsoleDesk, client: Client
) -> None:
    text = "sku,category,form,abroad,who_ko\nRAMEN,식료품 > 면류,상품,예,김 장인\nSET,식료품,묶음,,\n"
    change, faults = desk.take(MINA, Sheet.LISTINGS, text.encode())
    assert faults == ()
    assert change is not None
    assert sorted(edit.after["name_ko"] for edit in change.edits if edit.kind) == ["면류", "식료품"]
    assert "식료품" in client.get(f"/console/changes/{change.id}").text
    assert goods.read(lambda tx: catalog.categories(tx, BY)) == []
    goods.clock.advance(s=1)
    desk.apply(MINA, change.id)
    [top, below] = goods.read(lambda tx: catalog.categories(tx, BY))
    assert (top.name_ko, below.name_ko, below.parent) == ("식료품", "면류", top.id)
    found = goods.read(lambda tx: catalog.listings(tx, BY, ["RAMEN", "SET"]))
    assert (found["RAMEN"].category, found["RAMEN"].abroad, found["RAMEN"].who_ko) == (below.id, True, "김 장인")
    assert found["SET"].form is Form.BUNDLE


def test_a_promotion_is_tried_in_a_basket_set_and_taken_back(client: Client, goods: Goods) -> None:
    basket = {"try.0.sku": "RAMEN", "try.0.amount": "3", "try.1.sku": "BEEF", "try.1.amount": "200"}
    shown = client.post("/console/promotions/try", data={**FORM, **basket}).text
    assert re.findall(r"면류 할인</td><td class=\"num\">(−[^<]+)<", shown) == ["−300원"]
    assert "13,800원" in shown
    assert goods.quote(Ask(sku="RAMEN", qty=3)).lines[0].amount_krw == 3000, "trying sets nothing"
    where = client.post("/console/promotions", data=FORM).headers["location"]
    assert "10 % 할인" in client.get(where).text
    goods.clock.advance(s=1)
    client.post(f"{where}/apply")
    assert goods.quote(Ask(sku="RAMEN", qty=3)).lines[0].amount_krw == 2700
    assert "진행 중" in client.get("/console/promotions").text
    goods.clock.advance(s=1)
    client.post(f"{where}/undo")
    assert goods.quote(Ask(sku="RAMEN", qty=3)).lines[0].amount_krw == 3000, "what was added has ended"


def test_every_kind_of_promotion_reads_as_its_form_wrote_it(client: Client, goods: Goods) -> None:
    kinds = {
        "percent": {"value": "12.5"}, "off": {"value": "100"}, "off_basket": {"value": "1,000"},
        "n_for_m": {"n": "2", "m": "1"}, "unit_price": {"value": "900"},
        "set_price": {"value": "3000", "parts": "RAMEN 1, MILK/category:dairy 1"},
    }  # fmt: skip
    more = {
        "weekday": ["0", "4"], "open": "09:00", "close": "12:30", "from": "2026-01-01T00:00",
        "until": "2030-01-01T00:00",
        "code": "HELLO", "budget_krw": "100000", "threshold_krw": "500", "floor": "50", "who": "member", "shop": "s1",
    }  # fmt: skip
    for kind, fields in kinds.items():
        said = {**FORM, "value": "", "kind": kind, **fields, **more}
        where = client.post("/console/promotions", data=said).headers["location"]
        goods.clock.advance(s=1)
        client.post(f"{where}/apply")
    every = goods.read(lambda tx: catalog.promotions(tx, BY))
    assert len(every) == len(kinds)
    for one in every:
        page = client.get(f"/console/promotions/{one.id}").text
        inputs = dict(re.findall(r'<input class="text"[^>]*? name="(\w+)" maxlength="300" value="([^"]*)"', page))
        ticks = re.findall(r'name="(category|weekday|shop)" value="(\w+)" checked', page)
        kind = re.search(r'<option value="(\w+)" selected>', page)
        assert kind is not None
        again = {**inputs, "kind": kind[1], "who": "member", "stacks": "yes", "id": one.id}
        again |= {name: [v for n, v in ticks if n == name] for name, _ in ticks}
        answer = client.post("/console/promotions", data=again)
        assert answer.json()["code"] == "console.nothing_to_change", (one, answer.text)


def test_a_form_that_makes_no_sense_says_where_and_sets_nothing(client: Client, goods: Goods) -> None:
    answer = client.post("/console/promotions", data={**FORM, "value": "130", "until": "2020-01-01T00:00", "open": "x"})
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 1, "times that cannot be read are said before the rest"
    answer = client.post(
        "/console/promotions", data={**FORM, "value": "130", "until": "2020-01-01T00:00", "from": "2021-01-01T00:00"}
    )
    assert answer.text.count('aria-invalid="true"') == 2
    assert goods.read(lambda tx: catalog.promotions(tx, BY)) == []


def test_a_promotion_is_ended_through_a_preview(client: Client, goods: Goods) -> None:
    where = client.post("/console/promotions", data=FORM).headers["location"]
    goods.clock.advance(s=1)
    client.post(f"{where}/apply")
    [one] = goods.read(lambda tx: catalog.promotions(tx, BY))
    end = client.post(f"/console/promotions/{one.id}/end").headers["location"]
    assert goods.quote("RAMEN").lines[0].amount_krw == 900
    goods.clock.advance(s=1)
    client.post(f"{end}/apply")
    assert goods.quote("RAMEN").lines[0].amount_krw == 1000


def test_categories_and_collections_have_forms(client: Client, goods: Goods) -> None:
    goods.list(plain("RAMEN"))
    for path, said in (
        ("categories", {"id": "food", "name_ko": "식료품", "name_en": "Food", "position": "3"}),
        (
            "collections",
            {"id": "soup", "name_ko": "국물", "category": "food", "price_krw_max": "5,000", "listings": "ramen"},
        ),
    ):
        where = client.post(f"/console/arranging/{path}", data=said).headers["location"]
        goods.clock.advance(s=1)
        client.post(f"{where}/apply")
    [one] = goods.read(lambda tx: catalog.collections(tx, BY))
    assert (one.listings, one.rule.categories if one.rule else (), one.name_en) == (("ramen",), ("food",), "국물")
    assert "국물" in client.get("/console/arranging").text


def test_an_exception_to_withdrawal_wants_the_notice_the_law_asks_for(client: Client, goods: Goods) -> None:
    said = {"net": "120", "net_unit": "g", "nature": ["food", "liquid"], "basis": "made_to_order"}
    refused = client.post("/console/products/RAMEN/particulars", data=said)
    assert refused.json()["code"] == "console.basis_not_told"
    where = client.post("/console/products/RAMEN/particulars", data={**said, "told": "yes"}).headers["location"]
    assert "주문 제작이라 안 됨" in client.get(where).text
    goods.clock.advance(s=1)
    client.post(f"{where}/apply")

    def kept() -> WithdrawalBasis | None:
        found = goods.read(lambda tx: bases.bases(tx, BY, ["RAMEN"]))
        return found["RAMEN"].basis if "RAMEN" in found else None

    assert kept() is WithdrawalBasis.MADE_TO_ORDER
    assert goods.read(lambda tx: catalog.particulars(tx, BY, ["RAMEN"]))["RAMEN"].net == 120
    goods.clock.advance(s=1)
    client.post(f"{where}/undo")
    assert kept() is None


def test_who_works_in_a_shop_sets_its_own_promotions_and_nobody_elses(goods: Goods, desk: ConsoleDesk) -> None:
    lists = "list,name_ko,shops,sku,price_krw\nmine,우리,{},RAMEN,900\n"
    with pytest.raises(Forbidden):
        take(goods, desk, "price_lists", lists.format(""), by=SELLER)
    take(goods, desk, "price_lists", lists.format("s1"), by=SELLER)
    take(goods, desk, "price_lists", lists.format("").replace("mine", "all"))
    assert "all" not in desk.export(SELLER, Sheet.PRICE_LISTS, "csv")[0].decode("utf-8-sig")
    with pytest.raises(Forbidden):
        take(goods, desk, "categories", TREE, by=SELLER)
    with pytest.raises(Forbidden):
        take(goods, desk, "floors", "sku,price_krw\nRAMEN,1\n", by=SELLER)


def test_an_arrangement_somebody_changed_meanwhile_is_not_taken_back(goods: Goods, desk: ConsoleDesk) -> None:
    change, _ = desk.take(MINA, Sheet.FLOORS, b"sku,price_krw\nRAMEN,500\n")
    assert change is not None
    goods.clock.advance(s=1)
    desk.apply(MINA, change.id)
    take(goods, desk, "floors", "sku,price_krw\nRAMEN,600\n")
    with pytest.raises(Conflict):
        desk.undo(MINA, change.id)
