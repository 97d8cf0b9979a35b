"""One connection whose transactions are in our hands: the driver is in autocommit, BEGIN and COMMIT are ours."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection

from madang.db.compiled import Compiler


class Link:
    """A connection; subclasses say how their database begins and how it tells its state."""

    dialect: str
    driver_error: type[Exception]

    def __init__(self, connection: Connection, compiler: Compiler) -> None:
        self.connection = connection
        self.compiler = compiler
        self.raw: Any = connection.connection.dbapi_connection
        dbapi = connection.dialect.dbapi
        assert dbapi is not None
        self.driver_error = dbapi.Error

    def command(self, sql: str, values: Any = ()) -> None:
        cursor = self.raw.cursor()
        try:
            cursor.execute(sql, values)
        finally:
            cursor.close()

    def begin(self, neighbourhood: str) -> None:
        raise NotImplementedError

    def begin_read(self) -> None:
        raise NotImplementedError

    @property
    def in_transaction(self) -> bool:
        """False when the driver or the server has ended the transaction behind our back."""
        raise NotImplementedError

    def savepoint(self, name: str) -> None:
        self.command(f"SAVEPOINT {name}")

    def release(self, name: str) -> None:
        self.command(f"RELEASE SAVEPOINT {name}")

    def rollback_to(self, name: str) -> None:
        self.command(f"ROLLBACK TO SAVEPOINT {name}")
        self.command(f"RELEASE SAVEPOINT {name}")

    def commit(self) -> None:
        self.command("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.command("ROLLBACK")

    def close(self) -> None:
        self.connection.close()

    def discard(self) -> None:
        """Close the connection for good: after an error nobody can say what state it is in."""
        self.connection.invalidate()
        self.connection.close()


class SqliteLink(Link):
    dialect = "sqlite"

    def begin(self, neighbourhood: str) -> None:  # noqa: ARG002 - one writer for the whole file
        self.command("BEGIN IMMEDIATE")

    def begin_read(self) -> None:
        self.command("BEGIN")

    @property
    def in_transaction(self) -> bool:
        return bool(self.raw.in_transaction)


class PostgresLink(Link):
    dialect = "postgresql"

    def begin(self, neighbourhood: str) -> None:
        """One writer per neighbourhood: the lock is the first statement, so facts are committed in their order."""
        self.command("BEGIN")
        self.command("SELECT pg_advisory_xact_lock(%s)", (lock_key(neighbourhood),))

    def begin_read(self) -> None:
        self.command("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    @property
    def in_transaction(self) -> bool:
        if self.raw.closed:
            return False
        return self.raw.info.transaction_status.name in ("INTRANS", "INERROR")


def lock_key(name: str) -> int:
    """The signed 64-bit key of an advisory lock."""
    return int.from_bytes(hashlib.sha256(b"madang:" + name.encode()).digest()[:8], "big", signed=True)
