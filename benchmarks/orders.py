"""Orders a second: through the service on SQLite and PostgreSQL, through HTTP on SQLite, durable.

An order is everything that makes one: a cart's two lines held at today's prices as pending transfers, the order's deal
opened, its window of pickup, the wallet charged, goods taken, the receipt issued and numbered, income and tax booked,
facts appended and chained. Through the service a buyer's two steps (hold, place) are two use cases; over HTTP they are
the forms a browser sends (put in, check out, place), with sessions and CSRF checks.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import getloadavg
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from benchmarks.report import Report, Table
from madang import catalog, ledger, members, payments, places
from madang.catalog import Price, Product, stock
from madang.db import Database, Tx, open_database
from madang.db.private import PrivatePostgres, binaries
from madang.deals.links import Links
from madang.guard.limits import Limit
from madang.kernel import Actor, Kind, SystemClock, Uuid7, cycles, system
from madang.places import PlaceKind
from madang.storefront import carts, checkout, pages
from madang.storefront.front import Storefront
from madang.storefront.model import CartLine
from madang.storefront.placing import Choice, Placing
from madang.storefront.terms import Terms, set_terms
from madang.ui import Pages
from madang.ui.session import Asking, Identity, token_of
from madang.web import Shopfront, create_app, edge, start

SUMMARY = "orders a second through the service (SQLite, PostgreSQL) and through HTTP (SQLite), with p95 and memory"
N = "n1"
BY = system(N)
PRODUCTS, BUYERS, CALLERS = 400, 64, 16
ORDERS = {"SQLite": 1_600, "PostgreSQL": 800}
HTTP_ORDERS = 400
BARE = "the same rows, bare SQLite"
TABLES = (
    *("journal_facts", "ledger_transfers", "ledger_accounts", "deals_deal", "deals_move", "deals_receipt"),
    *("deals_receipt_line", "jobs_timers", "payments_payment", "payments_part", "payments_leg", "settlement_sale"),
    *("settlement_leg", "storefront_checkout"),
)
WARM = 400
BATCH = 30
GOALS = {"service, SQLite": 1_000, "service, PostgreSQL": 300, "HTTP, SQLite": 300}
FETCH = {"s1": Choice(way="pickup", place="h1")}
_clock = SystemClock()
_ids = Uuid7(_clock)


def run(data: Path | None = None) -> Report:
    """Every database there is, then HTTP."""
    del data
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        with open_database(f"sqlite:///{folder}/orders.db") as db:
            figures["service, SQLite"] = _service(db, ORDERS["SQLite"])
            figures[BARE] = _bare(db, Path(folder) / "bare.db")
        with open_database(f"sqlite:///{folder}/http.db") as db:
            figures["HTTP, SQLite"] = _http(db)
    if binaries() is not None:
        with PrivatePostgres(durable=True) as server, open_database(server.create("orders")) as db:
            figures["service, PostgreSQL"] = _service(db, ORDERS["PostgreSQL"])
    plain = {f"{name}, {what}": value for name, found in figures.items() for what, value in found.items()}
    return Report("orders", plain, {f"{name}, orders_s": goal for name, goal in GOALS.items()}, [_table(figures)])


def _open(db: Database) -> list[Actor]:
    """A shop with goods, and buyers with money."""
    goods = [Product(id=f"P{i:04d}", name_ko=f"상품 {i}", name_en=f"Product {i}") for i in range(PRODUCTS)]
    now, people = _clock.now_us(), [carts.shopper(Actor(Kind.PERSON, str(_ids.new()), N)) for _ in range(BUYERS)]

    def begin(tx: Tx) -> None:
        places.add_place(tx, BY, "s1", PlaceKind.SHOP, "가게", "Shop", at_us=now)
        places.add_place(tx, BY, "h1", PlaceKind.HUB, "거점", "Hub", at_us=now)
        catalog.add_products(tx, BY, goods, id=_ids.new(), at_us=now)
        prices = [Price(product=p.id, price_krw=1_000 + 10 * i, from_us=now) for i, p in enumerate(goods)]
        catalog.set_prices(tx, BY, prices, id=_ids.new(), at_us=now)
        set_terms(tx, BY, "s1", Terms(fetch_at=("s1", "h1")), at_us=now)
        lots = [stock.Lot(sku=p.id, amount=1_000_000) for p in goods]
        stock.receive(tx, BY, "s1", lots, id=_ids.new(), at_us=now)
        for who in people:
            members.add_person(tx, BY, key=UUID(who.key), fields={}, at_us=now)
            ledger.post(tx, payments.top_up(id=_ids.new(), person=who.key, amount_krw=2_000_000_000, at_us=now))

    db.write(begin, neighbourhood=N)
    return people


def _service(db: Database, orders: int) -> dict[str, float]:
    people = _open(db)

    def order(n: int) -> None:
        who, id, at_us = people[n % BUYERS], _ids.new(), _clock.now_us()
        skus = (n * 7 % PRODUCTS, (n * 7 + 3) % PRODUCTS)
        lines = [CartLine(shop="s1", sku=f"P{i:04d}", amount=1 + n % 3, added_at_us=at_us) for i in skus]
        db.write(lambda tx: checkout.begin(tx, who, id=id, at_us=at_us, lines=lines), neighbourhood=N)
        said = Placing(choices=FETCH)
        db.write(lambda tx: checkout.place(tx, who, id, said, at_us=at_us), neighbourhood=N)

    return _measured(order, orders, db)


def _bare(db: Database, path: Path) -> dict[str, float]:
    """The rows that the orders left, put into another file by the driver and nothing else, 30 orders for each durable
    COMMIT: what no program can better on this machine at this moment."""
    with db._reading.connect() as source:
        rows = {name: [tuple(row) for row in source.exec_driver_sql(f"SELECT * FROM {name}")] for name in TABLES}
    orders, took = len(rows["deals_deal"]), list[float]()
    with open_database(f"sqlite:///{path}") as empty, empty._writing.connect() as target:
        cursor: Any = target.connection.dbapi_connection.cursor()  # type: ignore[union-attr]
        wall, cpu = perf_counter(), process_time()
        for start in range(0, orders, BATCH):
            began = perf_counter()
            cursor.execute("BEGIN IMMEDIATE")
            for name, every in rows.items():
                some = every[start * len(every) // orders : min(orders, start + BATCH) * len(every) // orders]
                if some:
                    cursor.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(some[0]))})", some)
            cursor.execute("COMMIT")
            took.append(perf_counter() - began)
        wall, cpu = perf_counter() - wall, process_time() - cpu
    return _said(took, orders, wall, cpu)


def _http(db: Database) -> dict[str, float]:
    """Three forms for each order, by 16 clients with kept connections, to the server the program uses."""
    people = {str(n): who for n, who in enumerate(_open(db))}

    def who(asking: Asking) -> Identity | None:
        by = people.get(asking.cookies.get("bench", ""))
        return None if by is None else Identity(by=by, acting=lambda _: by, bound=by.key)

    edge.READ = edge.WRITE = edge.ADDRESS = Limit(burst=10**9, per_s=10**9)  # one visitor may write twice a second
    shop = Storefront(db, _clock, _ids, Pages(), N, Links([b"x" * 32]))
    app = create_app(Shopfront(neighbourhood=N, more=[pages.router(shop)], identify=who))
    served = start(app, port=0)
    try:
        _forms(served.url, people, WARM)  # warm
        with cycles.settled():  # as the program does when it has started
            began_cpu = process_time()
            found = _forms(served.url, people, HTTP_ORDERS)
            return _figures(found["took_s"], found["wall_s"], process_time() - began_cpu, db)
    finally:
        served.stop()


def _forms(url: str, people: dict[str, Actor], orders: int) -> dict[str, Any]:
    """What clients in a process of their own measured."""
    tokens = "\n".join(token_of(people[str(n)].key) for n in range(CALLERS))
    command = [sys.executable, "-m", "benchmarks.order_forms", url, str(orders)]
    done = subprocess.run(command, input=tokens, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measured(order: Callable[[int], None], orders: int, db: Database) -> dict[str, float]:
    with ThreadPoolExecutor(CALLERS * 2) as pool:  # every good has been sold, every buyer has bought: as on any day
        list(pool.map(order, range(WARM)))
    took: list[float] = []

    def one(n: int) -> None:
        began = perf_counter()
        order(n)
        took.append(perf_counter() - began)

    with cycles.settled(), ThreadPoolExecutor(CALLERS * 2) as pool:
        began, began_cpu = perf_counter(), process_time()
        list(pool.map(one, range(WARM, WARM + orders)))
        wall, cpu = perf_counter() - began, process_time() - began_cpu
    return _figures(took, wall, cpu, db)


def _figures(took: list[float], wall: float, cpu_s: float, db: Database) -> dict[str, float]:
    report = db.read(ledger.check, neighbourhood=N)
    assert report.ok, "the books differ"
    return _said(took, len(took), wall, cpu_s)


def _said(took: list[float], orders: int, wall: float, cpu_s: float) -> dict[str, float]:
    return {
        "orders_s": round(orders / wall, 1),
        "cpu_ms": round(cpu_s / orders * 1000, 2),
        "p50_ms": round(statistics.median(took) * 1000, 1),
        "p95_ms": round(statistics.quantiles(took, n=20)[-1] * 1000, 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _table(figures: dict[str, Any]) -> Table:
    rows: list[list[object]] = [
        [name, f"{GOALS[name]:,}" if name in GOALS else "", f"{f['cpu_ms']:.1f}"]
        + [f"{f[what]:,.0f}" for what in ("orders_s", "p50_ms", "p95_ms", "memory_mb")]
        for name, f in figures.items()
    ]
    rows.append([f"load average {getloadavg()[0]:.0f}"] + [""] * 6)
    return Table("orders", ["how", "goal", "processor ms", "orders/s", "p50 ms", "p95 ms", "memory MB"], rows)
