"""Search in 50,000 products, on SQLite and PostgreSQL, beside the databases' own ways to find a name.

The same generated catalogue and the same queries (every sort of mistake in turn) go to Madang's search, to SQLite's
full text index of trigrams (``bm25``) and to PostgreSQL's ``pg_trgm`` (``word_similarity`` by a GIN index), in one run.
A query is answered when one of its first ten results is the product that was meant, of any size. Times are of the wall
clock, and of the processor in this process (Madang's own work, without the database server).
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import psycopg
from sqlalchemy import make_url

from benchmarks.goods_names import Name, Typed, catalogue, queries
from benchmarks.report import Report, Table
from madang import catalog
from madang.catalog import Product, search
from madang.catalog.search import Query
from madang.db import Database, Tx, open_database
from madang.db.private import PrivatePostgres, binaries
from madang.db.sqlite import library
from madang.kernel import derived, system

SUMMARY = "search in 50,000 products with mistakes in every query: p95 and how many are found, beside FTS5 and pg_trgm"
FLAGS = ("small",)
PRODUCTS, QUERIES = 50_000, 300
MUST_MS = 50
BATCH = 2_000
AT_US = 1_790_000_000_000_000
BY = system("n1")

Ask = Callable[[str], Sequence[int]]
Seconds = tuple[float, float]
"""Of the wall clock, and of the processor in this process."""


class Result(NamedTuple):
    """What became of all queries: milliseconds, and which sorts of mistakes were answered."""

    wall_ms: list[float]
    cpu_ms: list[float]
    found: Counter[str]
    asked: Counter[str]

    @property
    def recall(self) -> float:
        return sum(self.found.values()) / sum(self.asked.values())


def run(_data: Path | None, flags: frozenset[str] = frozenset()) -> Report:
    """Measure everything; ``--small`` takes a tenth of it."""
    n = PRODUCTS // 10 if "small" in flags else PRODUCTS
    names = catalogue(n)
    asked = queries(names, QUERIES if n == PRODUCTS else QUERIES // 5)
    results: dict[str, Result] = {}
    filled: dict[str, Seconds] = {}
    first: dict[str, Seconds] = {}
    for database, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        for db, peers in opened():
            begin, worked = perf_counter(), process_time()
            _fill(db, names)
            filled[database] = (perf_counter() - begin, process_time() - worked)
            begin, worked = perf_counter(), process_time()
            _madang(db)(asked[0].text)
            first[database] = (perf_counter() - begin, process_time() - worked)
            results[f"Madang, {database}"] = measure(_madang(db), names, asked)
            for peer, make in peers.items():
                results[peer] = measure(make(names), names, asked)
    return _report(n, len(asked), results, filled, first)


def measure(ask: Ask, names: Sequence[Name], asked: Sequence[Typed]) -> Result:
    """Ask everything once, after a few to warm up."""
    for typed in asked[:20]:
        ask(typed.text)
    result = Result([], [], Counter(), Counter())
    for typed in asked:
        wall, cpu = perf_counter(), process_time()
        best = ask(typed.text)
        result.wall_ms.append((perf_counter() - wall) * 1000)
        result.cpu_ms.append((process_time() - cpu) * 1000)
        result.asked[typed.how] += 1
        result.found[typed.how] += any(names[i].same == typed.same for i in best)
    return result


def _madang(db: Database) -> Ask:
    def ask(text: str) -> list[int]:
        query = Query(text=text, limit=10)
        found = db.read(lambda tx: search.search(tx, BY, query), neighbourhood=BY.neighbourhood)
        return [int(hit.listing[1:]) for hit in found.hits]

    return ask


def _fill(db: Database, names: Sequence[Name]) -> None:
    for at in range(0, len(names), BATCH):
        part = [
            Product(id=f"P{at + i}", name_ko=name.ko, name_en=name.en) for i, name in enumerate(names[at : at + BATCH])
        ]

        def add(tx: Tx, part: Sequence[Product] = part, at: int = at) -> None:
            catalog.add_products(tx, BY, part, id=derived("bench", at), at_us=AT_US)

        db.write(add, neighbourhood=BY.neighbourhood)


# --- the peers -------------------------------------------------------------------------------------------------------
def _sqlite() -> Iterator[tuple[Database, dict[str, Callable[[Sequence[Name]], Ask]]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "madang.db"
        with open_database(f"sqlite:///{path}") as db:
            yield db, {"FTS5 trigram, SQLite": lambda names: _fts5(Path(folder) / "fts.db", names)}


def _fts5(path: Path, names: Sequence[Name]) -> Ask:
    link = library().connect(str(path))
    link.execute("CREATE VIRTUAL TABLE goods USING fts5(ko, en, tokenize='trigram')")
    rows = [(i, name.ko, name.en) for i, name in enumerate(names)]
    link.executemany("INSERT INTO goods(rowid, ko, en) VALUES (?, ?, ?)", rows)
    link.commit()

    def ask(text: str) -> list[int]:
        words = [text[i : i + 3] for i in range(len(text) - 2)] or [text]
        wanted = " OR ".join('"' + word.replace('"', '""') + '"' for word in dict.fromkeys(words))
        found = link.execute("SELECT rowid FROM goods WHERE goods MATCH ? ORDER BY bm25(goods) LIMIT 10", (wanted,))
        return [row[0] for row in found.fetchall()]

    return ask


def _postgres() -> Iterator[tuple[Database, dict[str, Callable[[Sequence[Name]], Ask]]]]:
    if binaries() is None:
        return
    with PrivatePostgres(durable=True) as server:
        url = server.create("madang")
        with open_database(url) as db, _trigrams(url) as make:
            yield db, {"pg_trgm, PostgreSQL": make} if make else {}


@contextmanager
def _trigrams(url: str) -> Iterator[Callable[[Sequence[Name]], Ask] | None]:
    address = make_url(url).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as link:
        # With the C locale of a private server Hangul is no letter to pg_trgm.
        link.execute("CREATE DATABASE peer TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
    plain = address.set(database="peer").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as link:
        try:
            link.execute("CREATE EXTENSION pg_trgm")
        except psycopg.Error:
            yield None  # it comes in a package of its own
            return

        def make(names: Sequence[Name]) -> Ask:
            link.execute("CREATE TABLE goods (id bigint PRIMARY KEY, name text NOT NULL)")
            with link.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO goods VALUES (%s, %s)", [(i, f"{name.ko} {name.en}") for i, name in enumerate(names)]
                )
            link.execute("CREATE INDEX goods_name ON goods USING gin (name gin_trgm_ops)")
            link.execute("ANALYZE goods")
            link.execute("SET pg_trgm.word_similarity_threshold = 0.3")

            def ask(text: str) -> list[int]:
                found = link.execute(
                    "SELECT id FROM goods WHERE %s <%% name ORDER BY word_similarity(%s, name) DESC, id LIMIT 10",
                    (text, text),
                )
                return [row[0] for row in found.fetchall()]

            return ask

        yield make


def _report(
    n: int, asked: int, results: dict[str, Result], filled: dict[str, Seconds], first: dict[str, Seconds]
) -> Report:
    report = Report("search")
    rows, kinds = [], [[how] for how in next(iter(results.values())).asked]
    for name, result in results.items():
        wall, cpu = (statistics.quantiles(row, n=100) for row in (result.wall_ms, result.cpu_ms))
        figures = (wall[49], wall[94], cpu[49], cpu[94])
        rows.append([name, *(f"{ms:.1f}" for ms in figures), f"{result.recall:.1%}"])
        for row in kinds:
            row.append(f"{result.found[row[0]] / result.asked[row[0]]:.0%}")
        report.figures |= {f"{name} p95 ms": wall[94], f"{name} recall": result.recall}
    header = ["way", "p50 ms", "p95 ms", "p50 processor ms", "p95 processor ms", "found"]
    report.tables.append(Table(f"{asked} queries in {n:,} products", header, rows))
    report.tables.append(Table("found among the first ten, by mistake", ["mistake", *results], kinds))
    for database, (took, worked) in filled.items():
        report.notes.append(
            f"{database}: {n:,} products added and indexed in {took:.0f} s ({worked:.1f} s of the processor); "
            f"the first search of a process, which reads the index, took {first[database][0]:.1f} s "
            f"({first[database][1]:.1f} s of the processor)."
        )
    busy = os.getloadavg()[0]
    report.notes.append(f"{busy:.1f} programs wanted a core on average in the last minute ({os.cpu_count()} cores).")
    report.notes.append(f"Must: p95 at most {MUST_MS} ms.")
    return report
