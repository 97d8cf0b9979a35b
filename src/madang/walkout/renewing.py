"""A new run of the engine while the shop is open and nobody is inside: how what was learned reaches it by itself.

A run keeps the store document it began with, so learned values need a new one. The moment is safe where nobody is
inside and nothing has happened for a while: the new run begins to hear the log in the middle of that while, so nothing
is heard twice and nobody who is just coming in is missed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from madang.db import Tx
from madang.kernel import Actor
from madang.kernel.clock import MINUTE_US, SECOND_US
from madang.walkout import learned, records, service
from madang.walkout.model import Frame, Health, Learned, Run, Trembled
from madang.walkout.visits import NOBODY

QUIET_US = 90 * SECOND_US
"""So long nothing has happened, and nobody was seen ..."""
HEARD_US = 45 * SECOND_US
"""... of which the new run hears the last part: longer than any message is late."""
MARK_US = 5 * SECOND_US
LOOK_EVERY_US = 10 * MINUTE_US
"""Whether there is anything new is looked at so often."""


class Quiet:
    """Since when nothing has happened, and where in the log that was."""

    def __init__(self) -> None:
        self._marks: deque[tuple[int, int]] = deque(maxlen=QUIET_US // MARK_US + 2)
        self._now_us = self._looked_us = 0

    def heard(self, frames: Iterable[Frame]) -> None:
        """What the engine said, and the shop has applied."""
        for frame in frames:
            self._now_us = frame.t_us
            if any(not isinstance(one, Health | Learned | Trembled) for one in (*frame.lasting, *frame.passing)):
                self._marks.clear()
            elif not self._marks or frame.t_us - self._marks[-1][0] >= MARK_US:
                self._marks.append((frame.t_us, frame.position))

    def start(self) -> int | None:
        """The log position from which a new run may begin, where this is a moment to look for one."""
        marks, now_us = self._marks, self._now_us
        if not marks or now_us - marks[0][0] < QUIET_US or now_us - self._looked_us < LOOK_EVERY_US:
            return None
        self._looked_us = now_us
        return [position for t_us, position in marks if t_us <= now_us - HEARD_US][-1]

    def begin(self) -> None:
        """A new run has begun: its quiet is counted anew."""
        self._marks.clear()


def empty(tx: Tx, shop: str) -> bool:
    """True where nobody is inside: a new run then takes nobody's cart away."""
    return all(visit.name == NOBODY for visit in records.open_visits(tx, shop))


def has_news(tx: Tx, shop: str) -> bool:
    """True where the shop is empty and has learned, or taken back, something that the engine does not know."""
    run = records.last_run(tx, shop)
    return run is not None and empty(tx, shop) and learned.has_news(tx, shop, msgspec.json.decode(run.store))


def renewed(tx: Tx, by: Actor, shop: str, layout: dict[str, Any], *, start: int, at_us: int) -> Run | None:
    """The run that begins at ``start`` with what was learned; None where there is nothing new after all."""
    return service.begin_run(tx, by, shop, layout, start=start, at_us=at_us) if has_news(tx, shop) else None
