"""The vocabulary of quoting abroad: carriers' tariffs, what a country takes and refuses, what comes of it. All pure.

Every row of a tariff, tax or refusal has a day from which it counts and says where it comes from.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from madang.catalog.particulars import Nature

ANYWHERE = "*"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A way to send abroad: EMS, K-Packet, a courier. ``divisor`` cm³ count as a kilogram (0: weight only);
    ``weight_max_g``, ``length_max_mm`` and ``sum_max_mm`` (length and girth) are what it takes; ``terms`` are
    ``DDU`` (the receiver pays duties; Incoterms DAP) or ``DDP`` (the sender does)."""

    id: str
    name_ko: str
    name_en: str
    divisor: int = 0
    weight_max_g: int = 30_000
    length_max_mm: int = 1_500
    sum_max_mm: int = 3_000
    days_min: int = 3
    days_max: int = 10
    terms: str = "DDU"
    refuses: tuple[Nature, ...] = ()
    source: str = ""


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A country's zone in a service's tariff."""

    service: str
    country: str
    zone: str
    source: str = ""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """What a zone costs up to a weight."""

    service: str
    zone: str
    upto_g: int
    krw: int
    source: str = ""


class Tax(msgspec.Struct, frozen=True, kw_only=True):
    """What a country asks at its border. ``vat_bp`` is its VAT, GST or sales tax, ``currency`` the money its limits are
    in; at goods' values up to ``duty_free`` (smallest units) there is no duty, up to ``vat_free`` no tax.
    ``on_freight``: duty is counted on goods and freight (CIF), else on goods alone (FOB).
    ``duty_bp`` is for goods without a row of their own."""

    country: str
    name_ko: str
    name_en: str
    currency: str
    vat_bp: int
    duty_bp: int = 0
    duty_free: int = 0
    vat_free: int = 0
    on_freight: bool = True
    source: str = ""


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """The duty of a country on goods whose HS code begins with ``hs``."""

    country: str
    hs: str
    duty_bp: int
    source: str = ""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A country (``*``: every one) does not let goods of a nature in, with the reason; ``allowed`` lifts ``*``."""

    country: str
    nature: Nature
    why_ko: str
    why_en: str
    allowed: bool = False
    source: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What of a SKU is to be sent: ``krw`` for all ``qty`` of it, weight and size of one as packed."""

    sku: str
    qty: int
    krw: int
    packed_g: int
    size_mm: tuple[int, int, int] = (0, 0, 0)
    hs: str = ""
    natures: tuple[Nature, ...] = ()


class No(StrEnum):
    """Why a service cannot take something."""

    NO_WEIGHT = "no_weight"
    """Nobody has said what it weighs packed."""
    NOT_THERE = "not_there"
    TOO_HEAVY = "too_heavy"
    TOO_LARGE = "too_large"
    CARRIER = "carrier"
    """The carrier takes no goods of this nature."""
    COUNTRY = "country"
    """The country does not let it in."""


class Freight(msgspec.Struct, frozen=True, kw_only=True):
    """What one service asks: ``billed_g`` is the greater of the weight and what the size counts as. ``no`` says why it
    does not go (``nature`` of what, ``why_ko``/``why_en`` a country's reason)."""

    service: Service
    krw: int = 0
    billed_g: int = 0
    by_size: bool = False
    no: No | None = None
    nature: Nature | None = None
    why_ko: str = ""
    why_en: str = ""


class Border(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate of what a border asks for: ``duty_krw`` and ``vat_krw``; None where a limit is in money whose rate
    nobody knows. ``free`` says which of the two a limit spares."""

    tax: Tax
    duty_krw: int
    vat_krw: int
    duty_free: bool
    vat_free: bool

    @property
    def krw(self) -> int:
        return self.duty_krw + self.vat_krw


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a customs declaration, as it was when it was sold: ``krw`` for all ``qty``, ``net_g`` for all."""

    sku: str
    name_en: str
    qty: int
    krw: int
    net_g: int
    hs: str
    made_in: str


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """How an order goes abroad, frozen when it was placed: the carrier's price, what the border was estimated to ask
    (``known``: its money and taxes were), and who pays that. ``terms`` are Incoterms 2020 ``DAP`` (the receiver pays
    duty and tax) or ``DDP`` (``prepaid_krw`` of them was paid with the order). ``vat_off_krw`` is the Korean VAT that
    was taken off the prices here (영세율: 수출하는 재화, 부가가치세법 §21)."""

    country: str
    country_ko: str
    country_en: str
    service: str
    service_ko: str
    service_en: str
    terms: str
    freight_krw: int
    gross_g: int
    billed_g: int
    duty_krw: int
    tax_krw: int
    known: bool
    prepaid_krw: int
    vat_off_krw: int
    days_min: int
    days_max: int
    goods: tuple[Declared, ...]
    currency: str
    quoted_at_us: int
    tariff_source: str = ""
    tax_source: str = ""

    @property
    def border_krw(self) -> int:
        return self.duty_krw + self.tax_krw

    @property
    def added_krw(self) -> int:
        """What is paid beside the goods."""
        return self.freight_krw + self.prepaid_krw
