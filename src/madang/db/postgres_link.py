"""A connection to PostgreSQL; a file of its own, so that who has SQLite loads no driver of another database."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex
from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection

from madang.db.compiled import Compiled, Compiler
from madang.db.kept import Kept, Shelves
from madang.db.link import WORD_OF, Link, quoted
from madang.db.memory import Memories
from madang.db.postgres import lock_key

COPY_ROWS_MIN = 8
_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
# A writer's statements find their rows by index whatever the tables hold: planned once for each connection and not at
# every call, which costs as much as running them. (Readers plan anew: they ask for whole tables, too.)
_PLANS = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off"

# A snapshot sees what was there before: the mark of whoever wrote last.
_MARK = (
    "INSERT INTO db_mark AS known (neighbourhood, mark) VALUES ('{name}', '{left}') ON CONFLICT (neighbourhood) "
    "DO UPDATE SET mark = EXCLUDED.mark RETURNING (SELECT old.mark FROM db_mark AS old WHERE "
    "old.neighbourhood = known.neighbourhood)"
)


class PostgresLink(Link):
    """Several commands go in one message, because a round trip costs more than a statement; those without parameters
    past the driver's cursors, which cost four times as much. One cursor lasts as long as its connection."""

    dialect = "postgresql"
    writes_aside = True
    _marked: bool | None = None  # whether there is a place for marks

    def __init__(self, connection: Connection, compiler: Compiler, shelves: Shelves | None = None) -> None:
        super().__init__(connection, compiler, shelves)
        self._server = self.raw.pgconn
        self._cursor = self.raw.cursor()

    def command(self, sql: str) -> None:
        self._said(sql)

    def _said(self, sql: str) -> Any:
        """What the server answers to the last of some commands (``libpq``'s result)."""
        found = self._server.exec_(sql.encode())
        if found.status in _DONE:
            return found
        if self.raw.closed:
            raise psycopg.OperationalError(found.get_error_message())
        raise error_from_result(found)

    def begin(self, neighbourhood: str, memories: Memories) -> None:
        """One writer per neighbourhood: the lock is the first statement, so facts are committed in their order."""
        left, name = token_hex(8), quoted(neighbourhood)
        begin = f"BEGIN; SELECT pg_advisory_xact_lock({lock_key(neighbourhood)}); {_PLANS}"
        if self._marked is None:
            self._marked = self._said("SELECT to_regclass('db_mark')").get_value(0, 0) is not None
        if not self._marked:
            self.command(begin)
            memories.begin(object(), None)
            return
        found = self._said(f"{begin}; {_MARK.format(name=name, left=left)}").get_value(0, 0)
        memories.begin(None if found is None else found.decode(), left)

    def begin_read(self, neighbourhood: str) -> Kept | None:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        if self.shelves is None:
            self.command(begin)
            return None
        found = self._said(f"{begin}; {WORD_OF.format(name=quoted(neighbourhood))}")
        return self.shelves.of(neighbourhood, found.get_value(0, 0).decode() if found.ntuples else "")

    def end_read(self) -> None:
        """Nothing was written, so COMMIT takes nothing back."""
        self.command("COMMIT")

    def fetch(self, statement: Compiled, bound: Any) -> list[tuple[Any, ...]]:
        cursor = self._cursor
        cursor.execute(statement.sql, bound)
        return statement.fetched(cursor.fetchall(), cursor) if cursor.pgresult.nfields else []

    def execute_many(self, statement: Compiled, rows: Sequence[Any]) -> None:
        """One row by itself, a few through ``executemany``'s pipeline, a plain INSERT of many through COPY."""
        tuples, names, cursor = type(rows[0]) is tuple, statement.names, self._cursor
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
        return self._state in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    @property
    def healthy(self) -> bool:
        return self._state == TransactionStatus.INTRANS

    @property
    def lost(self) -> bool:
        return bool(self.raw.closed)

    @property
    def _state(self) -> int:
        return int(self._server.transaction_status)  # of a lost connection: UNKNOWN
