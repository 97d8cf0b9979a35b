"""The floor plan the live page draws, made from a shop's layout document (any number of gondolas and facings)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Rect = tuple[float, float, float, float]
Ring = list[tuple[float, float]]
MARGIN_M = 0.2


class Facing(msgspec.Struct, frozen=True, kw_only=True):
    """One place of goods: ``a`` and ``b`` are where it begins and ends along its gondola, 0 to 1 from the left
    as a shopper in front of it sees it; ``full`` is what it holds when it has just been filled, None if unknown."""

    id: str
    shelf: int
    a: float
    b: float
    products: list[str]
    full: dict[str, int] | None


class Gondola(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf unit: ``rect`` in the floor plane, the side it faces, its shelves from the lowest with their heights."""

    id: str
    rect: Rect
    faces: str
    width_m: float
    shelves: list[tuple[int, float, float]]
    facings: list[Facing]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything drawn once; ``view`` is x0, y0, x1, y1 in metres with a margin."""

    view: Rect
    area: Ring
    gate: Ring
    entry: Ring
    exit: Ring
    gondolas: list[Gondola]


def plan_of(layout: Mapping[str, Any]) -> Plan:
    """Read a layout document (the project's store format). A part that is missing is left out of the drawing."""
    gondolas = [_gondola(one, layout) for one in layout.get("gondolas") or ()]
    area, gate = _ring(layout.get("area")), _ring(layout.get("gate_polygon"))
    entry, leave = _ring(layout.get("entry_line")), _ring(layout.get("exit_line"))
    corners = [p for g in gondolas for p in ((g.rect[0], g.rect[1]), (g.rect[2], g.rect[3]))]
    view = _view([*area, *gate, *entry, *leave, *corners])
    return Plan(view=view, area=area, gate=gate, entry=entry, exit=leave, gondolas=gondolas)


def _gondola(one: Mapping[str, Any], layout: Mapping[str, Any]) -> Gondola:
    x0, y0, _, x1, y1, _ = one["box"]
    faces = _side(one["outward"])
    shelves = [s for s in layout.get("shelves") or () if s["gondola"] == one["id"]]
    facings = [f for f in layout.get("planogram") or () if f["gondola"] == one["id"]]
    rect = (float(x0), float(y0), float(x1), float(y1))
    width = rect[2] - rect[0] if faces in "ns" else rect[3] - rect[1]
    return Gondola(
        id=str(one["id"]),
        rect=rect,
        faces=faces,
        width_m=round(width, 4),
        shelves=sorted((int(s["shelf"]), float(s["box"][2]), float(s["box"][5])) for s in shelves),
        facings=sorted((_facing(f, rect, faces) for f in facings), key=lambda f: (f.shelf, f.a)),
    )


def _facing(one: Mapping[str, Any], rect: Rect, faces: str) -> Facing:
    a, b = _span(one["box"], rect, faces)
    count = one.get("count")
    full = {str(product): int(n) for product, n in count.items()} if isinstance(count, Mapping) else None
    products = [str(product) for product in one["products"]]
    return Facing(id=str(one["id"]), shelf=int(one["shelf"]), a=a, b=b, products=products, full=full)


def _side(outward: Iterable[float]) -> str:
    """North is +y; a slanting gondola is drawn facing its dominant axis."""
    x, y = outward
    if abs(x) > abs(y):
        return "e" if x > 0 else "w"
    return "n" if y > 0 else "s"


def _span(box: Iterable[float], rect: Rect, faces: str) -> tuple[float, float]:
    """Where a box lies along its gondola, from the left of somebody who stands in the aisle and looks at it."""
    x0, y0, _, x1, y1, _ = box
    low, high, start, end = (x0, x1, rect[0], rect[2]) if faces in "ns" else (y0, y1, rect[1], rect[3])
    size = (end - start) or 1.0
    a, b = (low - start) / size, (high - start) / size
    if faces in "nw":  # looking south, west is on the right; looking east, north is on the left
        a, b = 1 - b, 1 - a
    return round(min(max(a, 0.0), 1.0), 4), round(min(max(b, 0.0), 1.0), 4)


def _ring(points: Iterable[Iterable[float]] | None) -> Ring:
    return [(float(x), float(y)) for x, y in points or ()]


def _view(points: Ring) -> Rect:
    xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
    return (min(xs) - MARGIN_M, min(ys) - MARGIN_M, max(xs) + MARGIN_M, max(ys) + MARGIN_M)
