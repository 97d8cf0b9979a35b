"""A shop with a few goods, for the catalogue's tests: short calls instead of transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tests.places.small_layout import small_layout

from madang import catalog, journal, places
from madang.catalog import Ask, Listing, Price, Product, Quote, Shopper, SoldBy, Variant, Vat, stock
from madang.db import Database, Tx
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7, system
from madang.places import PlaceKind

N = "n1"
BY = system(N)
NEIGHBOUR = Actor(Kind.PERSON, "p1", N, frozenset({Role.SHOPPER}))
T = TypeVar("T")
GOODS = (
    Product(id="RAMEN", name_ko="신라면", name_en="Shin Ramyun"),
    Product(id="MILK", name_ko="서울우유 1L", name_en="Seoul Milk 1L"),
    Product(id="RICE", name_ko="햅쌀", name_en="New rice", vat=Vat.EXEMPT),
    Product(id="BEEF", name_ko="한우 국거리", name_en="Beef for soup", vat=Vat.EXEMPT, sold_by=SoldBy.WEIGHT),
    Product(id="SET", name_ko="아침 한 상", name_en="Breakfast set"),
)
PRICES = {"RAMEN": 1000, "MILK": 2900, "RICE": 12_000, "BEEF": 5_550, "SET": 3500}


class Goods:
    """A database with shop ``s1``, hub ``h1`` and five products."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids = db, clock, ids

    @property
    def now(self) -> int:
        return self.clock.now_us()

    def write(self, fn: Callable[[Tx], T]) -> T:
        return self.db.write(fn, neighbourhood=N)

    def read(self, fn: Callable[[Tx], T]) -> T:
        return self.db.read(fn, neighbourhood=N)

    def open(self) -> Goods:
        def begin(tx: Tx) -> None:
            places.add_shop(tx, BY, "s1", "가게", "Shop", small_layout(), self.now)
            places.add_place(tx, BY, "h1", PlaceKind.HUB, "거점", "Hub", at_us=self.now)

        self.write(begin)
        self.add(*GOODS)
        self.price(PRICES)
        return self

    def add(self, *products: Product, change: bool = False) -> None:
        id_ = self.ids.new()
        self.write(lambda tx: catalog.add_products(tx, BY, products, id=id_, at_us=self.now, change=change))

    def price(self, prices: Mapping[str, int], shop: str = "") -> None:
        id_ = self.ids.new()
        new = [Price(product=sku, price_krw=krw, from_us=self.now, shop=shop) for sku, krw in prices.items()]
        self.write(lambda tx: catalog.set_prices(tx, BY, new, id=id_, at_us=self.now))

    def list(self, *listings: Listing, by: Actor = BY) -> list[str]:
        id_ = self.ids.new()
        return self.write(lambda tx: catalog.set_listings(tx, by, listings, id=id_, at_us=self.now))

    def receive(self, amounts: Mapping[str, int], place: str = "s1", lot: str = stock.NO_LOT) -> None:
        id_ = self.ids.new()
        goods = [stock.Lot(sku=sku, amount=amount, lot=lot) for sku, amount in amounts.items()]
        self.write(lambda tx: stock.receive(tx, BY, place, goods, id=id_, at_us=self.now))

    def reserve(self, wants: Mapping[str, int], place: str = "s1", **more: Any) -> tuple[stock.Reserved, ...]:
        more = {"id": self.ids.new(), "expires_at_us": None, "cause": "order/1"} | more
        return self.write(lambda tx: stock.reserve(tx, NEIGHBOUR, place, wants, at_us=self.now, **more))

    def available(self, sku: str, place: str = "s1") -> int:
        return self.read(lambda tx: stock.available(tx, BY, [sku], place))[sku]

    def quote(self, *lines: Ask | str, shop: str = "s1", codes: Sequence[str] = (), **more: Any) -> Quote:
        asked = [Ask(sku=line) if isinstance(line, str) else line for line in lines]
        shopper = more.pop("shopper", Shopper())
        at_us = more.pop("at_us", self.now)
        return self.read(
            lambda tx: catalog.quote(tx, NEIGHBOUR, asked, at_us=at_us, shop=shop, codes=codes, shopper=shopper)
        )

    def facts(self, *kinds: str) -> list[Any]:
        return [f.body for f in self.read(lambda tx: journal.read(tx, BY, kinds=kinds or None))]


def plain(sku: str, **more: Any) -> Listing:
    """A listing of one SKU."""
    given: dict[str, Any] = {"id": sku.lower(), "name_ko": sku, "name_en": sku, "variants": (Variant(sku=sku),)}
    return Listing(**(given | more))
