"""A shopper's own live page: what of the shop's stream is theirs, told within the moment it happens.

The hub's events name visits; whose a visit is stands in the books. Only events of a visit that this shopper pays for
are passed on, each with no more than its shopper may know: nobody else's cart, place or name is in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from madang import catalog
from madang.catalog import Ask, Shopper
from madang.db import Database, Tx
from madang.kernel import Actor, Invalid, system
from madang.walkout import records
from madang.walkout.live import HEARTBEAT_S, Hub
from madang.walkout.live_log import Event, Payload

TOLD = {
    "move": ("kind", "product", "name_ko", "name_en", "qty", "t_us", "retracted", "id"),
    "glimpse": ("id", "product", "over", "t_us"),
    "cart": ("lines", "total_krw", "closed", "t_us"),
    "receipt": ("state", "total_krw", "items", "url", "t_us"),
    "gate": ("event", "t_us"),
}
"""What of each event a shopper is told."""

Priced = Callable[[Payload], Payload]
"""A cart as its shopper would pay for it: price lists and promotions that hold for them, and why."""
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


def present(hub: Hub, by: Actor, whose: Whose, priced: Priced) -> Payload | None:
    """The caller's cart as it stands now, None where they are not inside (or carry nothing yet)."""
    for cart in reversed(hub.snapshot()["carts"]):
        if not cart["closed"] and whose(cart["visit"]) == by.key:
            return priced(_told("cart", cart))
    return None


def pricing(db: Database, shop: str, shopper: Shopper, now_us: Callable[[], int], *, neighbourhood: str) -> Priced:
    """Prices carts of one shopper in a shop as they would be charged; asks the books once for each that is another."""
    known: dict[str, dict[str, catalog.Priced]] = {}
    by = reader(neighbourhood)

    def look(tx: Tx, asks: list[Ask]) -> catalog.Quote:
        there = catalog.unit_prices(tx, by, [ask.sku for ask in asks], at_us=now_us(), shop=shop, shopper=shopper)
        sold = [ask for ask in asks if ask.sku in there]
        return catalog.quotes(tx, by, [sold], at_us=now_us(), shop=shop, shopper=shopper)[0]

    def priced(cart: Payload) -> Payload:
        asks = [Ask(sku=x["product"], qty=x["qty"], grams=x["grams"]) for x in cart["lines"] if _much(x)]
        asked = repr(asks)
        if asked not in known:
            try:
                quote = db.read(lambda tx: look(tx, asks), neighbourhood=neighbourhood)
                lines = {line.sku: line for line in quote.lines}
            except Invalid:  # what cannot be priced yet is shown as it is told
                lines = {}
            known.clear()
            known[asked] = lines
        shown = [_as_priced(line, known[asked].get(line["product"])) for line in cart["lines"]]
        return cart | {"lines": shown, "total_krw": sum(line["amount_krw"] for line in shown)}

    return priced


def _much(line: Payload) -> bool:
    return bool(line["qty"] > 0 and line["grams"] != 0)


def _as_priced(line: Payload, priced: catalog.Priced | None) -> Payload:
    if priced is None:
        return line | {"why": []}
    why = [{"ko": step.ko, "en": step.en, "krw": step.amount_krw} for step in priced.trace if step.rule != "price"]
    return line | {"amount_krw": priced.amount_krw, "list_krw": priced.list_krw, "why": why}


async def stream(
    hub: Hub,
    by: Actor,
    whose: Whose,
    priced: Priced,
    last_event_id: str | None = None,
    *,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncIterator[bytes]:
    """Server-sent events of the caller's own visit: each of ``TOLD``; a ``beat`` else."""
    async with aclosing(hub.follow(last_event_id, heartbeat_s=heartbeat_s)) as following:
        yield b"retry: 1000\n\n"
        async for events in following:
            if not events:
                yield b"event: beat\ndata: {}\n\n"
                continue
            mine = await asyncio.to_thread(own, events, by, whose, priced)
            if mine:
                yield b"".join(event.frame(hub.epoch) for event in mine)


def own(events: list[Event], by: Actor, whose: Whose, priced: Priced) -> list[Event]:
    """Those events that are the caller's, with what they may know of each; of a snapshot their cart."""
    found = []
    for event in events:
        if event.name == "snapshot":
            carts = [x for x in event.data["carts"] if not x["closed"] and whose(x["visit"]) == by.key]
            found += [Event(event.seq, "cart", priced(_told("cart", x))) for x in carts[-1:]]
        elif event.name in TOLD and event.data.get("visit") and whose(event.data["visit"]) == by.key:
            told = _told(event.name, event.data)
            found.append(Event(event.seq, event.name, priced(told) if event.name == "cart" else told))
    return found


def _told(name: str, data: Payload) -> Payload:
    return {key: data[key] for key in TOLD[name] if key in data}


def reader(neighbourhood: str) -> Actor:
    """As whom the shelf's labels are read: what a product is, anybody may know."""
    return system(neighbourhood, "phone")
