"""What waits for a person: counted over all rooms, each with the page where something is done about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta

import msgspec

from madang import deals, ledger, places, settlement
from madang.catalog import stock
from madang.console import guarding
from madang.db import Tx
from madang.kernel import Actor, Role, seoul
from madang.ledger import Book
from madang.payments import charge_records, fetching, reconciling, unasked
from madang.payments.charges_model import ReturnState
from madang.places import Place
from madang.settlement import PayoutState
from madang.storefront import board, rides
from madang.vouchers import keeping
from madang.walkout import ages
from madang.walkout.process import NAME as WALKOUT

LOW_PIECES = 3
"""So many pieces or fewer at a place are low. Our choice: the catalogue knows no reorder point of its own."""
SOON_D = 3


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """``what`` waits ``n`` times; ``where`` is the page for it. ``urgent``: money or law, before anything else;
    ``since_us``: when the oldest of it fell due."""

    what: str
    n: int
    where: str
    urgent: bool = False
    place: Place | None = None
    since_us: int | None = None


Source = Callable[[Tx, Actor, int], list[Waiting]]
_also: dict[str, Source] = {}


def also(name: str, source: Source) -> None:
    """From now on what rooms beside this one know of is told operators too (``serve`` says which)."""
    _also[name] = source


def waiting(tx: Tx, by: Actor, *, at_us: int) -> list[Waiting]:
    """Everything that waits, what is urgent first; kinds of which nothing waits are left out."""
    shops = places.shops(tx, by)
    found = [*_orders(tx, by), *_rides(tx, by, at_us), *_visits(tx, by, shops), *_goods(tx, by, shops, at_us)]
    if by.may(Role.OPERATOR) and not by.shops:
        found += [*_money(tx, by, at_us), *(one for source in _also.values() for one in source(tx, by, at_us))]
    elif by.may(Role.MERCHANT):
        found += _own_money(tx, by)
    return sorted((one for one in found if one.n), key=lambda one: not one.urgent)


def _orders(tx: Tx, by: Actor) -> list[Waiting]:
    counts, late = board.counts(tx, by), board.late(tx, by)
    found = [
        Waiting(what=f"late_{state}", n=n, where=f"/console/orders?state={state}&late=yes", urgent=True, since_us=since)
        for state, (n, since) in late.items()
    ]
    return found + [
        Waiting(what=state, n=counts[state], where=f"/console/orders?state={state}", urgent=state == "returning")
        for state in board.TO_DO
        if state != "shipped"
    ]


def _rides(tx: Tx, by: Actor, at_us: int) -> list[Waiting]:
    """Deliveries that nobody took or that came back; one alone leads to its order."""
    found, stuck = [], rides.stuck(tx, by, now_us=at_us)
    for what, state, listed in (("ride_failed", "failed", "shipped"), ("ride_untaken", "asked", "packed")):
        of = [one for one in stuck.values() if one.state == state]
        where = f"/console/orders/{of[0].order}" if len(of) == 1 else f"/console/orders?state={listed}"
        found.append(Waiting(what=what, n=len(of), where=where, urgent=True))
    return found


def _visits(tx: Tx, by: Actor, shops: list[Place]) -> list[Waiting]:
    found = []
    for shop in shops:
        counts = deals.counts(tx, by, process=WALKOUT, states=("in_review", "disputed"), shop=shop.id)
        ill = len(guarding.ailing(tx, by, shop.id))
        unseen = deals.find(tx, by, process=WALKOUT, state="in_review", shop=shop.id, says=[f'"why":"{ages.WHY}"'])
        found.append(Waiting(what="age", n=len(unseen.rows), where=f"/desk/{shop.id}", urgent=True, place=shop))
        found.append(Waiting(what="sensors", n=ill, where=f"/live/{shop.id}", urgent=True, place=shop))
        found += [
            Waiting(what=what, n=counts.get(state, 0), where=f"/desk/{shop.id}", urgent=state == "disputed", place=shop)
            for state, what in (("in_review", "review"), ("disputed", "dispute"))
        ]
    return found


def few(tx: Tx, shop: str) -> set[str]:
    """SKUs that are counted in pieces and of which few are left at a shop, on its shelves and behind them."""
    left: dict[str, int] = defaultdict(int)
    for code in ("stock", "shelf"):
        for key, balance in ledger.balances(tx, book=Book.GOODS, code=code, owner_prefix=f"{shop}/").items():
            if key.unit.endswith(":ea"):
                left[key.unit] += balance.available
    return {unit.rsplit(":", 1)[0] for unit, n in left.items() if n <= LOW_PIECES}


def _goods(tx: Tx, by: Actor, shops: list[Place], at_us: int) -> list[Waiting]:
    found, until = [], seoul(at_us).date() + timedelta(days=SOON_D)
    for shop in shops:
        where = f"/console/stock/{shop.id}"
        due = len(stock.expiring(tx, by, shop.id, until))
        low = len(few(tx, shop.id))
        found += [
            Waiting(what="expiry", n=due, where=where, urgent=True, place=shop),
            Waiting(what="low", n=low, where=where, place=shop),
        ]
    return found


def _own_money(tx: Tx, by: Actor) -> list[Waiting]:
    """What a merchant's own parties wait for."""
    found = []
    for party in settlement.parties_of(tx, by):
        held = sum(1 for one in settlement.payouts_of(tx, by, party.key, limit=20) if one.state is PayoutState.HELD)
        found.append(Waiting(what="held", n=held, where=f"/settlement/{party.key}"))
    return found


def _money(tx: Tx, by: Actor, at_us: int) -> list[Waiting]:
    stop, check = settlement.stopped(tx), settlement.latest(tx)
    faults = len(stop.faults) if stop else len(check.faults) if check else 0
    old = sum(one.old for one in reconciling.open_clearing(tx, by, at_us=at_us))
    refused = len(charge_records.backs_in(tx, by, [ReturnState.REFUSED]).rows)
    held = settlement.payouts_in(tx, by, PayoutState.HELD)
    fetched = len(fetching.failing(tx, by, at_us=at_us))
    return [
        Waiting(what="differences", n=faults, where="/console/settlement", urgent=True),
        Waiting(what="clearing", n=old, where="/console/money", urgent=True),
        Waiting(what="fetch", n=fetched, where="/console/payments/reconcile"),
        Waiting(what="refused", n=refused, where="/console/payments", urgent=True),
        Waiting(what="unasked", n=len(unasked.waiting(tx, by).rows), where="/console/payments", urgent=True),
        Waiting(what="appeals", n=len(settlement.appeals(tx, by)), where="/console/settlement", urgent=True),
        Waiting(what="keeping", n=len(keeping.open_for(tx, by)), where="/issuer"),
        Waiting(what="held", n=held, where="/console/settlement"),
        Waiting(what="to_file", n=len(settlement.transfers.fileable(tx, by)), where="/console/settlement/transfers"),
    ]
