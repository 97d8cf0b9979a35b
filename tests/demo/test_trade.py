"""What was traded before the demo's day: settled, held, kept back, documented; and credit between shops."""

from __future__ import annotations

from datetime import timedelta

from madang import deals, settlement, vouchers
from madang.db import Database, Tx
from madang.demo import currency, opening, patrons, setting, trade
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.demo.trade import BY, CREDIT, MERCHANT
from madang.demo.visitors import PERSONAS
from madang.kernel import Actor, Kind, ManualClock, seoul
from madang.kernel.clock import DAY_US
from madang.settlement import PayoutState
from madang.storefront import consigned, rides
from madang.storefront.actions import order_of
from madang.vouchers import credit, reporting


def test_everything_of_settlement_is_there_to_be_seen_and_the_books_agree(db: Database, clock: ManualClock) -> None:
    at_us = clock.now_us()
    layout = setting.layout_of(setting.Setting(seed=1, baskets=1, epoch_us=at_us))
    for _ in range(2):  # a demo that is opened again finds it as it was
        opening.open_shop(db, layout, at_us)

    def look(tx: Tx) -> None:
        payouts = settlement.payouts_of(tx, BY, MERCHANT)
        held = [one for one in payouts if one.state is PayoutState.HELD]
        assert [(one.reason, at_us < (one.until_us or 0) <= at_us + DAY_US) for one in held] == [
            ("account_changed", True)
        ]
        assert sum(one.state is PayoutState.PAID for one in payouts) >= 4
        kept = settlement.reserves_of(tx, BY, MERCHANT)
        assert kept[0][1].reason_en
        assert [one.appeal for one, _ in settlement.appeals(tx, BY)]
        months = settlement.months(tx, BY, MERCHANT, now_us=at_us)
        assert settlement.statement(tx, BY, MERCHANT, months[1]).sold_krw > 100_000
        assert settlement.documents_of(tx, BY, MERCHANT)
        assert all(settlement.buckets(tx, BY, one.key).total_krw > 0 for one in settlement.parties_of(tx, BY))
        shops = (SHOP, *(id for id, _, _ in trade.SHOPS))
        assert sum(credit.balance(tx, CREDIT, shop) for shop in shops) == 0
        assert settlement.differences(tx) == []
        orders = deals.find(tx, BY, process="order", limit=200).rows
        ends = {deal.state for deal in orders}
        assert {"confirmed", "cancelled"} <= ends, ends
        assert sum(deal.state == "paid" for deal in orders) >= 2, "something waits for the shop"
        assert sum(order_of(deal).refunded_krw for deal in orders if deal.state == "confirmed") > 0
        mine = [deal for deal in orders if deal.subject == str(patrons.person_of(0))]
        assert mine, "the neighbour one can be has a past"
        rider, brand = (
            Actor(Kind.PERSON, str(one.key), NEIGHBOURHOOD, frozenset(one.roles))
            for one in PERSONAS
            if one.name in ("rider", "brand")
        )
        [offered] = rides.offers(tx, rider)
        assert (offered.order.fulfil.until_us or 0) > at_us, "it can still be brought"
        [salt] = consigned.goods(tx, brand, settlement.party(tx, brand, trade.BRAND), at_us=at_us)
        assert sum(one.sold + one.sold_before for one in salt.at) > 0

        month = seoul(at_us).strftime("%Y-%m")
        past = (seoul(at_us).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        told = [reporting.report(tx, currency.BY, currency.WON, one) for one in (past, month)]
        assert all(one.sold_krw > 0 and one.subsidy_krw > 0 for one in told), "vouchers are bought every month"
        assert all([shop.shop for shop in one.redeemed] == [SHOP] for one in told), "and spent at the shop"
        (claim,) = reporting.claims_of(tx, currency.BY, currency.WON)
        assert (claim.month, claim.paid_us is not None) == (past, True)
        assert vouchers.differences(tx) == []

    db.read(look, neighbourhood=NEIGHBOURHOOD)
