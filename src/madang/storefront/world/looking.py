"""What the pages for the world show: goods of this place priced in other money, one whole, sessions to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request

from madang import catalog, places
from madang.catalog import Form, Listing, Vat, stock
from madang.db import Tx
from madang.kernel import Actor, NotFound, vat_included
from madang.places import Place
from madang.storefront import browsing
from madang.storefront.terms import sells_online
from madang.storefront.world import experiences, money, session_records, tariffs
from madang.storefront.world.model import Tax
from madang.storefront.world.money import Rate, Shown
from madang.storefront.world.records import Session
from madang.storefront.world.session_records import Said
from madang.storefront.world.tariffs import Quoted

CURRENCY, COUNTRY = "madang_currency", "madang_country"
SHOWN_MAX = 48
TOLD = {f"{part}_{lang}" for part in ("name", "story", "who", "craft", "grown", "use", "maker", "origin") for lang in
        ("ko", "en")} | {"maker", "origin", "keywords"}  # fmt: skip
"""What of a listing the world's shelf is searched by."""


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """A session with the places that are left, and what its guests should know."""

    session: Session
    left: int
    said: Said


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """A good or an experience: its card at the shop that has it, and its price in the reader's money."""

    card: browsing.Card
    shop: Place
    foreign: Shown | None
    sittings: tuple[Sitting, ...] = ()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The front of the storefront for the world. ``rate`` is of the reader's currency; None: won only."""

    goods: tuple[Good, ...]
    experiences: tuple[Good, ...]
    rates: Mapping[str, Rate]
    rate: Rate | None
    countries: Sequence[Tax]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One good's page: ``quoted`` to the reader's country (None: none chosen); ``sent_krw`` is its price when it is
    sent abroad, without Korean VAT (None: its shop sends nothing there)."""

    of: browsing.Whole
    sittings: tuple[Sitting, ...]
    foreign: Shown | None
    quoted: Quoted | None
    front: Page
    sent_krw: int | None = None


def currency_of(request: Request) -> str:
    """The money the reader looks at, where it is one."""
    asked = request.query_params.get("currency") or request.cookies.get(CURRENCY, "")
    return asked if money.CODE.fullmatch(asked) else ""


def country_of(request: Request) -> str:
    asked = request.query_params.get("to") or request.cookies.get(COUNTRY, "")
    return asked if len(asked) == 2 and asked.isascii() and asked.isupper() else ""


def shown(tx: Tx, by: Actor, krw: int, currency: str, at_us: int) -> Shown | None:
    """An amount in other money; None for won, and where no rate may be shown."""
    rate = tariffs.rates(tx, by, at_us).get(currency) if currency else None
    return money.shown(krw, rate) if rate else None


def front(tx: Tx, by: Actor, currency: str, at_us: int, said: str = "") -> Page:
    """Goods that are told to the world, and experiences that can still be booked; of ``said`` those whose names,
    makers or stories (who, craft, place, use) have every word of it."""
    rates = tariffs.rates(tx, by, at_us)
    rate = rates.get(currency)
    listings = [one for one in _abroad(tx, by) if one.form is not Form.GIFT_CARD and _has(one, said)]
    shops = [places.get(tx, by, shop) for shop in sorted(sells_online(tx))]
    coming = experiences.coming(tx, by, at_us)
    goods = _goods(tx, by, [one for one in listings if one.form is not Form.EXPERIENCE], shops, rate, at_us)
    bookable = [one for one in listings if one.form is Form.EXPERIENCE and one.id in coming]
    acts = _goods(tx, by, bookable, shops, rate, at_us)
    acts = [msgspec.structs.replace(one, sittings=_sittings(tx, by, coming[one.card.listing.id])) for one in acts]
    countries = tariffs.countries(tx, by, at_us)
    return Page(goods=tuple(goods), experiences=tuple(acts), rates=rates, rate=rate, countries=countries)


def whole(tx: Tx, by: Actor, listing: str, sku: str | None, currency: str, country: str, at_us: int) -> Whole:
    """One good with its story, its price, and what it costs to have it sent. Raises ``NotFound``."""
    page = front(tx, by, currency, at_us)
    good = next((one for one in (*page.goods, *page.experiences) if one.card.listing.id == listing), None)
    if good is None:
        raise NotFound(
            "storefront.not_abroad",
            ko="세계에 내놓은 상품이 아닙니다.",
            en="This is not among what is offered to the world.",
            next_ko="목록에서 다시 고르세요.",
            next_en="Choose from the list again.",
        )
    of = browsing.whole(tx, by, good.shop.id, listing, at_us, sku)
    krw = of.chosen.tag.priced.amount_krw if of.chosen.tag else 0
    quoted, sent_krw = None, None
    terms = sells_online(tx).get(good.shop.id)
    if terms is not None and terms.abroad and of.chosen.product.vat is Vat.TAXABLE:
        sent_krw = krw - vat_included(krw)[1]
    elif terms is not None and terms.abroad:
        sent_krw = krw
    if country and krw and of.listing.form is not Form.EXPERIENCE:
        items = tariffs.items_of(tx, by, {of.chosen.product.id: (1, krw if sent_krw is None else sent_krw)})
        quoted = tariffs.quote(tx, by, items, country, at_us)
    foreign = money.shown(krw, page.rate) if page.rate and krw else None
    return Whole(of=of, sittings=good.sittings, foreign=foreign, quoted=quoted, front=page, sent_krw=sent_krw)


def _has(one: Listing, said: str) -> bool:
    told = " ".join(str(getattr(one, name)) for name in one.__struct_fields__ if name in TOLD).casefold()
    return all(word in told for word in said.casefold().split())


def _abroad(tx: Tx, by: Actor) -> list[Listing]:
    """Shown listings that go on the page for the world: a choice, so one read of those with a mark."""
    return [one for one in catalog.listings_abroad(tx, by) if one.state is catalog.State.SHOWN][:SHOWN_MAX]


def _goods(
    tx: Tx, by: Actor, listings: Sequence[Listing], shops: Sequence[Place], rate: Rate | None, at_us: int
) -> list[Good]:
    """Each at the first shop that has it; where none has, at the first."""
    found: dict[str, Good] = {}
    for shop in shops:
        for card in browsing.cards(tx, by, listings, shop.id, at_us):
            known = found.get(card.listing.id)
            if known is None or (known.card.left < 1 and card.left > 0):
                foreign = money.shown(card.tag.priced.amount_krw, rate) if rate and card.tag else None
                found[card.listing.id] = Good(card=card, shop=shop, foreign=foreign)
    return [found[one.id] for one in listings if one.id in found]


def _sittings(tx: Tx, by: Actor, sessions: Sequence[Session]) -> tuple[Sitting, ...]:
    levels = stock.levels(tx, by, [one.sku for one in sessions])
    found = [(one, levels.get(one.sku, {}).get(one.shop)) for one in sessions]
    said = session_records.said_of(tx, by, [one.sku for one in sessions])
    return tuple(
        Sitting(session=one, left=max(0, level.available) if level else 0, said=said.get(one.sku, Said()))
        for one, level in found
    )
