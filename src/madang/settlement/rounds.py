"""What time does in settlement: one call, made again and again, that brings everything due in order."""

from __future__ import annotations

from madang.db import Tx
from madang.kernel import Actor
from madang.settlement import payouts, releasing, transfers


def settle_due(tx: Tx, by: Actor, *, now_us: int) -> bool:
    """Release shares and reserves, send what is no longer held, make today's payouts, give up old debts.

    In steps of at most 100, so that no call is long; True while there is more. Being called late or twice changes
    nothing.
    """
    released = releasing.release_due(tx, by, now_us=now_us)
    released += releasing.release_reserves(tx, by, now_us=now_us)
    if released:
        return True
    transfers.hold_changed(tx, by, now_us=now_us)
    payouts.release_held(tx, by, now_us=now_us)
    payouts.make_due(tx, by, now_us=now_us)
    payouts.write_off_due(tx, by, now_us=now_us)
    return False
