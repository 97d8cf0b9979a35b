"""What gateways paid out, fetched from them day by day and reconciled; what fails is told, and asked again.

A day is fetched the morning after, and twice more on the mornings that follow (a company may add lines); whoever was
not there for a while catches up. Only companies that can be asked: of the others a person takes the file in.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import jobs, journal, ledger
from madang.db import Tx, table
from madang.kernel import Actor, MadangError, Role, business_date, derived, start_of_day_us, system
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US
from madang.ledger import Book
from madang.payments import facts, reconciling
from madang.payments.connected import connected, gateway_of
from madang.payments.gateways import Settling
from madang.payments.settlement_files import Settled

DAILY, FETCH = "payments.fetch_daily", "payments.fetch"
AT_US = 7 * HOUR_US
"""When of a business day the day before is fetched: banks and companies are done with it. Our choice."""
AGAIN_D, BACK_D = 2, 45
"""Days that are fetched once more, and how far back whoever was away catches up."""
LONGEST_US = HOUR_US
_TRIED = jobs.Retry(attempts_max=1_000_000, factor=2)
"""Only for what nobody foresaw: an answer that cannot be used is put off by ``_settle`` itself."""

fetches = table(
    "payments_fetch",
    sa.Column("gateway", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("matched", sa.BigInteger, nullable=False),
    sa.Column("differences", sa.BigInteger, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("tries", sa.BigInteger, nullable=False),
    sa.Column("next_us", sa.BigInteger),
    sa.Column("done_us", sa.BigInteger),
    sa.Index("payments_fetch_state", "neighbourhood", "state"),
    key=["gateway", "day"],
)


class FetchState(StrEnum):
    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"
    """No answer that can be used yet: asked again at ``next_us``."""


class Fetch(msgspec.Struct, frozen=True):
    """What a gateway paid out on ``day``: how far it came. ``tries`` that failed in a row, the last with ``code``;
    ``done_us`` is when it was last fetched whole."""

    gateway: str
    day: str
    state: str
    lines: int
    matched: int
    differences: int
    code: str
    tries: int
    next_us: int | None
    done_us: int | None


class Fetched(NamedTuple):
    """``lines`` is None where there was no answer that can be used; ``code`` says why."""

    lines: list[Settled] | None
    code: str = ""


def askable() -> list[str]:
    """Connected gateways that say what they paid out."""
    return [name for name in connected() if isinstance(gateway_of(name), Settling)]


def watch(tx: Tx, *, at_us: int) -> None:
    """Have it fetched on the business day of ``at_us``, and every day from then on."""
    day = business_date(at_us)
    due_us = start_of_day_us(day) + AT_US
    jobs.set_timer(tx, id=derived(DAILY, str(day)), due_us=due_us, kind=DAILY, payload={"day": str(day)})


@jobs.handler(DAILY)
def daily(tx: Tx, job: jobs.Job) -> None:
    """Ask every gateway for the days that are due."""
    ask(tx, system(tx.neighbourhood, "payments"), at_us=job.now_us)
    watch(tx, at_us=job.now_us + DAY_US)


def ask(tx: Tx, by: Actor, *, at_us: int) -> int:
    """Have what is due fetched now; gives of how many days. Raises ``Forbidden`` for who is not the operator."""
    _need_operator(by)
    return sum(_ask(tx, gateway, day, at_us) for gateway in askable() for day in _due(tx, by, gateway, at_us))


def latest(tx: Tx, by: Actor, gateway: str) -> Fetch | None:
    """The last day that was fetched whole."""
    _need_operator(by)
    mine = fetches.c.neighbourhood == by.neighbourhood, fetches.c.gateway == gateway, fetches.c.done_us.is_not(None)
    found = tx.rows(sa.select(*fetches.c[1:]).where(*mine).order_by(fetches.c.day.desc()).limit(1))
    return Fetch(*found[0]) if found else None


def failing(tx: Tx, by: Actor, *, at_us: int) -> list[Fetch]:
    """Days that could not be fetched yet, the oldest first; with those that were asked for more than an hour ago and
    are not settled: something that nobody foresaw keeps them from it."""
    _need_operator(by)
    stuck = sa.and_(fetches.c.state == str(FetchState.ASKED), fetches.c.next_us <= at_us - LONGEST_US)
    mine = fetches.c.neighbourhood == by.neighbourhood, sa.or_(fetches.c.state == str(FetchState.FAILED), stuck)
    oldest = sa.select(*fetches.c[1:]).where(*mine).order_by(fetches.c.day).limit(BACK_D)
    found = [Fetch(*row) for row in tx.rows(oldest)]
    return [
        msgspec.structs.replace(one, code="unforeseen", next_us=None) if one.state == FetchState.ASKED else one
        for one in found
    ]


def _settle(tx: Tx, job: jobs.Job, answer: Fetched) -> None:
    by, gateway, day = system(tx.neighbourhood, "payments"), str(job.payload["gateway"]), str(job.payload["day"])
    row = _get(tx, gateway, day)
    assert row is not None
    if answer.lines is None:
        if row.next_us == job.payload["due"]:  # else it was asked anew meanwhile
            _failed(tx, by, row, job, answer.code)
        return
    made = reconciling.reconcile(
        tx, by, gateway, answer.lines, at_us=job.now_us, due=_due_by(tx, row)
    )  # fmt: skip
    done = msgspec.structs.replace(
        row, state=str(FetchState.DONE), lines=len(answer.lines), matched=row.matched + made.matched,
        differences=len(made.differences), code="", tries=0, next_us=None, done_us=job.now_us,
    )  # fmt: skip
    _put(tx, done)


@jobs.outside(FETCH, retry=_TRIED, settle=_settle)
def fetch(job: jobs.Job) -> Fetched:
    """What one company paid out on one day."""
    gateway = gateway_of(str(job.payload["gateway"]))
    if not isinstance(gateway, Settling):
        return Fetched(None, "not_asked")
    try:
        return Fetched(gateway.paid_out(date.fromisoformat(str(job.payload["day"]))))
    except MadangError as error:
        return Fetched(None, str(error.details.get("why") or error.code)[:100])


def _failed(tx: Tx, by: Actor, row: Fetch, job: jobs.Job, code: str) -> None:
    """Told the first time in a row; asked again after one, two, four minutes, at most an hour."""
    tries = row.tries + 1
    next_us = job.now_us + min(LONGEST_US, MINUTE_US * 2 ** min(tries - 1, 10))
    _put(tx, msgspec.structs.replace(row, state=str(FetchState.FAILED), code=code, tries=tries, next_us=next_us))
    _send(tx, row, derived(FETCH, job.id), next_us)
    if tries == 1:
        said = facts.FetchFailed(gateway=row.gateway, day=row.day, code=code, tries=tries)
        about = f"gateway/{row.gateway}"
        journal.append(
            tx, by, said, id=derived("payments.fetch_failed", job.id), at_us=job.now_us, subject=about, cause=about
        )


def _ask(tx: Tx, gateway: str, day: date, at_us: int) -> bool:
    """Unless it has been asked within the hour; a try that was put off, or got stuck, is overtaken."""
    row = _get(tx, gateway, str(day))
    if row is not None and row.state == FetchState.ASKED and (row.next_us or 0) > at_us - LONGEST_US:
        return False
    before = row or Fetch(gateway, str(day), "", 0, 0, 0, "", 0, None, None)
    asked = msgspec.structs.replace(before, state=str(FetchState.ASKED), next_us=at_us)
    _put(tx, asked, new=row is None)
    _send(tx, asked, derived(FETCH, gateway, str(day), at_us), at_us)
    return True


def _send(tx: Tx, row: Fetch, id: UUID, due_us: int) -> None:
    payload = {"gateway": row.gateway, "day": row.day, "due": due_us}
    jobs.send(tx, id=id, kind=FETCH, payload=payload, at_us=due_us)


def _due(tx: Tx, by: Actor, gateway: str, at_us: int) -> list[date]:
    """From the days fetched last, or at first from the oldest day the gateway still owes us of, until yesterday."""
    last = business_date(at_us) - timedelta(days=1)
    earliest, known = last - timedelta(days=BACK_D - 1), latest(tx, by, gateway)
    if known is not None:
        first = date.fromisoformat(known.day) - timedelta(days=AGAIN_D - 1)
    else:
        books = ledger.balances(tx, book=Book.MONEY, code="gateway", owner_prefix=f"{gateway}/", unsettled=True)
        first = min((date.fromisoformat(key.owner[-10:]) for key in books), default=last)
    failed = {one.day for one in failing(tx, by, at_us=at_us) if one.gateway == gateway}
    first = max(earliest, min([first, *map(date.fromisoformat, failed)]))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _due_by(tx: Tx, row: Fetch) -> date:
    """Up to which day of sale everything should have been paid out: as far as days are fetched without a gap, less what
    companies take at most."""
    others = fetches.c.neighbourhood == tx.neighbourhood, fetches.c.gateway == row.gateway, fetches.c.day != row.day
    rows = [
        (str(day), state == FetchState.DONE)
        for day, state in tx.rows(sa.select(fetches.c.day, fetches.c.state).where(*others))
    ]
    gap = min((day for day, done in rows if not done), default=None)
    last = max([row.day, *(day for day, done in rows if done and (gap is None or day < gap))])
    return date.fromisoformat(min(last, gap or last)) - timedelta(days=reconciling.AGED_DAYS)


def _get(tx: Tx, gateway: str, day: str) -> Fetch | None:
    mine = fetches.c.neighbourhood == tx.neighbourhood, fetches.c.gateway == gateway, fetches.c.day == day
    found = tx.rows(sa.select(*fetches.c[1:]).where(*mine))
    return Fetch(*found[0]) if found else None


def _put(tx: Tx, row: Fetch, *, new: bool = False) -> None:
    said = msgspec.structs.asdict(row)
    if new:
        tx.many(sa.insert(fetches), [{"neighbourhood": tx.neighbourhood, **said}])
        return
    mine = fetches.c.neighbourhood == tx.neighbourhood, fetches.c.gateway == row.gateway, fetches.c.day == row.day
    tx.execute(sa.update(fetches).where(*mine).values({k: v for k, v in said.items() if k not in ("gateway", "day")}))


def _need_operator(by: Actor) -> None:
    """A gateway pays out for the whole neighbourhood: nobody who acts for one shop."""
    by.need(Role.OPERATOR)
    if by.shops:
        by.need_shop("")
