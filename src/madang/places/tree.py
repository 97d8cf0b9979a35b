"""Which place may lie in which. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from madang.places.model import Place, PlaceKind

K = PlaceKind
_AREAS = frozenset({K.NEIGHBOURHOOD, K.STREET, K.BUILDING})
_VENUES = frozenset({K.SHOP, K.HUB, K.YARD, K.ROOM})

PARENTS: Mapping[PlaceKind, frozenset[PlaceKind]] = {
    K.NEIGHBOURHOOD: frozenset(),
    K.STREET: frozenset({K.NEIGHBOURHOOD}),
    K.BUILDING: frozenset({K.NEIGHBOURHOOD, K.STREET}),
    K.SHOP: _AREAS | {K.HUB},
    K.HUB: _AREAS,
    K.YARD: _AREAS,
    K.ROOM: frozenset({K.BUILDING, K.SHOP, K.HUB}),
    K.CELL: _VENUES,
    K.GONDOLA: _VENUES,
    K.SHELF: frozenset({K.GONDOLA, K.ROOM}),
}


def may_hold(parent: Place, kind: PlaceKind) -> bool:
    """Whether a place of ``kind`` may lie directly in ``parent``."""
    return parent.kind in PARENTS[kind]


def path(places: Mapping[str, Place], id: str) -> list[Place]:
    """From the root down to the place itself."""
    out: list[Place] = []
    at: str | None = id
    while at is not None:
        place = places[at]
        out.append(place)
        at = place.parent
    return out[::-1]
