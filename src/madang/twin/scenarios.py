"""Small scripts that put one difficulty in the foreground, for recordings an engine is measured on.

Each makes a plan for a shop from a seed. The categories are those of the field's hard cases (``docs/walkout.md``); the
scripts are our own.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from madang.kernel.clock import SECOND_US
from madang.twin.geometry import Geometry
from madang.twin.lists import any_product, in_turn, shopping
from madang.twin.plan import Do, Line, Plan, Visit
from madang.twin.troubles import MORE, Script

NEAR_WEIGHT_G = 6.0
"""Products that differ by less count as equally heavy."""


def plan_of(category: str, geometry: Geometry, rng: np.random.Generator, people: int, epoch_us: int) -> Plan:
    """The plan of one case of a category."""
    visits = sorted(SCRIPTS[category](geometry, rng, people), key=lambda v: v.arrive_us)
    moved = [
        Visit(
            arrive_us=epoch_us + v.arrive_us,
            credential=v.credential,
            lines=v.lines,
            size=v.size,
            children=v.children,
            role=v.role,
            pace=v.pace,
        )
        for v in visits
    ]
    return Plan(epoch_us, tuple(moved))


def _single(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    return in_turn(rng, [shopping(geometry, rng)])


def _multi(geometry: Geometry, rng: np.random.Generator, people: int) -> list[Visit]:
    return in_turn(rng, [shopping(geometry, rng) for _ in range(max(2, people))], gap_s=4.0)


def _group(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    size = int(rng.integers(2, 4))
    together = Visit(round(1.5 * SECOND_US), "c01", tuple(shopping(geometry, rng, 3, 7)), size=size)
    others = in_turn(rng, [shopping(geometry, rng)], first_s=8.0)
    return [together, *(Visit(v.arrive_us, "c02", v.lines) for v in others)]


def _put_back(geometry: Geometry, rng: np.random.Generator, people: int) -> list[Visit]:
    lists = []
    for _ in range(max(1, people - 1)):
        lines = shopping(geometry, rng, 2, 4)
        lines += [Line(any_product(geometry, rng), qty=int(rng.choice([1, 1, 2])), do=Do.RETURN) for _ in range(3)]
        lists.append([lines[int(i)] for i in rng.permutation(len(lines))])
    return in_turn(rng, lists)


def _misplaced(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    first = [*shopping(geometry, rng, 1, 2), *(Line(any_product(geometry, rng), do=Do.MISPLACE) for _ in range(2))]
    second = [*shopping(geometry, rng, 2, 3), Line("", do=Do.RETAKE), *shopping(geometry, rng, 1, 1)]
    return in_turn(rng, [first, second], gap_s=14.0)


def _equal_weight(geometry: Geometry, rng: np.random.Generator, people: int) -> list[Visit]:
    """Take one, put it back, take one that weighs the same."""
    products = sorted(geometry.facings_of)
    weigh = geometry.products
    pairs = [
        (a, b)
        for i, a in enumerate(products)
        for b in products[i + 1 :]
        if abs(weigh[a].weight_g - weigh[b].weight_g) < NEAR_WEIGHT_G
    ]
    lists = []
    for _ in range(max(1, people - 1)):
        lines: list[Line] = []
        for _ in range(3):
            a, b = pairs[int(rng.integers(len(pairs)))]
            a, b = (b, a) if rng.random() < 0.5 else (a, b)
            lines += [Line(a, do=Do.RETURN), Line(b)] if rng.random() < 0.6 else [Line(a), Line(b)]
        lists.append(lines)
    return in_turn(rng, lists)


def _rush(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    return in_turn(rng, [shopping(geometry, rng, 1, 5) for _ in range(12)], gap_s=4.0)


def _staff(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    facings = sorted(geometry.facings)
    todo = tuple(
        Line("", do=Do.RESTOCK, at=facings[int(i)])
        for i in rng.choice(len(facings), size=min(6, len(facings)), replace=False)
    )
    emptied = [Line(geometry.facings[t.at or ""].products[0], qty=3) for t in todo[:3]]
    customers = in_turn(rng, [[*emptied, *shopping(geometry, rng, 1, 2)], shopping(geometry, rng)], gap_s=5.0)
    return [*customers, Visit(round(10.0 * SECOND_US), "staff1", todo, role="staff")]


def _hands(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Long holds, slow picks, touches and quick sequences."""
    lines = []
    for _ in range(6):
        style = str(rng.choice(["hold", "slow", "", ""]))
        do = Do.TOUCH if rng.random() < 0.3 else Do.BUY
        lines.append(Line(any_product(geometry, rng), qty=int(rng.integers(1, 3)), do=do, style=style))
    return in_turn(rng, [lines], pace=float(rng.choice([0.2, 1.0])))


def _grab(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Two products that stand side by side, taken in one grab."""
    facings = sorted(geometry.facings.values(), key=lambda f: (f.gondola.index, f.shelf, f.u0))
    pairs = [
        (a.products[-1], b.products[0])
        for a, b in pairwise(facings)
        if a.gondola is b.gondola and a.shelf == b.shelf and b.u1 - a.u0 < 0.5 and a.products[-1] != b.products[0]
    ]
    lines = [Line(a, also=b) for a, b in (pairs[int(i)] for i in rng.integers(len(pairs), size=4))]
    return in_turn(rng, [[*lines, *shopping(geometry, rng, 1, 2)]])


def _given(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Things handed over or left on the floor."""
    first = [*shopping(geometry, rng, 1, 2), Line(any_product(geometry, rng), do=Do.HAND_OVER)]
    first.append(Line(any_product(geometry, rng), do=Do.DROP))
    return in_turn(rng, [first, shopping(geometry, rng, 4, 6)], gap_s=2.0)


def _door(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """A tailgater behind a customer, children with a parent, one who comes back in."""
    visits = in_turn(rng, [shopping(geometry, rng, 1, 3) for _ in range(2)], gap_s=8.0)
    tail = Visit(visits[0].arrive_us + SECOND_US, None, tuple(shopping(geometry, rng, 1, 2)))
    family = Visit(visits[1].arrive_us + 5 * SECOND_US, "c03", tuple(shopping(geometry, rng, 2, 4)), size=2, children=1)
    again = Visit(visits[0].arrive_us + 75 * SECOND_US, "c01", tuple(shopping(geometry, rng, 1, 2)))
    return [*visits, tail, family, again]


SCRIPTS: dict[str, Script] = {
    "single": _single,
    "multi": _multi,
    "group": _group,
    "put-back": _put_back,
    "misplaced": _misplaced,
    "equal-weight": _equal_weight,
    "rush": _rush,
    "staff": _staff,
    "hands": _hands,
    "given": _given,
    "door": _door,
    "grab": _grab,
    **MORE,
}
