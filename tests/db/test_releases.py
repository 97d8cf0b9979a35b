"""What earlier releases left behind opens, is brought up to date, and is whole (``make_release.py`` made it)."""

from __future__ import annotations

import lzma
import random
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests import build
from tests.db.make_release import ELSEWHERE, FILES, HOME, Found, look
from tests.walkout_shop import SHOP, N

from madang import deals, journal, ledger
from madang.db import Database, Tx, models, open_database, restore
from madang.journal import Opaque
from madang.kernel import Invalid, ManualClock, Uuid7, system
from madang.walkout import conservation, process

RELEASES = sorted(path.name for path in HOME.iterdir() if path.is_dir())


def test_there_is_a_release_to_upgrade_from() -> None:
    assert RELEASES


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Path:
    return HOME / str(request.param)


def opened(release: Path, url: str, scratch: Path) -> Database:
    """The release's database, restored and brought up to date."""
    dialect = "sqlite" if url.startswith("sqlite") else "postgresql"
    kept, copy = release / FILES[dialect], scratch / "copy"
    copy.write_bytes(lzma.decompress(kept.read_bytes()) if kept.suffix == ".xz" else kept.read_bytes())
    try:
        restore(copy, url)
    except Invalid as fault:
        if "unsupported version" not in str(fault):
            raise
        pytest.skip("this pg_restore is older than the one the release was kept with")
    return open_database(url, durable=False)


def expected(release: Path, db: Database) -> dict[str, Found]:
    return msgspec.json.decode((release / f"{db.dialect}.json").read_bytes(), type=dict[str, Found])


def test_a_release_is_brought_up_to_date_and_nothing_in_it_has_changed(
    release: Path, empty_url: str, tmp_path: Path
) -> None:
    with opened(release, empty_url, tmp_path) as db:
        assert db.read(_schema_differences, neighbourhood=N) == []
        for neighbourhood, found in expected(release, db).items():
            assert db.read(look, neighbourhood=neighbourhood) == found
            known = [(found.facts, bytes.fromhex(found.head))]
            verify = partial(journal.verify, by=system(neighbourhood), known=known)
            assert db.read(verify, neighbourhood=neighbourhood).ok
            books = db.read(ledger.check, neighbourhood=neighbourhood)
            assert books.ok, books.differences
            assert db.read(_unread, neighbourhood=neighbourhood) == []
        assert db.read(lambda tx: conservation.differences(tx, system(N), SHOP), neighbourhood=N) == []


def test_life_goes_on_in_it(release: Path, empty_url: str, tmp_path: Path) -> None:
    with opened(release, empty_url, tmp_path) as db:
        before = expected(release, db)[ELSEWHERE]
        clock = ManualClock(ManualClock().now_us() + 10**12)
        world = build.World(db, clock, Uuid7(clock, random.Random(2)), ELSEWHERE)
        key = build.member(world, full_name="박서연", wallet_krw=7_000)
        after = db.read(look, neighbourhood=ELSEWHERE)
        assert after.names == before.names | {str(key): "박서연"}
        assert after.facts == before.facts + 2
        assert db.read(ledger.check, neighbourhood=ELSEWHERE).ok
        assert db.read(lambda tx: journal.verify(tx, world.by), neighbourhood=ELSEWHERE).ok


def test_a_process_under_which_deals_began_is_still_the_one_declared(
    release: Path, empty_url: str, tmp_path: Path
) -> None:
    """Fails when a process was edited without a new version: then no shop that upgrades could open another deal."""
    with opened(release, empty_url, tmp_path) as db:
        by = system(N)
        new = partial(deals.open, by=by, process=process.NAME, id=UUID(int=1), shop=SHOP, subject=by.key, at_us=1)
        assert db.write(new, neighbourhood=N).state == process.WALKOUT.initial
        running = db.read(partial(deals.find, by=by, running=True), neighbourhood=N).rows
        assert all(db.read(partial(deals.process_of, by=by, deal=deal), neighbourhood=N) for deal in running)
        assert len(running) > 1


def _schema_differences(tx: Tx) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(tx.connection), models.load()))


def _unread(tx: Tx) -> list[str]:
    """Facts that this program no longer knows how to read."""
    return [fact.kind for fact in journal.read(tx, system(tx.neighbourhood)) if isinstance(fact.body, Opaque)]
