"""Stock for the console's pages: what lies at a place, what expires, and the five things people do with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from madang import catalog, places
from madang.catalog import Product, SoldBy, ownership, stock
from madang.catalog.stock import Level, Lot
from madang.console.stock_outlook import Outlook, outlook
from madang.db import Database, Page, Tx
from madang.kernel import Actor, Clock, Ids, Invalid, seoul
from madang.places import Place, PlaceKind

T = TypeVar("T")
SOON_D = 3
"""Lots that expire within so many days are shown as due."""
REASONS = ("expired", "damaged", "sample", "other")
_KEEP_GOODS = (PlaceKind.SHOP, PlaceKind.HUB, PlaceKind.ROOM)


class Act(StrEnum):
    """What somebody did with goods."""

    RECEIVE = "receive"
    COUNT = "count"
    TRANSFER = "transfer"
    WASTE = "waste"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A form: ``amount`` in pieces, or grams where sold by weight; ``lot`` '' for goods without a date; ``target`` of
    a transfer; ``reason`` of waste."""

    act: Act
    sku: str
    amount: int
    lot: str = ""
    target: str = ""
    reason: str = "other"


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """A product at a place."""

    product: Product
    level: Level

    @property
    def grams(self) -> bool:
        return self.product.sold_by is SoldBy.WEIGHT


class AtPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place's stock: one page of its products, and every lot that is due; how long all of it lasts, where the first
    page of all was asked for."""

    place: Place
    others: tuple[Place, ...]
    page: Page[Shelved]
    due: tuple[Lot, ...]
    names: dict[str, Product]
    outlook: Outlook | None = None


class Stockroom:
    """One transaction a call."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids) -> None:
        self._db, self._n, self._clock, self._ids = db, neighbourhood, clock, ids

    def places(self, by: Actor) -> list[Place]:
        return self._read(lambda tx: places_with_goods(tx, by))

    def at(self, by: Actor, place: str, *, text: str = "", cursor: str | None = None) -> AtPlace:
        """Raises ``NotFound`` for a place that is none, ``Forbidden`` for one that is somebody else's."""

        def look(tx: Tx) -> AtPlace:
            by.need_shop(place)
            found = places.get(tx, by, place)
            page = catalog.find_products(tx, by, text=text, cursor=cursor, shops=by.shops)
            levels = stock.levels(tx, by, [p.id for p in page.rows], place=place)
            due = stock.expiring(tx, by, place, self.today + timedelta(days=SOON_D))
            return AtPlace(
                place=found,
                others=tuple(one for one in places_with_goods(tx, by) if one.id != place),
                page=page.map(lambda p: Shelved(product=p, level=levels.get(p.id, {}).get(place, Level()))),
                due=tuple(due),
                names=catalog.products(tx, by, {lot.sku for lot in due}),
                outlook=None if text or cursor else outlook(tx, by, place, self.today, soon=SOON_D + 1),
            )

        return self._read(look)

    def one(self, by: Actor, place: str, sku: str) -> tuple[AtPlace, Shelved]:
        """A product at a place. Raises ``NotFound`` for one that is none, or another shop's."""

        def look(tx: Tx) -> Shelved:
            product = catalog.kept_product(tx, by, sku)
            return Shelved(product=product, level=stock.levels(tx, by, [sku], place=place)[sku].get(place, Level()))

        return self.at(by, place, text=sku), self._read(look)

    def lots(self, by: Actor, place: str, sku: str) -> list[tuple[Lot, int]]:
        return self._read(lambda tx: stock.lots(tx, by, place, sku))

    def do(self, by: Actor, place: str, done: Done) -> None:
        """Book what was done. Raises ``Invalid`` for no amount, ``Conflict`` where there is not as much."""
        least = 0 if done.act is Act.COUNT else 1
        if done.amount < least:
            raise _no_amount()
        lot = Lot(sku=done.sku, amount=done.amount, lot=done.lot.strip() or stock.NO_LOT)
        named: dict[str, Any] = {"id": self._ids.new(), "at_us": self._clock.now_us()}

        def act(tx: Tx) -> None:
            ownership.need_free(tx, by, [done.sku])
            if done.act is Act.RECEIVE:
                stock.receive(tx, by, place, [lot], **named)
            elif done.act is Act.COUNT:
                stock.count(tx, by, place, lot, **named)
            elif done.act is Act.TRANSFER:
                stock.transfer(tx, by, place, done.target, [lot], **named)
            else:
                stock.waste(tx, by, place, [lot], reason=done.reason, **named)

        self._db.write(act, neighbourhood=self._n)

    @property
    def today(self) -> date:
        return seoul(self._clock.now_us()).date()

    def _read(self, fn: Callable[[Tx], T]) -> T:
        return self._db.read(fn, neighbourhood=self._n)


def places_with_goods(tx: Tx, by: Actor) -> list[Place]:
    """Where goods can lie, as far as the caller works there."""
    return [p for p in places.every(tx, by) if p.kind in _KEEP_GOODS and not (by.shops and p.id not in by.shops)]


def _no_amount() -> Invalid:
    return Invalid(
        "console.no_amount",
        ko="수량은 1 이상이어야 합니다.",
        en="The amount must be one or more.",
        next_ko="수량을 숫자로 적으세요. 다 버렸다면 '버리기'를 고르세요.",
        next_en="Write the amount as a number; choose waste for what was thrown away.",
    )
