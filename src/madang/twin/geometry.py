"""A layout read for simulation: plate columns per gondola, facings in the gondola's own coordinate, places to stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Gondola:
    """One gondola: its plates in the layout's order are the columns of its batches. ``u`` runs along it from its left
    end.
    """

    id: int
    index: int
    plates: tuple[str, ...]
    shelf_of: NDArray[np.int64]
    u0: Floats
    u1: Floats
    origin: Floats
    along: Floats
    outward: Floats
    length_m: float
    depth_m: float
    box: tuple[float, ...]

    def point(self, u: float, inside_m: float) -> Floats:
        """The floor point at ``u``, ``inside_m`` behind the front (negative: in the aisle)."""
        return self.origin + self.along * u - self.outward * inside_m


@dataclass(frozen=True, slots=True, eq=False)
class Facing:
    """One facing: the plate columns it stands on and its extent in its gondola's ``u``."""

    id: str
    gondola: Gondola
    shelf: int
    columns: tuple[int, ...]
    products: tuple[str, ...]
    counts: tuple[int, ...]
    u0: float
    u1: float
    z: float
    height_m: float


@dataclass(frozen=True, slots=True)
class Product:
    """What the simulation needs to know of a product."""

    id: str
    kind: str
    weight_g: float
    weight_sd_g: float
    price_krw: int


class Geometry:
    """A parsed layout."""

    def __init__(self, layout: dict[str, Any]) -> None:
        self.layout = layout
        self.name = str(layout["name"])
        self.gondolas = tuple(_gondola(i, g, layout["plates"]) for i, g in enumerate(layout["gondolas"]))
        by_id = {g.id: g for g in self.gondolas}
        self.facings = {f["id"]: _facing(f, by_id[f["gondola"]]) for f in layout["planogram"]}
        self.products = {p["id"]: _product(p) for p in layout["products"]}
        self.facings_of: dict[str, list[Facing]] = {}
        for facing in self.facings.values():
            for product in facing.products:
                self.facings_of.setdefault(product, []).append(facing)
        self.kinds: dict[str, list[str]] = {}
        for product in self.facings_of:
            self.kinds.setdefault(self.products[product].kind, []).append(product)
        area = np.array(layout["area"], dtype=float)
        self.low, self.high = area.min(axis=0), area.max(axis=0)
        self.entry = np.array(layout["entry_line"], dtype=float)
        self.exit = np.array(layout["exit_line"], dtype=float)


def _gondola(index: int, g: dict[str, Any], plates: list[dict[str, Any]]) -> Gondola:
    own = [p for p in plates if p["gondola"] == g["id"]]
    along, outward = np.array(g["along"], dtype=float), np.array(g["outward"], dtype=float)
    boxes = np.array([p["box"] for p in own], dtype=float)
    corners = np.stack([boxes[:, [0, 1]] @ along, boxes[:, [3, 4]] @ along])
    start, end = corners.min(axis=0), corners.max(axis=0)
    front = float(max((boxes[:, [0, 1]] @ outward).max(), (boxes[:, [3, 4]] @ outward).max()))
    back = float(min((boxes[:, [0, 1]] @ outward).min(), (boxes[:, [3, 4]] @ outward).min()))
    left = float(start.min())
    return Gondola(
        id=int(g["id"]),
        index=index,
        plates=tuple(str(p["id"]) for p in own),
        shelf_of=np.array([p["shelf"] for p in own]),
        u0=start - left,
        u1=end - left,
        origin=along * left + outward * front,
        along=along,
        outward=outward,
        length_m=float(end.max()) - left,
        depth_m=front - back,
        box=tuple(g["box"]),
    )


def _facing(f: dict[str, Any], gondola: Gondola) -> Facing:
    columns = tuple(gondola.plates.index(plate) for plate in f["plates"])
    products = tuple(f["products"])
    counts = f.get("count") or {}
    return Facing(
        id=f["id"],
        gondola=gondola,
        shelf=int(f["shelf"]),
        columns=columns,
        products=products,
        counts=tuple(int(counts.get(p, 0)) for p in products),
        u0=float(min(gondola.u0[c] for c in columns)),
        u1=float(max(gondola.u1[c] for c in columns)),
        z=float(f["box"][2]),
        height_m=float(f["box"][5]) - float(f["box"][2]),
    )


def _product(p: dict[str, Any]) -> Product:
    weight = float(p["weight_g"] or 100.0)
    return Product(p["id"], p["kind"], weight, float(p["weight_sd_g"] or 0.02 * weight), int(p["price"]))
