"""What a use case gets: statements inside somebody else's transaction."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, CursorResult
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase

from madang.db.memory import NOTHING, Space
from madang.db.schema import SELDOM
from madang.db.turn import shape_of

if TYPE_CHECKING:
    from sqlalchemy.sql.base import Executable

    from madang.db.kept import Kept
    from madang.db.link import Link
    from madang.db.memory import Memory
    from madang.db.turn import Turn


T = TypeVar("T")


class Unsure(BaseException):
    """A part failed that rests on a guess (``Tx.fresh``): the use case is run again without guessing."""


class Tx:
    """A use case's view of its transaction; it never commits.

    ``dialect`` is ``"sqlite"`` or ``"postgresql"``. Errors of the database come as ``sqlalchemy.exc.DBAPIError``
    (``IntegrityError`` and so on) from every method.

    Rows given to ``add`` and ``change`` are written in sets with those of the batch's other use cases, at the latest
    before COMMIT; every statement sees them. ``recall`` and ``remember`` keep what was read from one use case to the
    next for as long as nobody writes the tables it came from.
    """

    __slots__ = (
        "_after",
        "_kept",
        "_link",
        "_memory",
        "_own",
        "_turn",
        "careful",
        "dialect",
        "guessed",
        "neighbourhood",
    )

    def __init__(
        self,
        link: Link,
        neighbourhood: str,
        turn: Turn | None = None,
        *,
        careful: bool = True,
        kept: Kept | None = None,
    ) -> None:
        self._link, self._turn = link, turn
        self._kept, self._own = kept, None if turn is None else turn.memory(neighbourhood)
        self._memory: Kept | Memory | None = kept if self._own is None else self._own
        self.dialect = link.dialect
        self.neighbourhood = neighbourhood
        self.careful, self.guessed = careful, False
        self._after: list[Callable[[], None]] = []

    # --- rows by key -----------------------------------------------------------------------------------------------

    def add(self, table: sa.Table, row: dict[str, Any], *, learn: bool = True) -> None:
        """A new row: every column but the neighbourhood; it is ours from now on. That its key is taken shows when it is
        written; the use cases of the batch are then run again one by one, where each gets its own error. ``learn``
        False: nobody will ``get`` it by its key."""
        shape = shape_of(table)
        row["neighbourhood"] = self.neighbourhood
        assert len(row) == len(shape.names), (table.name, set(shape.names) ^ set(row))
        key = tuple([row[name] for name in shape.key])
        self._writing.add(table, key, row)
        if shape.seldom:
            self._writing.touch(self.neighbourhood)
        if learn or self.recall(shape.space, key[1:]) is not NOTHING:  # that there is none may be known
            self.remember(shape.space, key[1:], row)

    def append(self, table: sa.Table, row: tuple[Any, ...]) -> None:
        """``add`` for what nobody gets or changes by its key (journals, lines): all columns in the table's order, the
        neighbourhood first."""
        shape = shape_of(table)
        assert row[0] == self.neighbourhood
        assert len(row) == len(shape.names), table.name
        self._writing.append(table, row)
        if shape.seldom:
            self._writing.touch(self.neighbourhood)

    def change(self, table: sa.Table, key: tuple[Any, ...], values: Mapping[str, Any]) -> None:
        """Columns of the row under ``key`` (without the neighbourhood), which is there."""
        self._writing.change(table, (self.neighbourhood, *key), values)
        shape = shape_of(table)
        if shape.seldom:
            self._writing.touch(self.neighbourhood)
        space = shape.space
        known = self.recall(space, key)
        if known is not NOTHING and known is not None:
            self.remember(space, key, {**known, **values})

    def added(self, table: sa.Table, key: tuple[Any, ...]) -> bool:
        """Whether this use case itself has added the row under ``key``, so that taking it away leaves no trace."""
        return self._writing.added(table, (self.neighbourhood, *key))

    def remove(self, table: sa.Table, key: tuple[Any, ...]) -> None:
        """Take the row under ``key`` away, where there is one."""
        self._writing.change(table, (self.neighbourhood, *key), None)
        shape = shape_of(table)
        if shape.seldom:
            self._writing.touch(self.neighbourhood)
        self.remember(shape.space, key, None)

    def get(self, table: sa.Table, key: tuple[Any, ...]) -> Mapping[str, Any] | None:
        """The row under a primary key (without the neighbourhood), also one that waits to be written. Not to be
        changed."""
        shape = shape_of(table)
        known: Mapping[str, Any] | None = self.recall(shape.space, key)
        if known is not NOTHING:
            return known
        whole = dict(zip(shape.key, (self.neighbourhood, *key), strict=True))
        found = self.rows(shape.select, {f"k_{name}": part for name, part in whole.items()}, looks=(table, whole))
        row = dict(zip(shape.names, found[0], strict=True)) if found else None
        self.remember(shape.space, key, row)
        return row

    def fresh(self, table: sa.Table, key: tuple[Any, ...]) -> Mapping[str, Any] | None:
        """``get`` for a row that its caller adds where there is none, under an id that is new unless somebody asks
        twice: taken for new until the database says otherwise; then the use case is run again and asks."""
        if self.careful:
            return self.get(table, key)
        known: Mapping[str, Any] | None = self.recall(shape_of(table).space, key)
        if known is not NOTHING:
            return known
        self.guessed = True
        return None

    # --- what is remembered ----------------------------------------------------------------------------------------

    @property
    def remembers(self) -> bool:
        """Whether ``remember`` may do anything: a reader keeps what changes seldom and nothing else, since its snapshot
        may be older than what the writer knows."""
        return self._memory is not None

    def recall(self, space: Space, key: Hashable) -> Any:
        """What was remembered of some tables under a key, else ``NOTHING``."""
        if self._memory is None:
            return NOTHING
        values = self._memory.spaces.get(space)
        return NOTHING if values is None else values.get(key, NOTHING)

    def remember(self, space: Space, key: Hashable, value: Any) -> None:
        """Keep a value that was read from the tables ``space`` names; it must never be changed."""
        if self._own is not None and self._turn is not None:
            self._turn.remember(self._own.space(space), key, value)
        elif self._kept is not None:
            self._kept.put(space, key, value)

    def by_key(
        self, space: Space, keys: Iterable[str], read: Callable[[list[str]], Mapping[str, T]], of: str
    ) -> dict[str, T]:
        """Values by key, those that nobody remembers read with one call; what ``read`` leaves out is not there. ``of``
        is the neighbourhood they are read for."""
        if self._memory is None or of != self.neighbourhood:
            return dict(read(list(dict.fromkeys(keys))))
        values = self._memory.spaces.get(space, {})
        found = {key: values.get(key, NOTHING) for key in keys}
        if unknown := [key for key, value in found.items() if value is NOTHING]:
            there = read(unknown)
            for key in unknown:
                found[key] = there.get(key)
                self.remember(space, key, found[key])
        return {key: value for key, value in found.items() if value is not None}

    def kept(self, statement: Executable, params: Mapping[str, Any], of: str) -> list[tuple[Any, ...]]:
        """``rows`` of a query of tables that change seldom, which a reader keeps under the query's values (so none of
        them is a moment)."""
        if self._kept is None or of != self.neighbourhood:
            return self.rows(statement, params)
        compiled, literals = self._link.compiler.get(statement)
        key = (compiled.sql, *compiled.params(params, literals).values())
        return list(self.made(compiled.space, key, lambda: self.rows(statement, params), of))

    def made(self, space: Space, key: Hashable, make: Callable[[], T], of: str) -> T:
        """What ``make`` makes of rows of tables that change seldom (``space`` names them all); a reader keeps it, so
        nobody may change it."""
        if self._kept is None or of != self.neighbourhood:
            return make()
        found: T = self.recall(space, key)
        if found is NOTHING:
            found = make()
            self._kept.put(space, key, found)
        return found

    @property
    def _writing(self) -> Turn:
        if self._turn is None:
            raise RuntimeError("a reader writes nothing")
        return self._turn

    # --- statements ------------------------------------------------------------------------------------------------

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection, for inspection and migrations; its transaction isn't yours to end."""
        if self._turn is not None:
            self._turn.settle()
            self._forget_all(self._turn)
        return self._link.connection

    def driver(self, *tables: sa.Table) -> Connection:
        """The connection, for the driver's own words on these tables and no others."""
        if self._turn is not None:
            self._turn.settle()
            self._forget(*[table.name for table in tables])
        return self._link.connection

    def _forget(self, *tables: str) -> None:
        """These tables are written by statement."""
        if self._own is not None and self._turn is not None:
            for table in tables:
                self._own.forget(table)
            if not SELDOM.isdisjoint(tables):
                self._turn.touch(self.neighbourhood)

    def _forget_all(self, turn: Turn) -> None:
        """Somebody does what nobody can look into."""
        turn.forget_all()
        turn.touch(self.neighbourhood)

    def execute(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        """Run a Core statement (a list of mappings as ``params`` runs it once for each)."""
        if self._turn is not None:
            self._turn.settle()
            if isinstance(statement, UpdateBase) and isinstance(statement.table, sa.Table):
                self._forget(statement.table.name)
            elif not isinstance(statement, SelectBase):
                self._forget_all(self._turn)
        return self._link.connection.execute(statement, params)

    def many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an INSERT, UPDATE or DELETE once for each row: compiled once, run by the driver's ``executemany``.

        Rows have the same keys, and an INSERT's keys are all of its columns that have no database default
        (Python-side defaults aren't applied here).
        """
        if not rows:
            return
        compiled, literals = self._link.compiler.get(statement, tuple(rows[0]))
        if self._turn is not None:
            self._turn.settle()
            self._forget(*compiled.tables)
        if compiled.defaults_needed or compiled.expanding:
            self._link.connection.execute(statement, list(rows))
            return
        bound = [compiled.bind(row) for row in self._completed(compiled, literals, rows)]
        try:
            self._link.execute_many(compiled, bound)
        except self._link.driver_error as error:
            raise self._link.said(compiled.sql, error) from error

    @staticmethod
    def _completed(compiled: Any, literals: Any, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Rows with the statement's own literals (``set x = 'done'``) added where it has any."""
        if all(name in rows[0] for name in compiled.names):
            return rows
        return [compiled.params(row, literals) for row in rows]

    def rows(
        self,
        statement: Executable,
        params: Mapping[str, Any] | None = None,
        *,
        looks: tuple[sa.Table, Mapping[str, Any]] | None = None,
        settled: bool = False,
    ) -> list[tuple[Any, ...]]:
        """The rows of a query as plain tuples: compiled once, run by the driver.

        ``looks`` says that it reads one table, only rows with these values, so that others may go on waiting;
        ``settled`` that its caller knows what waits.
        """
        compiled, literals = self._link.compiler.get(statement)
        turn = self._turn
        if turn is not None and not isinstance(statement, SelectBase):  # it writes, and gives what it wrote
            turn.settle()
            self._forget(*compiled.tables)
        elif turn is not None and not settled and turn.waits(compiled.tables):
            mine = {"neighbourhood": self.neighbourhood}
            if looks is None or turn.may_wait(looks[0], {**mine, **looks[1]}):
                turn.settle()
        if compiled.expanding:  # IN (...) lists are written out anew for each length
            return [tuple(row) for row in self._link.connection.execute(statement, params)]
        if params is None or not compiled.required <= params.keys():
            params = compiled.params(params, literals)
        try:
            return self._link.fetch(compiled, compiled.bind(params))
        except self._link.driver_error as error:
            raise self._link.said(compiled.sql, error) from error

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that may fail alone: what it did is taken back when it raises, and the use case can go on.

        On PostgreSQL this is the only way to go on after a database error.
        """
        turn = self._writing
        turn.open()
        try:
            yield
        except BaseException as error:
            turn.undo()
            if self.guessed and isinstance(error, Exception):
                raise Unsure from error
            raise
        turn.keep()

    def after_commit(self, fn: Callable[[], None]) -> None:
        """Call ``fn`` once the transaction is durable (quick, no database work: it holds up the writer); however often
        it is asked for in one transaction."""
        if fn not in self._after:
            self._after.append(fn)
