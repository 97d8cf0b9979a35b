"""What the console's pages are made from: one call a page, one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from madang import catalog, journal, ledger, members, places
from madang.catalog import (
    EVERY_SHOP,
    Category,
    Price,
    Product,
    RowError,
    Sheet,
    arranging,
    listing_plans,
    ownership,
    workbooks,
)
from madang.catalog.arranging import Sort
from madang.catalog.imports import preview
from madang.catalog.listing_rows import LISTING_COLUMNS, Placed, written
from madang.catalog.plans import Plan
from madang.catalog.rows import PRICE_COLUMNS, PRODUCT_COLUMNS
from madang.console import bulk, finding, guarding, new_product, repricing, service, telling, trails
from madang.console.bulk import Filter, Wanted
from madang.console.finding import Found
from madang.console.guarding import Guarded
from madang.console.model import Change, Kind
from madang.console.new_product import Filled
from madang.console.repricing import Rule
from madang.console.waiting import Waiting, waiting
from madang.db import Database, Page, Tx
from madang.journal import Fact
from madang.kernel import Actor, Clock, Ids, Role, seoul
from madang.ledger import Book
from madang.members import adults
from madang.members.accounts import NICKNAME
from madang.places import Place
from madang.storefront import entry

T = TypeVar("T")
TRAIL = 50
EXPORT_PAGE = 200
MAY = (Role.OPERATOR, Role.STAFF)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A product in the list, with the price in force now (None: it has none)."""

    product: Product
    price_krw: int | None


class Choices(NamedTuple):
    """Categories (id, Korean path, English path) and collections."""

    categories: tuple[tuple[str, str, str], ...]
    collections: tuple[Any, ...]


class One(msgspec.Struct, frozen=True, kw_only=True):
    """A product whole: its prices (newest first) and what was done to it. ``own``: the reader may change what it is;
    ``own_krw`` is the price of the shop they act for, where it has one of its own."""

    product: Product
    prices: tuple[Price, ...]
    facts: tuple[Fact, ...]
    own: bool
    own_krw: int | None = None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The neighbourhood, or one's own shop, at one look. ``live`` are shops with a floor plan: they can be watched.
    ``facts`` counts everything ever told; this and what lies in wallets is None for who acts for a shop."""

    shops: tuple[Any, ...]
    live: frozenset[str]
    products: int
    unpriced: int
    wallets_krw: int | None
    facts: int | None
    waiting: tuple[Waiting, ...] = ()
    guarded: tuple[Guarded, ...] = ()


class ConsoleDesk:
    """Reads and writes for the pages."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids) -> None:
        self._db, self._n, self.clock, self.ids = db, neighbourhood, clock, ids

    # --- looking --------------------------------------------------------------------------------------------------
    def overview(self, by: Actor) -> Overview:
        def look(tx: Tx) -> Overview:
            products, unpriced = catalog.counted(tx, by, at_us=self.clock.now_us(), shops=by.shops)
            wallets = [] if by.shops else ledger.balances(tx, book=Book.MONEY, code="wallet").values()
            shops = tuple(places.shops(tx, by))
            return Overview(
                shops=shops,
                live=frozenset(one.id for one in shops if places.has_layout(tx, by, one.id)),
                products=products,
                unpriced=unpriced,
                wallets_krw=None if by.shops else sum(balance.posted for balance in wallets),
                facts=None if by.shops else journal.head(tx, by)[0],
                guarded=guarding.guarded(tx, by, shops, at_us=self.clock.now_us()),
                waiting=tuple(waiting(tx, by, at_us=self.clock.now_us())),
            )

        return self._read(by, look)

    def products(self, by: Actor, wanted: Filter, cursor: str | None) -> Page[Row]:
        """Products, with the price in force where the reader works; for who acts for a shop those it keeps, or
        (``shared``) those of the neighbourhood it may take up."""

        def look(tx: Tx) -> Page[Row]:
            page = bulk.find(tx, by, wanted, at_us=self.clock.now_us(), cursor=cursor)
            ids, at_us = [p.id for p in page.rows], self.clock.now_us()
            mine = catalog.price_at(tx, by, ids, at_us, shop=_shop(by)) if by.shops else None
            now = catalog.price_somewhere(tx, by, ids, at_us) if mine is None else mine
            return page.map(lambda p: Row(product=p, price_krw=now.get(p.id)))

        return self._read(by, look)

    def product(self, by: Actor, id: str) -> One:
        """Raises ``NotFound`` for one that is none, or another shop's."""

        def look(tx: Tx) -> One:
            found = catalog.kept_product(tx, by, id)
            history = [p for p in catalog.price_history(tx, by, id) if not by.shops or p.shop in ("", *by.shops)]
            now = catalog.own_prices(tx, by, [id], self.clock.now_us(), shop=_shop(by)).get(id)
            return One(
                product=found, prices=tuple(history[::-1]), own=not ownership.not_own(tx, by, [id]),
                facts=tuple(trails.about(tx, by, id, before=None, limit=TRAIL)),
                own_krw=now.price_krw if now is not None and now.shop else None,
            )  # fmt: skip

        return self._read(by, look)

    def trail(self, by: Actor, subject: str, before: int | None, *, who: str = "") -> list[Fact]:
        """Facts about a subject, or done by somebody (an opaque key), that the reader may see; newest first."""

        def look(tx: Tx) -> list[Fact]:
            if who:
                return journal.trail(tx, by, subject=subject or None, actor=who, before=before, limit=TRAIL)
            return trails.about(tx, by, subject, before=before, limit=TRAIL)

        return self._read(by, look)

    def told(self, by: Actor, facts: Sequence[Fact], language: str) -> dict[int, str]:
        """What each fact says beside its kind's words, by its number."""
        goods = self._read(by, lambda tx: catalog.products(tx, by, telling.goods_in(facts)))
        return {fact.seq: telling.line(fact, goods, language) for fact in facts}

    def search(self, by: Actor, text: str) -> Found:
        """What the reader may see that a text names (``finding``)."""
        return self._read(by, lambda tx: finding.find(tx, by, text))

    def change(self, by: Actor, id: UUID) -> tuple[Change, dict[str, Product], dict[str, Place], dict[str, Category]]:
        """A change, the products it names, and the places and categories there are."""

        def look(tx: Tx) -> tuple[Change, dict[str, Product], dict[str, Place], dict[str, Category]]:
            change = service.get(tx, by, id)
            goods = catalog.products(tx, by, [edit.after.get("sku", edit.object) for edit in change.edits])
            tree = {one.id: one for one in catalog.categories(tx, by)}
            return change, goods, {one.id: one for one in places.every(tx, by)}, tree

        return self._read(by, look)

    def changes(self, by: Actor, cursor: str | None) -> Page[Change]:
        return self._read(by, lambda tx: service.find(tx, by, cursor=cursor))

    def export(self, by: Actor, sheet: Sheet, form: str) -> tuple[bytes, str, str]:
        """(content, media type, file name) of all products or of all prices in force, as an import takes them."""
        heading, rows = self._read(by, lambda tx: _sheet(tx, by, sheet, self.clock.now_us()))
        name = f"{sheet}-{seoul(self.clock.now_us()):%Y%m%d}.{form}"
        if form == "xlsx":
            return workbooks.xlsx(sheet, heading, rows), workbooks.TYPE, name
        return workbooks.csv_bytes(heading, rows), "text/csv; charset=utf-8", name

    def adults(self, by: Actor) -> list[tuple[adults.Adult, str]]:
        """Who was seen to be an adult lately, and what they ask to be called ('': they did not say)."""

        def named(tx: Tx) -> list[tuple[adults.Adult, str]]:
            found = adults.latest(tx, by, limit=20)
            return [(one, members.field(tx, by, one.person, NICKNAME.name) or "") for one in found]

        return self._read(by, named)

    def saw_card(self, by: Actor, code: str) -> None:
        """The holder of an entry code (or of a member's number) showed a card. Raises ``NotFound``."""
        at_us = self.clock.now_us()
        self._write(lambda tx: adults.saw_card(tx, by, entry.whose(tx, by, code), at_us=at_us))

    def not_adult(self, by: Actor, person: UUID) -> None:
        at_us = self.clock.now_us()
        self._write(lambda tx: adults.take_back(tx, by, person, at_us=at_us))

    def choices(self, by: Actor) -> Choices:
        """What products can be filtered by and put into."""
        return self._read(
            by, lambda tx: Choices(tuple(new_product.categories(tx, by)), tuple(catalog.collections(tx, by)))
        )

    def chosen(self, by: Actor, ticked: Sequence[str], wanted: Filter | None) -> list[str]:
        """The products that were ticked, or all that fit a filter."""
        if wanted is None:
            return list(dict.fromkeys(ticked))
        return self._read(by, lambda tx: bulk.every(tx, by, wanted, at_us=self.clock.now_us()))

    # --- changing -------------------------------------------------------------------------------------------------
    def reprice(self, by: Actor, products: Sequence[str], rule: Rule) -> Change:
        """Stage new prices of some products by a rule; those without a price are left out."""
        id, at_us = self.ids.new(), self.clock.now_us()

        def act(tx: Tx) -> Change:
            now = catalog.price_at(tx, by, products, at_us, shop=_shop(by))
            new = repricing.repriced(now, rule)
            ownership.need_free(tx, by, list(new))
            return service.stage_prices(tx, by, new, id=id, at_us=at_us, shop=_shop(by))

        return self._write(act)

    def bulk(self, by: Actor, products: Sequence[str], wanted: Wanted) -> Change:
        """Stage what many products are to be."""
        by.need(*MAY)
        id, at_us = self.ids.new(), self.clock.now_us()
        return self._write(lambda tx: bulk.stage(tx, by, products, wanted, id=id, at_us=at_us))

    def price(self, by: Actor, product: str, price_krw: int) -> Change:
        """Stage one price where the reader works: the first of a product that has none, or a shop's own."""
        id, at_us = self.ids.new(), self.clock.now_us()

        def act(tx: Tx) -> Change:
            catalog.kept_product(tx, by, product)
            ownership.need_free(tx, by, [product])
            return service.stage_prices(tx, by, {product: price_krw}, id=id, at_us=at_us, shop=_shop(by))

        return self._write(act)

    def edit(self, by: Actor, product: Product) -> Change:
        id, at_us = self.ids.new(), self.clock.now_us()
        return self._write(lambda tx: service.stage_products(tx, by, [product], id=id, at_us=at_us))

    def categories(self, by: Actor) -> list[tuple[str, str, str]]:
        """(id, Korean path, English path) of every category."""
        return self._read(by, lambda tx: new_product.categories(tx, by))

    def make(self, by: Actor, form: Sequence[tuple[str, str]]) -> tuple[Filled, Change | None]:
        """Stage the new product a form describes; with a fault in it nothing is staged."""
        id, code, at_us = self.ids.new(), new_product.code_of(self.ids), self.clock.now_us()

        def act(tx: Tx) -> tuple[Filled, Change | None]:
            by.need(*MAY)
            there = {one for one, _, _ in new_product.categories(tx, by)}
            said = new_product.checked(tx, by, new_product.filled(list(form), code=code, categories=there))
            if said.new is None:
                return said, None
            return said, new_product.stage(tx, by, said.new, id=id, at_us=at_us, shop=_shop(by))

        return self._write(act)

    def take(self, by: Actor, sheet: Sheet, data: bytes) -> tuple[Change | None, tuple[RowError, ...]]:
        """Stage what a file says; with a fault in it, nothing is staged and every fault is given."""
        id, at_us = self.ids.new(), self.clock.now_us()

        def act(tx: Tx) -> tuple[Change | None, tuple[RowError, ...]]:
            if sheet.sort is not None:
                return _arranged(tx, by, sheet.sort, data, id=id, at_us=at_us)
            plan, faults = preview(tx, by, sheet, data, at_us=at_us, shop=_shop(by))
            if faults:
                return None, faults
            return _staged(tx, by, plan, id=id, at_us=at_us), ()

        return self._write(act)

    def apply(self, by: Actor, id: UUID) -> Change:
        at_us = self.clock.now_us()
        return self._write(lambda tx: service.apply(tx, by, id, at_us=at_us))

    def undo(self, by: Actor, id: UUID) -> Change:
        at_us = self.clock.now_us()
        return self._write(lambda tx: service.undo(tx, by, id, at_us=at_us))

    def _read(self, by: Actor, fn: Callable[[Tx], T]) -> T:
        by.need(*MAY)
        return self._db.read(fn, neighbourhood=self._n)

    def _write(self, fn: Callable[[Tx], T]) -> T:
        return self._db.write(fn, neighbourhood=self._n)


def _shop(by: Actor) -> str:
    """The shop whose prices somebody sees and sets: their own, or the neighbourhood's."""
    return next(iter(sorted(by.shops)), EVERY_SHOP)


def _arranged(
    tx: Tx, by: Actor, sort: Sort, data: bytes, *, id: UUID, at_us: int
) -> tuple[Change | None, tuple[RowError, ...]]:
    named, faults = arranging.read(tx, by, sort, data)
    if faults:
        return None, faults
    wanted = {Kind(sort.value): {one.id: one.value for one in named}}
    return service.stage_arranged(tx, by, wanted, id=id, at_us=at_us), ()


def _staged(tx: Tx, by: Actor, plan: Plan[Any], *, id: UUID, at_us: int) -> Change:
    things = [*plan.add, *plan.change]
    if things and isinstance(things[0], Price):
        shop = _shop(by)
        prices = {p.product: p.price_krw for p in things if p.shop == shop}
        return service.stage_prices(tx, by, prices, id=id, at_us=at_us, shop=shop)
    if things and isinstance(things[0], Placed):
        return service.stage_listings(tx, by, things, id=id, at_us=at_us)
    return service.stage_products(tx, by, things, id=id, at_us=at_us)


def _sheet(tx: Tx, by: Actor, sheet: Sheet, at_us: int) -> tuple[list[str], list[list[Any]]]:
    if sheet.sort is not None:
        return arranging.written(tx, by, sheet.sort)
    if sheet is Sheet.LISTINGS:
        return _listings_sheet(tx, by)
    columns = PRODUCT_COLUMNS if sheet is Sheet.PRODUCTS else PRICE_COLUMNS
    rows: list[list[Any]] = []
    cursor = None
    while True:
        page = catalog.find_products(tx, by, cursor=cursor, limit=EXPORT_PAGE, shops=by.shops)
        if sheet is Sheet.PRODUCTS:
            rows += [[_cell(getattr(p, name)) for name in columns] for p in page.rows]
        else:
            now = catalog.price_at(tx, by, [p.id for p in page.rows], at_us, shop=_shop(by))
            rows += [[p.id, now[p.id], "", ""] for p in page.rows if p.id in now]
        if (cursor := page.next) is None:
            return list(columns), rows


def _listings_sheet(tx: Tx, by: Actor) -> tuple[list[str], list[list[Any]]]:
    categories = {one.id: one for one in catalog.categories(tx, by)}
    ids: dict[str, None] = {}
    cursor = None
    while True:
        page = catalog.find_products(tx, by, cursor=cursor, limit=EXPORT_PAGE, shops=by.shops)
        owners = catalog.listings_of(tx, by, [p.id for p in page.rows])
        ids |= dict.fromkeys(owners[p.id] for p in page.rows if p.id in owners)
        if (cursor := page.next) is None:
            break
    placed = listing_plans.placed(tx, by, ids)
    return list(LISTING_COLUMNS), [row for id in ids for row in written(placed[id], categories)]


def _cell(value: Any) -> Any:
    return "" if value is None else str(value) if not isinstance(value, (int, float)) else value
