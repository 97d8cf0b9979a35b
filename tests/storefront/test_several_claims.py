"""Several claims at once on one order: each with its own goods, days, costs and money, none given back twice."""

from __future__ import annotations

import contextlib
import random
import shutil
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.databases import POSTGRES_IN_SOAK
from tests.storefront.street import BY, FETCH, STAFF, N, Street
from tests.storefront.test_late_orders import told, until
from tests.storefront.test_orders import received
from tests.storefront.test_returns import FEE, SHIRTS, delivered, dressed, number, spent, swapped

from madang import catalog, deals
from madang.catalog import OffBasket, Promotion, stock
from madang.db import Tx, open_database
from madang.db.schema import metadata
from madang.deals import receipts
from madang.jobs import run_due
from madang.kernel import Conflict, Invalid, MadangError, ManualClock, Uuid7, business_date
from madang.kernel.clock import DAY_US
from madang.storefront import board, exchanging, orders
from madang.storefront.model import Reason, Wish
from madang.storefront.placing import Choice

pytestmark = POSTGRES_IN_SOAK


AT_TEN = Choice(way="pickup", place="s1", slot="pickup-20260923-1000")


def fetched(street: Street, wants: dict[str, int], way: Choice = AT_TEN) -> UUID:
    order = street.buy(wants, choices={"s1": way})
    received(street, order)
    return order


def test_one_good_goes_back_on_monday_and_another_on_wednesday(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1, "RICE": 2})
    shirt, rice = (number(street, order, sku) for sku in ("SHIRT", "RICE"))
    street.ask_back(order, [Wish(line=shirt)])
    street.clock.advance(us=2 * DAY_US)
    asked = street.ask_back(order, [Wish(line=rice, amount=1)])
    assert (asked.state, [one.number for one in street.order(order)[1].open]) == ("returning", [1, 2])
    assert street.step(order, "take_back", claim=2).state == "returning", "the first is still on its way"
    assert street.order(order)[1].taken_back == {str(rice): 1}
    assert street.step(order, "take_back", claim=1).state == "returned"
    assert spent(street) == 12_000 + 2 * 2_500, "each way back is paid for"
    street.ask_back(order, [Wish(line=rice)], Reason.DEFECTIVE)
    street.step(order, "take_back", claim=3)
    assert spent(street) == 2 * 2_500, "the fee of the delivery comes with the last piece"
    street.books_agree()


def test_what_one_claim_is_about_no_other_can_have(street: Street) -> None:
    street.open(FEE)
    order = fetched(street, {"RICE": 3})
    street.ask_back(order, [Wish(line=1, amount=2)])
    with pytest.raises(Invalid, match=r"storefront\.bad_wish"):
        street.ask_back(order, [Wish(line=1, amount=2)])
    street.ask_back(order, [Wish(line=1)])
    assert [one.lines[0].amount for one in street.order(order)[1].open] == [2, 1], "all of it is all that is left"
    with pytest.raises(Invalid, match=r"storefront\.bad_wish"):
        street.step(order, "take_back", claim=2, lines=[{"line": 1, "amount": 2}])
    street.step(order, "take_back", claim=1, lines=[{"line": 1, "amount": 1}])
    street.step(order, "take_back", claim=2)
    assert spent(street) == 12_000, "less came than was claimed"
    street.books_agree()


def test_with_several_open_a_step_says_which_and_one_is_told_apart_by_itself(street: Street) -> None:
    street.open(FEE)
    order = fetched(street, {"RICE": 3, "RAMEN": 1})
    street.ask_back(order, [Wish(line=1, amount=1)])
    street.ask_back(order, [Wish(line=2)])
    for wrong in ({}, {"claim": 7}):
        with pytest.raises(Invalid, match=r"storefront\.which_claim") as fault:
            street.step(order, "take_back", **wrong)
        assert fault.value.details["claims"] == [1, 2]
    assert street.step(order, "withdraw_claim", street.mina, claim=1).state == "returning"
    assert street.step(order, "decline", why="늦었습니다").state == "declined"
    assert spent(street) == street.order(order)[1].total_krw
    street.books_agree()


def test_the_step_of_one_claim_and_that_of_the_last_do_not_stand_for_each_other(street: Street) -> None:
    street.open(FEE)
    order = fetched(street, {"RICE": 3})
    street.ask_back(order, [Wish(line=1, amount=1)])
    with pytest.raises(Conflict, match=r"storefront\.claims_differ"):
        street.step(order, "take_back_one")
    street.ask_back(order, [Wish(line=1, amount=1)])
    with pytest.raises(Conflict, match=r"storefront\.claims_differ"):
        street.write(lambda tx: deals.move(
            tx, STAFF, order, "take_back", id=street.ids.new(), at_us=street.now, args={"claim": 1}
        ))  # fmt: skip


def test_a_step_that_is_sent_again_when_fewer_claims_are_open_is_made_once(street: Street) -> None:
    street.open(FEE)
    order, id_ = fetched(street, {"RICE": 3}), street.ids.new()
    for _ in range(2):
        street.ask_back(order, [Wish(line=1, amount=1)])
    for _ in range(2):
        street.write(lambda tx: orders.step(
            tx, STAFF, order, "take_back", step=id_, at_us=street.now, args={"claim": 1}
        ))  # fmt: skip
    assert (street.state(order), spent(street)) == ("returning", 24_000)


def test_an_exchange_that_waits_for_its_goods_does_not_keep_a_return_from_being_paid(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 2, "RICE": 1})
    shirt, rice = (number(street, order, sku) for sku in ("SHIRT", "RICE"))
    before = spent(street)
    street.ask_back(order, [Wish(line=shirt, amount=1, to="SHIRT-L")], Reason.DEFECTIVE, kind="exchange")
    street.ask_back(order, [Wish(line=rice)], Reason.DEFECTIVE)
    street.ask_back(order, [Wish(line=shirt, to="SHIRT-M")], Reason.DEFECTIVE, kind="exchange")
    assert spent(street) == before + 3_000, "what the large one costs more is held"
    street.step(order, "take_back", claim=2)
    assert spent(street) == before + 3_000 - 12_000
    street.step(order, "exchange", claim=3)
    street.step(order, "exchange", claim=1)
    deal, said = street.order(order)
    assert (deal.state, len(said.exchanged), spent(street)) == ("returned", 2, before + 3_000 - 12_000)
    for new in said.exchanged:
        for step in ("pack", "ship", "deliver"):
            street.step(new, step)
        street.ask_back(new, [Wish(line=1)], Reason.DEFECTIVE)
        street.step(new, "take_back")
    assert spent(street) == 0
    street.books_agree()


def test_the_last_won_of_a_line_may_go_with_another_claim_than_was_reckoned(street: Street) -> None:
    dressed(street)
    off = Promotion(id="off", name_ko="할인", name_en="Off", effect=OffBasket(1_000))
    street.write(lambda tx: catalog.set_promotions(tx, BY, [off], id=UUID(int=0xCB), at_us=street.now))
    order = fetched(street, {"SHIRT-S": 3})
    assert spent(street) == 59_000
    for to in ("SHIRT-L", "SHIRT-L", ""):
        kind = "exchange" if to else "return"
        street.ask_back(order, [Wish(line=1, amount=1, to=to)], Reason.DEFECTIVE, kind=kind)
    first = street.order(order)[1].open[0].swaps[0].amount_krw
    assert {one.due_krw for one in street.order(order)[1].open if one.swaps} == {3_000}
    street.step(order, "take_back", claim=3)
    for claim in (2, 1):
        street.step(order, "exchange", claim=claim)
    new = [street.order(one)[1].total_krw for one in street.order(order)[1].exchanged]
    assert first in (22_666, 22_667)
    assert sum(new) == spent(street), "19,666 and two thirds each: the won that are left are those that came back"
    assert spent(street) in (45_333, 45_334)
    street.books_agree()


def test_each_claim_has_a_time_limit_and_interest_of_its_own(street: Street) -> None:
    street.open()
    order = fetched(street, {"RICE": 3}, FETCH)
    street.ask_back(order, [Wish(line=1, amount=1)])
    street.step(order, "got_back")
    street.clock.advance(us=5 * DAY_US)
    run_due(street.db, street.clock, neighbourhood=N)
    street.ask_back(order, [Wish(line=1, amount=1)])
    until(street, street_day(street, 12))
    assert told(street)[0] == ("returning", ("shop", "buyer"))
    found = street.read(lambda tx: orders.track(tx, STAFF, order, now_us=street.now))
    assert set(found.dues) == {1}, "nothing of the second is here yet"
    assert found.due == found.dues[1]
    assert found.due.refund_krw == 12_000
    owed = found.due.interest_krw
    assert owed > 0
    street.step(order, "take_back", claim=1)
    deal, said = street.order(order)
    assert (deal.state, said.late, said.interest_krw) == ("returning", "", owed), "what is left is not late"
    assert street.read(lambda tx: board.late(tx, STAFF)) == {}
    until(street, street_day(street, 30))
    assert told(street)[-1] == ("returning", ("shop",)), "the second never came: somebody has to decide"
    street.step(order, "take_back")
    assert street.order(order)[1].interest_krw == owed
    street.books_agree()


def street_day(street: Street, days: int) -> date:
    return business_date(street.now + days * DAY_US)


def test_the_shop_gives_a_part_back_while_a_claim_waits(street: Street) -> None:
    street.open(FEE)
    order = fetched(street, {"RICE": 3})
    street.ask_back(order, [Wish(line=1, amount=1)])
    id_ = street.ids.new()
    for _ in range(2):
        street.write(lambda tx: board.refund_part(
            tx, STAFF, order, [Wish(line=1, amount=1)], reason=Reason.DEFECTIVE, sellable=False, step=id_,
            at_us=street.now,
        ))  # fmt: skip
    assert (street.state(order), spent(street)) == ("returning", 24_000)
    assert [one.number for one in street.order(order)[1].open] == [1]


def test_an_order_from_before_version_5_has_one_claim_at_a_time_as_it_began(street: Street) -> None:
    order = delivered(dressed(street), {"SHIRT-S": 1, "RICE": 2})
    table = metadata.tables["deals_deal"]
    street.write(lambda tx: tx.execute(sa.update(table).where(table.c.id == order).values(version=4)))
    rice = number(street, order, "RICE")
    street.ask_back(order, [Wish(line=rice, amount=1)], Reason.DEFECTIVE)
    assert street.order(order)[1].claim is not None
    with pytest.raises(Conflict, match=r"deals\.not_now"):
        street.ask_back(order, [Wish(line=rice, amount=1)], Reason.DEFECTIVE)
    street.step(order, "got_back")
    assert street.step(order, "take_back").state == "returned"
    swapped(street, order, "SHIRT-L")
    assert (street.order(order)[1].open, street.state(order)) == ((), "returned")
    street.books_agree()


# --- random lives -----------------------------------------------------------------------------------------------------
ASK = st.tuples(
    st.just("ask"), st.integers(1, 3), st.integers(1, 3), st.sampled_from(["", "SHIRT-M", "SHIRT-L", "back"])
)
SETTLE = st.tuples(
    st.sampled_from(["take_back", "exchange", "decline", "withdraw_claim"]), st.integers(1, 9), st.just(0), st.just("")
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=st.lists(st.one_of(ASK, SETTLE), min_size=4, max_size=14))
def test_no_row_of_claims_gives_more_money_or_goods_back_than_were_sold(
    steps: list[tuple[str, int, int, str]],
    tmp_path_factory: pytest.TempPathFactory,
    _sqlite_template: Path,  # noqa: PT019 (its value is used)
) -> None:
    path = tmp_path_factory.mktemp("claims") / "madang.db"
    shutil.copy(_sqlite_template, path)
    clock = ManualClock()
    with open_database(f"sqlite:///{path}", clock=clock, migrate=False, durable=False) as db:
        street = dressed(Street(db, clock, Uuid7(clock, random.Random(1))))
        off = Promotion(id="off", name_ko="할인", name_en="Off", effect=OffBasket(1_001))
        street.write(lambda tx: catalog.set_promotions(tx, BY, [off], id=UUID(int=0xCB), at_us=street.now))
        order = fetched(street, {"SHIRT-S": 3, "RICE": 3, "RAMEN": 2})
        paid, there = spent(street), on_hand(street)
        for what, n, amount, to in steps:
            with contextlib.suppress(MadangError):
                if what == "ask":
                    kind = "return" if to == "back" else "exchange"
                    wish = Wish(line=n, amount=amount, to="" if to == "back" else to)
                    street.ask_back(order, [wish], Reason.DEFECTIVE, kind=kind)
                elif what == "withdraw_claim":
                    street.step(order, what, street.mina, claim=n)
                elif what in ("take_back", "exchange"):
                    street.step(order, what, claim=n, sellable=True)
                else:
                    street.step(order, what, claim=n)
            holds(street, order, paid, there)
        street.books_agree()


def holds(street: Street, order: UUID, paid: int, there: dict[str, int]) -> None:
    """Money out is what receipts say and open exchanges hold; goods are on shelves or with the buyer."""
    _, said = street.order(order)
    every = [order, *said.exchanged]

    def look(tx: Tx) -> int:
        issued = [one for id_ in every for one in receipts.of_deal(tx, BY, id_)]
        for sale in (one for one in issued if one.original is None):
            assert receipts.left_of(tx, BY, sale.id) >= 0
        held = sum(max(0, claim.due_krw) for claim in said.open if exchanging.to_pay(tx, BY, claim) is None)
        return sum(one.total_krw for one in issued) + held

    assert spent(street) == street.read(look)
    assert spent(street) <= paid + 3 * 3_000
    with_buyer: dict[str, int] = {}
    for id_ in every:
        of = street.order(id_)[1]
        for line in of.lines:
            assert of.left(line) >= of.free(line) >= 0
            with_buyer[line.sku] = with_buyer.get(line.sku, 0) + of.left(line)
    now = on_hand(street)
    for sku in there:
        out = with_buyer.get(sku, 0)
        assert now[sku] + out == there[sku] + bought(street, order).get(sku, 0)


def bought(street: Street, order: UUID) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in street.order(order)[1].lines:
        found[line.sku] = found.get(line.sku, 0) + line.amount
    return found


def on_hand(street: Street) -> dict[str, int]:
    skus = [*SHIRTS, "RICE", "RAMEN"]
    found = street.read(lambda tx: stock.levels(tx, BY, skus, place="s1"))
    return {sku: found[sku]["s1"].on_hand for sku in skus}
