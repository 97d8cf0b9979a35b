"""A process that buys, cancels and gives back until it is killed: ``python -m tests.storefront.crash_buyer URL FIRST``.

It writes the number of an order to its output before it begins it, so that whoever kills it knows what was meant.
"""

from __future__ import annotations

import random
import sys

from tests.storefront.street import FETCH, N, Street, buyer

from madang.db import open_database
from madang.kernel import SystemClock, Uuid7, derived
from madang.storefront import checkout, orders
from madang.storefront.model import CartLine
from madang.storefront.placing import Placing


def shop(street: Street, n: int) -> None:
    """Order number ``n``, once, however often it is asked for; every third is cancelled."""
    who, id = buyer(derived("crash.buyer", n % 4)), derived("crash.checkout", n)
    lines = [CartLine(shop="s1", sku="RAMEN", amount=1 + n % 2, added_at_us=1)]
    held = street.write(lambda tx: checkout.begin(tx, who, id=id, at_us=street.now, lines=lines))
    if held.state == "dropped":  # killed between the two steps, and the same buyer has begun another since
        id = derived("crash.checkout", n, "again")
        street.write(lambda tx: checkout.begin(tx, who, id=id, at_us=street.now, lines=lines))
    placed = street.write(lambda tx: checkout.place(tx, who, id, Placing(choices={"s1": FETCH}), at_us=street.now))
    if n % 3 == 0:
        [order] = placed.orders
        street.write(lambda tx: orders.cancel(tx, who, order, step=derived("crash.cancel", n), at_us=street.now))


def main(url: str, first: int) -> None:
    clock = SystemClock()
    with open_database(url, clock=clock, migrate=False) as db:
        street = Street(db, clock, Uuid7(clock, random.Random(first)))  # type: ignore[arg-type]
        for n in range(first, 10**9):
            sys.stdout.write(f"{n}\n")
            sys.stdout.flush()
            shop(street, n)


if __name__ == "__main__":
    assert N
    main(sys.argv[1], int(sys.argv[2]))
