"""A database opened by a process: ``write`` and ``read`` with the same meaning on SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from madang.db import migrate as migrations
from madang.db import postgres, sqlite
from madang.db.compiled import Compiler, compiler_of
from madang.db.errors import no_database, unreachable
from madang.db.kept import Shelves
from madang.db.link import Link, SqliteLink
from madang.db.records import words
from madang.db.tx import Tx
from madang.db.writer import Writer
from madang.kernel import Clock, Invalid, SystemClock

T = TypeVar("T")
log = logging.getLogger("madang.db")
IDLE_MAX = 8
"""Readers' connections kept at hand, past SQLAlchemy's pool, which takes as long over one as a query does."""


class Database:
    """Use ``open_database`` to make one."""

    def __init__(self, url: URL, clock: Clock, *, durable: bool = True) -> None:
        self.url = url.render_as_string(hide_password=False)
        self.clock = clock
        self.dialect = url.get_backend_name()
        self._lock: sqlite.FileLock | None = None
        self._link_type: type[Link]
        if self.dialect == "sqlite":
            path = sqlite_path(url)
            self._lock, self._link_type = sqlite.FileLock(path), SqliteLink
            sqlite.settle_swap(path)
            self._writing, self._reading = sqlite.engines(path, durable=durable)
        else:
            from madang.db.postgres_link import PostgresLink

            self._link_type = PostgresLink
            self._writing = self._reading = postgres.engine(url, durable=durable)
        self._compiler: Compiler
        self._shelves: Shelves | None = None
        self._idle: list[Link] = []
        self._writer: Writer | None = None

    def start(self, *, migrate: bool) -> None:
        """Migrate and start the writer; on any error everything is let go of."""
        one_lane = self.dialect == "sqlite"
        try:
            with self._writing.connect() as connection:
                if not one_lane:
                    postgres.refuse_half_restored(connection)
                if migrate:
                    migrations.upgrade(connection)
                if inspect(connection).has_table(words.name):
                    self._shelves = Shelves()
            self._compiler = compiler_of(self._writing.dialect)
            self._writer = Writer(
                lambda: self._link(self._writing),
                workers=1 if one_lane else postgres.WRITERS,
                lane_of=(lambda _: "") if one_lane else (lambda neighbourhood: neighbourhood),
                afresh=self._afresh,
            )
        except OperationalError as fault:
            self.close()
            if one_lane:
                raise
            raise unreachable(fault) from fault
        except DatabaseError as fault:
            self.close()
            if one_lane and sqlite.is_none(fault):
                raise no_database(sqlite_path(make_url(self.url)), fault) from fault
            raise
        except BaseException:
            self.close()
            raise

    def write(self, fn: Callable[[Tx], T], *, neighbourhood: str) -> T:
        """Run ``fn`` in the writer and give its result after COMMIT.

        ``fn`` holds only SQL and rules (no network, files, sleep; 20 ms) and may run again, so ids and times are made
        before it. Raises what ``fn`` raised, or ``Unavailable`` when the outcome is unknown: the same request with the
        same id may then be sent again.
        """
        return self.submit(fn, neighbourhood=neighbourhood).result()

    def submit(self, fn: Callable[[Tx], T], *, neighbourhood: str) -> Future[T]:
        """``write`` without waiting: the future is done after COMMIT."""
        _named(neighbourhood)
        assert self._writer is not None
        return self._writer.submit(fn, neighbourhood)

    def read(self, fn: Callable[[Tx], T], *, neighbourhood: str) -> T:
        """Run ``fn`` on a snapshot that no writer disturbs; it cannot write.

        Where the server has gone away and come back, ``fn`` runs once more on a fresh connection. Raises
        ``Unavailable`` ``db.unreachable`` while it is away.
        """
        _named(neighbourhood)
        try:
            return self._read(fn, neighbourhood)
        except _Lost:
            self._forget_readers()  # what else is open was cut off with it
        try:
            return self._read(fn, neighbourhood)
        except _Lost as fault:
            raise unreachable(fault) from fault

    def _read(self, fn: Callable[[Tx], T], neighbourhood: str) -> T:
        link = self._reader()
        try:
            kept = link.begin_read(neighbourhood)
            found = fn(Tx(link, neighbourhood, kept=kept))
            link.end_read()
        except BaseException as fault:
            if not self._given_up(link) and isinstance(fault, Exception):
                raise _Lost from fault
            raise
        if len(self._idle) < IDLE_MAX:
            self._idle.append(link)
        else:
            link.close()
        return found

    def _reader(self) -> Link:
        """The reader's connection that was used last, so that few are warm, or a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            return self._link(self._reading)
        except OperationalError as fault:
            raise _Lost from fault

    @staticmethod
    def _given_up(link: Link) -> bool:
        """Let go of a connection on which something failed; False where the server has gone away."""
        if link.lost:
            link.discard()
            return False
        try:
            link.rollback()
            link.close()
        except link.driver_error:
            link.discard()
        return True

    def _forget_readers(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().discard()
        self._reading.dispose()

    def _link(self, engine: Engine) -> Link:
        return self._link_type(engine.connect(), self._compiler, self._shelves)

    def _afresh(self) -> Link:
        """A new connection: what else is open was cut off with the one that was lost."""
        self._forget_readers()
        if self._writing is not self._reading:
            self._writing.dispose()
        return self._link(self._writing)

    def close(self) -> None:
        """Finish what is queued, then let go of the database."""
        if self._writer is not None:
            self._writer.close()
        self._writing.dispose()
        self._forget_readers()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Lost(Exception):
    """The connection is gone, or cannot be made."""


def open_database(url: str, *, clock: Clock | None = None, migrate: bool = True, durable: bool = True) -> Database:
    """Open ``sqlite:///path.db`` or ``postgresql+psycopg://...`` and bring its schema up to date.

    Raises ``Unavailable``: ``db.in_use`` (another process owns the SQLite file), ``db.no_database`` (it is none, or
    damaged), ``db.newer_than_program``, ``db.restore_unfinished``.
    ``durable=False`` gives up fsync: for tests and rehearsals only.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:  # not an address at all; it is not repeated, for there may be a password in it
        raise _bad_address("-") from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise _unknown_kind(parsed)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    database = Database(parsed, clock or SystemClock(), durable=durable)
    database.start(migrate=migrate)
    return database


def _named(neighbourhood: str) -> None:
    if not neighbourhood:
        raise ValueError("a use case needs a neighbourhood")


def sqlite_path(url: URL) -> Path:
    """The file of a SQLite address; a database in memory has no place here (readers have their own connections)."""
    if not url.database or url.database == ":memory:":
        raise _unknown_kind(url)
    return Path(url.database)


def _unknown_kind(url: URL) -> Invalid:
    return _bad_address(url.render_as_string())


def _bad_address(shown: str) -> Invalid:
    return Invalid(
        "db.bad_address",
        ko=f"쓸 수 없는 데이터베이스 주소입니다: {shown}.",
        en=f"Not a database address this program can use: {shown}.",
        next_ko="sqlite:///파일.db 또는 postgresql+psycopg://… 로 쓰세요.",
        next_en="Write sqlite:///file.db or postgresql+psycopg://...",
    )
