"""Import from a spreadsheet: all rows or none unless asked otherwise, and a report that names every fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from madang.catalog import arranging, listing_plans, listing_rows, rows, service, spreadsheet
from madang.catalog.arranging import ARRANGEMENTS, Sort
from madang.catalog.cells import row_error
from madang.catalog.listing_rows import Placed
from madang.catalog.model import EVERY_SHOP, Price, Product, Report, RowError
from madang.catalog.plans import Plan
from madang.db import Tx
from madang.kernel import Actor, Invalid

T = TypeVar("T")


class Sheet(StrEnum):
    """What a file holds."""

    PRODUCTS = "products"
    PRICES = "prices"
    PLANOGRAM = "planogram"
    LISTINGS = "listings"
    CATEGORIES = "categories"
    COLLECTIONS = "collections"
    PRICE_LISTS = "price_lists"
    BUNDLES = "bundles"
    FLOORS = "floors"
    SYNONYMS = "synonyms"
    PARTICULARS = "particulars"
    SELLERS = "sellers"

    @property
    def sort(self) -> Sort | None:
        """What it arranges, where it does."""
        return Sort(self.value) if self.value in set(Sort) else None


def import_csv(
    tx: Tx,
    by: Actor,
    sheet: Sheet | str,
    data: bytes | str,
    *,
    id: UUID,
    at_us: int,
    shop: str = EVERY_SHOP,
    good_rows: bool = False,
    whole: bool = False,
    make: bool = False,
) -> Report:
    """Take a file in (``docs/catalog.md``: columns and encodings).

    Nothing is taken when a row is wrong, unless ``good_rows``: then the others are. ``shop`` is needed for a planogram,
    where ``whole`` closes every facing the file does not name; for prices it is the shop of rows that name none. Files
    of listings and of how the shop is arranged are taken whole or not at all; ``make`` makes categories that a file of
    listings names and nobody has made.
    Importing a file again changes nothing. Raises ``Malformed`` where the file as a whole cannot be read.
    """
    sheet = Sheet(sheet)
    if sheet is Sheet.PRODUCTS:
        lines = spreadsheet.read(data, rows.PRODUCT_COLUMNS, ("id", "name_ko"))
        good, errors = rows.products(lines)
        return _take(
            len(lines), good, errors, good_rows,
            lambda asked: service.plan_products(tx, by, asked),
            lambda plan: service.apply_products(tx, by, plan, id=id, at_us=at_us),
        )  # fmt: skip
    if sheet is Sheet.PRICES:
        lines = spreadsheet.read(data, rows.PRICE_COLUMNS, ("product", "price_krw"))
        priced, errors = rows.prices(lines, at_us=at_us, shop=shop)
        return _take(
            len(lines), priced, errors, good_rows,
            lambda asked: service.plan_prices(tx, by, asked, at_us),
            lambda plan: service.apply_prices(tx, by, plan, id=id, at_us=at_us),
        )  # fmt: skip
    if sheet is Sheet.LISTINGS:
        lines = spreadsheet.read(data, listing_rows.LISTING_COLUMNS, ("sku",))
        listed, errors = listing_plans.read(tx, by, lines, make=make)
        return _take(
            len(lines), listed, errors, False,
            lambda asked: listing_plans.plan(tx, by, asked),
            lambda plan: listing_plans.apply(tx, by, [*plan.add, *plan.change], id=id, at_us=at_us),
        )  # fmt: skip
    if sheet.sort is not None:
        return _arrange(tx, by, sheet.sort, data, id=id, at_us=at_us)
    _need_shop(shop)
    lines = spreadsheet.read(data, rows.FACING_COLUMNS, ("id", "gondola", "shelf", "plates", "products"))
    placed, errors = rows.facings(lines, shop=shop)
    return _take(
        len(lines), placed, errors, good_rows,
        lambda asked: service.plan_facings(tx, by, shop, asked, whole=whole),
        lambda plan: service.apply_facings(tx, by, shop, plan, id=id, at_us=at_us, whole=whole),
    )  # fmt: skip


def preview(
    tx: Tx, by: Actor, sheet: Sheet | str, data: bytes | str, *, at_us: int, shop: str = EVERY_SHOP
) -> tuple[Plan[Product] | Plan[Price] | Plan[Placed], tuple[RowError, ...]]:
    """What a file of products, prices or listings would do, and every fault in it; nothing is taken.

    See ``import_csv``. Categories that a file of listings names and nobody has made are to be made with them
    (``Placed.needs``), by who may.
    """
    if Sheet(sheet) is Sheet.PRODUCTS:
        lines = spreadsheet.read(data, rows.PRODUCT_COLUMNS, ("id", "name_ko"))
        good, errors = rows.products(lines)
        return _judged(good, errors, service.plan_products(tx, by, [product for _, product in good]))
    if Sheet(sheet) is Sheet.LISTINGS:
        lines = spreadsheet.read(data, listing_rows.LISTING_COLUMNS, ("sku",))
        listed, errors = listing_plans.read(tx, by, lines, make=not by.shops)
        return _judged(listed, errors, listing_plans.plan(tx, by, [one for _, one in listed]))
    lines = spreadsheet.read(data, rows.PRICE_COLUMNS, ("product", "price_krw"))
    priced, errors = rows.prices(lines, at_us=at_us, shop=shop)
    return _judged(priced, errors, service.plan_prices(tx, by, [price for _, price in priced], at_us))


def _arrange(tx: Tx, by: Actor, sort: Sort, data: bytes | str, *, id: UUID, at_us: int) -> Report:
    named, errors = arranging.read(tx, by, sort, data)
    if errors:
        return Report(rows=len(named), errors=errors)
    before = ARRANGEMENTS[sort].now(tx, by, [one.id for one in named])
    other = {one.id: one.value for one in named if before.get(one.id) != one.value}
    if other:
        ARRANGEMENTS[sort].put(tx, by, other, id, at_us)
    added = sum(one not in before for one in other)
    return Report(
        rows=len(named), added=added, changed=len(other) - added, unchanged=len(named) - len(other), applied=True
    )


def _judged(
    good: Sequence[tuple[int, T]], errors: list[RowError], plan: Plan[T]
) -> tuple[Plan[T], tuple[RowError, ...]]:
    wrong = [row_error(good[w.index][0], w.column, w.value, w.code, **w.words) for w in plan.wrong]
    return plan, tuple(sorted([*errors, *wrong], key=lambda e: e.row))


def _take(
    n: int,
    good: Sequence[tuple[int, T]],
    errors: list[RowError],
    good_rows: bool,
    plan_for: Callable[[Sequence[T]], Plan[T]],
    apply: Callable[[Plan[T]], None],
) -> Report:
    plan, every = _judged(good, errors, plan_for([thing for _, thing in good]))
    if every and not good_rows:
        return Report(rows=n, errors=every)
    apply(plan)
    return Report(
        rows=n, added=len(plan.add), changed=len(plan.change), unchanged=len(plan.same), applied=True, errors=every
    )


def _need_shop(shop: str) -> None:
    if shop == EVERY_SHOP:
        raise Invalid(
            "catalog.shop_needed",
            ko="진열표는 한 가게의 것입니다. 가게를 고르지 않았습니다.",
            en="A planogram belongs to one shop, and none was chosen.",
            next_ko="가게를 고르고 다시 가져오세요.",
            next_en="Choose the shop and import again.",
        )
