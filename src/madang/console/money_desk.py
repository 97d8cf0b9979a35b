"""The neighbourhood's money at one look: what came in, what is owed, what waits, whether the books agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from madang import deals, journal, ledger, payments, places, settlement
from madang.db import Database, Tx
from madang.deals.receipts import Takings
from madang.journal import Fact
from madang.kernel import Actor, Clock, Role, business_date, seoul, start_of_day_us
from madang.kernel.clock import DAY_US
from madang.ledger import Book
from madang.payments import payment_records, reconciling
from madang.payments.reconciling import Open

T = TypeVar("T")
GATEWAYS = ("toss", "kakao")
EXPORT_MAX, EXPORT_PAGE = 20_000, 200
TAKINGS = ("날짜", "판매 건수", "환불 건수", "판매", "환불", "남은 것", "걸어 나가서", "부가세", "면세")
PAYMENTS = ("결제", "시각", "가게", "무엇", "수단", "상태", "금액", "받은 돈", "돌려준 돈", "남은 돈")


class Span(StrEnum):
    """How long one bar is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


BARS = {Span.DAY: 14, Span.WEEK: 12, Span.MONTH: 12}


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What came in by one means; walk-out sales charge wallets without a payment of their own (``walkout``)."""

    name: str
    times: int
    captured_krw: int
    returned_krw: int


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The page. ``bars`` are takings a day, week or month, the last one still running; ``fees_krw`` are our commission
    and what gateways took in the span; ``owed`` what parties have coming, by account; ``hours`` what was sold in
    each of a day's 24 hours, over the span."""

    span: Span
    first: date
    last: date
    bars: tuple[Takings, ...]
    means: tuple[Means, ...]
    commission_krw: int
    gateway_fees_krw: int
    owed: dict[str, int]
    reserves: tuple[tuple[settlement.Reserve, settlement.ReserveRule], ...]
    upcoming: tuple[settlement.Upcoming, ...]
    clearing: tuple[Open, ...]
    reconciled: tuple[tuple[str, Fact], ...]
    check: object
    stop: object
    parties: tuple[settlement.Party, ...] = ()
    hours: tuple[int, ...] = (0,) * 24

    @property
    def total(self) -> Takings:
        """All bars together."""
        return together("", self.bars)


class MoneyDesk:
    """One transaction a call, for operators, and for merchants their own shop's."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock) -> None:
        self._db, self._n, self.clock = db, neighbourhood, clock

    def money(self, by: Actor, span: Span) -> Money:
        """Of the shops the caller acts for. Raises ``Forbidden`` for who is neither operator nor merchant."""
        by.need(Role.OPERATOR, Role.MERCHANT)
        now_us = self.clock.now_us()
        starts = begins(span, business_date(now_us))
        first, last = starts[0], business_date(now_us)
        from_us, until_us = start_of_day_us(first), start_of_day_us(last) + DAY_US

        def look(tx: Tx) -> Money:
            shops = [one.id for one in places.shops(tx, by)]
            days = deals.receipts.takings(tx, by, shops, str(first), str(last))
            walked = sum(day.walked_krw for day in days)
            paid = payment_records.by_means(tx, by, shops, from_us, until_us)
            means = [Means(name=n, times=t, captured_krw=got, returned_krw=back) for n, t, got, back in paid]
            if walked:
                means.append(Means(name="walkout", times=0, captured_krw=walked, returned_krw=0))
            return Money(
                span=span, first=first, last=last, bars=tuple(_bars(starts, days)), means=tuple(means),
                commission_krw=0 if by.shops else _of_days(tx, "commission", first, last),
                gateway_fees_krw=0 if by.shops else -_of_days(tx, "gateway_fee", first, last),
                owed=settlement.owed(tx, by), reserves=tuple(settlement.open_reserves(tx, by)),
                upcoming=tuple(settlement.upcoming(tx, by, now_us=now_us)),
                clearing=tuple(reconciling.open_clearing(tx, by, at_us=now_us)), reconciled=tuple(_reconciled(tx, by)),
                check=settlement.latest(tx), stop=settlement.stopped(tx), parties=tuple(settlement.parties_of(tx, by)),
                hours=tuple(deals.receipts.by_hour(tx, by, shops, str(first), str(last))),
            )  # fmt: skip

        return self._read(look)

    def takings(self, by: Actor, span: Span) -> tuple[list[str], list[list[Any]]]:
        """Heading and rows of what was taken, a bar a row."""
        names = ("sales", "refunds", "sold_krw", "refunded_krw", "left_krw", "walked_krw", "vat_krw", "exempt_krw")
        rows = [[one.day, *(getattr(one, name) for name in names)] for one in self.money(by, span).bars]
        return list(TAKINGS), rows

    def payments(self, by: Actor, state: str) -> tuple[list[str], list[list[Any]]]:
        """Heading and rows of the payments the reader may see, the newest ``EXPORT_MAX``; nobody is named."""

        def look(tx: Tx) -> list[list[Any]]:
            rows, cursor = list[list[Any]](), None
            while True:
                page = payments.find(tx, by, state=state or None, cursor=cursor, limit=EXPORT_PAGE)
                rows += [_payment(one) for one in page.rows]
                if (cursor := page.next) is None or len(rows) >= EXPORT_MAX:
                    return rows[:EXPORT_MAX]

        by.need(Role.OPERATOR, Role.STAFF)
        return list(PAYMENTS), self._read(look)

    def _read(self, fn: Callable[[Tx], T]) -> T:
        return self._db.read(fn, neighbourhood=self._n)


def _payment(one: payments.Payment) -> list[Any]:
    at = seoul(one.begun_us)
    means = " + ".join(part.means for part in one.parts)
    money = (one.total_krw, one.captured_krw, one.refunded_krw, one.left_krw)
    return [str(one.id), f"{at:%Y-%m-%d %H:%M}", one.shop, one.title or one.cause, means, one.state, *money]


def begins(span: Span, today: date) -> list[date]:
    """The first day of each bar, the oldest first; the last bar is the one that holds ``today``."""
    found, day = list[date](), today
    if span is Span.WEEK:
        day -= timedelta(days=day.weekday())
    elif span is Span.MONTH:
        day = day.replace(day=1)
    for _ in range(BARS[span]):
        found.append(day)
        if span is Span.MONTH:
            day = (day - timedelta(days=1)).replace(day=1)
        else:
            day -= timedelta(days=7 if span is Span.WEEK else 1)
    return found[::-1]


def together(day: str, some: tuple[Takings, ...] | list[Takings]) -> Takings:
    """Several days as one."""
    names = Takings.__struct_fields__[1:]
    return Takings(day=day, **{name: sum(getattr(one, name) for one in some) for name in names})


def _bars(starts: list[date], days: list[Takings]) -> list[Takings]:
    ends = [str(day) for day in starts[1:]] + ["9999"]
    return [
        together(str(start), [one for one in days if str(start) <= one.day < end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _of_days(tx: Tx, code: str, first: date, last: date) -> int:
    """What accounts of a code that are one a day came to; their owners end in the day."""
    found = ledger.balances(tx, book=Book.MONEY, code=code, unsettled=True)
    return sum(one.posted for key, one in found.items() if str(first) <= key.owner[-10:] <= str(last))


def _reconciled(tx: Tx, by: Actor) -> list[tuple[str, Fact]]:
    """The latest settlement file of each gateway that was compared."""
    found = []
    for gateway in GATEWAYS:
        facts = journal.trail(tx, by, subject=f"gateway/{gateway}", limit=20)
        told = [fact for fact in facts if fact.kind == "payments.reconciled"]
        found += [(gateway, told[0])] if told else []
    return found
