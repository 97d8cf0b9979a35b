"""A shopper's journey through our shop and through django-oscar's: same goods, same clients, same PostgreSQL, by turns.

The journey: the shelf, a search, a product, into the cart, the checkout to its end, as pages a browser asks for and
forms it sends, redirects followed. Each shop's own steps: ours shows the checkout on one page and takes the money out
of the buyer's wallet (double entry, receipt issued, facts chained); Oscar's asks a guest for an e-mail and an address,
and takes no money at all (``handle_payment`` of its default does nothing: no gateway is faster).

Oscar (BSD-3-Clause) is run as it is, in ``.venv-oscar`` out of ``locks/oscar.txt``; no code of it is here. It is served
by gunicorn with two workers of four threads (one worker for each core, eight requests at once as there are eight
clients), with persistent connections and cached templates; ours by one process, as ``madang serve`` does.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.report import Report, Table
from benchmarks.shoppers import Browser, Journey, Measured, memory_mb, rush
from madang.db.private import PrivatePostgres
from madang.ui.session import token_of

SUMMARY = "a shopper's journey beside django-oscar's: orders and requests a second, p95, memory (PostgreSQL)"
ROOT = Path(__file__).resolve().parent.parent
OSCAR, PYTHON = ROOT / "benchmarks" / "oscar_shop", ROOT / ".venv-oscar" / "bin"
PRODUCTS, CLIENTS = 400, 8
WARM_S, TURN_S, TURNS = 5.0, 15.0, 2
FASTER_X = 5
ADDRESS = {
    "first_name": "Mina", "last_name": "Kim", "line1": "1 Hoenamu-ro", "line4": "Seoul", "postcode": "04524",
    "country": "KR",
}  # fmt: skip


def run(data: Path | None = None) -> Report:
    """Both shops stand all the time; their shoppers come by turns, so that a busy moment of the machine hits both."""
    del data
    subprocess.run(["make", "-s", ".venv-oscar/.ok"], cwd=ROOT, check=True)
    found = {"Madang": Measured(), "django-oscar 4.2.1": Measured()}
    memory: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        PrivatePostgres(durable=True) as server,
        ours(server, Path(folder)) as (mine, my_journey),
        oscars(server, Path(folder)) as (other, other_journey),
    ):
        shops: list[tuple[str, _Served, Journey]] = [
            ("Madang", mine, my_journey),
            ("django-oscar 4.2.1", other, other_journey),
        ]
        orders = {name: len(rush(s.port, j, clients=CLIENTS, seconds=WARM_S).journeys_s) for name, s, j in shops}
        for _ in range(TURNS):
            for name, served, journey in shops:
                turn = rush(served.port, journey, clients=CLIENTS, seconds=TURN_S)
                _add(found[name], turn)
                orders[name] += len(turn.journeys_s)
                memory[name] = max(memory.get(name, 0), memory_mb(served.pid))
        kept = {
            "Madang": _count(server, "ours", "SELECT count(*) FROM deals_deal WHERE process = 'order'"),
            "django-oscar 4.2.1": _count(server, "oscar", "SELECT count(*) FROM order_order"),
        }
        assert kept == orders, f"orders that shoppers were shown and orders that are kept differ: {orders}, {kept}"
    figures = {name: one.figures() | {"memory_mb": memory[name]} for name, one in found.items()}
    mine_s, other_s = (one["orders_s"] for one in figures.values())
    plain = {f"{name}, {what}": value for name, one in figures.items() for what, value in one.items()}
    plain["times_as_many_orders"] = round(mine_s / other_s, 1)
    note = (
        f"{plain['times_as_many_orders']} times as many orders (goal {FASTER_X}); load average {os.getloadavg()[0]:.1f}"
    )
    return Report("oscar", plain, {"times_as_many_orders": FASTER_X}, [_table(figures)], [note])


class _Served:
    """A shop in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port, self.pid = process, port, process.pid


@contextmanager
def ours(server: PrivatePostgres, folder: Path) -> Iterator[tuple[_Served, Journey]]:
    """Our shop, in a process of its own, and the way through it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.our_shop", server.create("ours"), str(folder), str(PRODUCTS), str(CLIENTS)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield _Served(process, said["port"]), _our_journey(said["tokens"])
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _our_journey(tokens: list[str]) -> Journey:
    def journey(web: Browser, client: int) -> None:
        n = _chosen()
        web.cookies["madang_session"] = tokens[client]
        proof = {"csrf_token": token_of(tokens[client])}
        web.get("/shops/s1")
        assert f"Product {n}" in web.get(f"/shops/s1/search?q=Product+{n}")
        assert "/cart/lines" in web.get(f"/shops/s1/products/P{n:04d}")
        web.post("/cart/lines", proof | {"shop": "s1", "sku": f"P{n:04d}", "amount": "1", "idempotency_key": _key()})
        page = web.post("/checkout", proof | {"idempotency_key": _key()})
        assert "wallet" in page
        web.post(web.at, proof | {"way.s1": "pickup/h1", "means": "wallet"})
        assert web.at.startswith("/orders/"), web.at

    return journey


@contextmanager
def oscars(server: PrivatePostgres, folder: Path) -> Iterator[tuple[_Served, Journey]]:
    """Oscar's shop behind gunicorn, and the way through it."""
    server.create("oscar")
    port = _free_port()
    environment = {**os.environ, "OSCAR_HOME": str(folder), "OSCAR_SECRET": secrets.token_hex(32)}
    environment |= {"OSCAR_DATABASE": "oscar", "OSCAR_PORT": str(server.port), "PYTHONPATH": str(OSCAR)}
    environment |= {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONWARNINGS": "ignore"}
    fill = [str(PYTHON / "python"), str(OSCAR / "fill.py"), str(PRODUCTS)]
    keys = subprocess.run(fill, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    serve = [str(PYTHON / "gunicorn"), "wsgi:application", "--chdir", str(OSCAR), "-b", f"127.0.0.1:{port}"]
    how = ["--workers", "2", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "60"]
    process = subprocess.Popen([*serve, *how, "--log-level", "error"], env=environment, text=True)
    try:
        _until_open(process, port)
        yield _Served(process, port), _oscars_journey(keys)
    finally:
        process.terminate()
        process.wait(30)


def _oscars_journey(keys: list[str]) -> Journey:
    def journey(web: Browser, client: int) -> None:
        n = _chosen()
        web.get("/catalogue/")
        assert f"Product {n}" in web.get(f"/search/?q=Product+{n}")
        page = web.get(f"/catalogue/product-{n}_{keys[n]}/")
        web.post(f"/basket/add/{keys[n]}/", _proof(page) | {"quantity": "1"})
        page = web.get("/checkout/")
        guest = {"username": f"shopper{client}@example.com", "options": "anonymous"}
        page = web.post("/checkout/", _proof(page) | guest)
        page = web.post("/checkout/shipping-address/", _proof(page) | ADDRESS)
        web.post("/checkout/preview/", {"csrfmiddlewaretoken": web.cookies["csrftoken"], "action": "place_order"})
        assert web.at == "/checkout/thank-you/", web.at

    return journey


def _proof(page: str) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None, page[-800:]
    return {"csrfmiddlewaretoken": found[1]}


def _until_open(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            Browser(port).get("/catalogue/")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("Oscar's shop did not open")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _chosen() -> int:
    return secrets.randbelow(PRODUCTS)


def _key() -> str:
    return secrets.token_hex(16)


def _add(all_: Measured, turn: Measured) -> None:
    all_.journeys_s += turn.journeys_s
    all_.requests_s += turn.requests_s
    all_.wall_s += turn.wall_s


def _count(server: PrivatePostgres, database: str, query: Any) -> int:
    with psycopg.connect(server.url(database).replace("+psycopg", "")) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _table(figures: dict[str, dict[str, float]]) -> Table:
    names = ["orders/s", "requests/s", "requests an order", "p95 of a request ms", "p95 of an order ms", "memory MB"]
    rows = [[name, *(f"{value:,}" for value in one.values())] for name, one in figures.items()]
    return Table(f"{PRODUCTS} products, {CLIENTS} clients", ["shop", *names], rows)
