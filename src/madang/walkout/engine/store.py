"""The shop as the engine sees it: plates, facings, products (format of `store.json`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Product(NamedTuple):
    """`weight_g` None: unknown. `weight_sd_g`: spread from unit to unit."""

    id: str
    name: str
    price: int
    weight_g: float | None
    weight_sd_g: float | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Facing:
    """A run of plates with its products; `count` are the items at the start, None when unknown; `really` are products
    that were found to lie there as well, whatever the planogram says."""

    id: str
    shelf: str
    plates: tuple[int, ...]
    products: tuple[str, ...]
    count: Mapping[str, int] | None
    really: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Store:
    """Plates are numbered in the order of the document; all arrays below are in that order.

    `plate_boxes` [P, 6] metres (x0 y0 z0 x1 y1 z1); `plate_gondola` and `plate_shelf` [P]
    rows of `gondolas` and `shelves`; `plate_noise` [P] grams, NaN where nobody has measured it;
    `along` and `outward` [G, 2] unit vectors.
    """

    gondolas: tuple[str, ...]
    shelves: tuple[str, ...]
    plates: tuple[str, ...]
    plate_boxes: Floats
    plate_gondola: Ints
    plate_shelf: Ints
    plate_noise: Floats
    along: Floats
    outward: Floats
    products: Mapping[str, Product]
    facings: tuple[Facing, ...]
    area: Floats | None
    gate_polygon: Floats | None
    entry_line: Floats | None
    exit_line: Floats | None
    boxes: list[list[float]] = field(init=False, repr=False, compare=False)
    """`plate_boxes` in plain numbers ..."""
    faces: list[tuple[float, ...]] = field(init=False, repr=False, compare=False)
    """... and of every plate `along` and `outward` of its gondola (x y x y): for the few that something happens on."""

    def __post_init__(self) -> None:
        ways = [(*a, *b) for a, b in zip(self.along.tolist(), self.outward.tolist(), strict=True)]
        object.__setattr__(self, "boxes", self.plate_boxes.tolist())
        object.__setattr__(self, "faces", [ways[g] for g in self.plate_gondola.tolist()])

    def along_shelves(self) -> Ints:
        """Place of every plate in its shelf's row, so that numbers one apart on a shelf are neighbours [P]."""
        middle = 0.5 * (self.plate_boxes[:, :2] + self.plate_boxes[:, 3:5])
        at = np.einsum("ij,ij->i", middle, self.along[self.plate_gondola])
        place = np.zeros(len(self.plates), np.int64)
        for shelf in range(len(self.shelves)):
            rows = np.flatnonzero(self.plate_shelf == shelf)
            place[rows[np.argsort(at[rows], kind="stable")]] = np.arange(len(rows))
        return place

    def neighbours(self) -> dict[int, tuple[int, ...]]:
        """The plates left and right of every plate."""
        sides = list(zip(self.plate_shelf.tolist(), self.along_shelves().tolist(), strict=True))
        at = {side: q for q, side in enumerate(sides)}
        return {q: tuple([at[s, p + k] for k in (-1, 1) if (s, p + k) in at]) for q, (s, p) in enumerate(sides)}

    def plates_of(self, gondola: str | int) -> Ints:
        """Rows of the plates of a gondola in store order: the columns that `Engine.plates` expects."""
        return np.flatnonzero(self.plate_gondola == self.gondolas.index(str(gondola)))

    @staticmethod
    def from_json(doc: Mapping[str, Any]) -> Store:
        """Read a `store.json` document; KeyError or ValueError when it is not one. Products and planogram may be left
        out: nothing is known to lie anywhere then."""
        gondolas = tuple(str(g["id"]) for g in doc["gondolas"])
        shelves = tuple(str(s["id"]) for s in doc["shelves"])
        plates = tuple(str(p["id"]) for p in doc["plates"])
        shelf_of = {str(p): k for k, s in enumerate(doc["shelves"]) for p in s["plates"]}
        row = {p: k for k, p in enumerate(plates)}
        facings = tuple(
            Facing(
                id=str(f["id"]),
                shelf=f"{f['gondola']}-{f['shelf']}",
                plates=tuple(row[str(p)] for p in f["plates"] if str(p) in row),
                products=tuple(str(p) for p in f["products"]),
                count=None if f.get("count") is None else {str(k): int(v) for k, v in f["count"].items()},
                really=tuple(str(p) for p in f.get("really") or ()),
            )
            for f in doc.get("planogram") or ()
        )
        return Store(
            gondolas=gondolas,
            shelves=shelves,
            plates=plates,
            plate_boxes=np.array([p["box"] for p in doc["plates"]], float).reshape(-1, 6),
            plate_gondola=np.array([gondolas.index(str(p["gondola"])) for p in doc["plates"]], np.int64),
            plate_shelf=np.array([shelf_of[p] for p in plates], np.int64),
            plate_noise=np.array([p.get("noise_g") for p in doc["plates"]], float),
            along=np.array([g["along"][:2] for g in doc["gondolas"]], float),
            outward=np.array([g["outward"][:2] for g in doc["gondolas"]], float),
            products={str(p["id"]): _product(p) for p in doc.get("products") or ()},
            facings=facings,
            area=_points(doc.get("area")),
            gate_polygon=_points(doc.get("gate_polygon")),
            entry_line=_points(doc.get("entry_line")),
            exit_line=_points(doc.get("exit_line")),
        )


def _product(p: Mapping[str, Any]) -> Product:
    weight, sd = p.get("weight_g"), p.get("weight_sd_g")
    return Product(
        id=str(p["id"]),
        name=str(p.get("name") or p["id"]),
        price=int(p.get("price") or 0),
        weight_g=None if weight is None else float(weight),
        weight_sd_g=None if sd is None else float(sd),
        kind=p.get("kind"),
    )


def _points(points: Sequence[Sequence[float]] | None) -> Floats | None:
    return None if points is None else np.array(points, float)
