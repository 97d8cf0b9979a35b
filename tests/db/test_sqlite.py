"""The embedded database: journal mode by library version, one owner of the file, full durability."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import DatabaseError

from madang.db import Tx, open_database, sqlite
from madang.db.ddl import append_only
from madang.kernel import Invalid, Unavailable


@pytest.mark.parametrize(
    ("version", "mode"),
    [((3, 40, 1), "DELETE"), ((3, 51, 2), "DELETE"), ((3, 51, 3), "WAL"), ((3, 53, 4), "WAL")],
)
def test_write_ahead_logging_only_with_a_library_that_is_safe(version: tuple[int, ...], mode: str) -> None:
    assert sqlite.journal_mode(SimpleNamespace(sqlite_version_info=version)) == mode  # type: ignore[arg-type]


def pragma(name: str) -> Callable[[Tx], object]:
    return lambda tx: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_the_first_command_makes_the_data_folder(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/var/deeper/madang.db"):
        pass
    assert (tmp_path / "var" / "deeper" / "madang.db").exists()


def test_a_place_where_no_file_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, not a folder")
    with pytest.raises(Unavailable) as refused:
        open_database(f"sqlite:///{tmp_path}/var/madang.db")
    assert refused.value.code == "db.no_file"
    assert str(tmp_path / "var" / "madang.db") in refused.value.text("ko")
    assert "MADANG_DATABASE" in refused.value.text("en")


@pytest.mark.parametrize("address", ["foo", "mysql://u:secret@host/x", "sqlite://"])
def test_what_is_no_address_is_said_and_no_password_repeated(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_database(address)
    assert refused.value.code == "db.bad_address"
    assert "secret" not in refused.value.text("en")


def test_the_default_is_full_durability(sqlite_url: str) -> None:
    with open_database(sqlite_url) as db:
        assert db.write(pragma("synchronous"), neighbourhood="n1") == 2
        expected = "wal" if sqlite.library().sqlite_version_info >= sqlite.WAL_SAFE else "delete"
        assert db.write(pragma("journal_mode"), neighbourhood="n1") == expected


def test_an_old_library_writes_and_reads_through_the_rollback_journal(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr(sqlite, "library", lambda: sqlite3)
    monkeypatch.setattr(sqlite, "WAL_SAFE", (99, 0, 0))

    def add(tx: Tx) -> None:
        tx.connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
        tx.connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    with open_database(sqlite_url, durable=False) as db:
        for _ in range(3):
            db.write(add, neighbourhood="n1")
        assert db.write(pragma("journal_mode"), neighbourhood="n1") == "delete"
        assert (
            db.read(lambda tx: tx.connection.exec_driver_sql("SELECT count(*) FROM t").scalar(), neighbourhood="n1")
            == 3
        )


def test_a_second_owner_is_refused_and_told_who_has_it(sqlite_url: str) -> None:
    with open_database(sqlite_url, durable=False):
        with pytest.raises(Unavailable) as refused:
            open_database(sqlite_url)
        assert refused.value.code == "db.in_use"
        assert refused.value.details["pid"] == os.getpid()
        code = f"from madang.db import open_database; open_database({sqlite_url!r})"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert f"pid {os.getpid()}" in other.stderr
        assert other.returncode == 1
    open_database(sqlite_url, durable=False).close()


def test_a_file_that_is_no_database_is_said_to_be_none_and_does_not_stay_locked(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"this is no database, and it is long enough to be looked at" * 20)
    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            open_database(f"sqlite:///{path}")
        assert refused.value.code == "db.no_database"
        assert refused.value.details["path"] == str(path)


def test_nothing_replaces_a_row_of_an_append_only_table(empty_sqlite_url: str) -> None:
    with open_database(empty_sqlite_url) as db:

        def build(tx: Tx) -> None:
            run = tx.connection.exec_driver_sql
            run("CREATE TABLE note (neighbourhood TEXT, id INTEGER PRIMARY KEY, body TEXT)")
            with Operations.context(MigrationContext.configure(tx.connection)):
                append_only("note")
            run("INSERT INTO note VALUES ('n1', 1, 'first')")

        db.write(build, neighbourhood="n1")
        for change in ("UPDATE note SET body = 'x'", "DELETE FROM note", "REPLACE INTO note VALUES ('n1', 1, 'x')"):
            with pytest.raises(DatabaseError, match="append-only"):
                db.write(running(change), neighbourhood="n1")
        assert (
            db.read(lambda tx: tx.connection.exec_driver_sql("SELECT body FROM note").scalar(), neighbourhood="n1")
            == "first"
        )


def running(statement: str) -> Callable[[Tx], object]:
    return lambda tx: tx.connection.exec_driver_sql(statement)
