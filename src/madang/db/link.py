"""One connection whose transactions are in our hands: the driver is in autocommit, BEGIN and COMMIT are ours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from madang.db.compiled import Compiled, Compiler
from madang.db.kept import Kept, Shelves
from madang.db.memory import Memories

COPY_ROWS_MIN = 8
# A writer's statements find their rows by index whatever the tables hold: planned once for each connection and not at
# every call, which costs as much as running them. (Readers plan anew: they ask for whole tables, too.)
_PLANS = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off"

# A snapshot sees what was there before: the mark of whoever wrote last.
_MARK = (
    "INSERT INTO db_mark AS known (neighbourhood, mark) VALUES ('{name}', '{left}') ON CONFLICT (neighbourhood) "
    "DO UPDATE SET mark = EXCLUDED.mark RETURNING (SELECT old.mark FROM db_mark AS old WHERE "
    "old.neighbourhood = known.neighbourhood)"
)


_WORD = (
    "INSERT INTO db_word (neighbourhood, word) VALUES ('{name}', '{word}') "
    "ON CONFLICT (neighbourhood) DO UPDATE SET word = excluded.word"
)
_WORD_OF = "SELECT word FROM db_word WHERE neighbourhood = '{name}'"


class Link:
    """A connection; subclasses say how their database begins and how it tells its state. ``shelves`` are what readers
    keep (None: this database has no place for words)."""

    dialect: str
    driver_error: type[Exception]
    writes_aside = False
    """Whether a server does the writing, so that rows may be sent by another thread while use cases run."""

    def __init__(self, connection: Connection, compiler: Compiler, shelves: Shelves | None = None) -> None:
        self._connection = connection
        self.compiler = compiler
        self.shelves = shelves
        self.raw: Any = connection.connection.dbapi_connection
        self._own = object()  # not its address, which the next connection may have
        dbapi = connection.dialect.dbapi
        assert dbapi is not None
        self.driver_error = dbapi.Error

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection."""
        return self._connection

    def said(self, sql: str, error: Exception) -> DBAPIError:
        """A driver's error as SQLAlchemy's, as it comes from ``Connection.execute``."""
        found = DBAPIError.instance(sql, None, error, self.driver_error)
        assert isinstance(found, DBAPIError)
        return found

    def command(self, sql: str) -> None:
        cursor = self.raw.cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()

    def begin(self, neighbourhood: str, memories: Memories) -> None:
        """Begin a batch; what is remembered is forgotten where others may have written since."""
        raise NotImplementedError

    def begin_read(self, neighbourhood: str) -> Kept | None:
        """Begin a snapshot; what may be remembered in it (None: nothing)."""
        raise NotImplementedError

    def leave_word(self, neighbourhood: str) -> None:
        """Rows that change seldom have changed: readers of later snapshots forget."""
        if self.shelves is not None:
            self.command(_WORD.format(name=_quoted(neighbourhood), word=token_hex(8)))

    @property
    def in_transaction(self) -> bool:
        """False when the driver or the server has ended the transaction behind our back."""
        raise NotImplementedError

    @property
    def healthy(self) -> bool:
        """In a transaction that can go on: PostgreSQL refuses everything after an error that nobody rolled back."""
        raise NotImplementedError

    @property
    def lost(self) -> bool:
        """The server has gone away (an embedded database never does)."""
        return False

    def execute_many(self, statement: Compiled, rows: Sequence[Any]) -> None:
        """Run a statement for each of its bound rows."""
        cursor = self.raw.cursor()
        try:
            cursor.executemany(statement.sql, rows)
        finally:
            cursor.close()

    def fetch(self, statement: Compiled, bound: Any) -> list[tuple[Any, ...]]:
        cursor = self.raw.cursor()
        try:
            cursor.execute(statement.sql, bound)
            return statement.fetched(cursor.fetchall(), cursor.description) if cursor.description else []
        finally:
            cursor.close()

    def commit(self) -> None:
        self.command("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.command("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def discard(self) -> None:
        """Close the connection for good: after an error nobody can say what state it is in."""
        self._connection.invalidate()
        self._connection.close()


class SqliteLink(Link):
    dialect = "sqlite"

    def begin(self, neighbourhood: str, memories: Memories) -> None:  # noqa: ARG002 - one writer for the whole file
        self.command("BEGIN IMMEDIATE")
        cursor = self.raw.cursor()
        # What other connections commit moves it; each connection counts for itself, so the number alone says nothing.
        mark = (self._own, cursor.execute("PRAGMA data_version").fetchone()[0])
        cursor.close()
        memories.begin(mark, mark)

    def begin_read(self, neighbourhood: str) -> Kept | None:
        self.command("BEGIN")
        if self.shelves is None:
            return None
        cursor = self.raw.cursor()
        found = cursor.execute(_WORD_OF.format(name=_quoted(neighbourhood))).fetchone()
        cursor.close()
        return self.shelves.of(neighbourhood, found[0] if found else "")

    @property
    def in_transaction(self) -> bool:
        return bool(self.raw.in_transaction)

    @property
    def healthy(self) -> bool:
        return bool(self.raw.in_transaction)


class PostgresLink(Link):
    """Several commands go in one message, because a round trip costs more than a statement."""

    dialect = "postgresql"
    writes_aside = True
    _marked: bool | None = None  # whether there is a place for marks

    def begin(self, neighbourhood: str, memories: Memories) -> None:
        """One writer per neighbourhood: the lock is the first statement, so facts are committed in their order."""
        left, name = token_hex(8), _quoted(neighbourhood)
        begin = f"BEGIN; SELECT pg_advisory_xact_lock({lock_key(neighbourhood)}); {_PLANS}"
        if self._marked is None:
            with self.raw.cursor() as cursor:
                self._marked = cursor.execute("SELECT to_regclass('db_mark')").fetchone()[0] is not None
        if not self._marked:
            self.command(begin)
            memories.begin(object(), None)
            return
        with self.raw.cursor() as cursor:
            cursor.execute(f"{begin}; {_MARK.format(name=name, left=left)}")
            while cursor.nextset():
                pass
            found = cursor.fetchone()[0]
        memories.begin(found, left)

    def begin_read(self, neighbourhood: str) -> Kept | None:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        if self.shelves is None:
            self.command(begin)
            return None
        with self.raw.cursor() as cursor:
            cursor.execute(f"{begin}; {_WORD_OF.format(name=_quoted(neighbourhood))}")
            cursor.nextset()
            found = cursor.fetchone()
        return self.shelves.of(neighbourhood, found[0] if found else "")

    def execute_many(self, statement: Compiled, rows: Sequence[Any]) -> None:
        """One row by itself, a few through ``executemany``'s pipeline, a plain INSERT of many through COPY."""
        tuples, names = type(rows[0]) is tuple, statement.names
        with self.raw.cursor() as cursor:
            if statement.copy is not None and len(rows) >= COPY_ROWS_MIN:
                with cursor.copy(statement.copy) as copy:
                    for row in rows:
                        copy.write_row(row if tuples else [row[name] for name in names])
                return
            named = [dict(zip(names, row, strict=True)) for row in rows] if tuples else rows
            if len(named) == 1:
                cursor.execute(statement.sql, named[0])
            else:
                cursor.executemany(statement.sql, named)

    @property
    def in_transaction(self) -> bool:
        return self._state in ("INTRANS", "INERROR")

    @property
    def healthy(self) -> bool:
        return self._state == "INTRANS"

    @property
    def lost(self) -> bool:
        return bool(self.raw.closed)

    @property
    def _state(self) -> str:
        return "CLOSED" if self.raw.closed else str(self.raw.info.transaction_status.name)


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def lock_key(name: str) -> int:
    """The signed 64-bit key of an advisory lock."""
    return int.from_bytes(hashlib.sha256(b"madang:" + name.encode()).digest()[:8], "big", signed=True)
