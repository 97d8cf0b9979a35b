"""Doubt: what speaks against a receipt though no hypothesis stands for it.

Every kind of evidence is counted per body while it happens. A receipt's confidence is the probability of its
hypothesis times the chance that none of this matters: exp(-sum of count times price). The prices are in
`Settings.doubts`; docs/walkout.md says where they come from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

Kind = Literal["unexplained", "misfit", "noisy", "met", "strange", "missed", "rival", "rejoined", "unbound", "units"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Doubts:
    """What was noted about each body."""

    def __init__(self) -> None:
        self._of: dict[int, dict[Kind, float]] = {}

    def note(self, body: int, kind: Kind, amount: float) -> None:
        """Count `amount` (1: a clear case) of this kind."""
        if amount > 0.0:
            mine = self._of.setdefault(body, {})
            mine[kind] = mine.get(kind, 0.0) + amount

    def of(self, bodies: Iterable[int]) -> dict[Kind, float]:
        """What was noted about these bodies together."""
        out: dict[Kind, float] = {}
        for b in bodies:
            for kind, amount in self._of.get(b, {}).items():
                out[kind] = out.get(kind, 0.0) + amount
        return out

    def exchange(self, a: int, b: int) -> None:
        """The two were mistaken for each other: what is held against one is held against both."""
        both = self.of([a, b])
        self._of[a], self._of[b] = both, dict(both)

    def forget(self, bodies: Iterable[int]) -> None:
        """They have left."""
        for b in bodies:
            self._of.pop(b, None)


def trust(counts: Mapping[Kind, float], prices: Mapping[str, float], base: float) -> float:
    """Probability that nothing was overlooked."""
    return math.exp(-base - math.fsum([counts[k] * prices[k] for k in KINDS if k in counts and k in prices]))
