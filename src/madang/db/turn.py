"""A batch's turn at the database: rows that wait to be written together, and undoing.

A batch is a stack of frames: the batch itself, the use case that runs, parts of it that may fail alone. Rows given to
``add`` and ``change`` wait in their frame and are written in sets, at the latest before COMMIT; a savepoint is only
set when something is really executed inside a frame. So fifty orders of one batch write their rows with one
``executemany`` for each table, an account that all of them touch is written once, and a use case that fails costs
nothing but what it had waiting.

Statements are not looked into: before one is executed everything that waits is written, so whoever reads or writes by
statement sees all of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from madang.db.memory import NOTHING, Memories, Memory, Space, Values
from madang.db.schema import SELDOM

if TYPE_CHECKING:
    from madang.db.compiled import Compiled
    from madang.db.link import Link

Key = tuple[Any, ...]
Row = Mapping[str, Any]


class LeftTransactionError(Exception):
    """The driver has ended the batch's transaction by itself (disk full, lost connection)."""


class NotTogetherError(BaseException):
    """The database refuses, or would refuse, a row that a batch has waiting: its use cases are to be run one by one."""


class Waiting(NamedTuple):
    """A row that waits: all of a new one, the columns that change of one that is there, or None: it goes."""

    new: bool
    row: Row | None


class Shape(NamedTuple):
    """What is built once for each table. ``space`` is where its rows are remembered; ``key`` begins with the
    neighbourhood."""

    space: Space
    key: tuple[str, ...]
    insert: sa.Insert
    delete: sa.Delete
    select: sa.Select[Any]
    names: tuple[str, ...]
    seldom: bool


@cache
def shape_of(table: sa.Table) -> Shape:
    key = tuple(column.name for column in table.primary_key.columns)
    where = [table.c[name] == sa.bindparam(f"k_{name}", type_=table.c[name].type) for name in key]
    delete, select = sa.delete(table).where(*where), sa.select(table).where(*where)
    names = tuple(column.name for column in table.c)
    return Shape((table.name, "rows"), key, sa.insert(table), delete, select, names, table.name in SELDOM)


@cache
def update_of(table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    key = shape_of(table).key
    where = [table.c[name] == sa.bindparam(f"k_{name}", type_=table.c[name].type) for name in key]
    return sa.update(table).where(*where).values({name: sa.bindparam(name) for name in names})


class Frame:
    """``learnt`` is how to take back what was remembered: (values, key, what was there before). ``appended`` are rows
    nobody asks for by key, as tuples in the order of their table's columns."""

    __slots__ = ("appended", "learnt", "real", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[sa.Table, dict[Key, Waiting]] = {}
        self.appended: dict[sa.Table, list[Key]] = {}
        self.learnt: list[tuple[Values, Hashable, Any]] = []
        self.real = False


class Turn:
    """One batch on one connection; use ``open``, then ``keep`` or ``undo``, for each part that may fail alone."""

    def __init__(self, link: Link, memories: Memories, *, alone: bool = False) -> None:
        self._link, self._memories, self._alone = link, memories, alone
        self._frames = [Frame()]
        self._refused: Exception | None = None
        self._touched: set[str] = set()  # neighbourhoods of which rows that change seldom are written

    def memory(self, neighbourhood: str) -> Memory:
        return self._memories.of(neighbourhood)

    # --- frames ----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        self._frames.append(Frame())

    def keep(self) -> None:
        """The innermost frame is part of the one around it from now on."""
        frame = self._frames.pop()
        if frame.real:
            self._link.command(f"RELEASE SAVEPOINT part_{len(self._frames)}")
        around = self._frames[-1]
        around.learnt += frame.learnt
        for table, appended in frame.appended.items():
            if (there := around.appended.get(table)) is None:
                around.appended[table] = appended
            else:
                there += appended
        for table, rows in frame.waiting.items():
            mine = around.waiting.get(table)
            if mine is None:
                around.waiting[table] = rows
                continue
            for key, row in rows.items():
                known = mine.get(key)
                if known is not None and row.new:  # the same key twice: whose?
                    if not self._alone:
                        raise NotTogetherError
                    self.settle()
                    mine, known = around.waiting.setdefault(table, {}), None
                mine[key] = row if known is None else _after(known, row)

    def undo(self) -> None:
        """Nothing of the innermost frame has happened."""
        frame = self._frames.pop()
        for values, key, before in reversed(frame.learnt):
            if before is NOTHING:
                values.pop(key, None)
            else:
                values[key] = before
        if frame.real:
            name = f"part_{len(self._frames)}"
            self._link.command(f"ROLLBACK TO SAVEPOINT {name}")
            self._link.command(f"RELEASE SAVEPOINT {name}")

    def settle(self) -> None:
        """Write what waits, frame by frame, so that each can still be taken back alone.

        Where the database refuses a row, nothing more is written in this turn: rows of other use cases may be among
        what was waiting. A batch then ends in ``NotTogetherError``, a use case alone in the database's error.
        """
        if self._refused is not None:
            raise self._refused
        try:
            self._write_all()
        except Exception as error:
            if not self._alone:
                raise NotTogetherError from error
            self._refused = error
            raise

    def _write_all(self) -> None:
        for depth, frame in enumerate(self._frames):
            if depth and not frame.real:
                self._link.command(f"SAVEPOINT part_{depth}")
                frame.real = True
            if frame.appended:
                appended, frame.appended = frame.appended, {}
                for table, every in appended.items():
                    shape = shape_of(table)
                    compiled, _ = self._link.compiler.get(shape.insert, shape.names)
                    self._told(compiled, compiled.bind_tuples(every))
            if frame.waiting:
                waiting, frame.waiting = frame.waiting, {}
                for table, rows in waiting.items():
                    self._write(table, rows)

    def _write(self, table: sa.Table, rows: Mapping[Key, Waiting]) -> None:
        shape = shape_of(table)
        fresh: list[Row] = []
        changed: dict[tuple[str, ...], list[Row]] = {}
        gone: list[Row] = []
        for key, (new, row) in rows.items():
            if new:
                if row is not None:
                    fresh.append(row)
                continue
            where = {f"k_{name}": value for name, value in zip(shape.key, key, strict=True)}
            if row is None:
                gone.append(where)
            else:
                changed.setdefault(tuple(row), []).append({**row, **where})
        if fresh:
            self._run(shape.insert, fresh)
        for names, some in changed.items():
            self._run(update_of(table, names), some)
        if gone:
            self._run(shape.delete, gone)

    def _run(self, statement: sa.Insert | sa.Update | sa.Delete, rows: list[Row]) -> None:
        compiled, _ = self._link.compiler.get(statement, tuple(rows[0]))
        assert compiled.required <= rows[0].keys(), compiled.sql
        self._told(compiled, [compiled.bind(row) for row in rows])

    def _told(self, compiled: Compiled, bound: Sequence[Any]) -> None:
        try:
            self._link.execute_many(compiled, bound)
        except self._link.driver_error as error:
            raise self._link.said(compiled.sql, error) from error

    # --- rows that wait --------------------------------------------------------------------------------------------

    def add(self, table: sa.Table, key: Key, row: Row) -> None:
        """A new row, all of its columns given."""
        waiting = self._frames[-1].waiting
        rows = waiting.get(table)
        if rows is None:
            rows = waiting[table] = {}
        elif key in rows:  # the same key twice: the database is to say so
            self.settle()
            rows = self._frames[-1].waiting.setdefault(table, {})
        rows[key] = Waiting(True, row)

    def append(self, table: sa.Table, row: Key) -> None:
        rows = self._frames[-1].appended.get(table)
        if rows is None:
            self._frames[-1].appended[table] = [row]
        else:
            rows.append(row)

    def change(self, table: sa.Table, key: Key, row: Row | None) -> None:
        """Columns of a row that is there; None: it goes."""
        rows = self._frames[-1].waiting.setdefault(table, {})
        known, later = rows.get(key), Waiting(False, row)
        rows[key] = later if known is None else _after(known, later)

    def added(self, table: sa.Table, key: Key) -> bool:
        """Whether the use case that runs has added this row, and nobody has written it yet."""
        for frame in reversed(self._frames[1:]):
            if (waiting := frame.waiting.get(table, {}).get(key)) is not None and (waiting.new or waiting.row is None):
                return waiting.row is not None
        return False

    def waits(self, tables: frozenset[str]) -> bool:
        """Whether rows of one of these tables wait."""
        for frame in self._frames:
            for table in (*frame.waiting, *frame.appended):
                if table.name in tables:
                    return True
        return False

    def may_wait(self, table: sa.Table, looks: Row) -> bool:
        """Whether a row with these values may be among those of a table that wait."""
        shape = shape_of(table)
        for frame in self._frames:
            for row in frame.appended.get(table, ()):
                known = dict(zip(shape.names, row, strict=True))
                if all(known[name] == value for name, value in looks.items()):
                    return True
            for key, waiting in frame.waiting.get(table, {}).items():
                known = dict(zip(shape.key, key, strict=True))
                if waiting.new:  # of one that changes the database still has the former values
                    known |= waiting.row or {}
                if all(known.get(name, value) == value for name, value in looks.items()):
                    return True
        return False

    # --- what is remembered ----------------------------------------------------------------------------------------

    def touch(self, neighbourhood: str) -> None:
        """Rows that change seldom are written, or may be: whatever becomes of it, readers forget."""
        self._touched.add(neighbourhood)

    def leave_words(self) -> None:
        """The last that is done before COMMIT."""
        touched, self._touched = self._touched, set()
        for neighbourhood in sorted(touched):
            self._link.leave_word(neighbourhood)

    def finish(self) -> None:
        """Write all that waits, so that only COMMIT is left. Raises ``NotTogetherError`` where the database refuses a
        row, ``LeftTransactionError`` where it has ended the transaction over it."""
        try:
            self.settle()
        except NotTogetherError as error:
            if not self._link.in_transaction:
                raise LeftTransactionError from error
            raise
        self.leave_words()

    def remember(self, values: Values, key: Hashable, value: Any) -> None:
        self._frames[-1].learnt.append((values, key, values.get(key, NOTHING)))
        values[key] = value

    def forget_all(self) -> None:
        """Somebody does what nobody can look into."""
        self._memories.clear()


def _after(there: Waiting, later: Waiting) -> Waiting:
    """Two writes of one row as one."""
    assert not later.new
    if there.row is None:
        return there  # what has gone is changed no more
    if later.row is None:
        return Waiting(there.new, None)  # one that was new never was
    return Waiting(there.new, {**there.row, **later.row})
