"""Building blocks of scripts: something to buy, an ordinary shopping list, visits one after the other."""

from __future__ import annotations

import numpy as np

from madang.kernel.clock import SECOND_US
from madang.twin.geometry import Geometry
from madang.twin.plan import Do, Line, Visit


def any_product(geometry: Geometry, rng: np.random.Generator) -> str:
    products = sorted(geometry.facings_of)
    return products[int(rng.integers(len(products)))]


def shopping(geometry: Geometry, rng: np.random.Generator, low: int = 1, high: int = 6) -> list[Line]:
    """An ordinary list: some things twice, now and then a thing only looked at."""
    lines: list[Line] = []
    for _ in range(int(rng.integers(low, high + 1))):
        lines.append(Line(any_product(geometry, rng), qty=int(rng.choice([1, 1, 1, 2, 3]))))
        if rng.random() < 0.15:
            lines.append(Line(any_product(geometry, rng), do=Do.RETURN))
        if rng.random() < 0.1:
            lines.append(Line(any_product(geometry, rng), do=Do.TOUCH))
    return lines


def in_turn(
    rng: np.random.Generator, lists: list[list[Line]], *, gap_s: float = 6.0, first_s: float = 1.5, pace: float = 1.0
) -> list[Visit]:
    """One visit per list, coming in one after the other."""
    at, visits = first_s, []
    for i, lines in enumerate(lists, 1):
        visits.append(Visit(round(at * SECOND_US), f"c{i:02d}", tuple(lines), pace=pace))
        at += float(rng.uniform(0.4, 1.6)) * gap_s
    return visits
