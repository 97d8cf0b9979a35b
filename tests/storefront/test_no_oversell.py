"""800 attempts at 100 items, and at 100 places of a window, sell exactly 100; without the guard they sell more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.storefront.street import TERMS, N, Street, buyer

from madang.catalog.stock import looking
from madang.db import Database, Tx
from madang.kernel import Conflict, derived
from madang.ledger import Book, Limit
from madang.ledger.chart import _chart
from madang.storefront import checkout, slots
from madang.storefront.model import CartLine
from madang.storefront.slots import Slot

pytestmark = POSTGRES_IN_SOAK

CLIENTS = 8
SIZES = [25, pytest.param(100, marks=pytest.mark.soak)]
"""Attempts of each client, and as many things as one of them asks for: 200 at 25 with every change, 800 at 100 in the
soak (a minute on both databases)."""


def rush(each: int, attempt: Callable[[int], bool]) -> int:
    """How many attempts of 8 clients, ``each`` of every one and all at once, succeeded."""
    got = [0] * CLIENTS
    begin = threading.Barrier(CLIENTS)

    def client(number: int) -> None:
        begin.wait()
        got[number] = sum(attempt(number * each + n) for n in range(each))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(got)


def won(street: Street, act: Callable[[Tx], object]) -> bool:
    try:
        street.write(act)
    except Conflict as fault:
        if fault.code not in ("catalog.sold_out", "storefront.slot_full", "ledger.exceeds_credits"):
            raise
        return False
    return True


@BOTH
@pytest.mark.parametrize("there", SIZES)
def test_eight_times_as_many_checkouts_as_items_hold_exactly_the_items(street: Street, there: int) -> None:
    street.open(amounts=there)

    def attempt(n: int) -> bool:
        who, id_ = buyer(derived("rush", n)), derived("rush.checkout", n)
        wanted = [CartLine(shop="s1", sku="RAMEN", amount=1, added_at_us=street.now)]
        return won(street, lambda tx: checkout.begin(tx, who, id=id_, at_us=street.now, lines=wanted))

    assert rush(there, attempt) == there
    assert street.available("RAMEN") == 0
    street.books_agree()


@BOTH
@pytest.mark.parametrize("there", SIZES)
def test_eight_times_as_many_orders_as_a_window_has_places_take_exactly_the_places(street: Street, there: int) -> None:
    street.open(TERMS)
    slot = Slot(id="pickup-20260923-1000", way="pickup", from_us=1, until_us=2, orders_max=there)

    def attempt(n: int) -> bool:
        id_: UUID = derived("rush.slot", n)
        return won(
            street, lambda tx: slots.hold(tx, "s1", slot, id=id_, at_us=street.now, expires_at_us=None, cause="rush")
        )

    assert rush(there, attempt) == there
    street.books_agree()


def unguarded(monkeypatch: pytest.MonkeyPatch, book: Book, *codes: str) -> None:
    """Accounts of these codes that are opened from now on may give what they do not have."""
    for code in codes:
        monkeypatch.setitem(_chart, (book, code), _chart[book, code]._replace(limit=Limit.NONE))


@pytest.mark.parametrize("guarded", [True, False])
def test_items_are_guarded_by_the_ledger_alone(
    street: Street, db: Database, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The same rush, each with the look that was right before it began: the guard holds, and without it is oversold."""
    there = 10
    if not guarded:
        unguarded(monkeypatch, Book.GOODS, "stock", "shelf")
    street.open(amounts=there)
    look = looking.accounts_of
    before = db.read(lambda tx: look(tx, {"RAMEN": 1}, "s1", codes=("stock", "shelf")), neighbourhood=N)
    monkeypatch.setattr(looking, "accounts_of", lambda *_args, **_more: before)

    def attempt(n: int) -> bool:
        who, id_ = buyer(derived("rush", n)), derived("rush.checkout", n)
        wanted = [CartLine(shop="s1", sku="RAMEN", amount=1, added_at_us=street.now)]
        return won(street, lambda tx: checkout.begin(tx, who, id=id_, at_us=street.now, lines=wanted))

    sold = rush(4, attempt)
    assert sold == there if guarded else sold > there


def test_without_the_guard_the_same_rush_for_places_overbooks(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    unguarded(monkeypatch, Book.CAPACITY, "slot_free")
    street.open(TERMS)
    slot = Slot(id="pickup-20260923-1000", way="pickup", from_us=1, until_us=2, orders_max=10)

    def attempt(n: int) -> bool:
        id_: UUID = derived("rush.slot", n)
        return won(
            street, lambda tx: slots.hold(tx, "s1", slot, id=id_, at_us=street.now, expires_at_us=None, cause="rush")
        )

    assert rush(4, attempt) == 4 * CLIENTS


@pytest.mark.parametrize("late_us", [0, 1])
def test_a_hold_ends_with_the_injected_clock_and_not_before(street: Street, late_us: int) -> None:
    street.open(amounts=1)
    street.put("RAMEN")
    held = street.begin()
    street.clock.set(held.held_until_us - 1 + late_us)
    other = buyer(derived("other"))
    wanted = [CartLine(shop="s1", sku="RAMEN", amount=1, added_at_us=street.now)]
    id_ = street.ids.new()
    assert won(street, lambda tx: checkout.begin(tx, other, id=id_, at_us=street.now, lines=wanted)) is bool(late_us)
