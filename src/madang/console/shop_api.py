"""A shop's own affairs as JSON, for the programs of those who run it: orders, goods, prices, stock.

A key (``members.api_keys``) opens what its scopes say, in the shops where whoever made it is an integrator; an operator
needs none. Everything ends in the service functions that the console's pages use, as somebody of that one shop. A write
carries an ``Idempotency-Key``; errors are problem documents (RFC 9457). ``docs/api.md`` shows each with ``curl``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import AwareDatetime, Field

from madang import catalog, places
from madang.catalog import Price, Product, SoldBy, Vat, ownership, stock
from madang.catalog.stock import Lot
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Kind, Role, derived
from madang.members.api_keys import declare_scope
from madang.storefront import board, orders
from madang.storefront.api import Api, order_now
from madang.storefront.api_model import Asked, Code, Key, OrderNow, OrdersNow
from madang.storefront.board import Wanted
from madang.ui import access, session
from madang.ui.answers import answers

ORDERS_READ = declare_scope("orders.read", ko="가게의 주문 읽기", en="Read a shop's orders")
ORDERS_WRITE = declare_scope("orders.write", ko="가게의 주문 진행하기", en="Move a shop's orders on")
CATALOGUE_READ = declare_scope("catalogue.read", ko="가게의 상품과 가격 읽기", en="Read a shop's goods and prices")
CATALOGUE_WRITE = declare_scope("catalogue.write", ko="가게의 상품 고치기", en="Add and change a shop's goods")
PRICES_WRITE = declare_scope("prices.write", ko="가게의 가격 정하기", en="Set a shop's prices")
STOCK_READ = declare_scope("stock.read", ko="가게의 재고 읽기", en="Read a shop's stock")
STOCK_WRITE = declare_scope("stock.write", ko="가게의 재고 적기", en="Book a shop's stock")

LINES_MAX = 200
Amount = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Shop = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Cursor = Annotated[str | None, Query(max_length=400)]
Many = Annotated[int, Query(ge=1, le=100)]


class TakeStep(Asked):
    """What was done with an order. ``by`` and ``number`` are the carrier and the waybill of what is sent;
    ``age_checked`` that whoever took goods for adults showed that they are one."""

    step: Literal["pack", "make_ready", "ship", "deliver", "hand_over", "cancel"]
    by: Annotated[str, Field(max_length=60)] = ""
    number: Annotated[str, Field(max_length=60)] = ""
    age_checked: bool = False


class PutProduct(Asked):
    """What a product is. What is not said stays as it was."""

    name_ko: Annotated[str, Field(min_length=1, max_length=120)]
    name_en: Annotated[str, Field(min_length=1, max_length=120)]
    vat: Literal["taxable", "exempt"] | None = None
    sold_by: Literal["unit", "weight"] | None = None
    gtin: Annotated[str, Field(max_length=14, pattern=r"^[0-9]*$")] | None = None
    shelf_life_d: Annotated[int, Field(strict=True, ge=1, le=3_650)] | None = None


class OnePrice(Asked):
    """A price in won with VAT, a piece or 100 g; from now on, or from a later time."""

    product: Code
    price_krw: Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
    since: AwareDatetime | None = None


class PutPrices(Asked):
    prices: Annotated[list[OnePrice], Field(min_length=1, max_length=LINES_MAX)]


class OneLot(Asked):
    """Goods in pieces, or grams where sold by weight; ``lot`` begins with the date they expire on, empty: no date."""

    sku: Code
    amount: Amount
    lot: Annotated[str, Field(max_length=40, pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}(\.[A-Za-z0-9-]+)?)?$")] = ""


class Receive(Asked):
    lots: Annotated[list[OneLot], Field(min_length=1, max_length=LINES_MAX)]


class ShopProduct(msgspec.Struct, kw_only=True):
    """A product that a shop keeps; ``own``: the shop may change what it is. ``price_krw`` is what it sells at now, None
    where it has no price."""

    id: str
    name_ko: str
    name_en: str
    vat: str
    sold_by: str
    gtin: str | None
    own: bool
    price_krw: int | None


class ShopProducts(msgspec.Struct, kw_only=True):
    products: list[ShopProduct]
    next: str | None


class ShopStock(msgspec.Struct, kw_only=True):
    """What the shop has of a SKU: ``on_hand`` with what is ``reserved`` for orders."""

    sku: str
    on_hand: int
    reserved: int


class ShopStocks(msgspec.Struct, kw_only=True):
    stock: list[ShopStock]
    next: str | None


class PriceSet(msgspec.Struct, kw_only=True):
    product: str
    price_krw: int
    from_us: int


class PricesSet(msgspec.Struct, kw_only=True):
    """What was new or other than before; the same again is neither."""

    set: list[PriceSet]


class StockCounted(msgspec.Struct, kw_only=True):
    """Counted less booked: what was lost (negative) or found."""

    difference: int


def router(db: Database, clock: Clock, neighbourhood: str) -> APIRouter:
    """``/v1/shops/{shop}/…``."""
    routes = APIRouter(prefix="/v1/shops/{shop}", tags=["shops"])
    api = _InShop(db, clock, neighbourhood)
    _orders(routes, api)
    _goods(routes, api)
    _stock(routes, api)
    return routes


class _InShop(Api):
    """Whoever asks acts as staff of the shop in the address, and of no other."""

    def by(self, request: Request) -> Actor:
        shop = request.path_params["shop"]
        who = session.acting(request, shop)
        who.need_shop(shop)
        roles = who.roles if who.may(Role.OPERATOR) else frozenset({Role.STAFF})
        kind = Kind.AGENT if who.scopes else who.kind
        return Actor(kind, who.key, who.neighbourhood, roles, frozenset({shop}), scopes=who.scopes)

    def look(self, request: Request, fn: Callable[[Tx, Actor], Any]) -> Response:
        by, shop = self.by(request), request.path_params["shop"]

        def read(tx: Tx) -> Any:
            places.get(tx, by, shop)
            return fn(tx, by)

        return self.read(read)

    def book(self, request: Request, key: str, asked: Any, act: Callable[[Tx, Actor, UUID, int], Any]) -> Response:
        """``act`` gets the id under which what it does is done once."""
        shop = request.path_params["shop"]

        def write(tx: Tx, by: Actor, at_us: int) -> Any:
            places.get(tx, by, shop)
            return act(tx, by, derived("console.api", shop, by.key, key), at_us)

        return self.once(request, key, asked, write)


def _orders(routes: APIRouter, api: _InShop) -> None:
    @routes.get("/orders", name="shop.orders", dependencies=[access.scope(ORDERS_READ.name)])
    @answers(OrdersNow)
    def find(
        request: Request,
        shop: Shop,
        state: Annotated[str, Query(max_length=40, pattern=r"^[a-z_]*$")] = "",
        cursor: Cursor = None,
        limit: Many = 50,
    ) -> Response:
        """The shop's orders, newest first; of one state, where it is said."""
        wanted = Wanted(shop=shop, states=(state,) if state else ())

        def read(tx: Tx, by: Actor) -> OrdersNow:
            page = board.find(tx, by, wanted, cursor=cursor, limit=limit)
            return OrdersNow(orders=[order_now(row.deal) for row in page.rows], next=page.next)

        return api.look(request, read)

    @routes.get("/orders/{order}", name="shop.order", dependencies=[access.scope(ORDERS_READ.name)])
    @answers(OrderNow)
    def one(request: Request, shop: Shop, order: UUID) -> Response:  # noqa: ARG001 - the address names the shop
        """One order of the shop's."""
        return api.look(request, lambda tx, by: order_now(orders.get(tx, by, order)[0]))

    @routes.post("/orders/{order}/steps", name="shop.order.step", dependencies=[access.scope(ORDERS_WRITE.name)])
    @answers(OrderNow)
    def step(request: Request, shop: Shop, order: UUID, asked: Annotated[TakeStep, Body()], key: Key) -> Response:  # noqa: ARG001
        """Say what was done with it: packed, ready, sent, delivered, handed over; or that it cannot be had."""

        def act(tx: Tx, by: Actor, _id: UUID, at_us: int) -> OrderNow:
            step, args = orders.step_id(order, key), dict[str, object]()
            if asked.step == "cancel":
                return order_now(orders.cancel(tx, by, order, step=step, at_us=at_us))
            if asked.step == "ship":
                args = {"by": asked.by, "number": asked.number}
            elif asked.step == "hand_over" and asked.age_checked:
                args = {"age_checked": True}
            return order_now(orders.step(tx, by, order, asked.step, step=step, at_us=at_us, args=args))

        return api.book(request, key, asked, act)


def _goods(routes: APIRouter, api: _InShop) -> None:
    @routes.get("/products", name="shop.products", dependencies=[access.scope(CATALOGUE_READ.name)])
    @answers(ShopProducts)
    def find(
        request: Request,
        shop: Shop,
        text: Annotated[str, Query(max_length=100)] = "",
        cursor: Cursor = None,
        limit: Many = 50,
    ) -> Response:
        """The goods the shop keeps, by id, each with its price now."""
        at_us = api.clock.now_us()

        def read(tx: Tx, by: Actor) -> ShopProducts:
            page = catalog.find_products(tx, by, text=text, cursor=cursor, limit=limit, shops=by.shops)
            return ShopProducts(products=_told(tx, by, page.rows, shop, at_us), next=page.next)

        return api.look(request, read)

    @routes.put("/products/{product}", name="shop.product.put", dependencies=[access.scope(CATALOGUE_WRITE.name)])
    @answers(ShopProduct)
    def put(
        request: Request,
        shop: Shop,
        product: Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")],
        asked: Annotated[PutProduct, Body()],
        key: Key,
    ) -> Response:
        """Add a product as the shop's own, or change one that is."""

        def act(tx: Tx, by: Actor, id: UUID, at_us: int) -> ShopProduct:
            said: dict[str, Any] = {"name_ko": asked.name_ko, "name_en": asked.name_en}
            said |= {"vat": Vat(asked.vat)} if asked.vat else {}
            said |= {"sold_by": SoldBy(asked.sold_by)} if asked.sold_by else {}
            said |= {n: getattr(asked, n) for n in ("gtin", "shelf_life_d") if getattr(asked, n) is not None}
            known = catalog.products(tx, by, [product]).get(product)
            new = Product(id=product, **said) if known is None else msgspec.structs.replace(known, **said)
            catalog.add_products(tx, by, [new], id=id, at_us=at_us, change=True)
            return _told(tx, by, [new], shop, at_us)[0]

        return api.book(request, key, asked, act)

    @routes.put("/prices", name="shop.prices.put", dependencies=[access.scope(PRICES_WRITE.name)])
    @answers(PricesSet)
    def prices(request: Request, shop: Shop, asked: Annotated[PutPrices, Body()], key: Key) -> Response:
        """Set what the shop sells at, all of them or none."""

        def act(tx: Tx, by: Actor, id: UUID, at_us: int) -> PricesSet:
            new = [
                Price(product=x.product, price_krw=x.price_krw, from_us=_us(x.since, at_us), shop=shop)
                for x in asked.prices
            ]
            plan = catalog.set_prices(tx, by, new, id=id, at_us=at_us)
            made = [*plan.add, *plan.change]
            return PricesSet(set=[PriceSet(product=p.product, price_krw=p.price_krw, from_us=p.from_us) for p in made])

        return api.book(request, key, asked, act)


def _stock(routes: APIRouter, api: _InShop) -> None:
    @routes.get("/stock", name="shop.stock", dependencies=[access.scope(STOCK_READ.name)])
    @answers(ShopStocks)
    def look(request: Request, shop: Shop, cursor: Cursor = None, limit: Many = 50) -> Response:
        """What the shop has of the goods it keeps."""

        def read(tx: Tx, by: Actor) -> ShopStocks:
            page = catalog.find_products(tx, by, cursor=cursor, limit=limit, shops=by.shops)
            found = stock.levels(tx, by, [p.id for p in page.rows], place=shop)
            levels = [(p.id, found.get(p.id, {}).get(shop, stock.Level())) for p in page.rows]
            told = [ShopStock(sku=sku, on_hand=level.on_hand, reserved=level.reserved) for sku, level in levels]
            return ShopStocks(stock=told, next=page.next)

        return api.look(request, read)

    @routes.post("/stock/receipts", name="shop.stock.receive", dependencies=[access.scope(STOCK_WRITE.name)])
    @answers(ShopStocks)
    def receive(request: Request, shop: Shop, asked: Annotated[Receive, Body()], key: Key) -> Response:
        """Goods have come; gives what there is of them now."""

        def act(tx: Tx, by: Actor, id: UUID, at_us: int) -> ShopStocks:
            skus = list(dict.fromkeys(x.sku for x in asked.lots))
            ownership.need_free(tx, by, skus)
            stock.receive(tx, by, shop, [_lot(x) for x in asked.lots], id=id, at_us=at_us)
            found = stock.levels(tx, by, skus, place=shop)
            levels = [(sku, found[sku].get(shop, stock.Level())) for sku in skus]
            told = [ShopStock(sku=sku, on_hand=level.on_hand, reserved=level.reserved) for sku, level in levels]
            return ShopStocks(stock=told, next=None)

        return api.book(request, key, asked, act)

    @routes.post("/stock/counts", name="shop.stock.count", dependencies=[access.scope(STOCK_WRITE.name)])
    @answers(StockCounted)
    def count(request: Request, shop: Shop, asked: Annotated[OneLot, Body()], key: Key) -> Response:
        """Somebody counted a lot: the books follow."""

        def act(tx: Tx, by: Actor, id: UUID, at_us: int) -> StockCounted:
            ownership.need_free(tx, by, [asked.sku])
            return StockCounted(difference=stock.count(tx, by, shop, _lot(asked), id=id, at_us=at_us))

        return api.book(request, key, asked, act)


def _told(tx: Tx, by: Actor, found: list[Product], shop: str, at_us: int) -> list[ShopProduct]:
    ids = [p.id for p in found]
    now, others = catalog.price_at(tx, by, ids, at_us, shop=shop), set(ownership.not_own(tx, by, ids))
    return [
        ShopProduct(
            id=p.id, name_ko=p.name_ko, name_en=p.name_en, vat=p.vat.value, sold_by=p.sold_by.value, gtin=p.gtin,
            own=p.id not in others, price_krw=now.get(p.id),
        )
        for p in found
    ]  # fmt: skip


def _lot(asked: OneLot) -> Lot:
    return Lot(sku=asked.sku, amount=asked.amount, lot=asked.lot or stock.NO_LOT)


def _us(since: datetime | None, at_us: int) -> int:
    return at_us if since is None else max(at_us, round(since.timestamp() * 1_000_000))
