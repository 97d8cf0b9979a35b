"""The vocabulary of the storefront: carts, checkouts, orders, and why something may or may not be given back."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from madang.catalog.model import SoldBy
from madang.catalog.stock import Reserved
from madang.kernel.clock import MINUTE_US
from madang.storefront.world.model import Export
from madang.storefront.world.money import Shown

HOLD_US = 20 * MINUTE_US
"""How long a checkout keeps goods, slots and prices."""
PAY_US = 30 * MINUTE_US
"""How long an order that was placed may stay unpaid; longer than the hold, so that a payment may come a little late."""
LINES_MAX = 60
PIECES_MAX = 99
GRAMS_MAX = 20_000
DELIVERY = "delivery-fee"
"""What a receipt's line of the delivery fee names as its product."""
BORDER = "import-charges"
"""What a receipt's line of duty and tax paid for the buyer names as its product."""
RETURNING = "return-fee"
"""What a receipt's line of the buyer's way back names as its product."""

Way = Literal["delivery", "pickup", "abroad"]


class WithdrawalBasis(StrEnum):
    """Whether an order's line can be given back for a change of mind (청약철회, 전자상거래법 §17).

    All but ``FREE`` are exceptions of §17(2), which hold only where the buyer was told beforehand (§17(6)); for
    ``MADE_TO_ORDER`` (시행령 §21) told separately and agreed to in writing. Without that record a line is ``FREE``.
    """

    FREE = "free"
    MADE_TO_ORDER = "made_to_order"
    PERISHABLE = "perishable"
    """Time takes its worth away (§17(2) 3)."""
    OPENED_COPY = "opened_copy"
    """Copyable goods (records, books in wrap): until the wrapping is broken (§17(2) 4)."""
    OPENED_DIGITAL = "opened_digital"
    """Digital content: until it was begun (§17(2) 5)."""


class Reason(StrEnum):
    """Why something comes back."""

    CHANGE_OF_MIND = "change_of_mind"
    DEFECTIVE = "defective"
    """Damaged, or not as shown or agreed (§17(3))."""
    WRONG_ITEM = "wrong_item"
    """Something else came; the same as defective in law."""


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """So much of a SKU from one shop: pieces, or grams where it is sold by weight."""

    shop: str
    sku: str
    amount: int
    added_at_us: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its price as it was frozen. ``unit_price_krw`` is the list price with VAT (per piece, or per 100 g),
    ``list_krw`` what that comes to, ``amount_krw`` what is paid, ``exempt_krw`` the part of it that bears no VAT (a
    bundle's line may have both). ``consent_at_us`` is when the buyer agreed to what
    ``basis`` excepts; ``parts`` are the components of a bundle; ``why`` says in
    both languages what was taken off the list price; ``begins_us`` is when a session of an experience begins;
    ``zero_rated`` lines are exported: what of them is not exempt bears no VAT, and ``amount_krw`` is without it."""

    number: int
    sku: str
    listing: str
    name_ko: str
    name_en: str
    sold_by: SoldBy
    amount: int
    unit_price_krw: int
    list_krw: int
    amount_krw: int
    exempt_krw: int = 0
    basis: WithdrawalBasis = WithdrawalBasis.FREE
    consent_at_us: int | None = None
    adult: bool = False
    parts: dict[str, int] = {}
    why: tuple[tuple[str, str, int], ...] = ()
    begins_us: int | None = None
    zero_rated: bool = False


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What of a checkout comes from one shop: it becomes one order."""

    shop: str
    order: UUID
    lines: tuple[Line, ...]
    reserved: tuple[Reserved, ...]
    applied: dict[str, int] = {}
    """Won that each promotion took off, by its id."""

    @property
    def goods_krw(self) -> int:
        return sum(line.amount_krw for line in self.lines)


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """Held goods at frozen prices, on the way to be paid. ``state``: ``held``, ``placed``, ``dropped``."""

    id: UUID
    owner: str
    state: str
    begun_at_us: int
    held_until_us: int
    groups: tuple[Group, ...]
    codes: tuple[str, ...] = ()

    def held(self, at_us: int) -> bool:
        """Whether goods and prices are still kept."""
        return self.state == "held" and at_us < self.held_until_us

    @property
    def goods_krw(self) -> int:
        return sum(group.goods_krw for group in self.groups)


class Fulfilment(msgspec.Struct, frozen=True, kw_only=True):
    """How an order gets to its buyer: ``place`` is where it is fetched, ``address`` the key of one in the members'
    vault, ``slot`` the booked window (None: whenever the shop is open)."""

    way: Way
    place: str | None = None
    address: str | None = None
    slot: str | None = None
    from_us: int | None = None
    until_us: int | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a line is to come back: ``amount`` None is all of it. ``to`` is the SKU it is exchanged for, empty: the
    same again."""

    line: int
    amount: int | None = None
    to: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Won of an order that a payment paid, and of which of its parts (by number; empty: in proportion)."""

    payment: UUID
    krw: int
    by: dict[str, int] = {}


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """An open wish to give back or exchange. ``known_at_us``: when a defect was found; ``back_at_us``: when the goods
    were with the shop again, from when on they must be paid back. ``cost_krw`` is what the way costs the buyer
    (§18(9)), told before. Of an exchange ``swaps`` are the lines that go out instead, at their price; ``due_krw`` is
    what they cost more (less: it is given back), held by ``payment`` where there is something to pay. ``number`` counts
    an order's claims from 1 (0: of an order that has one at a time)."""

    kind: Literal["return", "exchange"]
    lines: tuple[Wish, ...]
    reason: Reason
    at_us: int
    known_at_us: int | None = None
    note: str = ""
    back_at_us: int | None = None
    cost_krw: int = 0
    swaps: tuple[Line, ...] = ()
    due_krw: int = 0
    payment: UUID | None = None
    number: int = 0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the deal of an order remembers; keys only, no personal field.

    ``taken_back`` is how much of each line (by number) has come back or was never sent; ``held_at_us`` says on which
    day's account the goods were sold. ``paid_by`` is how many won of it each part of its payment (by number) paid,
    ``paid_back`` what of that went back; orders of before have none, and share their payment in proportion.
    ``late`` is the state in which a time limit of the law ran out at ``late_since_us`` (``deadlines``), last told
    at ``late_told_us``; ``interest_krw`` what the shop owes for paying back late, beside the refund
    (``interest``), ``interest_paid_krw`` what of it went into the wallet.
    ``return_fee_krw`` is what one way back costs who changed their mind, as told before ordering. An order of goods
    that went out in exchange names the one it came of (``exchange_of``) and whose won it holds (``sources``); that one
    names it among ``exchanged``. ``claims`` are the open claims, oldest first, of ``claims_made`` there ever were;
    orders from before version 5 of the process have one at most, ``claim``.
    """

    checkout: UUID
    payment: UUID
    lines: tuple[Line, ...]
    fee_krw: int
    total_krw: int
    fulfil: Fulfilment
    reserved: tuple[Reserved, ...]
    held_at_us: int
    held_until_us: int
    paid_at_us: int | None = None
    receipt: UUID | None = None
    sent_by: str = ""
    sent_number: str = ""
    delivered_at_us: int | None = None
    age_checked_at_us: int | None = None
    claim: Claim | None = None
    claims: tuple[Claim, ...] = ()
    claims_made: int = 0
    taken_back: dict[str, int] = {}
    refunded_krw: int = 0
    paid_by: dict[str, int] = {}
    paid_back: dict[str, int] = {}
    why_ended: str = ""
    late: str = ""
    late_since_us: int | None = None
    late_told_us: int | None = None
    interest_krw: int = 0
    interest_paid_krw: int = 0
    return_fee_krw: int = 0
    exchange_of: UUID | None = None
    exchanged: tuple[UUID, ...] = ()
    sources: tuple[Source, ...] = ()
    shown: Shown | None = None
    export: Export | None = None

    @property
    def border_krw(self) -> int:
        """Duty and tax of the country it goes to that were paid with the order."""
        return self.export.prepaid_krw if self.export is not None else 0

    @property
    def adult(self) -> bool:
        """Whether something in it may only be handed to somebody of 19 or older (청소년 보호법 §28)."""
        return any(line.adult for line in self.lines)

    @property
    def open(self) -> tuple[Claim, ...]:
        """The claims that nobody has settled yet, oldest first."""
        return self.claims if self.claim is None else (self.claim,)

    def left(self, line: Line) -> int:
        """How much of a line the buyer still has."""
        return line.amount - self.taken_back.get(str(line.number), 0)

    def free(self, line: Line, claim: Claim | None = None) -> int:
        """How much of it no claim is about but this one."""
        others = [one for one in self.claims if claim is None or one.number != claim.number]
        asked = sum(wish.amount or 0 for one in others for wish in one.lines if wish.line == line.number)
        return max(0, self.left(line) - asked)
