"""800 attempts at 100 items, and at 100 places of a window, sell exactly 100; without the guard they sell more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from tests.storefront.street import TERMS, N, Street, buyer

from madang import ledger
from madang.catalog import stock
from madang.db import Database, Tx
from madang.kernel import Conflict, derived
from madang.ledger import Transfer
from madang.storefront import checkout, slots
from madang.storefront.model import CartLine
from madang.storefront.slots import Slot

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
        if fault.code not in ("catalog.sold_out", "storefront.slot_full"):
            raise
        return False
    return True


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


def test_without_the_guard_the_same_rush_oversells(street: Street, db: Database) -> None:
    """The negative control: everybody looks, then everybody takes, out of an account that may run negative."""
    there = 25
    street.open(amounts=there)
    source = stock.supplier("s1", "RAMEN:ea")
    taken = stock.sold("s1", street.now, "RAMEN:ea")
    looked, took = threading.Barrier(CLIENTS), threading.Barrier(CLIENTS)

    def attempt(n: int) -> bool:
        sold = db.read(lambda tx: ledger.balance(tx, taken).posted, neighbourhood=N)
        looked.wait()
        if sold < there:
            take = Transfer(id=derived("rush.loose", n), debit=source, credit=taken, amount=1, at_us=street.now)
            street.write(lambda tx: ledger.post(tx, [take]))
        took.wait()
        return sold < there

    assert rush(8, attempt) > there


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
