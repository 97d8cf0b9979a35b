"""Opening, naming and closing places: a shop without sensors, a hub to fetch from, a room that keeps goods.

A place is closed only when nothing would be lost in it: ``stops`` says what keeps it open.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang import deals, journal, ledger, places
from madang.catalog import ownership
from madang.console import faults
from madang.db import Database, Tx
from madang.journal import Fact
from madang.kernel import Actor, Clock, Ids, Role
from madang.ledger import Book
from madang.places import Place, PlaceKind
from madang.places.changing import good_names
from madang.storefront import board, process
from madang.storefront.terms import sells_online
from madang.walkout import records as walkout
from madang.walkout.process import NAME as WALKOUT

OPENED = (PlaceKind.SHOP, PlaceKind.HUB, PlaceKind.ROOM, PlaceKind.YARD, PlaceKind.BUILDING, PlaceKind.STREET)
"""What people open; gondolas and shelves come with a shop's layout."""
TRAIL = 20


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Why a place cannot be closed yet: ``what`` keeps it open, ``n`` times; ``where`` is the page to go to."""

    what: str
    n: int
    where: str


class One(msgspec.Struct, frozen=True, kw_only=True):
    """A place whole: the way to it, what lies in it (fixtures counted only), why it cannot be closed, its trail."""

    place: Place
    path: tuple[Place, ...]
    inside: tuple[Place, ...]
    fixtures: int
    layout: bool
    stops: tuple[Stop, ...]
    facts: tuple[Fact, ...]


def everywhere(tx: Tx, by: Actor) -> tuple[list[Place], list[Place]]:
    """(places in use, places that were closed), without fixtures and the neighbourhood itself."""
    _need_whole(by)
    root = [one for one in places.every(tx, by) if one.id == tx.neighbourhood]
    found = [one for one in places.within(tx, by, tx.neighbourhood) if one.kind in OPENED] if root else []
    ordered = sorted(found, key=lambda one: (OPENED.index(one.kind), one.id))
    return [o for o in ordered if o.closed_at_us is None], [o for o in ordered if o.closed_at_us is not None]


def parents(tx: Tx, by: Actor) -> list[Place]:
    """Open places another may lie in."""
    return [one for one in everywhere(tx, by)[0] if one.kind is not PlaceKind.ROOM and one.kind is not PlaceKind.YARD]


def one(tx: Tx, by: Actor, id: str) -> One:
    """Raises ``NotFound`` for a place that is none, or that nobody opens and closes by hand."""
    _need_whole(by)
    place = _known(tx, by, id)
    inside = places.within(tx, by, id)
    return One(
        place=place,
        path=tuple(places.path(tx, by, id)[:-1]),
        inside=tuple(p for p in inside if p.kind in OPENED),
        fixtures=sum(p.kind not in OPENED and p.closed_at_us is None for p in inside),
        layout=places.has_layout(tx, by, id),
        stops=() if place.closed_at_us is not None else stops(tx, by, id),
        facts=tuple(journal.trail(tx, by, subject=id, limit=TRAIL)),
    )


def open_place(
    tx: Tx, by: Actor, id: str, kind: PlaceKind, name_ko: str, name_en: str, *, parent: str | None, at_us: int
) -> Place:
    """Open a place. Raises what ``places.add_place`` raises, ``Invalid`` for a kind nobody opens by hand, and
    ``Conflict`` below a place that is closed."""
    _need_whole(by)
    if kind not in OPENED:
        raise faults.no_such_kind()
    ko, en = good_names(name_ko, name_en)
    if parent is not None:
        places.in_use(tx, by, parent)
    uses = ("retail",) if kind is PlaceKind.SHOP else ()
    return places.add_place(tx, by, id, kind, ko, en, parent=parent, uses=uses, at_us=at_us)


def rename(tx: Tx, by: Actor, id: str, name_ko: str, name_en: str, *, fact: UUID, at_us: int) -> Place:
    _need_whole(by)
    _known(tx, by, id)
    return places.rename_place(tx, by, id, name_ko, name_en, fact=fact, at_us=at_us)


def close(tx: Tx, by: Actor, id: str, *, at_us: int) -> None:
    """Close a place and what lies in it. Raises ``Conflict`` ``console.place_in_use`` naming all that keeps it open."""
    _need_whole(by)
    if _known(tx, by, id).closed_at_us is not None:
        return
    if found := stops(tx, by, id):
        raise faults.place_in_use(id, [(stop.what, stop.n) for stop in found])
    places.close_place(tx, by, id, at_us=at_us)


def reopen(tx: Tx, by: Actor, id: str, *, at_us: int) -> None:
    _need_whole(by)
    _known(tx, by, id)
    places.reopen_place(tx, by, id, at_us=at_us)


def stops(tx: Tx, by: Actor, id: str) -> tuple[Stop, ...]:
    """What keeps a place and all in it from being closed: goods, orders, people inside, online sales that are on, and
    shops whose orders can be fetched there."""
    gone = [p for p in (places.get(tx, by, id), *places.within(tx, by, id)) if p.closed_at_us is None]
    named = [p.id for p in gone if p.kind in OPENED]
    found: list[Stop] = []
    for at in named:
        found += _stops_at(tx, by, at)
    for shop, terms in sells_online(tx).items():
        if shop in named:
            found.append(Stop(what="online", n=1, where=f"/console/settings/{shop}"))
        elif set(terms.fetch_at) & set(named):
            found.append(Stop(what="fetched", n=1, where=f"/console/settings/{shop}"))
    return tuple(stop for stop in found if stop.n)


def _stops_at(tx: Tx, by: Actor, at: str) -> list[Stop]:
    goods = {
        key.unit
        for code in ("stock", "shelf")
        for key, held in ledger.balances(tx, book=Book.GOODS, code=code, owner_prefix=f"{at}/").items()
        if held.posted or held.pending_in or held.pending_out
    }
    here = sum(board.counts(tx, by, shop=at).values())
    coming = deals.find(tx, by, process=process.NAME, states=board.OPEN, says=[f'"place":"{at}"'], limit=50).rows
    visits = deals.counts(tx, by, process=WALKOUT, states=("in_review", "disputed"), shop=at)
    return [
        Stop(what="goods", n=len(goods), where=f"/console/stock/{at}"),
        Stop(what="orders", n=here + sum(deal.shop != at for deal in coming), where=f"/console/orders?shop={at}"),
        Stop(what="inside", n=len(walkout.open_visits(tx, at)), where=f"/live/{at}"),
        Stop(what="review", n=sum(visits.values()), where=f"/desk/{at}"),
    ]


def _known(tx: Tx, by: Actor, id: str) -> Place:
    place = places.get(tx, by, id)
    if place.kind not in OPENED:
        raise faults.no_such_kind()
    return place


def _need_whole(by: Actor) -> None:
    by.need(Role.OPERATOR)
    ownership.need_whole(by)


class PlacesDesk:
    """One transaction a call, for the pages."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids) -> None:
        self._db, self._n, self.clock, self.ids = db, neighbourhood, clock, ids

    def every(self, by: Actor) -> tuple[list[Place], list[Place], list[Place]]:
        """(in use, closed, what another may lie in)."""
        return self._db.read(lambda tx: (*everywhere(tx, by), parents(tx, by)), neighbourhood=self._n)

    def one(self, by: Actor, id: str) -> One:
        return self._db.read(lambda tx: one(tx, by, id), neighbourhood=self._n)

    def open(self, by: Actor, id: str, kind: PlaceKind, name_ko: str, name_en: str, parent: str) -> Place:
        at_us = self.clock.now_us()
        return self._db.write(
            lambda tx: open_place(tx, by, id, kind, name_ko, name_en, parent=parent or None, at_us=at_us),
            neighbourhood=self._n,
        )

    def rename(self, by: Actor, id: str, name_ko: str, name_en: str) -> None:
        fact, at_us = self.ids.new(), self.clock.now_us()
        self._db.write(lambda tx: rename(tx, by, id, name_ko, name_en, fact=fact, at_us=at_us), neighbourhood=self._n)

    def close(self, by: Actor, id: str) -> None:
        at_us = self.clock.now_us()
        self._db.write(lambda tx: close(tx, by, id, at_us=at_us), neighbourhood=self._n)

    def reopen(self, by: Actor, id: str) -> None:
        at_us = self.clock.now_us()
        self._db.write(lambda tx: reopen(tx, by, id, at_us=at_us), neighbourhood=self._n)
