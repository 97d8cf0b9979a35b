"""Stock files of a place: what is given out, and taking in what people filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from madang import catalog, places
from madang.catalog import RowError, SoldBy, stock
from madang.catalog.stock import Lot
from madang.console import service, stock_changes, stock_rows
from madang.console.model import Change, Kind
from madang.console.stockroom import Act, places_with_goods
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Ids, Role, seoul
from madang.ledger import Balance
from madang.places import Place

MAY = (Role.OPERATOR, Role.STAFF)
PAGE = 200


class Given(StrEnum):
    """What is given out of a place."""

    LIST = "list"
    COUNT = "count"
    WASTE = "waste"


_COLUMNS = {
    Given.LIST: ("sku", "gtin", "name", "expires", "batch", "on_hand", "reserved", "unit"),
    Given.COUNT: ("sku", "gtin", "name", "expires", "batch", "on_hand", "unit", "amount"),
    Given.WASTE: ("sku", "gtin", "name", "expires", "batch", "on_hand", "unit", "amount", "reason"),
}


class StockSheets:
    """One transaction a call."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids) -> None:
        self._db, self._n, self._clock, self._ids = db, neighbourhood, clock, ids

    def places(self, by: Actor) -> list[Place]:
        by.need(*MAY)
        return self._db.read(lambda tx: places_with_goods(tx, by), neighbourhood=self._n)

    def place(self, by: Actor, id: str) -> Place:
        """Raises ``NotFound`` for a place that is none, ``Forbidden`` for one that is somebody else's."""
        by.need(*MAY)
        by.need_shop(id)
        return self._db.read(lambda tx: places.get(tx, by, id), neighbourhood=self._n)

    def take(self, by: Actor, place: str, act: Act, data: bytes | str) -> tuple[Change | None, tuple[RowError, ...]]:
        """Stage what a file says was done with goods; with a fault in it nothing is staged and every fault is given."""
        id, at_us = self._ids.new(), self._clock.now_us()

        def stage(tx: Tx) -> tuple[Change | None, tuple[RowError, ...]]:
            by.need(*MAY)
            by.need_shop(place)
            places.in_use(tx, by, place)
            lines, faults = stock_rows.read(tx, by, place, act, data)
            if faults:
                return None, faults
            edits = stock_changes.edits(place, act, lines)
            return service.stage(tx, by, Kind.STOCK, edits, id=id, at_us=at_us), ()

        return self._db.write(stage, neighbourhood=self._n)

    def give(self, by: Actor, place: str, what: Given) -> tuple[list[str], list[list[Any]], str]:
        """Heading and rows of a sheet, and what its file is called. ``COUNT`` has every product the place keeps, a lot
        a row with what the books have; ``WASTE`` what has expired, ready to be taken in."""
        by.need(*MAY)
        rows = self._db.read(lambda tx: self._rows(tx, by, place, what), neighbourhood=self._n)
        columns = _COLUMNS[what]
        heading = [stock_rows.COLUMNS[name][0] for name in columns]
        name = f"stock-{what}-{place}-{seoul(self._clock.now_us()):%Y%m%d}"
        return heading, [[row[column] for column in columns] for row in rows], name

    def _rows(self, tx: Tx, by: Actor, place: str, what: Given) -> list[dict[str, Any]]:
        by.need_shop(place)
        places.get(tx, by, place)
        held = stock.at_place(tx, by, place)
        if what is Given.WASTE:
            gone = stock.expiring(tx, by, place, seoul(self._clock.now_us()).date() - timedelta(days=1))
            held = {(lot.sku, lot.lot): held[lot.sku, lot.lot] for lot in gone}
        lots = dict(sorted(held.items()))
        if what is Given.COUNT:
            there = {sku for sku, _ in lots}
            lots |= {(sku, stock.NO_LOT): Balance() for sku in _kept(tx, by, place) if sku not in there}
        goods = catalog.products(tx, by, {sku for sku, _ in lots})
        return [
            _row(goods[sku], Lot(sku=sku, lot=lot, amount=balance.posted), balance, what)
            for (sku, lot), balance in sorted(lots.items())
            if sku in goods
        ]


def _kept(tx: Tx, by: Actor, place: str) -> Sequence[str]:
    """The products that a place is known to keep."""
    found, cursor = list[str](), None
    while True:
        page = catalog.find_products(tx, by, cursor=cursor, limit=PAGE, shops=(place,))
        found += [product.id for product in page.rows]
        if (cursor := page.next) is None:
            return found


def _row(product: catalog.Product, lot: Lot, balance: Balance, what: Given) -> dict[str, Any]:
    day, _, batch = lot.lot.partition(".")
    unit = "g" if product.sold_by is SoldBy.WEIGHT else "개"
    return {
        "sku": product.id, "gtin": product.gtin or "", "name": product.name_ko, "unit": unit,
        "expires": "" if lot.lot == stock.NO_LOT else day, "batch": batch, "on_hand": balance.posted,
        "reserved": balance.pending_out, "amount": balance.available if what is Given.WASTE else "",
        "reason": "기한 지남",
    }  # fmt: skip
