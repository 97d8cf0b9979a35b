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

GOODS_MAX = 200
"""So many goods of one party are shown."""


class At(msgspec.Struct, frozen=True, kw_only=True):
    """Of one product at one place: what lies on shelves and behind them, how many were sold this month and last."""

    place: str
    price_krw: int | None
    left: int
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
    since = dict(list(sellers.goods_of(tx, party.key).items())[:GOODS_MAX])
    found = catalog.products(tx, by, since)
    shops = [one.id for one in places.every(tx, by)]
    asked = {shop: catalog.price_at(tx, by, since, at_us, shop=shop) for shop in shops}
    today = business_date(at_us)
    return [
        Consigned(
            product=product,
            since_us=since[sku],
            at=tuple(one for shop in shops if (one := _at(tx, shop, product, asked[shop], since[sku], today))),
        )
        for sku, product in sorted(found.items())
    ]


def _at(tx: Tx, shop: str, product: Product, asked: Mapping[str, int], since_us: int, today: date) -> At | None:
    """None where the product neither lies nor was sold."""
    units = {stock.unit_of(product), stock.piece(product.id)}  # shelves count pieces, of weighed goods too
    held: dict[str, int] = defaultdict(int)
    for unit in units:
        for code in ("stock", "shelf"):
            there = ledger.balances(tx, book=Book.GOODS, code=code, owner_prefix=f"{shop}/", unit=unit)
            held[unit] += sum(balance.available for balance in there.values())
    this = f"{today:%Y-%m}"
    last = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    sold, before = (_sold(tx, shop, stock.unit_of(product), month, since_us) for month in (this, last))
    if not (any(held.values()) or sold or before):
        return None
    return At(
        place=shop, price_krw=asked.get(product.id), left=held[stock.unit_of(product)], sold=sold, sold_before=before
    )


def _sold(tx: Tx, shop: str, unit: str, month: str, since_us: int) -> int:
    """What went in a month, of the days since it is sold for them; what came back taken off."""
    since = business_date(since_us).isoformat()
    went = ledger.balances(tx, book=Book.GOODS, code="sold", owner_prefix=f"{shop}/{month}-", unit=unit)
    return sum(one.posted for key, one in went.items() if key.owner.rpartition("/")[2] >= since)
