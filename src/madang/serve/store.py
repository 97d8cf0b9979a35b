"""The storefront's pages as a served neighbourhood has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from madang.files import Store
from madang.kernel import Uuid7
from madang.payments.means import names
from madang.serve import paying, people
from madang.storefront import api, browse, consigned_pages, guest_pages, labels, pages, ride_pages
from madang.storefront import notices as notices  # its jobs are done, too
from madang.storefront.front import Storefront
from madang.storefront.world import customs_pages, session_pages
from madang.storefront.world import pages as world_pages
from madang.walkout import phone_pages

if TYPE_CHECKING:
    from madang.serve.site import Site


def routers(site: Site) -> list[APIRouter]:
    """Browse pages, cart, checkout, orders, the shop's desk for them."""
    desk = people.accounts(site)
    front = Storefront(
        site.db,
        site.clock,
        Uuid7(site.clock),
        site.pages,
        site.neighbourhood,
        site.links,
        pay_at=paying.links(site).address,
        files=Store(site.home / "files", site.clock),
        means=at_checkout,
        names=desk.keyring.digest if desk.sends_mail else None,
    )
    phone = phone_pages.Phone(site.db, site.clock, site.hubs, site.pages, site.neighbourhood)
    programs = api.router(site.db, site.clock, site.neighbourhood)
    printed = labels.router(front, public_url=site.settings.public_url)
    world = [world_pages.router(front), customs_pages.router(front), session_pages.router(front)]
    world += [ride_pages.router(front), consigned_pages.router(front)]
    bought = [guest_pages.router(front, desk), pages.router(front)]  # the first knows addresses the second would take
    return [*bought, browse.router(front), *world, printed, programs, phone_pages.router(phone)]


def at_checkout() -> list[str]:
    """The means a checkout offers: those that need nothing but the payer's word or a gateway's page."""
    return sorted(set(names()) & {"wallet", "toss", "kakao"}, key=("wallet", "toss", "kakao").index)
