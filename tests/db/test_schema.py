"""What every room's tables must keep to; rooms are covered as they arrive."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Column, Connection, Float, MetaData, Table, Text, inspect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import DateTime, Numeric

from madang.db import Database, models, table


@pytest.fixture(scope="module")
def declared() -> MetaData:
    return models.load()


def test_the_neighbourhood_comes_first_in_every_key(declared: MetaData) -> None:
    wrong = [
        t.name
        for t in declared.sorted_tables
        if [c.name for c in t.primary_key.columns][:1] != ["neighbourhood"]
        or next(iter(t.columns)).name != "neighbourhood"
    ]
    assert wrong == []


def test_no_column_holds_a_datetime_or_money_as_a_fraction(declared: MetaData) -> None:
    wrong = [
        f"{t.name}.{c.name}"
        for t in declared.sorted_tables
        for c in t.columns
        if isinstance(c.type, DateTime)
        or (isinstance(c.type, (Float, Numeric)) and c.name.endswith(("_krw", "amount", "_us")))
    ]
    assert wrong == []


def test_migrations_make_what_records_declare(db: Database, declared: MetaData) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found: list[Any] = compare_metadata(context, declared)
        return found

    found = db.read(lambda tx: differences(tx.connection), neighbourhood="n1")
    assert found == []


def named(check: CheckConstraint) -> str:
    """Its name in the database, by the naming convention."""
    return str(DefaultDialect().identifier_preparer.format_constraint(check))


def test_migrated_keys_and_checks_are_those_declared(db: Database, declared: MetaData) -> None:
    """Alembic's comparison leaves primary keys, checks and column order out."""

    def shapes(connection: Connection) -> dict[str, Any]:
        inspector = inspect(connection)
        return {
            t.name: (
                inspector.get_pk_constraint(t.name)["constrained_columns"],
                sorted(str(check["name"]) for check in inspector.get_check_constraints(t.name)),
                [column["name"] for column in inspector.get_columns(t.name)],
            )
            for t in declared.sorted_tables
        }

    found = db.read(lambda tx: shapes(tx.connection), neighbourhood="n1")
    wanted = {
        t.name: (
            [c.name for c in t.primary_key.columns],
            sorted(named(c) for c in t.constraints if isinstance(c, CheckConstraint)),
            [c.name for c in t.columns],
        )
        for t in declared.sorted_tables
    }
    assert found == wanted


def test_a_table_cannot_name_its_own_key() -> None:
    with pytest.raises(ValueError, match="key="):
        table("wrong", Column("id", Text, primary_key=True), key=["id"])
    with pytest.raises(ValueError, match="neighbourhood"):
        table("wrong", Column("neighbourhood", Text), key=["id"])
    assert "wrong" not in models.load().tables


def test_the_database_has_no_table_nobody_declares(db: Database, declared: MetaData) -> None:
    names = db.read(lambda tx: inspect(tx.connection).get_table_names(), neighbourhood="n1")
    assert set(names) - {"alembic_version"} == set(declared.tables)


def test_a_missing_migration_would_be_seen(db: Database) -> None:
    """Negative control: the comparison above can fail."""
    other = MetaData()
    Table("never_migrated", other, Column("neighbourhood", Text, primary_key=True))

    def differences(connection: Connection) -> list[Any]:
        found: list[Any] = compare_metadata(MigrationContext.configure(connection), other)
        return found

    assert any("never_migrated" in str(d) for d in db.read(lambda tx: differences(tx.connection), neighbourhood="n1"))
