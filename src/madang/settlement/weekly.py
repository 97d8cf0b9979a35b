"""What settlement moved, week by week: shares of sales, what went back, what was paid out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Role, business_date, start_of_day_us
from madang.kernel.clock import DAY_US
from madang.settlement import parties, records
from madang.settlement.model import PayoutState

WEEKS = 12
WEEK_US = 7 * DAY_US


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """A week from its Monday: shares of sales less what was given back is ``earned_krw``."""

    monday: date
    shares_krw: int = 0
    returned_krw: int = 0
    paid_krw: int = 0

    @property
    def earned_krw(self) -> int:
        return self.shares_krw - self.returned_krw


def weeks(tx: Tx, by: Actor, party: str | None, *, now_us: int) -> list[Week]:
    """The last ``WEEKS``, this one last, of a party the caller may see; None: of all, for the operator."""
    if party is None:
        by.need(Role.OPERATOR)
        by.need_neighbourhood(tx.neighbourhood)
    else:
        parties.party(tx, by, party)
    today = business_date(now_us)
    first = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    s, r, p = records.shares.c, records.returns.c, records.payouts.c
    payable, paid = r.code.in_(["payable", "payable_pending"]), p.state == PayoutState.PAID.value
    shares = _by_week(tx, s.party, s.sold_us, s.amount_krw, party, first)
    back = _by_week(tx, r.owner, r.at_us, r.amount_krw, party, first, payable)
    out = _by_week(tx, p.party, p.ended_us, p.amount_krw, party, first, paid)
    return [
        Week(
            monday=first + timedelta(weeks=n), shares_krw=shares.get(n, 0), returned_krw=back.get(n, 0),
            paid_krw=out.get(n, 0),
        )
        for n in range(WEEKS)
    ]  # fmt: skip


def _by_week(
    tx: Tx, whose: sa.Column[Any], at: sa.Column[Any], krw: sa.Column[Any], party: str | None, first: date, *where: Any
) -> dict[int, int]:
    """Won by week after the ``first`` Monday; Seoul's days have no summer time, so a week is so many microseconds."""
    since_us = start_of_day_us(first)
    week = ((at - since_us) // WEEK_US).label("week")
    wanted = sa.select(week, sa.cast(sa.func.sum(krw), sa.BigInteger)).where(
        whose.table.c.neighbourhood == tx.neighbourhood, at >= since_us, *where
    )
    if party is not None:
        wanted = wanted.where(whose == party)
    return {int(n): int(sum_) for n, sum_ in tx.rows(wanted.group_by(week))}
