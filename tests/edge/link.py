"""A shop's machine and its server, each with its own database, and a line between them that fails on demand."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.walkout_shop import BY, PERSON, SHOP, T0, N, Shop, came, left, moved, receipt

from madang import catalog, ledger, members, payments
from madang.catalog import Price, Product, SoldBy, Vat
from madang.db import Database, Tx, open_database
from madang.deals import receipts
from madang.deals.lines import Receipt
from madang.edge import api, selling
from madang.edge.model import Upto
from madang.edge.sending import Refused, Sending, Upstream
from madang.kernel import ManualClock, derived
from madang.kernel.clock import DAY_US, HOUR_US
from madang.payments import on_account
from madang.payments.on_account import Terms
from madang.walkout import service
from madang.web import Running, Shopfront, create_app, start

KEY = "the key of shop s1"
TERMS = Terms(10_000, 72 * HOUR_US)


def opened(url: str) -> Database:
    return open_database(url, clock=ManualClock(), migrate=False, durable=False)


class Line(Upstream):
    """HTTP to the server, but ``cut`` before it, or ``mute``: the server hears and does, and its answer is lost."""

    cut = mute = False
    twice = False

    def send(self, body: bytes) -> Upto:
        self._check()
        if self.twice:
            super().send(body)
        said = super().send(body)
        if self.mute:
            raise TimeoutError("the answer was lost")
        return said

    def news(self) -> Any:
        self._check()
        return super().news()

    def _check(self) -> None:
        if self.cut:
            raise ConnectionRefusedError("the line is cut")


class Server:
    """A neighbourhood's server: people with wallets, prices, and the door for shops' machines."""

    def __init__(self, db: Database, clock: ManualClock, *, wallet_krw: int = 20_000) -> None:
        self.db, self.clock = db, clock
        clock.set(T0)

        def open_it(tx: Tx) -> None:
            goods = [
                Product(id=p, name_ko=p, name_en=p, vat=vat, sold_by=SoldBy.WEIGHT if p == "W" else SoldBy.UNIT)
                for p, vat in {"A": Vat.TAXABLE, "B": Vat.EXEMPT, "W": Vat.EXEMPT}.items()
            ]
            catalog.add_products(tx, BY, goods, id=derived("p"), at_us=T0)
            prices = [
                Price(product=p, price_krw=k, from_us=T0 - DAY_US) for p, k in {"A": 3000, "B": 1100, "W": 900}.items()
            ]
            catalog.set_prices(tx, BY, prices, id=derived("k"), at_us=T0)
            self.join(tx, PERSON, "c1", wallet_krw)

        self.write(open_it)
        router = api.router(db, clock, N, {SHOP: KEY.encode()})
        self._app = create_app(Shopfront(neighbourhood=N, more=[router], clock=clock))
        self.running: Running = start(self._app, "127.0.0.1", 0)

    def join(self, tx: Tx, person: Any, code: str, wallet_krw: int) -> None:
        members.add_person(tx, BY, key=person, fields={}, at_us=T0)
        members.issue_credential(tx, BY, person, code, T0)
        if wallet_krw:
            paid = payments.top_up(id=derived("t", code), person=str(person), amount_krw=wallet_krw, at_us=T0)
            ledger.post(tx, paid)

    def write(self, fn: Any) -> Any:
        return self.db.write(fn, neighbourhood=N)

    def read(self, fn: Any) -> Any:
        return self.db.read(fn, neighbourhood=N)

    def wallet(self, person: Any = PERSON) -> int:
        return int(self.read(lambda tx: ledger.balance(tx, payments.wallet(str(person))).posted))

    def owed(self, person: Any = PERSON) -> int:

        return -int(self.read(lambda tx: ledger.balance(tx, payments.tab(str(person))).posted))


class Edge:
    """A walk-out shop below a server; ``exchange`` is one attempt at the line."""

    def __init__(self, db: Database, server: Server, terms: Terms = TERMS) -> None:
        self.shop = Shop(db, wallet_krw=0)
        self.shop.write(lambda tx: selling.begin(tx, BY, SHOP, terms, at_us=T0))
        self.line = Line(server.running.url, KEY, timeout_s=5)
        self.sending = Sending(db, BY, SHOP, self.line, self.shop.clock)
        self.visits = 0

    def exchange(self) -> bool:
        """True when the server was heard."""
        self.shop.clock.set(self.shop.t)
        try:
            while self.sending.exchange():
                pass
        except (OSError, Refused) as fault:
            self.sending._down(fault)
            return False
        return True

    def buys(self, items: dict[str, int], credential: str = "c1") -> str:
        """Somebody comes, takes, leaves and is charged."""
        self.visits += 1
        visit = f"v{self.visits}"
        picks = [moved(product=p, qty=n, visit=visit, id=f"{visit}-{p}") for p, n in items.items()]
        self.shop.says(came(visit, credential), *picks)
        self.shop.says(left(visit, credential))
        self.shop.says(receipt(items, visit=visit))
        return visit

    def account(self, person: Any = PERSON) -> int:
        return int(self.shop.read(lambda tx: ledger.balance(tx, on_account.account(str(person))).posted))


def every_receipt(db: Database) -> dict[Any, Receipt]:
    """By id; each is there once or the query would say so."""
    found: list[Receipt] = []
    cursor: str | None = None
    while True:
        page = db.read(lambda tx, at=cursor: receipts.find(tx, BY, shop=SHOP, cursor=at, limit=100), neighbourhood=N)  # type: ignore[misc]
        found += page.rows
        cursor = page.next
        if cursor is None:
            break
    assert not [id for id, n in Counter(r.id for r in found).items() if n > 1]
    return {r.id: r for r in found}


def agree(edge: Edge, server: Server) -> None:
    """Everything is there once, on both sides, and the money of both sides is whole."""
    here, there = every_receipt(edge.shop.db), every_receipt(server.db)
    assert here == there
    for db in (edge.shop.db, server.db):
        report = db.read(ledger.check, neighbourhood=N)
        assert report.ok, report.differences
    total = sum(r.total_krw for r in here.values())
    assert sales(edge.shop.db) == sales(server.db) == total
    due = edge.shop.read(lambda tx: _sum(tx, "upstream"))
    assert -due == total
    assert edge.shop.read(lambda tx: _sum(tx, "account")) == 0
    assert edge.shop.read(lambda tx: _sum(tx, "wallet")) == 0


def restock(shop: Shop) -> None:
    pieces = {("FA", "A"): 4, ("FB", "B"): 4}
    shop.write(lambda tx: service.receive(tx, BY, SHOP, pieces, id=derived("more", shop.t), at_us=shop.t))


def sales(db: Database) -> int:
    codes = ("sales", "sales_exempt", "vat_payable")
    return int(db.read(lambda tx: sum(_sum(tx, code) for code in codes), neighbourhood=N))


def _sum(tx: Tx, code: str) -> int:
    return sum(b.posted for b in ledger.balances(tx, book=ledger.Book.MONEY, code=code).values())
