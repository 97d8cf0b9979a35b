"""``/vouchers/paid/{payment}``: the receipt of what somebody paid with a voucher at a counter, for them alone."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.db import Tx
from madang.deals.pages import Cash
from madang.kernel import Actor
from madang.payments import Refund, Split
from madang.settlement.registration import shown as with_dashes
from madang.storefront import cash_receipts, cash_slips, showing
from madang.storefront.front import PRIVATE, Storefront, form_of
from madang.ui.access import own
from madang.vouchers import Programme, Slip, errors, slips
from madang.vouchers import records as vouchers


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A slip as its page shows it. ``registration`` is the seller's number with its dashes, empty where none is known;
    ``sums`` of what was paid; ``taxed``: the seller shows VAT."""

    slip: Slip
    shop_ko: str
    shop_en: str
    programme: Programme
    registration: str
    sums: Split
    back: list[Refund]
    cash: Cash | None


def add(routes: APIRouter, shop: Storefront) -> None:
    @routes.get("/vouchers/paid/{payment}", name="voucher.slip", dependencies=[own])
    def paid(request: Request, payment: UUID, said: str = "") -> Response:
        by = shop.buyer(request)
        found = shop.read(lambda tx: look(tx, by, payment))
        return shop.html(request, "slip", shown=found, said=said if said == "paid" else "")

    @routes.post("/vouchers/paid/{payment}/cash", name="voucher.slip.cash", dependencies=[own])
    def cash(request: Request, payment: UUID, form: Annotated[dict[str, str], Depends(form_of)]) -> Response:
        by, at_us = shop.buyer(request), shop.clock.now_us()
        business, always = form.get("business") == "yes", form.get("always") == "yes"

        def act(tx: Tx) -> None:
            found = slips.slip(tx, by, payment)
            if form.get("stop") == "yes":
                cash_receipts.stop(tx, by, UUID(found.payer))
                return
            number = form.get("number", "")[:40]
            cash_slips.ask(tx, by, payment, number, business=business, always=always, at_us=at_us)

        shop.write(act)
        return RedirectResponse(f"{slips.path(payment)}#cash", 303, headers=PRIVATE)


def look(tx: Tx, by: Actor, payment: UUID) -> Shown:
    """One of the caller's slips with all its page says. Raises ``NotFound``."""
    slip = slips.slip(tx, by, payment)
    programme = vouchers.programme(tx, slip.programme)
    if programme is None:
        raise errors.unknown(slip.programme)
    ko, en = showing.shop_names(tx, slip.shop)
    number = cash_receipts.registration_of(tx, slip.shop, cash_slips.seller_of(tx, slip))
    return Shown(
        slip=slip, shop_ko=ko, shop_en=en, programme=programme, registration=with_dashes(number) if number else "",
        sums=cash_slips.sums(tx, slip, slip.amount_krw, slip.at_us), back=slips.given_back(tx, by, payment),
        cash=_cash(tx, slip),
    )  # fmt: skip


def _cash(tx: Tx, slip: Slip) -> Cash | None:
    wish = cash_receipts.wish_of(tx, slip.id)
    if wish is None:
        return Cash() if slip.left_krw else None
    always = cash_receipts.wish_of(tx, UUID(slip.payer)) is not None
    return Cash(masked=wish.masked, business=wish.business, krw=wish.krw, always=always)
