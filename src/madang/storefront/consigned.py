"""Goods that shops of the neighbourhood sell for somebody else (위탁 판매): what a maker or an outside brand sees of
theirs, where it lies and how it goes. Whose sale is what they are paid by is the room of settlement's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from madang import catalog, ledger, places, settlement
from madang.catalog import Product, SoldBy, sellers, stock
from madang.db import Tx
from madang.kernel import Actor, business_date
from madang.ledger import Book
from madang.settlement import Party


class At(msgspec.Struct, frozen=True, kw_only=True):
    """Of one product at one place: what lies there, how much was sold this month and last. ``pieces`` lie on shelves,
    where weighed goods are counted, too."""

    place: str
    price_krw: int | None
    left: int
    pieces: int
    sold: int
    sold_before: int


class Consigned(msgspec.Struct, frozen=True, kw_only=True):
    """A product that is sold for a party since ``since_us``. Counts are pieces, or grams (``weighed``)."""

    product: Product
    since_us: int
    at: tuple[At, ...]

    @property
    def weighed(self) -> bool:
        return self.product.sold_by is SoldBy.WEIGHT


def goods(tx: Tx, by: Actor, party: Party, *, at_us: int) -> list[Consigned]:
    """What is sold for a party the caller may look at, by code. Raises ``Forbidden`` for anybody else."""
    settlement.party(tx, by, party.key)
    since = sellers.goods_of(tx, party.key)
    found, shops = catalog.products(tx, by, since), {one.id for one in places.every(tx, by)}
    asked = {shop: catalog.price_at(tx, by, since, at_us, shop=shop) for shop in sorted(shops)}
    today, made = business_date(at_us), list[Consigned]()
    for sku, product in sorted(found.items()):
        held = _held(tx, product)
        there = [_at(tx, shop, product, held[shop], since[sku], today) for shop in sorted(held.keys() & shops)]
        at = tuple(
            msgspec.structs.replace(one, price_krw=asked[one.place].get(sku))
            for one in there
            if one.left or one.pieces or one.sold or one.sold_before
        )
        made.append(Consigned(product=product, since_us=since[sku], at=at))
    return made


def _held(tx: Tx, product: Product) -> dict[str, dict[str, int]]:
    """What lies where, by place and unit; a place that has ever had it is there."""
    held: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for unit in {stock.unit_of(product), stock.piece(product.id)}:
        for code in ("stock", "shelf"):
            for key, balance in ledger.balances(tx, book=Book.GOODS, code=code, unit=unit).items():
                held[key.owner.partition("/")[0]][unit] += balance.available
    return held


def _at(tx: Tx, shop: str, product: Product, held: Mapping[str, int], since_us: int, today: date) -> At:
    unit, piece = stock.unit_of(product), stock.piece(product.id)
    months = (f"{today:%Y-%m}", f"{today.replace(day=1) - timedelta(days=1):%Y-%m}")
    sold, before = (_sold(tx, shop, unit, month, since_us) for month in months)
    pieces = held.get(piece, 0) if piece != unit else 0
    return At(place=shop, price_krw=None, left=held.get(unit, 0), pieces=pieces, sold=sold, sold_before=before)


def _sold(tx: Tx, shop: str, unit: str, month: str, since_us: int) -> int:
    """What went in a month, of the days since it is sold for them; what came back taken off."""
    since = business_date(since_us).isoformat()
    went = ledger.balances(tx, book=Book.GOODS, code="sold", owner_prefix=f"{shop}/{month}-", unit=unit)
    return sum(one.posted for key, one in went.items() if key.owner.rpartition("/")[2] >= since)
