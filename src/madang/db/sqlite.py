"""SQLite as the embedded default: one process owns the file, one thread writes, readers see snapshots.

Write-ahead logging corrupts files in SQLite 3.7.0 to 3.51.2 when two connections checkpoint at once (the "WAL-reset"
bug, fixed in 3.51.3), and Python 3.11 to 3.13 often links an older one. So the ``pysqlite3`` wheel is used where there
is one, and an older library gets the rollback journal: slower, never wrong.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from madang.db.errors import in_use, no_file

WAL_SAFE = (3, 51, 3)
BUSY_MS = 15_000
LOG_PAGES = 4_000
"""16 MB of log before its pages go into the file: a page that many orders touch is copied once for all of them, and a
quarter less is written for each than with SQLite's 1,000. Only COMMIT's own write is waited for either way."""


def library() -> ModuleType:
    """The ``pysqlite3`` module, or the interpreter's own where there is no wheel."""
    try:
        return importlib.import_module("pysqlite3")
    except ImportError:
        return importlib.import_module("sqlite3")


def journal_mode(module: ModuleType) -> str:
    """``WAL`` only with a library that doesn't lose data in it."""
    return "WAL" if tuple(module.sqlite_version_info) >= WAL_SAFE else "DELETE"


def engines(path: Path, *, durable: bool = True) -> tuple[Engine, Engine]:
    """The writer's engine and the readers' (which cannot write)."""
    module = library()
    journal = journal_mode(module)
    synchronous = "FULL" if durable else "OFF"
    log_pages = f"PRAGMA wal_autocheckpoint={LOG_PAGES}"
    writing = [f"PRAGMA journal_mode={journal}", f"PRAGMA synchronous={synchronous}", log_pages, *_COMMON]
    return _engine(path, module, writing, size=1), _engine(path, module, [*_COMMON, "PRAGMA query_only=ON"], size=8)


_COMMON = (
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA recursive_triggers=ON",  # or INSERT OR REPLACE would delete from an append-only table unseen
)


def _engine(path: Path, module: ModuleType, pragmas: list[str], size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        module=module,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 512},
        pool_size=size,
        max_overflow=32,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    return engine


def is_none(fault: DatabaseError) -> bool:
    """Whether SQLite says that a file is no database, or is damaged (its words for SQLITE_NOTADB, SQLITE_CORRUPT)."""
    return any(word in str(fault.orig) for word in ("not a database", "malformed"))


_FILES = ("", "-wal", "-shm", "-journal")


def swap(new: Path, target: Path) -> None:
    """Put ``new`` in ``target``'s place; the old file keeps its log beside it until the new one is in place."""
    for ending in _FILES:
        old = _beside(target, ending)
        if old.exists():
            old.rename(_beside(target, f".replaced{ending}"))
    new.rename(target)
    sync(target.parent)
    settle_swap(target)


def settle_swap(target: Path) -> None:
    """End a swap, also one whose process died: without a new file in place the old one is put back.

    The owner of the file's lock calls it before anything opens the file.
    """
    undo = not target.exists()
    for ending in reversed(_FILES):  # the database itself last: while it is missing, there is something to put back
        old = _beside(target, f".replaced{ending}")
        if old.exists() and undo:
            old.rename(_beside(target, ending))
        else:
            old.unlink(missing_ok=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def sync(path: Path) -> None:
    """A file or a folder is on the disk, not only in memory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class FileLock:
    """Ownership of a database file by one process, let go by the system when the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._file = self._take(path)

    def _take(self, owned: Path) -> IO[str]:
        import fcntl  # not on Windows, where the database is PostgreSQL

        try:  # the first command of a new shop finds no data folder yet
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+")
        except OSError as error:
            raise no_file(owned, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise in_use(owned, int(holder) if holder.isdigit() else None) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def release(self) -> None:
        """The file stays: taking it away would let two processes lock two files of one name."""
        self._file.close()
