"""Prices for members, roles and guilds, in the cart and on the product's page, with the reason for every won."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.storefront.stand import Stand
from tests.storefront.street import BY, Street, buyer

from madang import catalog, members
from madang.catalog import Off, PriceList, Promotion
from madang.kernel import Invalid, Role, derived
from madang.storefront import checkout, showing

LISTS = (
    PriceList(id="member", name_ko="회원가", name_en="Members", prices={"RAMEN": 950}, tags=("member",)),
    PriceList(id="makers", name_ko="도매가", name_en="Makers", prices={"RAMEN": 900}, tags=("maker",), priority=1),
    PriceList(
        id="guild", name_ko="모임가", name_en="Potters", prices={"RAMEN": 800}, tags=("guild:potters",), priority=2,
        shops=("s1",),
    ),
)  # fmt: skip


def test_a_cart_costs_what_its_owner_is(street: Street) -> None:
    street.open()
    for one in LISTS:
        id_ = street.ids.new()
        street.write(lambda tx, one=one, id_=id_: catalog.set_price_list(tx, BY, one, id=id_, at_us=street.now))  # type: ignore[misc]
    mina, guest = UUID(street.mina.key), buyer(derived("a guest"))
    for who in (street.mina, guest):
        street.put("RAMEN", 10, by=who)

    def costs(who: object = street.mina) -> tuple[int, list[str]]:
        shelf = street.read(lambda tx: showing.cart(tx, who, street.now)).shelves[0]  # type: ignore[arg-type]
        line = shelf.lines[0]
        assert line.list_krw + sum(off for _, _, off in line.why) == line.amount_krw
        return line.amount_krw, [ko for ko, _, _ in line.why]

    assert costs(guest) == (10_000, [])
    assert costs() == (9_500, ["회원가"])
    street.write(lambda tx: members.give_role(tx, BY, mina, Role.MAKER, at_us=street.now))
    assert costs() == (9_000, ["도매가"])
    street.write(lambda tx: members.join(tx, BY, mina, "guild:potters", at_us=street.now))
    assert costs() == (8_000, ["모임가"])
    made = Stand(street)
    made.get("/cart")  # the first request has no cookie, so nobody is known by it
    text = made.get("/cart").text
    assert "모임가" in text[text.index("<main") :], text[text.index("<main") :]
    order = street.buy({})
    assert street.order(order)[1].total_krw == 8_000
    street.write(lambda tx: members.leave_group(tx, street.mina, mina, "guild:potters", at_us=street.now))
    street.put("RAMEN", 10)
    assert costs() == (9_000, ["도매가"])
    with pytest.raises(Invalid):
        street.write(lambda tx: members.join(tx, BY, mina, "Potters!", at_us=street.now))
    street.books_agree()


def test_an_order_that_is_cancelled_gives_back_its_use_of_a_code_and_one_that_was_sent_does_not(
    street: Street,
) -> None:
    street.open()
    once = Promotion(id="once", name_ko="첫 주문", name_en="First", effect=Off(100), code="FIRST", per_person_max=1)
    street.write(lambda tx: catalog.set_promotions(tx, BY, [once], id=derived("once"), at_us=street.now))

    def buys() -> tuple[UUID, int]:
        street.put("RAMEN", 1)
        id_ = street.ids.new()
        held = street.write(lambda tx: checkout.begin(tx, street.mina, id=id_, at_us=street.now, codes=["first"]))
        order = street.place(held).orders[0]
        return order, street.order(order)[1].total_krw

    first, krw = buys()
    assert krw == 900
    street.cancel(first)
    second, krw = buys()
    assert krw == 900, "the code was not used up by an order that came to nothing"
    for step in ("pack", "make_ready", "hand_over"):
        street.step(second, step)
    assert buys()[1] == 1_000
    street.books_agree()
