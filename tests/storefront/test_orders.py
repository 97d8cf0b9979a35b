"""An order from the cart to the end: held, placed, paid, packed, handed over, given back."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.storefront.street import BY, FETCH, TERMS, Street, buyer

from madang import catalog, ledger
from madang.catalog import Bundle, Nature, Particulars, Percent, Price, Product, Promotion
from madang.db import Tx
from madang.jobs import run_due
from madang.kernel import Actor, Conflict, Forbidden, Invalid, NotFound, derived
from madang.kernel.clock import DAY_US, HOUR_US
from madang.payments import Part
from madang.storefront import checkout, hearing, orders, showing
from madang.storefront.addresses import Address
from madang.storefront.bases import Basis, effective, set_bases
from madang.storefront.model import HOLD_US, Reason, Wish, WithdrawalBasis
from madang.storefront.placing import Choice, Placing

pytestmark = POSTGRES_IN_SOAK

HOME = {
    "name": "김미나",
    "phone": "010-1234-5678",
    "postcode": "03993",
    "road": "서울 마포구 성미산로 12",
    "detail": "301호",
}


def test_an_order_takes_goods_and_money_and_issues_a_receipt_with_exempt_lines_apart(street: Street) -> None:
    street.open()
    order = street.buy({"RAMEN": 2, "RICE": 1, "BEEF": 300})
    deal, said = street.order(order)
    assert deal.state == "paid"
    assert said.total_krw == 2000 + 12_000 + 16_650
    assert street.wallet().posted == 500_000 - said.total_krw
    assert (street.available("RAMEN"), street.available("BEEF")) == (48, 4700)
    tracked = street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now))
    [receipt] = tracked.receipts
    assert (receipt.split.supply_krw, receipt.split.vat_krw, receipt.split.exempt_krw) == (1818, 182, 28_650)
    assert [step.transition for step in tracked.steps] == ["open", "pay"]
    street.books_agree()


@BOTH
def test_a_promotion_for_one_order_is_had_by_one_of_two_who_both_saw_it(street: Street) -> None:
    street.open()
    once = Promotion(id="once", name_ko="한 번", name_en="Once", effect=Percent(5_000), uses_max=1)
    street.write(lambda tx: catalog.set_promotions(tx, BY, [once], id=UUID(int=0xCA), at_us=street.now))
    joon = buyer(UUID(int=0x30))
    street.join(joon, 50_000)
    street.put("RAMEN")
    street.put("RAMEN", by=joon)
    mine, theirs = street.begin(), street.begin(joon)
    assert (mine.goods_krw, theirs.goods_krw) == (500, 500)
    street.place(mine)
    with pytest.raises(Conflict) as over:
        street.place(theirs, joon)
    assert over.value.code == "catalog.promotion_over"
    street.clock.advance(s=HOLD_US // 1_000_000 + 1)
    assert street.begin(joon).goods_krw == 1_000, "the price of now"


def test_a_hold_keeps_goods_and_prices_until_its_time_and_no_longer(street: Street) -> None:
    street.open(amounts=3)
    street.put("RAMEN", 3)
    held = street.begin()
    other = buyer(derived("other"))
    street.join(other, 10_000)
    street.put("RAMEN", 1, by=other)
    with pytest.raises(Conflict) as fault:
        street.begin(other)
    assert fault.value.code == "catalog.sold_out"
    street.clock.advance(us=HOLD_US - 1)
    assert street.available("RAMEN") == 0
    street.clock.advance(us=1)
    with pytest.raises(Conflict) as fault:
        street.place(held)
    assert fault.value.code == "storefront.hold_over"
    mine = street.begin(other)
    assert street.place(mine, other).orders
    assert street.available("RAMEN") == 2
    street.books_agree()


def test_who_paid_one_order_goes_on_to_it_and_who_paid_several_to_all_of_them(street: Street) -> None:
    street.open()
    street.put("RAMEN", 1, shop="s1")
    one = street.place(street.begin())
    street.put("RAMEN", 1, shop="s1")
    street.put("RICE", 1, shop="s2")
    two = street.place(street.begin(), choices={"s1": FETCH, "s2": Choice(way="pickup", place="s2")})
    assert one.payment is not None
    assert two.payment is not None
    paid = (one.payment, two.payment)
    led = street.read(lambda tx: [hearing.page_of(tx, payment) for payment in paid])
    assert led == [f"/orders/{one.orders[0]}", "/orders"]


@BOTH
def test_one_cart_of_two_shops_becomes_two_orders_under_one_payment(street: Street) -> None:
    street.open()
    street.put("RAMEN", 1, shop="s1")
    street.put("RICE", 1, shop="s2")
    held = street.begin()
    placed = street.place(held, choices={"s1": FETCH, "s2": Choice(way="pickup", place="s2")})
    assert len(placed.orders) == 2
    assert placed.payment is not None
    assert placed.payment.total_krw == 13_000
    assert {street.state(order) for order in placed.orders} == {"paid"}
    street.cancel(placed.orders[0])
    assert street.wallet().posted == 500_000 - 12_000
    street.books_agree()


def test_placing_a_checkout_again_gives_what_came_of_it(street: Street) -> None:
    street.open()
    street.put("RAMEN")
    held = street.begin()
    assert street.place(held).orders == street.place(held).orders
    assert street.wallet().posted == 499_000
    street.books_agree()


def test_too_little_money_leaves_everything_as_it_was(street: Street) -> None:
    street.open()
    poor = buyer(derived("poor"))
    street.join(poor, 500)
    street.put("RAMEN", by=poor)
    held = street.begin(poor)
    with pytest.raises(Conflict) as fault:
        street.place(held, poor)
    assert fault.value.code == "payments.not_enough"
    street.clock.advance(us=HOLD_US)
    assert street.available("RAMEN") == 50
    street.books_agree()


def test_a_window_is_never_given_to_more_orders_than_it_takes(street: Street) -> None:
    street.open(TERMS)
    slot = "pickup-20260923-1000"
    for _ in range(3):
        street.buy({"RAMEN": 1}, choices={"s1": Choice(way="pickup", place="h1", slot=slot)})
    street.put("RAMEN")
    held = street.begin()
    with pytest.raises(Conflict) as fault:
        street.place(held, choices={"s1": Choice(way="pickup", place="h1", slot=slot)})
    assert fault.value.code == "storefront.slot_full"
    street.cancel(street.read(lambda tx: orders.find(tx, street.mina)).rows[0].id)
    assert street.place(held, choices={"s1": Choice(way="pickup", place="h1", slot=slot)}).orders
    street.books_agree()


def test_a_delivery_needs_an_address_that_can_be_read_and_reached(street: Street) -> None:
    street.open(TERMS)
    street.put("RAMEN")
    held = street.begin()
    way = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    with pytest.raises(Invalid) as fault:
        street.place(held, choices=way, address=Address(**HOME | {"postcode": "3993", "road": "성산동 어딘가"}))
    assert fault.value.details["fields"] == {"postcode": "postcode", "road": "road"}
    order = street.place(held, choices=way, address=Address(**HOME)).orders[0]
    tracked = street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now))
    assert tracked.order.fee_krw == 3_000
    assert tracked.address is not None
    assert tracked.address.phone == "01012345678"
    assert "김미나" not in str(tracked.deal.data)
    street.books_agree()


def test_goods_for_adults_need_the_year_of_birth_and_an_identity_card(street: Street) -> None:
    street.open()
    street.put("WINE")
    held = street.begin()
    for born in (None, 2008):
        with pytest.raises(Invalid) as fault:
            street.place(held, born=born)
        assert fault.value.code == "storefront.adults_only"
    order = street.place(held, born=2007).orders[0]
    street.step(order, "pack")
    street.step(order, "make_ready")
    with pytest.raises(Invalid) as fault:
        street.step(order, "hand_over")
    assert fault.value.code == "storefront.check_age"
    assert street.step(order, "hand_over", age_checked=True).state == "picked_up"


def test_alcohol_is_fetched_unless_it_is_traditional_and_tobacco_is_not_ordered_at_all(street: Street) -> None:
    street.open(TERMS)
    sent = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    home = Address(**HOME)

    def is_a(*natures: Nature) -> None:
        said, id_ = Particulars(sku="WINE", natures=natures), street.ids.new()
        street.write(lambda tx: catalog.set_particulars(tx, BY, [said], id=id_, at_us=street.now))

    street.put("WINE")
    for natures in ((), (Nature.ALCOHOL,), (Nature.TOBACCO,)):
        is_a(*natures)
        with pytest.raises(Invalid) as fault:
            street.place(street.begin(), choices=sent, address=home, born=1990)
        assert fault.value.code == "storefront.not_by_mail"
        assert fault.value.details["why"] == ("tobacco" if Nature.TOBACCO in natures else "alcohol")
    fetched = {"s1": Choice(way="pickup", place="h1", slot="pickup-20260923-1000")}
    with pytest.raises(Invalid) as fault:
        street.place(street.begin(), choices=fetched, born=1990)
    assert fault.value.details["why"] == "tobacco"
    is_a(Nature.ALCOHOL, Nature.TRADITIONAL)
    order = street.place(street.begin(), choices=sent, address=home, born=1990).orders[0]
    street.step(order, "pack")
    street.step(order, "ship")
    with pytest.raises(Invalid) as card:
        street.step(order, "deliver")
    assert card.value.code == "storefront.check_age"
    street.clock.advance(us=9 * DAY_US)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert (street.state(order), street.order(order)[1].late) == ("shipped", "shipped"), "nobody saw a card"


def test_what_of_a_part_is_excepted_holds_for_the_bundle_beside_a_part_of_which_nothing_is(street: Street) -> None:
    street.open()
    at, id_ = street.now, street.ids.new()
    gift = Product(id="GIFT", name_ko="한 상", name_en="A table")
    free = Basis(sku="RAMEN", basis=WithdrawalBasis.FREE)

    def put_together(tx: Tx) -> None:
        catalog.add_products(tx, BY, [gift], id=id_, at_us=at)
        catalog.set_bundles(tx, BY, [Bundle(sku="GIFT", parts={"RAMEN": 1, "BOWL": 1})], id=id_, at_us=at)
        set_bases(tx, BY, [free], id=id_, at_us=at)

    street.write(put_together)
    assert street.read(lambda tx: effective(tx, BY, ["GIFT", "RAMEN"])) == {
        "GIFT": WithdrawalBasis.MADE_TO_ORDER, "RAMEN": WithdrawalBasis.FREE,
    }  # fmt: skip
    whole = Basis(sku="GIFT", basis=WithdrawalBasis.FREE)
    street.write(lambda tx: set_bases(tx, BY, [whole], id=street.ids.new(), at_us=at))
    assert street.read(lambda tx: effective(tx, BY, ["GIFT"])) == {"GIFT": WithdrawalBasis.FREE}, "the shop's own word"


def test_a_bundle_with_makgeolli_is_sold_like_makgeolli(street: Street) -> None:
    street.open(TERMS)
    id_ = street.ids.new()

    def put_together(tx: Tx) -> None:
        catalog.add_products(tx, BY, [Product(id="GIFT", name_ko="한 상", name_en="A table")], id=id_, at_us=street.now)
        price = Price(product="GIFT", price_krw=9_000, from_us=street.now)
        catalog.set_prices(tx, BY, [price], id=id_, at_us=street.now)
        catalog.set_bundles(tx, BY, [Bundle(sku="GIFT", parts={"WINE": 1, "RAMEN": 1})], id=id_, at_us=street.now)

    street.write(put_together)
    street.put("GIFT")
    with pytest.raises(Invalid) as young:
        street.place(street.begin(), born=2012)
    assert young.value.code == "storefront.adults_only"
    sent = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    with pytest.raises(Invalid) as mailed:
        street.place(street.begin(), choices=sent, address=Address(**HOME), born=1990)
    assert mailed.value.code == "storefront.not_by_mail"


def test_what_is_made_to_order_needs_consent_and_then_does_not_come_back_for_a_change_of_mind(street: Street) -> None:
    street.open()
    street.put("BOWL")
    held = street.begin()
    with pytest.raises(Invalid) as fault:
        street.place(held)
    assert fault.value.code == "storefront.consent_needed"
    order = street.place(held, agreed=frozenset({"BOWL"})).orders[0]
    received(street, order)
    with pytest.raises(Conflict) as refused:
        street.ask_back(order, [Wish(line=1)])
    assert refused.value.details["verdict"] == "excepted"
    assert street.ask_back(order, [Wish(line=1)], Reason.DEFECTIVE).state == "returning"


def received(street: Street, order: UUID) -> None:
    for step in ("pack", "make_ready", "hand_over"):
        street.step(order, step)


def test_part_of_an_order_comes_back_and_is_refunded_and_restocked(street: Street) -> None:
    street.open()
    order = street.buy({"RAMEN": 3, "RICE": 1})
    received(street, order)
    street.ask_back(order, [Wish(line=1, amount=2)])
    street.step(order, "take_back")
    assert street.state(order) == "returned"
    assert (street.wallet().posted, street.available("RAMEN")) == (500_000 - 13_000, 49)
    street.ask_back(order, [Wish(line=1), Wish(line=2)], Reason.DEFECTIVE)
    street.step(order, "take_back")
    assert (street.wallet().posted, street.available("RAMEN")) == (500_000, 49), "what is broken goes to waste"
    with pytest.raises(Invalid):
        street.ask_back(order, [Wish(line=1)])
    street.books_agree()


def test_an_exchange_sends_the_same_goods_again_and_moves_no_money(street: Street) -> None:
    street.open()
    order = street.buy({"RAMEN": 1})
    received(street, order)
    street.ask_back(order, [Wish(line=1)], Reason.DEFECTIVE, kind="exchange")
    assert street.step(order, "exchange").state == "returned"
    assert (street.wallet().posted, street.available("RAMEN")) == (499_000, 48)
    [again] = street.order(order)[1].exchanged
    received(street, again)
    street.ask_back(again, [Wish(line=1)])
    street.step(again, "take_back")
    assert (street.wallet().posted, street.available("RAMEN")) == (500_000, 49)
    street.books_agree()


def test_the_shop_refunds_what_it_cannot_send(street: Street) -> None:
    street.open()
    order = street.buy({"RAMEN": 3})
    street.step(order, "short", lines=[{"line": 1, "amount": 1}])
    assert (street.state(order), street.wallet().posted) == ("paid", 498_000)
    street.cancel(order)
    assert (street.state(order), street.wallet().posted, street.available("RAMEN")) == ("cancelled", 500_000, 49)
    street.books_agree()


def test_time_confirms_what_was_received_and_cancels_what_nobody_fetches(street: Street) -> None:
    street.open()
    kept, left = street.buy({"RAMEN": 1}), street.buy({"RICE": 1})
    received(street, kept)
    for step in ("pack", "make_ready"):
        street.step(left, step)
    street.clock.advance(us=7 * DAY_US + HOUR_US)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert (street.state(kept), street.state(left)) == ("confirmed", "cancelled")
    assert street.wallet().posted == 499_000
    street.clock.advance(us=90 * DAY_US)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert street.state(kept) == "closed"
    street.books_agree()


def test_nobody_sees_or_moves_an_order_of_somebody_else(street: Street) -> None:
    street.open()
    order = street.buy({"RAMEN": 1})
    other = buyer(derived("other"))
    street.join(other, 0)
    with pytest.raises(NotFound):
        street.read(lambda tx: orders.track(tx, other, order, now_us=street.now))
    with pytest.raises(NotFound):
        street.cancel(order, other)
    with pytest.raises(Forbidden):
        street.step(order, "pack", by=street.mina)


def test_an_order_can_be_put_into_the_cart_again(street: Street) -> None:
    street.open()
    order = street.buy({"RAMEN": 2, "RICE": 1})
    left_out = street.write(lambda tx: orders.again(tx, street.mina, order, at_us=street.now))
    assert left_out == []
    second = street.place(street.begin()).orders[0]
    assert [(line.sku, line.amount) for line in street.order(second)[1].lines] == [("RAMEN", 2), ("RICE", 1)]


def test_what_a_shopper_holds_themselves_is_there_in_their_own_cart_only(street: Street) -> None:
    street.open()
    jun = buyer(derived("jun"))
    street.join(jun, 0)
    for who in (street.mina, jun):
        street.put("RAMEN", 40, by=who)
    street.begin()

    def left(by: Actor) -> int:
        [shelf] = street.read(lambda tx: showing.cart(tx, by, street.now)).shelves
        return shelf.left["RAMEN"]

    assert (left(street.mina), left(jun)) == (50, 10)
    street.clock.advance(s=3600)
    street.write(lambda tx: ledger.expire(tx, street.now))
    assert (left(street.mina), left(jun)) == (50, 50)


def test_what_is_to_pay_is_called_as_its_payer_reads(street: Street) -> None:
    street.open()
    called = []
    for language in ("ko", "en"):
        street.put("RAMEN")
        street.put("MILK")
        held, at_us = street.begin(), street.now
        said = Placing(choices={"s1": FETCH}, parts=(Part("wallet", 3_900),))
        placed = street.write(
            lambda tx, held=held, said=said, to=language, at_us=at_us: checkout.place(
                tx, street.mina, held.id, said, at_us=at_us, language=to
            )
        )
        assert placed.payment is not None
        called.append(placed.payment.title)
    assert called == ["우유 1L 외 1건", "Milk 1L and 1 more"]
