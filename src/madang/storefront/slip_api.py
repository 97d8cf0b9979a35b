"""``/v1/vouchers/paid``: receipts of what was paid with vouchers at counters, as JSON, for their payer alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response

from madang.db import Tx
from madang.kernel import Actor
from madang.storefront import slip_pages
from madang.ui.answers import answers
from madang.vouchers import Slip, slips


class SlipNow(msgspec.Struct, kw_only=True):
    """One payment: ``number`` is how payer and shop name it to each other; ``back_krw`` came back into the voucher."""

    id: UUID
    number: str
    shop: str
    programme: str
    at_us: int
    amount_krw: int
    back_krw: int
    left_krw: int


class SlipsNow(msgspec.Struct, kw_only=True):
    """The latest of them, the newest first."""

    paid: list[SlipNow]


class GivenBack(msgspec.Struct, kw_only=True):
    at_us: int
    amount_krw: int


class SlipStory(SlipNow, kw_only=True):
    """A payment as its receipt says it: the seller's number where it is known, VAT of what was paid, what came back."""

    shop_ko: str
    shop_en: str
    registration: str
    supply_krw: int
    vat_krw: int
    exempt_krw: int
    back: list[GivenBack]


def add(routes: APIRouter, read: Callable[[Callable[[Tx], Any]], Response], by: Callable[[Request], Actor]) -> None:
    """The routes; ``by`` says who asks."""

    @routes.get("/vouchers/paid")
    @answers(SlipsNow)
    def every(request: Request) -> Response:
        """What you paid with vouchers at counters."""
        me = by(request)
        return read(lambda tx: SlipsNow(paid=[SlipNow(**_slip(one)) for one in slips.slips_of(tx, me)]))

    @routes.get("/vouchers/paid/{payment}")
    @answers(SlipStory)
    def one(request: Request, payment: UUID) -> Response:
        """The receipt of one such payment of yours."""
        me = by(request)
        return read(lambda tx: _story(slip_pages.look(tx, me, payment)))


def _story(found: slip_pages.Shown) -> SlipStory:
    sums = found.sums
    return SlipStory(
        **_slip(found.slip), shop_ko=found.shop_ko, shop_en=found.shop_en, registration=found.registration,
        supply_krw=sums.supply_krw, vat_krw=sums.vat_krw, exempt_krw=sums.exempt_krw,
        back=[GivenBack(at_us=one.at_us, amount_krw=one.amount_krw) for one in found.back],
    )  # fmt: skip


def _slip(one: Slip) -> dict[str, Any]:
    names = ("id", "number", "shop", "programme", "at_us", "amount_krw", "back_krw", "left_krw")
    return {name: getattr(one, name) for name in names}
