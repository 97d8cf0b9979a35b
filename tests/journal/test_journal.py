"""Writing, reading and checking facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy.exc import DBAPIError
from tests.journal.sample_facts import Counted, Spoiled, counted, sample_id

from madang import journal
from madang.db import Database, Tx
from madang.journal import Fact, Stage, chain
from madang.journal.records import facts as table
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, system

BY = system("n1")
AGENT = Actor(Kind.AGENT, "agent:buyer", "n1", mandate="mandate:7")


def write(db: Database, *news: journal.New, by: Actor = BY) -> list[Fact]:
    return db.write(lambda tx: journal.append_many(tx, by, news), neighbourhood=by.neighbourhood)


def read(db: Database, by: Actor = BY, **given: Any) -> list[Fact]:
    return db.read(lambda tx: journal.read(tx, by, **given), neighbourhood=by.neighbourhood)


def verify(db: Database, **given: Any) -> journal.ChainReport:
    return db.read(lambda tx: journal.verify(tx, BY, **given), neighbourhood="n1")


def test_a_fact_says_who_did_what_to_what_where_when_how_long_and_why(db: Database) -> None:
    new = counted(
        1, shop="s1", place="s1/g2", cause="deal:9", took_us=1500, stage=Stage.PRODUCTION, subject="lot:한글 ✓"
    )
    [written] = write(db, new, by=AGENT)
    [fact] = read(db)
    assert fact == written
    assert (fact.seq, fact.kind, fact.version, fact.stage) == (1, "sample.counted", 3, Stage.PRODUCTION)
    assert (fact.actor_kind, fact.actor_key, fact.mandate) == ("agent", "agent:buyer", "mandate:7")
    assert (fact.shop, fact.place, fact.subject, fact.cause, fact.took_us) == (
        "s1",
        "s1/g2",
        "lot:한글 ✓",
        "deal:9",
        1500,
    )
    assert fact.body == Counted(product="A001", pieces=1)


def test_a_fact_shares_the_fate_of_the_change_it_describes(db: Database) -> None:
    def change(tx: Tx) -> None:
        journal.append_many(tx, BY, [counted(1)])
        raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError):
        db.write(change, neighbourhood="n1")
    assert read(db) == []
    assert write(db, counted(2))[0].seq == 1


def test_numbers_run_without_a_gap_in_each_neighbourhood(db: Database) -> None:
    elsewhere = system("n2")
    write(db, counted(1), counted(2))
    write(db, counted(1), by=elsewhere)
    write(db, counted(3))
    assert [fact.seq for fact in read(db)] == [1, 2, 3]
    assert [fact.seq for fact in read(db, elsewhere)] == [1]


def test_the_same_id_with_the_same_content_is_written_once(db: Database) -> None:
    first = write(db, counted(1), counted(2))
    again = write(db, counted(2), counted(1), counted(3), counted(3))
    assert [fact.seq for fact in again] == [2, 1, 3, 3]
    assert again[1] == first[0]
    assert len(read(db)) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"body": Counted(product="A001", pieces=2)},
        {"body": Spoiled(product="A001")},
        {"subject": "lot:other"},
        {"at_us": 5},
        {"took_us": 5},
        {"cause": "another"},
        {"stage": Stage.SERVICE},
    ],
)
def test_the_same_id_with_other_content_is_refused(db: Database, change: dict[str, Any]) -> None:
    write(db, counted(1))
    with pytest.raises(Conflict) as refused:
        write(db, counted(2), replace(counted(1), **change))
    assert refused.value.code == "journal.id_taken"
    assert len(read(db)) == 1
    with pytest.raises(Conflict):
        write(db, counted(3), replace(counted(3), **change))


def test_the_same_fact_by_another_actor_is_refused(db: Database) -> None:
    write(db, counted(1))
    with pytest.raises(Conflict):
        write(db, counted(1), by=AGENT)


def test_many_facts_go_in_at_once_in_their_order(db: Database) -> None:
    written = write(db, *(counted(n) for n in range(1, 701)))
    assert [fact.seq for fact in written] == list(range(1, 701))
    assert [fact.id for fact in read(db, after=690)] == [sample_id(n) for n in range(691, 701)]
    assert len(read(db, limit=5000)) == journal.service.LIMIT_MAX
    assert verify(db).ok


def test_the_database_itself_refuses_to_change_or_drop_a_fact(db: Database) -> None:
    write(db, counted(1))
    for change in (sa.update(table).values(subject="other"), sa.delete(table)):
        with pytest.raises(DBAPIError, match="append-only"):
            db.write(lambda tx, change=change: tx.execute(change), neighbourhood="n1")  # type: ignore[misc]
    assert read(db)[0].subject == "lot:1"


def test_reading_filters_by_kind_shop_and_subject(db: Database) -> None:
    write(db, counted(1, shop="s1"), counted(2, shop="s2"), counted(3, shop="s1", subject="lot:1"))
    spoiled = journal.New(body=Spoiled(product="A002"), id=sample_id(9), at_us=0, subject="lot:9")
    write(db, spoiled)
    assert [fact.seq for fact in read(db, shop="s1")] == [1, 3]
    assert [fact.seq for fact in read(db, subject="lot:1")] == [1, 3]
    assert [fact.seq for fact in read(db, kinds=["sample.spoiled"])] == [4]
    assert [fact.seq for fact in read(db, kinds=[])] == []
    assert [fact.seq for fact in read(db, after=1, limit=2)] == [2, 3]


def test_an_actor_limited_to_a_shop_sees_and_writes_that_shop_only(db: Database) -> None:
    write(db, counted(1, shop="s1"), counted(2, shop="s2"), counted(3))
    clerk = Actor(Kind.PERSON, "p1", "n1", shops=frozenset({"s2"}))
    assert [fact.seq for fact in read(db, clerk)] == [2]
    with pytest.raises(Forbidden):
        read(db, clerk, shop="s1")
    with pytest.raises(Forbidden):
        write(db, counted(4, shop="s1"), by=clerk)


def test_an_actor_of_another_neighbourhood_neither_reads_nor_writes(db: Database) -> None:
    with pytest.raises(Forbidden):
        db.read(lambda tx: journal.read(tx, BY), neighbourhood="n2")
    with pytest.raises(Forbidden):
        db.write(lambda tx: journal.append_many(tx, BY, [counted(1)]), neighbourhood="n2")


def test_an_undeclared_body_is_refused(db: Database) -> None:
    class Stray(msgspec.Struct, frozen=True):
        product: str

    with pytest.raises(Invalid, match="unknown_kind"):
        write(db, replace(counted(1), body=Stray("A001")))


def test_the_chain_holds_and_the_head_can_be_kept_elsewhere(db: Database) -> None:
    assert verify(db) == journal.ChainReport(0, chain.GENESIS)
    write(db, counted(1), counted(2))
    head = db.read(lambda tx: journal.head(tx, BY), neighbourhood="n1")
    write(db, counted(3), by=AGENT)
    report = verify(db, known=[head])
    assert (report.ok, report.facts) == (True, 3)
    assert verify(db, known=[(2, bytes(32))]).bad_seq == 2
    assert verify(db, known=[(7, bytes(32))]).bad_seq == 7


FORGERIES = {
    "another subject": "UPDATE journal_facts SET subject = 'lot:x' WHERE seq = 2",
    "another body": "UPDATE journal_facts SET body = replace(body, '2', '99') WHERE seq = 2",
    "another actor": "UPDATE journal_facts SET actor_key = 'somebody' WHERE seq = 2",
    "one dropped": "DELETE FROM journal_facts WHERE seq = 2",
    "two exchanged": "UPDATE journal_facts SET seq = CASE seq WHEN 2 THEN 30 ELSE seq END WHERE seq = 2",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_whoever_gets_past_the_triggers_is_found_by_the_chain(db: Database, forgery: str) -> None:
    write(db, *(counted(n) for n in range(1, 5)))

    def forge(tx: Tx) -> None:
        if tx.dialect == "postgresql":
            tx.execute(sa.text("ALTER TABLE journal_facts DISABLE TRIGGER USER"))
        else:
            tx.execute(sa.text("DROP TRIGGER journal_facts_no_update"))
            tx.execute(sa.text("DROP TRIGGER journal_facts_no_delete"))
        tx.execute(sa.text(FORGERIES[forgery]))

    assert verify(db).ok
    db.write(forge, neighbourhood="n1")
    assert verify(db).bad_seq == 2


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(st.lists(st.tuples(TEXT, st.none() | TEXT, st.integers(-(2**63), 2**63 - 1)), max_size=6), st.data())
def test_no_two_histories_share_a_chain(rows: list[tuple[str, str | None, int]], data: st.DataObject) -> None:
    def hashes(history: list[tuple[str, str | None, int]]) -> list[bytes]:
        found = [chain.GENESIS]
        for seq, row in enumerate(history, 1):
            found.append(chain.follow(found[-1], ["n1", seq, *row]))
        return found

    other = data.draw(st.just(rows) | st.lists(st.tuples(TEXT, st.none() | TEXT, st.integers(0, 5)), max_size=6))
    assert (hashes(rows) == hashes(other)) == (rows == other)
