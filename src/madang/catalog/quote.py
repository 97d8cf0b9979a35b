"""What lines cost here, now, for this person, and why: the vocabulary of a quote.

A quote is made by ``catalog.quote``; the same lines, instant, shop, codes and shopper give the same quote whatever
order the lines come in. The steps of a line's trace add up to its price.
"""

from __future__ import annotations

import msgspec

from madang.catalog.listing import Form
from madang.catalog.model import SoldBy, Vat


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A line somebody wants priced: ``qty`` pieces, or ``grams`` of what is sold by weight.

    ``key`` tells two lines of one SKU apart (a personalised one); without it lines of one SKU are one.
    """

    sku: str
    qty: int = 1
    grams: int | None = None
    key: str = ""

    @property
    def name(self) -> str:
        return self.key or self.sku


class Shopper(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, as far as prices care: opaque key, roles and guild tags. Nobody in particular has no key."""

    person: str = ""
    tags: frozenset[str] = frozenset()


NOBODY = Shopper()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of a line's price: ``rule`` is ``price``, ``price_list:<id>`` or ``promotion:<id>``, and what it adds
    (negative: takes off)."""

    rule: str
    ko: str
    en: str
    amount_krw: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What of a line's price falls on one VAT class; a bundle of taxable and exempt goods has two."""

    vat: Vat
    amount_krw: int


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its price. ``unit_krw`` is per piece or per 100 g, before promotions; all won with VAT.

    ``trace`` begins at the catalogue's price and adds up to ``amount_krw``; ``parts`` add up to it too, and are empty
    for a gift card, which bears no VAT when it is sold.
    """

    key: str
    sku: str
    listing: str
    name_ko: str
    name_en: str
    sold_by: SoldBy
    vat: Vat
    form: Form
    qty: int
    grams: int | None
    unit_krw: int
    list_krw: int
    amount_krw: int
    trace: tuple[Step, ...]
    parts: tuple[Part, ...]
    age_min: int = 0
    components: dict[str, int] = {}

    @property
    def off_krw(self) -> int:
        return self.list_krw - self.amount_krw


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion that took something off, how often, and by how much."""

    promotion: str
    ko: str
    en: str
    times: int
    amount_krw: int


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A code that took nothing off, and why (``unknown``, ``not_now``, ``not_here``, ``members_only``, ``used_up``,
    ``threshold``, ``nothing_fits``, ``excluded``)."""

    code: str
    why: str
    ko: str
    en: str


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion a product could be part of."""

    promotion: str
    ko: str
    en: str


class PriceTag(msgspec.Struct, frozen=True, kw_only=True):
    """What one piece (or 100 g) costs by itself, and the promotions it could be part of."""

    priced: Priced
    deals: tuple[Deal, ...] = ()


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """Every line's price as of an instant in a shop."""

    shop: str
    at_us: int
    lines: tuple[Priced, ...]
    applied: tuple[Applied, ...] = ()
    refused: tuple[Refused, ...] = ()
    person: str = ""

    @property
    def list_krw(self) -> int:
        return sum(line.list_krw for line in self.lines)

    @property
    def total_krw(self) -> int:
        return sum(line.amount_krw for line in self.lines)

    @property
    def taxable_krw(self) -> int:
        """과세: the VAT-included part."""
        return sum(part.amount_krw for line in self.lines for part in line.parts if part.vat is Vat.TAXABLE)

    @property
    def exempt_krw(self) -> int:
        """면세."""
        return sum(part.amount_krw for line in self.lines for part in line.parts if part.vat is Vat.EXEMPT)

    @property
    def gift_krw(self) -> int:
        """Gift cards: no supply yet, so no VAT."""
        return sum(line.amount_krw for line in self.lines if line.form is Form.GIFT_CARD)

    @property
    def age_min(self) -> int:
        """The age every line may be sold to."""
        return max((line.age_min for line in self.lines), default=0)
