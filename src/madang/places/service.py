"""The use cases of places: add, close, look; a shop with its layout."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from madang import journal
from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, NotFound, Role, derived
from madang.places import facts, records, tree
from madang.places import layout as layouts
from madang.places.model import ID, LayoutFault, Place, PlaceKind, Shop


def add_place(
    tx: Tx,
    by: Actor,
    id: str,
    kind: PlaceKind,
    name_ko: str,
    name_en: str,
    *,
    at_us: int,
    parent: str | None = None,
    area_m2: float | None = None,
    uses: tuple[str, ...] = (),
) -> Place:
    """Add a place under ``parent`` (the neighbourhood itself when None).

    The same place again is left alone. Raises ``Conflict`` when the id means something else, ``Invalid`` where such a
    place cannot lie there, ``NotFound`` for an unknown parent.
    """
    by.need(Role.OPERATOR)
    if not ID.fullmatch(id):
        raise _bad_id(id)
    above = get(tx, by, parent) if parent is not None else _root(tx, by, at_us)
    if not tree.may_hold(above, kind):
        raise _cannot_lie(above, kind)
    place = Place(
        id=id, parent=above.id, kind=kind, name_ko=name_ko, name_en=name_en,
        area_m2=None if area_m2 is None else round(area_m2, 4), uses=uses, opened_at_us=at_us,
    )  # fmt: skip
    there = records.get(tx, by, id)
    if there is not None:
        _must_be_same(tx, by, there, place)
        return there
    _keep(tx, by, [place])
    return place


def close_place(tx: Tx, by: Actor, id: str, *, at_us: int) -> None:
    """Close a place and all that lies in it; it stays on record. Closing a closed place does nothing."""
    by.need(Role.OPERATOR)
    place = get(tx, by, id)
    gone = [p for p in (place, *within(tx, by, id)) if p.closed_at_us is None]
    records.close(tx, [p.id for p in gone], at_us)
    for p in gone:
        fact = derived("places.closed", tx.neighbourhood, p.id, at_us)
        journal.append(tx, by, facts.Closed(place=p.id, kind=p.kind), id=fact, at_us=at_us, subject=p.id)


def add_shop(
    tx: Tx,
    by: Actor,
    id: str,
    name_ko: str,
    name_en: str,
    layout: dict[str, Any],
    at_us: int,
    *,
    parent: str | None = None,
    uses: tuple[str, ...] = ("retail",),
) -> Shop:
    """Add a shop with its layout (store.json); its gondolas and shelves become places, its area is the floor's.

    The same shop and layout again is left alone; another layout for the same shop is a new version of it. Raises
    ``Invalid`` ``places.bad_layout`` with every fault.
    """
    found = layouts.check(layout)
    if found:
        raise bad_layout(found)
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(layout))
    area = round(layouts.area_m2(plain), 2)
    there = records.get(tx, by, id)
    if there is None:
        place = add_place(
            tx, by, id, PlaceKind.SHOP, name_ko, name_en, at_us=at_us, parent=parent, area_m2=area, uses=uses
        )
    else:
        by.need(Role.OPERATOR)
        place = _same_shop(tx, by, there, name_ko, name_en)
    known = records.layout(tx, by, id)
    if known is not None and known[1] == plain:
        return Shop(place=place, layout=plain, version=known[0])
    version = 1 if known is None else known[0] + 1
    records.add_layout(tx, id, version, plain, at_us)
    _fixtures(tx, by, id, plain, at_us)
    body = facts.LayoutSet(
        version=version, gondolas=len(plain["gondolas"]), shelves=len(plain["shelves"]), plates=len(plain["plates"])
    )
    fact = derived("places.layout_set", tx.neighbourhood, id, version)
    journal.append(tx, by, body, id=fact, at_us=at_us, subject=id, shop=id, place=id)
    return Shop(place=place, layout=plain, version=version)


def get(tx: Tx, by: Actor, id: str) -> Place:
    """One place. Raises ``NotFound``."""
    place = records.get(tx, by, id)
    if place is None:
        raise NotFound(
            "places.unknown",
            ko=f"'{id}' 장소가 없습니다.",
            en=f"There is no place '{id}'.",
            next_ko="장소 코드를 확인하세요.",
            next_en="Check the place's code.",
        )
    return place


def shop(tx: Tx, by: Actor, id: str) -> Shop:
    """A shop with its newest layout. Raises ``NotFound``, ``Forbidden`` for a shop that is not the caller's."""
    by.need_shop(id)
    place, layout = get(tx, by, id), records.layout(tx, by, id)
    if layout is None:
        raise NotFound(
            "places.not_a_shop",
            ko=f"'{id}'에는 가게 배치도가 없습니다.",
            en=f"'{id}' has no shop layout.",
            next_ko="가게를 먼저 등록하세요.",
            next_en="Add the shop first.",
        )
    return Shop(place=place, layout=layout[1], version=layout[0])


def has_layout(tx: Tx, by: Actor, id: str) -> bool:
    """Whether a shop has a floor plan, so that it can be watched."""
    return records.layout(tx, by, id) is not None


def shops(tx: Tx, by: Actor) -> list[Place]:
    """The open shops of the neighbourhood that the caller may act for."""
    every = records.every(tx, by)
    mine = [p for p in every if not by.shops or p.id in by.shops]
    return [p for p in mine if p.kind is PlaceKind.SHOP and p.closed_at_us is None]


def every(tx: Tx, by: Actor) -> list[Place]:
    """Every place that is in use, near the root first."""
    return [place for place in records.every(tx, by) if place.closed_at_us is None]


def within(tx: Tx, by: Actor, id: str) -> list[Place]:
    """Everything that lies in a place, near ones first."""
    children: dict[str | None, list[Place]] = {}
    for place in records.every(tx, by):
        children.setdefault(place.parent, []).append(place)
    out, level = list[Place](), children.get(id, [])
    while level:
        out += level
        level = [child for place in level for child in children.get(place.id, [])]
    return out


def path(tx: Tx, by: Actor, id: str) -> list[Place]:
    """From the neighbourhood down to a place. Raises ``NotFound``."""
    get(tx, by, id)
    return tree.path({p.id: p for p in records.every(tx, by)}, id)


def bad_layout(found: list[LayoutFault]) -> Invalid:
    """The error of a layout with faults; ``details["faults"]`` holds them all."""
    first = found[0]
    return Invalid(
        "places.bad_layout",
        ko=f"배치도에 잘못된 곳이 {len(found)}군데 있습니다. 첫째: {first.where} {first.ko}",
        en=f"The layout has {len(found)} faults. The first: {first.where} {first.en}",
        next_ko="모두 고친 뒤 다시 등록하세요.",
        next_en="Mend them all and add it again.",
        faults=[msgspec.structs.asdict(fault) for fault in found],
    )


def _root(tx: Tx, by: Actor, at_us: int) -> Place:
    """The neighbourhood as a place, made with the first thing that lies in it."""
    known = records.get(tx, by, by.neighbourhood)
    if known is not None:
        return known
    root = Place(
        id=by.neighbourhood, parent=None, kind=PlaceKind.NEIGHBOURHOOD,
        name_ko=by.neighbourhood, name_en=by.neighbourhood, opened_at_us=at_us,
    )  # fmt: skip
    _keep(tx, by, [root])
    return root


def _keep(tx: Tx, by: Actor, new: list[Place]) -> None:
    records.add(tx, new)
    for p in new:
        body = facts.Added(place=p.id, kind=p.kind, parent=p.parent, area_m2=p.area_m2, uses=p.uses)
        fact: UUID = derived("places.added", tx.neighbourhood, p.id)
        journal.append(tx, by, body, id=fact, at_us=p.opened_at_us, subject=p.id, place=p.id)


def _fixtures(tx: Tx, by: Actor, shop: str, layout: dict[str, Any], at_us: int) -> None:
    """Bring the shop's gondolas and shelves in line with its layout; they speak in the layout's own fact."""
    wanted = {p.id: p for p in _gondolas_and_shelves(shop, layout, at_us)}
    there = {p.id: p for p in within(tx, by, shop) if p.kind in (PlaceKind.GONDOLA, PlaceKind.SHELF)}
    records.add(tx, [p for p in wanted.values() if p.id not in there])
    records.close(tx, [p.id for p in there.values() if p.closed_at_us is None and p.id not in wanted], at_us)
    records.close(tx, [p.id for p in there.values() if p.closed_at_us is not None and p.id in wanted], None)


def _gondolas_and_shelves(shop: str, layout: dict[str, Any], at_us: int) -> list[Place]:
    out = []
    for row in layout["gondolas"]:
        out.append(_fixture(f"{shop}/{row['id']}", shop, PlaceKind.GONDOLA, row, "진열대", "Gondola", at_us))
    for row in layout["shelves"]:
        parent = f"{shop}/{row['gondola']}"
        out.append(_fixture(f"{parent}/{row['id']}", parent, PlaceKind.SHELF, row, "선반", "Shelf", at_us))
    return out


def _fixture(id: str, parent: str, kind: PlaceKind, row: dict[str, Any], ko: str, en: str, at_us: int) -> Place:
    x0, y0, _, x1, y1, _ = row["box"]
    return Place(
        id=id, parent=parent, kind=kind, name_ko=f"{ko} {row['id']}", name_en=f"{en} {row['id']}",
        area_m2=round((x1 - x0) * (y1 - y0), 4), opened_at_us=at_us,
    )  # fmt: skip


def _same_shop(tx: Tx, by: Actor, there: Place, name_ko: str, name_en: str) -> Place:
    if there.kind is not PlaceKind.SHOP or not _called(tx, by, there, name_ko, name_en):
        raise _taken(there.id)
    return there


def _must_be_same(tx: Tx, by: Actor, there: Place, asked: Place) -> None:
    when = {"opened_at_us": there.opened_at_us, "closed_at_us": there.closed_at_us}
    named = {"name_ko": there.name_ko, "name_en": there.name_en}
    if msgspec.structs.replace(asked, **when, **named) != there:
        raise _taken(there.id)
    if not _called(tx, by, there, asked.name_ko, asked.name_en):
        raise _taken(there.id)


def _called(tx: Tx, by: Actor, there: Place, name_ko: str, name_en: str) -> bool:
    """Whether a place has this name, or had it before it was given another."""
    if (there.name_ko, there.name_en) == (name_ko, name_en):
        return True
    renamed = journal.trail(tx, by, subject=there.id, kinds=["places.renamed"])
    return any((fact.body.was_ko, fact.body.was_en) == (name_ko, name_en) for fact in renamed)


def _taken(id: str) -> Conflict:
    return Conflict(
        "places.id_taken",
        ko=f"'{id}'은(는) 이미 다른 장소입니다.",
        en=f"'{id}' is another place already.",
        next_ko="다른 코드를 쓰세요.",
        next_en="Use another code.",
        id=id,
    )


def _bad_id(id: str) -> Invalid:
    return Invalid(
        "places.bad_id",
        ko=f"'{id}'은(는) 장소 코드로 쓸 수 없습니다.",
        en=f"'{id}' cannot be a place's code.",
        next_ko="영문, 숫자, '.', '-', '_'로 64자까지 쓰세요.",
        next_en="Use letters, digits, '.', '-' and '_', up to 64.",
    )


def _cannot_lie(above: Place, kind: PlaceKind) -> Invalid:
    return Invalid(
        "places.cannot_lie_there",
        ko=f"{above.kind} 안에 {kind}을(를) 둘 수 없습니다.",
        en=f"A {kind} cannot lie in a {above.kind}.",
        next_ko="알맞은 상위 장소를 고르세요.",
        next_en="Choose a place that can hold it.",
        parent=above.id,
        kind=str(kind),
    )
