"""How long the raw sensor log is needed, and the record of its end.

Skeletons and weights are kept to answer reviews and disputes, and no longer. A visit that a person must still decide on
needs its part however long that takes; a settled receipt for the retention, counted from when it was settled.
"""

from __future__ import annotations

from madang import deals, journal
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.walkout import facts, process
from madang.walkout.sensorlog import Doomed

UNDECIDED = tuple(state for state in process.WALKOUT.states if state not in (*process.PAID, "closed"))
"""Somebody, or the engine, has yet to decide on the visit."""
WHY = "retention"


def needed(tx: Tx, by: Actor, shop: str, settled_after_us: int) -> list[int]:
    """When the oldest visits began whose part of the log is needed: at most one undecided, one settled since then."""
    waiting = deals.oldest(tx, by, process=process.NAME, shop=shop, states=UNDECIDED)
    settled = deals.oldest(
        tx, by, process=process.NAME, shop=shop, states=process.PAID, entered_after_us=settled_after_us
    )
    return [opened for opened in (waiting, settled) if opened is not None]


def log_destroyed(tx: Tx, by: Actor, shop: str, doomed: Doomed) -> None:
    """Keep that a part of the log was destroyed; the same again is kept once."""
    body = facts.LogDestroyed(
        first=doomed.first,
        end=doomed.end,
        segments=doomed.segments,
        bytes=doomed.bytes,
        from_us=doomed.from_us,
        to_us=doomed.to_us,
        why=WHY,
    )
    id = derived("walkout.log_destroyed", tx.neighbourhood, shop, doomed.first, doomed.end, doomed.from_us)
    journal.append(tx, by, body, id=id, at_us=doomed.decided_us, subject=shop, shop=shop)
