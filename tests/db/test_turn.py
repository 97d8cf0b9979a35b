"""Rows that wait are written together, what was read is remembered, and a use case that fails leaves neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.db.test_writer import together

from madang.db import NOTHING, Database, Tx, open_database, table
from madang.db.link import Link
from madang.db.schema import metadata
from madang.kernel import Conflict

SPACE = ("sample_good",)


@pytest.fixture
def goods(db: Database) -> Iterator[sa.Table]:
    made = table(
        "sample_good",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("colour", sa.Text, nullable=False),
        sa.Column("left", sa.BigInteger, nullable=False),
        key=["id"],
    )
    db.write(lambda tx: made.create(tx.connection), neighbourhood="n1")
    yield made
    db.write(lambda tx: made.drop(tx.connection), neighbourhood="n1")
    metadata.remove(made)


def rows(db: Database, goods: sa.Table, neighbourhood: str = "n1") -> list[tuple[Any, ...]]:
    every = sa.select(goods.c.id, goods.c.colour, goods.c.left).where(goods.c.neighbourhood == neighbourhood)
    return db.read(lambda tx: tx.rows(every.order_by(goods.c.id)), neighbourhood=neighbourhood)


def put(goods: sa.Table, id: str, colour: str = "red", left: int = 1) -> Any:
    return lambda tx: tx.add(goods, {"id": id, "colour": colour, "left": left})


def test_rows_of_a_batch_are_written_with_one_statement_for_each_table(
    db: Database, goods: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    kind = type(db._link(db._reading))
    real = kind.execute_many

    def execute_many(link: Link, statement: Any, bound: Any) -> None:
        written.append(len(bound))
        real(link, statement, bound)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "execute_many", execute_many)

    def sell(tx: Tx) -> None:
        left = tx.get(goods, ("a",))
        assert left is not None
        tx.change(goods, ("a",), {"left": left["left"] - 1})

    steps = [put(goods, "a", left=30), *[put(goods, f"b{n}") for n in range(20)], *[sell] * 20]
    for future in together(db, *steps):
        future.result(10)
    assert rows(db, goods)[0] == ("a", "red", 10)
    assert len(rows(db, goods)) == 21
    assert sum(written) <= 41
    assert len(written) <= 10  # one by one it would be 41


def test_a_statement_sees_every_row_that_waits(db: Database, goods: sa.Table) -> None:
    count = sa.select(sa.func.count()).where(goods.c.neighbourhood == "n1")

    def act(tx: Tx) -> tuple[Any, Any, Any]:
        tx.add(goods, {"id": "b", "colour": "blue", "left": 1})
        by_rows = tx.rows(count)[0][0]
        tx.change(goods, ("b",), {"left": 2})
        by_core = tx.execute(sa.select(goods.c.left).where(goods.c.id == "b")).scalar()
        tx.remove(goods, ("b",))
        return by_rows, by_core, tx.rows(count)[0][0]

    first, second = together(db, put(goods, "a"), act)
    first.result(10)
    assert second.result(10) == (2, 2, 1)
    assert rows(db, goods) == [("a", "red", 1)]


def test_a_use_case_that_fails_takes_its_rows_and_its_knowledge_with_it(db: Database, goods: sa.Table) -> None:
    def fail(tx: Tx, *, really: bool) -> None:
        tx.change(goods, ("a",), {"left": 99})
        tx.add(goods, {"id": "gone", "colour": "grey", "left": 1})
        tx.remember(SPACE, "best", "gone")
        if really:
            tx.execute(sa.update(goods).where(goods.c.id == "b").values(left=99))
        raise ValueError("nothing of this has happened")

    def look(tx: Tx) -> Any:
        known = tx.get(goods, ("a",))
        assert known is not None
        return known["left"], tx.get(goods, ("gone",)), tx.recall(SPACE, "best")

    steps = [put(goods, "a"), put(goods, "b"), lambda tx: fail(tx, really=False), look]
    steps += [put(goods, "c"), lambda tx: fail(tx, really=True), look, put(goods, "d")]
    answers = together(db, *steps)
    for number, future in enumerate(answers):
        if number in (2, 5):
            with pytest.raises(ValueError, match="nothing of this"):
                future.result(10)
        elif number in (3, 6):
            assert future.result(10) == (1, None, NOTHING)
        else:
            future.result(10)
    assert rows(db, goods) == [(id, "red", 1) for id in "abcd"]


def test_a_part_that_fails_alone_leaves_the_rest(db: Database, goods: sa.Table) -> None:
    def act(tx: Tx) -> None:
        tx.add(goods, {"id": "a", "colour": "red", "left": 1})
        for id, colour, good in (("b", "blue", False), ("c", "cyan", True)):
            try:
                with tx.savepoint():
                    tx.change(goods, ("a",), {"colour": colour})
                    tx.add(goods, {"id": id, "colour": colour, "left": 1})
                    if not good:
                        raise ValueError(id)
            except ValueError:
                pass

    db.write(act, neighbourhood="n1")
    assert rows(db, goods) == [("a", "cyan", 1), ("c", "cyan", 1)]


def test_a_key_that_is_taken_hurts_nobody_else_of_the_batch(db: Database, goods: sa.Table) -> None:
    db.write(put(goods, "a"), neighbourhood="n1")
    before, wrong, after, twice = together(db, put(goods, "b"), put(goods, "a"), put(goods, "c"), put(goods, "c"))
    before.result(10)
    after.result(10)
    for refused in (wrong, twice):
        with pytest.raises(IntegrityError):
            refused.result(10)
    assert [id for id, _, _ in rows(db, goods)] == ["a", "b", "c"]


def test_a_refusal_that_a_later_use_case_meets_first_loses_no_row(db: Database, goods: sa.Table) -> None:
    """Whoever runs a statement writes what others have waiting, and must not swallow what the database says of it."""
    db.write(put(goods, "a"), neighbourhood="n1")

    def swallows(tx: Tx) -> int:
        tx.guessed = True
        try:
            return int(tx.rows(sa.select(sa.func.count()).where(goods.c.neighbourhood == "n1"))[0][0])
        except Exception:
            return -1

    first, wrong, reader, last = together(db, put(goods, "b"), put(goods, "a"), swallows, put(goods, "c"))
    first.result(10)
    last.result(10)
    with pytest.raises(IntegrityError):
        wrong.result(10)
    assert reader.result(10) == 2
    assert [id for id, _, _ in rows(db, goods)] == ["a", "b", "c"]


def test_a_use_case_that_swallows_its_own_refusal_has_not_happened(db: Database, goods: sa.Table) -> None:
    db.write(put(goods, "a"), neighbourhood="n1")

    def act(tx: Tx) -> None:
        tx.add(goods, {"id": "b", "colour": "blue", "left": 1})
        try:
            with tx.savepoint():
                tx.add(goods, {"id": "a", "colour": "blue", "left": 1})
                tx.rows(sa.select(goods.c.id))
        except IntegrityError:
            pass

    with pytest.raises(IntegrityError):
        db.write(act, neighbourhood="n1")
    assert [id for id, _, _ in rows(db, goods)] == ["a"]


def test_what_is_asked_for_twice_under_one_id_is_done_once(db: Database, goods: sa.Table) -> None:
    """Ids are guessed to be new; the second asking finds the first, in the same batch and after a restart of memory."""
    runs: list[bool] = []

    def once(tx: Tx) -> str:
        runs.append(tx.careful)
        known = tx.fresh(goods, ("a",))
        if known is not None:
            return f"there, {known['colour']}"
        if len(runs) > 20:
            raise Conflict("sample.sold_out", ko="없음", en="none", next_ko="-", next_en="-")
        tx.add(goods, {"id": "a", "colour": "red", "left": 1}, learn=False)
        return "made"

    answers = [future.result(10) for future in together(db, once, once)]
    assert answers == ["made", "there, red"]
    db._writer._lanes[""].memory.clear() if db.dialect == "sqlite" else db._writer._lanes["n1"].memory.clear()  # type: ignore[union-attr]
    assert db.write(once, neighbourhood="n1") == "there, red"
    runs += [True] * 20  # from now on it would fail if it were new: an error rests on no guess
    assert db.write(once, neighbourhood="n1") == "there, red"
    assert rows(db, goods) == [("a", "red", 1)]


def test_rows_appended_are_seen_and_taken_back_like_any_other(db: Database, goods: sa.Table) -> None:
    of_it = sa.select(goods.c.left).where(goods.c.neighbourhood == "n1", goods.c.id == sa.bindparam("id"))

    def appends(id: str, left: int, *, fails: bool = False) -> Any:
        def act(tx: Tx) -> list[tuple[Any, ...]]:
            assert not tx.rows(of_it, {"id": id}, looks=(goods, {"id": id}))
            tx.append(goods, ("n1", id, "red", left))
            with suppress(Conflict), tx.savepoint():
                tx.append(goods, ("n1", f"{id}-part", "red", left))
                raise Conflict("sample.no", ko="-", en="-", next_ko="-", next_en="-")
            found = tx.rows(of_it, {"id": id}, looks=(goods, {"id": id}))
            if fails:
                raise Conflict("sample.no", ko="-", en="-", next_ko="-", next_en="-")
            return found

        return act

    first, failed, last = together(db, appends("a", 1), appends("b", 2, fails=True), appends("c", 3))
    assert (first.result(10), last.result(10)) == ([(1,)], [(3,)])
    with pytest.raises(Conflict):
        failed.result(10)
    many = together(db, *[lambda tx, n=n: tx.append(goods, ("n1", f"d{n:02d}", "red", n)) for n in range(20)])
    twice, fine = together(db, *[lambda tx, id=id: tx.append(goods, ("n1", id, "red", 0)) for id in ("a", "e")])
    for future in (*many, fine):
        future.result(10)
    with pytest.raises(IntegrityError):
        twice.result(10)
    assert [id for id, _, _ in rows(db, goods)] == ["a", "c", *[f"d{n:02d}" for n in range(20)], "e"]


def test_a_wrong_guess_does_not_break_up_the_batch(
    db: Database, goods: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They run together once more, each asking first: still one COMMIT, and calls after it are made once."""
    db.write(put(goods, "a"), neighbourhood="n1")
    db._writer._lanes["" if db.dialect == "sqlite" else "n1"].memory.clear()  # type: ignore[union-attr]
    commits: list[int] = []
    real, told = Link.commit, list[str]()
    monkeypatch.setattr(Link, "commit", lambda link: (commits.append(1), real(link))[1])

    def once(id: str) -> Any:
        def act(tx: Tx) -> str:
            tx.after_commit(lambda: told.append(id))
            if tx.fresh(goods, (id,)) is not None:
                return "there"
            tx.add(goods, {"id": id, "colour": "red", "left": 1})
            return "made"

        return act

    answers = [future.result(10) for future in together(db, *[once(id) for id in "bcdaefgh"])]
    assert answers == ["made"] * 3 + ["there"] + ["made"] * 4
    assert len(commits) <= 2  # the first may have gone alone
    assert sorted(told) == list("abcdefgh")
    assert [id for id, _, _ in rows(db, goods)] == list("abcdefgh")


def test_what_is_remembered_is_forgotten_when_anybody_else_writes(db: Database, goods: sa.Table) -> None:
    db.write(put(goods, "a", "red"), neighbourhood="n1")

    def colour(tx: Tx) -> Any:
        known = tx.get(goods, ("a",))
        tx.remember(SPACE, "a", known)
        return None if known is None else known["colour"]

    paint = sa.update(goods).where(goods.c.id == "a")
    assert db.write(colour, neighbourhood="n1") == "red"
    db.write(lambda tx: tx.execute(paint.values(colour="green")), neighbourhood="n1")
    assert db.write(colour, neighbourhood="n1") == "green"
    with db._writing.connect() as stranger:  # another connection to the file; on PostgreSQL another process
        if db.dialect == "sqlite":
            stranger.execute(paint.values(colour="blue"))
    if db.dialect == "postgresql":
        with open_database(db.url, durable=False, migrate=False) as other:
            other.write(lambda tx: tx.execute(paint.values(colour="blue")), neighbourhood="n1")
    assert db.write(colour, neighbourhood="n1") == "blue"


def test_a_neighbourhood_knows_nothing_of_another(db: Database, goods: sa.Table) -> None:
    db.write(put(goods, "a", "red"), neighbourhood="n1")
    db.write(put(goods, "a", "blue"), neighbourhood="n2")
    for neighbourhood, colour in (("n1", "red"), ("n2", "blue")):
        found = db.write(lambda tx: tx.get(goods, ("a",)), neighbourhood=neighbourhood)
        assert found is not None
        assert found["colour"] == colour
    assert rows(db, goods, "n2") == [("a", "blue", 1)]
