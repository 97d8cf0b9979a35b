"""Glimpses: what somebody seems to have taken, said while the plate still swings, for their eyes only.

A settled move waits for plates at rest, for neighbours and for the hand to leave; a glimpse needs one batch that
stands still where goods of the place would leave it, and a hand likelier than any of another visit. It is a guess that
opens a page: it is in no cart, no receipt and no confidence, nothing else in the engine reads it, and without
`Engine.glimpse` nobody looks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from madang.walkout.engine.clocks import Clocks
from madang.walkout.engine.goods import Goods
from madang.walkout.engine.people import People
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.reach import Grasp
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import BATCH_S, Off
from madang.walkout.engine.store import Store
from madang.walkout.engine.types import Glimpse
from madang.walkout.engine.visits import Visits

FIT_G, FIT_SHARE = 4.0, 0.08
"""A batch is where goods would leave their plates when it is this near: so many grams, and this share of them."""
SHAKEN = 3.0
"""... and its samples spread over no more than so many times that."""
APART = 2.0
"""Another product of the place must fit so many times worse, else nothing is said."""
MOST = 3
"""More at once than this is waited for."""
ALONE_NATS = 1.0
"""Everybody else's hand is so much less likely to have been there, else nothing is said: 3 to 1. A page that opened for
the wrong one of two closes a second later; one that opens late is of no use to anybody."""
UNSEEN_S = 0.35
"""Of somebody not seen for this long before it nothing speaks against it but the way."""
KEPT_S = 12.0
"""No glimpse of a plate that moves on stands for longer ..."""
SETTLED_S = 4.0
"""... and none for longer than this after its plates have come to rest: by then the move is told, or there was none."""


@dataclass(slots=True)
class _Told:
    """A glimpse that stands, and the levels `before` of its facing's plates."""

    said: Glimpse
    before: dict[int, float]


class Glimpses:
    """Looks once a tick, and only at plates that move."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        plates: Plates,
        people: People,
        visits: Visits,
        goods: Goods,
        clocks: Clocks,
    ) -> None:
        self.store, self.s = store, settings
        self._plates, self._people, self._visits, self._goods, self._clocks = plates, people, visits, goods, clocks
        self._told: dict[int, _Told] = {}
        self._asked: dict[int, tuple[str, float, float]] = {}
        self._rested: list[tuple[float, Glimpse]] = []
        self._count = 0

    def look(self, now: float) -> list[Glimpse]:
        """What seems to have been taken since the last tick, and which of what was said was nothing."""
        if self._plates.at_rest and not self._told and not self._rested:
            return []
        off = self._plates.off()
        out = self._over(off, now)
        for facing in self._goods.facings_of(tuple(off)):
            said = self._glimpse(facing, off, now)
            if said is not None:
                out.append(said)
        return out

    def _over(self, off: dict[int, Off], now: float) -> list[Glimpse]:
        """Those whose plates are back where they were, or that have stood for long: taken back. What came true has been
        told as a move by then, and nobody minds."""
        out: list[Glimpse] = []
        for facing, told in [*self._told.items()]:
            if any(q in off for q in self.store.facings[facing].plates):
                if now - told.said.t > KEPT_S:
                    out.append(self._told.pop(facing).said)
                continue
            del self._told[facing]
            left = sum([self._plates.now(q)[0] - before for q, before in told.before.items()])
            if left > -0.5 * self._goods.weight[told.said.product]:
                out.append(told.said)
            else:
                self._rested.append((now, told.said))
        while self._rested and self._rested[0][0] < now - SETTLED_S:
            out.append(self._rested.pop(0)[1])
        return [said._replace(t=now, over=True) for said in out]

    def _glimpse(self, facing: int, off: dict[int, Off], now: float) -> Glimpse | None:
        mine = {q: off[q] for q in self.store.facings[facing].plates if q in off}
        product, told = self._taken(facing, mine), self._told.get(facing)
        if product is None or (told is not None and told.said.product == product):
            return None
        since = min([x.since for x in mine.values()])
        t = max([x.last for x in mine.values()]) - 0.5 * BATCH_S
        if self._asked.get(facing) == (product, since, t):
            return None
        self._asked[facing] = (product, since, t)
        visit = self._whose(mine, t, since)
        if visit is None or (told is not None and told.said.visit != visit):
            return None
        if told is None:
            self._count += 1
        id = f"g{self._count}" if told is None else told.said.id
        said = Glimpse(now, id, visit, product, self.store.facings[facing].id)
        before = {q: x.rest for q, x in mine.items()}
        self._told[facing] = _Told(said, before if told is None else before | told.before)
        return said

    def _taken(self, facing: int, mine: dict[int, Off]) -> str | None:
        """The one product of the facing whose units would leave its plates as they are."""
        gone = -sum([x.grams for x in mine.values()])
        found: list[tuple[float, int, str]] = []
        for f, product in self._goods.kinds_of(tuple(mine)):
            w, u = self._goods.weight[product], self._goods.spread[product]
            if w > 0.0:
                n = min(max(1, round(gone / w)), MOST)
                found.append((abs(gone - n * w) / math.hypot(_near(w), 2.0 * u * math.sqrt(n)), f, product))
        if not found:
            return None
        found.sort()
        (fit, f, product), *others = found
        shaken = sum([x.spread for x in mine.values()])
        if f != facing or fit > 1.0 or shaken > SHAKEN * _near(self._goods.weight[product]):
            return None
        return None if others and others[0][0] < APART * max(fit, 0.5) else product

    def _whose(self, mine: dict[int, Off], t: float, since: float) -> str | None:
        """The customers' visit whose hand was there at `t`; None where another's is about as likely."""
        plates = tuple(mine)
        clock = self._clocks.cost(int(self.store.plate_gondola[plates[0]]))
        deltas = np.array([x.grams for x in mine.values()])
        here = [b for b in self._people.bodies.values() if not b.gone]
        grasp = Grasp(self.store, self.s, here, (plates, deltas, t, since), clock)
        found: list[tuple[float, bool, str | None]] = []
        for id in grasp.bodies:
            unseen = self._people.bodies[id].lost < t - UNSEEN_S
            chance = grasp.reach(id, plates) + (self.s.hidden_nats if unseen else 0.0)
            found.append((chance, unseen, self._visits.of.get(id)))
        chance, unseen, name = max(found, key=lambda x: x[0], default=(-math.inf, True, None))
        if name is None or unseen or chance < -self.s.hand_in_nats:
            return None
        if any(other > chance - ALONE_NATS for other, _, visit in found if visit != name):
            return None
        return name if self._visits.visits[name].role == "customer" else None


def _near(weight: float) -> float:
    """How near a batch must be to where goods of this weight would leave their plates, grams."""
    return FIT_G + FIT_SHARE * weight
