"""Every room brings its own migrations; opening a database runs those it lacks."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import madang
from madang.db.errors import newer_database
from madang.db.postgres import lock_key
from madang.db.schema import metadata


def folders() -> list[Path]:
    """``src/madang/*/migrations``: each room's revisions, branch label = room."""
    return sorted(p for p in Path(madang.__file__).parent.glob("*/migrations") if any(p.glob("*.py")))


@cache
def scripts() -> ScriptDirectory:
    """All rooms' revisions as one directory of branches."""
    home = Path(__file__).parent
    return ScriptDirectory(str(home), version_locations=[str(p) for p in folders()] or [str(home / "migrations")])


def current(connection: Connection) -> tuple[str, ...]:
    """The revisions a database is at."""
    return MigrationContext.configure(connection).get_current_heads()


def unknown_revisions(connection: Connection) -> list[str]:
    """Revisions of the database that this program has never heard of."""
    known = {script.revision for script in scripts().walk_revisions()}
    return sorted(set(current(connection)) - known)


def pending(connection: Connection, target: str = "heads") -> list[str]:
    """The revisions a database lacks, in the order they would run."""
    steps = scripts()._upgrade_revs(target, current(connection))  # type: ignore[arg-type]
    return [step.revision.revision for step in steps]


def upgrade(connection: Connection, target: str = "heads") -> None:
    """Bring the database to ``target`` in one transaction; refuse one that is newer than this program.

    ``connection`` is in driver autocommit; the transaction is made here, on SQLite too.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    if on_sqlite:  # remaking a table drops the old one, which would take along the rows that point at it
        _command(connection, "PRAGMA foreign_keys=OFF")
    _command(connection, "BEGIN IMMEDIATE" if on_sqlite else "BEGIN")
    try:
        if not on_sqlite:  # two processes may be starting at once
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_key("migrations")})
        if unknown := unknown_revisions(connection):
            raise newer_database(unknown)
        if pending(connection, target):
            if not on_sqlite:
                _make_others_forget(connection)
            _run(connection, target)
            if on_sqlite:
                _refuse_orphans(connection)
        _command(connection, "COMMIT")
    except BaseException:
        if not on_sqlite or _driver(connection).in_transaction:
            _command(connection, "ROLLBACK")
        raise
    finally:
        if on_sqlite:
            _command(connection, "PRAGMA foreign_keys=ON")


def _make_others_forget(connection: Connection) -> None:
    """Processes that serve meanwhile wait for the end of this, then forget what they remember."""
    for name in ("mark", "word"):
        if connection.execute(text(f"SELECT to_regclass('db_{name}')")).scalar() is not None:
            connection.execute(text(f"UPDATE db_{name} SET {name} = md5(random()::text || neighbourhood)"))  # noqa: S608


def _run(connection: Connection, target: str) -> None:
    def steps(revision: Any, _context: Any) -> Any:
        return scripts()._upgrade_revs(target, revision)

    with EnvironmentContext(Config(), scripts(), fn=steps, destination_rev=target) as environment:
        environment.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
        environment.run_migrations()


def _refuse_orphans(connection: Connection) -> None:
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if orphans:
        raise RuntimeError(f"a migration leaves rows that point at nothing: {orphans[:5]}")


def _command(connection: Connection, sql: str) -> None:
    connection.exec_driver_sql(sql)


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
