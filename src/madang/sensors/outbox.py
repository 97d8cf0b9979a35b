"""What a device has said and the shop has not yet taken, on the device's own disk.

Numbers are given here and never twice: a message is stored with its number before it is sent, and forgotten only when
the shop says that it is in its log. A device that loses power goes on with the next number.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from madang.doors.mqtt import Progress
from madang.walkout.messages import Message

_TABLES = """
    CREATE TABLE IF NOT EXISTS said (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
        body BLOB NOT NULL, UNIQUE (device, boot, seq));
    CREATE TABLE IF NOT EXISTS numbers (device TEXT PRIMARY KEY, boot INTEGER NOT NULL, next_seq INTEGER NOT NULL);
"""
_encode = msgspec.msgpack.Encoder().encode


Key = tuple[str, int, int]
"""Device, boot, number."""


class Said(NamedTuple):
    """A stored message: its bytes are those of the wire format in msgpack."""

    device: str
    boot: int
    seq: int
    kind: str
    body: bytes

    @property
    def key(self) -> Key:
        return self[:3]


class Outbox:
    """May be used from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)

    def put(self, messages: Iterable[Message]) -> list[Said]:
        """Store messages as they are numbered; returns those that are new here (others were stored before)."""
        rows = [Said(m.device, m.boot, m.seq, kind_of(m), _encode(m)) for m in messages]
        with self._lock, self._transaction():
            return [row for row in rows if self._store(row)]

    def say(self, message: Message) -> Said:
        """Give a message the device's next number, and store it."""
        with self._lock, self._transaction():
            boot, seq = self._next(message.device)
            said = msgspec.structs.replace(message, boot=boot, seq=seq)
            row = Said(said.device, boot, seq, kind_of(said), _encode(said))
            self._store(row)
        return row

    def next_seq(self, device: str) -> int:
        """The number the device's next message will have."""
        with self._lock:
            return self._next(device)[1]

    def forget(self, device: str, progress: Progress) -> list[Key]:
        """Let go of what the shop has; returns what it lacks though it has later ones: send that again."""
        low, cuts = 0, [*progress.gaps, (progress.next_seq, progress.next_seq)]
        with self._lock, self._transaction():
            for gap, after in cuts:
                self._db.execute(
                    "DELETE FROM said WHERE device = ? AND boot = ? AND seq >= ? AND seq < ?",
                    (device, progress.boot, low, gap),
                )
                low = after
            self._db.execute("DELETE FROM said WHERE device = ? AND boot < ?", (device, progress.boot))
            lacking = self._db.execute(
                "SELECT device, boot, seq FROM said WHERE device = ? AND boot = ? AND seq < ?",
                (device, progress.boot, progress.next_seq),
            )
            return list(lacking)

    def drop(self, keys: Iterable[Key]) -> None:
        """Let go of messages that were answered one by one."""
        with self._lock, self._transaction():
            self._db.executemany("DELETE FROM said WHERE device = ? AND boot = ? AND seq = ?", keys)

    def kept(self, limit: int = 5_000) -> list[Said]:
        """The oldest that the shop has not taken, as they were said."""
        with self._lock:
            rows = self._db.execute("SELECT device, boot, seq, kind, body FROM said ORDER BY id LIMIT ?", (limit,))
            return [Said(*row) for row in rows]

    def __len__(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM said").fetchone()[0])

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # --- inside ---------------------------------------------------------------------------------------------------
    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)

    def _next(self, device: str) -> tuple[int, int]:
        row = self._db.execute("SELECT boot, next_seq FROM numbers WHERE device = ?", (device,)).fetchone()
        return (0, 0) if row is None else (int(row[0]), int(row[1]))

    def _store(self, row: Said) -> bool:
        done = self._db.execute(
            "INSERT OR IGNORE INTO said (device, boot, seq, kind, body) VALUES (?, ?, ?, ?, ?)", row
        )
        self._db.execute(
            "INSERT INTO numbers VALUES (?, ?, ?) ON CONFLICT (device) DO UPDATE SET"
            " next_seq = CASE WHEN excluded.boot > boot THEN excluded.next_seq"
            "                 ELSE max(next_seq, excluded.next_seq) END,"
            " boot = max(boot, excluded.boot)",
            (row.device, row.boot, row.seq + 1),
        )
        return done.rowcount > 0


class _Transaction:
    """BEGIN … COMMIT, or ROLLBACK."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def kind_of(message: Message) -> str:
    return str(type(message).__struct_config__.tag)
