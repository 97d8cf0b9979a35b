"""What passes between a shop's machine and the server (JSON by msgspec)."""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang.catalog import Product
from madang.catalog.tariff import Tariff
from madang.deals.lines import Receipt

RECEIPTS = "/v1/edge/receipts"
NEWS = "/v1/edge/news"
TOGETHER_MAX = 10
"""Receipts of one request, and of one transaction: about the writer's budget."""


class Numbered(msgspec.Struct, frozen=True):
    """A shop's ``n``-th receipt, sale or refund, as the shop issued it: with lines, payer and how it was decided."""

    n: int
    receipt: Receipt


class Batch(msgspec.Struct, frozen=True):
    """Receipts of one shop, in their order."""

    shop: str
    receipts: tuple[Numbered, ...]


class Upto(msgspec.Struct, frozen=True):
    """The server has every receipt of the shop up to this one."""

    upto: int


class Payer(msgspec.Struct, frozen=True, array_like=True):
    """Whose entry code this is (its digest), what the wallet holds, what prices know them by in the shop, and when a
    person of a shop saw that they are an adult (0: nobody has); no birth date, nothing of a card."""

    digest: str
    person: UUID
    wallet_krw: int
    tags: tuple[str, ...] = ()
    adult_us: int = 0


class News(msgspec.Struct, frozen=True):
    """What a shop must know to go on alone: open entry codes, products, prices in force in won, what else prices
    depend on, and which products are for adults only (None: a server that does not say yet)."""

    payers: tuple[Payer, ...] = ()
    products: tuple[Product, ...] = ()
    prices: dict[str, int] = {}
    tariff: Tariff | None = None
    adults_only: tuple[str, ...] | None = None
