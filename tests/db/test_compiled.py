"""Statements run by the driver: they mean what Core means by them."""

from __future__ import annotations

import gc
import uuid
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from madang.db import Database, Tx, open_database
from madang.db.compiled import Compiler, compiler_of
from madang.db.postgres_link import COPY_ROWS_MIN

things = Table(
    "things",
    MetaData(),
    Column("neighbourhood", Text, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid),
    Column("name", Text, unique=True),
    Column("body", LargeBinary),
    Column("weight", Float),
    Column("open", Boolean),
    Column("kept", Text, server_default="as it was", nullable=False),
    CheckConstraint("n >= 0", name="n_positive"),
)
ADD = insert(things)
AWKWARD = ["", "\\N", "a\tb\nc\\", "%s %(n)s %%", "따옴표 ' \" ;--", "\N{HANGUL SYLLABLE GAG}\N{GRINNING FACE}", None]


def row(n: int) -> dict[str, Any]:
    name = AWKWARD[n] if n < len(AWKWARD) else f"thing {n}"
    return {
        "neighbourhood": "n1",
        "n": n,
        "id": uuid.UUID(int=abs(n) << 90) if n % 3 else None,
        "name": name,
        "body": bytes(range(n % 200)) + b"\x00\\",
        "weight": n / 7,
        "open": n % 2 == 0,
    }


@pytest.fixture
def stocked(db: Database) -> Database:
    db.write(lambda tx: things.create(tx.connection), neighbourhood="n1")
    return db


@pytest.mark.parametrize("count", [0, 1, 2, COPY_ROWS_MIN, 300])
def test_any_number_of_rows_comes_back_as_it_went_in(stocked: Database, count: int) -> None:
    rows = [row(n) for n in range(count)]
    stocked.write(lambda tx: tx.many(ADD, rows), neighbourhood="n1")
    columns = [c for c in things.c if c.name != "kept"]
    found = stocked.read(lambda tx: tx.rows(select(*columns).order_by(things.c.n)), neighbourhood="n1")
    assert found == [tuple(r.values()) for r in rows]
    kept = stocked.read(lambda tx: tx.rows(select(things.c.kept).distinct()), neighbourhood="n1")
    assert kept == ([("as it was",)] if count else [])


@pytest.mark.parametrize("count", [2, COPY_ROWS_MIN * 2])
def test_a_row_that_breaks_a_rule_breaks_the_set(stocked: Database, count: int) -> None:
    for wrong in (row(0), row(-1)):
        rows = [row(n) for n in range(count)] + [wrong]
        with pytest.raises(IntegrityError):
            stocked.write(lambda tx, rows=rows: tx.many(ADD, rows), neighbourhood="n1")
    assert stocked.read(lambda tx: tx.rows(select(func.count()).select_from(things)), neighbourhood="n1") == [(0,)]


def test_only_a_plain_insert_goes_through_copy(stocked: Database) -> None:
    """What COPY cannot say (conflicts, expressions, results) is run row by row."""
    if stocked.dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as upsert
    else:
        from sqlalchemy.dialects.postgresql import insert as upsert  # type: ignore[assignment]

    rows = [row(n) for n in range(7, 107)]
    ignoring = upsert(things).on_conflict_do_nothing()
    computed = insert(things).values(name=func.lower(bindparam("given")))
    changing = upsert(things).on_conflict_do_update(index_elements=["neighbourhood", "n"], set_={"kept": "twice"})

    def work(tx: Tx) -> None:
        tx.many(ADD, rows)
        tx.many(ignoring, rows)
        tx.many(changing, [*rows, *rows])
        tx.many(computed, [{"neighbourhood": "n2", "n": n, "given": f"UP {n}"} for n in range(50)])
        tx.many(delete(things).where(things.c.n == bindparam("gone")), [{"gone": n} for n in range(7, 17)])

    stocked.write(work, neighbourhood="n1")
    kept = select(things.c.kept, func.count()).group_by(things.c.kept).order_by(things.c.kept)
    assert stocked.read(lambda tx: tx.rows(kept), neighbourhood="n1") == [("as it was", 40), ("twice", 90)]
    lowered = select(things.c.name).where(things.c.neighbourhood == "n2", things.c.n == 40)
    assert stocked.read(lambda tx: tx.rows(lowered), neighbourhood="n1") == [("up 40",)]


def test_a_plain_insert_has_a_copy_command(stocked: Database) -> None:
    if stocked.dialect == "sqlite":
        pytest.skip("SQLite has no COPY")
    compiler = Compiler(stocked._writing.dialect)
    compiled, _ = compiler.get(ADD, tuple(row(0)))
    assert compiled.copy == "COPY things (neighbourhood, n, id, name, body, weight, open) FROM STDIN"


def test_columns_with_python_defaults_are_filled_through_core(stocked: Database) -> None:
    defaulted = Table(
        "things",
        MetaData(),
        *[Column(c.name, c.type) for c in things.c if c.name != "name"],
        Column("name", Text, default="named"),
    )
    rows = [{"neighbourhood": "n1", "n": n, "kept": "-"} for n in (1,)]
    stocked.write(lambda tx: tx.many(insert(defaulted), rows), neighbourhood="n1")
    assert stocked.read(lambda tx: tx.rows(select(things.c.name)), neighbourhood="n1") == [("named",)]


def test_plain_sql_text_can_be_run_too(stocked: Database) -> None:
    stocked.write(lambda tx: tx.many(ADD, [row(n) for n in range(3)]), neighbourhood="n1")
    found = stocked.read(
        lambda tx: tx.rows(text("SELECT n FROM things WHERE n > :n ORDER BY n"), {"n": 0}), neighbourhood="n1"
    )
    assert found == [(1,), (2,)]


def test_a_missing_value_is_named(stocked: Database) -> None:
    lacking = row(2)
    del lacking["body"]
    with pytest.raises(KeyError, match="body"):
        stocked.write(lambda tx: tx.many(ADD, [row(1), lacking]), neighbourhood="n1")


def test_statements_made_on_the_spot_are_compiled_once_and_let_go(stocked: Database) -> None:
    def ask(tx: Tx) -> int:
        for n in range(100):
            tx.rows(select(things.c.n).where(things.c.n == n))
        gc.collect()
        return len(tx._link.compiler._by_identity)

    before, others = len(stocked._compiler._by_key), len(stocked._compiler._by_identity)
    left = stocked.read(ask, neighbourhood="n1")
    assert len(stocked._compiler._by_key) == before + 1
    assert left - others < 50


def test_databases_of_one_kind_compile_a_statement_once_for_all(stocked: Database, db_url: str) -> None:
    with open_database(db_url.replace("madang.db", "other.db"), migrate=False, durable=False) as other:
        assert other._compiler is stocked._compiler
        assert other._compiler.get(ADD) is stocked._compiler.get(ADD)
    assert compiler_of(postgresql.dialect()) is not compiler_of(sqlite.dialect())
