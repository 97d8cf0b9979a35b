"""Which of the people out of sight is it that a new track shows?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from madang.walkout.engine.settings import Settings

if TYPE_CHECKING:
    from madang.walkout.engine.bodies import Body


class Join(NamedTuple):
    """At `t` a new track was taken for `body`; it might have been one of `rivals`."""

    t: float
    body: int
    rivals: tuple[int, ...]


def score(body: Body, old: Body, at_gate: bool, s: Settings) -> float:
    """Log odds that this track continues that lost body: a walk in the gap, and the same head height."""
    gap = body.born - old.lost
    away = float(np.hypot(body.start[0] - old.where[0], body.start[1] - old.where[1]))
    if gap < -0.1 or away > 0.5 + s.walk_m_s * max(gap, 0.0):
        return -99.0
    if at_gate and (gap > 2.0 or away > 0.6):
        return -99.0
    spread = 0.12 + 0.45 * max(gap, 0.0)
    tall = body.height - old.height
    tall = 0.0 if np.isnan(tall) else tall / (s.height_sd_m if tall > 0 else 2.0 * s.height_sd_m)
    return float(-0.5 * (away / spread) ** 2 - 0.5 * min(tall**2, 10.0) - 0.1 * gap - np.log(spread / 0.12))


def best_match(options: Sequence[Sequence[tuple[float, Body]]], fresh: Sequence[float]) -> list[Body | None]:
    """Every new track with a lost body, or with none (worth `fresh`): greedy, then improved by exchanging pairs."""
    n = len(options)
    chosen: list[int | None] = [None] * n
    cells = sorted(
        ((x - fresh[i], i, k) for i, row in enumerate(options) for k, (x, _) in enumerate(row) if x > fresh[i]),
        key=lambda c: (-c[0], c[1], c[2]),
    )
    for _, i, k in cells:
        if chosen[i] is None and k not in chosen:
            chosen[i] = k

    def worth(i: int, k: int | None) -> float:
        return fresh[i] if k is None else options[i][k][0]

    for _ in range(n):
        for i in range(n):
            for j in range(i):
                a, b = chosen[i], chosen[j]
                if worth(i, b) + worth(j, a) > worth(i, a) + worth(j, b) + 1e-9:
                    chosen[i], chosen[j] = b, a
    return [None if k is None else options[i][k][1] for i, k in enumerate(chosen)]
