"""Money of an order that a company gave back by itself: booked by lines, or owed again."""

from __future__ import annotations

import pytest
from tests.payments.counter import person
from tests.storefront.market import KRW, Market, TopUp
from tests.storefront.street import STAFF
from tests.storefront.test_money_paths import opened

from madang import payments
from madang.kernel import Conflict, Invalid, Role
from madang.payments import Part, Payment, deciding, unasked
from madang.payments.unasked import Unasked
from madang.storefront import board
from madang.storefront.model import Reason, Wish

BOSS = person("boss", Role.OPERATOR)


def given_back_by_company(market: Market, paying: Payment, number: int, krw: int) -> Unasked:
    part = market.charge(paying, number)
    company = market.fakes[part.gateway]
    company.desk.give_back(company.desk.by_key[part.gateway_key], krw, 0, "chargeback")
    assert market.hook(paying, number, status="CANCELED") == 200
    market.work(s=46)
    [gone] = market.read(lambda tx: unasked.waiting(tx, BOSS)).rows
    return gone


def test_an_orders_money_that_came_back_by_itself_is_booked_by_lines_or_claimed(sqlite_url: str) -> None:
    with opened(sqlite_url) as market:
        market.put("RAMEN", 2)
        placed = market.place(market.begin(), parts=(Part("kakao", KRW), Part("toss", KRW)))
        paying, order = placed.payment, placed.orders[0]
        assert paying is not None
        market.walk(paying)
        gone = given_back_by_company(market, paying, 2, 20_000)
        assert market.read(lambda tx: deciding.places(tx, BOSS, paying)) == [f"/console/orders/{order}"]
        lines = {"reason": Reason.DEFECTIVE, "sellable": True, "step": market.ids.new(), "at_us": market.now}
        market.write(lambda tx: board.refund_part(tx, STAFF, order, [Wish(line=1, amount=1)], **lines))
        market.work(s=46)
        market.both_sides_agree()
        left = [one.refunded_krw for one in market.get(paying).parts]
        assert left == [7_500, 22_500], "20,000 of it the payer had; the rest over what each had left"
        again = given_back_by_company(market, paying, 1, 5_000)
        with pytest.raises(Conflict, match=r"payments\.refund_where_bought"):
            market.write(lambda tx: deciding.refund(tx, BOSS, again.id, at_us=market.now))
        with pytest.raises(Invalid, match=r"payments\.say_why"):
            market.write(lambda tx: deciding.claim(tx, BOSS, again.id, why=" ", at_us=market.now))
        for _ in range(2):
            market.write(lambda tx: deciding.claim(tx, BOSS, again.id, why="물건을 받고 매입 취소", at_us=market.now))
        assert market.read(lambda tx: payments.owed_krw(tx, market.mina.key)) == 5_000
        market.both_sides_agree()
        filled = TopUp().order(market, "toss")
        market.walk(filled)
        assert market.read(lambda tx: payments.owed_krw(tx, market.mina.key)) == 0, "the next filling pays it"
        assert gone.id != again.id
        market.both_sides_agree()
