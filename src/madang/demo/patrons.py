"""What neighbours ordered on the web in the seven weeks before the demo's day: real checkouts, paid from their wallets
and in the city's voucher, packed, brought or fetched, a few given back, by the software's own services as time went by.

Who, what and when is drawn with a fixed seed and made up; whatever was under way when the demo's day begins still is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
import numpy as np

from madang import ledger, members, payments, vouchers
from madang.db import Tx
from madang.demo.currency import WON
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.demo.visitors import PERSONAS
from madang.kernel import Actor, Kind, Role, business_date, derived, start_of_day_us, system
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US
from madang.payments import Part
from madang.storefront import carts, checkout, orders, rides, slots
from madang.storefront.addresses import Address
from madang.storefront.model import CartLine, Reason, Way, Wish
from madang.storefront.placing import Choice, Placing
from madang.storefront.process import CONFIRM_US
from madang.storefront.terms import terms_of

BY: Actor = system(NEIGHBOURHOOD, "demo/patrons")
PATRONS, OPENS_H, CLOSES_H = 14, 9, 20
WAITING = 4
AWAY_US = 3 * HOUR_US
"""The first of those that wait goes to a home in a window that begins so much later: a rider is asked to bring it."""
A_DAY = (0, 1, 1, 1, 2)
"""How many orders come on a day, drawn from these; one more at the weekend."""
DELIVERED, GIVEN_BACK, CALLED_OFF = 0.45, 0.07, 0.04
"""Shares of orders that are brought, that come back in part, and that are called off before they are packed."""
LEAD_US = HOUR_US
"""So long before a window begins it can still be chosen."""
HOUSEHOLD_KRW = 400_000
VOUCHER_EVERY, VOUCHER_KRW = 3, 100_000
"""One patron in so many buys the city's voucher each month they order in, of this face, and pays with it first."""
POTTERS = "guild:potters"
"""The group some patrons are in: its guild has a part in what they buy of makers."""

Act = tuple[int, Callable[[Tx], object]]


class Goods(msgspec.Struct, frozen=True):
    """What can be ordered: SKUs, of each how many at most and how often beside the others."""

    sku: str
    most: int = 2
    weight: float = 1.0


class Bought(msgspec.Struct, frozen=True):
    """One order: who, what, when, where it goes and how it ends."""

    n: int
    patron: int
    at_us: int
    lines: tuple[tuple[str, int], ...]
    slot: slots.Slot
    place: str
    end: Literal["kept", "given_back", "called_off"]

    @property
    def checkout(self) -> UUID:
        return derived("demo.checkout", self.n)

    @property
    def who(self) -> Actor:
        return carts.shopper(Actor(Kind.PERSON, str(person_of(self.patron)), NEIGHBOURHOOD))


def person_of(patron: int) -> UUID:
    """The opaque key of a patron; the first is the neighbour whom visitors of the demo can be."""
    return derived("demo.patron", patron) if patron else next(x.key for x in PERSONAS if x.name == "neighbour")


def drawn(
    goods: Sequence[Goods], windows: tuple[slots.Window, ...], *, hub: str, from_us: int, until_us: int
) -> list[Bought]:
    """Orders from one instant until another, in their order, each for the next of the shop's windows; a few have only
    just come and wait for the shop."""
    luck, found = np.random.default_rng(2026), list[Bought]()
    day = business_date(from_us)
    while (start_us := start_of_day_us(day)) < until_us:
        many = int(luck.choice(A_DAY)) + (day.weekday() >= 5)
        for minute in sorted(luck.integers(OPENS_H * 60, CLOSES_H * 60, many).tolist()):
            found.append(_one(luck, goods, windows, len(found), start_us + minute * MINUTE_US, hub))
        day += timedelta(days=1)
    for left in range(WAITING, 0, -1):
        found.append(_one(luck, goods, windows, len(found), until_us - left * MINUTE_US, hub))
    home = slots.coming(windows, "delivery", until_us + AWAY_US, lead_us=LEAD_US, days=2)[0]
    found[-WAITING] = msgspec.structs.replace(found[-WAITING], slot=home, place="", end="kept")
    waiting, waiting_us = found[-WAITING:], until_us - WAITING * MINUTE_US
    return [one for one in found[:-WAITING] if from_us <= one.at_us < waiting_us] + waiting


def _one(
    luck: np.random.Generator, goods: Sequence[Goods], windows: tuple[slots.Window, ...], n: int, at_us: int, hub: str
) -> Bought:
    weights = np.array([one.weight for one in goods])
    chosen = luck.choice(len(goods), int(luck.integers(2, 7)), replace=False, p=weights / weights.sum())
    lines = tuple((goods[i].sku, int(luck.integers(1, goods[i].most + 1))) for i in chosen)
    way: Way = "delivery" if luck.random() < DELIVERED else "pickup"
    place = str(luck.choice((SHOP, SHOP, hub))) if way == "pickup" else ""
    fate = luck.random()
    end: Literal["kept", "given_back", "called_off"] = (
        "given_back" if fate < GIVEN_BACK else "called_off" if fate < GIVEN_BACK + CALLED_OFF else "kept"
    )
    slot = slots.coming(windows, way, at_us, lead_us=LEAD_US, days=2)[0]
    return Bought(n, int(luck.integers(PATRONS)), at_us, lines, slot, place, end)


def moved_in(tx: Tx, at_us: int) -> None:
    """The patrons are there, with money in their wallets; one in three is of the potters' guild."""
    for patron in range(PATRONS):
        person = person_of(patron)
        members.add_person(tx, BY, key=person, fields={}, at_us=at_us)
        if patron % 3 == 1:
            members.join(tx, BY, person, POTTERS, at_us=at_us)


def acts(one: Bought) -> Iterator[Act]:
    """Everything that happens to an order, each with its time."""
    yield one.at_us, lambda tx: _buy(tx, one)
    if one.end == "called_off":
        yield one.at_us + 5 * MINUTE_US, lambda tx: _as_buyer(tx, one, "called_off")
        return
    packed_us, sent_us = one.slot.from_us - 50 * MINUTE_US, one.slot.from_us - 20 * MINUTE_US
    there_us = one.slot.from_us + (10 + one.n * 7 % 90) * MINUTE_US
    yield packed_us, lambda tx: _step(tx, one, "pack", packed_us)
    if one.slot.way == "delivery":
        yield sent_us, lambda tx: _step(tx, one, "ship", sent_us, by="동네 자전거 배송", number=f"DEMO-{one.n:04}")
        yield there_us, lambda tx: _step(tx, one, "deliver", there_us)
    else:
        yield sent_us, lambda tx: _step(tx, one, "make_ready", sent_us)
        yield there_us, lambda tx: _step(tx, one, "hand_over", there_us)
    if one.end == "given_back":
        yield there_us + DAY_US, lambda tx: _as_buyer(tx, one, "given_back")
        back_us = there_us + 3 * DAY_US
        yield back_us, lambda tx: _step(tx, one, "take_back", back_us, sellable=True)
        there_us = back_us
    confirmed_us = there_us + CONFIRM_US
    yield confirmed_us, lambda tx: _step(tx, one, "confirm", confirmed_us)


def call_rider(tx: Tx, one: Bought, at_us: int) -> None:
    """It is packed, and the neighbourhood's riders are asked to bring it."""
    _step(tx, one, "pack", at_us)
    rides.ask(tx, _keeper(), _order(tx, one), at_us=at_us)


def _buy(tx: Tx, one: Bought) -> None:
    """Hold, place and pay: the wallet is filled with what is missing first."""
    at_us, who = one.at_us, one.who
    lines = [CartLine(shop=SHOP, sku=sku, amount=amount, added_at_us=at_us) for sku, amount in one.lines]
    held = checkout.begin(tx, who, id=one.checkout, at_us=at_us, lines=lines)
    if (
        ledger.balance(tx, payments.wallet(who.key)).available
        < held.goods_krw + terms_of(tx, SHOP).fee_krw + VOUCHER_KRW
    ):
        money = derived("demo.patron.money", one.n)
        ledger.post(tx, payments.top_up(id=money, person=who.key, amount_krw=HOUSEHOLD_KRW, at_us=at_us, cause="demo"))
    parts = _by_voucher(tx, one, held.goods_krw + terms_of(tx, SHOP).fee(one.slot.way, held.goods_krw))
    choice = Choice(way=one.slot.way, place=one.place, slot=one.slot.id)
    agreed = frozenset(line.sku for group in held.groups for line in group.lines)
    address = _address(one.patron) if one.slot.way == "delivery" else None
    said = Placing(choices={SHOP: choice}, address=address, agreed=agreed, born=1980, parts=parts)
    checkout.place(tx, who, one.checkout, said, at_us=at_us)


def _by_voucher(tx: Tx, one: Bought, total_krw: int) -> tuple[Part, ...]:
    """How those pay who have vouchers: with these as far as they go, the rest from the wallet; none: all of it."""
    if one.patron % VOUCHER_EVERY:
        return ()
    lot = derived("demo.patron.lot", one.patron, business_date(one.at_us).isoformat()[:7])
    vouchers.buy(tx, one.who, id=lot, programme=WON, face_krw=VOUCHER_KRW, at_us=one.at_us)
    krw = min(total_krw, vouchers.holding(tx, one.who, WON, at_us=one.at_us).free_krw)
    parts = (Part("voucher", krw, ref=vouchers.ref_of(WON, SHOP)), Part("wallet", total_krw - krw))
    return tuple(part for part in parts if part.amount_krw)


def _as_buyer(tx: Tx, one: Bought, what: Literal["called_off", "given_back"]) -> None:
    step, order = _step_id(one, what), _order(tx, one)
    if what == "called_off":
        orders.cancel(tx, one.who, order, step=step, at_us=one.at_us + 5 * MINUTE_US)
        return
    at_us = orders.get(tx, one.who, order)[1].delivered_at_us
    assert at_us is not None
    orders.ask_back(
        tx, one.who, order, kind="return", lines=[Wish(line=1)], reason=Reason.DEFECTIVE, step=step,
        at_us=at_us + DAY_US, note="포장이 눌려 있었어요.",
    )  # fmt: skip


def _step(tx: Tx, one: Bought, name: str, at_us: int, **args: object) -> None:
    orders.step(tx, _keeper(), _order(tx, one), name, step=_step_id(one, name), at_us=at_us, args=args)


def _order(tx: Tx, one: Bought) -> UUID:
    return checkout.get(tx, one.who, one.checkout).groups[0].order


def _keeper() -> Actor:
    merchant = next(x.key for x in PERSONAS if x.name == "merchant")
    return Actor(Kind.PERSON, str(merchant), NEIGHBOURHOOD, frozenset({Role.STAFF}), frozenset({SHOP}))


def _step_id(one: Bought, name: str) -> UUID:
    return derived("demo.step", one.n, name)


def _address(patron: int) -> Address:
    """Made up: no exchange gives out 0000 numbers, and there is no such street."""
    return Address(
        name=f"느티 {patron + 1}호", phone=f"0100000{patron:04}", postcode="03900", road=f"느티골길 {10 + patron}",
        detail=f"{1 + patron % 4}층",
    )  # fmt: skip
