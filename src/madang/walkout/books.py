"""The accounts a shop without a till books on, in all four books.

goods     shelf (per facing) · sold (per day) · lost · stockroom · supplier (source): the catalogue's stock accounts
capacity  free · inside · overflow (people who came in past the limit) · room (source)
money     tab (what a payer owes; the wallet and the shop's income are the payments room's)
hours     worked (source, by doer) · spent (by what for)

Goods in somebody's hands are a pending transfer from a shelf to ``sold``; a place taken is one from ``free`` to
``inside``. So for each product: shelves + sold + lost + stockroom = received, where what is in hands is still on the
shelf accounts, and pending.
"""

from __future__ import annotations

from madang.catalog.stock import piece, shelf
from madang.ledger import AccountKey, Book, Limit, declare_code
from madang.payments.wallets import day_owner

__all__ = [
    "PLACE", "SALES_FLOOR", "SECONDS", "capacity", "lost", "piece", "shelf", "sold", "spent", "stockroom", "supplier",
    "worked",
]  # fmt: skip
PLACE = "place"
SECONDS = "s"
SALES_FLOOR = "walkout"

_NONE, _WITHIN = Limit.NONE, Limit.DEBITS_WITHIN_CREDITS
declare_code("room", Book.CAPACITY, _NONE, ko="정원", en="Capacity given")
declare_code("free", Book.CAPACITY, _WITHIN, ko="빈 자리", en="Free places")
declare_code("inside", Book.CAPACITY, _NONE, ko="이용 중", en="Places in use")
declare_code("overflow", Book.CAPACITY, _NONE, ko="정원 초과", en="Over capacity")
declare_code("worked", Book.HOURS, _NONE, ko="일한 시간", en="Time worked")
declare_code("spent", Book.HOURS, _NONE, ko="쓰인 시간", en="Time spent")


def sold(shop: str, product: str, at_us: int) -> AccountKey:
    return AccountKey(Book.GOODS, "sold", day_owner(shop, at_us), piece(product))


def lost(shop: str, product: str) -> AccountKey:
    return AccountKey(Book.GOODS, "lost", shop, piece(product))


def stockroom(shop: str, product: str) -> AccountKey:
    return AccountKey(Book.GOODS, "stockroom", shop, piece(product))


def supplier(shop: str, product: str) -> AccountKey:
    return AccountKey(Book.GOODS, "supplier", shop, piece(product))


def capacity(code: str, shop: str) -> AccountKey:
    return AccountKey(Book.CAPACITY, code, shop, PLACE)


def worked(doer: str) -> AccountKey:
    return AccountKey(Book.HOURS, "worked", doer, SECONDS)


def spent(shop: str, what: str, at_us: int) -> AccountKey:
    """``what``: watching, restocking, reviewing."""
    return AccountKey(Book.HOURS, "spent", f"{day_owner(shop, at_us)}/{what}", SECONDS)
