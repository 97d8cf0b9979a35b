"""The hot path: a Core statement compiled once, run by the driver.

Core statement by statement is about ten times slower than the driver (building the execution context, caching keys,
wrapping rows). Statements kept at module level hit the first cache by identity; statements built on the spot are found
by Core's own cache key, so only their literals differ.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler

from madang.db.schema import metadata

Row = Mapping[str, Any]
Processor = Callable[[Any], Any]


class Compiled:
    """One statement in one dialect, ready for the driver's cursor. ``tables`` are those of ours it names."""

    def __init__(self, compiler: SQLCompiler, dialect: Dialect) -> None:
        self._compiler = compiler
        self.sql = str(compiler)
        self.positional = compiler.positional
        self.names: tuple[str, ...] = tuple(compiler.positiontup or compiler.bind_names.values())
        self.required = frozenset(self.names)
        self.tables = frozenset(_WORD.findall(self.sql)) & metadata.tables.keys()
        self.space = tuple(sorted(self.tables))
        processors: Mapping[str, Any] = compiler._bind_processors
        self._values: Callable[[Row], tuple[Any, ...]] = _picker(self.names)
        self._processed = [(i, name, processors[name]) for i, name in enumerate(self.names) if name in processors]
        self.expanding = bool(compiler.post_compile_params)
        self.defaults_needed = bool(compiler.insert_prefetch or compiler.update_prefetch)
        self.copy = None if self.positional else _copy_command(self.sql, self.names)
        self._dialect = dialect
        self._columns: list[tuple[int, Processor]] | None = None

    def bind(self, row: Row) -> Any:
        """The row as the driver wants it: a tuple for SQLite, a dict for PostgreSQL."""
        if self.positional:
            values = self._values(row)
            if not self._processed:
                return values
            changed: Any = list(values)
            for i, _, process in self._processed:
                changed[i] = process(changed[i])
            return tuple(changed)
        if not self._processed:
            return row
        return {**row, **{name: process(row[name]) for _, name, process in self._processed}}

    def bind_tuples(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        """Rows of an INSERT given as tuples, in the order of its columns; they stay such."""
        assert len(rows[0]) == len(self.names)
        if not self._processed:
            return rows
        bound = []
        for row in rows:
            values: Any = list(row)
            for i, _, process in self._processed:
                if values[i] is not None:
                    values[i] = process(values[i])
            bound.append(tuple(values))
        return bound

    def params(self, given: Row | None, literals: Sequence[Any] | None) -> Row:
        """Named values of a statement with literals in it."""
        return self._compiler.construct_params(dict(given or {}), extracted_parameters=literals, escape_names=False)

    def fetched(self, rows: list[tuple[Any, ...]], cursor: Any) -> list[tuple[Any, ...]]:
        """Driver rows as plain tuples of Python values; the cursor is asked once what they are (psycopg puts its
        ``description`` together anew each time)."""
        columns = self._columns
        if columns is None:
            columns = self._columns = self._conversions(cursor.description)
        return [self._converted(row, columns) for row in rows] if columns else rows

    def _conversions(self, description: Sequence[Any]) -> list[tuple[int, Processor]]:
        """Which columns the driver leaves to convert; the first answer tells the types that the database sends."""
        types = [column.type for column in self._compiler._result_columns]
        found = [
            (i, kind._cached_result_processor(self._dialect, column[1]))
            for i, (kind, column) in enumerate(zip(types, description, strict=False))
        ]
        return [(i, process) for i, process in found if process is not None]

    @staticmethod
    def _converted(row: tuple[Any, ...], columns: list[tuple[int, Processor]]) -> tuple[Any, ...]:
        values = list(row)
        for i, process in columns:
            values[i] = process(values[i])
        return tuple(values)


def _picker(names: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    """``itemgetter`` that gives a tuple for no name and for one name too."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: tuple([row[name] for name in names])


_WORD = re.compile(r"\w+")
_INSERT = re.compile(r"INSERT INTO (?P<table>[\w\".]+) \((?P<columns>[\w\", ]+)\) VALUES \((?P<values>.*)\)")
_VALUE = re.compile(r"%\((\w+)\)s(?:::[\w()]+)?")


def _copy_command(sql: str, names: tuple[str, ...]) -> str | None:
    """``COPY`` for an INSERT of plain values and nothing else, which PostgreSQL takes in twice as fast."""
    insert = _INSERT.fullmatch(sql)
    if insert is None or tuple(_VALUE.sub(r"\1", insert["values"]).split(", ")) != names:
        return None
    return f"COPY {insert['table']} ({insert['columns']}) FROM STDIN"


class Compiler:
    """The cache of one dialect; shared by all connections (``compiler_of``)."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._by_identity: weakref.WeakKeyDictionary[Executable, dict[Any, tuple[Compiled, Any]]] = (
            weakref.WeakKeyDictionary()
        )
        self._by_key: dict[Any, Compiled] = {}

    def get(self, statement: Executable, columns: tuple[str, ...] | None = None) -> tuple[Compiled, Any]:
        """The compiled statement and the literals of this instance of it; ``columns`` are the keys of its rows."""
        known = self._by_identity.get(statement)
        if known is not None and (found := known.get(columns)) is not None:
            return found
        found = self._lookup(statement, columns)
        self._by_identity.setdefault(statement, {})[columns] = found
        return found

    def _lookup(self, statement: Any, columns: tuple[str, ...] | None) -> tuple[Compiled, Any]:
        cache_key = statement._generate_cache_key()
        if cache_key is None:
            return self._compile(statement, columns, None), None
        key = (cache_key.key, columns)
        compiled = self._by_key.get(key)
        if compiled is None:
            if len(self._by_key) >= 2000:  # a program has some hundred statements: more means literals in keys
                self._by_key.clear()
            compiled = self._by_key[key] = self._compile(statement, columns, cache_key)
        return compiled, cache_key.bindparams

    def _compile(self, statement: Any, columns: tuple[str, ...] | None, cache_key: Any) -> Compiled:
        keys = None if columns is None else list(columns)
        compiler = statement.compile(dialect=self._dialect, column_keys=keys, cache_key=cache_key)
        return Compiled(compiler, self._dialect)


_SHARED: dict[tuple[object, ...], Compiler] = {}


def compiler_of(dialect: Dialect) -> Compiler:
    """The one of all databases of a kind and release in this process, since nothing else decides how a statement reads.
    ``dialect`` has been connected, so that it knows its server's release."""
    kind = (dialect.name, dialect.driver, getattr(dialect, "server_version_info", None))
    return _SHARED.setdefault(kind, Compiler(dialect))
