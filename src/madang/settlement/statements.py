"""A party's statement of a month: what was sold, what fees took, what went back, what was paid, and that it adds up.

    owed at the end = owed before + shares of sales - given back - paid out - interest + written off

"Owed" is pending, available, in reserve and in payout together, as the ledger held it at those moments.
"""

from __future__ import annotations

import calendar
import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, Invalid, business_date, start_of_day_us
from madang.settlement import accounts, parties, records
from madang.settlement.model import Payout, PayoutState


class Buckets(msgspec.Struct, frozen=True, kw_only=True):
    """A party's money by where it stands."""

    pending_krw: int = 0
    available_krw: int = 0
    reserved_krw: int = 0
    in_payout_krw: int = 0

    @property
    def total_krw(self) -> int:
        return self.pending_krw + self.available_krw + self.reserved_krw + self.in_payout_krw


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """What one purpose took in the month, with VAT apart."""

    purpose: str
    amount_krw: int
    vat_krw: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One month of one party. ``sold_krw`` is the price of the lines, ``shares_krw`` the party's part of all sales."""

    party: str
    month: str
    before_krw: int
    sold_krw: int
    sales: int
    fees: tuple[Fee, ...]
    shares_krw: int
    returned_krw: int
    paid_krw: int
    written_off_krw: int
    interest_krw: int
    after_krw: int
    payouts: tuple[Payout, ...]

    @property
    def adds_up(self) -> bool:
        moved = self.shares_krw - self.returned_krw - self.paid_krw - self.interest_krw + self.written_off_krw
        return self.before_krw + moved == self.after_krw


def buckets(tx: Tx, by: Actor, party: str) -> Buckets:
    """How a party stands now."""
    parties.party(tx, by, party)
    p = records.payouts
    on_way = records.some_payouts(tx, p.c.party == party, p.c.state.in_(["held", "sent"]))
    return Buckets(
        pending_krw=ledger.balance(tx, accounts.payable_pending(party)).posted,
        available_krw=ledger.balance(tx, accounts.payable(party)).posted,
        reserved_krw=ledger.balance(tx, accounts.payable_reserve(party)).posted,
        in_payout_krw=sum(one.amount_krw for one in on_way),
    )


def statement(tx: Tx, by: Actor, party: str, month: str) -> Statement:
    """The statement of ``month`` (2026-11, Asia/Seoul). Raises ``Invalid`` ``settlement.bad_month``."""
    parties.party(tx, by, party)
    from_us, to_us = bounds(month)
    c, s, r = records.commissions, records.shares, records.returns
    fees = [
        (c.c.purpose, sa.func.sum(c.c.amount_krw), sa.func.sum(c.c.vat_krw)),
        (c.c.seller == party, c.c.sold_us >= from_us, c.c.sold_us < to_us),
    ]
    took = _rows(tx, c, *fees[0], where=fees[1], group=[c.c.purpose])
    shares = _rows(tx, s, s.c.sale, s.c.amount_krw, where=(s.c.party == party, *_within(s.c.sold_us, from_us, to_us)))
    back = _rows(
        tx, r, r.c.amount_krw,
        where=(r.c.owner == party, r.c.code.in_(["payable", "payable_pending"]), *_within(r.c.at_us, from_us, to_us)),
    )  # fmt: skip
    p = records.payouts
    ended = (p.c.party == party, p.c.state == PayoutState.PAID.value, *_within(p.c.ended_us, from_us, to_us))
    paid = records.some_payouts(tx, *ended, order=[p.c.ended_us])
    moved = _moved(tx, party, ("written_off", "delay_interest"), from_us, to_us)
    took_krw = sum(int(fee) + int(vat) for _, fee, vat in took)
    own = sum(int(krw) for _, krw in shares)
    return Statement(
        party=party, month=month, before_krw=_owed(tx, party, from_us - 1), after_krw=_owed(tx, party, to_us - 1),
        fees=tuple(Fee(purpose=name, amount_krw=int(fee), vat_krw=int(vat)) for name, fee, vat in sorted(took)),
        sold_krw=own + took_krw, sales=len({sale for sale, _ in shares}), shares_krw=own,
        returned_krw=sum(int(krw) for (krw,) in back), paid_krw=sum(one.amount_krw for one in paid),
        written_off_krw=moved["written_off"], interest_krw=-moved["delay_interest"], payouts=tuple(paid),
    )  # fmt: skip


def months(tx: Tx, by: Actor, party: str, *, now_us: int) -> list[str]:
    """The months a party has statements of, the newest first, at most two years."""
    since = parties.party(tx, by, party).joined_at_us
    day, first, found = business_date(now_us).replace(day=1), business_date(since).replace(day=1), list[str]()
    while day >= first and len(found) < 24:
        found.append(str(day)[:7])
        day = date(day.year - (day.month == 1), day.month - 1 or 12, 1)
    return found


def as_csv(one: Statement, names: Mapping[str, str] | None = None) -> str:
    """The statement as a table: what, won. ``names`` are what fees are called in English."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    write(["항목 item", "원 KRW"])
    write(["기초 before", one.before_krw])
    write(["판매 sold", one.sold_krw])
    for fee in one.fees:
        english = (names or {}).get(fee.purpose)
        called = f"{fee.purpose} {english}" if english else fee.purpose
        write([f"수수료 fee {called}", -fee.amount_krw])
        write([f"수수료 부가세 VAT on {called}", -fee.vat_krw])
    write(["환불 given back", -one.returned_krw])
    for payout in one.payouts:
        write([f"지급 payout {business_date(payout.ended_us or 0)}", -payout.amount_krw])
    write(["지연배상금 interest for late refunds", -one.interest_krw])
    write(["대손 written off", one.written_off_krw])
    write(["기말 after", one.after_krw])
    return out.getvalue()


def bounds(month: str) -> tuple[int, int]:
    """The first microsecond of a month and of the next."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Invalid(
            "settlement.bad_month",
            ko=f"'{month[:20]}'은(는) 달이 아닙니다.",
            en=f"'{month[:20]}' is no month.",
            next_ko="2026-11처럼 쓰세요.",
            next_en="Write it like 2026-11.",
        ) from None
    last = calendar.monthrange(first.year, first.month)[1]
    return start_of_day_us(first), start_of_day_us(first.replace(day=last)) + 86_400_000_000


def _owed(tx: Tx, party: str, at_us: int) -> int:
    """Pending, available, reserved and in payout at a moment."""
    keys = (accounts.payable_pending(party), accounts.payable(party), accounts.payable_reserve(party))
    p = records.payouts
    made = records.some_payouts(tx, p.c.party == party, p.c.made_us <= at_us)
    on_way = sum(one.amount_krw for one in made if one.ended_us is None or one.ended_us > at_us)
    return sum(ledger.balance(tx, key, at_us=at_us).posted for key in keys) + on_way


def _moved(tx: Tx, party: str, codes: tuple[str, ...], from_us: int, to_us: int) -> dict[str, int]:
    """What accounts of these codes gave to what the party can be paid in a span; negative: took."""
    totals, cursor = dict.fromkeys(codes, 0), None
    while True:
        page = ledger.statement(tx, accounts.payable(party), until_us=to_us - 1, cursor=cursor, limit=200)
        for line in page.rows:
            if line.booked_us < from_us:
                return totals
            if line.other.code in totals:
                totals[line.other.code] += line.amount
        if page.next is None:
            return totals
        cursor = page.next


def _within(column: sa.Column[int], from_us: int, to_us: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (column >= from_us, column < to_us)


def _rows(
    tx: Tx, of: sa.Table, *columns: sa.ColumnElement[Any], where: tuple[sa.ColumnElement[bool], ...],
    group: list[sa.Column[Any]] | None = None,
) -> list[tuple[Any, ...]]:  # fmt: skip
    wanted = sa.select(*columns).where(of.c.neighbourhood == tx.neighbourhood, *where)
    return tx.rows(wanted.group_by(*group) if group else wanted)
