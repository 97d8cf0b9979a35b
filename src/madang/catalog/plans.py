"""What a change of the catalogue would do, before it does anything: what is new, other, the same, and what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from madang.catalog.gtin import gtin14, valid
from madang.catalog.model import EVERY_SHOP, GRAMS_MAX, ID, NAME_MAX, PRICE_KRW_MAX, Facing, Price, Product
from madang.catalog.prices import Verdict, by_key, verdict

T = TypeVar("T")


class Wrong(msgspec.Struct, frozen=True):
    """A thing that cannot be taken: its place in what was asked, the column, the error's code and its words' values."""

    index: int
    column: str
    value: str
    code: str
    words: dict[str, Any] = {}


class Plan(msgspec.Struct, Generic[T]):
    """What to do with what was asked, each thing in one list at most."""

    add: list[T]
    change: list[T]
    same: list[T]
    wrong: list[Wrong]

    @classmethod
    def empty(cls) -> Plan[T]:
        return cls([], [], [], [])


def products(
    asked: Sequence[Product],
    known: Mapping[str, Product],
    owners: Mapping[str, str],
    others: Collection[str] = frozenset(),
) -> Plan[Product]:
    """``owners``: which product of the catalogue has each barcode of ``asked`` (14-digit form); ``others``: products
    that are not the asker's to change."""
    plan: Plan[Product] = Plan.empty()
    taken = dict(owners)
    for i, product in enumerate(asked):
        if flaw := _flaw(product):
            plan.wrong.append(Wrong(i, *flaw))
            continue
        before = known.get(product.id)
        barcode = gtin14(product.gtin) if product.gtin else None
        other = taken.setdefault(barcode, product.id) if barcode else product.id
        if other != product.id:
            plan.wrong.append(Wrong(i, "gtin", product.gtin or "", "gtin_taken", {"other": other}))
        elif product.id in others and product != before:
            plan.wrong.append(Wrong(i, "id", product.id, "not_own"))
        else:
            _sort(plan, product, before)
    return plan


def prices(
    asked: Sequence[Price], known: Iterable[Price], products: Collection[str], shops: Collection[str], at_us: int
) -> Plan[Price]:
    """``known`` are all prices of the products asked for; ``products`` and ``shops`` those that exist."""
    plan: Plan[Price] = Plan.empty()
    history = {key: list(of_it) for key, of_it in by_key(known).items()}
    for i, price in enumerate(asked):
        of_it = history.setdefault((price.product, price.shop), [])
        what = verdict(price, of_it, at_us)
        if not 0 <= price.price_krw <= PRICE_KRW_MAX:
            limits = {"least": 0, "most": f"{PRICE_KRW_MAX:,}"}
            plan.wrong.append(Wrong(i, "price_krw", str(price.price_krw), "bad_number", limits))
        elif price.product not in products:
            plan.wrong.append(Wrong(i, "product", price.product, "unknown_product"))
        elif price.shop != EVERY_SHOP and price.shop not in shops:
            plan.wrong.append(Wrong(i, "shop", price.shop, "unknown_shop"))
        elif what is Verdict.REWRITES_PAST:
            plan.wrong.append(Wrong(i, "from", "", "price_in_past"))
        else:
            {Verdict.NEW: plan.add, Verdict.REPLACES: plan.change, Verdict.SAME: plan.same}[what].append(price)
            history[price.product, price.shop] = [p for p in of_it if p.from_us != price.from_us] + [price]
    return plan


def facings(
    asked: Sequence[Facing],
    known: Mapping[str, Facing],
    products: Collection[str],
    plates: Mapping[str, tuple[str, str]],
) -> Plan[Facing]:
    """``known``: the facings that stay beside those asked for; ``plates``: gondola and shelf of each plate."""
    plan: Plan[Facing] = Plan.empty()
    ids = {facing.id for facing in asked}
    owner = {plate: f.id for f in known.values() if f.id not in ids for plate in f.plates}
    for i, facing in enumerate(asked):
        missing = [p for p in facing.plates if plates.get(p) != (facing.gondola, facing.shelf)]
        taken = [p for p in facing.plates if owner.get(p, facing.id) != facing.id]
        strange = [p for p in facing.products if p not in products]
        if not ID.fullmatch(facing.id):
            plan.wrong.append(Wrong(i, "id", facing.id, "bad_id"))
        elif min(facing.counts.values(), default=0) < 0 or not facing.counts.keys() <= set(facing.products):
            plan.wrong.append(Wrong(i, "counts", "", "bad_counts"))
        elif strange:
            plan.wrong.append(Wrong(i, "products", strange[0], "unknown_product"))
        elif missing:
            plan.wrong.append(Wrong(i, "plates", missing[0], "unknown_plate", {"plates": ", ".join(missing)}))
        elif taken:
            words = {"plates": ", ".join(taken), "other": owner[taken[0]]}
            plan.wrong.append(Wrong(i, "plates", taken[0], "plate_taken", words))
        else:
            owner |= dict.fromkeys(facing.plates, facing.id)
            _sort(plan, facing, known.get(facing.id))
    return plan


def _flaw(product: Product) -> tuple[str, str, str] | None:
    """Column, value and code of what makes a product unfit, where something does."""
    names = (("name_ko", product.name_ko), ("name_en", product.name_en))
    weights = (("unit_weight_g", product.unit_weight_g), ("unit_weight_sd_g", product.unit_weight_sd_g))
    if not ID.fullmatch(product.id):
        return "id", product.id, "bad_id"
    for column, name in names:
        if not name or len(name) > NAME_MAX:
            return column, name, "bad_name"
    for column, grams in weights:
        if grams is not None and not 0 <= grams <= GRAMS_MAX:
            return column, str(grams), "bad_weight"
    if product.gtin is not None and not valid(product.gtin):
        return "gtin", product.gtin, "bad_gtin"
    return None


def _sort(plan: Plan[T], thing: T, before: T | None) -> None:
    target = plan.add if before is None else plan.same if before == thing else plan.change
    target.append(thing)
