"""Builds worlds for tests through the services of rooms only: a test starts from what the software itself can make.

Each function takes a ``World`` and gives the thing it made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from madang import catalog, ledger, members, payments, places
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Ids, system
from madang.places import Shop
from madang.walkout import service
from madang.walkout.records import Rules


@dataclass(slots=True)
class World:
    """A neighbourhood in a database, with its time and ids."""

    db: Database
    clock: Clock
    ids: Ids
    neighbourhood: str = "n1"
    by: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.by = system(self.neighbourhood)


def member(world: World, *, full_name: str = "김미나", wallet_krw: int = 0) -> UUID:
    """Somebody who has joined, with an entry code and money in the wallet."""
    key, paid, at_us = world.ids.new(), world.ids.new(), world.clock.now_us()

    def act(tx: Tx) -> None:
        members.add_person(tx, world.by, key=key, fields={"full_name": full_name}, at_us=at_us)
        members.issue_credential(tx, world.by, key, f"code-{key}", at_us)
        if wallet_krw:
            ledger.post(tx, payments.top_up(id=paid, person=str(key), amount_krw=wallet_krw, at_us=at_us))

    world.db.write(act, neighbourhood=world.neighbourhood)
    return key


def shop(world: World, layout: dict[str, Any], *, id: str = "s1", capacity: int = 5) -> Shop:
    """An open shop with what its layout says: products, prices, planogram, full shelves."""
    at_us = world.clock.now_us()
    ids = [world.ids.new() for _ in range(4)]
    stock = catalog.stock_of(layout, shop=id, from_us=at_us)

    def act(tx: Tx) -> Shop:
        made = places.add_shop(tx, world.by, id, "가게", "Shop", layout, at_us)
        catalog.add_products(tx, world.by, stock.products, id=ids[0], at_us=at_us)
        catalog.set_prices(tx, world.by, stock.prices, id=ids[1], at_us=at_us)
        catalog.set_facings(tx, world.by, id, stock.facings, id=ids[2], at_us=at_us, whole=True)
        service.open_shop(tx, world.by, id, Rules(capacity, 5_000), at_us=at_us)
        service.stock_as_planned(tx, world.by, id, id=ids[3], at_us=at_us)
        return made

    return world.db.write(act, neighbourhood=world.neighbourhood)
