"""The self-check of settlement: what is kept against the books, clearing accounts that grow old, payouts that stop.

``serve`` makes it every ten minutes with the ledger's own check and what other rooms find. Anything that differs stops
payouts until a person lets them go on after a clean check; what only grows old is an alert.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, Conflict, Role, derived
from madang.kernel.clock import DAY_US
from madang.ledger import Book
from madang.members.proving import need_step_up
from madang.settlement import facts, records
from madang.settlement.model import PayoutState, ShareState

OLD_US = 3 * DAY_US
"""A payout the bank has not answered for so long is told."""
KEPT_CHECKS_US = 30 * DAY_US
FAULTS_MAX = 20


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One self-check: ``faults`` stop payouts, ``alerts`` are to be looked at."""

    at_us: int
    faults: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Payouts have stopped, since when and why."""

    from_us: int
    faults: tuple[str, ...]


def differences(tx: Tx) -> list[str]:
    """What must not be: shares, reserves, payouts or what can be paid that differ from the books; a tender account that
    is not empty."""
    s, r = records.shares, records.reserves
    pending = _sums(tx, s, s.c.amount_krw - s.c.returned_krw, s.c.state == ShareState.PENDING.value)
    reserved = _sums(tx, r, r.c.amount_krw, r.c.released_us.is_(None))
    found = [*_compare(tx, "payable_pending", pending), *_compare(tx, "payable_reserve", reserved)]
    p = records.payouts
    on_way = records.some_payouts(tx, p.c.state.in_([PayoutState.HELD.value, PayoutState.SENT.value]))
    found += _compare(tx, "payout", {str(one.id): one.amount_krw for one in on_way})
    found += _compare(tx, "payable", _payable(tx, reserved))
    return found + _compare(tx, "tender", {})


def _payable(tx: Tx, reserved: Mapping[str, int]) -> dict[str, int]:
    """What each party can be paid, reckoned anew from what is kept: shares that became available less what went back of
    them, less what is reserved, paid or on its way and interest for delay, with debts that were given up."""
    s, p = records.shares, records.payouts
    kept = _sums(tx, s, s.c.amount_krw - s.c.returned_krw, s.c.state == ShareState.AVAILABLE.value)
    gone = [PayoutState.HELD.value, PayoutState.SENT.value, PayoutState.PAID.value]
    lost = ledger.flows(tx, book=Book.MONEY, code="payable")
    for taken in (reserved, _sums(tx, p, p.c.amount_krw, p.c.state.in_(gone))):
        for party, krw in taken.items():
            kept[party] = kept.get(party, 0) - krw
    for (party, other), krw in lost.items():
        if other in ("written_off", "delay_interest"):
            kept[party] = kept.get(party, 0) + krw
    return kept


def alerts(tx: Tx, now_us: int) -> list[str]:
    """What has waited too long: payouts without an answer."""
    p = records.payouts
    old = records.some_payouts(tx, p.c.state == PayoutState.SENT.value, p.c.made_us < now_us - OLD_US)
    return [
        f"payout {one.id}: ₩{one.amount_krw:,}, {(now_us - one.made_us) // DAY_US} d without an answer" for one in old
    ]


def checked(tx: Tx, by: Actor, *, faults: Sequence[str], also: Sequence[str] = (), at_us: int) -> Checked:
    """Keep what a self-check found; faults stop payouts, with a fact that says so."""
    _operator(tx, by)
    made = Checked(at_us=at_us, faults=tuple(faults[:FAULTS_MAX]), alerts=(*alerts(tx, at_us), *also))
    row = {"at_us": at_us, "faults": _text(made.faults), "alerts": _text(made.alerts), "stops": int(bool(made.faults))}
    if not records.find(tx, records.checks, records.checks.c.at_us == at_us):
        records.add(tx, records.checks, [row])
    old = sa.delete(records.checks).where(
        records.checks.c.neighbourhood == tx.neighbourhood, records.checks.c.at_us < at_us - KEPT_CHECKS_US
    )
    tx.execute(old)
    if made.faults and stopped(tx) is None:
        id = derived("settlement.stop", tx.neighbourhood, at_us)
        stop = {"id": id, "from_us": at_us, "faults": _text(made.faults), "ended_us": None, "by_key": ""}
        records.add(tx, records.stops, [stop])
        facts.tell(tx, by, facts.BooksDiffer(faults=made.faults), about="settlement", at_us=at_us)
    return made


def resume(tx: Tx, by: Actor, *, at_us: int) -> None:
    """A person lets payouts go on; only after a clean check. Raises ``Conflict`` ``settlement.still_differs``, and
    ``StepUpNeeded``."""
    _operator(tx, by)
    need_step_up(by, at_us)
    if stopped(tx) is None:
        return
    last = latest(tx)
    if last is None or last.faults:
        raise Conflict(
            "settlement.still_differs",
            ko="마지막 점검에서 장부가 아직 맞지 않습니다.",
            en="The latest check still found a difference.",
            next_ko="차이를 고친 뒤 다음 점검을 기다리세요.",
            next_en="Mend the difference and wait for the next check.",
        )
    records.change(tx, records.stops, records.stops.c.ended_us.is_(None), ended_us=at_us, by_key=by.key)
    facts.tell(tx, by, facts.PayoutsResumed(), about="settlement", at_us=at_us)


def stopped(tx: Tx) -> Stop | None:
    """Whether payouts have stopped."""
    rows = records.find(tx, records.stops, records.stops.c.ended_us.is_(None))
    return Stop(from_us=rows[0]["from_us"], faults=tuple(msgspec.json.decode(rows[0]["faults"]))) if rows else None


def latest(tx: Tx) -> Checked | None:
    """The newest self-check."""
    rows = records.find(tx, records.checks, order=[records.checks.c.at_us.desc()], limit=1)
    if not rows:
        return None
    said = {name: tuple(msgspec.json.decode(rows[0][name])) for name in ("faults", "alerts")}
    return Checked(at_us=rows[0]["at_us"], **said)


def _sums(tx: Tx, of: sa.Table, what: sa.ColumnElement[int], *where: sa.ColumnElement[bool]) -> dict[str, int]:
    wanted = sa.select(of.c.party, sa.func.sum(what)).where(of.c.neighbourhood == tx.neighbourhood, *where)
    return {party: int(krw) for party, krw in tx.rows(wanted.group_by(of.c.party))}


def _compare(tx: Tx, code: str, kept: dict[str, int]) -> list[str]:
    books = {key.owner: b.posted for key, b in ledger.balances(tx, book=Book.MONEY, code=code).items()}
    return [
        f"{code} {owner}: {kept.get(owner, 0)} kept, {books.get(owner, 0)} in the books"
        for owner in sorted({*kept, *books})
        if kept.get(owner, 0) != books.get(owner, 0)
    ]


def _text(some: Sequence[str]) -> str:
    return msgspec.json.encode(list(some)).decode()


def _operator(tx: Tx, by: Actor) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)
