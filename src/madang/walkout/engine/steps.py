"""Steps and returns: what one plate did from the moment it left its level until it rested again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

BATCH_S = 0.2
MAD = 1.48
"""Standard deviation over median deviation of a normal."""


@dataclass(slots=True)
class Step:
    """A plate came to rest at another level. Grams; `t0` it left the old level, `t1` it rested (epoch s, gondola
    clock).

    `t` is when it came near the new level, `peak` how far off it was meanwhile. `after` is refined while the plate
    rests, until `frozen` (it moved again).
    """

    plate: int
    t0: float
    t1: float
    before: float
    after: float
    sd: float
    frozen: bool = False
    peak: float = 0.0
    t: float = 0.0

    @property
    def delta(self) -> float:
        """Change of load, grams: negative when something was taken."""
        return self.after - self.before


class Return(NamedTuple):
    """A plate moved from `t0` to `t1`, at most `peak` grams off, and came back to the level where it was."""

    plate: int
    t0: float
    t1: float
    peak: float


class Off(NamedTuple):
    """A plate is off its level `rest` since `since`: by `grams` in its last batch, of `last`, which spread so far."""

    since: float
    last: float
    rest: float
    grams: float
    spread: float
