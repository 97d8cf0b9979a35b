"""What a served neighbourhood shows to the world: the one place where rooms' routers are made for real.

``madang serve``, the neighbourhood's server and the demo all call ``routers``; a room adds its line there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter

from madang.console import pages as console_pages
from madang.console import picture_pages, shop_api
from madang.console.arranging_pages import ArrangingDesk
from madang.console.desk import ConsoleDesk
from madang.console.framing import Framing
from madang.console.gallery import Gallery
from madang.console.listing_form import ListingDesk
from madang.console.money_desk import MoneyDesk
from madang.console.order_desk import OrderDesk
from madang.console.people_desk import PeopleDesk
from madang.console.premises import PlacesDesk
from madang.console.promotion_desk import PromotionDesk
from madang.console.settings_pages import SettingsDesk
from madang.console.stock_sheets import StockSheets
from madang.console.stockroom import Stockroom
from madang.db import Database
from madang.deals.links import Links
from madang.files import Store
from madang.kernel import Clock, Uuid7
from madang.kernel.settings import Settings
from madang.serve import money, paying, people, store, town
from madang.ui import Identify, Pages
from madang.walkout.live import Hubs


@dataclass(frozen=True, kw_only=True)
class Site:
    """What routers are made of. ``home`` is the data folder (keys, files); ``shop`` is the one this process runs, None
    at the neighbourhood's server; ``links`` make the addresses of receipts."""

    db: Database
    clock: Clock
    neighbourhood: str
    home: Path
    settings: Settings
    links: Links
    shop: str | None = None
    hubs: Hubs = field(default_factory=Hubs)
    pages: Pages = field(default_factory=Pages)


def identify(site: Site) -> Identify:
    """Who sent a request, for the edge of the app that serves ``routers``."""
    return people.identify(site)


def routers(site: Site) -> list[APIRouter]:
    """Every router of the rooms that neighbours and the shop's people use, in the order they are tried."""
    found: list[list[APIRouter]] = [
        people.routers(site),
        store.routers(site),
        paying.routers(site),
        money.routers(site),
        town.routers(site),
        _console(site),
    ]
    return [router for of_a_room in found for router in of_a_room]


def _console(site: Site) -> list[APIRouter]:
    made_of = (site.db, site.neighbourhood, site.clock, Uuid7(site.clock))
    desks = (ConsoleDesk(*made_of), Stockroom(*made_of), OrderDesk(*made_of), MoneyDesk(*made_of[:3]))
    site.pages.tell = Framing(*made_of[:3])
    pictures = Gallery(*made_of, Store(site.home / "files", site.clock))
    others = (
        PeopleDesk(people.accounts(site)), SettingsDesk(*made_of[:3]), PromotionDesk(*made_of), ArrangingDesk(*made_of),
    )  # fmt: skip
    premises, listings = PlacesDesk(*made_of), ListingDesk(*made_of)
    console = console_pages.router(
        *desks, site.pages, *others, premises=premises, listings=listings, sheets=StockSheets(*made_of)
    )
    programs = shop_api.router(site.db, site.clock, site.neighbourhood)
    return [picture_pages.router(pictures, site.pages), programs, console]
