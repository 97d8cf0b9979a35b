"""Receipts, refunds and disputes on a database: numbers, VAT, wallets, and the books in step with the receipts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from madang import catalog, deals, journal, ledger, payments
from madang.catalog import Price, Product, SoldBy, Vat
from madang.db import Database, Tx
from madang.deals import Deal, GiveBack, Links, Process, Receipt, Taken, Transition, receipts
from madang.deals.disputes import Claim, Policy, at_once, claim_of
from madang.deals.records import receipts as tables
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, ManualClock, NotFound, Role, Uuid7, system
from madang.kernel.clock import DAY_US

N = "n1"
BY = system(N)
STAFF = Actor(Kind.PERSON, "staff-1", N, frozenset({Role.STAFF}), frozenset({"s1"}))
SHOPPER = Actor(Kind.PERSON, "p1", N, frozenset({Role.SHOPPER}))
BASKET = (Taken(product="milk", qty=2, probability=0.97), Taken(product="apple", grams=500), Taken(product="ramen"))
TOTAL = 2 * 2_990 + 4_495 + 1_150


@deals.action("stall.charge")
def charge(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> dict[str, Any]:
    """What a walk-out charge does: a receipt, and the same money out of the wallet."""
    taken = [Taken(**item) for item in args["taken"]]
    receipt = receipts.issue(tx, by, deal, taken, id=UUID(args["receipt"]), at_us=at_us, confidence=0.95)
    moves = payments.charge(
        id=receipt.id, person=receipt.person, shop=receipt.shop, split=receipt.split, at_us=at_us, cause=str(deal.id)
    )
    ledger.post(tx, moves)
    return {"receipt": str(receipt.id), "total_krw": receipt.total_krw}


STALL = Process(
    name="stall",
    version=1,
    initial="choosing",
    states=("choosing", "charged", "disputed", "refunded", "closed"),
    transitions=(
        Transition("pay", ("choosing",), "charged", (Role.STAFF,), ("stall.charge",)),
        Transition("dispute", ("charged", "refunded"), "disputed", (Role.SHOPPER, Role.STAFF), ("deals.dispute",)),
        Transition("refund", ("disputed",), "refunded", (Role.STAFF,), ("deals.refund",)),
        Transition("reject", ("disputed",), "charged", (Role.STAFF,), ("deals.drop_claim",)),
        Transition("close", ("charged", "refunded"), "closed", (Role.STAFF,)),
    ),
)
deals.declare(STALL)


class Market:
    """A stall with three products, and a shopper with money."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids = db, clock, ids
        now = clock.now_us()
        products = [
            Product(id="milk", name_ko="우유", name_en="Milk"),
            Product(id="ramen", name_ko="라면", name_en="Ramen"),
            Product(id="apple", name_ko="사과", name_en="Apple", vat=Vat.EXEMPT, sold_by=SoldBy.WEIGHT),
        ]
        prices = [
            Price(product=p, price_krw=k, from_us=now) for p, k in (("milk", 2_990), ("ramen", 1_150), ("apple", 899))
        ]
        ids3 = [ids.new() for _ in range(3)]

        def stock(tx: Tx) -> None:
            catalog.add_products(tx, BY, products, id=ids3[0], at_us=now)
            catalog.set_prices(tx, BY, prices, id=ids3[1], at_us=now)
            ledger.post(tx, payments.top_up(id=ids3[2], person="p1", amount_krw=100_000, at_us=now))

        self.write(stock)

    def write(self, fn: Any) -> Any:
        return self.db.write(fn, neighbourhood=N)

    def read(self, fn: Any) -> Any:
        return self.db.read(fn, neighbourhood=N)

    def sale(self, taken: tuple[Taken, ...] = BASKET) -> tuple[Deal, Receipt]:
        now, deal_id, move_id, receipt_id = self.clock.now_us(), self.ids.new(), self.ids.new(), self.ids.new()
        items = [{"product": t.product, "qty": t.qty, "grams": t.grams, "probability": t.probability} for t in taken]
        args = {"receipt": str(receipt_id), "taken": items}

        def sell(tx: Tx) -> tuple[Deal, Receipt]:
            deals.open(tx, BY, "stall", id=deal_id, shop="s1", subject="p1", at_us=now)
            deal = deals.move(tx, BY, deal_id, "pay", id=move_id, at_us=now, args=args)
            return deal, receipts.get(tx, BY, receipt_id)

        return self.write(sell)  # type: ignore[no-any-return]

    def dispute(self, deal: Deal, receipt: Receipt, lines: list[GiveBack], **more: Any) -> deals.disputes.Decided:
        now, id_ = self.clock.now_us(), more.pop("id", None) or self.ids.new()
        by = more.pop("by", SHOPPER)
        return self.write(  # type: ignore[no-any-return]
            lambda tx: deals.disputes.dispute(tx, by, deal.id, receipt.id, lines, id=id_, at_us=now, **more)
        )

    def wallet_krw(self) -> int:
        return self.read(lambda tx: ledger.balance(tx, payments.wallet("p1")).posted)  # type: ignore[no-any-return]

    def books_agree(self) -> None:
        """Money in the shop's accounts of the day is what its receipts of the day say, part by part."""
        now = self.clock.now_us()

        def look(tx: Tx) -> tuple[Any, ...]:
            accounts = (payments.sales("s1", now), payments.vat_payable("s1", now), payments.sales_exempt("s1", now))
            day = payments.day_owner("s1", now).split("/")[1]
            found = receipts.day_of(tx, BY, "s1", day)
            return found.split, [ledger.balance(tx, key).posted for key in accounts], ledger.check(tx).ok

        split, posted, ok = self.read(look)
        assert posted == [split.supply_krw, split.vat_krw, split.exempt_krw]
        assert ok


@pytest.fixture
def market(db: Database, clock: ManualClock, ids: Uuid7) -> Market:
    return Market(db, clock, ids)


def test_a_sale_gives_a_numbered_receipt_and_takes_its_total_from_the_wallet(market: Market) -> None:
    deal, receipt = market.sale()
    assert (receipt.total_krw, deal.data["total_krw"]) == (TOTAL, TOTAL)
    assert [(x.name_ko, x.qty, x.grams, x.amount_krw) for x in receipt.lines] == [
        ("우유", 2, None, 5_980), ("사과", 1, 500, 4_495), ("라면", 1, None, 1_150),
    ]  # fmt: skip
    assert receipt.lines[0].probability == 0.97
    assert (receipt.split.vat_krw, receipt.split.exempt_krw, receipt.taxable_krw) == (648, 4_495, 7_130)
    assert receipt.label.endswith("-0001")
    assert market.wallet_krw() == 100_000 - TOTAL
    market.books_agree()


def test_numbers_count_per_shop_and_seoul_day_without_gaps(market: Market) -> None:
    first, second = market.sale()[1], market.sale()[1]
    market.clock.advance(us=DAY_US)
    third = market.sale()[1]
    assert [r.number for r in (first, second, third)] == [1, 2, 1]
    assert first.day == second.day < third.day
    found = market.read(lambda tx: receipts.find(tx, BY, shop="s1", limit=2))
    assert [r.id for r in found.rows] == [third.id, second.id]
    assert found.rows[0] == third
    assert market.read(lambda tx: receipts.days(tx, BY, "s1")) == [first.day, third.day]


def test_a_sale_that_fails_uses_no_number(market: Market) -> None:
    with pytest.raises(Invalid, match=r"deals\.no_product"):
        market.sale((Taken(product="unicorn"),))
    with pytest.raises(ledger.LedgerError):
        market.sale((Taken(product="milk", qty=1_000),))
    assert market.wallet_krw() == 100_000
    assert market.sale()[1].number == 1


def test_nothing_taken_is_a_receipt_of_zero_and_moves_no_money(market: Market) -> None:
    _, receipt = market.sale(())
    assert (receipt.total_krw, receipt.lines) == (0, ())
    assert market.wallet_krw() == 100_000


def test_receipts_can_neither_be_changed_nor_removed(market: Market) -> None:
    market.sale()
    for change in (tables.receipts.update().values(total_krw=1), tables.lines.delete()):
        with pytest.raises(IntegrityError):
            market.write(lambda tx, change=change: tx.execute(change))


def test_prices_can_be_those_of_an_earlier_instant(market: Market) -> None:
    entered = market.clock.now_us()
    deal, _ = market.sale()
    market.clock.advance(s=60)
    now, ids = market.clock.now_us(), [market.ids.new() for _ in range(3)]

    def dearer(tx: Tx) -> tuple[Receipt, Receipt]:
        catalog.set_prices(tx, BY, [Price(product="ramen", price_krw=1_500, from_us=now)], id=ids[0], at_us=now)
        one = [Taken(product="ramen")]
        old = receipts.issue(tx, BY, deal, one, id=ids[1], at_us=now, prices_at_us=entered)
        return old, receipts.issue(tx, BY, deal, one, id=ids[2], at_us=now)

    old, new = market.write(dearer)
    assert (old.total_krw, new.total_krw) == (1_150, 1_500)


def test_issuing_again_under_the_same_id_gives_the_same_receipt(market: Market) -> None:
    deal, receipt = market.sale()
    again = market.write(lambda tx: receipts.issue(tx, BY, deal, BASKET, id=receipt.id, at_us=market.clock.now_us()))
    assert again == receipt
    other, _ = market.sale()
    for whose, taken in ((other, BASKET), (deal, BASKET[:2]), (deal, (*BASKET, Taken(product="milk")))):
        with pytest.raises(Conflict, match=r"deals\.id_taken"):
            market.write(
                lambda tx, whose=whose, taken=taken: receipts.issue(
                    tx, BY, whose, taken, id=receipt.id, at_us=market.clock.now_us()
                )
            )


def test_refunding_again_under_the_same_id_gives_back_once(market: Market) -> None:
    _, receipt = market.sale()
    now, id_ = market.clock.now_us(), market.ids.new()

    def give(*lines: GiveBack) -> Receipt:
        return market.write(lambda tx: receipts.refund(tx, BY, receipt.id, lines, id=id_, at_us=now))  # type: ignore[no-any-return]

    first = give(GiveBack(line=1, qty=1), GiveBack(line=2))
    assert give(GiveBack(line=1, qty=1), GiveBack(line=2)) == first
    for other in ([GiveBack(line=1, qty=2), GiveBack(line=2)], [GiveBack(line=1, qty=1)], [GiveBack(line=3, qty=1)]):
        with pytest.raises(Conflict, match=r"deals\.id_taken"):
            give(*other)
    assert market.read(lambda tx: receipts.left_of(tx, BY, receipt.id)) == TOTAL - 2_990 - 4_495


def test_the_shoppers_link_opens_their_receipt_and_lets_them_dispute(market: Market) -> None:
    deal, receipt = market.sale()
    links = Links([b"k" * 32])
    opened, holder = market.read(lambda tx: receipts.open_link(tx, links, links.token(receipt.id)))
    assert opened == receipt
    assert (holder.key, holder.may(Role.SHOPPER), holder.may(Role.STAFF)) == ("p1", True, False)
    decided = market.dispute(deal, receipt, [GiveBack(line=3)], by=holder)
    assert decided.at_once
    with pytest.raises(NotFound):
        market.read(lambda tx: receipts.open_link(tx, links, links.token(market.ids.new())))


def test_a_receipt_is_seen_by_its_shopper_and_its_shops_staff_only(market: Market) -> None:
    _, receipt = market.sale()
    elsewhere = Actor(Kind.PERSON, "staff-2", N, frozenset({Role.STAFF}), frozenset({"s2"}))
    other = Actor(Kind.PERSON, "p2", N, frozenset({Role.SHOPPER}))
    for by in (STAFF, SHOPPER):
        assert market.read(lambda tx, by=by: receipts.get(tx, by, receipt.id)) == receipt
    for by in (elsewhere, other):
        with pytest.raises(NotFound):
            market.read(lambda tx, by=by: receipts.get(tx, by, receipt.id))
        assert market.read(lambda tx, by=by: receipts.find(tx, by)).rows == []


def test_a_small_claim_is_paid_back_at_once(market: Market) -> None:
    deal, receipt = market.sale()
    decided = market.dispute(deal, receipt, [GiveBack(line=1, qty=1)], reason="not taken")
    assert (decided.claim_krw, decided.at_once, decided.deal.state) == (2_990, True, "refunded")
    assert decided.deal.data["refunded_krw"] == 2_990
    assert "dispute" not in decided.deal.data
    assert market.wallet_krw() == 100_000 - TOTAL + 2_990
    (back,) = market.read(lambda tx: receipts.refunds_of(tx, BY, receipt.id))
    assert (back.total_krw, back.decision, back.number, back.original) == (-2_990, "refund", 2, receipt.id)
    assert [(x.qty, x.amount_krw, x.original_line) for x in back.lines] == [(-1, -2_990, 1)]
    assert market.read(lambda tx: receipts.left_of(tx, BY, receipt.id)) == TOTAL - 2_990
    market.books_agree()


def test_the_same_dispute_again_pays_once_and_says_the_same(market: Market) -> None:
    deal, receipt = market.sale()
    id_ = market.ids.new()
    first = market.dispute(deal, receipt, [GiveBack(line=1)], id=id_)
    again = market.dispute(deal, receipt, [GiveBack(line=1)], id=id_)
    assert again == first
    assert market.wallet_krw() == 100_000 - TOTAL + 5_980


def test_a_claim_above_the_limit_waits_for_a_person_who_may_settle_on_less(market: Market) -> None:
    deal, receipt = market.sale()
    small = Policy(at_once_krw=1_000)
    decided = market.dispute(deal, receipt, [GiveBack(line=1), GiveBack(line=2)], policy=small)
    assert (decided.at_once, decided.deal.state, decided.claim_krw) == (False, "disputed", 5_980 + 4_495)
    assert isinstance(claim_of(decided.deal), Claim)
    assert market.wallet_krw() == 100_000 - TOTAL
    with pytest.raises(Forbidden):
        market.write(lambda tx: deals.move(tx, SHOPPER, deal.id, "refund", id=market.ids.new(), at_us=1))
    now, id_ = market.clock.now_us(), market.ids.new()
    args = {"lines": [{"line": 2, "grams": 100}]}
    settled = market.write(lambda tx: deals.move(tx, STAFF, deal.id, "refund", id=id_, at_us=now, args=args))
    assert (settled.state, settled.data["refunded_krw"]) == ("refunded", 899)
    assert market.wallet_krw() == 100_000 - TOTAL + 899
    market.books_agree()


def test_a_rejected_claim_moves_no_money_and_may_be_made_again(market: Market) -> None:
    deal, receipt = market.sale()
    market.dispute(deal, receipt, [GiveBack(line=1)], policy=Policy(at_once_krw=0))
    now, id_ = market.clock.now_us(), market.ids.new()
    back = market.write(lambda tx: deals.move(tx, STAFF, deal.id, "reject", id=id_, at_us=now, args={"reason": "seen"}))
    assert (back.state, back.data["claim_rejected"]) == ("charged", "seen")
    with pytest.raises(Conflict, match=r"deals\.no_claim"):
        claim_of(back)
    assert market.wallet_krw() == 100_000 - TOTAL
    assert market.dispute(deal, receipt, [GiveBack(line=3)]).at_once


def test_small_claims_add_up_to_a_limit_of_thirty_days(market: Market) -> None:
    policy = Policy(at_once_krw=6_000, at_once_30d_krw=7_000)
    deal, receipt = market.sale()
    assert market.dispute(deal, receipt, [GiveBack(line=1)], policy=policy).at_once
    assert not market.dispute(deal, receipt, [GiveBack(line=3)], policy=policy).at_once
    market.clock.advance(us=31 * DAY_US)
    deal, receipt = market.sale()
    assert market.dispute(deal, receipt, [GiveBack(line=3)], policy=policy).at_once
    assert at_once(6_000, 1_000, policy)
    assert not at_once(6_001, 0, policy)


def test_what_was_given_back_cannot_be_claimed_again(market: Market) -> None:
    deal, receipt = market.sale()
    market.dispute(deal, receipt, [GiveBack(line=1)])
    before = market.wallet_krw()
    for lines in ([GiveBack(line=1)], [GiveBack(line=1, qty=1)]):
        with pytest.raises(Invalid):
            market.dispute(deal, receipt, lines)
    assert market.wallet_krw() == before
    assert market.read(lambda tx: deals.get(tx, BY, deal.id)).state == "refunded"


def test_a_receipt_of_another_deal_cannot_be_disputed(market: Market) -> None:
    (deal, _), (_, other) = market.sale(), market.sale()
    with pytest.raises(NotFound):
        market.dispute(deal, other, [GiveBack(line=1)])


def test_everything_given_back_returns_every_won_and_all_the_tax(market: Market) -> None:
    deal, receipt = market.sale()
    for line, part in ((1, {"qty": 1}), (2, {"grams": 333}), (1, {}), (3, {}), (2, {})):
        market.dispute(deal, receipt, [GiveBack(line=line, **part)])
        market.books_agree()
    assert market.wallet_krw() == 100_000
    day = market.read(lambda tx: receipts.day_of(tx, BY, "s1", receipt.day))
    assert (day.receipts, day.refunds, day.total_krw, day.split.vat_krw) == (6, 5, 0, 0)


def test_the_journal_is_told_of_receipts_and_refunds(market: Market) -> None:
    deal, receipt = market.sale()
    market.dispute(deal, receipt, [GiveBack(line=2)])
    facts = market.read(lambda tx: journal.read(tx, BY, kinds=["deals.receipt_issued"]))
    sale, back = (fact.body for fact in facts)
    assert (sale.total_krw, sale.vat_krw, sale.original, sale.confidence) == (TOTAL, 648, None, 0.95)
    assert [(x.product, x.qty, x.grams, x.amount_krw) for x in back.lines] == [("apple", -1, -500, -4_495)]
    assert back.original == str(receipt.id)
    assert {fact.shop for fact in facts} == {"s1"}


def test_a_receipt_of_a_deal_is_listed_with_its_refunds(market: Market) -> None:
    deal, receipt = market.sale()
    market.dispute(deal, receipt, [GiveBack(line=2)])
    listed = market.read(lambda tx: receipts.of_deal(tx, SHOPPER, deal.id))
    assert [r.total_krw for r in listed] == [TOTAL, -4_495]
