"""Everything has a trail that people find by what they call it, and every sort of thing has a page that leads there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.asking import Client
from tests.catalog.shop_of_goods import Goods
from tests.console.people import PEOPLE

import madang
from madang import catalog, journal, settlement
from madang.catalog import Category, Percent, Promotion
from madang.catalog.facts import OF_SKUS, Arranged
from madang.console import trails
from madang.console.desk import ConsoleDesk
from madang.db import Tx
from madang.journal import New

MINA = PEOPLE["mina"]
SOURCE = Path(madang.__file__).parent
SUBJECT = re.compile(r"(?:subject|about|key)\s*=\s*f\"([a-z_]+[:/])\{")
LINK = re.compile(r"trail\.link\(\"([a-z_]+[:/])\"|console/trail\?about=([a-z_]+[:/])")
LED_FROM_ITSELF = {
    "deal/": "an order's and a visit's pages show their trail",
    "payment/": "a payment's page shows its story",
    "sale:": "an order's lines, settled; its order's and its party's pages lead on",
    "receipt/": "stands in the trail of its deal",
    "checkout/": "becomes an order",
    "person:": "a person's page shows what they did",
    "incident:": "is one page",
    "voucher:": "a person's own; its programme's page leads to the programme's trail",
    "cash/": "a month of tax files", "gateway/": "a clearing account", "clearing/": "a clearing account",
    "world/": "a table of rates, one page", "sellers/": "told in the SKU's trail",
    "price_lists/": "come by file; found by their code",
}  # fmt: skip


def kinds(desk: ConsoleDesk, name: str) -> list[str]:
    return [fact.kind for fact in desk.trail(MINA, name, None)]


@pytest.fixture
def town(goods: Goods) -> Goods:
    """A promotion, a category and somebody who is settled with."""
    off = [Promotion(id=id, name_ko=id, name_en=id, effect=Percent(bp=1000)) for id in ("spring", "autumn")]

    def act(tx: Tx) -> None:
        catalog.set_promotions(tx, MINA, off, id=goods.ids.new(), at_us=goods.now)
        food = Category(id="food", name_ko="먹거리", name_en="Food")
        catalog.set_categories(tx, MINA, [food], id=goods.ids.new(), at_us=goods.now)
        settlement.add_party(tx, MINA, "maker/kim", at_us=goods.now, name_ko="김", name_en="Kim")

    goods.write(act)
    return goods


def test_things_are_found_by_what_people_call_them(town: Goods, desk: ConsoleDesk) -> None:
    assert kinds(desk, "maker/kim") == kinds(desk, "party:maker/kim") == ["settlement.party_added"]
    for name in ("promotions/spring", "spring", "food", "categories/food"):
        [fact] = desk.trail(MINA, name, None)
        assert fact.kind == "catalog.arranged"
        assert fact.subject.endswith(name)
    assert kinds(desk, "nobody") == []


def test_facts_of_before_that_named_many_are_found_under_each(town: Goods, desk: ConsoleDesk) -> None:
    old = Arranged(what="promotions", ids=("summer", "spring"))
    id = town.ids.new()
    town.write(lambda tx: journal.append(tx, MINA, old, id=id, at_us=town.now, subject="promotions"))
    for name in ("promotions/spring", "spring"):
        assert [fact.subject for fact in desk.trail(MINA, name, None)] == ["promotions", "promotions/spring"]
    assert kinds(desk, "promotions/autumn") == ["catalog.arranged"], "of others it says nothing"
    newest = desk.trail(MINA, "spring", None)[0].seq
    assert [fact.subject for fact in desk.trail(MINA, "spring", newest)] == ["promotions/spring"]


def test_many_facts_of_before_are_not_all_read_to_find_the_few_that_name_it(
    town: Goods, desk: ConsoleDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [
        New(body=Arranged(what="promotions", ids=(f"p{n}",)), id=town.ids.new(), at_us=town.now, subject="promotions")
        for n in range(450)
    ]
    town.write(lambda tx: journal.append_many(tx, MINA, others))
    read: list[int] = []
    trail = journal.trail

    def counted(*args: object, **more: object) -> object:
        found = trail(*args, **more)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    monkeypatch.setattr(trails.journal, "trail", counted)
    assert [fact.subject for fact in desk.trail(MINA, "promotions/p7", None)] == ["promotions"]
    assert sum(read) == 1


def test_what_is_said_of_goods_is_told_in_their_own_trail(town: Goods, desk: ConsoleDesk) -> None:
    id = town.ids.new()
    town.write(lambda tx: catalog.set_floors(tx, MINA, {"MILK": 2000}, id=id, at_us=town.now))
    assert kinds(desk, "MILK")[0] == "catalog.arranged"
    assert {fact.body.ids for fact in desk.product(MINA, "MILK").facts if fact.kind == "catalog.arranged"} == {
        ("MILK",)
    }


def test_the_pages_of_things_lead_to_their_trails(town: Goods, client: Client) -> None:
    assert "/console/trail?about=promotions/spring" in client.get("/console/promotions/spring").text
    assert "/console/trail?about=categories/food" in client.get("/console/arranging").text
    assert "할인" not in client.get("/console/trail?about=nobody").text


def test_every_sort_of_subject_is_found_by_name_and_led_to_by_a_page() -> None:
    """A new sort of thing whose facts nobody could find, or no page leads to, is noticed here."""
    told = {
        sort
        for file in SOURCE.rglob("*.py")
        if "demo" not in file.parts and "journal" in file.read_text(encoding="utf-8")
        for sort in SUBJECT.findall(file.read_text(encoding="utf-8"))
    }
    told |= {sort for file in ("settlement", "vouchers") for sort in _about(SOURCE / file)}
    assert {"party:", "programme:", "face/"} <= told, "the search finds what is known to be there"
    assert told - set(trails.SORTS) == set()
    texts = [page.read_text(encoding="utf-8") for page in SOURCE.rglob("*.html")]
    linked = {sort for text in texts for found in LINK.findall(text) for sort in found if sort}
    assert {sort for sort in trails.SORTS if sort not in linked} == set(LED_FROM_ITSELF) - linked
    assert set(OF_SKUS) < set(trails.TOGETHER)


def _about(room: Path) -> set[str]:
    return {sort for file in room.rglob("*.py") for sort in SUBJECT.findall(file.read_text(encoding="utf-8"))}
