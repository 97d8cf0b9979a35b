"""What the storefront's pages show: carts and checkouts with prices, windows and names; one history of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from madang import catalog, deals, places
from madang.catalog import pictures, stock
from madang.catalog.pictures import Picture
from madang.db import Page, Tx
from madang.deals import Deal, Receipt
from madang.kernel import Actor, Conflict, Invalid, NotFound, system
from madang.storefront import carts, checkout, forms, guests, orders, placing, pricing, process, purse, records, tender
from madang.storefront.actions import order_of
from madang.storefront.addresses import Kept, list_of
from madang.storefront.model import CartLine, Checkout, Group, Line, Order
from madang.storefront.profile import Profile, brokered, profile_of
from madang.storefront.purse import Purse
from madang.storefront.slots import Slot
from madang.storefront.terms import Terms, sells_online
from madang.storefront.world import exporting, receivers, tariffs
from madang.storefront.world.exporting import Offer
from madang.storefront.world.model import Export, Tax
from madang.vouchers import Slip, slips_of
from madang.vouchers import records as vouchers


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """A cart's goods of one shop: lines at today's prices, what is left of each SKU, and what is not sold any more."""

    shop: str
    name_ko: str
    name_en: str
    terms: Terms | None
    lines: tuple[Line, ...]
    left: dict[str, int]
    gone: tuple[CartLine, ...] = ()
    refused: tuple[tuple[str, str, str], ...] = ()

    @property
    def goods_krw(self) -> int:
        return sum(line.amount_krw for line in self.lines)

    @property
    def short(self) -> tuple[str, ...]:
        """SKUs of which less is left than wanted."""
        return tuple(line.sku for line in self.lines if self.left.get(line.sku, 0) < line.amount)


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart as its page shows it; ``held`` is the checkout that keeps just what lies in it, where one does.
    ``outgrown``: one keeps something else by now, and checking out holds anew."""

    shelves: tuple[Shelf, ...]
    held: Checkout | None = None
    outgrown: bool = False
    pictures: dict[str, Picture] = {}
    """The first picture of each listing that has one."""

    @property
    def goods_krw(self) -> int:
        return sum(shelf.goods_krw for shelf in self.shelves)

    @property
    def fee_may_come(self) -> bool:
        """Whether anything in it can be delivered: a session is where it is held."""
        return any(line.begins_us is None for shelf in self.shelves for line in shelf.lines)

    @property
    def refused(self) -> list[tuple[str, str, str]]:
        """Codes that took nothing off anywhere, with the reason in both languages."""
        every = [{one[0]: one for one in shelf.refused} for shelf in self.shelves if shelf.lines]
        return [one for code, one in every[0].items() if all(code in other for other in every)] if every else []

    @property
    def lines(self) -> int:
        return sum(len(shelf.lines) for shelf in self.shelves)

    @property
    def orderable(self) -> bool:
        """Whether all of it can be ordered as it is."""
        return self.lines > 0 and all(
            shelf.terms is not None and not shelf.short and not shelf.gone for shelf in self.shelves
        )


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """One shop's part of a checkout: how it can come, and when; ``abroad`` what it is to send it to the country that
    was chosen (None: none was, or the shop does not)."""

    shop: str
    name_ko: str
    name_en: str
    terms: Terms
    lines: tuple[Line, ...]
    goods_krw: int
    delivery: tuple[Slot, ...]
    pickup: tuple[Slot, ...]
    fetch_at: tuple[tuple[str, str, str], ...]
    abroad: Offer | None = None
    stays: tuple[Line, ...] = ()
    profile: Profile | None = None
    brokered: bool = False


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout as its page shows it: ``countries`` that something of it could be sent to, ``exports`` the chosen way
    abroad by shop."""

    held: Checkout
    desks: tuple[Desk, ...]
    addresses: tuple[Kept, ...]
    purse: Purse
    wish: tender.Wish
    plan: tender.Plan
    names: dict[int, tuple[str, str]]
    totals: dict[str, int]
    adult: bool
    countries: tuple[Tax, ...]
    receivers: tuple[receivers.Kept, ...]
    exports: dict[str, Export]
    notices: tuple[Line, ...]

    @property
    def goods_krw(self) -> int:
        return self.held.goods_krw

    @property
    def total_krw(self) -> int:
        return sum(self.totals.values())

    @property
    def fee_may_come(self) -> bool:
        """Whether a choice of delivery may still add something."""
        return self.total_krw == self.goods_krw and room(self.desks) > 0

    @property
    def delivery_krw(self) -> int:
        """The fees of deliveries in Korea."""
        abroad = sum(self.totals[shop] for shop in self.exports)
        here = sum(group.goods_krw for group in self.held.groups if group.shop not in self.exports)
        return self.total_krw - abroad - here


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of the history: a web order, a receipt of a walk-out shop, or what a voucher paid at a counter."""

    at_us: int
    shop: str
    name_ko: str
    name_en: str
    first_ko: str
    first_en: str
    more: int
    total_krw: int
    deal: Deal | None = None
    receipt: Receipt | None = None
    slip: Slip | None = None


def cart(tx: Tx, by: Actor, at_us: int, *, codes: Sequence[str] = ()) -> Cart:
    """The caller's cart at today's prices, with ``codes``. What is not sold any more stands apart."""
    wanted = carts.show(tx, by)
    terms = sells_online(tx) if wanted else {}
    shelves = [
        _shelf(tx, by, shop, [x for x in wanted if x.shop == shop], terms.get(shop), at_us, codes)
        for shop in dict.fromkeys(line.shop for line in wanted)
    ]
    held = records.open_checkout(tx, by)
    if held is not None and not held.held(at_us):
        held = None
    same = held is not None and _amounts(wanted) == _amounts_held(held)
    shown = pictures.of_listings(tx, by, [line.listing for shelf in shelves for line in shelf.lines])
    return Cart(
        shelves=tuple(shelves),
        held=held if same else None,
        outgrown=held is not None and not same,
        pictures={listing: of_it[0] for listing, of_it in shown.items()},
    )


def _amounts(lines: Sequence[CartLine]) -> dict[tuple[str, str], int]:
    return {(line.shop, line.sku): line.amount for line in lines}


def _amounts_held(held: Checkout) -> dict[tuple[str, str], int]:
    return {(group.shop, line.sku): line.amount for group in held.groups for line in group.lines}


def counter(
    tx: Tx,
    by: Actor,
    id: UUID,
    at_us: int,
    *,
    member: bool,
    form: Mapping[str, str],
    means: Sequence[str],
    country: str = "",
) -> Counter:
    """A checkout that is held, as far as its form is filled in. Raises what ``checkout.get`` raises."""
    held = checkout.get(tx, by, id)
    terms = sells_online(tx)
    desks = [
        _desk(tx, by, group, terms[group.shop], at_us, country, held.begun_at_us)
        for group in held.groups
        if group.shop in terms
    ]
    lines = [line for group in held.groups for line in group.lines]
    due = forms.totals(tx, by, held, form, country)
    had = purse.open_purse(tx, by, due, means=means, member=member, at_us=at_us, room_krw=room(desks))
    wish = forms.wish(form) if any(name.startswith(("pay.", "means")) for name in form) else had.chosen
    plan = tender.plan(had.heard(wish), due, had.takes)
    return Counter(
        held=held,
        desks=tuple(desks),
        addresses=tuple(list_of(tx, by)),
        purse=had,
        wish=wish,
        plan=plan,
        names=purse.named(tx, by, plan.parts),
        totals=due,
        adult=any(line.adult for line in lines),
        countries=tuple(tariffs.countries(tx, by, at_us)) if any(desk.terms.abroad for desk in desks) else (),
        receivers=tuple(receivers.list_of(tx, by, country)) if country else (),
        exports=_exports(desks, form),
        notices=tuple(line for line in lines if line.basis != "free"),
    )


def room(desks: Sequence[Desk]) -> int:
    """What deliveries may add at most."""
    return sum(desk.terms.fee("delivery", desk.goods_krw) for desk in desks if desk.terms.delivers)


def history(tx: Tx, by: Actor, *, limit: int = 40) -> list[Bought]:
    """Everything the caller has bought here, newest first: web orders, walk-out receipts and what vouchers paid at
    counters in one row."""
    owners = [by, *guests.actors_of(tx, by)]
    made = [deal for one in owners for deal in orders.find(tx, one, limit=limit).rows]
    slips = deals.receipts.find(tx, by, person=by.key, limit=limit * 2)
    names = _names(tx)
    web = [_of_order(deal, order_of(deal), names) for deal in made]
    walked = [
        _of_receipt(one, names) for one in slips.rows if one.decision != "order" and not _of_an_order(tx, by, one)
    ]
    counter = [_of_slip(tx, one, names) for one in slips_of(tx, by, limit=limit)]
    return sorted([*web, *walked, *counter], key=lambda one: one.at_us, reverse=True)[:limit]


def waiting(tx: Tx, by: Actor, shop: str, cursor: str | None) -> Page[Deal]:
    """The orders of a shop, newest first, for those who pack and hand over."""
    return orders.find(tx, by, shop=shop, cursor=cursor)


def online(tx: Tx) -> list[str]:
    """The shops that sell online."""
    return list(sells_online(tx))


def place_names(tx: Tx, place: str | None) -> tuple[str, str]:
    """What a place where orders are fetched is called."""
    if place is None:
        return "", ""
    found = places.get(tx, system(tx.neighbourhood, "storefront"), place)
    return found.name_ko, found.name_en


def shop_names(tx: Tx, shop: str) -> tuple[str, str]:
    return _names(tx).get(shop, (shop, shop))


def _shelf(
    tx: Tx, by: Actor, shop: str, wanted: list[CartLine], terms: Terms | None, at_us: int, codes: Sequence[str]
) -> Shelf:
    ko, en = shop_names(tx, shop)
    sold = catalog.price_at(tx, by, [line.sku for line in wanted], at_us, shop=shop)
    here = [line for line in wanted if line.sku in sold]
    offer = pricing.Offer(lines=())
    try:
        offer = pricing.quote(tx, by, shop, here, at_us=at_us, codes=codes) if here else offer
    except (Conflict, Invalid):
        here = []
    lines = offer.lines
    left = stock.available(tx, by, [line.sku for line in here], shop) if here else {}
    for sku, held in _held(tx, by, shop, at_us).items():
        if sku in left:
            left[sku] += held  # what is held for oneself is there to be had
    kept = {line.sku for line in lines}
    gone = tuple(line for line in wanted if line.sku not in kept)
    return Shelf(
        shop=shop, name_ko=ko, name_en=en, terms=terms, lines=lines, left=left, gone=gone, refused=offer.refused
    )


def _held(tx: Tx, by: Actor, shop: str, at_us: int) -> dict[str, int]:
    """What the reader's own checkout holds at a shop, by SKU."""
    found = records.open_checkout(tx, by)
    if found is None or not found.held(at_us):
        return {}
    return {line.sku: line.amount for group in found.groups if group.shop == shop for line in group.lines}


def _exports(desks: Sequence[Desk], form: Mapping[str, str]) -> dict[str, Export]:
    """The chosen way abroad of each shop that has one."""
    found = {}
    for desk in desks:
        way = forms.choice_of(form, desk.shop)
        export = desk.abroad.by(way.service) if desk.abroad is not None and way.way == "abroad" else None
        if export is not None:
            found[desk.shop] = export
    return found


def _desk(tx: Tx, by: Actor, group: Group, terms: Terms, at_us: int, country: str, quoted_us: int) -> Desk:
    shop, lines = group.shop, group.lines
    ko, en = shop_names(tx, shop)
    ours = system(tx.neighbourhood, "storefront")
    named = [places.get(tx, ours, place) for place in terms.fetch_at]
    return Desk(
        shop=shop, name_ko=ko, name_en=en, terms=terms, lines=lines, goods_krw=group.goods_krw,
        delivery=tuple(placing.slots_of(tx, shop, terms, "delivery", at_us)) if terms.delivers else (),
        pickup=tuple(placing.slots_of(tx, shop, terms, "pickup", at_us)),
        fetch_at=tuple((place.id, place.name_ko, place.name_en) for place in named),
        abroad=exporting.offer(tx, by, lines, country, quoted_us) if country and terms.abroad else None,
        stays=placing.stays(tx, by, lines),
        profile=profile_of(tx, shop),
        brokered=brokered(tx, shop),
    )  # fmt: skip


def _names(tx: Tx) -> dict[str, tuple[str, str]]:
    ours = system(tx.neighbourhood, "storefront")
    return {place.id: (place.name_ko, place.name_en) for place in places.shops(tx, ours)}


def _of_order(deal: Deal, order: Order, names: dict[str, tuple[str, str]]) -> Bought:
    ko, en = names.get(deal.shop, (deal.shop, deal.shop))
    first = order.lines[0]
    return Bought(
        at_us=deal.opened_at_us, shop=deal.shop, name_ko=ko, name_en=en, first_ko=first.name_ko,
        first_en=first.name_en, more=len(order.lines) - 1, total_krw=order.total_krw, deal=deal,
    )  # fmt: skip


def _of_receipt(receipt: Receipt, names: dict[str, tuple[str, str]]) -> Bought:
    ko, en = names.get(receipt.shop, (receipt.shop, receipt.shop))
    first_ko, first_en = (receipt.lines[0].name_ko, receipt.lines[0].name_en) if receipt.lines else ("", "")
    return Bought(
        at_us=receipt.at_us, shop=receipt.shop, name_ko=ko, name_en=en, first_ko=first_ko, first_en=first_en,
        more=max(0, len(receipt.lines) - 1), total_krw=receipt.total_krw, receipt=receipt,
    )  # fmt: skip


def _of_slip(tx: Tx, slip: Slip, names: dict[str, tuple[str, str]]) -> Bought:
    ko, en = names.get(slip.shop, (slip.shop, slip.shop))
    programme = vouchers.programme(tx, slip.programme)
    first = (programme.name_ko, programme.name_en) if programme is not None else ("", "")
    return Bought(
        at_us=slip.at_us, shop=slip.shop, name_ko=ko, name_en=en, first_ko=first[0], first_en=first[1], more=0,
        total_krw=slip.amount_krw, slip=slip,
    )  # fmt: skip


def _of_an_order(tx: Tx, by: Actor, receipt: Receipt) -> bool:
    """Refunds of web orders stand with their order."""
    try:
        return deals.get(tx, by, receipt.deal).process == process.NAME
    except NotFound:  # taken over from a shop's own machine, where its deal lives
        return False
