"""What goes wrong on an ordinary day, at the shop file's rates: tailgaters, children, hand-overs, crossing arms,
facings stocked the wrong way round. Drawn apart from the crowd, so that a shop without it meets the same shoppers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from madang.kernel.clock import SECOND_US
from madang.rehearsal.model import Good, Layout, ShopPlan, Troubles
from madang.twin import Do, Line, Visit
from madang.twin.geometry import Facing, Geometry
from madang.twin.random import keyed
from madang.twin.record import swapped

Wishes = dict[str, dict[str, int]]

BEHIND_S = (0.8, 1.8)  # how closely a tailgater follows
WITHIN_S = 45.0  # two who come in within so long may meet before a shelf
MEET_S = 25.0  # ... so long after the later one came in
REACH_M = (0.2, 0.9)  # how far apart what they take from before each other may stand


def mixed_in(
    shop: ShopPlan, visits: Sequence[Visit], wishes: Wishes, seed: int, number: int, epoch_us: int
) -> list[Visit]:
    """The day's visits with its troubles; ``wishes`` gets what is bought on top. The same for every layout: where two
    who meet will stand is told by products (``placed`` finds their facings)."""
    rates, out = shop.troubles, list(visits)
    for i, visit in enumerate(visits):
        if visit.role != "customer" or visit.credential is None:
            continue
        rng = keyed(seed, "troubles", number, i)
        family, handing, tail = (float(rng.random()) for _ in range(3))
        if visit.size > 1 and family < rates.children:
            out[i] = replace(out[i], children=1)
        if handing < rates.hand_overs:
            given = Line(_any(shop.goods, rng), do=Do.HAND_OVER)
            out[i] = replace(out[i], lines=(*out[i].lines, given))
        if tail < rates.tailgaters:
            behind_us = round(float(rng.uniform(*BEHIND_S)) * SECOND_US)
            out.append(Visit(visit.arrive_us + behind_us, None, (Line(_any(shop.goods, rng)),)))
    for i, j, pair in _crossings(rates, shop.goods, out, keyed(seed, "crossing", number)):
        for k, mine, other in ((i, pair[0], pair[1]), (j, pair[1], pair[0])):
            meet_s = (out[j].arrive_us - epoch_us) / SECOND_US + MEET_S
            out[k] = replace(out[k], lines=(Line(mine, stand=other, meet_s=meet_s), *out[k].lines))
            wanted = wishes[out[k].credential or ""]
            wanted[mine] = wanted.get(mine, 0) + 1
    return out


def _crossings(
    rates: Troubles, goods: Sequence[Good], visits: Sequence[Visit], rng: np.random.Generator
) -> Iterator[tuple[int, int, tuple[str, str]]]:
    """Two who come in soon after each other and each want one of two alike products, at the same moment."""
    due = [i for i, v in enumerate(visits) if v.role == "customer" and v.credential and v.size == 1]
    busy: set[int] = set()
    for i, j in pairwise(due):
        chance, draw = float(rng.random()), int(rng.integers(1 << 30))
        near = visits[j].arrive_us - visits[i].arrive_us < WITHIN_S * SECOND_US
        if chance >= rates.crossing or not near or {i, j} & busy:
            continue
        one = goods[draw % len(goods)]
        alike = [g.id for g in goods if g.type.kind == one.type.kind and g.id != one.id]
        if alike:
            busy |= {i, j}
            yield i, j, (one.id, alike[draw % len(alike)])


def placed(visits: Sequence[Visit], geometry: Geometry) -> tuple[Visit, ...]:
    """Meetings in this layout: each stands before what the other wants and takes across, where the two stand on one
    shelf within an arm's length; elsewhere they are bought like anything else."""
    return tuple(replace(v, lines=tuple(_placed(line, geometry) for line in v.lines)) for v in visits)


def _placed(line: Line, geometry: Geometry) -> Line:
    if line.stand is None:
        return line
    pair = _side_by_side(geometry, line.product, line.stand)
    if pair is None:
        return replace(line, stand=None, meet_s=0.0)
    mine, other = pair
    return replace(line, at=mine.id, stand=other.id)


def _side_by_side(geometry: Geometry, product: str, other: str) -> tuple[Facing, Facing] | None:
    found = [
        (abs((a.u0 + a.u1) - (b.u0 + b.u1)) / 2, a.id, b.id)
        for a in geometry.facings.values()
        for b in geometry.facings.values()
        if product in a.products and other in b.products and a.gondola is b.gondola and a.shelf == b.shelf
    ]
    near = [one for one in found if REACH_M[0] <= one[0] <= REACH_M[1]]
    if not near:
        return None
    _, a, b = min(near)
    return geometry.facings[a], geometry.facings[b]


def stocked(layout: Layout, rates: Troubles, seed: int, number: int) -> tuple[Layout, list[list[str]]]:
    """The layout as it really is on a day: some pairs of facings of one gondola hold each other's goods."""
    rng = keyed(seed, "stocked", number)
    pairs: list[list[str]] = []
    for _ in range(int(rng.binomial(len(layout["planogram"]) // 2, rates.wrong_planogram))):
        layout, one = swapped(layout, rng)
        pairs += one
    return layout, pairs


def _any(goods: Sequence[Good], rng: np.random.Generator) -> str:
    return goods[int(rng.integers(len(goods)))].id
