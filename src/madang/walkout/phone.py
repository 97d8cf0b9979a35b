"""A shopper's own live page: what of the shop's stream is theirs, told within the moment it happens.

The hub's events name visits; whose a visit is stands in the books. Only events of a visit that this shopper pays for
are passed on, each with no more than its shopper may know: nobody else's cart, place or name is in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from madang.db import Database, Tx
from madang.kernel import Actor, system
from madang.walkout import records
from madang.walkout.live import HEARTBEAT_S, Hub
from madang.walkout.live_log import Event, Payload

TOLD = {
    "move": ("kind", "product", "name_ko", "name_en", "qty", "t_us", "retracted", "id"),
    "cart": ("lines", "total_krw", "closed", "t_us"),
    "receipt": ("state", "total_krw", "items", "url", "t_us"),
    "gate": ("event", "t_us"),
}
"""What of each event a shopper is told."""

Whose = Callable[[str], str | None]
"""The opaque key of who pays for a visit by its name; None where the books do not know it (yet)."""


def whose(db: Database, neighbourhood: str, shop: str) -> Whose:
    """Asks the books once for each visit."""
    known: dict[str, str] = {}

    def look(tx: Tx) -> None:
        for visit in records.open_visits(tx, shop):
            known[visit.name] = visit.payer or ""

    def of(visit: str) -> str | None:
        if visit not in known:
            db.read(look, neighbourhood=neighbourhood)
        return known.get(visit)

    return of


def inside(tx: Tx, by: Actor, shop: str) -> str | None:
    """The name of the visit the caller is on in a shop, the latest where there are several."""
    mine = [visit.name for visit in records.open_visits(tx, shop) if visit.payer == by.key]
    return mine[-1] if mine else None


def present(hub: Hub, by: Actor, whose: Whose) -> Payload | None:
    """The caller's cart as it stands now, None where they are not inside (or carry nothing yet)."""
    for cart in reversed(hub.snapshot()["carts"]):
        if not cart["closed"] and whose(cart["visit"]) == by.key:
            return _told("cart", cart)
    return None


async def stream(
    hub: Hub, by: Actor, whose: Whose, last_event_id: str | None = None, *, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """Server-sent events of the caller's own visit: ``move``, ``cart``, ``receipt``, ``gate``; a ``beat`` else."""
    async with aclosing(hub.follow(last_event_id, heartbeat_s=heartbeat_s)) as following:
        yield b"retry: 1000\n\n"
        async for events in following:
            if not events:
                yield b"event: beat\ndata: {}\n\n"
                continue
            mine = await asyncio.to_thread(own, events, by, whose)
            if mine:
                yield b"".join(event.frame(hub.epoch) for event in mine)


def own(events: list[Event], by: Actor, whose: Whose) -> list[Event]:
    """Those events that are the caller's, with what they may know of each; of a snapshot their cart."""
    found = []
    for event in events:
        if event.name == "snapshot":
            carts = [x for x in event.data["carts"] if not x["closed"] and whose(x["visit"]) == by.key]
            found += [Event(event.seq, "cart", _told("cart", x)) for x in carts[-1:]]
        elif event.name in TOLD and event.data.get("visit") and whose(event.data["visit"]) == by.key:
            found.append(Event(event.seq, event.name, _told(event.name, event.data)))
    return found


def _told(name: str, data: Payload) -> Payload:
    return {key: data[key] for key in TOLD[name] if key in data}


def reader(neighbourhood: str) -> Actor:
    """As whom the shelf's labels are read: what a product is, anybody may know."""
    return system(neighbourhood, "phone")
