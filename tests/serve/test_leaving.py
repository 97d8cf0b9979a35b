"""Leaving and taking along: what is owned or owed stands in the way, and every table is given, destroyed or
explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.databases import SQLITE
from tests.payments.fake_gateway.server import FakeGateway
from tests.storefront.many_means import BOSS, CODE, ManyMeans
from tests.storefront.street import BY, N, Street
from tests.storefront.test_orders import received

from madang import members, settlement, vouchers
from madang.db import Database, Tx, models
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7, derived
from madang.kernel.clock import DAY_US
from madang.members import exporting, groups, keeping, shredding
from madang.payments import gift_cards
from madang.serve import leaving, owned
from madang.storefront.model import Wish
from madang.vouchers import credit

MINA = derived("mina")
PERSONAL = {
    "person", "owner", "holder", "payer", "buyer", "subject", "officer", "guest", "member", "actor_key", "by_key", "by",
    "made_by", "decided_by", "changed_by", "receiver", "seller", "supplier", "recipient", "payee", "actor",
}  # fmt: skip
"""Names of columns that may hold the key of a person."""


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7) -> Street:
    return Street(db, clock, ids).open()


@pytest.fixture
def purse(street: Street) -> Iterator[ManyMeans]:
    fake = FakeGateway("toss", street.clock)
    yield ManyMeans(street, fake)
    fake.close()


def in_the_way(street: Street, person: UUID = MINA) -> list[str]:
    return street.read(lambda tx: [one.code.removeprefix("serve.") for one in keeping.still_open(tx, person)])


def unexplained(metadata: sa.MetaData) -> set[tuple[str, str]]:
    """Columns that may hold a person's key, in tables of theirs that are not given, not destroyed and not explained."""
    given = {(one.table, one.column) for one in owned.OWNED} | set(owned.WITHHELD)
    ours = {table.name for table in metadata.sorted_tables if table.name.startswith("members_")}
    found = {(table.name, column.name) for table in metadata.sorted_tables for column in table.c}
    return {(t, c) for t, c in found if c in PERSONAL and (t, c) not in given and not (t in ours and c == "person")}


def test_every_table_with_somebodys_key_is_given_to_them_or_says_why_not() -> None:
    known = models.load()
    assert unexplained(known) == set()
    columns = {(table.name, column.name) for table in known.sorted_tables for column in table.c}
    named = {(one.table, one.column) for one in owned.OWNED} | set(owned.WITHHELD)
    assert named <= columns, "nothing is declared that is not there"
    forgotten = sa.MetaData()
    sa.Table("guilds_dues", forgotten, sa.Column("payer", sa.Text))
    assert unexplained(forgotten) == {("guilds_dues", "payer")}, "a new room's table is noticed"


def test_nobody_leaves_while_something_of_theirs_is_open_and_then_they_can(street: Street) -> None:
    assert in_the_way(street) == ["wallet_not_empty"]
    order = street.buy({"RAMEN": 1})
    assert "deals_open" in in_the_way(street)
    received(street, order)
    assert "deals_open" not in in_the_way(street)
    street.ask_back(order, [Wish(line=1)])
    assert "deals_open" in in_the_way(street)
    street.step(order, "take_back")
    street.buy({"RICE": 41})
    last = street.wallet().posted
    assert last == 8_000
    street.buy({"RAMEN": 8})
    for one in street.read(lambda tx: leaving.deals.find(tx, BY, subject=str(MINA), states=["paid"])).rows:
        received(street, one.id)
    assert in_the_way(street) == []
    street.put("RICE")
    proof = street.write(lambda tx: shredding.shred(tx, street.mina, MINA, at_us=street.now))
    assert proof.digest
    assert street.read(lambda tx: owned.section(tx, MINA, "carts")).keys() <= {"storefront_checkout"}


def test_vouchers_gift_cards_and_payments_that_wait_are_in_the_way(purse: ManyMeans) -> None:
    street = purse.street
    street.write(lambda tx: gift_cards.show(tx, street.mina, CODE, at_us=street.now))
    assert in_the_way(street) == ["gift_cards_left", "vouchers_left", "wallet_not_empty"]
    page = purse.counter({"RICE": 1})
    purse.pay(page, means=purse.fake.name)
    assert "money_on_its_way" in in_the_way(street)
    street.clock.advance(us=400 * DAY_US)
    street.write(lambda tx: vouchers.expire_due(tx, BY, now_us=street.now))
    assert "vouchers_left" not in in_the_way(street), "what has expired is nobody's"


def test_a_partys_money_a_shops_debt_and_the_last_of_an_office_are_in_the_way(street: Street) -> None:
    def party(tx: Tx) -> None:
        named = {"name_ko": "가게", "name_en": "Shop"}
        settlement.add_party(tx, BY, "merchant/s1", shop="s1", person=str(MINA), at_us=street.now, **named)

    street.write(party)
    assert "settlement_left" not in in_the_way(street)
    street.buy({"RICE": 1})
    assert "settlement_left" in in_the_way(street)

    def ring(tx: Tx) -> None:
        vouchers.add_issuer(
            tx, BOSS, vouchers.Issuer(id="g", name_ko="상인회", name_en="M", klass="guild", officer="x")
        )
        kind = vouchers.ProgrammeKind.CREDIT
        made = vouchers.Programme(id="ring", issuer="g", kind=kind, name_ko="두레", name_en="Ring", from_us=street.now)
        vouchers.add_programme(tx, BOSS, made)
        rule = vouchers.Rule(
            programme="ring", from_us=street.now, discount_bp=0, month_cap_krw=9, holding_cap_krw=9_999
        )
        vouchers.set_rule(tx, BOSS, rule, at_us=street.now)
        for n, shop in enumerate(("s1", "s2")):
            credit.set_line(tx, BOSS, "ring", shop, 9_000, id=UUID(int=900 + n), reason="", at_us=street.now)
        members.give_role(tx, BY, MINA, Role.MERCHANT, shop="s1", at_us=street.now)

    street.write(ring)
    assert "credit_below_zero" not in in_the_way(street)

    def owes(tx: Tx) -> None:
        credit.pay(tx, BOSS, "ring", id=UUID(int=950), payer="s1", payee="s2", amount=500, at_us=street.now)

    street.write(owes)
    assert "credit_below_zero" in in_the_way(street)
    assert "hand_over_first" not in in_the_way(street)
    street.write(lambda tx: members.give_role(tx, BY, MINA, Role.OPERATOR, at_us=street.now))
    assert "hand_over_first" in in_the_way(street)
    other = UUID(int=33)
    street.join(Actor(Kind.PERSON, str(other), N), 0)
    street.write(lambda tx: members.give_role(tx, BY, other, Role.OPERATOR, at_us=street.now))
    assert "hand_over_first" not in in_the_way(street)
    for who, role in ((MINA, "steward"), (other, "member")):
        street.write(_in_a_group(who, role, street.now))
    assert "hand_over_first" in in_the_way(street), "the only steward of a group with others in it"


def _in_a_group(who: UUID, role: str, at_us: int) -> Callable[[Tx], None]:
    row = {"person": who, "name": "guild:potters", "joined_at_us": at_us, "closed_at_us": None, "role": role}
    return lambda tx: members.records.add(tx, groups.groups, **row)


def test_somebody_takes_along_orders_with_their_notes_payments_cards_and_vouchers(purse: ManyMeans) -> None:
    street = purse.street
    street.write(lambda tx: gift_cards.show(tx, street.mina, CODE, at_us=street.now))
    order = street.buy({"RAMEN": 1})
    received(street, order)
    street.ask_back(order, [Wish(line=1)], note="국물이 짜요")
    street.put("RICE", 2)
    data: dict[str, Any] = street.read(lambda tx: exporting.export(tx, street.mina, MINA, at_us=street.now))
    assert data["orders"]["deals_deal"][0]["data"]["claims"][0]["note"] == "국물이 짜요"
    assert {row["transition"] for row in data["orders"]["deals_move"]} >= {"open", "pay", "ask_back"}
    assert data["receipts"]["deals_receipt_line"][0]["product"] == "RAMEN"
    assert data["carts"]["storefront_cart"][0]["sku"] == "RICE"
    assert data["payments"]["payments_part"]
    assert data["vouchers"]["voucher_lot"][0]["face_krw"] == 10_000
    [held] = data["gift_cards"]["payments_gift_holder"]
    assert held["person"] == str(MINA)
    assert data["wallet"]
    assert {one["what"] for one in data["acts"]} >= {"deals.opened", "deals.moved"}
    assert CODE.replace("-", "") not in str(data)
    other = UUID(int=34)
    street.join(Actor(Kind.PERSON, str(other), N), 0)
    theirs = street.read(lambda tx: exporting.export(tx, BY, other, at_us=street.now))
    assert not any(theirs[name] for name in ("orders", "receipts", "carts", "payments", "vouchers", "wallet"))


pytestmark = SQLITE
