"""What an edge classifier saw in hands, as log odds that temper its over-confidence."""

from __future__ import annotations

import math

import numpy as np

from madang.walkout.engine.bodies import Body, track_at
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.types import Vision


class Sight:
    """Keeps the last observations."""

    def __init__(self, settings: Settings) -> None:
        self.s = settings
        self._kept: list[Vision] = []

    def add(self, seen: Vision) -> None:
        """Take one observation."""
        self._kept.append(seen)

    def look(self, body: Body, t: float, took: bool) -> Vision | None:
        """What was seen of this body's hands nearest to `t`, when it took something, or put something down. What they
        held before is not what they took then, and what they hold afterwards is not what they put down."""
        s = self.s
        best: Vision | None = None
        t0, t1 = (t - s.grasp_before_s, t + s.sight_s) if took else (t - s.sight_s, t + s.grasp_before_s)
        for v in self._kept:
            if not t0 <= v.t <= t1 or (v.track is not None and v.track != track_at(body, v.t)):
                continue
            if best is None or abs(v.t - t) < abs(best.t - t):
                best = v
        return best

    def log_odds(self, look: Vision | None, product: str) -> float:
        """How much likelier the hand in this look held `product` than an arbitrary product; 0 when nothing was
        seen."""
        if look is None:
            return 0.0
        shown = dict(look.top5)
        p = shown.get(product, 0.0)
        if p == 0.0 and shown.get("empty", 0.0) > 0.5:
            return 0.0
        floor = self.s.sight_floor
        return float(self.s.sight_trust * np.log((p + floor) / (0.02 + floor)))

    def in_hand(self, body: Body, product: str, t0: float, t1: float) -> float:
        """How much likelier the body's hands held `product` than nothing, between these times; 0 when none was
        seen."""
        looks = [v for v in self._kept if t0 <= v.t <= t1 and (v.track is None or v.track == track_at(body, v.t))]
        if not looks:
            return 0.0
        shown = [dict(v.top5) for v in looks]
        held, empty = (max([x.get(name, 0.0) for x in shown]) for name in (product, "empty"))
        floor = self.s.sight_floor
        return self.s.sight_trust * math.log((held + floor) / (empty + floor))

    def forget(self, before: float) -> None:
        """Drop what is older than this."""
        self._kept = [v for v in self._kept if v.t >= before]
