"""Experiences: something to take part in, booked like goods. Each session is a SKU whose stock are its places, so that
the holds that never oversell a shelf never oversell a room."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from madang import catalog
from madang.catalog import Axis, Form, Listing, Option, Price, Product, Variant, sellers, stock
from madang.catalog.listing import VARIANTS_MAX
from madang.db import Tx
from madang.kernel import Actor, Invalid, Kind, Role, derived, seoul, system
from madang.storefront import faults
from madang.storefront.world import records, session_records
from madang.storefront.world.records import Session

AXIS = "when"
FIRST = ".first"
"""Ends the listing that hides what an experience began with."""
PLACES_MAX = 500
KEPT = 60
"""Sessions of a listing; those that are long over go to one that nobody sees, when room is needed."""


def open_session(
    tx: Tx,
    by: Actor,
    shop: str,
    listing: str,
    *,
    from_us: int,
    until_us: int,
    places: int,
    price_krw: int,
    id: UUID,
    at_us: int,
) -> Session:
    """Open a session of an experience at a shop: a SKU of its own with ``places`` in stock, sold for whom the
    experience is sold for. The same time again is the session that is there. Raises ``Invalid``
    ``storefront.bad_session``."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    if by.kind is not Kind.SYSTEM:  # a session is a product of its own: opening one changes nobody's listing but here
        by = system(tx.neighbourhood, f"storefront/experiences/{by.key}")
    of = catalog.listing(tx, by, listing)
    sku = f"{listing}-{seoul(from_us):%Y%m%d-%H%M}"
    known = records.sessions_of(tx, by, [sku]).get(sku)
    if known is not None:
        return known
    if of.form is not Form.EXPERIENCE or not at_us < from_us < until_us or not 0 < places <= PLACES_MAX:
        raise bad_session()
    when = seoul(from_us)
    ko, en = f"{when:%Y-%m-%d %H:%M}", f"{when:%d %b %Y %H:%M}"
    product = Product(id=sku, name_ko=f"{of.name_ko} {ko}", name_en=f"{of.name_en}, {en}")
    catalog.add_products(tx, by, [product], id=id, at_us=at_us)
    asked = Price(product=sku, shop=shop, price_krw=price_krw, from_us=at_us)
    catalog.set_prices(tx, by, [asked], id=id, at_us=at_us)
    made = Session(sku=sku, listing=listing, shop=shop, from_us=from_us, until_us=until_us, places=places)
    records.add_session(tx, made)
    sold_for = set(sellers.sellers_of(tx, [one.sku for one in of.variants]).values())
    if len(sold_for) == 1:
        sellers.set_sellers(tx, by, {sku: sold_for.pop()}, id=derived("storefront.session_for", id), at_us=at_us)
    catalog.set_listings(tx, by, _with(tx, by, of, sku, ko, en, at_us), id=id, at_us=at_us)
    goods = [stock.Lot(sku=sku, amount=places)]
    stock.receive(tx, by, shop, goods, id=derived("storefront.session", id), at_us=at_us, cause="session")
    return made


def begins(tx: Tx, by: Actor, skus: Iterable[str], at_us: int) -> dict[str, int]:
    """When each session begins. Raises ``Conflict`` ``storefront.session_over`` for one that has begun."""
    wanted = list(skus)
    if not wanted:
        return {}
    found = {sku: one.from_us for sku, one in records.sessions_of(tx, by, wanted).items()}
    if any(from_us <= at_us for from_us in found.values()):
        raise faults.session_over()
    need_on(tx, by, found)
    return found


def need_on(tx: Tx, by: Actor, skus: Iterable[str]) -> None:
    """Raises ``Conflict`` ``storefront.session_off`` for a session that was cancelled."""
    if any(said.cancelled_at_us is not None for said in session_records.said_of(tx, by, list(skus)).values()):
        raise faults.session_off()


def times(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, Session]:
    """The sessions among some SKUs."""
    return records.sessions_of(tx, by, skus)


def coming(tx: Tx, by: Actor, at_us: int) -> dict[str, list[Session]]:
    """Sessions that can still be booked, by listing, the next first."""
    out: dict[str, list[Session]] = {}
    rows = records.coming(tx, by, at_us)
    said = session_records.said_of(tx, by, [one.sku for one in rows])
    for one in rows:
        if one.sku in said and said[one.sku].cancelled_at_us is not None:
            continue
        out.setdefault(one.listing, []).append(one)
    return out


def beside(tx: Tx, by: Actor, sku: str, at_us: int) -> list[str]:
    """The sessions that can still be booked of the experience that a SKU is of, but for itself; none of other goods."""
    of = catalog.listings_of(tx, by, [sku]).get(sku, "").removesuffix(FIRST)
    return [one.sku for one in coming(tx, by, at_us).get(of, []) if one.sku != sku]


def _with(tx: Tx, by: Actor, of: Listing, sku: str, ko: str, en: str, at_us: int) -> list[Listing]:
    """The listing with one more session; where it is full, sessions that are over move to a hidden one."""
    option = Option(id=sku[-13:], ko=ko, en=en)
    options = {o.id: o for axis in of.axes for o in axis.options} | {option.id: option}
    kept = [v for v in of.variants if v.options.get(AXIS)]
    over: list[Variant] = []
    if len(kept) >= KEPT:
        times = records.sessions_of(tx, by, [v.sku for v in kept])
        over = [v for v in kept if v.sku in times and times[v.sku].until_us < at_us][: VARIANTS_MAX // 2]
        kept = [v for v in kept if v not in over]
    new = (*kept, Variant(sku=sku, options={AXIS: option.id}))
    first = next((v for v in of.variants if not v.options.get(AXIS)), None)
    made = [_listing(of, new, options)]
    if first is not None:  # what the listing began with is not a session: it waits out of sight
        name = f"{of.id}{FIRST}"
        made.append(_hidden(of, name, (Variant(sku=first.sku),), {}))
    if over:
        made.append(_hidden(of, f"{of.id}.past-{seoul(at_us):%Y%m%d}", tuple(over), options))
    return made


def _listing(of: Listing, variants: tuple[Variant, ...], options: dict[str, Option]) -> Listing:
    named = tuple(sorted((options[v.options[AXIS]] for v in variants), key=lambda o: o.id))
    axis = Axis(id=AXIS, ko="언제", en="When", options=named)
    return msgspec.structs.replace(of, variants=tuple(sorted(variants, key=lambda v: v.sku)), axes=(axis,))


def _hidden(of: Listing, id: str, variants: tuple[Variant, ...], options: dict[str, Option]) -> Listing:
    plain = msgspec.structs.replace(of, id=id, state=catalog.State.HIDDEN, abroad=False)
    if options:
        return _listing(plain, variants, options)
    return msgspec.structs.replace(plain, variants=variants, axes=())


def bad_session() -> Invalid:
    return Invalid(
        "storefront.bad_session",
        ko="체험 시간을 열 수 없습니다.",
        en="This session cannot be opened.",
        next_ko="체험 상품인지, 앞으로의 시간인지, 자리가 1명에서 500명인지 확인하세요.",
        next_en="It needs an experience, a time to come, and 1 to 500 places.",
    )
