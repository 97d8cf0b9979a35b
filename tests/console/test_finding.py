"""The console's search: everything by number, name and initials; nothing that whoever looks may not open."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.databases import BOTH, SQLITE
from tests.storefront.street import BY, FETCH, N, Street, buyer

from madang import deals, members, settlement, vouchers
from madang.catalog.search import index
from madang.console import finding
from madang.db import Database
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7, derived, system
from madang.members.accounts import NICKNAME
from madang.storefront.placing import Choice

pytestmark = SQLITE
BOSS = Actor(Kind.PERSON, "boss", N, frozenset({Role.OPERATOR}))
WORKER = Actor(Kind.PERSON, "w", N, frozenset({Role.STAFF, Role.MERCHANT}), frozenset({"s1"}))
OTHER = Actor(Kind.PERSON, "o", N, frozenset({Role.STAFF, Role.MERCHANT}), frozenset({"s2"}))


class Town:
    """An order of ``s1`` with its receipt and payment; a maker who is settled, a programme, somebody with a name."""

    def __init__(self, street: Street) -> None:
        self.street = street.open()
        self.order = street.buy({"RAMEN": 2}, choices={"s1": FETCH})
        self.payment = street.order(self.order)[1].payment
        [self.receipt] = street.read(lambda tx: deals.receipts.of_deal(tx, BY, self.order))
        at, won = street.now, vouchers.ProgrammeKind.VOUCHER
        issuer = vouchers.Issuer(id="city", name_ko="마당시", name_en="City", klass="other")
        programme = vouchers.Programme(
            id="won", issuer="city", kind=won, name_ko="마당사랑상품권", name_en="Madang voucher", from_us=at
        )
        rule = vouchers.Rule(programme="won", from_us=at, discount_bp=0, month_cap_krw=0, holding_cap_krw=0)
        self.mina = UUID(street.mina.key)
        street.write(lambda tx: index(tx, BY, at_us=at))
        street.write(lambda tx: vouchers.open_programme(tx, system(N), issuer, programme, rule, at_us=at))
        for key, shop in (("maker/m1", None), ("merchant/s1", "s1")):
            street.write(
                lambda tx, key=key, shop=shop: settlement.add_party(  # type: ignore[misc]
                    tx, BY, key, name_ko="도예공방", name_en="Pottery", shop=shop, at_us=at
                )
            )
        street.write(lambda tx: members.set_fields(tx, BY, self.mina, {NICKNAME.name: "김미나"}, at_us=at))

    def find(self, text: str, by: Actor = BOSS) -> dict[str, list[str]]:
        found = self.street.read(lambda tx: finding.find(tx, by, text))
        return {kind: [one.where for one in things] for kind, things in found.kinds.items()}


@pytest.fixture
def town(db: Database, clock: ManualClock, ids: Uuid7) -> Town:
    return Town(Street(db, clock, ids))


@BOTH
def test_each_thing_is_found_by_its_number_its_name_and_its_initials(town: Town) -> None:
    order, payment = f"/console/orders/{town.order}", f"/console/payments/{town.payment}"
    assert town.find(str(town.order)) == {"orders": [order]}
    assert town.find(town.receipt.label) == {"orders": [order], "receipts": [order]}
    assert town.find(str(town.receipt.id)) == {"receipts": [order]}
    assert town.find(str(town.payment)) == {"payments": [payment]}
    assert town.find("신라면") == {"products": ["/console/products/RAMEN"], "orders": [order]}
    assert town.find("ㅅㄹㅁ")["products"] == ["/console/products/RAMEN"]
    assert town.find("ㄷㅇㄱㅂ") == {"parties": ["/settlement/maker/m1", "/settlement/merchant/s1"]}
    assert town.find("마당사랑") == {"programmes": ["/issuer/won"]}
    assert town.find("ㄱㅁㄴ") == town.find("김미나") == {"people": [f"/console/people/{town.mina}"]}
    assert town.find(str(town.mina)) == {"people": [f"/console/people/{town.mina}"]}
    for nothing in ("", "  ", "없는말", str(derived("nobody")), "20991231-0001"):
        assert town.find(nothing) == {}, nothing


def test_who_works_in_a_shop_finds_nothing_of_another_and_nobodys_name(town: Town) -> None:
    named = (town.order, town.payment, town.receipt.id, town.receipt.label, town.mina)
    for text in (*map(str, named), "신라면", "ㅅㄹㅁ", "도예", "마당사랑", "김미나", "s1"):
        mine, others = town.find(text, WORKER), town.find(text, OTHER)
        assert not {"people", "programmes"} & (mine.keys() | others.keys()), text
        assert "/settlement/maker/m1" not in mine.get("parties", []), text
        assert others.keys() <= {"products"}, f"{text}: {others}"
    assert town.find(str(town.order), WORKER) == town.find(str(town.order))
    assert town.find("도예", WORKER) == {"parties": ["/settlement/merchant/s1"]}


def test_an_order_of_two_shops_is_found_by_each_as_its_own(town: Town) -> None:
    street, who = town.street, buyer(derived("late"))
    street.join(who, 100_000)
    for shop in ("s1", "s2"):
        street.put("MILK", shop=shop, by=who)
    ways = {shop: Choice(way="pickup", place=shop) for shop in ("s1", "s2")}
    orders = street.place(street.begin(who), who, choices=ways).orders
    by_shop = {street.order(id)[0].shop: f"/console/orders/{id}" for id in orders}
    assert town.find("우유", WORKER)["orders"] == [by_shop["s1"]]
    assert town.find("우유", OTHER)["orders"] == [by_shop["s2"]]
    assert set(town.find("우유")["orders"]) == set(by_shop.values())
