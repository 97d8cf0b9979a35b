"""Backups taken while writing goes on, and what may be overwritten by them."""

from __future__ import annotations

import argparse
import importlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect

from madang.db import Database, Tx, backup, open_database, restore, sqlite
from madang.db.command import add_parser
from madang.kernel import Conflict, Invalid, Unavailable


def run(sql: str) -> Callable[[Tx], object]:
    return lambda tx: tx.connection.exec_driver_sql(sql)


def pairs(db: Database) -> list[tuple[int, int]]:
    """Every number with how often it is there: each write puts it in twice."""
    query = "SELECT n, count(*) FROM t GROUP BY n ORDER BY n"
    return db.read(lambda tx: [(r[0], r[1]) for r in tx.connection.exec_driver_sql(query)], neighbourhood="n1")


def put(n: int) -> Callable[[Tx], object]:
    def both(tx: Tx) -> None:
        run(f"INSERT INTO t VALUES ({n})")(tx)
        run(f"INSERT INTO t VALUES ({n})")(tx)

    return both


@pytest.fixture
def filled(db: Database) -> Database:
    db.write(run("CREATE TABLE t (n INTEGER)"), neighbourhood="n1")
    for n in range(10):
        db.write(put(n), neighbourhood="n1")
    return db


def test_a_backup_restores_to_the_same_data(filled: Database, empty_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "backup"
    done = backup(filled, copy)
    assert done.size_bytes == copy.stat().st_size > 0
    assert copy.stat().st_mode & 0o777 == 0o600
    if filled.dialect not in empty_url:
        with pytest.raises(Invalid, match="not a backup of this kind"):
            restore(copy, empty_url)
        return
    assert restore(copy, empty_url).revisions == done.revisions
    with open_database(empty_url, durable=False) as again:
        assert pairs(again) == [(n, 2) for n in range(10)]


def test_a_backup_taken_while_writing_holds_only_whole_use_cases(filled: Database, tmp_path: Path) -> None:
    stop = threading.Event()
    written = []

    def write_on() -> None:
        n = 10
        while not stop.is_set():
            filled.write(put(n), neighbourhood="n1")
            written.append(n)
            n += 1

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        copies = [tmp_path / f"backup-{i}" for i in range(3)]
        for copy in copies:
            backup(filled, copy)
    finally:
        stop.set()
        writer.join()
    assert written, "nothing was written during the backups"
    filled.close()
    restore(copies[-1], filled.url, replace=True)
    with open_database(filled.url, durable=False) as again:
        found = pairs(again)
    assert [n for n, _ in found] == list(range(len(found)))
    assert {times for _, times in found} == {2}
    assert len(found) >= 10


def test_a_database_with_data_is_not_overwritten_unasked(filled: Database, tmp_path: Path) -> None:
    backup(filled, tmp_path / "backup")
    filled.write(put(10), neighbourhood="n1")
    filled.close()
    with pytest.raises(Conflict) as refused:
        restore(tmp_path / "backup", filled.url)
    assert refused.value.code == "db.not_empty"
    for _ in range(2):
        restore(tmp_path / "backup", filled.url, replace=True)
        with open_database(filled.url, durable=False) as again:
            assert len(pairs(again)) == 10
            again.write(put(10), neighbourhood="n1")


def test_a_damaged_backup_leaves_the_database_as_it_was(filled: Database, tmp_path: Path) -> None:
    copy = tmp_path / "backup"
    backup(filled, copy)
    whole = copy.read_bytes()
    filled.close()
    for damaged in (whole[: len(whole) // 2], b"nothing like it", b""):
        copy.write_bytes(damaged)
        with pytest.raises(Invalid) as refused:
            restore(copy, filled.url, replace=True)
        assert refused.value.code == "db.bad_backup"
    with pytest.raises(Invalid):
        restore(tmp_path / "missing", filled.url, replace=True)
    with open_database(filled.url, durable=False) as again:
        assert len(pairs(again)) == 10


def test_a_backup_of_a_newer_release_is_refused(filled: Database, tmp_path: Path) -> None:
    filled.write(run("INSERT INTO alembic_version VALUES ('journal_9999')"), neighbourhood="n1")
    with pytest.raises(Unavailable) as refused:
        backup(filled, tmp_path / "backup")
    assert refused.value.code == "db.newer_than_program"
    assert list(tmp_path.glob("backup*")) == []


def test_a_backup_is_never_overwritten(filled: Database, tmp_path: Path) -> None:
    backup(filled, tmp_path / "backup")
    with pytest.raises(Conflict) as refused:
        backup(filled, tmp_path / "backup")
    assert refused.value.code == "db.backup_exists"


def test_a_backup_to_nowhere_says_so(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        backup(sqlite_url, tmp_path / "no" / "such" / "folder")
    assert refused.value.code == "db.backup_failed"
    with pytest.raises(Unavailable, match="does not exist"):
        backup(f"sqlite:///{tmp_path}/none.db", tmp_path / "backup")


def test_a_database_in_use_is_not_restored_over(sqlite_url: str, tmp_path: Path) -> None:
    with open_database(sqlite_url, durable=False) as db:
        backup(db, tmp_path / "backup")
        with pytest.raises(Unavailable) as refused:
            restore(tmp_path / "backup", sqlite_url, replace=True)
        assert refused.value.code == "db.in_use"


def test_the_commands_do_it(filled: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(dest="command"))
    copy = str(tmp_path / "backup")

    def madang(*words: str) -> int:
        args = parser.parse_args(words)
        return int(args.run(args))

    assert madang("backup", copy, "--database", filled.url) == 0
    filled.close()
    assert madang("restore", copy, "--database", filled.url, "--replace") == 0
    said = capsys.readouterr().out
    assert "backed up" in said
    assert "복원 완료" in said


class Killed(BaseException):
    """Stands for a process that ends at once: nobody tidies up after it."""


def die(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize("renames", [1, 2, 3])
def test_a_restore_killed_while_files_change_places_loses_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    target, new = tmp_path / "madang.db", tmp_path / "new"
    new.write_bytes(b"new")
    target.write_bytes(b"old")
    (tmp_path / "madang.db-wal").write_bytes(b"its log")
    real, made = Path.rename, list[Path]()

    def rename(path: Path, to: Path) -> Path:
        if len(made) == renames:
            raise Killed
        made.append(to)
        return real(path, to)

    with monkeypatch.context() as killing:
        killing.setattr(Path, "rename", rename)
        killing.setattr(sqlite, "settle_swap", die)
        with pytest.raises(Killed):
            sqlite.swap(new, target)
    sqlite.settle_swap(target)
    left = {path.name: path.read_bytes() for path in tmp_path.glob("madang.db*")}
    assert left == ({"madang.db": b"new"} if renames == 3 else {"madang.db": b"old", "madang.db-wal": b"its log"})


@pytest.mark.postgres
def test_a_restore_killed_half_way_leaves_the_old_data_to_be_had_again(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_database(postgres_url, durable=False) as db:
        db.write(run("CREATE TABLE t (n INTEGER)"), neighbourhood="n1")
        db.write(put(1), neighbourhood="n1")
        backup(db, tmp_path / "backup")
    module = importlib.import_module("madang.db.backup")  # the name in the package is the function
    with monkeypatch.context() as killing:
        killing.setattr(module, "_run", die)
        killing.setattr(module, "_undo_interrupted", lambda _: None)
        with pytest.raises(Killed):
            restore(tmp_path / "backup", postgres_url, replace=True)
    with pytest.raises(Unavailable) as refused:
        open_database(postgres_url, durable=False)
    assert refused.value.code == "db.restore_unfinished"
    restore(tmp_path / "backup", postgres_url, replace=True)
    with open_database(postgres_url, durable=False) as db:
        assert pairs(db) == [(1, 2)]


def test_nothing_is_left_beside_the_database(sqlite_url: str, tmp_path: Path) -> None:
    with open_database(sqlite_url, durable=False) as db:
        backup(db, tmp_path / "backup")
    restore(tmp_path / "backup", sqlite_url, replace=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup", "madang.db", "madang.db.lock"]
    with open_database(sqlite_url, durable=False) as db:
        assert "alembic_version" in db.read(lambda tx: inspect(tx.connection).get_table_names(), neighbourhood="n1")
