"""Readers: each fact is handed to a reader's handlers once, in order, whatever crashes.

A reader keeps its cursor in the database and moves it in the very transaction that holds its handlers' effects, so
after a crash it goes on exactly where those effects end. It misses nothing because a neighbourhood's facts are
numbered in the order of their commits (one writer at a time holds the neighbourhood, see ``madang.db``), and because
it does not step over a number that is not there: a fact written past ``db.write`` stops it with ``journal.hole``
until the hole is filled.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from madang.db import Database, Tx
from madang.journal import records, signals
from madang.journal.kinds import KINDS
from madang.journal.model import Fact
from madang.kernel import MadangError, Unavailable

Handler = Callable[[Tx, Fact], None]
BATCH = 50
LOOK_ROUND_S = 1.0

log = logging.getLogger("madang.journal")


class Reader:
    """A named cursor with handlers by kind of fact.

    A handler gets the transaction and the fact; it may write and append further facts, and obeys the rules of
    ``db.write`` (SQL and rules only, may run again). ``every`` handles facts of all kinds.
    """

    def __init__(
        self, name: str, handlers: Mapping[type[msgspec.Struct], Handler] | None = None, *, every: Handler | None = None
    ) -> None:
        self.name = name
        self._handlers: dict[str, Handler] = {KINDS.name(body): run for body, run in (handlers or {}).items()}
        self._every = every

    def on(self, body: type[msgspec.Struct]) -> Callable[[Handler], Handler]:
        """Declare the handler of one kind of fact."""

        def declare(handler: Handler) -> Handler:
            name = KINDS.name(body)
            assert name not in self._handlers, f"{self.name} handles {name} twice"
            self._handlers[name] = handler
            return handler

        return declare

    def poll(self, db: Database, *, neighbourhood: str, batch: int = BATCH) -> int:
        """Handle the next ``batch`` facts at most, in one transaction; gives how many there were.

        An error of a handler takes the whole batch back and is raised; nothing is skipped.
        """
        if not db.read(self._is_behind, neighbourhood=neighbourhood):
            return 0
        return db.write(lambda tx: self._step(tx, batch), neighbourhood=neighbourhood)

    def catch_up(self, db: Database, *, neighbourhood: str) -> int:
        """Poll until there is nothing new; gives how many facts were handled."""
        total = 0
        while handled := self.poll(db, neighbourhood=neighbourhood):
            total += handled
        return total

    def cursor(self, tx: Tx) -> int:
        """``seq`` of the last fact handled."""
        return records.cursor(tx, self.name)

    def _is_behind(self, tx: Tx) -> bool:
        head = records.head(tx)
        return head is not None and head[0] > records.cursor(tx, self.name)

    def _step(self, tx: Tx, batch: int) -> int:
        since = records.cursor(tx, self.name)
        rows = whole(records.page(tx, after=since, size=batch), since)
        for row in rows:
            self._handle(tx, row)
        if rows:
            records.move_cursor(tx, self.name, since=since, seq=rows[-1][records.SEQ])
        return len(rows)

    def _handle(self, tx: Tx, row: Sequence[Any]) -> None:
        handler = self._handlers.get(row[records.KIND], self._every)
        if handler is not None:
            handler(tx, records.fact(row))


class ReaderLoop:
    """A thread that keeps readers up to date: woken after every commit, and looking round once a second."""

    def __init__(self, db: Database, readers: Sequence[Reader], *, neighbourhood: str) -> None:
        self._db, self._readers, self._neighbourhood = db, list(readers), neighbourhood
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"madang-readers-{neighbourhood}", daemon=True)

    def start(self) -> ReaderLoop:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Finish the batch in hand and end."""
        self._stopping.set()
        signals.of(self._neighbourhood).notify()
        self._thread.join()

    def _run(self) -> None:
        signal, seen = signals.of(self._neighbourhood), -1
        while not self._stopping.is_set():
            seen = signal.wait(seen, LOOK_ROUND_S)
            for reader in self._readers:
                self._follow(reader)

    def _follow(self, reader: Reader) -> None:
        try:
            while not self._stopping.is_set() and reader.poll(self._db, neighbourhood=self._neighbourhood):
                pass
        except MadangError as error:
            log.warning("journal.reader_waits", extra={"reader": reader.name, "code": error.code})
        except Exception:
            log.exception("journal.reader_failed", extra={"reader": reader.name})


def whole(rows: Sequence[Sequence[Any]], since: int) -> list[Sequence[Any]]:
    """The rows up to the first missing number; ``Unavailable`` when the very next one is missing."""
    good = [row for i, row in enumerate(rows) if row[records.SEQ] == since + 1 + i]
    if rows and not good:
        raise Unavailable(
            "journal.hole",
            ko=f"사실 {since + 1}번이 아직 없습니다.",
            en=f"Fact {since + 1} is not there yet, but later ones are.",
            next_ko="db.write를 거치지 않고 쓴 것이 있는지 보고 다시 하세요.",
            next_en="Find what writes facts past db.write, then try again.",
            seq=since + 1,
        )
    return good
