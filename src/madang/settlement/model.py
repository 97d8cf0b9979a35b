"""The words of settlement: parties to a sale, terms, frozen commission lines, shares, payouts."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec

from madang.kernel.clock import DAY_US

PLATFORM = "platform"
"""The neighbourhood's own business: commission that names no other receiver is its income."""


class PartyKind(StrEnum):
    """What somebody is in a sale. A party's key is ``<kind>/<id>``: ``maker/m1``, ``merchant/s1``. A
    brand is from outside: shops of the neighbourhood sell its goods for it."""

    MERCHANT = "merchant"
    MAKER = "maker"
    HUB = "hub"
    COURIER = "courier"
    GUILD = "guild"
    BRAND = "brand"
    PROGRAMME = "programme"


class TaxStatus(StrEnum):
    """사업자 과세유형; it changes with dates, so it belongs to a party and a time, never to a product."""

    GENERAL = "general"
    """일반과세자."""
    SIMPLIFIED = "simplified"
    """간이과세자 (부가가치세법 §61)."""
    EXEMPT = "exempt"
    """면세사업자."""
    NONE = "none"
    """No business registration (비사업자)."""


class LineKind(StrEnum):
    """What was sold, as far as the day of payment goes."""

    GOODS = "goods"
    BOOKING = "booking"


class SaleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a sale as settlement needs it: won with VAT, and whose sale it is.

    ``seller`` is a party's key; None is the shop itself. ``vat_krw`` is the tax inside the amount (0 for an exempt
    line).
    """

    number: int
    amount_krw: int
    vat_krw: int = 0
    exempt: bool = False
    seller: str | None = None
    kind: LineKind = LineKind.GOODS


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a seller gives of a sale for one purpose, from an instant on.

    ``holder`` is a party's key or ``tier:<name>``; a party's own terms come before its tier's. ``receiver`` is a
    party's key, ``platform``, or the kind of a party the sale names (``hub``: whoever is the hub of that sale; none,
    no fee). ``bp`` are hundredths of a percent of the price with VAT, ``fixed_krw`` is once a sale; VAT is charged on
    top. ``kept`` is not given back when the sale is.
    """

    id: UUID
    holder: str
    purpose: str
    receiver: str
    bp: int
    fixed_krw: int = 0
    kept: bool = False
    from_us: int
    to_us: int | None = None


class Commission(msgspec.Struct, frozen=True, kw_only=True):
    """One frozen commission line: what a line of a sale gave, to whom, under which terms. Never changed."""

    number: int
    purpose: str
    seller: str
    receiver: str
    terms: UUID
    base_krw: int
    bp: int
    fixed_krw: int
    amount_krw: int
    vat_krw: int
    kept: bool


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is paid. ``shop`` is where a merchant sells; ``person`` the opaque key of who acts for them.

    ``registration`` is the 사업자등록번호 (ten digits; empty without one), ``account`` an opaque reference the payout
    service knows the bank account by: no account number is kept here.
    """

    key: str
    name_ko: str
    name_en: str
    shop: str | None = None
    person: str | None = None
    registration: str = ""
    account: str = ""
    account_since_us: int | None = None
    joined_at_us: int

    @property
    def kind(self) -> PartyKind:
        return PartyKind(self.key.split("/", 1)[0])


class Cycle(StrEnum):
    """How often a party is paid."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When a share becomes available and when what is available is paid.

    The delays count from the purchase's confirmation (대규모유통업법 개정안, 공정거래위원회 2024-10-18: within 20 days
    of it, 10 days after use for bookings). ``day`` is the weekday (0 Monday) of a weekly cycle, the day of a monthly
    one.
    """

    cycle: Cycle = Cycle.DAILY
    day: int = 0
    goods_d: int = 20
    booking_d: int = 10
    least_krw: int = 1
    floor_krw: int = 0
    """How far below zero is left to later payouts; lower, and somebody is told."""

    def delay_us(self, kind: LineKind) -> int:
        return (self.booking_d if kind is LineKind.BOOKING else self.goods_d) * DAY_US


class ReserveRule(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept back of each release and why; shown to the party with amount, date and the way to appeal."""

    id: UUID
    party: str
    bp: int
    days: int
    reason_ko: str
    reason_en: str
    from_us: int
    to_us: int | None = None


class ShareState(StrEnum):
    PENDING = "pending"
    AVAILABLE = "available"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a party has of a sale. ``returned_krw`` went back with refunds."""

    sale: UUID
    party: str
    kind: LineKind
    amount_krw: int
    returned_krw: int
    state: ShareState
    sold_us: int
    available_us: int | None

    @property
    def left_krw(self) -> int:
        return self.amount_krw - self.returned_krw


class PayoutState(StrEnum):
    HELD = "held"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way to a party. A held one says why (``reason``) and, where it is known, until when."""

    id: UUID
    party: str
    amount_krw: int
    state: PayoutState
    reason: str = ""
    until_us: int | None = None
    made_us: int
    ended_us: int | None = None
    reference: str = ""


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """Money kept back under a rule until a day. ``appeal`` is what the party said against it."""

    id: UUID
    party: str
    rule: UUID
    amount_krw: int
    made_us: int
    release_us: int
    released_us: int | None = None
    appeal: str = ""
