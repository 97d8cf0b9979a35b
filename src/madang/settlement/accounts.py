"""The accounts of settlement. A party's own are per party; income and clearing are per business day.

tender ─capture─► payable_pending ─confirmed + delay─► payable ─pay day─► payout ─bank─► paid_out
                                         └─reserve rule─► payable_reserve ─release day─┘
"""

from __future__ import annotations

from uuid import UUID

from madang.kernel import KRW, business_date
from madang.ledger import AccountKey, Book, Limit, declare_code
from madang.payments import day_owner, sales, sales_exempt, vat_payable
from madang.settlement.model import PLATFORM, ShareState

NONE, WITHIN = Limit.NONE, Limit.DEBITS_WITHIN_CREDITS
declare_code("payable_pending", Book.MONEY, NONE, ko="정산 예정", en="Payable, pending")
declare_code(
    "payable", Book.MONEY, NONE, ko="정산 가능 (음수: 받을 돈)", en="Payable, available (negative: owed to us)"
)
declare_code("payable_reserve", Book.MONEY, WITHIN, ko="정산 유보", en="Payable, in reserve")
declare_code("payout", Book.MONEY, WITHIN, ko="지급 중", en="In payout")
declare_code("paid_out", Book.MONEY, NONE, ko="지급 완료(은행)", en="Paid out by the bank")
declare_code("commission", Book.MONEY, NONE, ko="수수료 매출", en="Commission income")
declare_code("delay_interest", Book.MONEY, NONE, ko="지연배상금 (음수: 비용)", en="Interest for delay (negative: cost)")
declare_code("written_off", Book.MONEY, NONE, ko="대손", en="Written off (negative: lost)")


def payable_pending(party: str) -> AccountKey:
    """A party's shares of sales whose day has not come; below zero where more was given back than is there."""
    return AccountKey(Book.MONEY, "payable_pending", party, KRW)


def payable(party: str) -> AccountKey:
    """What a party can be paid; below zero is what they owe, and later shares net it."""
    return AccountKey(Book.MONEY, "payable", party, KRW)


def payable_reserve(party: str) -> AccountKey:
    """What is kept back under a rule until its day."""
    return AccountKey(Book.MONEY, "payable_reserve", party, KRW)


def payout(id: UUID) -> AccountKey:
    """One payout's money on its way: back to zero when the bank has answered."""
    return AccountKey(Book.MONEY, "payout", str(id), KRW)


def paid_out(at_us: int) -> AccountKey:
    """What the bank paid out that day."""
    return AccountKey(Book.MONEY, "paid_out", str(business_date(at_us)), KRW)


def commission(at_us: int) -> AccountKey:
    """The neighbourhood's own income of the day, without its VAT."""
    return AccountKey(Book.MONEY, "commission", day_owner(PLATFORM, at_us), KRW)


def written_off(at_us: int) -> AccountKey:
    """Debts given up that day."""
    return AccountKey(Book.MONEY, "written_off", str(business_date(at_us)), KRW)


def delay_interest(shop: str, at_us: int) -> AccountKey:
    """What late refunds of a shop cost that day, negative; zero where the shop is settled and bears it itself."""
    return AccountKey(Book.MONEY, "delay_interest", day_owner(shop, at_us), KRW)


def of_leg(code: str, owner: str, at_us: int, state: ShareState = ShareState.PENDING) -> AccountKey:
    """The account a frozen leg stands for on a day: income of that day, a party's pending or available money."""
    if code == "payable":
        return payable_pending(owner) if state is ShareState.PENDING else payable(owner)
    if code == "commission":
        return commission(at_us)
    return {"sales": sales, "sales_exempt": sales_exempt, "vat_payable": vat_payable}[code](owner, at_us)
