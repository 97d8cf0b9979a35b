"""Reasons: what speaks against a receipt, the weightiest first, each with the moments a person should look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from madang.walkout.engine.bodies import track_at
from madang.walkout.engine.doubt import Doubts, Kind, Moment, Spot, priced
from madang.walkout.engine.people import People
from madang.walkout.engine.store import Floats, Store
from madang.walkout.engine.types import Noted
from madang.walkout.engine.visits import Visit

LEAST_NATS = 0.002
"""Less than this (a receipt in five hundred) is not worth a word."""
MOST = 12

Found = dict[Kind, list[Moment]]


def moments_of(visit: Visit, bodies: Sequence[int], doubts: Doubts, store: Store) -> Found:
    """When and where what speaks against a visit arose, by kind."""
    found: Found = {k: some for k in doubts.of(bodies) if (some := doubts.moments.of(bodies, k))}
    gate = [Moment(1.0, spot, None) for spot in _unbound(visit, store)]
    return found | ({"unbound": gate} if gate else {})


def _unbound(visit: Visit, store: Store) -> Iterator[Spot]:
    """Entries nobody was tied to, the last one of a group that lacks somebody or came in among others, and the exit
    that did not fit."""
    for k, member in enumerate(visit.members, 1):
        if member.body is None or (k == len(visit.members) and visit.missing + visit.mixed):
            yield Spot(member.t, None, _middle(store.entry_line))
    if visit.doubt > 0.0:
        left = max([m.left for m in visit.members if m.left is not None], default=None)
        if left is not None:
            yield Spot(left, None, _middle(store.exit_line))


def noted(
    counts: Mapping[Kind, float], found: Found, prices: Mapping[str, float], store: Store, people: People
) -> tuple[Noted, ...]:
    """The reasons in order; a kind that arose at several moments shares its nats out among those that are told."""
    out: list[Noted] = []
    for kind, nats in priced(counts, prices).items():
        if nats < LEAST_NATS:
            break
        some = found.get(kind, [])
        total = sum(one.amount for one in some)
        out += [_told(kind, nats * one.amount / total, one, store, people) for one in some]
        if not some:
            out.append(Noted(kind, round(nats, 4)))
    return tuple(out[:MOST])


def _told(kind: Kind, nats: float, one: Moment, store: Store, people: People) -> Noted:
    t, plate, xy = one.spot
    facing = None if plate is None else next((f.id for f in store.facings if plate in f.plates), None)
    body = None if one.body is None else people.bodies.get(one.body)
    return Noted(
        kind,
        round(nats, 4),
        round(t, 3),
        facing,
        None if plate is None else store.plates[plate],
        None if body is None else track_at(body, t),
        None if xy is None else (round(xy[0], 2), round(xy[1], 2)),
    )


def _middle(line: Floats | None) -> tuple[float, float] | None:
    if line is None:
        return None
    x, y = line.mean(axis=0).tolist()[:2]
    return (x, y)
