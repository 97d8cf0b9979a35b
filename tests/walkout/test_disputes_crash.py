"""A process in which lines are called wrong and decided is killed: each is paid back once, or not at all."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.walkout.crash_desk import of, right, speak
from tests.walkout_shop import BY, N, Shop, came, left, moved, receipt

from madang.db import open_database
from madang.deals import receipts
from madang.walkout import claims, objecting, service

pytestmark = pytest.mark.soak  # about 20 s for both databases
ROOT = Path(__file__).resolve().parents[2]
KILLS, VISITS = 2, 24
TOOK = {"A": 2, "B": 5, "W": 1}


def test_killed_while_lines_are_called_wrong_and_decided_each_is_paid_back_once(db_url: str) -> None:
    rng, meant, first = random.Random(3), list[int](), 0
    with open_database(db_url, migrate=False) as db:
        shop = Shop(db, wallet_krw=10_000_000)
        for n in range(VISITS):
            visit = f"v{n}"
            picks = [moved("pick", p, k, id=f"{visit}{p}", visit=visit) for p, k in TOOK.items()]
            shop.says(came(visit), *picks, left(visit), receipt(TOOK, visit=visit))
            shop.t += 1_000_000
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.walkout.crash_desk", db_url, str(first)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        ) as child:  # fmt: skip
            assert child.stdout is not None
            meant.append(int(child.stdout.readline()))
            threading.Timer(rng.uniform(0.2, 0.8), child.kill).start()
            meant += [int(line) for line in child.stdout if line.strip().isdigit()]
        first = min(meant[-1] + 1, VISITS)
    done = sorted({n for n in meant if n < VISITS})
    with open_database(db_url, migrate=False) as db:
        for n in [*done, *done]:  # what was meant is asked for again, twice
            speak(db, n)
        shop.db = db
        shop.check()
        for n in done:
            deal = shop.read(lambda tx, n=n: service.deals.get(tx, BY, of(n)))
            sale = db.read(lambda tx, deal=deal: service.sale_of(tx, BY, deal), neighbourhood=N)
            assert sale is not None
            back = db.read(lambda tx, sale=sale: objecting.given_back(tx, BY, sale), neighbourhood=N)
            assert back == {line.number: line.amount_krw for line in sale.lines if right(n, line.number)}
            assert claims.open_claims(deal) == []
            assert len(db.read(lambda tx, sale=sale: receipts.refunds_of(tx, BY, sale.id), neighbourhood=N)) == len(
                back
            )
    assert len(done) >= KILLS, "each process began at least one"
