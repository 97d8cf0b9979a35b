"""Payouts: made on a party's day out of what is available, held where there is a reason, sent through an outbox job.

A payout is never refused: where something stands against it, it is made and held, its money set apart, its reason and
date shown, and then released or cancelled. A refund after a payout makes the balance negative; later shares net it.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import jobs, ledger, members
from madang.db import Tx
from madang.kernel import Actor, Role, Unavailable, business_date, derived, start_of_day_us, system
from madang.kernel.clock import DAY_US, HOUR_US
from madang.ledger import AccountKey, Book, Transfer
from madang.members.proving import need_step_up
from madang.settlement import accounts, banks, calendar, checks, errors, facts, parties, records
from madang.settlement.model import Party, Payout, PayoutState

PAY = "settlement.pay"
ACCOUNT_HOLD_US = 24 * HOUR_US
WRITE_OFF_US = 180 * DAY_US
"""What a party has owed without a break for so long is given up (our choice)."""


def make_due(tx: Tx, by: Actor, *, now_us: int) -> list[Payout]:
    """Make today's payouts: one a party and business day, of all that is available; none while payouts are stopped."""
    _operator(tx, by)
    if checks.stopped(tx) is not None:
        return []
    day = business_date(now_us)
    made = []
    for key, balance in ledger.balances(tx, book=Book.MONEY, code="payable").items():
        found = records.party(tx, key.owner)
        schedule = records.schedule_of(tx, key.owner, now_us)
        if balance.posted < schedule.floor_krw:
            body = facts.BelowFloor(party=key.owner, balance_krw=balance.posted, floor_krw=schedule.floor_krw)
            facts.tell(tx, by, body, about=f"party:{key.owner}", at_us=start_of_day_us(day))
        due = balance.available >= max(1, schedule.least_krw) and calendar.is_pay_day(schedule, day)
        id = derived("settlement.payout", tx.neighbourhood, key.owner, str(day))
        if found is None or not due or records.some_payouts(tx, records.payouts.c.id == id):
            continue
        made.append(_make(tx, by, found, id, balance.available, now_us))
    return made


def release_held(tx: Tx, by: Actor, *, now_us: int) -> int:
    """Send held payouts whose reason is over; gives how many."""
    _operator(tx, by)
    if checks.stopped(tx) is not None:
        return 0
    p = records.payouts
    count = 0
    for one in records.some_payouts(tx, p.c.state == PayoutState.HELD.value, order=[p.c.made_us], limit=200):
        found = records.party(tx, one.party)
        if found is not None and not _reason(tx, found, now_us):
            _send(tx, found, one, now_us)
            count += 1
    return count


def cancel(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> Payout:
    """Cancel a held payout: its money is available again."""
    _operator(tx, by)
    found = payout(tx, id)
    if found.state is PayoutState.CANCELLED:
        return found
    if found.state is not PayoutState.HELD:
        raise errors.not_in_state(found.state)
    return end(tx, by, found, PayoutState.CANCELLED, "cancelled", "", at_us)


def mark(tx: Tx, by: Actor, id: UUID, *, paid: bool, reference: str = "", at_us: int) -> Payout:
    """A person paid a payout at the bank, or the bank refused it (only where no payout service is connected). Raises
    ``StepUpNeeded``."""
    _operator(tx, by)
    need_step_up(by, at_us)
    found = payout(tx, id)
    wanted = PayoutState.PAID if paid else PayoutState.FAILED
    if found.state is wanted:
        return found
    if found.state is not PayoutState.SENT or banks.connected() is not None:
        raise errors.not_in_state(found.state)
    return end(tx, by, found, wanted, "" if paid else "refused", reference[:100], at_us)


def hold(tx: Tx, by: Actor, party: str, reason: str, *, id: UUID, until_us: int | None = None, at_us: int) -> None:
    """Hold a party's payouts, for a reason (a word under ``settlement.reason``), until a time or until it is ended."""
    _operator(tx, by)
    if records.party(tx, party) is None:
        raise errors.unknown_party(party)
    if records.find(tx, records.holds, records.holds.c.id == id):
        return
    row = {"id": id, "party": party, "reason": reason, "from_us": at_us, "until_us": until_us, "ended_us": None}
    records.add(tx, records.holds, [{**row, "by_key": by.key}])
    body = facts.HoldChanged(party=party, reason=reason, held=True, until_us=until_us)
    facts.tell(tx, by, body, about=f"party:{party}", at_us=at_us)


def held_parties(tx: Tx, by: Actor) -> dict[str, tuple[str, int | None]]:
    """Whose payouts are held, why (a word under ``settlement.reason``) and until when; None: until it is ended."""
    _operator(tx, by)
    h = records.holds
    rows = records.find(tx, h, h.c.ended_us.is_(None), order=[h.c.from_us])
    return {row["party"]: (row["reason"], row["until_us"]) for row in rows}


def end_holds(tx: Tx, by: Actor, party: str, *, at_us: int) -> None:
    """What was held of a party is sent with the next round."""
    _operator(tx, by)
    h = records.holds
    if records.change(tx, h, h.c.party == party, h.c.ended_us.is_(None), ended_us=at_us):
        body = facts.HoldChanged(party=party, reason="", held=False, until_us=None)
        facts.tell(tx, by, body, about=f"party:{party}", at_us=at_us)


def set_account(tx: Tx, by: Actor, party: str, account: str, *, id: UUID, at_us: int) -> Party:
    """The payout service knows the party's bank account as ``account``; another one holds payouts for 24 hours.

    By the party itself after a step-up (members), or by the operator.
    """
    found = parties.party(tx, by, party)
    if found.account == account:
        return found
    records.change(tx, records.parties, records.parties.c.key == party, account=account, account_since_us=at_us)
    if found.account:
        until = at_us + ACCOUNT_HOLD_US
        hold(tx, system(tx.neighbourhood, "settlement"), party, "account_changed", id=id, until_us=until, at_us=at_us)
    return parties.party(tx, by, party)


def write_off_due(tx: Tx, by: Actor, *, now_us: int, after_us: int = WRITE_OFF_US) -> int:
    """Give up debts that have stood for ``after_us`` without a break; gives how many."""
    _operator(tx, by)
    count = 0
    for key, balance in ledger.balances(tx, book=Book.MONEY, code="payable").items():
        if balance.posted >= 0 or balance.pending_in or balance.pending_out:
            continue
        since = _below_since(tx, key)
        if now_us - since < after_us:
            continue
        id = derived("settlement.write_off", key.owner, since)
        lost = Transfer(id=id, debit=accounts.written_off(now_us), credit=key, amount=-balance.posted, at_us=now_us)
        ledger.post(tx, [lost])
        body = facts.WrittenOff(party=key.owner, amount_krw=-balance.posted)
        facts.tell(tx, by, body, about=f"party:{key.owner}", at_us=now_us)
        count += 1
    return count


def payout(tx: Tx, id: UUID) -> Payout:
    found = records.some_payouts(tx, records.payouts.c.id == id)
    if not found:
        raise errors.unknown(str(id))
    return found[0]


class Upcoming(msgspec.Struct, frozen=True, kw_only=True):
    """What a party is to be paid next, on which day (its first moment), and why that will be held, until when."""

    party: Party
    amount_krw: int
    day_us: int
    reason: str = ""
    until_us: int | None = None


def upcoming(tx: Tx, by: Actor, *, now_us: int) -> list[Upcoming]:
    """The next payout of everybody with money available (that the caller may look at), the soonest first."""
    found, mine = [], parties.owners(tx, by)
    for key, balance in ledger.balances(tx, book=Book.MONEY, code="payable", unsettled=True).items():
        party = records.party(tx, key.owner)
        if party is None or balance.available <= 0 or not (mine is None or party.key in mine):
            continue
        schedule = records.schedule_of(tx, party.key, now_us)
        day = start_of_day_us(calendar.next_pay_day(schedule, business_date(now_us)))
        reason, until_us = _reason(tx, party, now_us) or ("", None)
        found.append(
            Upcoming(party=party, amount_krw=balance.available, day_us=day, reason=reason, until_us=until_us)
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.day_us, one.party.key))


def owed(tx: Tx, by: Actor) -> dict[str, int]:
    """What is owed to all parties (that the caller may look at) together, by where it stands (the codes of
    ``accounts``)."""
    mine = parties.owners(tx, by)
    codes = ("payable_pending", "payable", "payable_reserve", "payout")
    every = {code: ledger.balances(tx, book=Book.MONEY, code=code, unsettled=True) for code in codes}
    if mine is not None:
        every["payout"] = {k: b for k, b in every["payout"].items() if _payee(tx, k.owner) in mine}
    return {
        code: sum(b.posted for k, b in found.items() if mine is None or code == "payout" or k.owner in mine)
        for code, found in every.items()
    }


def _payee(tx: Tx, payout: str) -> str:
    found = records.some_payouts(tx, records.payouts.c.id == UUID(payout))
    return found[0].party if found else ""


def payouts_in(tx: Tx, by: Actor, state: PayoutState) -> int:
    """How many payouts are in a state."""
    _operator(tx, by)
    p = records.payouts.c
    mine = (p.neighbourhood == tx.neighbourhood, p.state == state.value)
    return int(tx.execute(sa.select(sa.func.count()).select_from(records.payouts).where(*mine)).scalar() or 0)


def payouts_of(tx: Tx, by: Actor, party: str, *, limit: int = 50) -> list[Payout]:
    """A party's payouts, the newest first."""
    parties.party(tx, by, party)
    p = records.payouts
    return records.some_payouts(tx, p.c.party == party, order=[p.c.made_us.desc()], limit=limit)


@jobs.outside(PAY, settle=lambda tx, job, answer: _settle(tx, job, answer))
def pay(job: jobs.Job) -> banks.Answer:
    """Ask the payout service, at least once, always under the payout's own id."""
    bank = banks.connected()
    if bank is None:
        raise Unavailable(
            "settlement.no_bank",
            ko="지급 서비스에 연결되어 있지 않습니다.",
            en="No payout service is connected.",
            next_ko="연결된 뒤 자동으로 다시 보냅니다.",
            next_en="It is sent again once one is.",
        )
    said = job.payload
    return bank.pay(banks.Order(id=UUID(said["payout"]), account=said["account"], amount_krw=said["amount_krw"]))


def _settle(tx: Tx, job: jobs.Job, answer: banks.Answer) -> None:
    by, found = system(tx.neighbourhood, "settlement"), payout(tx, UUID(job.payload["payout"]))
    if found.state is not PayoutState.SENT:
        return
    state = PayoutState.PAID if answer.paid else PayoutState.FAILED
    end(tx, by, found, state, answer.reason, answer.reference, job.now_us)
    if not answer.paid:  # the same account would be refused again tomorrow: a person looks first
        hold(tx, by, found.party, "bank_refused", id=derived("settlement.refused", found.id), at_us=job.now_us)


def _make(tx: Tx, by: Actor, party: Party, id: UUID, krw: int, now_us: int) -> Payout:
    move = Transfer(
        id=derived("settlement.pay_out", id), debit=accounts.payable(party.key), credit=accounts.payout(id),
        amount=krw, cause=f"payout/{id}", at_us=now_us,
    )  # fmt: skip
    ledger.post(tx, [move])
    why = _reason(tx, party, now_us)
    reason, until = why or ("", None)
    state = PayoutState.HELD if why else PayoutState.SENT
    made = Payout(id=id, party=party.key, amount_krw=krw, state=state, reason=reason, until_us=until, made_us=now_us)
    records.add(tx, records.payouts, [{**{f: getattr(made, f) for f in made.__struct_fields__}, "state": state.value}])
    if not why:
        _order(tx, party, made, now_us)
    body = facts.PayoutMade(payout=str(id), party=party.key, amount_krw=krw, state=state, reason=reason)
    facts.tell(tx, by, body, about=f"party:{party.key}", at_us=now_us)
    return made


def _send(tx: Tx, party: Party, one: Payout, now_us: int) -> None:
    sent = {"state": PayoutState.SENT.value, "reason": "", "until_us": None}
    records.change(tx, records.payouts, records.payouts.c.id == one.id, **sent)
    _order(tx, party, one, now_us)


def _order(tx: Tx, party: Party, one: Payout, now_us: int) -> None:
    if banks.connected() is not None:
        payload = {"payout": str(one.id), "account": party.account, "amount_krw": one.amount_krw}
        jobs.send(tx, id=one.id, kind=PAY, payload=payload, at_us=now_us)


def _reason(tx: Tx, party: Party, now_us: int) -> tuple[str, int | None] | None:
    """Why a party's payouts are held now, and until when where that is known."""
    h = records.holds
    rows = records.find(tx, h, h.c.party == party.key, h.c.ended_us.is_(None), order=[h.c.from_us])
    live = [row for row in rows if row["until_us"] is None or now_us < row["until_us"]]
    if live:
        open_ended = any(row["until_us"] is None for row in live)
        return str(live[-1]["reason"]), None if open_ended else max(row["until_us"] for row in live)
    person = person_of(party)
    if person is not None and (until_us := members.payout_hold_until(tx, person, now_us)) is not None:
        return "account_changed", until_us  # where to pay to was changed in their account less than a day ago
    known = party.account or (person is not None and members.account_since_us(tx, person) is not None)
    return None if known else ("no_account", None)


def person_of(party: Party) -> UUID | None:
    """Whose account a party is paid to, where that is a member's."""
    try:
        return UUID(party.person) if party.person else None
    except ValueError:
        return None


def hold_sent(tx: Tx, by: Actor, one: Payout, *, at_us: int) -> bool:
    """A payout that was to be sent waits after all, where something stands against it now; whether it does."""
    party = records.party(tx, one.party)
    why = _reason(tx, party, at_us) if party is not None else None
    if why is None or one.state is not PayoutState.SENT:
        return False
    held = {"state": PayoutState.HELD.value, "reason": why[0], "until_us": why[1]}
    records.change(tx, records.payouts, records.payouts.c.id == one.id, **held)
    body = facts.HoldChanged(party=one.party, reason=why[0], held=True, until_us=why[1])
    facts.tell(tx, by, body, about=f"party:{one.party}", at_us=at_us)
    return True


def end(tx: Tx, by: Actor, one: Payout, state: PayoutState, reason: str, reference: str, at_us: int) -> Payout:
    """The payout is over: paid, or its money is available again."""
    to: AccountKey = accounts.paid_out(at_us) if state is PayoutState.PAID else accounts.payable(one.party)
    move = Transfer(
        id=derived("settlement.payout_ended", one.id), debit=accounts.payout(one.id), credit=to, amount=one.amount_krw,
        cause=f"payout/{one.id}", at_us=at_us,
    )  # fmt: skip
    ledger.post(tx, [move])
    ended = {"state": state.value, "reason": reason, "reference": reference, "ended_us": at_us, "until_us": None}
    records.change(tx, records.payouts, records.payouts.c.id == one.id, **ended)
    body = facts.PayoutEnded(payout=str(one.id), party=one.party, amount_krw=one.amount_krw, state=state, reason=reason)
    facts.tell(tx, by, body, about=f"party:{one.party}", at_us=at_us)
    return payout(tx, one.id)


def _below_since(tx: Tx, key: AccountKey) -> int:
    """When the account's balance last went below zero."""
    since, cursor = 0, None
    while True:
        page = ledger.statement(tx, key, cursor=cursor, limit=200)
        for line in page.rows:
            if line.balance.posted >= 0:
                return since
            since = line.booked_us
        if page.next is None:
            return since
        cursor = page.next


def _operator(tx: Tx, by: Actor) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)
