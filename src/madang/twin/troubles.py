"""Scripts and sensors that put one hard case of ``docs/walkout.md`` in the foreground, beside those of ``scenarios``.

A script says what people do; ``SENSORS`` says which faults a category adds to the sensors' level (the worse of the two
counts). Sizes are our choice: each trouble is common in its case, as no shop would have it all day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from madang.kernel.clock import SECOND_US
from madang.twin.geometry import Facing, Geometry
from madang.twin.lists import any_product, in_turn, shopping
from madang.twin.plan import Do, Line, Visit
from madang.twin.settings import Settings

Script = Callable[[Geometry, np.random.Generator, int], list[Visit]]
"""Visits of a case; ``arrive_us`` counts from the case's start. The last argument is the wished number of people."""

FIRST_MEETING_S, MEETING_S = 20.0, 15.0  # when two are before their shelf, and how long until the next time
LIGHT_G = 400.0  # what people take several of at once


def _facings(geometry: Geometry) -> list[Facing]:
    return sorted(geometry.facings.values(), key=lambda f: (f.gondola.index, f.shelf, f.u0))


def _apart_m(a: Facing, b: Facing) -> float:
    return abs((a.u0 + a.u1) - (b.u0 + b.u1)) / 2


def _pairs(geometry: Geometry, low_m: float, high_m: float) -> list[tuple[Facing, Facing]]:
    """Facings of one shelf whose middles are between these apart, left one first."""
    rows = _facings(geometry)
    return [
        (a, b)
        for i, a in enumerate(rows)
        for b in rows[i + 1 :]
        if a.gondola is b.gondola and a.shelf == b.shelf and low_m <= _apart_m(a, b) <= high_m
    ]


def _picked(pairs: list[tuple[Facing, Facing]], rng: np.random.Generator, n: int) -> list[tuple[Facing, Facing]]:
    return [pairs[int(i)] for i in rng.integers(len(pairs), size=n)] if pairs else []


def _two(rng: np.random.Generator, geometry: Geometry, one: list[Line], other: list[Line]) -> list[Visit]:
    """Two who meet at the shelves, and go on shopping afterwards."""
    return in_turn(rng, [[*one, *shopping(geometry, rng, 1, 2)], [*other, *shopping(geometry, rng, 1, 2)]], gap_s=2.0)


def _crossing_arms(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Two stand side by side and each takes what stands before the other, at the same moment."""
    one: list[Line] = []
    other: list[Line] = []
    for k, (a, b) in enumerate(_picked(_pairs(geometry, 0.45, 0.75) or _pairs(geometry, 0.2, 1.2), rng, 3)):
        at = FIRST_MEETING_S + k * MEETING_S
        one.append(Line(b.products[0], at=b.id, stand=a.id, meet_s=at))
        other.append(Line(a.products[0], at=a.id, stand=b.id, meet_s=at))
    return _two(rng, geometry, one, other)


def _simultaneous(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Two take from the same facing, or from two side by side, at the same moment."""
    one: list[Line] = []
    other: list[Line] = []
    rows = _facings(geometry)
    beside = _pairs(geometry, 0.05, 0.4)
    for k in range(4):
        at = FIRST_MEETING_S + k * MEETING_S
        same = rows[int(rng.integers(len(rows)))]
        a, b = (same, same) if k % 2 == 0 or not beside else _picked(beside, rng, 1)[0]
        one.append(Line(a.products[0], at=a.id, meet_s=at))
        other.append(Line(b.products[-1], at=b.id, meet_s=at))
    return _two(rng, geometry, one, other)


def _plain(geometry: Geometry, rng: np.random.Generator, people: int) -> list[Visit]:
    """Ordinary shopping of two: the trouble is in the sensors or the shelves."""
    return in_turn(rng, [shopping(geometry, rng, 3, 6) for _ in range(max(2, people - 1))])


def _together(geometry: Geometry, rng: np.random.Generator, people: int) -> list[Visit]:
    """Strangers before the same few shelves at the same time."""
    home = _facings(geometry)[int(rng.integers(len(geometry.facings)))]
    near = [f for f in _facings(geometry) if f.gondola is home.gondola and _apart_m(f, home) < 0.9]
    lists = []
    for _ in range(max(2, people)):
        lists.append([Line(near[int(i)].products[0], at=near[int(i)].id) for i in rng.integers(len(near), size=4)])
    return in_turn(rng, lists, gap_s=2.5)


def _tailgating(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Somebody without a credential slips in behind a customer."""
    customers = in_turn(rng, [shopping(geometry, rng, 2, 4) for _ in range(2)], gap_s=12.0)
    behind = round(float(rng.uniform(0.8, 1.8)) * SECOND_US)
    return [*customers, Visit(customers[0].arrive_us + behind, None, tuple(shopping(geometry, rng, 2, 3)))]


def _kids(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """A parent with one or two children who take and put back too, and a stranger."""
    children = int(rng.integers(1, 3))
    lines = shopping(geometry, rng, 4, 6)
    lines += [Line(any_product(geometry, rng), do=do) for do in (Do.RETURN, Do.MISPLACE, Do.TOUCH)]
    family = tuple(lines[int(i)] for i in rng.permutation(len(lines)))
    stranger = in_turn(rng, [shopping(geometry, rng, 2, 3)], first_s=9.0)[0]
    return [
        Visit(round(1.5 * SECOND_US), "c01", family, size=1 + children, children=children),
        Visit(stranger.arrive_us, "c02", stranger.lines),
    ]


def _re_entry(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Somebody leaves and comes back on the same credential while another shops."""
    first, other = in_turn(rng, [shopping(geometry, rng, 1, 2), shopping(geometry, rng, 3, 4)], gap_s=10.0)
    again = Visit(first.arrive_us + round(70 * SECOND_US), "c01", tuple(shopping(geometry, rng, 1, 2)))
    return [first, other, again]


def _empty_trip(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """One looks, touches and puts everything back; another buys at the same time."""
    nothing = [
        Line(any_product(geometry, rng), do=do, style="hold" if do is Do.TOUCH and rng.random() < 0.3 else "")
        for do in (Do.RETURN, Do.TOUCH, Do.RETURN, Do.TOUCH)
    ]
    return in_turn(rng, [nothing, shopping(geometry, rng, 2, 3)])


def _produce(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Goods whose weights vary most: fruit and meat by the bag and tray."""
    loose = sorted(geometry.facings_of, key=lambda p: -geometry.products[p].weight_sd_g / geometry.products[p].weight_g)
    lists = []
    for _ in range(2):
        lines = [Line(loose[int(i)], qty=int(rng.integers(1, 3))) for i in rng.integers(min(6, len(loose)), size=3)]
        lists.append([*lines, Line(loose[0], do=Do.RETURN), *shopping(geometry, rng, 1, 2)])
    return in_turn(rng, lists)


def _hand_over(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    giver = [Line(any_product(geometry, rng)), Line(any_product(geometry, rng), do=Do.HAND_OVER)]
    return in_turn(rng, [giver + shopping(geometry, rng, 1, 2), shopping(geometry, rng, 5, 7)], gap_s=2.0)


def _floor(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    lists = []
    for _ in range(2):
        lists.append([*shopping(geometry, rng, 1, 2), Line(any_product(geometry, rng), do=Do.DROP)])
        lists[-1] += shopping(geometry, rng, 1, 2)
    return in_turn(rng, lists)


def _multi_grab(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Several light things at once, again and again."""
    light = [p for p in sorted(geometry.facings_of) if geometry.products[p].weight_g <= LIGHT_G]
    lines = [Line(light[int(i)], qty=int(rng.integers(2, 6))) for i in rng.integers(len(light), size=5)]
    return in_turn(rng, [lines])


def _fast(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
    """Eight things without a look, most of them from one place."""
    home = _facings(geometry)[int(rng.integers(len(geometry.facings)))]
    near = [f for f in _facings(geometry) if f.gondola is home.gondola and _apart_m(f, home) < 0.6]
    lines = [Line(near[int(i)].products[0], at=near[int(i)].id) for i in rng.integers(len(near), size=8)]
    return in_turn(rng, [lines], pace=0.05)


def _styled(style: str) -> Script:
    def script(geometry: Geometry, rng: np.random.Generator, _people: int) -> list[Visit]:
        lines = [replace(line, style=style) for line in shopping(geometry, rng, 4, 6)]
        return in_turn(rng, [lines, shopping(geometry, rng, 2, 3)])

    return script


MORE: dict[str, Script] = {
    "crossing-arms": _crossing_arms,
    "simultaneous": _simultaneous,
    "wrong-planogram": _plain,
    "wrong-weight": _plain,
    "dead-plate": _plain,
    "drift": _plain,
    "clocks": _plain,
    "id-switch": _together,
    "occlusion": _together,
    "no-exit": _plain,
    "tailgating": _tailgating,
    "kids": _kids,
    "re-entry": _re_entry,
    "empty-trip": _empty_trip,
    "produce": _produce,
    "hand-over": _hand_over,
    "floor": _floor,
    "multi-grab": _multi_grab,
    "fast": _fast,
    "long-hold": _styled("hold"),
    "slow-pick": _styled("slow"),
}

SENSORS: dict[str, dict[str, float]] = {
    "wrong-weight": {"wrong_weight_share": 0.3},
    "dead-plate": {"dead_share": 0.12, "stuck_share": 0.04},
    "drift": {"drift_g": 6.0, "fast_drift_share": 0.3, "crosstalk_sd": 0.015},
    "clocks": {"clock_offset_s": 0.25, "loss": 0.02, "duplicate": 0.03, "late": 0.03, "repeat": 0.004},
    "id-switch": {"restart": 0.3, "swap": 0.6},
    "occlusion": {"occlusion_per_min": 8.0, "unseen": 0.06, "restart": 0.1},
    "no-exit": {"exit_missing": 0.6, "gate_unbound": 0.2},
}

SWAPS = {"wrong-planogram": 2}
"""How many pairs of facings are stocked the wrong way round, among those the case's shoppers go to."""


def with_trouble(settings: Settings, category: str) -> Settings:
    """The settings of a category: each figure the worse of the sensors' level and the trouble's."""
    return replace(settings, **{name: max(v, getattr(settings, name)) for name, v in SENSORS.get(category, {}).items()})
