"""The self-check knows what a shop sells by which way: a web order or a voucher is no difference, a stray won is."""

from __future__ import annotations

import pytest
from tests.storefront.street import BY, Street

from madang import ledger, settlement
from madang.db import Database, Tx
from madang.edge import taking
from madang.kernel import ManualClock, Uuid7
from madang.ledger import AccountKey, Transfer
from madang.serve import money
from madang.storefront.model import Wish
from madang.storefront.placing import Choice
from madang.walkout import conservation


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7) -> Street:
    made = Street(db, clock, ids).open()
    at_us = made.now
    registered = {"name_ko": "상인", "name_en": "Merchant", "shop": "s2", "at_us": at_us}
    made.write(lambda tx: settlement.add_party(tx, BY, "merchant/s2", **registered))
    return made


def differences(street: Street) -> list[str]:
    def look(tx: Tx) -> list[str]:
        of_shops = [one for shop in ("s1", "s2") for one in conservation.differences(tx, BY, shop)]
        return [*taking.differences(tx, BY, ["s1", "s2"]), *(one for one in of_shops if one.startswith("money"))]

    found: list[str] = street.read(look)
    return found


def test_orders_of_shops_with_and_without_a_merchant_are_no_difference(street: Street) -> None:
    for shop in ("s1", "s2"):
        street.put("RAMEN", 2, shop=shop)
        street.put("RICE", 1, shop=shop)
    first, second = street.place(street.begin(), choices={s: _fetch(s) for s in ("s1", "s2")}).orders
    assert differences(street) == []
    street.cancel(first)
    street.clock.advance(s=86_400)
    for step in ("pack", "make_ready", "hand_over"):
        street.step(second, step, BY)
    street.ask_back(second, [Wish(line=1, amount=1)])
    street.step(second, "take_back", BY, sellable=True)
    assert differences(street) == []


def test_a_sale_over_the_counter_that_vouchers_paid_is_no_difference(street: Street) -> None:
    sale, now = street.ids.new(), street.now
    legs = street.write(lambda tx: money.sale_legs(tx, BY, sale, "s1", 11_000, now))
    paid = [
        Transfer(id=street.ids.new(), debit=AccountKey("money", "wallet", street.mina.key, "KRW"), credit=key,
                 amount=krw, at_us=now)
        for key, krw in legs
    ]  # fmt: skip
    street.write(lambda tx: ledger.post(tx, paid))
    assert differences(street) == []


def test_a_won_that_nobody_sold_anything_for_is_found(street: Street) -> None:
    street.buy({"RAMEN": 1})
    [(key, _)] = street.read(lambda tx: ledger.balances(tx, book="money", code="sales", owner_prefix="s1/")).items()
    wallet = AccountKey("money", "wallet", street.mina.key, "KRW")
    stray = Transfer(id=street.ids.new(), debit=wallet, credit=key, amount=1, at_us=street.now)
    street.write(lambda tx: ledger.post(tx, [stray]))
    assert len(differences(street)) == 2


def _fetch(shop: str) -> Choice:

    return Choice(way="pickup", place=shop)
