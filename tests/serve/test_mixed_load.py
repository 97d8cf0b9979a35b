"""Sixteen people at once, on PostgreSQL for ten minutes and on SQLite for five: they browse, buy, give back, pay by
voucher, receive goods, change prices, while settlement and the self-check go round. Nothing waits for ever, nothing is
answered with 5xx, nothing is lost."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.brokers import missing
from tests.serve.busy_town import (
    Looker,
    Mayor,
    Neighbour,
    Pricer,
    Somebody,
    Stockkeeper,
    Town,
    Voucherer,
    balanced,
    living,
)

from madang.db.private import PrivatePostgres, binaries

pytestmark = [pytest.mark.soak, pytest.mark.slow]  # first, and beside each other
SECONDS = {"postgres": 600, "sqlite": 120}
"""Two can only wait for each other where several write at once: there for as long as is asked for."""
SEED = int(os.environ.get("MADANG_TEST_SEED", "0")) or int(time.time())
SLOW_MS = 15_000
"""Nobody waits so long for anything: a lock that is never given up would show here."""


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres), "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'madang.db'}"
        return
    if binaries() is None:
        missing("PostgreSQL is not installed (Debian: apt install postgresql)")
    with PrivatePostgres(durable=True) as server:
        yield server.create("mixed")


def test_sixteen_people_do_everything_at_once(url: str, tmp_path: Path) -> None:
    given = SECONDS["sqlite" if url.startswith("sqlite") else "postgres"]
    seconds = int(os.environ.get("MADANG_TEST_MIX_S", given))
    town = Town(tmp_path, url, 12, random.Random(SEED))
    town.command = [sys.executable, "-m", "tests.serve.busy_server", str(tmp_path / "edges.toml")]
    buyers = [Neighbour(town, n) for n in range(8)]
    others: list[Somebody] = [Looker(town, 8), Looker(town, 9), Looker(town, 10), Voucherer(town, 11)]
    others += [Stockkeeper(town, 8), Stockkeeper(town, 9), Pricer(town, 10), Mayor(town, 12)]
    try:
        town.open()
        with living([*buyers, *others]):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(1)
                assert town.process is not None
                assert town.process.poll() is None, town.log()[-3000:]
        town.settles()
        log = town.log()
        town.kill()
        everybody = [*buyers, *(one.mayor for one in buyers), *others]
        faults = [fault for one in everybody for fault in one.faults]
        took = sorted(ms for one in everybody for ms in one.took_ms)
        done = sum((one.done for one in everybody), start=everybody[0].done.__class__())
        states = balanced(town, buyers)
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        print(f"seed {SEED}, {url[:8]}: {len(took)} answers, p50 {p50:.0f} ms, p99 {p99:.0f} ms, "  # noqa: T201
              f"longest {took[-1]:.0f} ms; {dict(done)}; {states}")  # fmt: skip
        assert faults == [], f"seed {SEED}"
        for word in ("deadlock", "lock timeout", "database is locked"):
            assert word not in log.lower(), log[-3000:]
        assert took[-1] < SLOW_MS
        assert done["order"] > seconds // 5, done
        assert min(done["voucher"], done["stock"], done["price"], done["look"]) > 3, done
    finally:
        town.close()
