"""Touches: a hand was among the goods and pressed on them, and nothing went or came.

A touch needs both witnesses: a reach of somebody's hand (`reaches.py`) and a movement of the plates under it that ended
at the level where it began. What shakes the whole shelf is no touch, and neither is anything near a real change.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from madang.walkout.engine.history import middle
from madang.walkout.engine.holds import Holds
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.reaches import Reached
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import Return
from madang.walkout.engine.store import Store


class Touch(NamedTuple):
    """`body` pressed on `plates` (store rows, the one pressed most first) between `t0` and `t1` with at most `peak`
    grams and took nothing. `share`: how much of the reach was over these plates."""

    body: int
    plates: tuple[int, ...]
    t0: float
    t1: float
    peak: float
    share: float


class Touches:
    """Brings reaches, movements and changes together; a reach is judged once what it did must have been seen."""

    def __init__(self, store: Store, settings: Settings, interactions: Interactions, holds: Holds) -> None:
        self.s = settings
        self._interactions = interactions
        self._holds = holds
        self._shelf = store.plate_shelf
        self._family: dict[int, set[int]] = {q: {q} for q in range(len(store.plates))}
        for f in store.facings:
            for q in f.plates:
                self._family[q].update(f.plates)
        self._returns: list[Return] = []
        self._changes: list[tuple[float, float, frozenset[int]]] = []
        self._reaches: list[Reached] = []
        self._first = math.inf  # when the first of them ended
        self._told: dict[tuple[int, int], float] = {}

    def returned(self, returns: list[Return]) -> None:
        """Plates that came back to their level."""
        self._returns += returns

    def changed(self, shift: Shift) -> None:
        """Something did go or come."""
        self._changes.append((shift.t0, shift.t1, frozenset(shift.plates)))

    def reached(self, reaches: list[Reached]) -> None:
        """Hands that have left the shelves."""
        self._reaches += reaches
        self._first = min([self._first, *[r.t1 for r in reaches]])

    def ready(self, now: float) -> list[Touch]:
        """What can be told by `now`."""
        if self._first + self.s.touch_wait_s >= now:
            return []
        due = [r for r in self._reaches if r.t1 + self.s.touch_wait_s < now]
        self._reaches = [r for r in self._reaches if r.t1 + self.s.touch_wait_s >= now]
        self._first = min([r.t1 for r in self._reaches], default=math.inf)
        found = [touch for touch in map(self._judged, due) if touch is not None]
        since = min((r.t0 for r in self._reaches), default=now) - self.s.memory_s
        self._returns = [x for x in self._returns if x.t1 > since]
        self._changes = [x for x in self._changes if x[1] > since]
        self._told = {k: t for k, t in self._told.items() if t > now - self.s.touch_again_s}
        return [touch for touch in found if self._new(touch)]

    def _new(self, touch: Touch) -> bool:
        key = (touch.body, min(self._family[touch.plates[0]]))
        known = key in self._told
        self._told[key] = touch.t1
        return not known

    def _judged(self, reach: Reached) -> Touch | None:
        s, most = self.s, max(reach.over.values())
        t0, t1 = reach.t0 - s.grasp_before_s, reach.t1 + s.grasp_before_s
        moved = [x for x in self._returns if x.t0 < t1 and x.t1 > t0]
        under = [x for x in moved if reach.over.get(x.plate, 0.0) >= 0.5 * most and self._own(x, moved)]
        if not under:
            return None
        pressed = max(under, key=lambda x: (x.peak, -x.plate))
        near = self._family[pressed.plate]
        if self._changed(near, t0, t1):
            return None
        plates = dict.fromkeys([pressed.plate, *sorted(x.plate for x in under if x.plate in near)])
        share = reach.seconds(near) / sum(reach.over.values())
        return Touch(reach.body, tuple(plates), pressed.t0, pressed.t1, pressed.peak, share)

    def _changed(self, plates: set[int], t0: float, t1: float) -> bool:
        """Did anything go or come there or beside it, or may it still be told?"""
        around = plates | {q for x in plates for q in self._interactions.beside[x]}
        s = self.s.together_s
        if self._holds.at(around):
            return True
        return any(a < t1 + s and b > t0 - s and some & around for a, b, some in self._changes) or any(
            self._interactions.gathering(q) for q in around
        )

    def _own(self, movement: Return, moved: list[Return]) -> bool:
        """Is this its own movement rather than the shaking of its shelf?"""
        shelf = self._shelf[movement.plate]
        family = self._family[movement.plate]
        others = [x.peak for x in moved if self._shelf[x.plate] == shelf and x.plate not in family]
        return not others or movement.peak > self.s.touch_ratio * middle(others)
