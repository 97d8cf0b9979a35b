"""Statements for migrations that both databases spell differently."""

from __future__ import annotations

from alembic import op

_POSTGRES_REFUSE = """
CREATE OR REPLACE FUNCTION madang_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""


def append_only(table: str) -> None:
    """Call it in ``upgrade()``: the database itself then refuses UPDATE and DELETE on ``table``.

    The refusal comes as ``sqlalchemy.exc.IntegrityError``.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRES_REFUSE)
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION madang_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION madang_append_only()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def drop_append_only(table: str) -> None:
    """The reverse, for ``downgrade()`` and for a migration that must rewrite rows."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        return
    for change in ("update", "delete"):
        op.execute(f"DROP TRIGGER {table}_no_{change}")
