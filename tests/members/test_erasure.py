"""A person is forgotten; facts and books stay whole."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from tests.databases import POSTGRES_IN_SOAK

from madang import journal, ledger, members, payments
from madang.db import Database, Tx, open_database
from madang.kernel import Actor, Conflict, Forbidden, Kind, NotFound, Role, Unavailable, system
from madang.members import records

BY = system("n1")
MINA, JUN = UUID(int=1), UUID(int=2)


def join(db: Database, key: UUID, name: str) -> None:
    def act(tx: Tx) -> None:
        members.add_person(tx, BY, key=key, fields={"full_name": name, "phone": "010-1234-5678"}, at_us=1)
        members.issue_credential(tx, BY, key, f"QR-{key.int}", 1)

    db.write(act, neighbourhood="n1")


def erase(db: Database, key: UUID, by: Actor = BY) -> None:
    db.write(lambda tx: members.erase(tx, by, key, at_us=9), neighbourhood="n1")


def personal_bytes(db: Database, key: UUID) -> list[bytes]:
    """What must be gone after an erasure: the key and everything it sealed, as the database holds it."""

    def look(tx: Tx) -> list[bytes]:
        secret = records.secret(tx, key)
        assert secret is not None
        return [secret, *records.sealed(tx, key).values()]

    return db.read(look, neighbourhood="n1")


@POSTGRES_IN_SOAK
def test_after_erasing_nobody_reads_the_fields_and_the_chain_still_holds(db: Database) -> None:
    join(db, MINA, "김미나")
    join(db, JUN, "이준")
    before = db.read(lambda tx: journal.head(tx, BY), neighbourhood="n1")
    erase(db, MINA)
    erase(db, MINA)
    assert db.read(lambda tx: members.fields(tx, BY, MINA), neighbourhood="n1") == {}
    assert db.read(lambda tx: members.field(tx, BY, JUN, "full_name"), neighbourhood="n1") == "이준"
    with pytest.raises(NotFound):
        db.read(lambda tx: members.person_of(tx, BY, "QR-1"), neighbourhood="n1")
    with pytest.raises(Conflict):
        join(db, MINA, "김미나")
    report = db.read(lambda tx: journal.verify(tx, BY, known=[before]), neighbourhood="n1")
    assert (report.ok, report.facts) == (True, 5)
    facts = db.read(lambda tx: journal.read(tx, BY, subject=f"person:{MINA}"), neighbourhood="n1")
    assert [fact.kind for fact in facts] == ["members.joined", "members.credential_issued", "members.erased"]


def test_the_books_of_an_erased_person_still_check(db: Database) -> None:
    join(db, MINA, "김미나")
    paid = payments.top_up(id=UUID(int=9), person=str(MINA), amount_krw=20_000, at_us=2)
    db.write(lambda tx: ledger.post(tx, paid), neighbourhood="n1")
    erase(db, MINA)
    report = db.read(ledger.check, neighbourhood="n1")
    assert report.ok, report.differences
    assert db.read(lambda tx: ledger.balance(tx, payments.wallet(str(MINA))), neighbourhood="n1").posted == 20_000


@POSTGRES_IN_SOAK
def test_a_person_may_have_themselves_erased_and_others_may_not(db: Database) -> None:
    join(db, MINA, "김미나")
    with pytest.raises(Forbidden):
        erase(db, MINA, Actor(Kind.PERSON, str(JUN), "n1", frozenset({Role.STAFF})))
    erase(db, MINA, Actor(Kind.PERSON, str(MINA), "n1"))
    assert db.read(lambda tx: members.person(tx, BY, MINA), neighbourhood="n1").erased_at_us == 9


def test_the_sqlite_files_hold_no_byte_of_an_erased_person(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))

    def on_disk() -> bytes:
        return b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))

    with open_database(sqlite_url, migrate=False) as db:
        join(db, MINA, "김미나")
        join(db, JUN, "이준")
        hers, his = personal_bytes(db, MINA), personal_bytes(db, JUN)
        assert all(found in on_disk() for found in [*hers, *his]), "or this test shows nothing"
        assert "김미나".encode() not in on_disk()
        erase(db, MINA)
        members.scrub(db)
        assert not any(found in on_disk() for found in hers)
        assert all(found in on_disk() for found in his)


def test_a_reader_of_the_old_state_is_waited_for_not_overlooked(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sa, "create_engine", partial(sa.create_engine, connect_args={"timeout": 0}))
    with open_database(sqlite_url, migrate=False) as db:
        if (
            db.read(lambda tx: tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar(), neighbourhood="n1")
            != "wal"
        ):
            pytest.skip("this SQLite keeps no write-ahead log")
        join(db, MINA, "김미나")
        erase(db, MINA)

        def scrub_while_reading(tx: Tx) -> None:
            tx.rows(sa.select(records.people.c.key))
            join(db, JUN, "이준")
            members.scrub(db)

        with pytest.raises(Unavailable) as refused:
            db.read(scrub_while_reading, neighbourhood="n1")
        assert refused.value.code == "members.scrub_waits"
        members.scrub(db)


@pytest.mark.postgres
def test_the_postgresql_tables_hold_no_byte_of_an_erased_person(postgres_url: str) -> None:
    with open_database(postgres_url, migrate=False, durable=False) as db:
        join(db, MINA, "김미나")
        join(db, JUN, "이준")
        hers, his = personal_bytes(db, MINA), personal_bytes(db, JUN)
        assert all(found in _tables(postgres_url) for found in [*hers, *his]), "or this test shows nothing"
        erase(db, MINA)
        assert all(found in _tables(postgres_url) for found in hers), "dead rows stay until they are scrubbed"
        members.scrub(db)
        assert not any(found in _tables(postgres_url) for found in hers)
        assert all(found in _tables(postgres_url) for found in his)


def _tables(url: str) -> bytes:
    """The bytes of the personal tables' files, as the server finds them on disk."""
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        found = [
            connection.execute(
                "SELECT pg_read_binary_file(pg_relation_filepath(%s::text::regclass))", (table.name,)
            ).fetchone()
            for table in (records.keys, records.fields, records.credentials)
        ]
    return b"".join(bytes(row[0]) for row in found if row is not None)


def test_erasing_leaves_nothing_personal_in_any_table(db: Database) -> None:
    """Whatever rooms are added: no text of any table holds what was typed in."""
    join(db, MINA, "김미나")
    erase(db, MINA)

    def everything(tx: Tx) -> str:
        tables = records.people.metadata.sorted_tables
        return repr([[tuple(row) for row in tx.execute(sa.select(table))] for table in tables])

    texts = db.read(everything, neighbourhood="n1")
    assert "김미나" not in texts
    assert "1234-5678" not in texts
