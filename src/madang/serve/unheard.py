"""Disputes that a shop with its own machine does not answer: seen by the operators of its server."""

from __future__ import annotations

from madang import places
from madang.console.waiting import Waiting
from madang.db import Tx
from madang.edge import wish_records
from madang.kernel import Actor
from madang.kernel.clock import DAY_US

UNHEARD_US = DAY_US
"""So long a shop may be out of reach, or closed, before somebody should ring it up."""


def waits(tx: Tx, by: Actor, at_us: int) -> list[Waiting]:
    """By shop, how many disputes it has not answered for a day; the trail of the oldest's receipt is where to look."""
    names = {one.id: one for one in places.every(tx, by)}
    return [
        Waiting(
            what="unheard", n=n, where=f"/console/trail?about=receipt/{receipt}", urgent=True, place=names.get(shop),
            since_us=since_us,
        )
        for shop, n, since_us, receipt in wish_records.unheard(tx, at_us - UNHEARD_US)
    ]  # fmt: skip
