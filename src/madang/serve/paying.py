"""Payments for real: gateways connected out of settings, the payer's and the operator's pages, gateways' door."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter

from madang.db import Tx
from madang.kernel import Uuid7
from madang.kernel.settings import Settings
from madang.members.addresses import Keyring
from madang.payments import (
    Payment,
    State,
    api,
    connect,
    console,
    fetching,
    gift_pages,
    gift_selling,
    pages,
    reconciling,
    wallet_pages,
)
from madang.payments.desk import PayDesk
from madang.payments.gateways import KakaoPay, TossPayments
from madang.payments.links import PayLinks
from madang.payments.sandbox.pages import open_sandbox
from madang.serve import keys
from madang.storefront import exchanging, hearing
from madang.vouchers import buying

if TYPE_CHECKING:
    from madang.serve.site import Site


def routers(site: Site) -> list[APIRouter]:
    """The pages of payments; where the settings ask for it, a make-believe gateway is among the means."""
    settings, found = site.settings, list[APIRouter]()
    connect_gateways(settings)
    if settings.sandbox_gateway and not (settings.toss_secret or settings.kakao_secret):
        found.append(open_sandbox(site.clock, site.pages))
    now = site.clock.now_us()
    site.db.write(lambda tx: _watch(tx, now), neighbourhood=site.neighbourhood)
    desk = pay_desk(site)
    gift_selling.sell_with(site.neighbourhood, _press(site))
    found += [pages.router(desk, site.pages), wallet_pages.router(desk, site.pages)]
    found.append(gift_pages.router(desk, site.pages))
    return [*found, console.router(desk, site.pages), api.router(desk)]


def _watch(tx: Tx, now_us: int) -> None:
    """Clearing accounts are looked at, and settlements fetched, every day."""
    reconciling.watch(tx, at_us=now_us)
    fetching.watch(tx, at_us=now_us)


def links(site: Site) -> PayLinks:
    """The addresses of payments. ``payment-links.key`` of the data folder: who has it can make them."""
    return PayLinks(keys.kept_secret(site.home / "payment-links.key"))


def pay_desk(site: Site) -> PayDesk:
    return PayDesk(
        db=site.db, clock=site.clock, ids=Uuid7(site.clock), neighbourhood=site.neighbourhood, links=links(site),
        public_url=site.settings.public_url, shop=site.shop or "",
        where={
            hearing.CAUSE: partial(_of_checkout, site), exchanging.CAUSE: _of_exchange, gift_selling.CAUSE: _of_gift,
            buying.CAUSE: _of_voucher,
        },
    )  # fmt: skip


def _of_checkout(site: Site, payment: Payment) -> str:
    """The order; what was not paid lies in the cart again."""
    if payment.state in (State.FAILED, State.VOIDED):
        return "/cart?said=not_paid"
    return site.db.read(lambda tx: hearing.page_of(tx, payment), neighbourhood=site.neighbourhood)


def _of_exchange(payment: Payment) -> str:
    """The order that something goes back of."""
    return f"/orders/{payment.cause.partition('/')[2]}"


def _of_gift(payment: Payment) -> str:
    return f"/gift-cards/{payment.cause.partition('/')[2]}"


def _of_voucher(payment: Payment) -> str:
    """My vouchers, with what was bought."""
    return "/vouchers" if payment.state in (State.FAILED, State.VOIDED) else "/vouchers?said=bought"


def _press(site: Site) -> gift_selling.Press:
    """Codes follow from ``gift-cards.key`` of the data folder; mail is sent where a server is set."""
    ring = Keyring(keys.kept_secret(site.home / "members.key"), site.neighbourhood) if site.settings.smtp else None
    return gift_selling.Press(keys.kept_secret(site.home / "gift-cards.key"), ring)


def connect_gateways(settings: Settings) -> None:
    """Connect the gateways whose secret key is set."""
    if settings.toss_secret:
        connect(TossPayments(settings.toss_secret, address=settings.toss_address, hook_key=settings.toss_hook_key))
    if settings.kakao_secret:
        connect(KakaoPay(settings.kakao_secret, cid=settings.kakao_cid, address=settings.kakao_address))
