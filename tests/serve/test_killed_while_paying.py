"""``kill -9`` of the program, and of the database below it, while people check out, pay, give back and are paid out.

No money, no goods and no order is lost or doubled, and nobody has to do anything for it: what was cut off is looked
up and finished by the next process, or by the same one when the database is back.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest
from tests.brokers import missing
from tests.serve.busy_town import Mayor, Neighbour, Town, balanced, living

from madang import settlement
from madang.db import open_database
from madang.db.private import PrivatePostgres, binaries
from madang.kernel import SystemClock, Unavailable, system

pytestmark = [pytest.mark.soak, pytest.mark.slow]  # about 3 minutes each, of which one is waiting for what is owed
SEED = int(os.environ.get("MADANG_TEST_SEED", "0")) or int(time.time())
PEOPLE, KILLS, AFTER = 5, 6, 3
"""``AFTER``: so often the program is killed on PostgreSQL, once its database has been."""


def test_the_program_is_killed_again_and_again(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    town = Town(tmp_path, f"sqlite:///{tmp_path / 'madang.db'}", PEOPLE, rng)
    everybody = [Neighbour(town, n) for n in range(PEOPLE)]
    try:
        town.open()
        with living([*everybody, Mayor(town, PEOPLE)]):
            _kill_program(town, rng, KILLS)
            _trouble(town, 2)
        town.settles()
        _told(town, everybody)
    finally:
        town.close()


@pytest.mark.postgres
def test_the_database_is_killed_below_a_program_that_stays_up_and_then_the_program_is(tmp_path: Path) -> None:
    if binaries() is None:
        missing("PostgreSQL is not installed (Debian: apt install postgresql)")
    rng = random.Random(SEED)
    with PrivatePostgres(durable=True) as server:
        town = Town(tmp_path, server.create("busy"), PEOPLE, rng)
        everybody = [Neighbour(town, n) for n in range(PEOPLE)]
        try:
            town.open()
            with living([*everybody, Mayor(town, PEOPLE)]):
                for n in range(KILLS):
                    _trouble(town, rng.uniform(3, 8))
                    _settle(town)
                    if n % 2:
                        assert server.kill_backends("busy", rng.randint(1, 3))
                    else:
                        server.kill(signal.SIGKILL)
                        time.sleep(rng.uniform(0, 1.5))
                        server.restart()
                _trouble(town, 3)
                assert town.process is not None
                assert town.process.poll() is None, "the program did not stay up"
                _kill_program(town, rng, AFTER)
                _trouble(town, 2)
            town.settles()
            _told(town, everybody)
        finally:
            town.close()


def _kill_program(town: Town, rng: random.Random, times: int) -> None:
    """It is killed in the middle of what people do, and started again, so often."""
    for _ in range(times):
        _trouble(town, rng.uniform(3, 9))
        town.kill()
        time.sleep(rng.uniform(0, 0.5))
        town.open()


def _trouble(town: Town, s: float) -> None:
    """So long the gateway is as on its worst day."""
    until = time.monotonic() + s
    while time.monotonic() < until:
        town.trouble()
        time.sleep(0.4)


def _settle(town: Town) -> None:
    """Shares are released and payouts made, beside the program that is served."""
    with contextlib.suppress(Unavailable), open_database(town.url, migrate=False) as db:
        now_us = SystemClock().now_us()
        while db.write(lambda tx: settlement.settle_due(tx, system("n1"), now_us=now_us), neighbourhood="n1"):
            pass


def _told(town: Town, everybody: list[Neighbour]) -> None:
    """The end: the books, and that enough happened to prove something."""
    town.kill()
    faults = [fault for one in everybody for fault in (*one.faults, *one.mayor.faults)]
    done = sum((one.done for one in everybody), start=everybody[0].done.__class__())
    print(f"seed {SEED}: {dict(done)}; {faults}")  # noqa: T201 - before what may not hold
    states = balanced(town, everybody)
    print(f"seed {SEED}: {dict(done)}; {states}; {len(town.fake.desk.by_order)} payments at the gateway")  # noqa: T201
    assert faults == [], f"seed {SEED}"
    assert done["order"] > 10, done  # 100 and more on idle cores
    assert {"cancelled", "picked_up"} & set(states), states
    assert done["paid"] > 3, done
