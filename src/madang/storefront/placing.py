"""Placing: what a buyer says at the end of a checkout, checked and made into one order for each shop.

Who may buy what and have it sent where, the way and the window each order has, and what it comes to; nothing is paid
here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from madang import deals
from madang.catalog import adults
from madang.db import Tx
from madang.kernel import Actor, business_date, derived
from madang.payments import Part
from madang.storefront import addresses, faults, slots
from madang.storefront.actions import slot_hold
from madang.storefront.addresses import Address
from madang.storefront.model import (
    HOLD_US,
    PAY_US,
    Checkout,
    Fulfilment,
    Group,
    Line,
    Order,
    Way,
    WithdrawalBasis,
)
from madang.storefront.terms import Terms, terms_of
from madang.storefront.world import experiences, exporting, money, receivers, tariffs
from madang.storefront.world.model import Export
from madang.storefront.world.nations import Abroad

ADULT_YEARS = 19


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """How one shop's order is to come: delivered, or fetched at ``place``, in a window where the shop has windows; or
    sent abroad by the carrier's ``service``."""

    way: Way
    place: str = ""
    slot: str = ""
    service: str = ""


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer says at the end of checkout: for each shop how it comes, where to, what was agreed to (SKUs whose
    notice on withdrawal was shown), the year they were born in where something is 19+, and how they pay (``parts``;
    none: the wallet). ``currency`` is what the amounts were shown in beside won (what is sent abroad: else the money
    of where it goes); ``abroad`` or ``kept_abroad`` where to."""

    choices: dict[str, Choice]
    address: Address | None = None
    kept_address: str = ""
    agreed: frozenset[str] = frozenset()
    born: int | None = None
    parts: tuple[Part, ...] = ()
    currency: str = ""
    abroad: Abroad | None = None
    kept_abroad: str = ""


def orders(tx: Tx, by: Actor, found: Checkout, said: Placing, at_us: int) -> list[Order]:
    """An order for each shop of a checkout, its window held. Raises ``Invalid`` for what is missing or cannot be,
    ``Conflict`` ``storefront.slot_full``."""
    lines = {group.shop: _agreed(group, said, at_us) for group in found.groups}
    _old_enough(lines, said.born, at_us)
    _may_be_sold_so(tx, by, lines, said)
    sessions = [x.sku for of_a_shop in lines.values() for x in of_a_shop if x.begins_us is not None]
    if sessions:
        experiences.need_on(tx, by, sessions)
    kept = _address(tx, by, found, said, at_us)
    receiver = _receiver(tx, by, found, said, at_us)
    made = [
        _order(tx, found, group, lines[group.shop], said, kept, at_us)
        if receiver is None or _choice(group, said).way != "abroad"
        else _sent_abroad(tx, by, found, group, lines[group.shop], said, receiver)
        for group in found.groups
    ]
    return [_shown(tx, by, order, said.currency, found.begun_at_us) for order in made]


def payment_of(checkout: UUID) -> UUID:
    """The id of the one payment that pays for all orders of a checkout."""
    return derived("storefront.payment", checkout)


def stays(tx: Tx, by: Actor, lines: Sequence[Line]) -> tuple[Line, ...]:
    """Those of some lines that cannot be delivered."""
    return tuple(line for line, _, _ in _restricted(tx, by, lines))


def sent_abroad(tx: Tx, by: Actor, held: Checkout, country: str) -> list[tuple[str, exporting.Offer]]:
    """By shop, what goods of a checkout come to when they are sent to a country: the quote an order then freezes. A
    shop that sends nothing abroad is left out."""
    shops = [group for group in held.groups if terms_of(tx, group.shop).abroad]
    return [(group.shop, exporting.offer(tx, by, group.lines, country, held.begun_at_us)) for group in shops]


def slots_of(tx: Tx, shop: str, terms: Terms, way: Way, now_us: int) -> list[slots.Slot]:
    """The windows of a shop that can be chosen now, with their free places."""
    found = slots.coming(terms.windows, way, now_us, lead_us=terms.lead_min * 60_000_000, days=terms.days_ahead)
    return slots.counted(tx, shop, found)


def _agreed(group: Group, said: Placing, at_us: int) -> tuple[Line, ...]:
    """The lines with what was agreed to; what is made to order needs it (시행령 §21), others lapse without."""
    lines = []
    for line in group.lines:
        if line.basis is WithdrawalBasis.MADE_TO_ORDER and line.sku not in said.agreed:
            raise faults.consent_needed(line)
        agreed = line.basis is not WithdrawalBasis.FREE and line.sku in said.agreed
        lines.append(msgspec.structs.replace(line, consent_at_us=at_us) if agreed else line)
    return tuple(lines)


def _old_enough(lines: Mapping[str, Sequence[Line]], born: int | None, at_us: int) -> None:
    """19+ counts by the year (청소년 보호법 §2 1): whoever turns 19 this year is none of the young any more."""
    if not any(line.adult for of_a_shop in lines.values() for line in of_a_shop):
        return
    year = business_date(at_us).year
    if born is None or not year - 120 <= born <= year - ADULT_YEARS:
        raise faults.too_young(said=born is not None)


def _may_be_sold_so(tx: Tx, by: Actor, lines: Mapping[str, Sequence[Line]], said: Placing) -> None:
    """Alcohol is fetched, but for traditional liquor; tobacco is not ordered at all (``catalog.adults``)."""
    for shop, of_a_shop in lines.items():
        choice = said.choices.get(shop)
        sent = choice is not None and choice.way == "delivery"
        for line, why, never in _restricted(tx, by, of_a_shop):
            if sent or never:
                raise faults.not_by_mail(line, why)


def _restricted(tx: Tx, by: Actor, lines: Sequence[Line]) -> list[tuple[Line, adults.Refused, bool]]:
    """Lines that cannot be delivered, why, and whether they cannot be ordered at all."""
    mine = [line for line in lines if line.adult]
    refused = adults.refused(tx, by, [line.sku for line in mine]) if mine else {}
    return [(line, *refused[line.sku]) for line in mine if line.sku in refused]


def _address(tx: Tx, by: Actor, found: Checkout, said: Placing, at_us: int) -> addresses.Kept | None:
    if all(_choice(group, said).way != "delivery" for group in found.groups):
        return None
    if said.kept_address:
        for one in addresses.list_of(tx, by):
            if one.key == said.kept_address:
                return one
    if said.address is None:
        raise addresses.bad({"road": "missing"})
    return addresses.keep(tx, by, said.address, at_us=at_us)


def _receiver(tx: Tx, by: Actor, found: Checkout, said: Placing, at_us: int) -> receivers.Kept | None:
    if all(_choice(group, said).way != "abroad" for group in found.groups):
        return None
    if said.kept_abroad:
        for one in receivers.list_of(tx, by):
            if one.key == said.kept_abroad:
                return one
    if said.abroad is None:
        raise receivers.bad("", {"line1": "missing"})
    return receivers.keep(tx, by, said.abroad, at_us=at_us)


def _sent_abroad(
    tx: Tx, by: Actor, found: Checkout, group: Group, lines: tuple[Line, ...], said: Placing, to: receivers.Kept
) -> Order:
    """An order for another country: without Korean VAT, at the quote of when its checkout began."""
    if not terms_of(tx, group.shop).abroad:
        raise faults.not_abroad(group.shop)
    quoted = exporting.offer(tx, by, lines, to.address.country, found.begun_at_us)
    if quoted.refused:
        raise exporting.cannot_send(quoted.refused)
    export = quoted.by(_choice(group, said).service)
    if export is None:
        raise exporting.no_way(group.shop)
    return Order(
        checkout=found.id, payment=payment_of(found.id), lines=quoted.lines, fee_krw=export.freight_krw,
        total_krw=quoted.goods_krw + export.added_krw, fulfil=Fulfilment(way="abroad", address=to.key),
        reserved=group.reserved, held_at_us=found.begun_at_us, held_until_us=found.held_until_us, export=export,
    )  # fmt: skip


def _shown(tx: Tx, by: Actor, order: Order, currency: str, at_us: int) -> Order:
    """The order with what its total came to in the money its buyer looked at, rate and all."""
    if not currency and order.export is None:
        return order
    currency = currency or _money_of(order.export)
    rate = tariffs.rates(tx, by, at_us).get(currency)
    return order if rate is None else msgspec.structs.replace(order, shown=money.shown(order.total_krw, rate))


def _money_of(export: Export | None) -> str:
    return export.currency if export is not None else ""


def _choice(group: Group, said: Placing) -> Choice:
    choice = said.choices.get(group.shop)
    if choice is None:
        raise faults.choose_way(group.shop)
    return choice


def _order(
    tx: Tx,
    found: Checkout,
    group: Group,
    lines: tuple[Line, ...],
    said: Placing,
    kept: addresses.Kept | None,
    at_us: int,
) -> Order:
    choice, terms = _choice(group, said), terms_of(tx, group.shop)
    fulfil = _fulfilment(tx, group, choice, terms, kept, at_us)
    fee = terms.fee(choice.way, group.goods_krw)
    if choice.way == "delivery" and group.goods_krw < terms.min_order_krw:
        raise faults.too_small(terms.min_order_krw)
    return Order(
        checkout=found.id, payment=payment_of(found.id), lines=lines, fee_krw=fee, total_krw=group.goods_krw + fee,
        fulfil=fulfil, reserved=group.reserved, held_at_us=found.begun_at_us, held_until_us=found.held_until_us,
        return_fee_krw=terms.return_fee_krw if choice.way == "delivery" else 0,
    )  # fmt: skip


def _fulfilment(
    tx: Tx, group: Group, choice: Choice, terms: Terms, kept: addresses.Kept | None, at_us: int
) -> Fulfilment:
    sessions = [line for line in group.lines if line.begins_us is not None]
    if choice.way == "delivery":
        if sessions:
            raise faults.choose_way(group.shop)
        if not terms.delivers or kept is None or not terms.reaches(kept.address.postcode):
            raise faults.not_there(group.shop)
    elif choice.place not in terms.fetch_at:
        raise faults.choose_way(group.shop)
    slot = None
    if terms.of_way(choice.way) and len(sessions) < len(group.lines):
        slot = slots.chosen(slots_of(tx, group.shop, terms, choice.way, at_us), choice.slot)
        slots.hold(
            tx, group.shop, slot, id=slot_hold(group.order), at_us=at_us, expires_at_us=at_us + PAY_US + HOLD_US,
            cause=deals.deal_key(group.order),
        )  # fmt: skip
    return Fulfilment(
        way=choice.way,
        place=choice.place if choice.way == "pickup" else None,
        address=kept.key if kept is not None and choice.way == "delivery" else None,
        slot=slot.id if slot else None,
        from_us=slot.from_us if slot else None,
        until_us=slot.until_us if slot else None,
    )
