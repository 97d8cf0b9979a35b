"""Goods sold for a maker, brought by a courier, kept at a hub, bought by a guild's member: everybody is paid."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.databases import BOTH, SQLITE
from tests.storefront.street import BY, STAFF, TERMS, Street
from tests.storefront.test_orders import HOME

from madang import ledger, members, settlement
from madang.catalog import arranging, sellers
from madang.catalog.arranging import Sort
from madang.kernel import Forbidden, Invalid, derived
from madang.settlement import Schedule, TaxStatus, Terms
from madang.storefront import terms as shop_terms
from madang.storefront.addresses import Address
from madang.storefront.placing import Choice

pytestmark = SQLITE

MAKER, HUB, COURIER, GUILD = "maker/kim", "hub/h1", "courier/fast", "guild/potters"
SENT = {"choices": {"s1": Choice(way="delivery")}, "address": Address(**HOME)}


def do(street: Street, act: Any, *args: Any, **given: Any) -> Any:
    return street.write(lambda tx: act(tx, BY, *args, **given))


@pytest.fixture
def shared(street: Street) -> Street:
    """The bowl is sold for a maker, who gives a tenth to us, 3 % to a hub and 2 % to the buyer's guild."""
    street.open(TERMS)
    at = street.now
    for key in (MAKER, HUB, COURIER, GUILD):
        do(street, settlement.add_party, key, name_ko=key, name_en=key, status=TaxStatus.SIMPLIFIED, at_us=at)
        do(street, settlement.set_account, key, f"payee-{key}", id=derived(key), at_us=at)
        do(street, settlement.set_schedule, key, Schedule(goods_d=0), from_us=at)
    for purpose, receiver, bp in (("sales", "platform", 1_000), ("storage", HUB, 300), ("guild", "guild", 200)):
        one = Terms(id=derived(purpose), holder=MAKER, purpose=purpose, receiver=receiver, bp=bp, from_us=at)
        do(street, settlement.set_terms, one, at_us=at)
    do(street, sellers.set_sellers, {"RAMEN": MAKER}, id=street.ids.new(), at_us=at)
    do(street, members.join, UUID(street.mina.key), "guild:potters", at_us=at)
    kept = street.read(lambda tx: shop_terms.terms_of(tx, "s1"))
    changed = type(kept)(**{f: getattr(kept, f) for f in kept.__struct_fields__} | {"courier": COURIER, "windows": ()})
    do(street, shop_terms.set_terms, "s1", changed, at_us=at)
    return street


def shares(street: Street) -> dict[str, int]:
    found = street.read(lambda tx: ledger.balances(tx, book=ledger.Book.MONEY, code="payable_pending"))
    return {key.owner: balance.posted for key, balance in found.items() if balance.posted}


@BOTH
def test_one_order_ends_in_the_payouts_of_all_who_took_part(shared: Street) -> None:
    order = shared.buy({"RAMEN": 20, "MILK": 1}, **SENT)
    assert shared.order(order)[1].total_krw == 20_000 + 2_900 + 3_000
    maker = 20_000 - 2_200 - 600 - 400
    assert shares(shared) == {MAKER: maker, HUB: 600, GUILD: 400, COURIER: 3_000}
    for step in ("pack", "ship", "deliver"):
        shared.step(order, step)
    shared.step(order, "confirm", by=shared.mina)
    shared.clock.advance(s=2 * 86_400)
    while do(shared, settlement.settle_due, now_us=shared.now):
        pass
    for key, krw in ((MAKER, maker), (HUB, 600), (COURIER, 3_000), (GUILD, 400)):
        assert [one.amount_krw for one in do(shared, settlement.payouts_of, key)] == [krw]
    assert shared.read(ledger.check).ok
    assert shared.read(settlement.differences) == []


def test_what_is_cancelled_comes_from_everybody_and_leaves_nobody_a_won(shared: Street) -> None:
    order = shared.buy({"RAMEN": 7}, **SENT)
    assert shares(shared)[COURIER] == 3_000
    shared.cancel(order)
    assert shares(shared) == {}
    assert shared.wallet().posted == 500_000
    shared.books_agree()


def test_who_says_for_whom_goods_are_sold_acts_for_the_whole_neighbourhood(shared: Street) -> None:
    at, id_ = shared.now, shared.ids.new()
    with pytest.raises(Forbidden):
        shared.write(lambda tx: sellers.set_sellers(tx, STAFF, {"MILK": MAKER}, id=id_, at_us=at))
    for new in ({"MILK": "maker/nobody"}, {"NOTHING": MAKER}, {"MILK": COURIER}):
        with pytest.raises(Invalid, match="no_such_seller"):
            do(shared, sellers.set_sellers, new, id=id_, at_us=at)


def test_a_file_says_for_whom_goods_are_sold(shared: Street) -> None:
    def read(text: str) -> Any:
        return shared.read(lambda tx: arranging.read(tx, BY, Sort.SELLERS, text))

    named, faults = read(f"상품코드,판매자\nMILK,{MAKER}\nRAMEN,\n")
    assert {one.id: one.value["seller"] for one in named} == {"MILK": MAKER, "RAMEN": ""}
    assert faults == ()
    assert [(one.row, one.column) for one in read("상품코드,판매자\nMILK,maker/nobody\n")[1]] == [(2, "seller")]
    assert shared.read(lambda tx: arranging.written(tx, BY, Sort.SELLERS)) == (["sku", "seller"], [["RAMEN", MAKER]])
