"""What passes between a shop's machine and the server (JSON by msgspec)."""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang.catalog import Product
from madang.catalog.tariff import Tariff
from madang.deals.lines import Receipt
from madang.deals.pages import Bound, Objection, State

RECEIPTS = "/v1/edge/receipts"
NEWS = "/v1/edge/news"
TOGETHER_MAX = 10
"""Receipts of one request, and of one transaction: about the writer's budget."""


class Numbered(msgspec.Struct, frozen=True):
    """A shop's ``n``-th receipt, sale or refund, as the shop issued it: with lines, payer and how it was decided."""

    n: int
    receipt: Receipt


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A shopper's word, kept at the server for the shop: a line of a receipt is wrong (``qty`` pieces, None: all of
    it), or ``appeal``: was wrongly turned down."""

    id: UUID
    receipt: UUID
    line: int
    qty: int | None
    reason: str
    appeal: bool
    at_us: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The shop has done with a wish: it was posted there like any other, or ``refused`` (an error's code) and why."""

    wish: UUID
    refused: str = ""
    why_ko: str = ""
    why_en: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What has been said against a receipt's lines in the shop, by whatever way, and came of it up to now."""

    receipt: UUID
    state: State
    objections: tuple[Objection, ...]


class Limited(msgspec.Struct, frozen=True, kw_only=True):
    """How much a person's disputes give back in the shop without a look; no ``bound``: as much as anybody's."""

    person: str
    bound: Bound | None


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """The shop's ``n``-th word on what shoppers said; one of the three. A later one on the same stands in its place."""

    n: int
    answer: Answer | None = None
    standing: Standing | None = None
    limited: Limited | None = None


class Batch(msgspec.Struct, frozen=True):
    """Receipts of one shop, in their order, and its words."""

    shop: str
    receipts: tuple[Numbered, ...]
    words: tuple[Word, ...] = ()


class Upto(msgspec.Struct, frozen=True):
    """The server has every receipt of the shop up to this one, its words up to ``words``, and so many ``wishes`` that
    the shop has not answered."""

    upto: int
    words: int = 0
    wishes: int = 0


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
    depend on, which products are for adults only (None: a server that does not say yet), and what shoppers said of the
    shop's receipts that it has not answered (None: a server that takes no such words, and no answers)."""

    payers: tuple[Payer, ...] = ()
    products: tuple[Product, ...] = ()
    prices: dict[str, int] = {}
    tariff: Tariff | None = None
    adults_only: tuple[str, ...] | None = None
    wishes: tuple[Wish, ...] | None = None
