"""Pace: one hand does not take twice in a moment. It draws back with what it took before it reaches out again."""

from __future__ import annotations

import math

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import Choice, State

GRAB_S = 0.3
"""What goes within so short a time may go in one grab."""
LATEST = 3.0
"""So many spreads after the middle nearly every hand is ready again."""


def soonest_s(s: Settings) -> float:
    """Nearly no hand takes again sooner than this, seconds."""
    return s.again_s * math.exp(-LATEST * s.again_sd)


class Pace:
    """What it speaks against somebody that he took something just before `t`, in one hypothesis after the other."""

    def __init__(self, t: float, s: Settings) -> None:
        self.t, self.s = t, s
        self._since = t - s.again_s * math.exp(LATEST * s.again_sd)

    def costs(self, state: State) -> dict[int, float]:
        """Nats by body; most have none."""
        out: dict[int, float] = {}
        for choice in reversed(state.story):
            if choice.t < self._since:
                break
            for a in choice.atoms:
                if a.body is not None and a.kind == "pick" and a.body not in out:
                    out[a.body] = self._cost(choice)
        return out

    def _cost(self, before: Choice) -> float:
        """Against taking again so soon after this."""
        since, s = abs(self.t - before.t), self.s
        if since < GRAB_S:
            return 0.0
        drawn = 0.5 * math.erfc(-math.log(since / s.again_s) / s.again_sd / math.sqrt(2.0))
        return -math.log(s.again_share + (1.0 - s.again_share) * drawn)
