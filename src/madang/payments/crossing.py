"""Where we meet the gateways: prepare in a transaction, call outside of any, write down in another.

Whoever dies between call and record loses nothing: before a gateway is asked to charge, a job is set that will look
what became of it, and money on its way back is a job from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from madang import jobs
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Ids, derived, system
from madang.kernel.clock import DAY_US
from madang.payments import charge_records as records
from madang.payments import charging, giving_back, looking
from madang.payments.charges_model import Call, Charge, ChargeState
from madang.payments.connected import gateway_of
from madang.payments.gateways import Back, Order, Refused, Seen, Status, Unclear

T = TypeVar("T")
SAID_MAX = 2_000
_TRIED_BY_JOBS = jobs.Retry(attempts_max=1_000_000, factor=2)
"""Only for what nobody foresaw (a mistake of ours): tried until somebody mends it, at most hourly."""


class Crossing:
    """A payer's way over to a gateway and back, for the pages of one neighbourhood."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, neighbourhood: str) -> None:
        self._db, self._clock, self._ids, self._neighbourhood = db, clock, ids, neighbourhood
        self._ours = system(neighbourhood, "payments")

    def open(self, order: str, *, back: str, gone: str) -> Charge:
        """Announce the payment at its gateway, once; then ``address`` is where to send the payer.

        Raises ``Unavailable`` where the gateway cannot be reached (nothing is charged; try again). A refusal fails the
        payment and shows in the charge's state.
        """
        charge = self._read(lambda tx: giving_back.charge_of(tx, self._ours, order))
        if charge.address or charge.state != ChargeState.WAITING:
            return charge
        gateway, call = gateway_of(charge.gateway), self._begin(order, "open")
        try:
            found = gateway.open(charge.order(back, gone))
        except Unclear as error:
            self._end(call, "unclear", str(error.details["why"]))
            raise
        except Refused as error:
            self._end(call, "refused", str(error))
            code, now = error.code, self._clock.now_us()
            return self._write(lambda tx: charging.refused(tx, self._ours, order, code=code, at_us=now))
        now = self._clock.now_us()

        def keep(tx: Tx) -> Charge:
            records.end_call(tx, call, ended_us=now, outcome="ok", said=found.key)
            return charging.opened(
                tx, self._ours, order, key=found.key, address=found.address, mobile=found.mobile, at_us=now
            )

        return self._write(keep)

    def confirm(self, order: str, *, key: str = "", proof: str = "", amount_krw: int | None = None) -> Charge:
        """The payer is back: have it charged, and give the charge as it then stands.

        Its state is ``paid``, ``refused``, ``late``, or ``asked`` where the gateway's answer did not come: it is then
        being looked up. Asking again while it is looked up asks nobody. Raises ``Conflict`` and ``Invalid`` of
        ``charging.asked``; a wrong amount fails the payment.
        """
        now = self._clock.now_us()
        try:
            before = self._read(lambda tx: giving_back.charge_of(tx, self._ours, order))
            charge = self._write(
                lambda tx: charging.asked(tx, self._ours, order, key=key, proof=proof, amount_krw=amount_krw, at_us=now)
            )
        except Exception as error:
            if getattr(error, "code", "") == "payments.wrong_amount":
                self._write(lambda tx: charging.refused(tx, self._ours, order, code="wrong_amount", at_us=now))
            raise
        if before.state != ChargeState.WAITING or charge.state != ChargeState.ASKED:
            return charge
        gateway, call = gateway_of(charge.gateway), self._begin(order, "confirm")
        answer = _answer(lambda: gateway.confirm(charge.order(), charge.gateway_key, proof))
        return self._learn(call, charge, answer)

    def look(self, order: str) -> Charge:
        """Ask the gateway how a charge stands, now."""
        charge = self._read(lambda tx: giving_back.charge_of(tx, self._ours, order))
        gateway, call = gateway_of(charge.gateway), self._begin(order, "look")
        return self._learn(call, charge, _answer(lambda: gateway.look(order, charge.gateway_key)))

    def _learn(self, call: UUID, charge: Charge, answer: Answer) -> Charge:
        now = self._clock.now_us()

        def keep(tx: Tx) -> Charge:
            records.end_call(tx, call, ended_us=now, outcome=answer.outcome, said=answer.said())
            return _take_in(tx, self._ours, charge.order_id, answer, now)

        return self._write(keep)

    def _begin(self, order: str, what: str) -> UUID:
        call = Call(self._ids.new(), order, what, self._clock.now_us(), None, "open", "")
        self._write(lambda tx: records.begin_call(tx, call))
        return call.id

    def _end(self, call: UUID, outcome: str, said: str) -> None:
        now = self._clock.now_us()
        self._write(lambda tx: records.end_call(tx, call, ended_us=now, outcome=outcome, said=said[:SAID_MAX]))

    def _write(self, fn: Callable[[Tx], T]) -> T:
        return self._db.write(fn, neighbourhood=self._neighbourhood)

    def _read(self, fn: Callable[[Tx], T]) -> T:
        return self._db.read(fn, neighbourhood=self._neighbourhood)


class Answer(NamedTuple):
    """What a call came to; ``seen`` is None where the gateway knows no such payment. ``answered``: unclear as it is, it
    was an answer."""

    outcome: str
    seen: Seen | None = None
    code: str = ""
    answered: bool = False

    def said(self) -> str:
        if self.seen is None or self.code:
            return self.code[:SAID_MAX]
        return msgspec.json.encode(self.seen).decode()[:SAID_MAX]


def _answer(call: Callable[[], Seen | None]) -> Answer:
    try:
        return Answer("ok", call())
    except Unclear as error:
        return Answer("unclear", None, str(error.details["why"]), error.answered)
    except Refused as error:
        return Answer("refused", None, error.code)


def _take_in(tx: Tx, by: Actor, order: str, answer: Answer, at_us: int) -> Charge:
    if answer.outcome == "refused":
        return charging.refused(tx, by, order, code=answer.code, at_us=at_us)
    if answer.seen is not None:
        return charging.learned(tx, by, order, answer.seen, at_us=at_us)
    return giving_back.charge_of(tx, by, order)


def _settle_look(tx: Tx, job: jobs.Job, answer: Answer) -> None:
    """Take in what was seen; look again later while it is not known how it ends."""
    by, said = system(tx.neighbourhood, "payments"), job.payload
    order, attempt = str(said["order"]), int(said["attempt"])
    records.begin_call(tx, _call(job, "look", answer))
    before = giving_back.charge_of(tx, by, order)
    charge = _take_in(tx, by, order, answer, job.now_us)
    if charge.state not in (ChargeState.WAITING, ChargeState.ASKED) or said["why"] == "hook":
        return
    asked = charge.state == ChargeState.ASKED
    over_us = charge.expires_at_us + (looking.GIVE_UP_US if asked or answer.outcome == "unclear" else DAY_US)
    if job.now_us >= over_us:
        if asked or answer.outcome == "unclear":
            charging.unclear(tx, by, order, at_us=job.now_us)
        else:
            charging.refused(tx, by, order, code="never_paid", at_us=job.now_us)
        return
    wait_us = looking.wait_us(attempt if asked or answer.outcome == "unclear" else 20)
    looking.look_later(tx, before, why=said["why"], due_us=job.now_us + wait_us, attempt=attempt + 1)


@jobs.outside(looking.LOOK, retry=_TRIED_BY_JOBS, settle=_settle_look)
def look_again(job: jobs.Job) -> Answer:
    """How a charge stands; where the gateway still waits for our word and there is time, the word is given again."""
    said = job.payload
    gateway = gateway_of(said["gateway"])
    found = _answer(lambda: gateway.look(said["order"], said["key"]))
    still_open = found.seen is not None and found.seen.status == Status.OPEN
    if not (still_open and said["why"] == "asked" and job.now_us < said["until"]):
        return found
    order = Order(id=said["order"], amount_krw=said["amount"], tax_free_krw=said["tax_free"], title=said["order"])
    return _answer(lambda: gateway.confirm(order, said["key"], said["proof"]))


def _settle_back(tx: Tx, job: jobs.Job, answer: Answer) -> None:
    by, said = system(tx.neighbourhood, "payments"), job.payload
    id, attempt = UUID(said["id"]), int(said["attempt"])
    records.begin_call(tx, _call(job, "give_back", answer))
    if answer.outcome == "refused":
        giving_back.return_refused(tx, by, id, code=answer.code, at_us=job.now_us, seen=answer.seen)
    elif answer.seen is not None:
        giving_back.returned(tx, by, id, answer.seen, at_us=job.now_us)
    else:
        charge = giving_back.charge_of(tx, by, said["order"])
        back = records.back(tx, by, id)
        assert back is not None
        due_us, number = job.now_us + looking.wait_us(attempt), int(said.get("number", 0)) + answer.answered
        looking.give_back_later(tx, charge, back, attempt=attempt + 1, due_us=due_us, number=number)


@jobs.outside(looking.GIVE_BACK, retry=_TRIED_BY_JOBS, settle=_settle_back)
def give_back(job: jobs.Job) -> Answer:
    """Ask the gateway to give money back; from the second try on it is looked first whether it has, and whether there
    is so much left to give (somebody may have given it back at the company itself)."""
    said = job.payload
    gateway = gateway_of(said["gateway"])
    back = Back(
        id=said["id"], amount_krw=said["amount"], tax_free_krw=said["tax_free"], reason=said["why"],
        number=said.get("number", 0),
    )  # fmt: skip
    if said["attempt"] > 1 or job.attempt > 1:
        seen = _answer(lambda: gateway.look(said["order"], said["key"]))
        if seen.outcome != "ok" or (seen.seen is not None and any(one.id == back.id for one in seen.seen.backs)):
            return seen
        if seen.seen is None:  # it knows the payment: it was charged, so nothing is decided on this
            return Answer("unclear", None, "payment not seen")
        if seen.seen is not None and seen.seen.left_krw < back.amount_krw:
            return Answer("refused", seen.seen, f"{seen.seen.left_krw} left")
    answer = _answer(lambda: gateway.give_back(said["key"], back))
    if answer.outcome == "refused":  # perhaps because it is gone already: then the payer has it
        return answer._replace(seen=_answer(lambda: gateway.look(said["order"], said["key"])).seen)
    if answer.seen is not None and all(one.id != back.id for one in answer.seen.backs):
        return Answer("unclear", None, "given back but not seen", answered=True)
    return answer


def _call(job: jobs.Job, what: str, answer: Answer) -> Call:
    id = derived("payments.call", job.id, job.attempt)
    return Call(id, str(job.payload["order"]), what, job.now_us, job.now_us, answer.outcome, answer.said())
