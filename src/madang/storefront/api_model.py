"""What programs ask of carts and orders, and what they are told."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field

from madang.storefront import exchanging, model, orders, withdrawal
from madang.storefront.model import Line, Reason
from madang.storefront.world.model import Export

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Problem = dict[int | str, dict[str, Any]]
PROBLEMS: Problem = {
    status: {"description": what, "content": {"application/problem+json": {"schema": {"type": "object"}}}}
    for status, what in (
        (400, "It cannot be read."),
        (401, "Nobody is signed in."),
        (403, "Not allowed."),
        (404, "No such thing, or none of yours."),
        (409, "It clashes with what is: sold out, too late, used twice."),
        (422, "It can be read but not be done as it stands."),
        (429, "Too many requests."),
    )
}

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Asked(BaseModel):
    """What a program asks for: nothing that is not expected."""

    model_config = ConfigDict(extra="forbid")


class PutLine(Asked):
    """So much of a SKU of a shop: pieces, or grams where it is sold by weight."""

    shop: Code
    sku: Code
    amount: Annotated[int, Field(strict=True, ge=0, le=20_000)]


class How(Asked):
    """How a shop's order is to come: delivered, fetched at ``place``, or sent abroad by a carrier's ``service``."""

    way: Literal["delivery", "pickup", "abroad"]
    place: Annotated[str, Field(max_length=64)] = ""
    slot: Annotated[str, Field(max_length=64)] = ""
    service: Annotated[str, Field(max_length=40)] = ""


class Where(Asked):
    """A Korean address: street name and number, five-digit postcode."""

    name: Annotated[str, Field(max_length=40)]
    phone: Annotated[str, Field(max_length=20)]
    postcode: Annotated[str, Field(max_length=5)]
    road: Annotated[str, Field(max_length=120)]
    detail: Annotated[str, Field(max_length=80)] = ""
    note: Annotated[str, Field(max_length=100)] = ""


class WhereAbroad(Asked):
    """To whom outside Korea: the country by ISO 3166-1, the number with its country code; Latin letters."""

    country: Country
    name: Annotated[str, Field(max_length=60)]
    phone: Annotated[str, Field(max_length=24)]
    line1: Annotated[str, Field(max_length=80)]
    line2: Annotated[str, Field(max_length=80)] = ""
    city: Annotated[str, Field(max_length=60)]
    region: Annotated[str, Field(max_length=60)] = ""
    postcode: Annotated[str, Field(max_length=16)] = ""


class PayPart(Asked):
    """What one means pays of the total; ``ref`` is a gift card, or a voucher programme (`programme@shop`)."""

    means: Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")]
    amount_krw: Annotated[int, Field(strict=True, ge=1, le=10_000_000_000)]
    ref: Annotated[str, Field(max_length=120)] = ""


class PlaceOrder(Asked):
    """The end of a checkout. ``agreed`` are the SKUs whose notice on withdrawal was shown and agreed to; ``currency``
    is what amounts were shown in beside won (sent abroad: the money of where it goes, where nothing is said)."""

    choices: Annotated[dict[Code, How], Field(max_length=20)]
    address: Where | None = None
    abroad: WhereAbroad | None = None
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3})?$")] = ""
    agreed: Annotated[list[Code], Field(max_length=60)] = []
    born: Annotated[int, Field(strict=True, ge=1900, le=2200)] | None = None
    parts: Annotated[list[PayPart], Field(max_length=8)] = []


class BackLine(Asked):
    """How much of a line comes back; without an amount all of it. ``to`` is the variant it is exchanged for, empty: the
    same again."""

    line: Annotated[int, Field(strict=True, ge=1, le=100)]
    to: Annotated[str, Field(max_length=80)] = ""
    amount: Annotated[int, Field(strict=True, ge=1, le=20_000)] | None = None


class ComeBack(Asked):
    """What comes back, and why; ``known_on`` is the day on which a defect was found, ``means`` pays what an exchange
    costs more (empty: the wallet)."""

    kind: Literal["return", "exchange"] = "return"
    lines: Annotated[list[BackLine], Field(min_length=1, max_length=60)]
    reason: Reason
    untouched: bool = False
    known_on: date | None = None
    note: Annotated[str, Field(max_length=500)] = ""
    means: Annotated[str, Field(max_length=40, pattern=r"^([a-z_]+)?$")] = ""


class CashReceipt(Asked):
    """A mobile's or a cash receipt card's number, or (``business``) a registration number; ``always``: also for all
    that is to come."""

    number: Annotated[str, Field(min_length=8, max_length=40)]
    business: bool = False
    always: bool = False


class CashNow(msgspec.Struct, kw_only=True):
    """What was told to the tax office of an order so far, its number masked."""

    order: UUID
    number: str
    business: bool
    told_krw: int


class ShopNow(msgspec.Struct, kw_only=True):
    """A cart's goods of one shop; ``left`` is what there still is of each SKU, ``gone`` what is not sold any more."""

    shop: str
    lines: tuple[Line, ...]
    left: dict[str, int]
    gone: tuple[model.CartLine, ...]
    goods_krw: int


class CartNow(msgspec.Struct, kw_only=True):
    """A cart at today's prices; ``held`` is the checkout that keeps just what lies in it."""

    shops: list[ShopNow]
    goods_krw: int
    held: model.Checkout | None


class SentAbroad(msgspec.Struct, kw_only=True):
    """What the goods a checkout holds of one shop come to when they are sent to a country: without Korean VAT, each
    carrier's ``ways`` with freight, duty and tax as estimated. No ``ways``: it cannot be sent; ``refused`` says why by
    line (SKU, Korean, English)."""

    shop: str
    country: str
    lines: tuple[Line, ...]
    goods_krw: int
    ways: tuple[Export, ...]
    refused: tuple[tuple[str, str, str], ...]


class QuotedAbroad(msgspec.Struct, kw_only=True):
    """The quote that holds as long as the checkout does."""

    shops: list[SentAbroad]
    until_us: int


class OfClaim(BaseModel):
    """Which of several requests a step is about."""

    claim: int


class OrderNow(msgspec.Struct, kw_only=True):
    """An order as it stands. Times are microseconds since 1970, money is won. ``claims`` are the open requests to give
    back or exchange, by number; ``claim`` is the oldest of them."""

    id: UUID
    shop: str
    state: str
    placed_at_us: int
    lines: tuple[Line, ...]
    fee_krw: int
    total_krw: int
    refunded_krw: int
    fulfil: model.Fulfilment
    claim: model.Claim | None
    claims: tuple[model.Claim, ...]
    receipt: UUID | None
    return_fee_krw: int
    exchange_of: UUID | None
    exchanged: tuple[UUID, ...]


class OrdersNow(msgspec.Struct, kw_only=True):
    """A page of orders; ``next`` is the cursor of the page after it."""

    orders: list[OrderNow]
    next: str | None


class StepTaken(msgspec.Struct, kw_only=True):
    step: str
    state: str
    at_us: int


class OrderStory(OrderNow, kw_only=True):
    """An order with every step and what its reader can do now (``choices``); ``answers`` says of each line, by its
    number, whether it can come back; ``others`` what it can be exchanged for; ``due`` by when the shop must act."""

    steps: list[StepTaken]
    choices: tuple[str, ...]
    answers: dict[int, withdrawal.Answer]
    others: dict[int, tuple[exchanging.Other, ...]]
    due: orders.Due | None
