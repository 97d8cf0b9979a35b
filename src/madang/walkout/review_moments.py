"""The moments a person should look at: moves that may be meant otherwise, and what else a receipt's doubt comes from:
a hand over a dead plate, hands that met, cameras that were dark, an exit that did not fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from madang.db import Tx
from madang.kernel.clock import SECOND_US
from madang.walkout import records
from madang.walkout.holds import Move
from madang.walkout.model import Noted
from madang.walkout.visits import NOBODY, Visit

MOMENTS_MAX = 4
UNKNOWN_MAX = 2
"""So many of them are things that no known goods explain, at most."""
NOTED_MAX = 2
"""... and so many are no moves at all, unless there is nothing else to see."""
NOTED_SHARE = 0.1
"""What makes less than this share of a receipt's doubt is no reason to be told, and no moment to be shown."""
REASONS_MAX = 3
AROUND_US = 10 * SECOND_US
ABOUT_US = 3 * SECOND_US // 2
"""What is noted within so long of a move at the same place is about that move."""

Whose = Literal["mine", "other", "nobody"]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A move that may be meant otherwise, or (``product`` empty, no ``grams``) something else that speaks against the
    receipt. ``whose``: held to be this visit's, another's, or nobody's."""

    at_us: int
    pick: bool
    product: str
    qty: int
    facing: str
    """A facing, or a plate; empty where it was at none."""
    probability: float
    whose: Whose
    track: str | None
    shared: bool = False
    """Another visit's hand is held to have taken part of it."""
    grams: float | None = None
    """Of something that is no known goods (``product`` empty, ``facing`` a facing or a plate): what it weighs."""
    why: tuple[str, ...] = ()
    """Kinds of doubt that arose here, the weightiest first ..."""
    share: float = 0.0
    """... and how much of the receipt's doubt they are."""
    at: tuple[float, float] | None = None
    """Where on the floor, metres, if that is known and not at a shelf."""

    @property
    def moved(self) -> bool:
        """True of goods that were moved, known or not."""
        return bool(self.product) or self.grams is not None


def reasons(noted: Sequence[Noted]) -> tuple[str, ...]:
    """The kinds of doubt that make most of it, the weightiest first."""
    nats: dict[str, float] = {}
    for one in noted:
        nats[one.kind] = nats.get(one.kind, 0.0) + one.nats
    total = math.fsum(nats.values())
    told = [kind for kind, n in sorted(nats.items(), key=lambda x: (-x[1], x[0])) if n >= NOTED_SHARE * total]
    return tuple(told[:REASONS_MAX])


def moments_of(
    tx: Tx, shop: str, visit: Visit, doubtful: set[str], noted: Sequence[Noted], at_us: int
) -> tuple[Moment, ...]:
    """First of all what no known goods explain, then what else speaks against the receipt, then the visit's own moves
    with a doubtful product, the least sure first, then what others did with one meanwhile; where there is none of all
    that, the visit's own moves. In the order of their times."""
    total = math.fsum(one.nats for one in noted)
    weighty = [one for one in noted if one.t is not None and one.nats >= NOTED_SHARE * total]
    mine = _with_reasons(_of(visit, "mine"), weighty, total)
    odd = sorted(_with_reasons(_unknown(visit), weighty, total), key=_doubted)[:UNKNOWN_MAX]
    own, apart = _doubtful_moves(tx, shop, visit, mine, doubtful, at_us)
    others = [_apart(one, total) for one in weighty if not any(_about(one, move) for move in (*mine, *odd))]
    moves = [*own, *apart][: MOMENTS_MAX - min(len(others), NOTED_MAX)]
    chosen = [*odd, *others[: MOMENTS_MAX - len(moves)], *moves] or sorted(mine, key=_doubted)
    return tuple(sorted(chosen[:MOMENTS_MAX], key=lambda one: one.at_us))


def _doubtful_moves(
    tx: Tx, shop: str, visit: Visit, mine: Sequence[Moment], doubtful: set[str], at_us: int
) -> tuple[list[Moment], list[Moment]]:
    """The visit's own moves that are in doubt, and what others did with a doubtful product meanwhile."""
    until_us = max([one.at_us for one in mine], default=at_us) + AROUND_US
    others = [
        one
        for other in records.visits_since(tx, shop, visit.entered_at_us)
        if other.id != visit.id
        for one in _of(other, "nobody" if other.name == NOBODY else "other")
        if one.product in doubtful and visit.entered_at_us - AROUND_US <= one.at_us <= until_us
    ]
    own = [
        msgspec.structs.replace(one, shared=any(_same(one, other) for other in others))
        for one in mine
        if one.product in doubtful or one.why
    ]
    apart = [one for one in others if not any(_same(one, other) for other in mine)]
    own.sort(key=lambda one: (-one.share, *_doubted(one)))
    return own[:MOMENTS_MAX], sorted(apart, key=_doubted)


def _with_reasons(moves: Sequence[Moment], noted: Sequence[Noted], total: float) -> list[Moment]:
    """The moves with what was noted about each."""
    found = []
    for move in moves:
        here = [one for one in noted if _about(one, move)]
        why = tuple(dict.fromkeys(one.kind for one in here))
        share = math.fsum(one.nats for one in here) / total if here else 0.0
        found.append(msgspec.structs.replace(move, why=why, share=share))
    return found


def _apart(one: Noted, total: float) -> Moment:
    """A reason that is no move."""
    assert one.t is not None
    return Moment(
        at_us=round(one.t * 1e6), pick=False, product="", qty=0, facing=one.facing or one.plate or "",
        probability=1.0, whose="mine", track=one.track, why=(one.kind,), share=one.nats / total, at=one.at,
    )  # fmt: skip


def _about(one: Noted, move: Moment) -> bool:
    here = bool(move.facing) and move.facing in (one.facing, one.plate)
    return here and one.t is not None and abs(round(one.t * 1e6) - move.at_us) < ABOUT_US


def _doubted(moment: Moment) -> tuple[float, int]:
    return moment.probability, moment.at_us


def _same(one: Moment, other: Moment) -> bool:
    """Two words on one event: the same facing within a moment."""
    return one.facing == other.facing and abs(one.at_us - other.at_us) < SECOND_US // 2


def _of(visit: Visit, whose: Whose) -> list[Moment]:
    return [_moment(move, whose) for move in (visit.books.past | visit.books.moves).values() if move.qty > 0]


def _unknown(visit: Visit) -> list[Moment]:
    return [_moment(move, "mine") for move in visit.books.unknown.values()]


def _moment(move: Move, whose: Whose) -> Moment:
    return Moment(
        at_us=round(move.t * 1e6),
        pick=move.pick,
        product=move.product,
        qty=move.qty,
        facing=move.facing,
        probability=move.probability,
        whose=whose,
        track=move.track,
        grams=move.grams,
    )
