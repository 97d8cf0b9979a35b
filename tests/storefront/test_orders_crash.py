"""A process that buys and cancels is killed again and again: nothing is lost, nothing is done twice."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.storefront.crash_buyer import shop
from tests.storefront.street import PRICES, Street, buyer

from madang.db import open_database
from madang.kernel import SystemClock, Uuid7, derived
from madang.storefront import orders

pytestmark = pytest.mark.soak  # about 40 s for both databases
ROOT = Path(__file__).resolve().parents[2]
KILLS, MONEY = 2, 50_000_000


def test_killed_in_the_middle_of_orders_no_money_and_no_goods_are_lost_or_doubled(db_url: str) -> None:
    clock, rng = SystemClock(), random.Random(1)
    with open_database(db_url, clock=clock, migrate=False) as db:
        street = Street(db, clock, Uuid7(clock, rng)).open(amounts=100_000)  # type: ignore[arg-type]
        buyers = [buyer(derived("crash.buyer", n)) for n in range(4)]
        for who in buyers:
            street.join(who, MONEY)
    meant, first = list[int](), 0
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.storefront.crash_buyer", db_url, str(first)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        ) as child:  # fmt: skip
            assert child.stdout is not None
            meant.append(int(child.stdout.readline()))
            threading.Timer(0.5, child.kill).start()
            meant += [int(line) for line in child.stdout if line.strip().isdigit()]
        first = meant[-1] + 1
        time.sleep(0.1)
    with open_database(db_url, clock=clock, migrate=False) as db:
        street = Street(db, clock, Uuid7(clock, rng))  # type: ignore[arg-type]
        for n in [*meant, *meant]:  # what was meant is asked for again, twice
            shop(street, n)
        street.books_agree()
        kept = [n for n in meant if n % 3]
        spent = sum(PRICES["RAMEN"] * (1 + n % 2) for n in kept)
        assert sum(street.wallet(who).posted for who in buyers) == 4 * MONEY - spent
        assert street.available("RAMEN") == 100_000 - sum(1 + n % 2 for n in kept)
        placed = [street.read(lambda tx, who=who: orders.find(tx, who, limit=200)) for who in buyers]  # type: ignore[misc]
        assert sum(len(page.rows) for page in placed) == min(len(set(meant)), 800)
        assert len(meant) > KILLS
