"""What the journal is told beside the steps of deals: keys and amounts only."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.journal import Stage


@journal.kind("storefront.checkout_begun", version=1, stage=Stage.SALES)
class CheckoutBegun(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's goods are held at today's prices."""

    checkout: str
    shops: tuple[str, ...]
    goods_krw: int
    until_us: int


@journal.kind("storefront.returned", version=1, stage=Stage.SERVICE)
class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of an order came back or were never sent: how much of which SKU, for what, and whether they sell again."""

    order: str
    goods: dict[str, int]
    reason: str
    sellable: bool
    refunded_krw: int


@journal.kind("storefront.late", version=1, stage=Stage.SERVICE)
class Late(msgspec.Struct, frozen=True, kw_only=True):
    """A time limit of an order is over while it is in ``state``; ``tells`` who must know: the shop, the buyer."""

    order: str
    state: str
    since_us: int
    tells: tuple[str, ...]


@journal.kind("storefront.interest_paid", version=1, stage=Stage.SERVICE)
class InterestPaid(msgspec.Struct, frozen=True, kw_only=True):
    """A refund was late: interest for the delay went into the buyer's wallet, is due to who has none (``sent`` false),
    or was sent by other means (``how``)."""

    order: str
    amount_krw: int
    sent: bool
    how: str = ""


@journal.kind("storefront.cash_file_taken", version=1, stage=Stage.SERVICE)
class CashFileTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody took the file of a month's cash receipts, with buyers' numbers; ``missing`` were not kept any more."""

    month: str
    documents: int
    missing: int


@journal.kind("storefront.came_in", version=1, stage=Stage.SALES)
class CameIn(msgspec.Struct, frozen=True, kw_only=True):
    """An entry code opened a gate."""

    gate: str


@journal.kind("storefront.basis_set", version=1, stage=Stage.PLANNING)
class BasisSet(msgspec.Struct, frozen=True, kw_only=True):
    """What of a SKU the right to withdraw excepts was said; empty: nothing is said any more."""

    sku: str
    basis: str


@journal.kind("storefront.setting_changed", version=1, stage=Stage.PLANNING)
class SettingChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's particulars or its terms of selling online are other from now on."""

    shop: str
    what: str


@journal.kind("storefront.sheet_taken", version=1, stage=Stage.PLANNING)
class SheetTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A file of rates, tariffs, taxes or refusals was taken in: so many new rows."""

    sheet: str
    rows: int


@journal.kind("storefront.session_opened", version=1, stage=Stage.PLANNING)
class SessionOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A session of an experience can be booked."""

    sku: str
    places: int


@journal.kind("storefront.session_cancelled", version=1, stage=Stage.SERVICE)
class SessionCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """A session does not take place: so many bookings of so many people are paid back."""

    sku: str
    bookings: int
    people: int


@journal.kind("storefront.guest_merged", version=1, stage=Stage.SERVICE)
class GuestMerged(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in who has the mailbox that a guest's orders named: these are theirs from now on."""

    guest: str
    orders: int


@journal.kind("storefront.addresses_destroyed", version=1, stage=Stage.SERVICE)
class AddressesDestroyed(msgspec.Struct, frozen=True, kw_only=True):
    """Delivery addresses of somebody whose retention was over were destroyed: how many, and how many remain."""

    gone: int
    left: int


@journal.kind("storefront.ride", version=1, stage=Stage.LOGISTICS)
class Ride(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery by a rider of the neighbourhood came from one state into another: asked, taken, picked up …;
    ``how`` it was handed over, or why not."""

    order: str
    was: str
    state: str
    how: str
