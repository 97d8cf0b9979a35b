"""The keys of stock in the goods book, and its words: a lot, a level, what is reserved."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

import msgspec

from madang.catalog.model import Product, SoldBy
from madang.kernel import business_date
from madang.ledger import AccountKey, Balance, Book, Limit, declare_code

NO_LOT = "-"
"""The lot of goods nobody keeps an expiry date of."""

_DAY = re.compile(
    r"(?P<year>\d{4})(?:-|/|\.\s?)(?P<month>\d{1,2})(?:-|/|\.\s?)(?P<day>\d{1,2})(?:\.(?P<batch>[A-Za-z0-9_-]{1,20})?)?"
)
_BATCH = re.compile(r"[A-Za-z0-9_-]{1,20}")

declare_code("stock", Book.GOODS, Limit.DEBITS_WITHIN_CREDITS, ko="재고", en="Stock of a place, per lot")
declare_code("shelf", Book.GOODS, Limit.DEBITS_WITHIN_CREDITS, ko="매대", en="Shelf")
declare_code("sold", Book.GOODS, Limit.NONE, ko="판매", en="Sold")
declare_code("lost", Book.GOODS, Limit.NONE, ko="감모", en="Lost (negative: found)")
declare_code("waste", Book.GOODS, Limit.NONE, ko="폐기", en="Waste")
declare_code("stockroom", Book.GOODS, Limit.NONE, ko="창고", en="Stockroom")
declare_code("supplier", Book.GOODS, Limit.NONE, ko="공급처", en="Supplier")


def piece(sku: str) -> str:
    """The unit of a SKU counted in pieces."""
    return f"{sku}:ea"


def unit_of(product: Product) -> str:
    """The unit a place's stock of a product is kept in: pieces, or grams where it is sold by weight."""
    return f"{product.id}:g" if product.sold_by is SoldBy.WEIGHT else piece(product.id)


def shelf(shop: str, facing: str, sku: str) -> AccountKey:
    """A facing of a shop; shelves count pieces, of weighed goods too."""
    return AccountKey(Book.GOODS, "shelf", f"{shop}/{facing}", piece(sku))


def stock(place: str, lot: str, unit: str) -> AccountKey:
    """A lot in the back of a shop, in a hub or a store room."""
    return AccountKey(Book.GOODS, "stock", f"{place}/{lot}", unit)


def sold(shop: str, at_us: int, unit: str) -> AccountKey:
    return AccountKey(Book.GOODS, "sold", f"{shop}/{business_date(at_us)}", unit)


def waste_of(place: str, at_us: int, unit: str) -> AccountKey:
    return AccountKey(Book.GOODS, "waste", f"{place}/{business_date(at_us)}", unit)


def lost(place: str, unit: str) -> AccountKey:
    return AccountKey(Book.GOODS, "lost", place, unit)


def supplier(place: str, unit: str) -> AccountKey:
    return AccountKey(Book.GOODS, "supplier", place, unit)


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of a SKU (pieces, or grams where sold by weight); ``lot`` is ``2026-12-01`` or ``2026-12-01.B7``,
    the date it expires on and whatever tells two deliveries apart."""

    sku: str
    amount: int
    lot: str = NO_LOT

    @property
    def expires_on(self) -> date | None:
        return None if self.lot == NO_LOT else date.fromisoformat(self.lot[:10])


def lot_named(expires: str, batch: str = "") -> str | None:
    """The lot of goods that expire on a day as people write it (2026-12-01, 2026. 12. 1.), told apart by ``batch``;
    ``NO_LOT`` where neither is given, None where it is no lot."""
    found = _DAY.fullmatch(expires.strip())
    if found is None:
        return NO_LOT if not expires.strip() and not batch else None
    try:
        day = date(*(int(found[part]) for part in ("year", "month", "day"))).isoformat()
    except ValueError:
        return None
    apart = batch or found["batch"] or ""
    return (f"{day}.{apart}" if _BATCH.fullmatch(apart) else None) if apart else day


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What a place has of a SKU."""

    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """One pending transfer of a reservation: ``amount`` of ``sku``, held at ``source``."""

    transfer: UUID
    sku: str
    amount: int
    source: AccountKey


def lot_of(key: AccountKey) -> str:
    return key.owner.split("/", 1)[1]


def sku_of(unit: str) -> str:
    return unit.rsplit(":", 1)[0]


def first_out(key: AccountKey, balance: Balance | None = None) -> tuple[bool, bool, str, int, str]:
    """Dated lots by date, then the undated one, then shelves, the fullest first."""
    on_shelf, lot = key.code == "shelf", lot_of(key)
    undated = lot == NO_LOT
    return on_shelf, undated, "" if on_shelf else lot, -balance.available if balance and on_shelf else 0, key.owner
