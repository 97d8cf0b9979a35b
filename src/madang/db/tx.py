"""What a use case gets: statements inside somebody else's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy.sql.base import Executable

    from madang.db.link import Link

_PLANS = "SELECT set_config('plan_cache_mode', '{}', true), set_config('enable_seqscan', '{}', true)"


class Tx:
    """A use case's view of its transaction; it never commits.

    ``dialect`` is ``"sqlite"`` or ``"postgresql"``. Errors of the database come as ``sqlalchemy.exc.DBAPIError``
    (``IntegrityError`` and so on) from every method.
    """

    __slots__ = ("_after", "_link", "dialect", "neighbourhood")

    def __init__(self, link: Link, neighbourhood: str) -> None:
        self._link = link
        self.dialect = link.dialect
        self.neighbourhood = neighbourhood
        self._after: list[Callable[[], None]] = []

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection, for inspection and migrations; its transaction isn't yours to end."""
        return self._link.connection

    def execute(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        """Run a Core statement (a list of mappings as ``params`` runs it once for each)."""
        return self._link.connection.execute(statement, params)

    def many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an INSERT, UPDATE or DELETE once for each row: compiled once, run by the driver's ``executemany``.

        Rows have the same keys, and an INSERT's keys are all of its columns that have no database default
        (Python-side defaults aren't applied here).
        """
        if not rows:
            return
        compiled, literals = self._link.compiler.get(statement, tuple(rows[0]))
        if compiled.defaults_needed or compiled.expanding:
            self._link.connection.execute(statement, list(rows))
            return
        bound = [compiled.bind(row) for row in self._completed(compiled, literals, rows)]
        try:
            self._link.execute_many(compiled, bound)
        except self._link.driver_error as error:
            raise self._said(compiled.sql, error) from error

    @staticmethod
    def _completed(compiled: Any, literals: Any, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Rows with the statement's own literals (``set x = 'done'``) added where it has any."""
        if all(name in rows[0] for name in compiled.names):
            return rows
        return [compiled.params(row, literals) for row in rows]

    def rows(self, statement: Executable, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query as plain tuples: compiled once, run by the driver."""
        compiled, literals = self._link.compiler.get(statement)
        if compiled.expanding:  # IN (...) lists are written out anew for each length
            return [tuple(row) for row in self._link.connection.execute(statement, params)]
        if params is None or not compiled.required <= params.keys():
            params = compiled.params(params, literals)
        try:
            return self._link.fetch(compiled, compiled.bind(params))
        except self._link.driver_error as error:
            raise self._said(compiled.sql, error) from error

    def _said(self, sql: str, error: Exception) -> DBAPIError:
        """A driver's error as SQLAlchemy's, the same as from ``execute``."""
        said = DBAPIError.instance(sql, None, error, self._link.driver_error)
        assert isinstance(said, DBAPIError)
        return said

    @contextmanager
    def kept_plans(self) -> Iterator[None]:
        """For statements that find their rows by index whatever the tables hold: PostgreSQL plans them once for each
        connection and not at every call, which costs as much as running them. Elsewhere nothing."""
        if self.dialect != "postgresql":
            yield
            return
        self._link.command(_PLANS.format("force_generic_plan", "off"))
        yield  # what raises rolls the settings back with the savepoint it ran in
        self._link.command(_PLANS.format("force_custom_plan", "on"))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that may fail alone: what it did is taken back when it raises, and the use case can go on.

        On PostgreSQL this is the only way to go on after a database error.
        """
        self._link.command("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._link.command("ROLLBACK TO SAVEPOINT part")
            self._link.command("RELEASE SAVEPOINT part")
            raise
        self._link.command("RELEASE SAVEPOINT part")

    def after_commit(self, fn: Callable[[], None]) -> None:
        """Call ``fn`` once the transaction is durable (quick, no database work: it holds up the writer)."""
        self._after.append(fn)
