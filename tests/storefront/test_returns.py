"""What a return costs whom, and exchanges: for the same again or another variant, with only the difference moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.payments.fake_gateway.server import FakeGateway
from tests.storefront.street import BY, STAFF, TERMS, N, Street
from tests.storefront.test_orders import HOME, received

from madang import catalog, jobs, ledger, members, payments, settlement
from madang.catalog import Axis, Listing, Option, Percent, Price, Product, Promotion, Variant
from madang.db.schema import metadata
from madang.deals import receipts
from madang.kernel import Actor, Conflict, Invalid
from madang.kernel.clock import DAY_US
from madang.ledger import AccountKey
from madang.payments import Crossing, deciding
from madang.payments.charging import order_id
from madang.settlement import PartyKind
from madang.storefront import exchanging, netting, orders
from madang.storefront.addresses import Address
from madang.storefront.model import Reason, Source, Wish
from madang.storefront.placing import Choice

pytestmark = POSTGRES_IN_SOAK

FEE = replace(TERMS, return_fee_krw=2_500)
SHIRTS = {"SHIRT-S": 20_000, "SHIRT-M": 20_000, "SHIRT-L": 23_000}


def dressed(street: Street) -> Street:
    """The street with a shirt in three sizes, the large one dearer."""
    street.open(FEE)
    ids = [street.ids.new() for _ in range(3)]
    sizes = tuple(Option(id=size, ko=size, en=size) for size in "SML")
    shirt = Listing(
        id="SHIRT", name_ko="셔츠", name_en="Shirt", axes=(Axis(id="size", ko="크기", en="Size", options=sizes),),
        variants=tuple(Variant(sku=sku, options={"size": sku[-1]}) for sku in SHIRTS),
    )  # fmt: skip

    def fill(tx: Any) -> None:
        goods = [Product(id=sku, name_ko=f"셔츠 {sku[-1]}", name_en=f"Shirt {sku[-1]}") for sku in SHIRTS]
        catalog.add_products(tx, BY, goods, id=ids[0], at_us=street.now)
        prices = [Price(product=sku, price_krw=krw, from_us=street.now) for sku, krw in SHIRTS.items()]
        catalog.set_prices(tx, BY, prices, id=ids[1], at_us=street.now)
        catalog.set_listings(tx, BY, [shirt], id=ids[2], at_us=street.now)

    street.write(fill)
    street.receive(dict.fromkeys(SHIRTS, 5))
    return street


def delivered(street: Street, wants: dict[str, int]) -> UUID:
    way = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    order = street.buy(wants, choices=way, address=Address(**HOME))
    for step in ("pack", "ship", "deliver"):
        street.step(order, step)
    return order


def number(street: Street, order: UUID, of: str) -> int:
    return next(line.number for line in street.order(order)[1].lines if line.sku.startswith(of))


def swapped(street: Street, order: UUID, to: str, reason: Reason = Reason.DEFECTIVE) -> UUID:
    line = number(street, order, "SHIRT")
    street.ask_back(order, [Wish(line=line, to=to)], reason, kind="exchange")
    street.step(order, "exchange")
    return street.order(order)[1].exchanged[-1]


def spent(street: Street) -> int:
    return 500_000 - street.wallet().available


def test_who_changes_their_mind_pays_the_way_back_as_it_was_told_and_the_shop_all_else(street: Street) -> None:
    street.open(FEE)
    order = delivered(street, {"RICE": 3})
    street.ask_back(order, [Wish(line=1, amount=1)])
    [claim] = street.order(order)[1].open
    assert claim.cost_krw == 2_500
    street.step(order, "take_back")
    assert spent(street) == 24_000 + 2_500
    street.ask_back(order, [Wish(line=1, amount=1)], Reason.DEFECTIVE)
    street.step(order, "take_back")
    assert spent(street) == 12_000 + 2_500
    street.ask_back(order, [Wish(line=1)])
    street.step(order, "take_back", waive=True)
    assert spent(street) == 2_500, "the last one's way was borne by the shop"
    kinds = [one.decision for one in street.read(lambda tx: receipts.of_deal(tx, BY, order))]
    assert kinds.count("return_fee") == 1
    street.books_agree()


def test_who_brings_it_back_themselves_pays_nothing(street: Street) -> None:
    street.open(FEE)
    order = street.buy({"RICE": 1}, choices={"s1": Choice(way="pickup", place="s1", slot="pickup-20260923-1000")})
    received(street, order)
    street.ask_back(order, [Wish(line=1)])
    street.step(order, "take_back")
    assert spent(street) == 0
    street.books_agree()


@pytest.mark.parametrize(("to", "costs"), [("SHIRT-M", 20_000), ("SHIRT-L", 23_000), ("", 20_000)])
def test_an_exchange_moves_the_difference_and_its_goods_come_back_for_what_they_cost(
    street: Street, to: str, costs: int
) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1, "RICE": 2})
    before = spent(street)
    new = swapped(street, order, to)
    assert spent(street) == before + costs - 20_000
    assert [street.available(sku) for sku in (to, "SHIRT-S") if sku] == [4, 4] if to else [3], "what is broken is waste"
    assert street.order(order)[0].state == "returned"
    street.step(new, "pack")
    street.step(new, "ship")
    street.step(new, "deliver")
    street.ask_back(new, [Wish(line=1)], Reason.DEFECTIVE)
    street.step(new, "take_back")
    assert spent(street) == before - 20_000
    street.ask_back(order, [Wish(line=number(street, order, "RICE"))], Reason.DEFECTIVE)
    street.step(order, "take_back")
    assert spent(street) == 0
    street.books_agree()


def test_a_cheaper_variant_gives_the_rest_back_and_exchanges_remember_whose_won_they_hold(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-L": 1})
    assert spent(street) == 26_000
    small = swapped(street, order, "SHIRT-S")
    assert spent(street) == 23_000
    for step in ("pack", "ship", "deliver"):
        street.step(small, step)
    large = swapped(street, small, "SHIRT-L", Reason.CHANGE_OF_MIND)
    assert spent(street) == 26_000 + 2 * 2_500, "there and back"
    street.cancel(large)
    assert spent(street) == 3_000 + 2 * 2_500
    assert street.order(order)[1].refunded_krw == 3_000
    street.books_agree()


def test_what_an_exchange_costs_more_is_held_and_let_go_of_when_it_is_not_made(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1})
    before = spent(street)
    street.ask_back(order, [Wish(line=1, to="SHIRT-L")], kind="exchange")
    assert spent(street) == before + 3_000 + 2 * 2_500
    street.step(order, "withdraw_claim", street.mina)
    assert spent(street) == before
    street.ask_back(order, [Wish(line=1, to="SHIRT-L")], kind="exchange")
    street.step(order, "take_back")
    assert spent(street) == 0, "money instead of an exchange: the shop's choice, at its cost"
    street.books_agree()


def test_an_exchange_keeps_what_was_taken_off_and_asks_for_the_prices_of_the_day_of_the_order(street: Street) -> None:
    dressed(street)
    half = Promotion(id="half", name_ko="반값", name_en="Half", effect=Percent(5_000))
    street.write(lambda tx: catalog.set_promotions(tx, BY, [half], id=UUID(int=0xCB), at_us=street.now))
    order = delivered(street, {"SHIRT-S": 1})
    street.clock.advance(s=60)
    dear = [Price(product="SHIRT-L", price_krw=90_000, from_us=street.now)]
    street.write(lambda tx: catalog.set_prices(tx, BY, dear, id=UUID(int=0xCC), at_us=street.now))
    deal, said = street.order(order)
    others = street.read(lambda tx: exchanging.others(tx, BY, deal, said))
    assert {one.sku: one.more_krw for one in others[1]} == {"SHIRT-M": 0, "SHIRT-L": 3_000}
    before = spent(street)
    swapped(street, order, "SHIRT-L")
    assert spent(street) == before + 3_000
    street.books_agree()


def test_an_exchange_leaves_the_days_of_the_other_lines_alone(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1, "RICE": 1})
    got = street.order(order)[1].delivered_at_us
    street.clock.advance(us=6 * DAY_US)
    new = swapped(street, order, "SHIRT-M", Reason.WRONG_ITEM)
    assert street.order(order)[1].delivered_at_us == got
    street.clock.advance(us=3 * DAY_US)
    with pytest.raises(Conflict) as late:
        street.ask_back(order, [Wish(line=number(street, order, "RICE"))])
    assert late.value.details["verdict"] == "too_late"
    street.step(order, "confirm")
    for step in ("pack", "ship", "deliver"):
        street.step(new, step)
    assert street.ask_back(new, [Wish(line=1)]).state == "returning", "the new ones have days of their own"


def test_only_a_variant_of_the_same_goods_can_go_out_instead(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1, "BEEF": 300})
    beef, shirt = number(street, order, "BEEF"), number(street, order, "SHIRT")
    for wish in (Wish(line=shirt, to="RAMEN"), Wish(line=beef, to="SHIRT-M"), Wish(line=shirt, to="NONE")):
        with pytest.raises(Invalid) as fault:
            street.ask_back(order, [wish], Reason.DEFECTIVE, kind="exchange")
        assert fault.value.code == "storefront.cannot_exchange"
    poor = street.wallet().available
    delivered(street, {"RICE": poor // 12_000})
    with pytest.raises(Conflict) as short:
        street.ask_back(order, [Wish(line=shirt, to="SHIRT-L")], kind="exchange")
    assert short.value.code == "payments.not_enough"


@BOTH
def test_an_exchange_at_a_settled_shop_gives_the_seller_the_difference_and_no_share_twice(street: Street) -> None:
    dressed(street)
    key = f"{PartyKind.MERCHANT}/s1"
    street.write(lambda tx: settlement.add_party(tx, BY, key, name_ko="가게", name_en="Shop", at_us=street.now))
    order = delivered(street, {"SHIRT-S": 1})
    new = swapped(street, order, "SHIRT-L")
    for one in (order, new):
        street.write(lambda tx, one=one: settlement.confirm(tx, BY, one, at_us=street.now))

    def payable(tx: Any) -> int:
        every = ledger.balances(tx, book="money", owner_prefix=key)
        return sum(balance.posted for account, balance in every.items() if account.code.startswith("payable"))

    assert street.read(payable) == 23_000 + 3_000, "the dearer shirt and the delivery"
    assert street.read(lambda tx: settlement.differences(tx)) == []


def test_a_defect_is_to_be_told_within_thirty_days_of_knowing(street: Street) -> None:
    street.open()
    order = street.buy({"RAMEN": 2})
    received(street, order)
    got = street.now
    street.clock.advance(us=40 * DAY_US)
    for known in (got - 2 * DAY_US, street.now + DAY_US):
        with pytest.raises(Invalid) as wrong:
            street.ask_back(order, [Wish(line=1)], Reason.DEFECTIVE, known_at_us=known)
        assert wrong.value.code == "storefront.known_wrong"
    with pytest.raises(Conflict) as late:
        street.ask_back(order, [Wish(line=1)], Reason.DEFECTIVE, known_at_us=got + DAY_US)
    assert late.value.details["verdict"] == "too_late"
    known = street.now - 5 * DAY_US
    assert street.ask_back(order, [Wish(line=1)], Reason.DEFECTIVE, known_at_us=known).state == "returning"


A = [AccountKey("money", "sales", f"s/{n}", "KRW") for n in range(4)]
legs = st.lists(st.tuples(st.sampled_from(A), st.integers(1, 50)), max_size=5)


@given(old=legs, new=legs)
def test_netting_moves_what_differs_and_nothing_from_an_account_to_itself(
    old: Sequence[tuple[AccountKey, int]], new: Sequence[tuple[AccountKey, int]]
) -> None:
    made = netting.netted(old, new)
    sums: dict[AccountKey, int] = {}
    for a, krw in old:
        sums[a] = sums.get(a, 0) + krw
    for a, b, krw in made.moves:
        assert a != b
        assert krw > 0
        sums[a], sums[b] = sums.get(a, 0) - krw, sums.get(b, 0) + krw
    for a, krw in made.back:
        sums[a] -= krw
    for a, krw in made.due:
        sums[a] = sums.get(a, 0) + krw
    for a, krw in new:
        sums[a] = sums.get(a, 0) - krw
    assert not any(sums.values())
    assert not (made.back and made.due)


PARTS = st.lists(st.dictionaries(st.sampled_from("123"), st.integers(0, 99), min_size=1), min_size=1, max_size=3)


@given(PARTS, st.data())
def test_won_are_drawn_from_the_latest_payment_first_and_none_is_lost(parts: list[dict[str, int]], data: Any) -> None:
    paid = [Source(payment=UUID(int=n), krw=sum(by.values()), by=by) for n, by in enumerate(parts)]
    krw = data.draw(st.integers(0, sum(one.krw for one in paid)))
    taken, left = netting.drawn(paid, krw)
    assert sum(one.krw for one in taken) == krw
    assert sum(one.krw for one in left) == sum(one.krw for one in paid) - krw
    for one in (*taken, *left):
        assert sum(one.by.values()) == one.krw
        assert min(one.by.values(), default=0) >= 0
    if taken and taken[0].payment != paid[0].payment:
        assert left[0] == paid[0]


def test_what_people_write_is_sealed_and_gone_in_every_copy_when_they_are_forgotten(street: Street) -> None:
    street.open()
    order = street.buy({"RICE": 3})
    received(street, order)
    step = UUID(int=77)
    said = {"kind": "return", "lines": [Wish(line=1)], "reason": Reason.DEFECTIVE, "note": "아이가 아파서요 010-1234"}
    for _ in range(2):  # asked for twice it is one
        street.write(lambda tx: orders.ask_back(tx, street.mina, order, step=step, at_us=street.now, **said))

    def kept() -> str:
        tables = [metadata.tables[name] for name in ("deals_deal", "deals_move", "journal_facts")]
        return str([street.read(lambda tx, one=one: tx.rows(sa.select(one))) for one in tables])

    def shown(by: Actor) -> Any:
        return street.read(lambda tx: orders.track(tx, by, order, now_us=street.now))

    assert "010-1234" not in kept()
    for by in (street.mina, STAFF):
        assert shown(by).order.open[0].note == "아이가 아파서요 010-1234"
    street.step(order, "decline", why="멀쩡해 보입니다")
    assert shown(street.mina).deal.data["declined"] == "멀쩡해 보입니다"
    assert "멀쩡해" not in kept()
    street.write(lambda tx: members.erase(tx, street.mina, UUID(street.mina.key), at_us=street.now))
    assert shown(STAFF).deal.data["declined"] == ""


def test_what_an_exchange_costs_more_can_be_paid_at_a_gateway_and_nothing_is_exchanged_before(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1})
    before = spent(street)
    fake = FakeGateway("toss", street.clock)
    payments.connect(fake.gateway())
    crossing = Crossing(street.db, street.clock, street.ids, N)
    try:
        street.ask_back(order, [Wish(line=1, to="SHIRT-L")], Reason.DEFECTIVE, kind="exchange", means="toss")
        [waits] = street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now)).to_pay.values()
        assert (waits.state, waits.total_krw, spent(street)) == (payments.State.PENDING, 3_000, before)
        with pytest.raises(Conflict) as fault:
            street.step(order, "exchange")
        assert fault.value.code == "storefront.exchange_unpaid"
        where = street.read(lambda tx: deciding.places(tx, BY, waits))
        assert where == [f"/console/orders/{order}"], "where the operator decides, should the company give it back"
        name = order_id(waits.parts[0])
        crossing.open(name, back="http://shop/back", gone="http://shop/gone")
        crossing.confirm(name, **fake.agree(name))
        assert street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now)).to_pay == {}
        street.step(order, "exchange")
        assert (fake.desk.charged_krw, spent(street)) == (3_000, before), "the wallet was not asked"
        large = street.order(order)[1].exchanged[-1]
        assert street.read(lambda tx: deciding.places(tx, BY, waits)) == [f"/console/orders/{large}"]
        street.cancel(large)
        jobs.run_due(street.db, street.clock, neighbourhood=N)
        assert (fake.desk.charged_krw, spent(street)) == (0, before - 20_000), "each won back as it came"
    finally:
        fake.close()
    street.books_agree()


def test_an_exchange_whose_card_was_refused_is_paid_another_way_even_after_the_seven_days(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1})
    before = spent(street)
    fake = FakeGateway("toss", street.clock)
    payments.connect(fake.gateway())
    try:
        street.ask_back(order, [Wish(line=1, to="SHIRT-L")], kind="exchange", means="toss")
        with pytest.raises(Conflict, match=r"storefront\.nothing_to_pay"):
            street.step(order, "pay_again", street.mina, claim=1)
        [waits] = street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now)).to_pay.values()
        street.write(lambda tx: payments.void(tx, BY, waits.id, at_us=street.now, reason="refused"))
        street.clock.advance(us=8 * DAY_US)
        with pytest.raises(Conflict, match=r"storefront\.exchange_unpaid"):
            street.step(order, "exchange")
        street.step(order, "pay_again", street.mina, claim=1, means="wallet")
        assert spent(street) == before + 3_000 + 2 * 2_500
        with pytest.raises(Conflict, match=r"storefront\.nothing_to_pay"):
            street.step(order, "pay_again", street.mina, claim=1)
        street.step(order, "exchange")
    finally:
        fake.close()
    assert spent(street) == before + 3_000 + 2 * 2_500
    street.books_agree()


def test_an_exchange_that_was_not_paid_for_can_be_withdrawn_or_taken_back_for_money(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1})
    fake = FakeGateway("toss", street.clock)
    payments.connect(fake.gateway())
    try:
        street.ask_back(order, [Wish(line=1, to="SHIRT-L")], Reason.DEFECTIVE, kind="exchange", means="toss")
        street.step(order, "withdraw_claim", street.mina)
        street.ask_back(order, [Wish(line=1, to="SHIRT-L")], Reason.DEFECTIVE, kind="exchange", means="toss")
        street.step(order, "take_back")
    finally:
        fake.close()
    assert spent(street) == 0
    street.books_agree()
