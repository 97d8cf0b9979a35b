"""What the frame of every page says beside its entries: how much waits there, and what shops are called."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from madang import places, settlement
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Role
from madang.kernel.clock import SECOND_US
from madang.members import mailing
from madang.payments import charge_records, differences, unasked
from madang.payments.charges_model import ReturnState
from madang.settlement import PayoutState
from madang.storefront import board
from madang.ui.navigation import Told

FRESH_US = 5 * SECOND_US
"""So old a count may be: a person does not see the difference, a busy console saves its queries."""
TO_DO = ("paid", "packed", "ready", "returning")


class Framing:
    """A ``ui.navigation.Tell``; remembers for each reach (roles, shops) what it counted."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock) -> None:
        self._db, self._n, self._clock, self._lock = db, neighbourhood, clock, Lock()
        self._kept: dict[object, tuple[int, Told]] = {}

    def __call__(self, by: Actor) -> Told:
        reach, now_us = (by.roles, by.shops), self._clock.now_us()
        at_us, told = self._kept.get(reach, (-FRESH_US, Told()))
        if now_us - at_us >= FRESH_US:
            told = self._db.read(lambda tx: _told(tx, by), neighbourhood=self._n)
            with self._lock:
                self._kept = {key: one for key, one in self._kept.items() if now_us - one[0] < FRESH_US}
                self._kept[reach] = (now_us, told)
        return told


def _told(tx: Tx, by: Actor) -> Told:
    names = {one.id: (one.name_ko, one.name_en) for one in places.shops(tx, by)}
    orders = board.counts(tx, by)
    waits = {"orders": sum(orders[state] for state in TO_DO), **_money(tx, by)}
    return Told(waits={name: n for name, n in waits.items() if n}, names=names)


def _money(tx: Tx, by: Actor) -> Mapping[str, int]:
    refused = len(charge_records.backs_in(tx, by, [ReturnState.REFUSED]).rows) + len(unasked.waiting(tx, by).rows)
    if not (by.may(Role.OPERATOR) and not by.shops):
        return {"payments": refused}
    stop, held = settlement.stopped(tx), settlement.payouts_in(tx, by, PayoutState.HELD)
    return {
        "payments": refused,
        "reconcile": differences.counts(tx, by).get("open", 0),
        "settlement": len(settlement.appeals(tx, by)) + held + (len(stop.faults) if stop else 0),
        "transfers": len(settlement.transfers.fileable(tx, by)),
        "mails": mailing.counts(tx, by).get("failed", 0),
    }
