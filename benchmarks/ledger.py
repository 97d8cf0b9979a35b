"""Transfers per second, durable, beside the bare database.

Both sides write the same rows (the transfers with the balances they leave behind, and the accounts' new sums) to tables
of the same schema with the same indexes, in the same batches, each batch made durable before the next. The bare side
has its rows ready and only hands them to the driver's ``executemany``; the ledger reads the accounts, looks for known
ids, checks everything, makes the rows and writes them through the database's writer thread. The two take turns, and a
ratio is the median over the turns.
"""

from __future__ import annotations

import gc
import random
import statistics
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import make_url

from benchmarks.report import Report, Table
from madang import ledger
from madang.db import Database, open_database
from madang.db.private import PrivatePostgres, binaries
from madang.db.sqlite import library
from madang.ledger import records
from madang.ledger.account import Account
from madang.ledger.model import Entry
from madang.ledger.posting import Books

SUMMARY = "durable transfers a second on SQLite and PostgreSQL, beside the same rows by the bare driver"
MUST, GOAL = 0.30, 0.60
ACCOUNTS = 10_000
TURNS = 5
NEIGHBOURHOOD = "n1"
START_US = 1_790_000_000_000_000


class Shape(NamedTuple):
    """One workload: ``size`` transfers in a call, ``calls`` calls in a turn, two-phase or not."""

    name: str
    size: int
    calls: int
    pairs: bool


SHAPES = (
    Shape("1", 1, 200, False),
    Shape("100", 100, 40, False),
    Shape("1000", 1_000, 10, False),
    Shape("pending_post_100", 100, 40, True),
    Shape("pending_post_1000", 1_000, 10, True),
)


class Batch(NamedTuple):
    """One call of the ledger, and the rows that it makes."""

    transfers: list[ledger.Transfer]
    entries: list[tuple[Any, ...]]
    sums: list[tuple[Any, ...]]


class Workload:
    """Transfers between random accounts out of many, with the rows they will become."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._ms = START_US // 1000
        self._books = Books()
        self._keys = [ledger.AccountKey("money", "bench", f"person-{i:05d}", "KRW") for i in range(ACCOUNTS)]

    def opening(self) -> list[Batch]:
        """Every account is opened with money in it."""
        source = ledger.AccountKey("money", "bench_source", "bank", "KRW")
        made = [self._transfer(debit=source, credit=key, amount=1_000_000) for key in self._keys]
        return [self._batch(made[i : i + 1_000]) for i in range(0, len(made), 1_000)]

    def batches(self, shape: Shape) -> list[Batch]:
        made: list[Batch] = []
        while len(made) < shape.calls:
            if not shape.pairs:
                made.append(self._batch([self._between() for _ in range(shape.size)]))
                continue
            held = [self._between(kind="pending", expires_at_us=START_US * 2) for _ in range(shape.size)]
            made.append(self._batch(held))
            made.append(self._batch([self._transfer(kind="post", pending_id=t.id) for t in held]))
        return made

    def _between(self, **more: Any) -> ledger.Transfer:
        debit, credit = self._rng.sample(self._keys, 2)
        debit, credit = ledger.AccountKey(*debit), ledger.AccountKey(*credit)  # as a caller makes them: new each time
        return self._transfer(debit=debit, credit=credit, amount=self._rng.randint(1, 100), **more)

    def _transfer(self, **fields: Any) -> ledger.Transfer:
        self._ms += 1
        id = (self._ms << 80) | (0x7 << 76) | (0b10 << 62) | self._rng.getrandbits(62)
        return ledger.Transfer(id=uuid.UUID(int=id), at_us=self._ms * 1000, cause="deal-0001", **fields)

    def _batch(self, transfers: list[ledger.Transfer]) -> Batch:
        """Run the rules once here, so that the bare side has the same rows without any work."""
        books = self._books
        books.written.clear()
        results = books.post(transfers)
        assert all(result.fault is None for result in results)
        touched = {id: books.by_id[id] for entry in books.written for id in (entry.debit, entry.credit)}
        return Batch(transfers, [tuple(e) for e in books.written], [_sums(a) for a in touched.values()])


def _sums(account: Account) -> tuple[Any, ...]:
    a = account
    return (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending, NEIGHBOURHOOD, a.id)


_COLUMNS = ("neighbourhood", *Entry._fields)
_SETS = "debits_posted = ?, credits_posted = ?, debits_pending = ?, credits_pending = ?"
INSERT = f"INSERT INTO ledger_transfers ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
UPDATE = f"UPDATE ledger_accounts SET {_SETS} WHERE neighbourhood = ? AND id = ?"


@dataclass(slots=True)
class Bare:
    """The driver's own connection; the rows are bound as it likes them before the clock starts."""

    connection: Any
    begin: str
    insert: str
    update: str
    bound: Callable[[Any], Any]

    def ready(self, batches: Sequence[Batch]) -> list[tuple[list[Any], list[Any]]]:
        return [([self._row(entry) for entry in batch.entries], batch.sums) for batch in batches]

    def _row(self, entry: tuple[Any, ...]) -> tuple[Any, ...]:
        return (NEIGHBOURHOOD, *[self.bound(value) for value in entry])

    def run(self, ready: list[tuple[list[Any], list[Any]]]) -> None:
        cursor = self.connection.cursor()
        for entries, sums in ready:
            cursor.execute(self.begin)
            cursor.executemany(self.insert, entries)
            cursor.executemany(self.update, sums)
            cursor.execute("COMMIT")


def _sqlite_value(value: Any) -> Any:
    return value.hex if isinstance(value, uuid.UUID) else str(value) if isinstance(value, str) else value


def _postgres_value(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[Database, Bare]]:
    """Two files of one schema: the ledger's and the bare driver's."""
    open_database(f"sqlite:///{folder / 'bare.db'}").close()
    connection = library().connect(str(folder / "bare.db"), isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    with open_database(f"sqlite:///{folder / 'ledger.db'}") as database:
        yield database, Bare(connection, "BEGIN IMMEDIATE", INSERT, UPDATE, _sqlite_value)
    connection.close()


@contextmanager
def _postgres(_folder: Path) -> Iterator[tuple[Database, Bare]]:
    with PrivatePostgres(durable=True) as server:
        open_database(server.create("bare")).close()
        url = make_url(server.url("bare")).set(drivername="postgresql").render_as_string()
        with psycopg.connect(url, autocommit=True) as connection, open_database(server.create("ledger")) as database:
            insert, update = INSERT.replace("?", "%s"), UPDATE.replace("?", "%s")
            yield database, Bare(connection, "BEGIN", insert, update, _postgres_value)


def run(data: Path | None) -> Report:  # noqa: ARG001 - the workload is made here
    """Measure both databases; ``data`` is not used."""
    ledger.declare_code("bench", "money", "debits_within_credits")
    ledger.declare_code("bench_source", "money", "none")
    report = Report("ledger")
    table = Table(
        "Transfers a second, each batch durable", ["database", "in a call", "ledger", "bare", "ratio", "must", "goal"]
    )
    opened = {"sqlite": _sqlite}
    if binaries() is not None:
        opened["postgresql"] = _postgres
    else:
        report.notes.append("PostgreSQL is not installed here: measured on SQLite only.")
    for name, opening in opened.items():
        with tempfile.TemporaryDirectory(prefix="madang-bench-") as folder, opening(Path(folder)) as (database, bare):
            _measure(name, database, bare, report, table)
    report.tables.append(table)
    report.notes.append(
        f"{ACCOUNTS:,} accounts, every transfer between two at random; {TURNS} turns each, medians. "
        "pending_post: half of the calls pend, half post. clients: one transfer in a call, 64 calls under way."
    )
    return report


def _measure(name: str, database: Database, bare: Bare, report: Report, table: Table) -> None:
    workload = Workload(seed=1)
    opening = workload.opening()
    _post(database, opening)
    _open_bare(bare, opening, database)
    for shape in SHAPES:
        bare_rates, ledger_rates = [], []
        for _ in range(TURNS):
            batches = workload.batches(shape)
            ready = bare.ready(batches)
            count = sum(len(batch.transfers) for batch in batches)
            bare_rates.append(count / _timed(lambda ready=ready: bare.run(ready)))
            ledger_rates.append(count / _timed(lambda batches=batches: _post(database, batches)))
        ratio = statistics.median(ours / theirs for ours, theirs in zip(ledger_rates, bare_rates, strict=True))
        _add(report, table, name, shape, statistics.median(ledger_rates), statistics.median(bare_rates), ratio)
    rates = []
    for _ in range(TURNS):
        singles = workload.batches(Shape("clients", 1, 600, False))
        rates.append(len(singles) / _timed(lambda singles=singles: _submit(database, singles)))
    report.figures[f"{name}_clients_per_s"] = round(statistics.median(rates))
    table.rows.append((name, "1, 64 clients", f"{statistics.median(rates):,.0f}", "", "", "", ""))
    assert database.read(ledger.check, neighbourhood=NEIGHBOURHOOD).ok


def _add(report: Report, table: Table, name: str, shape: Shape, ours: float, theirs: float, ratio: float) -> None:
    figure = f"{name}_{shape.name}"
    report.figures[f"{figure}_per_s"] = round(ours)
    report.references[f"{figure}_per_s"] = round(theirs)
    report.figures[f"{figure}_ratio"] = round(ratio, 3)
    report.references[f"{figure}_ratio"] = GOAL
    row = (name, shape.name, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ratio:.0%}", f"{MUST:.0%}", f"{GOAL:.0%}")
    table.rows.append(row)


def _post(database: Database, batches: Sequence[Batch]) -> None:
    for batch in batches:
        database.write(lambda tx, t=batch.transfers: ledger.post(tx, t), neighbourhood=NEIGHBOURHOOD)


def _submit(database: Database, batches: Sequence[Batch], under_way: int = 64) -> None:
    """One transfer in a use case, as 64 clients send them; the writer commits those that have come in together."""
    futures: list[Any] = []
    for i, batch in enumerate(batches):
        if i >= under_way:
            futures[i - under_way].result()
        futures.append(database.submit(lambda tx, t=batch.transfers: ledger.post(tx, t), neighbourhood=NEIGHBOURHOOD))
    for future in futures[-under_way:]:
        future.result()


def _open_bare(bare: Bare, opening: Sequence[Batch], database: Database) -> None:
    """The bare database gets the same accounts and the same first entries."""
    accounts = database.read(lambda tx: list(records.all_accounts(tx)), neighbourhood=NEIGHBOURHOOD)
    rows = [(NEIGHBOURHOOD, a.id, *a.key, str(a.limit), 0, 0, 0, 0) for a in accounts]
    names = "neighbourhood, id, book, code, owner, unit, limit_rule, debits_posted, credits_posted"
    marks = ", ".join([bare.insert.partition("VALUES (")[2][:2].strip(", ")] * 11)
    cursor = bare.connection.cursor()
    cursor.execute(bare.begin)
    cursor.executemany(f"INSERT INTO ledger_accounts ({names}, debits_pending, credits_pending) VALUES ({marks})", rows)
    cursor.execute("COMMIT")
    bare.run(bare.ready(opening))


def _timed(work: Callable[[], None]) -> float:
    """Seconds; what the benchmark itself keeps is hidden from the collector, or the ledger alone would pay for it."""
    gc.collect()
    gc.freeze()
    started = perf_counter()
    work()
    took_s = perf_counter() - started
    gc.unfreeze()
    return took_s
