"""A new product from a form: what was said becomes a product, its page, a price and what the law wants told; pure but
for staging it. Nothing is there before the preview is made.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import msgspec

from madang import catalog
from madang.catalog import Listing, Particulars, Product, SoldBy, Variant, Vat, notices
from madang.catalog.gtin import valid
from madang.catalog.model import GRAMS_MAX, ID, NAME_MAX, PRICE_KRW_MAX
from madang.catalog.particulars import faults
from madang.catalog.service import plan_products
from madang.console import kinds, service
from madang.console.model import Change, Edit, Kind
from madang.db import Tx
from madang.kernel import Actor, Ids

Fields = list[tuple[str, str]]
DAYS_MAX = 36_500
_NUMBER = re.compile(r"\d{1,10}(\.\d{1,3})?")


class New(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a product that a form said."""

    product: Product
    listing: Listing
    price_krw: int
    particulars: Particulars


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was sent: ``new`` where all of it will do, else ``wrong`` by field (a key of the texts)."""

    said: dict[str, str]
    wrong: dict[str, str]
    new: New | None = None


BLANK = Filled(said={"vat": "taxable", "sold_by": "unit"}, wrong={})


def filled(form: Fields, *, code: str, categories: Collection[str]) -> Filled:
    """Read a form; ``code`` is the product's where none was typed in, ``categories`` those there are."""
    said = {name: value.strip() for name, value in form}
    wrong: dict[str, str] = {}
    id, name_ko, name_en = said.get("id") or code, said.get("name_ko", ""), said.get("name_en", "")
    _must(wrong, "id", "code", ID.fullmatch(id) is not None)
    _must(wrong, "name_ko", "name", 0 < len(name_ko) <= NAME_MAX)
    _must(wrong, "name_en", "long", len(name_en) <= NAME_MAX)
    _must(wrong, "category", "category", not said.get("category") or said["category"] in categories)
    for text in ("maker", "origin"):
        _must(wrong, text, "long", len(said.get(text, "")) <= NAME_MAX)
    by_weight = said.get("sold_by") == SoldBy.WEIGHT
    price = _number(said, "price_krw", wrong, most=PRICE_KRW_MAX, needed=True)
    grams = _number(said, "unit_weight_g", wrong, most=GRAMS_MAX, whole=False)
    days = _number(said, "shelf_life_d", wrong, most=DAYS_MAX)
    product = Product(
        id=id, name_ko=name_ko, name_en=name_en or name_ko,
        vat=Vat.EXEMPT if said.get("vat") == Vat.EXEMPT else Vat.TAXABLE,
        sold_by=SoldBy.WEIGHT if by_weight else SoldBy.UNIT, gtin=re.sub(r"[\s-]", "", said.get("gtin", "")) or None,
        unit_weight_g=grams, shelf_life_d=None if days is None else int(days),
    )  # fmt: skip
    listing = Listing(
        id=id, name_ko=name_ko, name_en=product.name_en, variants=(Variant(sku=id),),
        category=said.get("category") or None, maker=said.get("maker", ""), origin=said.get("origin", ""),
    )  # fmt: skip
    told = Particulars(sku=id, notice=notices.read(said.get("notice", "")))
    _must(wrong, "gtin", "gtin", product.gtin is None or valid(product.gtin))
    _must(wrong, "notice", "notice", not faults(told))
    if wrong:
        return Filled(said=said, wrong=wrong)
    new = New(product=product, listing=listing, price_krw=int(price or 0), particulars=told)
    return Filled(said=said, wrong={}, new=new)


def checked(tx: Tx, by: Actor, one: Filled) -> Filled:
    """The same with what only the catalogue knows: a code or a barcode that another product has, a bad check digit."""
    if one.new is None:
        return one
    product = one.new.product
    plan = plan_products(tx, by, [product])
    wrong = {fault.column: _WORDS.get(fault.code, "bad") for fault in plan.wrong}
    if plan.change or plan.same:
        wrong["id"] = "code_taken"
    return msgspec.structs.replace(one, wrong=wrong, new=None) if wrong else one


_WORDS = {"gtin_taken": "gtin_taken", "not_own": "code_taken", "bad_gtin": "gtin", "bad_id": "code"}


def stage(tx: Tx, by: Actor, new: New, *, id: Any, at_us: int, shop: str) -> Change:
    """Show what would be made: the product, its page where more is said of it than its name, its price, its notice."""
    product, sku = new.product, new.product.id
    edits = [
        Edit(object=sku, before=None, after=kinds.plain(product)),
        Edit(object=sku, before=None, after={"price_krw": new.price_krw, "shop": shop}, kind=Kind.PRICES),
        Edit(object=sku, before=None, after={**kinds.plain(new.listing), "collections": []}, kind=Kind.LISTINGS),
    ]
    if new.particulars.notice:
        wanted = kinds.plain(new.particulars)
        now = kinds.HOWS[Kind.PARTICULARS].now(tx, by, [Edit(object=sku, before=None, after=wanted)], at_us).get(sku)
        edits.append(Edit(object=sku, before=now, after=wanted, kind=Kind.PARTICULARS))
    return service.stage(tx, by, Kind.PRODUCTS, edits, id=id, at_us=at_us)


def code_of(ids: Ids) -> str:
    """A code for a product that was given none."""
    return f"P-{ids.new().hex[-10:].upper()}"


def categories(tx: Tx, by: Actor) -> list[tuple[str, str, str]]:
    """(id, Korean path, English path) of every category."""
    found: dict[str, tuple[str, str]] = {}
    for one in catalog.categories(tx, by):
        ko, en = found.get(one.parent or "", ("", ""))
        found[one.id] = (f"{ko} › {one.name_ko}" if ko else one.name_ko, f"{en} › {one.name_en}" if en else one.name_en)
    return [(id, ko, en) for id, (ko, en) in found.items()]


def _must(wrong: dict[str, str], field: str, why: str, fits: bool) -> None:
    if not fits:
        wrong.setdefault(field, why)


def _number(
    said: dict[str, str], field: str, wrong: dict[str, str], *, most: int, needed: bool = False, whole: bool = True
) -> float | None:
    text = said.get(field, "").replace(",", "").replace("원", "").strip()
    if not text:
        _must(wrong, field, "needed", not needed)
        return None
    fits = _NUMBER.fullmatch(text) is not None and float(text) <= most and not (whole and "." in text)
    _must(wrong, field, "number", fits)
    return float(text) if fits else None
