"""A sensor log that is lost or damaged is begun anew: behind all that is known, on record, and the shop goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.databases import POSTGRES_IN_SOAK
from tests.walkout_shop import BY, SHOP, Shop, came, layout, moved

from madang import journal
from madang.db import Database
from madang.walkout import facts, logcheck, newlog, records, service, snapshots
from madang.walkout.model import Run
from madang.walkout.sensorlog import LogReader, Record, SensorLog, segments
from madang.walkout.shop import SENSORLOG, SNAPSHOTS, open_log

pytestmark = POSTGRES_IN_SOAK


@pytest.fixture
def shop(db: Database) -> Shop:
    return Shop(db)


def begun(shop: Shop, folder: Path) -> int | None:
    return newlog.begin(shop.db, BY, SHOP, folder, at_us=shop.t)


def told(shop: Shop) -> list[facts.LogBegunAnew]:
    found = shop.read(lambda tx: journal.read(tx, BY, kinds={"walkout.log_begun_anew"}))
    return [fact.body for fact in found]


def opened(shop: Shop, folder: Path) -> Run:
    """What the next opening of the shop does with its log."""
    log = open_log(folder)
    log.append(Record(shop.t))
    log.close()
    return shop.write(
        lambda tx: service.continue_run(tx, BY, SHOP, layout(), log_first=log.first, log_end=log.end, at_us=shop.t)
    )


def filled(folder: Path, count: int = 40) -> int:
    log = SensorLog(folder / SENSORLOG, segment_bytes=100)
    for n in range(count):
        log.append(Record(1_000 + n))
    log.close()
    return log.end


def applied(shop: Shop) -> int:
    return shop.read(lambda tx: records.last_run(tx, SHOP)).position


def test_a_shop_whose_log_is_lost_goes_on_behind_what_its_books_know(shop: Shop, tmp_path: Path) -> None:
    shop.says(came(), moved("pick", "A", 2))
    snapshots.save(tmp_path / SNAPSHOTS, run=1, print_="p", position=5, seq=1, state=snapshots.frozen(None))
    position = begun(shop, tmp_path)
    assert position == applied(shop)
    assert list((tmp_path / SNAPSHOTS).glob("*.snap")) == []
    run = opened(shop, tmp_path)
    shop.check()
    assert (run.number, run.start, shop.deal().state) == (2, position, "in_review")
    assert told(shop) == [facts.LogBegunAnew(position=position, applied=position, why="short")]
    assert begun(shop, tmp_path) is None, "once is enough"


@pytest.mark.parametrize("where", ["a record", "a header"])
def test_a_log_is_begun_anew_behind_damage_and_what_can_be_read_is_kept(shop: Shop, tmp_path: Path, where: str) -> None:
    end = filled(tmp_path)
    folder = tmp_path / SENSORLOG
    path = segments(folder)[1][1]
    raw = bytearray(path.read_bytes())
    raw[-5 if where == "a record" else 25] ^= 0x41
    path.write_bytes(raw)
    position = begun(shop, tmp_path)
    assert position is not None
    assert position > end
    assert told(shop) == [facts.LogBegunAnew(position=position, applied=0, why="damaged")]
    run = opened(shop, tmp_path)
    assert (run.number, run.start) == (2, position)
    log = SensorLog(folder)
    assert log.first == position
    assert [placed.record.arrival_us for placed in LogReader(folder, position).read(log.end)] == [shop.t]
    assert next(LogReader(folder, 0).read(log.end)).record.arrival_us == 1_000, "what can be read is kept"
    report = logcheck.check(folder)
    assert report.anew == [position]
    assert path.name in [fault.file for fault in report.faults], "damage stays to be seen"
    assert begun(shop, tmp_path) is None
    doomed = log.doom(position, before_us=shop.t + 1, now_us=shop.t)
    assert doomed is not None
    log.destroy(doomed)
    log.told()
    log.close()
    assert [start for start, _ in segments(folder)] == [position], "in its time all of the old one is destroyed"


def test_a_log_that_is_sound_is_left_as_it_is(shop: Shop, tmp_path: Path) -> None:
    filled(tmp_path)
    SensorLog(tmp_path / SENSORLOG).append(Record(9_000, b"no message"))
    before = [(path, path.read_bytes()) for _, path in segments(tmp_path / SENSORLOG)]
    assert begun(shop, tmp_path) is None
    assert [(path, path.read_bytes()) for _, path in segments(tmp_path / SENSORLOG)] == before
    assert told(shop) == []
