"""Opening databases: new ones, old ones, newer ones, and several at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from madang.db import Database, Tx, migrate, models, open_database
from madang.db.sqlite import library
from madang.kernel import Invalid, Unavailable


@contextmanager
def autocommit(url: str) -> Iterator[Connection]:
    module = {"module": library()} if url.startswith("sqlite") else {}
    engine = create_engine(url, isolation_level="AUTOCOMMIT", **module)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def lacking(tx: Tx) -> list[str]:
    return migrate.pending(tx.connection)


def first_revisions() -> list[str]:
    """The first revision of each room."""
    return [s.revision for s in migrate.scripts().walk_revisions() if s.down_revision is None]


def test_opening_an_empty_database_makes_every_table(empty_url: str) -> None:
    with open_database(empty_url, durable=False) as db:
        tables = db.read(lambda tx: inspect(tx.connection).get_table_names(), neighbourhood="n1")
        assert db.read(lacking, neighbourhood="n1") == []
    assert set(models.load().tables) <= set(tables)


def test_opening_again_changes_nothing(empty_url: str) -> None:
    for _ in range(2):
        with open_database(empty_url, durable=False) as db:
            assert db.read(lacking, neighbourhood="n1") == []


def test_a_database_of_an_older_release_is_brought_up_to_date(empty_url: str) -> None:
    """Built by the first revisions only, as an old release would have left it."""
    with autocommit(empty_url) as old:
        for revision in first_revisions():
            migrate.upgrade(old, revision)
        later = len(list(migrate.scripts().walk_revisions())) - len(first_revisions())
        assert len(migrate.pending(old)) <= later
    with open_database(empty_url, durable=False) as db:
        found = db.read(
            lambda tx: compare_metadata(MigrationContext.configure(tx.connection), models.load()), neighbourhood="n1"
        )
        assert found == []


def test_a_newer_database_is_refused_untouched(db_url: str) -> None:
    with autocommit(db_url) as connection:
        connection.execute(text("INSERT INTO alembic_version VALUES ('journal_9999')"))
    for _ in range(2):
        with pytest.raises(Unavailable, match="newer than this program") as refused:
            open_database(db_url, durable=False)
        assert refused.value.code == "db.newer_than_program"
        assert refused.value.details["revisions"] == ["journal_9999"]
        assert "새 버전" in refused.value.text("ko")


def test_a_failed_migration_leaves_the_database_as_it_was(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("power")

    with monkeypatch.context() as broken:
        broken.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", break_down)
        with pytest.raises(RuntimeError, match="power"):
            open_database(empty_url, durable=False)
    with autocommit(empty_url) as connection:
        assert inspect(connection).get_table_names() == []
    open_database(empty_url, durable=False).close()


def test_a_migration_that_orphans_rows_is_refused(empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def orphan(connection: Connection, _target: str) -> None:
        for sql in (
            "CREATE TABLE a (id INTEGER PRIMARY KEY)",
            "CREATE TABLE b (a REFERENCES a)",
            "INSERT INTO b VALUES (1)",
        ):
            connection.exec_driver_sql(sql)

    with monkeypatch.context() as broken:
        broken.setattr(migrate, "_run", orphan)
        with pytest.raises(RuntimeError, match="point at nothing"):
            open_database(empty_sqlite_url, durable=False)
    with open_database(empty_sqlite_url, durable=False) as db:
        assert "b" not in db.read(lambda tx: inspect(tx.connection).get_table_names(), neighbourhood="n1")
        for access in (db.read, db.write):
            assert (
                access(lambda tx: tx.connection.exec_driver_sql("PRAGMA foreign_keys").scalar(), neighbourhood="n1")
                == 1
            )


@pytest.mark.postgres
def test_programs_that_start_at_once_migrate_once(empty_postgres_url: str) -> None:
    opened: list[Database] = []
    threads = [
        threading.Thread(target=lambda: opened.append(open_database(empty_postgres_url, durable=False)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 3
    for db in opened:
        db.close()


def test_rooms_name_their_branches_after_themselves() -> None:
    wrong = [s.path for s in migrate.scripts().walk_revisions() if f"/{next(iter(s.branch_labels), '')}/" not in s.path]
    assert wrong == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
def test_an_address_nobody_can_use_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="Not a database address"):
        open_database(url)
