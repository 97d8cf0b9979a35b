"""Keeps a database as this release leaves it, for later releases to open: ``python -m tests.db.make_release``.

Run it once, when a version is released; its folder is never changed afterwards. What lies in it was made by the
release's own services: a day of a walk-out shop with its reviews, disputes and timers, members, one of them erased.
"""

from __future__ import annotations

import lzma
import random
import sys
import tempfile
from pathlib import Path
from uuid import UUID

import msgspec
from tests import build
from tests.walkout_shop import BY, STAFF, N, Shop, came, layout, left, moved, receipt

from madang import __version__, journal, ledger, members
from madang.db import Database, Tx, backup, open_database
from madang.db.private import PrivatePostgres
from madang.deals import Taken
from madang.deals import service as deals
from madang.kernel import ManualClock, Uuid7, derived, system
from madang.kernel.clock import HOUR_US
from madang.members.facts import Joined
from madang.walkout import service

HOME = Path(__file__).with_name("releases")
ELSEWHERE = "n2"
FILES = {"sqlite": "madang.db.xz", "postgresql": "madang.pgdump"}


class Found(msgspec.Struct, frozen=True):
    """What a neighbourhood holds, and what a later release must find again."""

    facts: int
    head: str
    deals: dict[str, str]
    balances: dict[str, tuple[int, int, int]]
    names: dict[str, str | None]


def live(db: Database) -> None:
    """A day in two neighbourhoods."""
    _a_day_at_the_shop(Shop(db))
    clock = ManualClock()
    world = build.World(db, clock, Uuid7(clock, random.Random(1)), ELSEWHERE)
    build.shop(world, layout())
    build.member(world, full_name="김미나", wallet_krw=30_000)
    goes = build.member(world, full_name="이준", wallet_krw=5_000)
    db.write(lambda tx: members.erase(tx, world.by, goes, at_us=clock.now_us()), neighbourhood=ELSEWHERE)


def _a_day_at_the_shop(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), moved("put_back", "A", 1, id="m2", t=1.0), left(), receipt({"A": 1}))
    shop.write(lambda tx: service.dispute(tx, BY, shop.id(), 1, None, id=derived("d"), at_us=shop.t))
    shop.says(came("v2"), moved("pick", "B", 2, id="m3", visit="v2"), left("v2"), receipt({"B": 2}, "review", "v2"))
    answer = [Taken(product="B", qty=1)]
    shop.write(lambda tx: service.answer(tx, STAFF, shop.id("v2"), answer, id=derived("a"), at_us=shop.t, took_s=9))
    shop.says(came("v3"), moved("pick", "A", 1, id="m4", visit="v3"))
    shop.later(4 * HOUR_US)
    shop.says(came("v4"), moved("pick", "B", 1, id="m5", visit="v4"))


def look(tx: Tx) -> Found:
    """Read a neighbourhood of less than 200 facts and deals."""
    by = system(tx.neighbourhood)
    seq, head = journal.head(tx, by)
    joined = [UUID(f.subject.removeprefix("person:")) for f in journal.read(tx, by) if isinstance(f.body, Joined)]
    return Found(
        facts=seq,
        head=head.hex(),
        deals={str(deal.id): deal.state for deal in deals.find(tx, by, limit=200).rows},
        balances={str(key): tuple(balance) for key, balance in ledger.balances(tx).items()},
        names={str(key): members.field(tx, by, key, "full_name") for key in joined},
    )


def main() -> int:
    folder = HOME / __version__
    if folder.exists():
        sys.stderr.write(f"{folder} is there already: what a release left behind is never changed\n")
        return 1
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch, PrivatePostgres() as server:
        urls = {"sqlite": f"sqlite:///{scratch}/madang.db", "postgresql": server.create("release")}
        for dialect, url in urls.items():
            with open_database(url) as db:
                live(db)
                found = {n: db.read(look, neighbourhood=n) for n in (N, ELSEWHERE)}
                copy = backup(db, Path(scratch) / f"copy-{dialect}").path.read_bytes()
            packed = lzma.compress(copy, preset=9) if FILES[dialect].endswith(".xz") else copy
            (folder / FILES[dialect]).write_bytes(packed)
            (folder / f"{dialect}.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    sys.stdout.write("".join(f"{path} {path.stat().st_size:,} bytes\n" for path in sorted(folder.iterdir())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
