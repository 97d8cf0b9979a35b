"""Backups while writing goes on, and restoring them.

A backup of SQLite is a SQLite file, one of PostgreSQL is ``pg_dump``'s custom format; each is read back and checked
before it gets its name. A restore is checked before it takes the place of anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, create_engine, inspect, make_url
from sqlalchemy.exc import DatabaseError

from madang.db import errors, migrate
from madang.db.database import Database, sqlite_path
from madang.db.postgres import ASIDE, lock_key
from madang.db.private import binaries
from madang.db.sqlite import FileLock, library, settle_swap, swap, sync

_SQLITE_MARK, _POSTGRES_MARK = b"SQLite format 3\0", b"PGDMP"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was backed up or restored."""

    path: Path
    size_bytes: int
    revisions: tuple[str, ...]


def backup(db: Database | str, path: str | Path) -> Copied:
    """Write a consistent copy of ``db`` (or of the database at an address) to ``path`` while others write on.

    Only its owner can read the file: it holds personal fields and their keys. Raises ``Conflict``
    ``db.backup_exists``, ``Unavailable`` ``db.backup_failed`` or ``db.tool_missing``.
    """
    url, target = make_url(db if isinstance(db, str) else db.url), Path(path)
    if target.exists():
        raise errors.backup_exists(target)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        partial.touch(mode=0o600)
        if url.get_backend_name() == "sqlite":
            revisions = _backup_sqlite(sqlite_path(url), partial)
        else:
            revisions = _backup_postgres(url, partial)
        sync(partial)
        partial.rename(target)
        sync(target.parent)
    except OSError as error:
        raise errors.backup_failed(str(error)) from error
    finally:
        partial.unlink(missing_ok=True)
    return Copied(target, target.stat().st_size, revisions)


def restore(path: str | Path, url: str, *, replace: bool = False) -> Copied:
    """Make the database at ``url`` what it was when the backup was written.

    A database with tables in it is only overwritten with ``replace``. The copy is checked first, and until it is found
    good the old database stays as it was. Raises ``Conflict`` ``db.not_empty``, ``Invalid`` ``db.bad_backup``,
    ``Unavailable`` ``db.in_use``, ``db.newer_than_program``, ``db.tool_missing``.
    """
    source, parsed = Path(path), make_url(url)
    on_sqlite = parsed.get_backend_name() == "sqlite"
    _recognise(source, _SQLITE_MARK if on_sqlite else _POSTGRES_MARK)
    if on_sqlite:
        revisions = _restore_sqlite(source, sqlite_path(parsed), replace=replace)
    else:
        revisions = _restore_postgres(source, parsed, replace=replace)
    return Copied(source, source.stat().st_size, revisions)


def _recognise(source: Path, mark: bytes) -> None:
    try:
        with source.open("rb") as file:
            if file.read(len(mark)) == mark:
                return
    except OSError as error:
        raise errors.bad_backup(source, str(error)) from error
    raise errors.bad_backup(source, "it is not a backup of this kind of database")


def _backup_sqlite(path: Path, partial: Path) -> tuple[str, ...]:
    module = library()
    if not path.exists():
        raise errors.backup_failed(f"{path} does not exist")
    try:
        source, copy = module.connect(path, isolation_level=None), module.connect(partial, isolation_level=None)
        try:
            source.execute("PRAGMA busy_timeout=15000")
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, with no log beside it
        finally:
            source.close()
            copy.close()
    except module.Error as error:
        raise errors.backup_failed(str(error)) from error
    return _check_sqlite(partial)


def _check_sqlite(path: Path) -> tuple[str, ...]:
    """The revisions of a SQLite file that is whole; ``Invalid`` for one that is not."""
    module = library()
    engine = create_engine(f"sqlite:///{path}", module=module, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if list(said) != ["ok"] or orphans:
                raise errors.bad_backup(path, "; ".join(map(str, [*said, *orphans]))[:500])
            _refuse_newer(migrate.unknown_revisions(connection))
            return migrate.current(connection)
    except (module.Error, DatabaseError) as error:
        raise errors.bad_backup(path, str(error)) from error
    finally:
        engine.dispose()


def _restore_sqlite(source: Path, target: Path, *, replace: bool) -> tuple[str, ...]:
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target)
    partial = target.with_name(target.name + ".restoring")
    try:
        settle_swap(target)
        if not replace and target.exists() and _sqlite_tables(target):
            raise errors.not_empty(str(target))
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        shutil.copyfile(source, partial)
        revisions = _check_sqlite(partial)
        sync(partial)
        swap(partial, target)
    finally:
        partial.unlink(missing_ok=True)
        lock.release()
    return revisions


def _sqlite_tables(path: Path) -> list[str]:
    engine = create_engine(f"sqlite:///{path}", module=library())
    try:
        return inspect(engine).get_table_names()
    except DatabaseError:
        return ["?"]  # not a database at all: all the more reason not to overwrite it unasked
    finally:
        engine.dispose()


def _backup_postgres(url: URL, partial: Path) -> tuple[str, ...]:
    _run(url, ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={partial}"], dbname=True)
    _run(url, ["pg_restore", "--file=/dev/null", str(partial)])  # reads all of it back
    return _revisions(url)


def _restore_postgres(source: Path, url: URL, *, replace: bool) -> tuple[str, ...]:
    with psycopg.connect(_conninfo(url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (lock_key("restore"),))
        _undo_interrupted(connection)
        tables = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone()
        if tables and not replace:
            raise errors.not_empty(url.render_as_string())
        with connection.transaction():
            connection.execute(f"ALTER SCHEMA public RENAME TO {ASIDE}")
            connection.execute("CREATE SCHEMA public")
        try:
            restore = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
            _run(url, [*restore, str(source)], dbname=True, source=source)
            revisions = _revisions(url)
        except BaseException:
            _undo_interrupted(connection)
            raise
        connection.execute(f"DROP SCHEMA {ASIDE} CASCADE")
    return revisions


def _undo_interrupted(connection: psycopg.Connection) -> None:
    """Put the old data back where a restore, this one or one whose process died, has not ended well."""
    if connection.execute("SELECT to_regnamespace(%s)", (ASIDE,)).fetchone() == (None,):
        return
    with connection.transaction():
        connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
        connection.execute(f"ALTER SCHEMA {ASIDE} RENAME TO public")


def _revisions(url: URL) -> tuple[str, ...]:
    engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            _refuse_newer(migrate.unknown_revisions(connection))
            return migrate.current(connection)
    finally:
        engine.dispose()


def _refuse_newer(unknown: list[str]) -> None:
    if unknown:
        raise errors.newer_database(unknown)


def _run(url: URL, command: Sequence[str], *, dbname: bool = False, source: Path | None = None) -> None:
    """Run one of PostgreSQL's programs; the password goes through its environment, not its arguments."""
    home = binaries()
    program = shutil.which(command[0], path=f"{home}{os.pathsep}{os.environ.get('PATH', '')}" if home else None)
    if program is None:
        raise errors.tool_missing(command[0])
    arguments = [program, *command[1:], *([f"--dbname={_conninfo(url, password=False)}"] if dbname else [])]
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    said = done.stderr.strip()[-500:]
    raise errors.bad_backup(source, said) if source else errors.backup_failed(said)


def _conninfo(url: URL, *, password: bool = True) -> str:
    more = {name: value for name, value in url.query.items() if isinstance(value, str)}
    secret = url.password if password else None
    return make_conninfo(host=url.host, port=url.port, user=url.username, password=secret, dbname=url.database, **more)
