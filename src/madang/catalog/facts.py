"""What the journal is told about the catalogue: the whole of a thing each time, so a reader needs no earlier fact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from madang import journal
from madang.catalog.model import Facing, Price, Product, SoldBy, Vat
from madang.journal import New, Stage
from madang.kernel import derived


@journal.kind("catalog.product_added", version=1, stage=Stage.PLANNING)
class ProductAdded(msgspec.Struct, frozen=True, kw_only=True):
    """The neighbourhood can sell a product it could not sell before."""

    product: str
    name_ko: str
    name_en: str
    vat: Vat
    sold_by: SoldBy
    gtin: str | None
    unit_weight_g: float | None
    unit_weight_sd_g: float | None
    shelf_life_d: int | None
    kind: str | None


@journal.kind("catalog.product_changed", version=1, stage=Stage.PLANNING)
class ProductChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A product is described anew; ``fields`` are those that changed."""

    product: str
    name_ko: str
    name_en: str
    vat: Vat
    sold_by: SoldBy
    gtin: str | None
    unit_weight_g: float | None
    unit_weight_sd_g: float | None
    shelf_life_d: int | None
    kind: str | None
    fields: tuple[str, ...]


@journal.kind("catalog.price_set", version=1, stage=Stage.MARKETING)
class PriceSet(msgspec.Struct, frozen=True, kw_only=True):
    """A price (won, VAT included; per piece or per 100 g) will hold from ``from_us``; no shop means every shop."""

    product: str
    price_krw: int
    from_us: int
    shop: str


@journal.kind("catalog.price_ended", version=1, stage=Stage.MARKETING)
class PriceEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A shop has no price of its own for a product from ``from_us`` on: the neighbourhood's holds there again."""

    product: str
    from_us: int
    shop: str


@journal.kind("catalog.facing_set", version=1, stage=Stage.PLANNING)
class FacingSet(msgspec.Struct, frozen=True, kw_only=True):
    """A facing of a shop's planogram is as it says from now on."""

    facing: str
    gondola: str
    shelf: str
    plates: tuple[str, ...]
    products: tuple[str, ...]
    counts: dict[str, int]


@journal.kind("catalog.facing_closed", version=1, stage=Stage.PLANNING)
class FacingClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A facing is no longer in the shop's planogram."""

    facing: str


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of a SKU: pieces, or grams where sold by weight; ``lot`` is the date it expires on, or ``-``."""

    sku: str
    amount: int
    lot: str


@journal.kind("catalog.stock_received", version=1, stage=Stage.LOGISTICS)
class StockReceived(msgspec.Struct, frozen=True, kw_only=True):
    """Goods arrived at a place."""

    place: str
    goods: tuple[Goods, ...]


@journal.kind("catalog.stock_moved", version=1, stage=Stage.LOGISTICS)
class StockMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Goods went from a place to another one, or onto a facing (``shop/facing``)."""

    place: str
    target: str
    goods: tuple[Goods, ...]


@journal.kind("catalog.stock_wasted", version=1, stage=Stage.LOGISTICS)
class StockWasted(msgspec.Struct, frozen=True, kw_only=True):
    """Goods were thrown away, and why."""

    place: str
    goods: tuple[Goods, ...]
    reason: str


@journal.kind("catalog.stock_taken_back", version=1, stage=Stage.LOGISTICS)
class StockTakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """What was received (``receive``) or thrown away (``waste``) by mistake is booked back."""

    place: str
    goods: tuple[Goods, ...]
    what: str


@journal.kind("catalog.stock_counted", version=1, stage=Stage.LOGISTICS)
class StockCounted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody counted a lot of a SKU; the books had ``booked`` and follow the count."""

    place: str
    sku: str
    lot: str
    counted: int
    booked: int


@journal.kind("catalog.listing_set", version=1, stage=Stage.MARKETING)
class ListingSet(msgspec.Struct, frozen=True, kw_only=True):
    """What shoppers see of a product is as it says from now on; ``fields`` are those that changed."""

    listing: str
    name_ko: str
    name_en: str
    form: str
    state: str
    category: str | None
    skus: tuple[str, ...]
    age_min: int
    fields: tuple[str, ...]


@journal.kind("catalog.picture_set", version=1, stage=Stage.MARKETING)
class PictureSet(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a listing was added, described, moved, removed or restored (``what``)."""

    listing: str
    picture: str
    what: str
    alt_ko: str
    alt_en: str


@journal.kind("catalog.arranged", version=1, stage=Stage.MARKETING)
class Arranged(msgspec.Struct, frozen=True, kw_only=True):
    """Categories, collections, bundles, synonyms, particulars or sellers (``what``) are as given from now on; ``ids``
    names those."""

    what: str
    ids: tuple[str, ...]


OF_SKUS = ("bundles", "floors", "particulars")
"""What is said of goods: told in the SKU's own trail."""


def arranged(what: str, ids: Iterable[str], *, id: UUID, at_us: int) -> list[New]:
    """A fact for each thing that was arranged, in the trail of that thing (``promotions/spring``). Earlier,
    one fact, whose subject was ``what``, named them all."""
    return [
        New(
            body=Arranged(what=what, ids=(one,)), id=derived("catalog.arranged", what, id, one), at_us=at_us,
            subject=one if what in OF_SKUS else f"{what}/{one}",
        )
        for one in dict.fromkeys(ids)
    ]  # fmt: skip


def goods_of(lots: Iterable[Any]) -> tuple[Goods, ...]:
    return tuple(Goods(sku=lot.sku, amount=lot.amount, lot=lot.lot) for lot in lots)


def product_added(product: Product) -> ProductAdded:
    return ProductAdded(**_product(product))


def product_changed(product: Product, before: Product) -> ProductChanged:
    fields = tuple(f for f in Product.__struct_fields__ if getattr(product, f) != getattr(before, f))
    return ProductChanged(**_product(product), fields=fields)


def price_set(price: Price) -> PriceSet:
    return PriceSet(**msgspec.structs.asdict(price))


def facing_set(facing: Facing) -> FacingSet:
    fields = msgspec.structs.asdict(facing)
    del fields["shop"]
    return FacingSet(facing=fields.pop("id"), **fields)


def _product(product: Product) -> dict[str, Any]:
    fields = msgspec.structs.asdict(product)
    return {"product": fields.pop("id"), **fields}
