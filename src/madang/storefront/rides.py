"""Deliveries that people of the neighbourhood make: a shop asks for somebody, the first who takes it brings it.

Until it is taken a rider sees the shop, the window and how much there is, never a person or an address. Whoever takes
it sees where to and whom to call until it is handed over, then no longer. What they do moves the order along as staff
would (``ship``, ``deliver``); how it was handed over is one of ``HANDED``, why not one of ``FAILED``: no free words,
which could name people.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import deals, jobs, journal
from madang.db import Tx, table
from madang.deals import Deal
from madang.deals.records.deals import deals as of_orders
from madang.kernel import Actor, Conflict, Invalid, Kind, NotFound, Role, derived, system
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US
from madang.storefront import addresses, facts, orders
from madang.storefront.actions import order_of
from madang.storefront.addresses import Address
from madang.storefront.model import Order

HANDED = ("in_person", "at_door", "to_household")
FAILED = ("nobody_there", "wrong_address", "refused", "damaged")
CARRIER = "동네 배달 Neighbourhood rider"
STANDS = ("packed", "shipped")
"""States of an order that somebody can bring; of what was sent, a rider brings only what went by one (``CARRIER``)."""
OFFERS_MAX, MINE_MAX = 100, 100
UNTAKEN = "storefront.ride_untaken"
"""The timer that looks whether somebody has taken a delivery; ``ride_mails`` says what then."""
LONG_US, LEAST_US = HOUR_US, 10 * MINUTE_US
"""So long, or until its window begins (but ten minutes), nobody may take a delivery before the shop is told."""
_SERVING = (Role.OPERATOR, Role.STAFF)


class State(StrEnum):
    ASKED = "asked"
    TAKEN = "taken"
    PICKED_UP = "picked_up"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    """It was brought back to the shop, which decides."""
    WITHDRAWN = "withdrawn"


rides = table(
    "storefront_ride",
    sa.Column("order", sa.Uuid, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("rider", sa.Text),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("asked_at_us", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("times", sa.BigInteger, nullable=False),
    sa.Index("storefront_ride_state", "neighbourhood", "state", "asked_at_us"),
    sa.Index("storefront_ride_rider", "neighbourhood", "rider", "at_us"),
    key=["order"],
)
_COLUMNS = [rides.c[name] for name in ("order", "shop", "state", "rider", "how", "asked_at_us", "at_us", "times")]


class Ride(msgspec.Struct, frozen=True, kw_only=True):
    """One order on its way by a rider: ``at_us`` is when it came into its state, ``times`` how often it was offered."""

    order: UUID
    shop: str
    state: State
    rider: str | None
    how: str
    asked_at_us: int
    at_us: int
    times: int


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A ride as a rider sees it. ``address`` is there from taking it to handing it over, while the order stands."""

    ride: Ride
    order: Order
    stands: bool
    address: Address | None = None


# --- the shop ----------------------------------------------------------------------------------------------------
def of_order(tx: Tx, by: Actor, order: UUID) -> Ride | None:
    """What became of an order's delivery by a rider, for who may see the order."""
    orders.get(tx, by, order)
    return _ride(tx, order)


def ask(tx: Tx, by: Actor, order: UUID, *, at_us: int) -> Ride:
    """Ask the neighbourhood's riders to bring a packed order; again after one failed. Asked twice is once. Raises
    ``Conflict`` ``storefront.ride_not_now`` for an order that is not packed, or that nobody brings."""
    deal, held = _served(tx, by, order)
    known = _ride(tx, order)
    if known is not None and known.state is State.ASKED:
        return known
    if not can_ask(deal.state, held, known):
        raise not_now()
    times = 1 if known is None else known.times + 1
    new = Ride(
        order=order, shop=deal.shop, state=State.ASKED, rider=None, how="", asked_at_us=at_us, at_us=at_us, times=times
    )
    return _put(tx, by, known, new)


def can_ask(state: str, order: Order, known: Ride | None) -> bool:
    """Whether riders can be asked for an order in this state: a packed one, or one that a rider brought back."""
    if order.fulfil.way != "delivery":
        return False
    if state == "shipped":
        return known is not None and known.state in (State.FAILED, State.WITHDRAWN) and order.sent_by == CARRIER
    return state == "packed" and not order.sent_by and (known is None or known.state is State.WITHDRAWN)


def withdraw(tx: Tx, by: Actor, order: UUID, *, at_us: int) -> Ride:
    """Ask nobody any more, as long as it has not been picked up at the shop."""
    _served(tx, by, order)
    known = _ride(tx, order)
    if known is None or known.state not in (State.ASKED, State.TAKEN):
        raise not_now()
    return _put(tx, by, known, _now(known, State.WITHDRAWN, at_us, rider=None))


def untaken_us(ride: Ride, order: Order) -> int:
    """From when on a delivery that is offered has waited too long for somebody to take it."""
    window_us = order.fulfil.from_us or ride.at_us + LONG_US
    return min(ride.at_us + LONG_US, max(window_us, ride.at_us + LEAST_US))


def stuck(tx: Tx, by: Actor, *, now_us: int) -> dict[UUID, Ride]:
    """Deliveries that the shop must see to, by order: nobody took them in time, or they came back to it."""
    by.need(*_SERVING)
    where = [rides.c.state.in_([State.ASKED.value, State.FAILED.value])]
    where += [rides.c.shop.in_(sorted(by.shops))] if by.shops else []
    found = [_load(tx, one) for one in _find(tx, [*where, _standing(tx)], [rides.c.at_us], OFFERS_MAX)]
    return {
        one.ride.order: one.ride
        for one in found
        if one.stands and (one.ride.state is State.FAILED or untaken_us(one.ride, one.order) <= now_us)
    }


# --- the rider ---------------------------------------------------------------------------------------------------
def offers(tx: Tx, by: Actor) -> list[Load]:
    """What waits for a rider in the shops the caller rides for, what has waited longest first; nobody's address."""
    by.need(Role.RIDER)
    asked = [rides.c.state == State.ASKED, *([rides.c.shop.in_(sorted(by.shops))] if by.shops else [])]
    asked.append(_standing(tx))  # what was cancelled takes no place of what waits
    found = [_load(tx, one) for one in _find(tx, asked, [rides.c.asked_at_us], OFFERS_MAX)]
    return [one for one in found if one.stands]


def mine(tx: Tx, by: Actor, *, now_us: int) -> list[Load]:
    """What the caller has taken and not yet brought, with where it goes, then what they brought in the last day."""
    by.need(Role.RIDER)
    open_ = [State.TAKEN.value, State.PICKED_UP.value]
    lately = sa.and_(rides.c.state.in_([State.HANDED_OVER.value, State.FAILED.value]), rides.c.at_us > now_us - DAY_US)
    where = [rides.c.rider == by.key, sa.or_(rides.c.state.in_(open_), lately)]
    found = [one for one in _find(tx, where, [rides.c.at_us.desc()], MINE_MAX) if not by.shops or one.shop in by.shops]
    return sorted((_load(tx, one, told=True) for one in found), key=lambda one: one.ride.state.value not in open_)


def take(tx: Tx, by: Actor, order: UUID, *, at_us: int) -> Ride:
    """The caller brings it: the first who says so. Raises ``Conflict`` ``storefront.ride_taken``."""
    known = _rideable(tx, by, order)
    if known.rider == by.key and known.state is State.TAKEN:
        return known
    if known.state is not State.ASKED or not _load(tx, known).stands:
        raise taken()
    return _put(tx, by, known, _now(known, State.TAKEN, at_us, rider=by.key))


def give_back(tx: Tx, by: Actor, order: UUID, *, at_us: int) -> Ride:
    """Not the caller after all, before it was picked up: others are asked again."""
    known = _own(tx, by, order, State.TAKEN)
    again = msgspec.structs.replace(known, times=known.times + 1, rider=None)
    return _put(tx, by, known, _now(again, State.ASKED, at_us))


def pick_up(tx: Tx, by: Actor, order: UUID, *, at_us: int) -> Ride:
    """It is on its way: the order is sent with that."""
    known = _own(tx, by, order, State.TAKEN)
    if not _load(tx, known).stands:
        raise not_now()
    if _deal(tx, order).state == "packed":
        _step(tx, by, known, "ship", {"by": CARRIER, "number": ""}, at_us)
    return _put(tx, by, known, _now(known, State.PICKED_UP, at_us))


def hand_over(tx: Tx, by: Actor, order: UUID, how: str, *, age_checked: bool = False, at_us: int) -> Ride:
    """It is there (``HANDED``): the order is delivered with that. Goods for adults go into a grown-up's hand only,
    whose card was seen."""
    known = _own(tx, by, order, State.PICKED_UP)
    deal = _deal(tx, order)
    held = order_of(deal)
    if how not in HANDED or (held.adult and how != "in_person"):
        raise _say_how()
    if deal.state == "shipped":
        _step(tx, by, known, "deliver", {"age_checked": age_checked}, at_us)
    elif held.delivered_at_us is None:  # else the shop, or the buyer, has said already that it is there
        raise not_now()
    return _put(tx, by, known, _now(known, State.HANDED_OVER, at_us, how=how))


def fail(tx: Tx, by: Actor, order: UUID, why: str, *, at_us: int) -> Ride:
    """It could not be handed over (``FAILED``) and is with the shop again, which decides."""
    known = _own(tx, by, order, State.PICKED_UP)
    if why not in FAILED:
        raise _say_how()
    return _put(tx, by, known, _now(known, State.FAILED, at_us, how=why))


# --- below ---------------------------------------------------------------------------------------------------------
def _served(tx: Tx, by: Actor, order: UUID) -> tuple[Deal, Order]:
    deal, held = orders.get(tx, by, order)
    by.need(*_SERVING)
    by.need_shop(deal.shop)
    return deal, held


def _rideable(tx: Tx, by: Actor, order: UUID) -> Ride:
    by.need(Role.RIDER)
    known = _ride(tx, order)
    if known is None or by.kind is not Kind.PERSON or (by.shops and known.shop not in by.shops):
        raise no_ride()
    return known


def _own(tx: Tx, by: Actor, order: UUID, state: State) -> Ride:
    known = _rideable(tx, by, order)
    if known.rider != by.key:
        raise no_ride()
    if known.state is not state:
        raise not_now()
    return known


def _deal(tx: Tx, order: UUID) -> Deal:
    return orders.get(tx, system(tx.neighbourhood, "storefront"), order)[0]


def _standing(tx: Tx) -> sa.ColumnElement[bool]:
    """Whether the order of a ride is one that can still be brought."""
    d = of_orders.c
    return sa.exists().where(d.neighbourhood == tx.neighbourhood, d.id == rides.c.order, d.state.in_(STANDS))


def _load(tx: Tx, ride: Ride, *, told: bool = False) -> Load:
    ours = system(tx.neighbourhood, "storefront/rides")
    deal, order = orders.get(tx, ours, ride.order)
    stands = deal.state == "packed" or (deal.state == "shipped" and order.sent_by == CARRIER)
    address = None
    if told and stands and ride.state in (State.TAKEN, State.PICKED_UP) and order.fulfil.address is not None:
        address = addresses.of_order(tx, ours, deal.subject, order.fulfil.address)
    return Load(ride=ride, order=order, stands=stands, address=address)


def _step(tx: Tx, by: Actor, ride: Ride, name: str, args: dict[str, object], at_us: int) -> None:
    ours = system(tx.neighbourhood, f"storefront/rides/{by.key}")
    deals.move(
        tx, ours, ride.order, name, id=derived("storefront.ride_step", ride.order, ride.times, name), at_us=at_us,
        args=args,
    )  # fmt: skip


def _now(ride: Ride, state: State, at_us: int, *, how: str = "", **rider: str | None) -> Ride:
    return msgspec.structs.replace(ride, state=state, at_us=at_us, how=how, **rider)


def _put(tx: Tx, by: Actor, before: Ride | None, after: Ride) -> Ride:
    row = msgspec.structs.asdict(after) | {"state": after.state.value}
    key = row.pop("order")
    if before is None:
        tx.add(rides, {"order": key, **row})
    else:
        tx.change(rides, (key,), row)
    was = before.state.value if before is not None else ""
    body = facts.Ride(order=str(key), was=was, state=after.state.value, how=after.how)
    journal.append(
        tx, by, body, id=derived("storefront.ride", key, after.times, was, after.state.value, after.at_us),
        at_us=after.at_us, subject=deals.deal_key(key), shop=after.shop, cause=deals.deal_key(key),
    )  # fmt: skip
    if after.state is State.ASKED:
        jobs.set_timer(
            tx, id=derived(UNTAKEN, key, after.times), due_us=untaken_us(after, order_of(_deal(tx, key))), kind=UNTAKEN,
            payload={"order": str(key), "times": after.times},
        )  # fmt: skip
    return after


def load(tx: Tx, order: UUID) -> Load | None:
    """A ride with its order for who writes of it, without an address; None where nobody ever asked."""
    known = _ride(tx, order)
    return None if known is None else _load(tx, known)


def _ride(tx: Tx, order: UUID) -> Ride | None:
    found = _find(tx, [rides.c.order == order], [], 1)
    return found[0] if found else None


def _find(
    tx: Tx, where: Collection[sa.ColumnElement[bool]], by: Collection[sa.ColumnElement[object]], limit: int
) -> list[Ride]:
    asked = sa.select(*_COLUMNS).where(rides.c.neighbourhood == tx.neighbourhood, *where).order_by(*by).limit(limit)
    return [
        Ride(order=order, shop=shop, state=State(state), rider=rider, how=how, asked_at_us=since, at_us=at, times=times)
        for order, shop, state, rider, how, since, at, times in tx.rows(asked)
    ]


def no_ride() -> NotFound:
    return NotFound(
        "storefront.no_ride",
        ko="그런 배달이 없습니다.",
        en="There is no such delivery.",
        next_ko="배달 목록에서 고르세요.",
        next_en="Choose it from the list of deliveries.",
    )


def taken() -> Conflict:
    return Conflict(
        "storefront.ride_taken",
        ko="다른 사람이 맡았거나 없어진 배달입니다.",
        en="Somebody else has taken this delivery, or it is gone.",
        next_ko="목록에서 다른 배달을 고르세요.",
        next_en="Choose another one from the list.",
    )


def not_now() -> Conflict:
    return Conflict(
        "storefront.ride_not_now",
        ko="지금은 할 수 없는 배달 단계입니다.",
        en="This step of a delivery cannot be made now.",
        next_ko="주문과 배달이 어디까지 왔는지 다시 보세요. 집으로 보내는 포장된 주문만 동네 배달을 부를 수 있습니다.",
        next_en="Look where the order and its delivery stand. Riders can be asked for packed orders that go to a home.",
    )


def _say_how() -> Invalid:
    return Invalid(
        "storefront.ride_how",
        ko="어떻게 건넸는지, 또는 왜 못 건넸는지 골라야 합니다.",
        en="Choose how it was handed over, or why it was not.",
        next_ko="목록에서 하나를 고르세요. 19세 이상 상품은 신분증을 보고 직접 건넵니다.",
        next_en="Choose one of the list. Goods for adults are handed over in person, with a card shown.",
    )
