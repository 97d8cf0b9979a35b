"""How far each gondola's clock is from the cameras', learned from grasps when it is clear whose hand it was."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from madang.walkout.engine.reach import SHIFTS_S, Grasp
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store

CLEAR_NATS = 3.0
"""A hand that costs less than this was at the goods ..."""
ALONE_NATS = 9.0
"""... and it was surely this one when everybody else costs more than this."""
MOST_NATS = 4.0
"""One grasp never weighs more than this against a difference: a joint may be wrong."""


class Clock(NamedTuple):
    """A gondola's clock is ahead of the cameras' by `offset_s`, known to `sd_s`, from so many clear grasps."""

    gondola: str
    offset_s: float
    sd_s: float
    grasps: int


class Clocks:
    """One belief per gondola over the differences `SHIFTS_S`, as costs in nats."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.s = settings
        self._gondolas = store.gondolas
        prior = np.asarray(0.5 * (SHIFTS_S / settings.clock_sd_s) ** 2, np.float64)
        self._costs: list[Floats] = [prior for _ in store.gondolas]
        self._grasps = [0] * len(store.gondolas)

    def cost(self, gondola: int) -> Floats:
        """What each difference costs at this gondola [SHIFTS_S]."""
        return self._costs[gondola]

    def estimates(self) -> tuple[Clock, ...]:
        """What is believed of every gondola's clock now."""
        out = []
        for g, name in enumerate(self._gondolas):
            weight = np.exp(-self._costs[g])
            weight /= weight.sum()
            mean = float(weight @ SHIFTS_S)
            sd = float(np.sqrt(weight @ (SHIFTS_S - mean) ** 2))
            out.append(Clock(name, round(-mean, 4), round(sd, 4), self._grasps[g]))
        return tuple(out)

    def learn(self, gondola: int, grasp: Grasp) -> None:
        """Sharpen the belief when it is clear whose hand it was."""
        reached = [grasp.reach(b, grasp.plates) for b in grasp.bodies[:2]]
        if not reached or reached[0] <= -CLEAR_NATS or (len(reached) > 1 and reached[1] >= -ALONE_NATS):
            return
        curve = grasp.curves[grasp.bodies[0]]
        cost = self._costs[gondola] + np.minimum(curve - min(curve.tolist()), MOST_NATS) * self.s.clock_gain
        self._costs[gondola] = cost - min(cost.tolist())
        self._grasps[gondola] += 1
