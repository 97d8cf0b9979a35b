"""What waits and what is remembered never says other than the rows would: changes after removals, statements that
write and give rows, lookups by what a change took away, a connection in another's place."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.db.test_turn import goods, put, rows
from tests.db.test_writer import together

from madang.db import NOTHING, Database, Tx, migrate
from madang.db.memory import Memories

__all__ = ["goods"]


def count(tx: Tx) -> Any:
    return tx.execute(sa.text("SELECT count(*) FROM sample_good WHERE neighbourhood = 'n1'")).scalar()


@pytest.mark.parametrize("company", [0, 1])
def test_a_refusal_met_inside_a_part_is_not_the_parts(db: Database, goods: sa.Table, company: int) -> None:
    """The use case's own row is refused while a part of it, whose failing it would bear, runs a statement."""
    db.write(put(goods, "a"), neighbourhood="n1")

    def act(tx: Tx) -> str:
        tx.add(goods, {"id": "x", "colour": "red", "left": 1})
        tx.add(goods, {"id": "a", "colour": "red", "left": 1})
        try:
            with tx.savepoint():
                count(tx)
        except IntegrityError:
            return "went on without the rows"
        return "done"

    futures = together(db, act, *[put(goods, "b")] * company)
    with pytest.raises(IntegrityError):
        futures[0].result(10)
    for future in futures[1:]:
        future.result(10)
    assert [id for id, _, _ in rows(db, goods)] == ["a", *"b" * company]


def test_a_change_of_a_row_that_went_leaves_it_gone(db: Database, goods: sa.Table) -> None:
    db.write(put(goods, "a"), neighbourhood="n1")

    def act(tx: Tx) -> None:
        tx.remove(goods, ("a",))
        tx.change(goods, ("a",), {"left": 5})
        tx.add(goods, {"id": "b", "colour": "red", "left": 1})
        tx.remove(goods, ("b",))
        tx.change(goods, ("b",), {"left": 5})

    db.write(act, neighbourhood="n1")
    assert rows(db, goods) == []


def test_a_statement_that_writes_and_gives_rows_is_taken_back_and_not_remembered_over(
    db: Database, goods: sa.Table
) -> None:
    db.write(put(goods, "a"), neighbourhood="n1")
    paint = sa.update(goods).where(goods.c.id == "a", goods.c.neighbourhood == "n1").returning(goods.c.id)

    def fail(tx: Tx) -> None:
        tx.rows(paint.values(colour="green"))
        raise ValueError("taken back")

    def look(tx: Tx) -> Any:
        before = tx.get(goods, ("a",))
        assert before is not None
        tx.rows(paint.values(colour="blue"))
        after = tx.get(goods, ("a",))
        assert after is not None
        return before["colour"], after["colour"]

    failed, looked = together(db, fail, look)
    with pytest.raises(ValueError, match="taken back"):
        failed.result(10)
    assert looked.result(10) == ("red", "blue")
    assert rows(db, goods) == [("a", "blue", 1)]


def test_a_row_known_not_to_be_there_is_there_once_it_is_added(db: Database, goods: sa.Table) -> None:
    def act(tx: Tx) -> Any:
        assert tx.get(goods, ("a",)) is None
        tx.add(goods, {"id": "a", "colour": "red", "left": 1}, learn=False)
        return tx.get(goods, ("a",))

    found = db.write(act, neighbourhood="n1")
    assert found is not None
    assert db.write(lambda tx: tx.fresh(goods, ("a",)) not in (None, NOTHING), neighbourhood="n1")


def test_a_lookup_by_what_a_change_took_away_does_not_find_it(db: Database, goods: sa.Table) -> None:
    db.write(put(goods, "a", "red"), neighbourhood="n1")
    red = sa.select(goods.c.id).where(goods.c.neighbourhood == sa.bindparam("n"), goods.c.colour == "red")

    def act(tx: Tx) -> Any:
        tx.change(goods, ("a",), {"colour": "blue"})
        return tx.rows(red, {"n": "n1"}, looks=(goods, {"colour": "red"}))

    assert db.write(act, neighbourhood="n1") == []


def test_a_row_added_and_removed_is_ours_no_longer(db: Database, goods: sa.Table) -> None:
    def act(tx: Tx) -> list[bool]:
        tx.add(goods, {"id": "a", "colour": "red", "left": 1})
        said = [tx.added(goods, ("a",))]
        with tx.savepoint():
            tx.remove(goods, ("a",))
            said.append(tx.added(goods, ("a",)))
        return [*said, tx.added(goods, ("a",))]

    assert db.write(act, neighbourhood="n1") == [True, False, False]
    assert rows(db, goods) == []


def test_a_connection_in_anothers_place_remembers_nothing_of_it(db: Database, goods: sa.Table) -> None:
    """SQLite's number of changes is each connection's own: the next one's may be the same by chance."""
    memory = Memories()
    for _ in range(3):
        link = db._link(db._writing)
        link.begin("n1", memory)
        assert memory.of("n1").spaces == {}
        memory.of("n1").space(("sample_good",))["a"] = "known"
        link.rollback()
        memory.committed()
        link.close()
        del link


def test_a_neighbourhood_without_a_mark_remembers_nothing() -> None:
    memory = Memories()
    memory.begin(None, "first")
    memory.of("n1").space(("sample_good",))["a"] = "of a batch that did not come through"
    memory.begin(None, "second")
    assert memory.of("n1").spaces == {}


def test_what_is_remembered_is_limited_by_its_weight() -> None:
    memory = Memories()
    memory.begin(None, "first")
    of = memory.of("n1")
    many, heavy = of.space(("many",)), of.space(("heavy",))
    many.update(dict.fromkeys(range(20_000), 1))
    heavy.update((n, "가" * 6_000 + str(n)) for n in range(2_000))
    memory.committed()
    assert list(of.spaces) == [("many",)]
    of.space(("heavy",)).update((n, str(n)) for n in range(2_000))
    memory.committed()
    assert set(of.spaces) == {("many",), ("heavy",)}


def test_what_a_migration_changes_is_forgotten_by_who_serves_meanwhile(
    db: Database, goods: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.write(put(goods, "a", "red"), neighbourhood="n1")
    db.write(lambda tx: tx.get(goods, ("a",)), neighbourhood="n1")
    monkeypatch.setattr(migrate, "pending", lambda *_: ["one"])
    paint = sa.update(goods).where(goods.c.id == "a").values(colour="blue")
    monkeypatch.setattr(migrate, "_run", lambda connection, _: connection.execute(paint))
    with db._writing.connect() as other:
        migrate.upgrade(other)
    found = db.write(lambda tx: tx.get(goods, ("a",)), neighbourhood="n1")
    assert found is not None
    assert found["colour"] == "blue"
