"""One connection whose transactions are in our hands: the driver is in autocommit, BEGIN and COMMIT are ours."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from madang.db.compiled import Compiled, Compiler
from madang.db.kept import Kept, Shelves
from madang.db.memory import Memories

_WORD = (
    "INSERT INTO db_word (neighbourhood, word) VALUES ('{name}', '{word}') "
    "ON CONFLICT (neighbourhood) DO UPDATE SET word = excluded.word"
)
WORD_OF = "SELECT word FROM db_word WHERE neighbourhood = '{name}'"


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
            self.command(_WORD.format(name=quoted(neighbourhood), word=token_hex(8)))

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
            return statement.fetched(cursor.fetchall(), cursor) if cursor.description else []
        finally:
            cursor.close()

    def commit(self) -> None:
        self.command("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.command("ROLLBACK")

    def end_read(self) -> None:
        """End a snapshot."""
        self.rollback()

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
        found = cursor.execute(WORD_OF.format(name=quoted(neighbourhood))).fetchone()
        cursor.close()
        return self.shelves.of(neighbourhood, found[0] if found else "")

    @property
    def in_transaction(self) -> bool:
        return bool(self.raw.in_transaction)

    @property
    def healthy(self) -> bool:
        return bool(self.raw.in_transaction)


def quoted(text: str) -> str:
    return text.replace("'", "''")
