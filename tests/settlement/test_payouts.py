"""From a confirmed purchase to the bank: nothing is paid early, twice, or into a changed account."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.settlement.house import OTHER, SALE, House, N, line

from madang import jobs, ledger, settlement
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, Role, business_date
from madang.settlement import (
    Cycle,
    PayoutState,
    ReserveRule,
    Schedule,
    TaxStatus,
    accounts,
    banks,
    charts,
    records,
    weekly,
)
from madang.settlement.calendar import next_pay_day
from madang.settlement.weekly import Week

ROOT = Path(__file__).resolve().parents[2]
DAY_US = 86_400_000_000
MAKER = "maker/m1"
BOSS = Actor(Kind.PERSON, "boss", N, frozenset({Role.OPERATOR}))


class WorstBank:
    """A payout service that does what its next word says, and pays each id once however often it is asked."""

    def __init__(self, *says: str) -> None:
        self.says, self.asked, self.paid = list(says), list[UUID](), dict[UUID, int]()

    def pay(self, order: banks.Order) -> banks.Answer:
        self.asked.append(order.id)
        word = self.says.pop(0) if self.says else "paid"
        if word == "refused":
            return banks.Answer(paid=False, reason="closed_account")
        self.paid.setdefault(order.id, order.amount_krw)
        if word == "timed out but paid":
            raise TimeoutError(word)
        return banks.Answer(paid=True, reference="r1")


@pytest.fixture(autouse=True)
def _no_bank() -> Iterator[None]:
    yield
    banks.connect(None)


@pytest.fixture
def shop(house: House) -> House:
    house.party(MAKER)
    house.terms(MAKER, "sales", "platform", 2_000)
    house.do(settlement.set_account, MAKER, "payee-1", id=house.ids.new(), at_us=house.clock.now_us())
    return house


def sell(house: House, sale: UUID = SALE, krw: int = 10_000) -> None:
    house.paid_sale(sale, line(1, krw, seller=MAKER, exempt=True))


def payouts(house: House) -> list[settlement.Payout]:
    return house.do(settlement.payouts_of, MAKER)


def work(house: House, times: int = 4) -> None:
    for _ in range(times):
        jobs.run_due(house.db, house.clock, neighbourhood=N)
        house.clock.advance(s=3_600)


def clean(house: House) -> None:
    assert house.db.read(settlement.differences, neighbourhood=N) == []
    assert house.db.read(ledger.check, neighbourhood=N).ok


def test_a_share_is_paid_on_the_day_after_its_delay_and_not_before(shop: House) -> None:
    sell(shop)
    shop.settle(days=19.9)
    assert payouts(shop) == []
    shop.settle(days=0.2)
    (one,) = payouts(shop)
    assert (one.amount_krw, one.state) == (7_800, PayoutState.SENT)
    shop.settle()
    assert len(payouts(shop)) == 1
    shop.do(settlement.mark, one.id, paid=True, reference="bank-7", at_us=shop.clock.now_us())
    assert shop.posted("payout", str(one.id)) == 0
    with pytest.raises(Conflict, match="not_now"):
        shop.do(settlement.mark, one.id, paid=False, at_us=shop.clock.now_us())
    clean(shop)


def test_a_bank_that_times_out_after_paying_pays_once(shop: House) -> None:
    bank = WorstBank("timed out but paid", "paid")
    banks.connect(bank)
    sell(shop)
    shop.settle(days=21)
    work(shop)
    (one,) = payouts(shop)
    assert one.state is PayoutState.PAID
    assert bank.asked == [one.id, one.id]
    assert sum(bank.paid.values()) == 7_800
    clean(shop)


def test_a_payout_the_bank_refuses_is_available_again_and_held_next_time(shop: House) -> None:
    banks.connect(WorstBank("refused"))
    sell(shop)
    shop.settle(days=21)
    work(shop)
    assert shop.posted("payable", MAKER) == 7_800
    shop.settle(days=1)
    held, failed = payouts(shop)
    assert (failed.state, failed.reason) == (PayoutState.FAILED, "closed_account")
    assert (held.state, held.reason) == (PayoutState.HELD, "bank_refused")
    shop.do(settlement.end_holds, MAKER, at_us=shop.clock.now_us())
    shop.settle()
    work(shop)
    assert payouts(shop)[0].state is PayoutState.PAID
    clean(shop)


def test_a_refund_after_the_payout_is_owed_exactly_once(shop: House) -> None:
    """1,000 kept and 100 given back of an 80 % share, of which 80 had been paid: 720 remain, not 640."""
    house = shop
    house.party("maker/m2", TaxStatus.GENERAL)
    house.party("guild/g")  # 간이: its fee bears no VAT, so that a share is 80 %
    house.do(settlement.set_status, "guild/g", TaxStatus.SIMPLIFIED, from_us=house.clock.now_us() + 1)
    house.clock.advance(us=2)
    house.terms("maker/m2", "sales", "guild", 2_000)
    house.do(settlement.set_account, "maker/m2", "payee-2", id=house.ids.new(), at_us=house.clock.now_us())
    guild = {"guild": "guild/g"}
    house.paid_sale(SALE, line(1, 100, seller="maker/m2", exempt=True), parties=guild)
    house.settle(days=21)
    (first,) = house.do(settlement.payouts_of, "maker/m2")
    assert first.amount_krw == 80
    house.do(settlement.mark, first.id, paid=True, at_us=house.clock.now_us())
    house.paid_sale(OTHER, line(1, 1_000, seller="maker/m2", exempt=True), parties=guild)
    house.give_back(SALE)
    assert house.posted("payable", "maker/m2") == -80
    house.settle(days=21)
    assert house.do(settlement.payouts_of, "maker/m2")[0].amount_krw == 720
    clean(house)


def test_a_changed_account_holds_payouts_for_a_day_and_then_lets_them_go(shop: House) -> None:
    sell(shop)
    shop.settle(days=19.8)
    shop.do(settlement.set_account, MAKER, "payee-new", id=shop.ids.new(), at_us=shop.clock.now_us())
    shop.settle(days=0.3)
    (one,) = payouts(shop)
    assert (one.state, one.reason) == (PayoutState.HELD, "account_changed")
    assert one.until_us is not None
    shop.settle(days=0.8)
    assert payouts(shop)[0].state is PayoutState.SENT


def test_a_held_payout_can_be_cancelled_and_its_money_is_available_again(shop: House) -> None:
    shop.do(settlement.hold, MAKER, "review", id=shop.ids.new(), at_us=shop.clock.now_us())
    sell(shop)
    shop.settle(days=21)
    (one,) = payouts(shop)
    assert (one.state, one.reason, one.until_us) == (PayoutState.HELD, "review", None)
    shop.do(settlement.cancel, one.id, at_us=shop.clock.now_us())
    assert shop.posted("payable", MAKER) == 7_800
    clean(shop)


def test_a_reserve_shows_rule_amount_day_and_can_be_appealed(shop: House) -> None:
    rule = ReserveRule(
        id=shop.ids.new(), party=MAKER, bp=1_000, days=30, reason_ko="신규 입점", reason_en="New here",
        from_us=shop.clock.now_us(),
    )  # fmt: skip
    shop.do(settlement.set_reserve_rule, rule)
    sell(shop)
    shop.settle(days=21)
    ((one, why),) = shop.do(settlement.reserves_of, MAKER)
    assert (one.amount_krw, why.reason_ko, one.release_us - one.made_us) == (780, "신규 입점", 30 * DAY_US)
    assert payouts(shop)[0].amount_krw == 7_020
    shop.do(settlement.appeal, one.id, "문의한 적이 없습니다", at_us=shop.clock.now_us())
    assert [found.id for found, _ in shop.do(settlement.appeals)] == [one.id]
    with pytest.raises(Invalid, match="bad_appeal"):
        shop.do(settlement.appeal, one.id, " ", at_us=shop.clock.now_us())
    shop.settle(days=30)
    assert shop.do(settlement.reserves_of, MAKER) == []
    assert payouts(shop)[0].amount_krw == 780
    clean(shop)


def test_what_differs_stops_payouts_until_a_person_lets_them_go_on(shop: House) -> None:
    sell(shop)
    at = shop.clock.now_us()
    shop.db.write(lambda tx: records.change(tx, records.shares, amount_krw=1), neighbourhood=N)
    faults = shop.db.read(settlement.differences, neighbourhood=N)
    assert faults == [f"payable_pending {MAKER}: 1 kept, 7800 in the books"]
    shop.do(settlement.checked, faults=faults, at_us=at)
    shop.db.write(lambda tx: records.change(tx, records.shares, amount_krw=7_800), neighbourhood=N)
    shop.settle(days=21)
    assert payouts(shop) == []
    with pytest.raises(Conflict, match="still_differs"):
        shop.do(settlement.resume, at_us=at)
    shop.do(settlement.checked, faults=[], at_us=at + 1)
    shop.do(settlement.resume, at_us=at + 2)
    shop.settle()
    assert len(payouts(shop)) == 1


def test_a_payout_without_an_answer_grows_old_and_is_told(shop: House) -> None:
    sell(shop)
    shop.settle(days=21)
    shop.clock.advance(s=4 * 86_400)
    (told,) = shop.db.read(lambda tx: settlement.alerts(tx, shop.clock.now_us()), neighbourhood=N)
    assert "7,800" in told


def test_a_debt_nobody_nets_is_given_up_after_half_a_year(shop: House) -> None:
    sell(shop)
    shop.settle(days=21)
    shop.give_back(SALE)
    shop.settle(days=179)
    assert shop.posted("payable", MAKER) == -7_800
    shop.settle(days=2)
    assert shop.posted("payable", MAKER) == 0
    clean(shop)
    stray = ledger.Transfer(
        id=shop.ids.new(), debit=ledger.AccountKey("money", "written_off", "x", "KRW"), amount=1,
        credit=accounts.payable_pending(MAKER), at_us=shop.clock.now_us(),
    )  # fmt: skip
    moved = ledger.Transfer(
        id=shop.ids.new(), debit=stray.credit, credit=accounts.payable(MAKER), amount=1,
        at_us=shop.clock.now_us(),
    )  # fmt: skip
    shop.db.write(lambda tx: ledger.post(tx, [stray, moved]), neighbourhood=N)
    assert shop.db.read(settlement.differences, neighbourhood=N) == [f"payable {MAKER}: 0 kept, 1 in the books"]


def test_a_weekly_schedule_pays_on_its_weekday(shop: House) -> None:
    weekly = Schedule(cycle=Cycle.WEEKLY, day=3, goods_d=1, least_krw=1_000)
    shop.do(settlement.set_schedule, MAKER, weekly, from_us=shop.clock.now_us())
    sell(shop)
    paid_on = []
    for _ in range(8):
        shop.settle(days=1)
        paid_on += [one.made_us for one in payouts(shop) if one.made_us not in paid_on]
    assert [business_date(us).weekday() for us in paid_on] == [3]
    assert next_pay_day(weekly, business_date(paid_on[0])).weekday() == 3


def test_a_statement_adds_up_and_only_its_party_reads_it(shop: House) -> None:
    sell(shop)
    shop.paid_sale(OTHER, line(1, 5_000, seller=MAKER, exempt=True))
    shop.give_back(OTHER, amount_krw=1_000)
    month = shop.do(settlement.statement, MAKER, "2026-09")
    assert (month.sold_krw, month.sales, month.returned_krw, month.before_krw) == (15_000, 2, 780, 0)
    assert [(fee.purpose, fee.amount_krw, fee.vat_krw) for fee in month.fees] == [("sales", 3_000, 300)]
    shop.settle(days=21)
    shop.do(settlement.mark, payouts(shop)[0].id, paid=True, at_us=shop.clock.now_us())
    later = shop.do(settlement.statement, MAKER, "2026-10")
    assert month.adds_up
    assert later.adds_up
    assert later.paid_krw == later.before_krw == 10_920
    assert "-10920" in settlement.as_csv(later)
    other = Actor(Kind.PERSON, "p9", N, frozenset({Role.MAKER}))
    with pytest.raises(Forbidden):
        shop.db.read(lambda tx: settlement.statement(tx, other, MAKER, "2026-09"), neighbourhood=N)


def test_weeks_say_what_was_earned_and_what_was_paid_out_to_whom_it_concerns(shop: House) -> None:
    shop.party("maker/m2")
    sell(shop)
    shop.paid_sale(OTHER, line(1, 1_000, seller="maker/m2", exempt=True))
    shop.give_back(SALE, amount_krw=1_000)
    shop.settle(days=21)
    for one in shop.do(settlement.payouts_of, MAKER):
        shop.do(settlement.mark, one.id, paid=True, at_us=shop.clock.now_us())

    def look(by: Actor, party: str | None) -> list[weekly.Week]:
        now_us = shop.clock.now_us()
        return shop.db.read(lambda tx: weekly.weeks(tx, by, party, now_us=now_us), neighbourhood=N)

    mine, every = look(BOSS, MAKER), look(BOSS, None)
    assert len(mine) == weekly.WEEKS
    assert [(n, one.earned_krw, one.paid_krw) for n, one in enumerate(mine) if one != Week(monday=one.monday)] == [
        (8, 7_020, 0),
        (11, 0, 7_020),
    ]
    assert sum(one.shares_krw for one in every) == 7_800 + 1_000
    assert charts.weeks(mine, "en").rows[8][1] == ("₩7,020", "₩0")
    with pytest.raises(Forbidden):
        look(Actor(Kind.PERSON, "p9", N, frozenset({Role.MAKER})), None)
    with pytest.raises(Forbidden):
        look(Actor(Kind.PERSON, "p9", N, frozenset({Role.MAKER})), MAKER)


def test_invoices_of_fees_and_what_amends_them(house: House) -> None:
    at = house.clock.now_us()
    house.do(settlement.add_party, MAKER, name_ko="도예", name_en="Potter", registration="124-81-00998", at_us=at)
    house.terms(MAKER, "sales", "platform", 1_000)
    sell(house)
    house.paid_sale(OTHER, line(1, 20_000, seller=MAKER, exempt=True))
    house.give_back(OTHER, amount_krw=10_000)
    house.clock.advance(s=20 * 86_400)
    mine = {"registration": "1248100998"}
    (invoice,) = house.do(settlement.make_invoices, "2026-09", at_us=house.clock.now_us(), **mine)
    assert (invoice.supply_krw, invoice.vat_krw, invoice.written_on) == (2_000, 200, "2026-09-30")
    house.give_back(SALE)
    house.clock.advance(s=30 * 86_400)
    (amended,) = house.do(settlement.make_invoices, "2026-10", at_us=house.clock.now_us(), **mine)
    assert (amended.kind, amended.supply_krw, amended.amends) == ("amended_invoice", -1_000, invoice.id)
    assert house.do(settlement.make_invoices, "2026-10", at_us=house.clock.now_us() + 5, **mine) == [amended]
    with pytest.raises(Invalid, match="month_not_over"):
        house.do(settlement.make_invoices, "2026-12", at_us=house.clock.now_us(), **mine)


def bean_check() -> str:
    """The other program, wherever it is installed (``make bean``); it is no part of this one's environment."""
    found = os.environ.get("MADANG_BEAN_CHECK") or shutil.which("bean-check")
    beside = ROOT / ".venv-bean" / "bin" / "bean-check"
    found = found or (str(beside) if beside.exists() else None)
    if not found:
        reason = "bean-check is not installed (make bean)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def test_the_books_pass_bean_check_and_wrong_ones_do_not(shop: House, tmp_path: Path) -> None:
    checker = bean_check()
    sell(shop)
    shop.settle(days=21)
    shop.do(settlement.mark, payouts(shop)[0].id, paid=True, at_us=shop.clock.now_us())
    shop.give_back(SALE, amount_krw=500)
    text = shop.do(settlement.beancount)
    good, bad = tmp_path / "good.beancount", tmp_path / "bad.beancount"
    good.write_text(text, encoding="utf-8")
    bad.write_text(text.replace("  7800 KRW", "  7801 KRW", 1), encoding="utf-8")
    assert "balance Liabilities:Wallet" in text
    said = subprocess.run([checker, str(good)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert subprocess.run([checker, str(bad)], capture_output=True, check=False).returncode != 0
