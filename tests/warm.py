"""Connections to lent databases that outlast a test: a process of the server that starts and reads up on the tables
anew costs it 30 ms, and a test opens two or three."""

from __future__ import annotations

import select
from typing import Any, Self

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.engine import Dialect

Asked = tuple[tuple[str, Any], ...]
"""The server, the database and all that a connection was asked for with."""


class Warm(psycopg.Connection[Any]):
    """``close`` leaves it to the next one who asks for the same, without what its session had set, prepared or locked;
    one that is in a transaction, or broken, is closed."""

    kept: list[Warm]
    waits = False

    def close(self) -> None:
        if self.waits:
            return
        if self.pgconn.transaction_status == TransactionStatus.IDLE and self._forgets():
            self.waits = True
            self.kept.append(self)
        else:
            self.leave()

    def leave(self) -> None:
        super().close()

    def _forgets(self) -> bool:
        self.autocommit = False
        self._prepared.clear()
        return self.pgconn.exec_(b"DISCARD ALL").status == ExecStatus.COMMAND_OK

    def alive(self) -> bool:
        """The server has nothing to say to who waits, unless that it has cut them off."""
        return not self.closed and not select.select([self.fileno()], [], [], 0)[0]


class Backends:
    """The connections of one server that wait, for databases with ``prefix``."""

    def __init__(self, port: int, prefix: str) -> None:
        self._port, self._prefix = port, prefix
        self._kept: dict[Asked, list[Warm]] = {}
        event.listen(Engine, "do_connect", self._connect)

    def _connect(self, _dialect: Dialect, _record: Any, _args: list[Any], asked: dict[str, Any]) -> Warm | None:
        """Instead of SQLAlchemy; None leaves it to it."""
        if asked.get("port") != self._port or not asked["dbname"].startswith(self._prefix):
            return None
        key = tuple(sorted((name, value) for name, value in asked.items() if name != "context"))
        kept = self._kept.setdefault(key, [])
        while kept:
            if (found := kept.pop()).alive():
                found.waits = False
                return found
            found.leave()
        made = Warm.connect(**asked)
        made.kept = kept
        return made

    def waiting(self, database: str) -> list[int]:
        """Their processes at the server."""
        return [one.pgconn.backend_pid for one in self._of(database)]

    def dismiss(self, database: str) -> None:
        """Before a database goes."""
        for one in self._of(database):
            one.leave()
        self._kept = {key: kept for key, kept in self._kept.items() if ("dbname", database) not in key}

    def _of(self, database: str) -> list[Warm]:
        return [one for key, kept in self._kept.items() if ("dbname", database) in key for one in kept]

    def close(self) -> None:
        event.remove(Engine, "do_connect", self._connect)
        for kept in self._kept.values():
            for one in kept:
                one.leave()
        self._kept.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
