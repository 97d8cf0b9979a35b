"""A wallet's page says what each won was for, and one thing once."""

from __future__ import annotations

from uuid import UUID

from madang.kernel import KRW
from madang.ledger import AccountKey, Balance, Book, Kind, Line
from madang.payments.wallet_history import Entry, entries, paid_by

PAID = UUID(int=7)


def line(at_us: int, code: str, amount: int, kind: str = Kind.SINGLE, cause: str = "deal/1", owner: str = "s1") -> Line:
    other = AccountKey(Book.MONEY, code, owner, KRW)
    return Line(at_us, UUID(int=at_us), at_us, kind, amount, other, Balance(), None, cause)


def test_a_visit_is_one_line_and_a_payment_says_what_it_was_for() -> None:
    lines = [
        line(9, "tender", 500, owner=str(PAID), cause="refund/1"),
        line(8, "tender", -900, Kind.POST, owner=str(PAID)),
        line(8, "tender", -900, Kind.PENDING, owner=str(PAID)),
        line(5, "payable_pending", -940),
        line(5, "commission", -50),
        line(5, "vat_payable", -10),
        line(4, "tab", -300),
        line(3, "funding", 10_000),
        line(2, "voucher_expired", 5),
    ]
    assert set(paid_by(lines)) == {PAID}
    assert entries(lines, {PAID: "초코머핀 외 2건"}) == [
        Entry(9, "returned", "초코머핀 외 2건", 500),
        Entry(8, "paid", "초코머핀 외 2건", -900),
        Entry(5, "shop", "", -1_000),
        Entry(4, "tab", "", -300),
        Entry(3, "top_up", "", 10_000),
        Entry(2, "in", "", 5),
    ]
