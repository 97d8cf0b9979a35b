"""The pages of vouchers and settlement, brought together: a voucher payment's money goes where settlement says."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import APIRouter

from madang import settlement
from madang.db import Tx
from madang.files import Store
from madang.kernel import Actor, Uuid7
from madang.payments import Leg, split
from madang.serve import paying
from madang.settlement import agreeing_pages, office_pages, party_pages, transfer_pages
from madang.settlement import pages as settlement_pages
from madang.storefront import cash_pages
from madang.ui.desk import Desk
from madang.vouchers import credit_pages, issuer_pages
from madang.vouchers import pages as voucher_pages

if TYPE_CHECKING:
    from madang.serve.site import Site


def routers(site: Site) -> list[APIRouter]:
    """Vouchers for neighbours, member shops and issuers; settlement for parties and the operator."""

    def desk(room: str) -> Desk:
        return Desk(room, site.db, site.clock, Uuid7(site.clock), site.pages, site.neighbourhood)

    store = Store(site.home / "files", site.clock)
    return [
        voucher_pages.router(
            desk("vouchers"), legs=sale_legs, refund_legs=refund_legs, store=store, pay_at=paying.links(site).address
        ),
        issuer_pages.router(desk("vouchers"), store),
        transfer_pages.router(desk("settlement")),
        office_pages.router(desk("settlement")),
        party_pages.router(desk("settlement")),
        agreeing_pages.router(desk("settlement")),
        credit_pages.router(desk("vouchers")),
        settlement_pages.router(desk("settlement")),
        cash_pages.router(desk("storefront")),
    ]


def sale_legs(tx: Tx, by: Actor, sale: UUID, shop: str, amount_krw: int, at_us: int) -> list[Leg]:
    """A sale over the counter, paid at once and confirmed with it."""
    line = settlement.SaleLine(number=1, amount_krw=amount_krw, vat_krw=split(amount_krw).vat_krw)
    legs = settlement.sale_legs(tx, by, sale=sale, shop=shop, lines=[line], at_us=at_us)
    settlement.confirm(tx, by, sale, at_us=at_us)
    return legs


def refund_legs(tx: Tx, by: Actor, sale: UUID, refund: UUID, amount_krw: int, at_us: int) -> list[Leg] | None:
    """Back along the legs of the sale."""
    return settlement.refund_legs(tx, by, sale=sale, refund=refund, amount_krw=amount_krw, at_us=at_us)
