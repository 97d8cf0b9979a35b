"""What hands do away from the shelves: giving something to somebody, or leaving it on the floor.

A hand that gives or takes is stretched out towards the other person and raised; a hand that hangs is neither, and one
that carries is raised, but near the body. How far wrists are apart, how far they are stretched out, how high they are
and how far the next shelf is weigh together against such hands being near each other by chance. What the
hands did before and after says the rest (`passing`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.bodies import NECK, Frames
from madang.walkout.engine.history import middle
from madang.walkout.engine.reach import WRISTS
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store

RAISED, RAISED_SD = 0.74, 0.06
"""Height of a hand that gives, as a share of the neck's: elbow height (.63 of a body's height; neck .845, Winter)."""
STRETCHED_M, STRETCHED_SD = 0.33, 0.06
"""How far it is from the neck towards the other: a bent forearm's length; half the way when they stand closer."""
IDLE = ((0.65, 0.61, 0.03, 0.19, 0.05), (0.25, 0.72, 0.05, 0.24, 0.06), (0.1, 0.75, 0.15, 0.25, 0.15))
"""Share, height and its spread, stretch and its spread of hands that hang (arm .332 below shoulder .818), that
carry, and that do anything else."""
GAP_SD_M = 0.06
"""Wrists that hold one thing are apart by this along each axis: noise of two wrists, and the thing's size."""
TINY_M = 1e-9
"""How high a neck is taken to be that a camera sees at no height at all."""
SHELF_SD_M = 0.04
"""How soft the edge is beyond which hands do not meet because of the shelf."""
PAUSE_S = 0.6
"""Hands that have not been near for this long have parted ..."""
FRAME_S = 0.2
"""Two frames of the slowest cameras are this far apart."""
HIDDEN_S = 2.0
"""... not counting up to so long in which no camera saw one of them: it may have stayed where it was."""


class Contact(NamedTuple):
    """From `t0` to `t1` a hand of body `a` met a hand of `b`, or (None) reached down to the floor. `odds`: log
    likelihood ratio of something being handed over against chance; `hands` (of a, of b), 0 left, 1 right."""

    t0: float
    t1: float
    a: int
    b: int | None
    hands: tuple[int, int | None]
    odds: float

    @property
    def t(self) -> float:
        """Middle of the contact."""
        return 0.5 * (self.t0 + self.t1)


class _Meeting(NamedTuple):
    t: float
    hands: tuple[int, int | None]
    gap: float
    raised: float
    stretched: float
    apart: float
    clear: float
    speed: float


_Seen = tuple[tuple[int, int | None], _Meeting]
"""Whose hands met, and how."""


@dataclass(slots=True)
class _Spell:
    """Hands that met: `hidden` is how long one of them was not seen since they were last seen together, `unseen` how
    long in all, right before the meeting too."""

    last: float
    seen: list[_Meeting] = field(default_factory=list)
    looked: float = 0.0
    hidden: float = 0.0
    unseen: float = 0.0


class Contacts:
    """Watches wrists; a contact is given out when it is over."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.s = settings
        boxes = store.plate_boxes
        self._floor = min(settings.floor_m, float(boxes[:, 2].min()) - 0.05) if len(boxes) else settings.floor_m
        hulls = [
            _hull(boxes[store.plate_gondola == g])
            for g in range(len(store.gondolas))
            if len(store.plates_of(store.gondolas[g]))
        ]
        self._boxes: list[list[float]] = [hull.tolist() for hull in hulls]
        self._spells: dict[tuple[int, int | None], _Spell] = {}

    def feed(self, frames: Frames, a: int = 0, b: int | None = None) -> list[Contact]:
        """Take frames `a` until `b` (all) of these."""
        met = frames.found.get("contacts")
        if met is None:
            met = frames.found["contacts"] = self._look(frames)
        out: list[Contact] = []
        for k in range(a, len(frames.times) if b is None else b):
            for key, meeting in met[k]:
                self._touch(frames, key, meeting)
            if self._spells:
                self._hidden(frames, k)
                out += self._over(frames.times[k])
        return out

    def _look(self, frames: Frames) -> list[list[_Seen]]:
        """Who reaches down, and whose hands are near each other, in every frame."""
        met: list[list[_Seen]] = [[] for _ in frames.times]
        if frames.bodies:
            z = frames.joints[:, :, WRISTS, 2]
            low = z < self.s.floor_m
            if np.count_nonzero(low):
                self._reach_down(frames, low, met)
            if len(frames.bodies) > 1:
                self._meet(frames, z > self.s.contact_raised * frames.full[:, :, NECK, 2:], met)
        return met

    def _reach_down(self, frames: Frames, low: NDArray[np.bool_], met: list[list[_Seen]]) -> None:
        """A hand at the floor: below every shelf, or away from them all."""
        hands = [(k, frames.order(k, n), hand, n) for k, n, hand in np.argwhere(low).tolist()]
        for k, _, hand, n in sorted(hands):
            wrist: list[float] = frames.joints[k, n, 6 + hand].tolist()
            if wrist[2] < self._floor or self._away(wrist[0], wrist[1]) > self.s.contact_clear_m:
                meeting = _Meeting(frames.times[k], (hand, None), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
                met[k].append(((frames.bodies[n].id, None), meeting))

    def _meet(self, frames: Frames, up: NDArray[np.bool_], met: list[list[_Seen]]) -> None:
        """Raised hands `up` [K, N, 2] of two people that are near each other."""
        some = np.logical_or.reduce(up.reshape(len(up), -1)).nonzero()[0]  # hands that are raised in any frame
        person = some // 2
        if not len(some) or person[0] == person[-1]:
            return
        hands = frames.joints[:, :, WRISTS]
        x = np.where(up, hands[..., 0], np.nan).reshape(len(up), -1).take(some, axis=1)
        way = x[:, :, None] - x[:, None]
        np.abs(way, out=way)
        pairs = way < self.s.contact_m
        pairs &= person[:, None] < person
        frame, i, j = pairs.nonzero()
        if not len(frame):
            return
        i, j = some.take(i), some.take(j)
        y = hands[..., 1].reshape(len(up), -1)
        near = (np.abs(y[frame, i] - y[frame, j]) < self.s.contact_m).nonzero()[0]
        if not len(near):
            return
        frame, i, j = frame[near], i[near], j[near]
        diff = frames.joints[frame, i // 2, 6 + i % 2, :3] - frames.joints[frame, j // 2, 6 + j % 2, :3]
        gap2 = np.einsum("ij,ij->i", diff, diff)
        near = (gap2 < self.s.contact_m**2).nonzero()[0]
        found = []
        for f, one, other, gap in zip(
            frame[near].tolist(), i[near].tolist(), j[near].tolist(), gap2[near].tolist(), strict=True
        ):
            a, b = (frames.order(f, one // 2), one), (frames.order(f, other // 2), other)
            found.append((f, *min(a, b), *max(a, b), gap))
        for f, _, one, _, other, gap in sorted(found):
            met[f].append(self._meeting(frames, f, divmod(one, 2), divmod(other, 2), gap))

    def _meeting(self, frames: Frames, f: int, one: tuple[int, int], other: tuple[int, int], gap2: float) -> _Seen:
        """Hands (person, hand) `one` and `other` are near each other in frame `f`."""
        (k, hand_a), (m, hand_b) = one, other
        a, b = frames.full[f, k, NECK].tolist(), frames.full[f, m, NECK].tolist()
        wa, wb = frames.joints[f, k, 6 + hand_a].tolist(), frames.joints[f, m, 6 + hand_b].tolist()
        x, y = b[0] - a[0], b[1] - a[1]
        apart = max(math.hypot(x, y), 0.1)
        out_a = ((wa[0] - a[0]) * x + (wa[1] - a[1]) * y) / apart
        out_b = ((b[0] - wb[0]) * x + (b[1] - wb[1]) * y) / apart
        meeting = _Meeting(
            t=frames.times[f],
            hands=(hand_a, hand_b),
            gap=math.sqrt(gap2),
            raised=min(wa[2] / (a[2] or TINY_M), wb[2] / (b[2] or TINY_M)),
            stretched=min(out_a, out_b),
            apart=apart,
            clear=self._away(0.5 * (wa[0] + wb[0]), 0.5 * (wa[1] + wb[1])),
            speed=max([abs(v) for v in (*frames.speed[f, k].tolist(), *frames.speed[f, m].tolist())]),
        )
        return (frames.bodies[k].id, frames.bodies[m].id), meeting

    def _away(self, x: float, y: float) -> float:
        """Distance on the floor to the nearest gondola, metres."""
        least = math.inf
        for x0, y0, x1, y1 in self._boxes:
            dx, dy = max(x0 - x, x - x1, 0.0), max(y0 - y, y - y1, 0.0)
            least = min(least, dx * dx + dy * dy)
        return math.sqrt(least)

    def _touch(self, frames: Frames, key: tuple[int, int | None], meeting: _Meeting) -> None:
        spell = self._spells.get(key)
        if spell is None:
            spell = self._spells[key] = _Spell(meeting.t)
            both = zip(key, meeting.hands, strict=True)
            spell.unseen = max(_hidden_before(frames, body, hand, meeting.t) for body, hand in both)
        spell.last = spell.looked = meeting.t
        spell.hidden = 0.0
        spell.seen.append(meeting)

    def _hidden(self, frames: Frames, k: int) -> None:
        """While one of the hands that met is not seen they may still be together."""
        t = frames.times[k]
        for key, spell in self._spells.items():
            if key[1] is not None and spell.looked < t:
                apart = t - spell.looked  # for long: no frame came, which hides nobody
                if apart <= PAUSE_S and spell.hidden < HIDDEN_S and _unseen(frames, k, key, spell.seen[-1].hands):
                    spell.hidden += apart
                    spell.unseen += apart
                spell.looked = t

    def _over(self, t: float) -> list[Contact]:
        out = []
        for key, spell in [x for x in self._spells.items() if t - x[1].last - x[1].hidden > PAUSE_S]:
            del self._spells[key]
            long = spell.last - spell.seen[0].t + spell.unseen
            if len(spell.seen) >= (2 if key[1] is None else 3) and (key[1] is None or long > self.s.contact_s):
                out.append(self._contact(key, spell))
        return out

    def _contact(self, key: tuple[int, int | None], spell: _Spell) -> Contact:
        every = [m.hands for m in spell.seen]
        hands = max(sorted(set(every), key=str), key=every.count)
        mine = [m for m in spell.seen if m.hands == hands]
        odds = 0.0 if key[1] is None else self._odds(*[middle(x) for x in zip(*[m[2:] for m in mine], strict=True)])
        return Contact(spell.seen[0].t, spell.last, key[0], key[1], hands, odds)

    def _odds(self, gap: float, raised: float, stretched: float, apart: float, clear: float, speed: float) -> float:
        """Log likelihood ratio of a hand-over against hands that came near each other by chance."""
        mean = min(STRETCHED_M, 0.5 * apart)
        gives = gauss(raised - RAISED, RAISED_SD) * gauss(stretched - mean, STRETCHED_SD)
        idle = sum(p * gauss(raised - r, rs) * gauss(stretched - e, es) for p, r, rs, e, es in IDLE)
        # wrists that hold one thing: Maxwell; by chance: evenly spread in the ball of contact_m
        near = math.sqrt(2 / math.pi) / GAP_SD_M**3 * math.exp(-0.5 * (gap / GAP_SD_M) ** 2) * self.s.contact_m**3 / 3
        edge = math.log1p(math.exp(min((self.s.contact_clear_m - clear) / SHELF_SD_M, 50.0)))
        walks = 0.5 * (speed / self.s.contact_speed_m_s) ** 2
        return math.log(gives + 1e-9) - math.log(idle + 1e-9) + math.log(near + 1e-9) - edge - walks


def _unseen(frames: Frames, k: int, key: tuple[int, int | None], hands: tuple[int, int | None]) -> bool:
    """Is one of these hands of two bodies hidden in frame `k`, or the whole body?"""
    ids = [body.id for body in frames.bodies]
    for body, hand in zip(key, hands, strict=True):
        if body is None or hand is None:
            continue
        if body not in ids:
            return True
        n = ids.index(body)
        if (frames.there is not None and not frames.there[k, n]) or math.isnan(frames.joints[k, n, 6 + hand, 0]):
            return True
    return False


def _hidden_before(frames: Frames, body: int | None, hand: int | None, t: float) -> float:
    """How long before `t` this hand of a body had not been seen, beside the time from frame to frame."""
    trail = next((b.trail for b in frames.bodies if b.id == body), None)
    if trail is None or hand is None:
        return 0.0
    rows = trail.span(t - HIDDEN_S, t)
    wrists = trail.joints[rows][:, 6 + hand, 0].tolist()
    seen = [at for at, x in zip(trail.listed(rows), wrists, strict=True) if x == x]
    return max(0.0, t - max(seen, default=t - HIDDEN_S) - FRAME_S)


def _hull(boxes: Floats) -> Floats:
    hull: Floats = np.r_[boxes[:, :2].min(axis=0), boxes[:, 3:5].max(axis=0)]
    return hull


def gauss(x: float, sd: float) -> float:
    """Density of a centred normal."""
    return math.exp(-0.5 * (x / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
