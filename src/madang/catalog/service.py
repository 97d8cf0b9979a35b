"""The use cases of the catalogue: add, price, place on shelves, look up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import journal, places
from madang.catalog import facts, listings, ownership, plans, records
from madang.catalog.faults import WORDS
from madang.catalog.gtin import gtin14
from madang.catalog.model import ENDED_KRW, EVERY_SHOP, Facing, Price, Product, Vat
from madang.catalog.plans import Plan, Wrong
from madang.catalog.prices import somewhere
from madang.db import Page, Tx
from madang.journal import New
from madang.kernel import Actor, Conflict, Invalid, NotFound, Role, derived

T = TypeVar("T")


def add_products(
    tx: Tx, by: Actor, products: Sequence[Product], *, id: UUID, at_us: int, change: bool = False
) -> Plan[Product]:
    """Add products; one that is there with the same content is left alone.

    With other content it raises ``Conflict``, unless ``change``: then the new content holds from now on. ``id`` is made
    by the caller: the facts' ids come from it.
    """
    plan = plan_products(tx, by, products)
    raise_first(plan)
    if plan.change and not change:
        raise Conflict(
            "catalog.product_exists",
            ko=f"'{plan.change[0].id}' 상품이 이미 다른 내용으로 있습니다.",
            en=f"The product '{plan.change[0].id}' exists with other content.",
            next_ko="다른 코드로 넣거나, 고치는 것이면 '변경'으로 하세요.",
            next_en="Use another code, or say that you mean to change it.",
            product=plan.change[0].id,
        )
    apply_products(tx, by, plan, id=id, at_us=at_us)
    return plan


def set_prices(tx: Tx, by: Actor, prices: Sequence[Price], *, id: UUID, at_us: int) -> Plan[Price]:
    """Set prices from their ``from_us`` on. Raises ``Invalid`` where one would rewrite what was charged before now."""
    plan = plan_prices(tx, by, prices, at_us)
    raise_first(plan)
    apply_prices(tx, by, plan, id=id, at_us=at_us)
    return plan


def end_prices(tx: Tx, by: Actor, products: Iterable[str], shop: str, *, id: UUID, at_us: int) -> list[str]:
    """A shop sells these at the neighbourhood's price again from now on; gives those that had one of its own."""
    _may_change(by)
    by.need_shop(shop)
    assert shop != EVERY_SHOP, "the neighbourhood's own price has nothing to fall back on"
    own = [price for price in own_prices(tx, by, products, at_us, shop=shop).values() if price.shop == shop]
    ended = [Price(product=one.product, price_krw=ENDED_KRW, from_us=at_us, shop=shop) for one in own]
    there = [one for one, was in zip(ended, own, strict=True) if was.from_us == at_us]
    records.set_prices(tx, there, at_us)
    records.add_prices(tx, [one for one in ended if one not in there], at_us)
    listings.touch(tx, by, (one.product for one in ended), at_us)
    news = [
        New(
            body=facts.PriceEnded(product=one.product, from_us=at_us, shop=shop),
            id=derived("price_ended", id, one.product, shop),
            at_us=at_us,
            subject=one.product,
            shop=shop,
        )
        for one in ended
    ]
    journal.append_many(tx, by, news)
    return [one.product for one in ended]


def set_facings(
    tx: Tx, by: Actor, shop: str, facings: Sequence[Facing], *, id: UUID, at_us: int, whole: bool = False
) -> Plan[Facing]:
    """Set facings of a shop's planogram; with ``whole`` they are all of it, and every other facing is closed."""
    plan = plan_facings(tx, by, shop, facings, whole=whole)
    raise_first(plan)
    apply_facings(tx, by, shop, plan, id=id, at_us=at_us, whole=whole)
    return plan


def plan_products(tx: Tx, by: Actor, products: Sequence[Product]) -> Plan[Product]:
    """What ``add_products`` would do."""
    _may_change(by)
    for one in products:
        if one.vat is Vat.ZERO:
            raise _zero_rated(one)
    known = records.products_by_id(tx, by, (p.id for p in products))
    owners = records.owners_of_gtins(tx, by, (gtin14(p.gtin) for p in products if p.gtin))
    return plans.products(products, known, owners, set(ownership.not_own(tx, by, known)))


def plan_prices(tx: Tx, by: Actor, prices: Sequence[Price], at_us: int) -> Plan[Price]:
    """What ``set_prices`` would do."""
    _may_change(by)
    for shop in {p.shop for p in prices if p.shop != EVERY_SHOP}:
        by.need_shop(shop)
    if by.shops and any(p.shop == EVERY_SHOP for p in prices):
        by.need_shop(EVERY_SHOP)
    ids = {p.product for p in prices}
    ownership.need_free(tx, by, ids)
    known = records.products_by_id(tx, by, ids)
    shops = {shop.id for shop in places.shops(tx, by)} if any(p.shop != EVERY_SHOP for p in prices) else set[str]()
    return plans.prices(prices, records.prices_of(tx, by, ids), known.keys(), shops, at_us)


def plan_facings(tx: Tx, by: Actor, shop: str, facings: Sequence[Facing], *, whole: bool = False) -> Plan[Facing]:
    """What ``set_facings`` would do."""
    _may_change(by)
    by.need_shop(shop)
    assert all(f.shop == shop for f in facings)
    layout = places.shop(tx, by, shop).layout
    plates = {str(p["id"]): (str(p["gondola"]), str(p["shelf"])) for p in layout["plates"]}
    asked = {f.id for f in facings}
    known = {f.id: f for f in records.facings_of(tx, by, shop) if not whole or f.id in asked}
    held = records.products_by_id(tx, by, (p for f in facings for p in f.products))
    return plans.facings(facings, known, held.keys(), plates)


def apply_products(tx: Tx, by: Actor, plan: Plan[Product], *, id: UUID, at_us: int) -> None:
    """Do what a plan says with its good parts."""
    before = records.products_by_id(tx, by, (p.id for p in plan.change))
    records.add_products(tx, plan.add, at_us)
    ownership.own(tx, by, [p.id for p in plan.add], at_us)
    records.set_products(tx, plan.change)
    [shop] = by.shops if len(by.shops) == 1 else [None]
    listings.list_products(tx, by, [*plan.add, *plan.change], before, at_us)
    news = [
        New(body=facts.product_added(p), id=derived("product_added", id, p.id), at_us=at_us, subject=p.id, shop=shop)
        for p in plan.add
    ]
    news += [
        New(
            body=facts.product_changed(p, before[p.id]),
            id=derived("product_changed", id, p.id),
            at_us=at_us,
            subject=p.id,
            shop=shop,
        )
        for p in plan.change
    ]
    journal.append_many(tx, by, news)


def apply_prices(tx: Tx, by: Actor, plan: Plan[Price], *, id: UUID, at_us: int) -> None:
    """Do what a plan says with its good parts."""
    records.add_prices(tx, plan.add, at_us)
    records.set_prices(tx, plan.change, at_us)
    listings.touch(tx, by, (p.product for p in [*plan.add, *plan.change]), at_us)
    news = [
        New(
            body=facts.price_set(p),
            id=derived("price_set", id, p.product, p.shop, p.from_us),
            at_us=at_us,
            subject=p.product,
            shop=p.shop or None,
        )
        for p in [*plan.add, *plan.change]
    ]
    journal.append_many(tx, by, news)


def apply_facings(
    tx: Tx, by: Actor, shop: str, plan: Plan[Facing], *, id: UUID, at_us: int, whole: bool = False
) -> None:
    """Do what a plan says with its good parts."""
    kept = {f.id for f in [*plan.add, *plan.change, *plan.same]}
    gone = [f for f in records.facings_of(tx, by, shop) if f.id not in kept] if whole else []
    ever = records.facing_ids(tx, by, shop)
    records.add_facings(tx, [f for f in plan.add if f.id not in ever], at_us)
    records.set_facings(tx, [*plan.change, *(f for f in plan.add if f.id in ever)], at_us)
    records.set_facings(tx, gone, at_us, closed=True)
    news = [_facing_fact(facts.facing_set(f), "facing_set", id, shop, f.id, at_us) for f in [*plan.add, *plan.change]]
    news += [_facing_fact(facts.FacingClosed(facing=f.id), "facing_closed", id, shop, f.id, at_us) for f in gone]
    journal.append_many(tx, by, news)


def price_at(tx: Tx, by: Actor, products: Iterable[str], at_us: int, *, shop: str = EVERY_SHOP) -> dict[str, int]:
    """The prices in force at an instant, in won with VAT: the shop's own before the neighbourhood's.

    One query for up to 256 products; a product without a price is not in the answer.
    """
    return {product: price.price_krw for product, price in own_prices(tx, by, products, at_us, shop=shop).items()}


def own_prices(tx: Tx, by: Actor, products: Iterable[str], at_us: int, *, shop: str) -> dict[str, Price]:
    """As ``price_at``, each with whose price it is: the shop's own, or the neighbourhood's."""
    found = records.standing_prices(tx, by, products, at_us, shop)
    return {product: standing.price for product, standing in found.items() if standing.price is not None}


def counted(tx: Tx, by: Actor, *, at_us: int, shops: Collection[str] = ()) -> tuple[int, int]:
    """How many products there are (that ``shops`` keep), and how many of them have no price in force there."""
    return records.counted(tx, by, at_us, ownership.kept(tx, by, shops) if shops else None, shops)


def price_somewhere(tx: Tx, by: Actor, products: Iterable[str], at_us: int) -> dict[str, int]:
    """As ``price_at`` for the neighbourhood, but of what has no such price the lowest of any shop."""
    return somewhere(records.prices_of(tx, by, products), at_us)


def products(tx: Tx, by: Actor, ids: Iterable[str]) -> dict[str, Product]:
    """Products by id; one that does not exist is not in the answer."""
    return records.products_by_id(tx, by, ids)


def product(tx: Tx, by: Actor, id: str) -> Product:
    """One product. Raises ``NotFound``."""
    found = records.products_by_id(tx, by, [id]).get(id)
    if found is None:
        raise _no_product(id)
    return found


def product_of_gtin(tx: Tx, by: Actor, gtin: str) -> Product | None:
    """The product with a barcode, however many leading zeros it was written with."""
    owner = records.owners_of_gtins(tx, by, [gtin14(gtin)]).get(gtin14(gtin))
    return records.products_by_id(tx, by, [owner])[owner] if owner else None


def by_barcode(tx: Tx, by: Actor, gtins: Iterable[str]) -> dict[str, str]:
    """Which product has each barcode, both in 14 digits; a barcode of none is not in the answer."""
    return records.owners_of_gtins(tx, by, gtins)


def find_products(
    tx: Tx,
    by: Actor,
    *,
    kind: str | None = None,
    text: str = "",
    cursor: str | None = None,
    limit: int = 50,
    shops: Collection[str] = (),
    shared: bool = False,
    also: sa.ColumnElement[bool] | None = None,
) -> Page[Product]:
    """Products by id, a page at a time; those that ``shops`` keep, or that no shop has as its own (``shared``); of
    which ``also`` holds (``filtering.condition``)."""
    within = ownership.shared(by) if shared else ownership.kept(tx, by, shops) if shops else None
    if also is not None:
        within = also if within is None else sa.and_(within, also)
    return records.find_products(
        tx, by, kind=kind, text=text.strip(), cursor=cursor, limit=limit, within=within
    )  # fmt: skip


def kept_product(tx: Tx, by: Actor, id: str) -> Product:
    """As ``product``, for those who run things: one that is another shop's own, of which the caller's shops keep
    nothing, is none to them."""
    if by.shops and ownership.owners_of(tx, by, [id]).get(id, "") not in ("", *by.shops):
        within = sa.and_(records.products.c.id == id, ownership.kept(tx, by, by.shops))
        if not records.find_products(tx, by, kind=None, text="", cursor=None, limit=1, within=within).rows:
            raise _no_product(id)
    return product(tx, by, id)


def price_history(tx: Tx, by: Actor, product: str) -> list[Price]:
    """Every price of a product, past and coming, oldest first."""
    return records.prices_of(tx, by, [product])


def facings(tx: Tx, by: Actor, shop: str) -> list[Facing]:
    """A shop's planogram as it stands, by facing id."""
    by.need_shop(shop)
    return records.facings_of(tx, by, shop)


def _facing_fact(body: msgspec.Struct, what: str, id: UUID, shop: str, facing: str, at_us: int) -> New:
    return New(body=body, id=derived(what, id, shop, facing), at_us=at_us, subject=f"{shop}/{facing}", shop=shop)


def _no_product(id: str) -> NotFound:
    return NotFound(
        "catalog.no_product",
        ko=f"'{id}' 상품이 없습니다.",
        en=f"There is no product '{id}'.",
        next_ko="상품코드를 확인하세요.",
        next_en="Check the product's code.",
    )


def _may_change(by: Actor) -> None:
    by.need(Role.OPERATOR, Role.STAFF)


def raise_first(plan: Plan[T]) -> None:
    """Raise the first thing a plan finds wrong."""
    if not plan.wrong:
        return
    wrong: Wrong = plan.wrong[0]
    ko, en, next_ko, next_en = (text.format(**wrong.words) for text in WORDS[wrong.code])
    kind: Callable[..., Conflict | Invalid] = Conflict if wrong.code.endswith("_taken") else Invalid
    raise kind(
        f"catalog.{wrong.code}", ko=ko, en=en, next_ko=next_ko, next_en=next_en,
        index=wrong.index, column=wrong.column, value=wrong.value,
    )  # fmt: skip


def _zero_rated(product: Product) -> Invalid:
    return Invalid(
        "catalog.no_zero_rate",
        ko=f"'{product.id}': 영세율은 상품이 아니라 수출하는 거래에 붙습니다.",
        en=f"'{product.id}': zero-rating belongs to an export, not to a product.",
        next_ko="상품은 과세 또는 면세로 하세요. 해외로 보내는 주문에는 영세율이 스스로 적용됩니다.",
        next_en="Make it taxable or exempt; an order that goes abroad is zero-rated by itself.",
        product=product.id,
    )
