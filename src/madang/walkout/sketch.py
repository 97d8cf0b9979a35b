"""Drawings for the review desk: pure functions from arrays to the numbers and paths that a template writes as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from madang.walkout.evidence import Floats, Trace, Track
from madang.walkout.live_plan import Facing, Gondola, Plan

WIDE, HIGH = 640.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 30.0, 14.0, 28.0
SPAN_G_MIN = 40.0
"""A quiet plate's noise is not blown up beyond this many grams of the picture's height."""
NEAR_S = 0.6
"""A wrist within this of the moment is drawn as a dot on the shelf."""
REACH_S = 1.5
"""... and its way within this as a line."""
BREAK_S = 1.0
"""A track that was not seen for so long is drawn in two pieces."""


class Tick(msgspec.Struct, frozen=True):
    """A line of the grid: where, and what it says."""

    at: float
    label: str


class WeightSketch(msgspec.Struct, frozen=True, kw_only=True):
    """Grams over seconds around a moment; ``paths`` are (plate, path, change in grams over the moment or None)."""

    paths: tuple[tuple[str, str, int | None], ...]
    moment_x: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    change_g: int | None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A body's path on the floor; ``at``: where it stood at the moment. ``mine``: held to be of this visit."""

    track: str
    number: int
    path: str
    at: tuple[float, float] | None
    mine: bool


class FloorSketch(msgspec.Struct, frozen=True, kw_only=True):
    """The floor from above; lengths in centimetres, y grows downwards. ``unit`` is a hundredth of its larger side."""

    view: str
    unit: float
    area: str
    gate: str
    units: tuple[tuple[str, float, float, float, float], ...]
    spots: tuple[tuple[float, float, float, float], ...]
    ways: tuple[Way, ...]
    mark: tuple[float, float] | None = None


class Wrist(msgspec.Struct, frozen=True, kw_only=True):
    """A hand before the shelf: its way, and where it was at the moment."""

    number: int
    path: str
    at: tuple[float, float] | None
    mine: bool


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A facing as its shelf shows it."""

    x: float
    y: float
    width: float
    height: float
    facing: str
    meant: bool


class FrontSketch(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf unit from the aisle; lengths in centimetres, y grows downwards."""

    gondola: str
    view: str
    width: float
    height: float
    cells: tuple[Cell, ...]
    wrists: tuple[Wrist, ...]


def weights(traces: Sequence[Trace], *, from_s: float, to_s: float, at_s: float) -> WeightSketch | None:
    """The plates' loads as differences to where each began; None where nothing was measured."""
    rows = [(t.plate, t.t_s, t.grams - base) for t in traces if (base := _level(t, from_s, from_s + 1.5)) is not None]
    if not rows:
        return None
    values = np.concatenate([g[~np.isnan(g)] for _, _, g in rows])
    low, high = float(values.min()), float(values.max())
    slack = max((SPAN_G_MIN - (high - low)) / 2, (high - low) * 0.08)
    low, high = low - slack, high + slack

    def x(t: float) -> float:
        return LEFT + (t - from_s) / (to_s - from_s) * (WIDE - LEFT - RIGHT)

    def y(g: float) -> float:
        return TOP + (high - g) / (high - low) * (HIGH - TOP - BOTTOM)

    changes = [_change(t, at_s, from_s, to_s) for t in traces]
    known = [change for change in changes if change is not None]
    by_plate = {t.plate: change for t, change in zip(traces, changes, strict=True)}
    paths = tuple(
        (plate, _line([(x(a), y(b)) for a, b in zip(t, g, strict=True)]), by_plate[plate]) for plate, t, g in rows
    )
    return WeightSketch(
        paths=paths,
        moment_x=round(x(at_s), 1),
        x_ticks=tuple(
            Tick(round(x(at_s + s), 1), f"{s:+d}" if s else "0") for s in _steps(from_s - at_s, to_s - at_s, 2)
        ),
        y_ticks=tuple(Tick(round(y(g), 1), f"{g:+d}" if g else "0") for g in _steps(low, high, _nice(high - low))),
        change_g=sum(known) if known else None,
    )


def floor(
    plan: Plan,
    tracks: Sequence[Track],
    mine: Iterable[str],
    spots: Iterable[str],
    *,
    at_s: float,
    mark: tuple[float, float] | None = None,
) -> FloorSketch:
    """Everybody's ways; ``mine`` are the tracks of the visit, ``spots`` the facings that are meant, ``mark`` a place on
    the floor that is."""
    x0, y0, x1, y1 = plan.view
    meant, ours = set(spots), set(mine)

    def at(x: float, y: float) -> tuple[float, float]:
        return round((x - x0) * 100, 1), round((y1 - y) * 100, 1)

    units, marked = [], []
    for unit in plan.gondolas:
        units.append((unit.id, *_box(at, unit.rect)))
        marked += [_box(at, _spot(unit, facing)) for facing in unit.facings if facing.id in meant]
    ways = tuple(
        Way(
            track=track.track,
            number=number,
            path=_pieces(track.t_s, np.array([at(*p) for p in track.floor.tolist()]).reshape(-1, 2)),
            at=_stood(track, at_s, at),
            mine=track.track in ours,
        )
        for number, track in enumerate(tracks, 1)
    )
    width, height = round((x1 - x0) * 100, 1), round((y1 - y0) * 100, 1)
    return FloorSketch(
        view=f"0 0 {width} {height}",
        unit=round(max(width, height) / 100, 4),
        area=" ".join(f"{x},{y}" for x, y in (at(*p) for p in plan.area)),
        gate=" ".join(f"{x},{y}" for x, y in (at(*p) for p in plan.gate)),
        units=tuple(units),
        spots=tuple(marked),
        ways=ways,
        mark=None if mark is None else at(*mark),
    )


def front(
    plan: Plan, tracks: Sequence[Track], mine: Iterable[str], spots: Iterable[str], *, at_s: float
) -> FrontSketch | None:
    """The shelf unit that holds the (first of the) facings that are meant, with the hands before it."""
    meant, ours = set(spots), set(mine)
    unit = next((u for u in plan.gondolas if any(f.id in meant for f in u.facings)), None)
    if unit is None or not unit.shelves:
        return None
    low = min(z0 for _, z0, _ in unit.shelves)
    top = max(z1 for _, _, z1 in unit.shelves) + 0.1
    width, height = round(unit.width_m * 100, 1), round((top - low) * 100, 1)
    heights = {number: (z0, z1) for number, z0, z1 in unit.shelves}
    cells = [_cell(facing, heights[facing.shelf], width, top, facing.id in meant) for facing in unit.facings]
    wrists: list[Wrist] = []
    for number, track in enumerate(tracks, 1):
        for side in (0, 1):
            hand = _hand(unit, track, side, number, track.track in ours, width, top, low, at_s)
            if hand is not None:
                wrists.append(hand)
    return FrontSketch(
        gondola=unit.id, view=f"-6 -6 {width + 12} {height + 12}", width=width, height=height,
        cells=tuple(cells), wrists=tuple(wrists),
    )  # fmt: skip


# --- weights ----------------------------------------------------------------------------------------------------------
def _level(trace: Trace, from_s: float, to_s: float) -> float | None:
    within = trace.grams[(trace.t_s >= from_s) & (trace.t_s <= to_s)]
    within = within[~np.isnan(within)]
    return float(np.median(within)) if len(within) else None


def _change(trace: Trace, at_s: float, from_s: float, to_s: float) -> int | None:
    before = _level(trace, max(from_s, at_s - 2.5), at_s - 1.0)
    after = _level(trace, at_s + 1.0, min(to_s, at_s + 3.0))
    return None if before is None or after is None else round(after - before)


def _nice(span: float) -> int:
    """A step that divides a span into about four."""
    power = 10 ** math.floor(math.log10(max(span, 4) / 4))
    return int(next(step for step in (power, 2 * power, 5 * power, 10 * power) if span / step <= 5))


def _steps(low: float, high: float, step: int) -> list[int]:
    return list(range(math.ceil(low / step) * step, math.floor(high / step) * step + 1, step))


# --- lines ------------------------------------------------------------------------------------------------------------
def _line(points: Sequence[tuple[float, float]]) -> str:
    """A path that is broken where a point is missing."""
    out, pen = [], "M"
    for x, y in points:
        if math.isnan(x) or math.isnan(y):
            pen = "M"
            continue
        out.append(f"{pen}{x:.2f} {y:.2f}")
        pen = "L"
    return "".join(out)


def _pieces(t_s: Floats, points: Floats) -> str:
    """A path that is broken where nobody was seen for a while."""
    if not len(points):
        return ""
    far = np.flatnonzero(np.diff(t_s) > BREAK_S) + 1
    return "".join(_line([(float(x), float(y)) for x, y in part]) for part in np.split(points, far))


# --- places -----------------------------------------------------------------------------------------------------------
def _box(at: Any, rect: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    ax, ay = at(rect[0], rect[3])
    bx, by = at(rect[2], rect[1])
    return ax, ay, round(bx - ax, 1), round(by - ay, 1)


def _spot(unit: Gondola, facing: Facing) -> tuple[float, float, float, float]:
    """Where a facing lies on the floor: its part of its shelf unit."""
    x0, y0, x1, y1 = unit.rect
    a, b = (1 - facing.b, 1 - facing.a) if unit.faces in "nw" else (facing.a, facing.b)
    if unit.faces in "ns":
        return x0 + a * (x1 - x0), y0, x0 + b * (x1 - x0), y1
    return x0, y0 + a * (y1 - y0), x1, y0 + b * (y1 - y0)


def _stood(track: Track, at_s: float, at: Any) -> tuple[float, float] | None:
    if not len(track.t_s):
        return None
    nearest = int(np.argmin(np.abs(track.t_s - at_s)))
    if abs(track.t_s[nearest] - at_s) > BREAK_S:
        return None
    x, y = at(*track.floor[nearest].tolist())
    return (x, y)


def _cell(facing: Facing, height: tuple[float, float], width: float, top: float, meant: bool) -> Cell:
    z0, z1 = height
    return Cell(
        x=round(facing.a * width, 1), y=round((top - z1) * 100, 1), width=round((facing.b - facing.a) * width, 1),
        height=round((z1 - z0) * 100, 1), facing=facing.id, meant=meant,
    )  # fmt: skip


def _hand(
    unit: Gondola, track: Track, side: int, number: int, mine: bool, width: float, top: float, low: float, at_s: float
) -> Wrist | None:
    """One wrist's way before a shelf unit, None where it was not near."""
    near = np.abs(track.t_s - at_s) <= REACH_S
    wrist, t_s = track.wrists[near][:, side], track.t_s[near]
    there = ~np.isnan(wrist[:, 0])
    wrist, t_s = wrist[there], t_s[there]
    if len(wrist):
        close = _before(unit, wrist)
        wrist, t_s = wrist[close], t_s[close]
    if not len(wrist):
        return None
    x = _along(unit, wrist) * width
    y = (top - np.clip(wrist[:, 2], low, top)) * 100
    nearest = int(np.argmin(np.abs(t_s - at_s)))
    at = (round(float(x[nearest]), 1), round(float(y[nearest]), 1)) if abs(t_s[nearest] - at_s) <= NEAR_S else None
    return Wrist(number=number, path=_pieces(t_s, np.stack([x, y], axis=1)), at=at, mine=mine)


def _along(unit: Gondola, points: Floats) -> Floats:
    """0 to 1 from the left of somebody who looks at the unit."""
    x0, y0, x1, y1 = unit.rect
    share = (points[:, 0] - x0) / (x1 - x0) if unit.faces in "ns" else (points[:, 1] - y0) / (y1 - y0)
    return np.clip(1 - share if unit.faces in "nw" else share, 0.0, 1.0)


def _before(unit: Gondola, points: Floats) -> NDArrayBool:
    """Points inside the unit or within an arm's length of its front."""
    x0, y0, x1, y1 = unit.rect
    ahead = {"s": y0 - points[:, 1], "n": points[:, 1] - y1, "w": x0 - points[:, 0], "e": points[:, 0] - x1}[unit.faces]
    along = (points[:, 0], x0, x1) if unit.faces in "ns" else (points[:, 1], y0, y1)
    within = (along[0] >= along[1] - 0.1) & (along[0] <= along[2] + 0.1)
    found: NDArrayBool = (ahead <= 0.35) & within
    return found


NDArrayBool = np.ndarray[Any, np.dtype[np.bool_]]
