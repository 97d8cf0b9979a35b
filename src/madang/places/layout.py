"""Checks a shop's layout (store.json) before anything is built on it: every fault with its place in the document."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from madang.places.model import LAYOUT_ID, LayoutFault

TOLERANCE_M = 0.02  # boxes are measured by hand: a plate may stand out of its shelf by this much
FAULTS_MAX = 100
Doc = dict[str, Any]


def check(layout: object) -> list[LayoutFault]:
    """Up to 100 faults of a layout; an empty list means that engine, planogram and floor plan can use it."""
    if not isinstance(layout, dict):
        return [_fault("", "not_an_object", "배치도는 JSON 객체여야 합니다.", "A layout is a JSON object.")]
    if shape := list(_shape(layout)):
        return shape[:FAULTS_MAX]
    found = [*_boxes(layout), *_frames(layout), *_ids(layout), *_shelves(layout), *_plates(layout)]
    found += [*_planogram(layout), *_floor(layout)]
    return found[:FAULTS_MAX]


def area_m2(layout: Doc) -> float:
    """The floor's area by the shoelace formula."""
    points = layout["area"]
    pairs = zip(points, points[1:] + points[:1], strict=True)
    return float(abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs))) / 2


def _fault(where: str, code: str, ko: str, en: str) -> LayoutFault:
    return LayoutFault(where=where, code=code, ko=ko, en=en)


_NEEDED: dict[str, tuple[str, ...]] = {
    "gondolas": ("id", "along", "outward", "box"),
    "shelves": ("id", "gondola", "shelf", "box", "plates"),
    "plates": ("id", "gondola", "shelf", "plate", "box"),
    "products": ("id",),
    "planogram": ("id", "gondola", "shelf", "plates", "products", "box"),
}
# A shop is measured before anybody knows what it will sell: goods and facings may come by `madang import` instead.
_MAY_COME_LATER = ("products", "planogram")


def _shape(doc: Doc) -> Iterator[LayoutFault]:
    """Lists of objects with the fields they need: everything else is checked only when these are there."""
    for name, fields in _NEEDED.items():
        rows = doc.get(name)
        if name in _MAY_COME_LATER and (rows is None or rows == []):
            continue
        if not isinstance(rows, list) or not rows:
            yield _fault(
                name, "missing", f"'{name}' 목록이 없거나 비어 있습니다.", f"The list '{name}' is missing or empty."
            )
            continue
        for i, row in enumerate(rows):
            lacking = [f for f in fields if f not in row] if isinstance(row, dict) else list(fields)
            if lacking:
                names = ", ".join(lacking)
                yield _fault(f"{name}[{i}]", "missing", f"없는 항목: {names}.", f"Missing: {names}.")
            elif not all(isinstance(row[f], list) for f in fields if f in ("plates", "products")):
                yield _fault(f"{name}[{i}]", "not_a_list", "plates와 products는 목록입니다.", "It needs lists.")


def _boxes(doc: Doc) -> Iterator[LayoutFault]:
    for name in ("gondolas", "shelves", "plates", "planogram"):
        for i, row in enumerate(doc.get(name) or ()):
            if not _is_box(row["box"]):
                yield _fault(
                    f"{name}[{i}].box",
                    "bad_box",
                    "상자는 [x0,y0,z0,x1,y1,z1]이고 크기가 0보다 커야 합니다(m).",
                    "A box is [x0,y0,z0,x1,y1,z1] in metres with x0<x1, y0<y1, z0<z1.",
                )


def _frames(doc: Doc) -> Iterator[LayoutFault]:
    for i, row in enumerate(doc["gondolas"]):
        along, outward = row["along"], row["outward"]
        good = _is_point(along) and _is_point(outward)
        if not good or not all(math.isclose(math.hypot(*v), 1, abs_tol=0.01) for v in (along, outward)):
            yield _fault(
                f"gondolas[{i}]", "bad_direction", "방향은 길이 1인 [x,y]입니다.", "A direction is a unit [x,y]."
            )
        elif abs(along[0] * outward[0] + along[1] * outward[1]) > 0.01:
            yield _fault(
                f"gondolas[{i}]",
                "bad_direction",
                "두 방향이 직각이 아닙니다.",
                "The directions are not at right angles.",
            )


def _ids(doc: Doc) -> Iterator[LayoutFault]:
    for name in _NEEDED:
        seen: set[str] = set()
        for i, row in enumerate(doc.get(name) or ()):
            id_ = row["id"]
            if not isinstance(id_, str | int) or isinstance(id_, bool) or not LAYOUT_ID.fullmatch(str(id_)):
                yield _fault(
                    f"{name}[{i}].id",
                    "bad_id",
                    "id는 '/'와 줄바꿈이 없는 64자까지의 글자나 숫자입니다.",
                    "An id is text or a number of up to 64 characters without '/' and line breaks.",
                )
            elif str(id_) in seen:
                yield _fault(
                    f"{name}[{i}].id", "twice", f"id '{id_}'이(가) 두 번 있습니다.", f"The id '{id_}' is there twice."
                )
            seen.add(str(id_))


def _shelves(doc: Doc) -> Iterator[LayoutFault]:
    gondolas = {str(g["id"]) for g in doc["gondolas"]}
    plates = {str(p["id"]) for p in doc["plates"]}
    owner: dict[str, str] = {}
    for i, shelf in enumerate(doc["shelves"]):
        if str(shelf["gondola"]) not in gondolas:
            yield _unknown(f"shelves[{i}].gondola", "gondola", shelf["gondola"])
        for plate in map(str, shelf["plates"]):
            if plate not in plates:
                yield _unknown(f"shelves[{i}].plates", "plate", plate)
            if owner.setdefault(plate, str(shelf["id"])) != str(shelf["id"]):
                yield _fault(
                    f"shelves[{i}].plates",
                    "plate_taken",
                    f"저울판 '{plate}'이(가) 선반 '{owner[plate]}'에도 있습니다.",
                    f"Plate '{plate}' is on shelf '{owner[plate]}' too.",
                )


def _plates(doc: Doc) -> Iterator[LayoutFault]:
    by_place = {(str(s["gondola"]), str(s["shelf"])): s for s in doc["shelves"]}
    for i, plate in enumerate(doc["plates"]):
        shelf = by_place.get((str(plate["gondola"]), str(plate["shelf"])))
        if shelf is None:
            yield _unknown(f"plates[{i}].shelf", "shelf", f"{plate['gondola']}-{plate['shelf']}")
        elif str(plate["id"]) not in map(str, shelf["plates"]):
            yield _fault(
                f"plates[{i}]",
                "not_on_its_shelf",
                f"선반 '{shelf['id']}'의 목록에 없는 저울판입니다.",
                f"Shelf '{shelf['id']}' does not list this plate.",
            )
        elif _is_box(plate["box"]) and _is_box(shelf["box"]) and not _inside(plate["box"], shelf["box"]):
            yield _fault(
                f"plates[{i}].box",
                "outside",
                f"저울판이 선반 '{shelf['id']}' 밖으로 나갑니다.",
                f"The plate stands out of shelf '{shelf['id']}'.",
            )


def _planogram(doc: Doc) -> Iterator[LayoutFault]:
    plates = {str(p["id"]): (str(p["gondola"]), str(p["shelf"])) for p in doc["plates"]}
    products = {str(p["id"]) for p in doc.get("products") or ()}
    for i, facing in enumerate(doc.get("planogram") or ()):
        for plate in map(str, facing["plates"]):
            if plate not in plates:
                yield _unknown(f"planogram[{i}].plates", "plate", plate)
            elif plates[plate] != (str(facing["gondola"]), str(facing["shelf"])):
                yield _fault(
                    f"planogram[{i}].plates",
                    "other_shelf",
                    f"저울판 '{plate}'은(는) 다른 선반에 있습니다.",
                    f"Plate '{plate}' belongs to another shelf.",
                )
        for product in map(str, facing["products"]):
            if product not in products:
                yield _unknown(f"planogram[{i}].products", "product", product)
        yield from _counts(i, facing)


def _counts(i: int, facing: Doc) -> Iterator[LayoutFault]:
    counts = facing.get("count")
    if not facing["plates"] or not facing["products"]:
        yield _fault(f"planogram[{i}]", "empty", "저울판이나 상품이 없습니다.", "It has no plate or no product.")
    if counts is None:
        return
    good = isinstance(counts, dict) and all(
        isinstance(n, int) and n >= 0 and product in map(str, facing["products"]) for product, n in counts.items()
    )
    if not good:
        yield _fault(
            f"planogram[{i}].count",
            "bad_count",
            "수량은 이 진열의 상품마다 0 이상의 정수입니다.",
            "A count is a whole number from 0 for a product of this facing.",
        )


def _floor(doc: Doc) -> Iterator[LayoutFault]:
    for name, least in (("area", 3), ("gate_polygon", 3), ("entry_line", 2), ("exit_line", 2)):
        points = doc.get(name)
        if points is None and name != "area":
            continue  # measured without its gate: visits begin and end by the door events alone
        if not isinstance(points, list) or len(points) < least or not all(map(_is_point, points)):
            yield _fault(
                name, "bad_points", f"점 [x,y]이 {least}개 이상 필요합니다.", f"It needs {least} or more points [x,y]."
            )


def _is_numbers(value: object, n: int) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == n
        and all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in value)
    )


def _is_point(value: object) -> bool:
    return _is_numbers(value, 2)


def _is_box(value: Any) -> bool:
    return _is_numbers(value, 6) and all(value[i] < value[i + 3] for i in range(3))


def _inside(inner: Sequence[float], outer: Sequence[float]) -> bool:
    """In the floor plane; heights differ where a plate carries the shelf's goods."""
    return all(inner[i] >= outer[i] - TOLERANCE_M and inner[i + 3] <= outer[i + 3] + TOLERANCE_M for i in range(2))


def _unknown(where: str, what: str, id: object) -> LayoutFault:
    names = {"gondola": "곤돌라", "shelf": "선반", "plate": "저울판", "product": "상품"}
    return _fault(where, f"unknown_{what}", f"{names[what]} '{id}'이(가) 없습니다.", f"There is no {what} '{id}'.")
