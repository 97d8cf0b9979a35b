"""What a visit holds, from all the engine has said of its moves: pure, and made anew after every revision.

Belief changes backwards (a later put-back may rewrite an earlier pick), so nothing is added up step by step: from
the moves as they now stand follows what ought to be in the books, and the service books the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from madang.walkout.model import Moved

PROBABILITY_MIN = 0.5
"""A move is booked when the engine holds it for likelier than not; below, it stays a belief."""


class Spot(NamedTuple):
    """A product on a facing."""

    product: str
    facing: str


class Shift(NamedTuple):
    """A product taken from one facing and left on another."""

    product: str
    source: str
    target: str


class Wanted(NamedTuple):
    """What ought to be in the books for one visit, in pieces.

    ``held``: taken and not put back, by where it was taken from. ``shifted``: put back elsewhere. ``brought``: put
    on a shelf without having been taken by this visit (restocked, or handed over).
    """

    held: dict[Spot, int]
    shifted: dict[Shift, int]
    brought: dict[Spot, int]


class Move(msgspec.Struct, frozen=True, array_like=True):
    """As much of a ``Moved`` as the books need, in its latest revision."""

    t: float
    pick: bool
    product: str
    facing: str
    qty: int
    revision: int
    probability: float = 1.0
    track: str | None = None
    """The camera's name of the body whose hand it was, at that moment."""
    grams: float | None = None
    """Of something unknown (``product`` empty, ``facing`` a facing or a plate): what it weighs."""


def heard(moves: Mapping[str, Move], moved: Moved, home: Mapping[str, str]) -> dict[str, Move]:
    """The moves after ``moved``; ``home`` gives a product's own facing, for a move whose facing is unknown."""
    known = moves.get(moved.id)
    if known is not None and known.revision > moved.revision:
        return dict(moves)
    product = moved.product or ""
    facing = moved.facing or home.get(product, "")
    counts = not moved.retracted and moved.kind in ("pick", "put_back") and moved.probability >= PROBABILITY_MIN
    after = dict(moves)
    if counts and product and facing and moved.qty > 0:
        pick, sure = moved.kind == "pick", round(moved.probability, 4)
        after[moved.id] = Move(moved.t, pick, product, facing, moved.qty, moved.revision, sure, moved.track)
    elif known is not None:
        after[moved.id] = msgspec.structs.replace(known, qty=0, revision=moved.revision)
    return after


def wanted(moves: Mapping[str, Move]) -> Wanted:
    """Go through the moves in the order of their times."""
    held: dict[Spot, int] = {}
    shifted: dict[Shift, int] = {}
    brought: dict[Spot, int] = {}
    for _, move in sorted(moves.items(), key=lambda item: (item[1].t, item[0])):
        spot = Spot(move.product, move.facing)
        if move.pick:
            held[spot] = held.get(spot, 0) + move.qty
            continue
        left = move.qty
        for source in _nearest(held, spot):
            part = min(left, held[source])
            held[source] -= part
            left -= part
            if source != spot and part:
                shift = Shift(move.product, source.facing, move.facing)
                shifted[shift] = shifted.get(shift, 0) + part
        if left:
            brought[spot] = brought.get(spot, 0) + left
    return Wanted({s: n for s, n in held.items() if n}, shifted, brought)


def _nearest(held: Iterable[Spot], spot: Spot) -> list[Spot]:
    """Where a piece put back at ``spot`` may have been taken: there first."""
    return sorted((s for s in held if s.product == spot.product), key=lambda s: (s != spot, s.facing))


def by_product(held: Mapping[Spot, int]) -> dict[str, int]:
    """Pieces in hand by product."""
    total: dict[str, int] = {}
    for spot, pieces in held.items():
        total[spot.product] = total.get(spot.product, 0) + pieces
    return total
