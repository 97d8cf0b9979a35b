"""Bytes under their hash, kept as long as their class says."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from madang import files
from madang.db import Database
from madang.files import Kept, Retention, Store, records
from madang.kernel import Conflict, Forbidden, ManualClock, NotFound, Unavailable, system
from madang.kernel.clock import DAY_US, HOUR_US

BY = system("n1")
CLOCK = ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files", CLOCK)


@pytest.fixture(autouse=True)
def _start_of_time() -> None:
    CLOCK.set(0)


def destroy_due(db: Database, store: Store, at_us: int) -> int:
    CLOCK.set(at_us)
    return files.destroy_due(db, store, BY, now_us=at_us)


def on_disk(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


def keep(
    db: Database, store: Store, number: int = 1, content: bytes = b"scan", retention: Retention = Retention.SENSOR
) -> Kept:
    sha256 = store.put("n1", content)
    return db.write(
        lambda tx: files.keep(
            tx,
            BY,
            id=UUID(int=number),
            sha256=sha256,
            size=len(content),
            media_type="application/octet-stream",
            retention=retention,
            at_us=CLOCK.now_us(),
        ),
        neighbourhood="n1",
    )


def test_what_is_put_comes_back_under_its_hash_and_is_stored_once(store: Store, tmp_path: Path) -> None:
    name = store.put("n1", b"abc")
    assert name == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert store.put("n1", b"abc") == name
    assert store.get("n1", name) == b"abc"
    assert len(on_disk(tmp_path)) == 1


def test_neighbourhoods_do_not_share_bytes_and_a_name_leads_nowhere_else(store: Store) -> None:
    name = store.put("n1", b"abc")
    with pytest.raises(NotFound):
        store.get("n2", name)
    for path in ("../../etc/passwd", "", name.upper(), name + "/.."):
        with pytest.raises(NotFound):
            store.get("n1", path)


def test_damage_is_found_on_reading_and_mended_by_putting_again(store: Store, tmp_path: Path) -> None:
    name = store.put("n1", b"abc")
    [path] = on_disk(tmp_path)
    path.write_bytes(b"abd")
    with pytest.raises(Unavailable, match=r"files\.damaged"):
        store.get("n1", name)
    store.put("n1", b"abc")
    assert store.get("n1", name) == b"abc"


def test_a_write_that_fails_leaves_nothing(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="no space"):
            store.put("n1", b"abc")
    assert on_disk(tmp_path) == []


def test_a_file_is_kept_as_long_as_its_class_says_and_then_destroyed(
    db: Database, store: Store, tmp_path: Path
) -> None:
    kept = keep(db, store)
    assert kept.destroy_after_us == files.KEEP_D[Retention.SENSOR] * DAY_US
    assert destroy_due(db, store, kept.destroy_after_us - 1) == 0
    assert store.get("n1", kept.sha256) == b"scan"
    assert destroy_due(db, store, kept.destroy_after_us) == 1
    assert destroy_due(db, store, kept.destroy_after_us) == 0
    assert on_disk(tmp_path) == []
    with pytest.raises(NotFound):
        db.read(lambda tx: files.find(tx, BY, kept.id), neighbourhood="n1")


def test_bytes_stay_while_another_keeping_needs_them(db: Database, store: Store) -> None:
    short, long = keep(db, store, 1), keep(db, store, 2, retention=Retention.TRADE)
    assert short.sha256 == long.sha256
    assert destroy_due(db, store, short.destroy_after_us) == 0
    assert store.get("n1", long.sha256) == b"scan"
    assert destroy_due(db, store, long.destroy_after_us) == 1
    with pytest.raises(NotFound):
        store.get("n1", long.sha256)


def test_keeping_twice_keeps_once_and_an_id_is_not_shared(db: Database, store: Store) -> None:
    assert keep(db, store) == keep(db, store)
    with pytest.raises(Conflict):
        keep(db, store, content=b"other")
    with pytest.raises(Conflict):
        keep(db, store, retention=Retention.TRADE)


def test_a_keeping_ends_early_when_an_operator_says_so(db: Database, store: Store, tmp_path: Path) -> None:
    kept = keep(db, store)
    db.write(lambda tx: files.close(tx, BY, kept.id, at_us=5), neighbourhood="n1")
    with pytest.raises(NotFound):
        db.read(lambda tx: files.find(tx, BY, kept.id), neighbourhood="n1")
    assert destroy_due(db, store, HOUR_US) == 1
    assert on_disk(tmp_path) == []


def test_a_content_put_again_just_before_it_would_go_stays(db: Database, store: Store) -> None:
    old = keep(db, store)
    CLOCK.set(old.destroy_after_us)
    store.put("n1", b"scan")
    assert destroy_due(db, store, old.destroy_after_us) == 0
    new = keep(db, store, 2)
    assert destroy_due(db, store, old.destroy_after_us + HOUR_US) == 0
    assert store.get("n1", new.sha256) == b"scan"


def test_bytes_a_crash_left_behind_go_the_next_time(db: Database, store: Store, tmp_path: Path) -> None:
    kept = keep(db, store)
    db.write(lambda tx: records.close_due(tx, kept.destroy_after_us), neighbourhood="n1")  # and then the process died
    assert destroy_due(db, store, kept.destroy_after_us + 1) == 1
    assert on_disk(tmp_path) == []


def test_another_neighbourhood_finds_nothing(db: Database, store: Store) -> None:
    kept = keep(db, store)
    with pytest.raises(NotFound):
        db.read(lambda tx: files.find(tx, system("n2"), kept.id), neighbourhood="n2")
    with pytest.raises(Forbidden):
        db.read(lambda tx: files.find(tx, system("n2"), kept.id), neighbourhood="n1")


def test_every_class_has_its_time() -> None:
    assert set(files.KEEP_D) == set(Retention)
