"""Holds: changes that no product explains while a hand is still in the shelf (long hold, slow pick, rummaging).

They wait, and are measured again as a whole, from the level before the hand came to the level it leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from madang.walkout.engine.history import middle
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import Return
from madang.walkout.engine.store import Store

MEMORY_S = 20.0
"""How long given changes are kept: a hand's whole stay in a shelf."""
LEVEL_S = 2.0
"""A level before a moment is the middle of so long a time (`Plates.level_before`)."""
TREMOR = 0.5
"""A change of less than this share of what moved before does not say when it happened: a hand leans, a plate rings."""
RESTED = 2
"""So many batches since the change before tell a level of their own."""


@dataclass(slots=True)
class Hold:
    """A waiting change: `before` are the loads of the facing's plates before the hand came, grams; `settled` is what
    came, as it was measured when it would have been told if the hand had left. It happened at `t`, when `most` grams of
    it moved."""

    first: Shift
    before: dict[int, float]
    t: float
    t1: float
    whole: Shift | None
    settled: Shift | None = None
    most: float = 0.0


class Holds:
    """What waits."""

    def __init__(self, store: Store, settings: Settings, plates: Plates, interactions: Interactions) -> None:
        self.s = settings
        self._plates = plates
        self._interactions = interactions
        self._holds: list[Hold] = []
        self.returns: list[Return] = []
        self._given: list[Shift] = []
        self._family: dict[int, set[int]] = {}
        for f in store.facings:
            for q in f.plates:
                self._family.setdefault(q, set()).update(f.plates)

    @property
    def waiting(self) -> bool:
        """Does anything wait?"""
        return bool(self._holds)

    def unsettled(self) -> list[tuple[int, float]]:
        """Plates that wait, and since when they moved."""
        return [(q, hold.first.t0) for hold in self._holds for q in hold.first.plates]

    def at(self, plates: set[int]) -> bool:
        """Does a change on one of these plates wait?"""
        return any(q in plates for hold in self._holds for q in hold.before)

    def sift(
        self,
        fresh: list[Shift],
        t: float,
        explained: Callable[[Shift], bool],
        hand_in: Callable[[Shift], bool],
        hands: Callable[[Shift], Collection[int]] = lambda _: (),
    ) -> list[Shift]:
        """Shifts that may be interpreted now: new ones that need not wait, and waiting ones whose time has come.
        `hands`: whose hand may have done it."""
        out: list[Shift] = []
        self._given = [x for x in self._given if x.t1 > t - MEMORY_S]
        for shift in fresh:
            hold = self._of(shift)
            if hold is not None and self._apart(hold, shift, explained, hands):
                self._holds.remove(hold)
                self._give(hold.settled or hold.whole or hold.first, out)
                hold = None
            if hold is not None:
                if abs(shift.total) > TREMOR * hold.most:
                    hold.t, hold.most = shift.t, abs(shift.total)
                hold.t1, hold.whole, hold.settled = shift.t1, None, None
                hold.before |= self._levels(shift)
            elif not hand_in(shift):
                self._give(shift, out)
            else:
                before = self._levels(shift)
                before |= {p.plate: p.before for p in shift.parts if p.before and p.plate in before}
                self._holds.append(Hold(shift, before, shift.t, shift.t1, shift, None, abs(shift.total)))
        for hold in list(self._holds):
            if any(self._interactions.gathering(q) for q in hold.before):
                continue  # their next change will come here, and must not be measured with this one as well
            wait = self.s.hold_wait_s if hold.settled is None else self.s.hold_s
            if any(self._plates.now(q)[2] for q in hold.before) and t < hold.t1 + wait:
                continue
            whole = hold.whole = self._whole(hold)
            if whole is None:
                if t > hold.t1 + self.s.hold_s or not hand_in(hold.first):
                    self._holds.remove(hold)
                    first = hold.first
                    self.returns.append(Return(first.main, first.t0, hold.t1, float(np.abs(first.deltas).max())))
            elif self._over(hold, whole, t, explained, hands) or not hand_in(whole):
                self._holds.remove(hold)
                self._give(hold.settled or whole, out)
        return out

    def _of(self, shift: Shift) -> Hold | None:
        """What waits where most of this change was."""
        sizes = dict(zip(shift.plates, [abs(d) for d in shift.deltas.tolist()], strict=True))
        near = [(sum([sizes.get(q, 0.0) for q in hold.before]), -k) for k, hold in enumerate(self._holds)]
        most, k = max(near, default=(0.0, 0))
        return self._holds[-k] if most > 0.0 else None

    def _levels(self, shift: Shift) -> dict[int, float]:
        """What the plates of the shift's facings weighed before it. A plate belongs to one hold only: else what two
        holds see of it would be told twice, or hide what another hand did."""
        taken = {q for hold in self._holds for q in hold.before}
        return {q: self._known(q, shift) for q in sorted(self._around(shift) - taken)}

    def _known(self, plate: int, shift: Shift) -> float:
        """The plate's load before the shift: of one that moved for longer than is kept, the level that it left."""
        level = self._before(plate, shift.t0)
        if level == level:
            return level
        left = [p.before for p in shift.parts if p.plate == plate and p.before]
        return left[0] if left else self._plates.now(plate)[0]

    def _give(self, shift: Shift, out: list[Shift]) -> None:
        out.append(shift)
        self._given.append(shift)

    def _before(self, plate: int, t0: float) -> float:
        """The plate's load before `t0` and after what was given out of later changes: nothing counts twice."""
        mine = [(x, float(x.deltas[x.plates.index(plate)])) for x in self._given if plate in x.plates]
        later = sum([delta for x, delta in mine if x.t > t0])
        last = max([(x.t1, x.t0, delta) for x, delta in mine if x.t <= t0], default=None)
        if last is None or last[0] <= t0 - LEVEL_S:
            return self._plates.level_before(plate, t0) + later
        rested = self._plates.course(plate, last[0], t0)[1].tolist()
        if len(rested) < RESTED:  # moved until a moment ago: from the level before that, by what was told of it
            return self._plates.level_before(plate, last[1]) + last[2] + later
        return middle(rested) + later

    def _apart(
        self,
        hold: Hold,
        shift: Shift,
        explained: Callable[[Shift], bool],
        hands: Callable[[Shift], Collection[int]],
    ) -> bool:
        """Is the new change a movement of its own, rather than the rest or the reversal of the waiting one? What one
        hand may have taken and another put there is neither."""
        whole = hold.whole
        if whole is None:
            return False
        paused = shift.t0 > hold.t1 + self.s.quiet_hold_s or (
            shift.t > hold.t1 + self.s.quiet_hold_s and explained(whole)
        )
        if not paused and not (explained(whole) and explained(shift)):
            return False
        if whole.total > 0 and len({*hands(whole), *hands(shift)}) < 2 and _leant(whole, shift, explained):
            return False
        if _left(whole, shift) > 0.2 * min(abs(whole.total), abs(shift.total)):
            return True
        return len({*hands(whole), *hands(shift)}) > 1

    def _over(
        self,
        hold: Hold,
        whole: Shift,
        t: float,
        explained: Callable[[Shift], bool],
        hands: Callable[[Shift], Collection[int]],
    ) -> bool:
        """Has it waited long enough, hand or no hand? For less long when the whole is explained; but what came while
        one hand stays may be the hand that leans on the plates."""
        quiet, most = hold.t1 + self.s.quiet_hold_s, hold.t1 + self.s.hold_s
        if t > max(quiet, most):
            return True
        if t <= min(quiet, most) or explained(whole) != (quiet < most):
            return False
        if whole.total <= 0 or len({*hands(whole)}) > 1:
            return True
        hold.settled = hold.settled or whole
        return False

    def _around(self, shift: Shift) -> set[int]:
        return set(shift.plates).union(*(self._family.get(q, set()) for q in shift.plates))

    def _whole(self, hold: Hold) -> Shift | None:
        """The change since before the hand came; None when there is none left."""
        now = [(q, b, *self._plates.now(q)) for q, b in hold.before.items()]
        deltas = {q: rest - b for q, b, rest, _, _ in now if rest - b == rest - b}
        total = sum(deltas.values())
        spill = self.s.crosstalk_sd * max([abs(d) for d in deltas.values()], default=0.0)
        rough = sum([sd**2 for q, _, _, sd, _ in now if q in deltas])
        noise = math.sqrt(rough + self.s.hold_sd_g**2 + spill**2)
        if abs(total) < max(2.0 * noise, 2 * self.s.step_g):
            return None
        kept = {q: d for q, d in sorted(deltas.items()) if d * total > 0 and abs(d) > 0.03 * abs(total)}
        f = hold.first
        return Shift(f.id, tuple(kept), np.array(list(kept.values())), noise, f.t0, hold.t, hold.t1, f.parts)


def _leant(whole: Shift, shift: Shift, explained: Callable[[Shift], bool]) -> bool:
    """Did the plates only carry the weight of a hand, which let go of them with what it took or put there in the end?
    Then goods explain both changes together."""
    if whole.main not in shift.plates:
        return False
    loads: dict[int, float] = dict(zip(whole.plates, whole.deltas.tolist(), strict=True))
    for q, d in zip(shift.plates, shift.deltas.tolist(), strict=True):
        loads[q] = loads.get(q, 0.0) + d
    return explained(replace(shift, plates=tuple(loads), deltas=np.array(list(loads.values()))))


def _left(one: Shift, other: Shift) -> float:
    """What both changes together leave on their plates, grams: nothing where the second takes the first back. What
    went from one plate and came to another was moved, or two hands did it."""
    loads: dict[int, float] = dict(zip(one.plates, one.deltas.tolist(), strict=True))
    for q, d in zip(other.plates, other.deltas.tolist(), strict=True):
        loads[q] = loads.get(q, 0.0) + d
    return max(abs(sum(loads.values())), 0.5 * sum(abs(d) for d in loads.values()))
