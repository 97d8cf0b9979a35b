"""A walk-out shop in a database, to which the engine speaks: four facings, checked after every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from madang import catalog, jobs, journal, ledger, members, payments, places, settlement
from madang.catalog import Facing, Price, Product, SoldBy, Vat
from madang.db import Database, Tx
from madang.deals import service as deals
from madang.kernel import Actor, Kind, ManualClock, Role, derived, system
from madang.kernel.clock import DAY_US, SECOND_US
from madang.settlement import Terms
from madang.storefront import actions as _order_actions  # noqa: F401  (its process is declared where sales are settled)
from madang.walkout import books, conservation, records, service
from madang.walkout.model import Alternative, Entered, Frame, Lasting, Left, Line, Moved, Noted, Receipt
from madang.walkout.records import Rules
from madang.walkout.visits import visit_id

N, SHOP = "n1", "s1"
BY = system(N, "test")
STAFF = Actor(Kind.PERSON, "staff-1", N, frozenset({Role.STAFF}))
T0 = ManualClock().now_us()
PERSON = derived("person", 1)
WEIGHED = "W"
MERCHANT = f"merchant/{SHOP}"


def layout() -> dict[str, Any]:
    """A shop of one gondola with four facings: A and B by the piece (B exempt), W by weight, C without a price."""
    box = [0.0, 0.0, 0.5, 1.0, 0.4, 1.0]
    ids = ["1-1-1", "1-1-2", "1-1-3", "1-1-4"]
    products = [("A", 3000), ("B", 1100), (WEIGHED, 900), ("C", None)]
    return {
        "name": "test",
        "gondolas": [{"id": 1, "along": [1.0, 0.0], "outward": [0.0, -1.0], "box": box}],
        "shelves": [{"id": "1-1", "gondola": 1, "shelf": 1, "box": box, "plates": ids}],
        "plates": [
            {"id": id_, "gondola": 1, "shelf": 1, "plate": i + 1, "box": [i * 0.25, 0, 0.5, i * 0.25 + 0.25, 0.4, 1.0]}
            for i, id_ in enumerate(ids)
        ],
        "products": [
            {"id": p, "name": p, "price": price, "weight_g": 100.0, "weight_sd_g": 1.0, "kind": "x"}
            for p, price in products
        ],
        "planogram": [
            {"id": f"F{p}", "gondola": 1, "shelf": 1, "plates": [id_], "products": [p],
             "box": [i * 0.25, 0, 0.5, i * 0.25 + 0.25, 0.4, 1.0], "count": {p: 5}}
            for i, (id_, (p, _)) in enumerate(zip(ids, products, strict=True))
        ],
        "area": [[-1, -3], [2, -3], [2, 0], [-1, 0]],
        "gate_polygon": [[-1, -3.5], [1, -3.5], [1, -2.9], [-1, -2.9]],
        "entry_line": [[-0.5, -3], [0, -3]],
        "exit_line": [[0, -3], [0.5, -3]],
    }  # fmt: skip


class Shop:
    """A shop in a database, to which the engine speaks through `says`; every step checks all that must hold."""

    def __init__(self, db: Database, wallet_krw: int = 20_000, capacity: int = 3) -> None:
        self.db, self.seq, self.t, self.run = db, 0, T0, 1
        self.clock = ManualClock(T0)
        store = layout()

        def open_it(tx: Tx) -> None:
            places.add_shop(tx, BY, SHOP, "가게", "Shop", store, T0)
            kinds = {"A": Vat.TAXABLE, "B": Vat.EXEMPT, "C": Vat.TAXABLE, WEIGHED: Vat.EXEMPT}
            goods = [
                Product(id=p, name_ko=p, name_en=p, vat=vat, sold_by=SoldBy.WEIGHT if p == WEIGHED else SoldBy.UNIT)
                for p, vat in kinds.items()
            ]
            catalog.add_products(tx, BY, goods, id=derived("p"), at_us=T0)
            prices = {"A": 3000, "B": 1100, WEIGHED: 900}
            catalog.set_prices(
                tx, BY, [Price(product=p, price_krw=k, from_us=T0 - DAY_US) for p, k in prices.items()],
                id=derived("k"), at_us=T0,
            )  # fmt: skip
            facings = [
                Facing(shop=SHOP, id=f["id"], gondola="1", shelf="1", plates=tuple(f["plates"]),
                       products=tuple(f["products"]), counts=f["count"])
                for f in store["planogram"]
            ]  # fmt: skip
            catalog.set_facings(tx, BY, SHOP, facings, id=derived("f"), at_us=T0, whole=True)
            service.open_shop(tx, BY, SHOP, Rules(capacity, 5_000), at_us=T0)
            service.stock_as_planned(tx, BY, SHOP, id=derived("stock"), at_us=T0)
            members.add_person(tx, BY, key=PERSON, fields={}, at_us=T0)
            members.issue_credential(tx, BY, PERSON, "c1", T0)
            if wallet_krw:
                top_up = payments.top_up(id=derived("t"), person=str(PERSON), amount_krw=wallet_krw, at_us=T0)
                ledger.post(tx, top_up)
            service.begin_run(tx, BY, SHOP, store, start=0, at_us=T0)

        self.write(open_it)
        self.home = self.read(lambda tx: service.home_of(catalog.facings(tx, BY, SHOP)))

    def write(self, fn: Callable[[Tx], Any]) -> Any:
        return self.db.write(fn, neighbourhood=N)

    def read(self, fn: Callable[[Tx], Any]) -> Any:
        return self.db.read(fn, neighbourhood=N)

    def frame(self, *said: Lasting) -> Frame:
        self.t += SECOND_US
        made = Frame(self.t, self.t - T0, self.seq + 1, said)
        self.seq += len(said)
        return made

    def says(self, *said: Lasting) -> None:
        frame = self.frame(*said)
        self.write(lambda tx: service.apply(tx, SHOP, [frame], self.home))
        self.check()

    def check(self) -> None:
        report = self.read(ledger.check)
        assert report.ok, report.differences
        assert self.read(lambda tx: conservation.differences(tx, BY, SHOP)) == []

    def later(self, us: int) -> None:
        self.t += us
        self.clock.set(self.t)
        jobs.run_due(self.db, self.clock, neighbourhood=N)
        self.check()

    def new_run(self) -> None:
        """The engine begins anew."""
        self.t += SECOND_US
        run = self.write(lambda tx: service.begin_run(tx, BY, SHOP, layout(), start=self.t - T0, at_us=self.t))
        self.run, self.seq = run.number, 0

    def knows(self, visit: str) -> bool:
        """True when the visit has come in during this run."""
        return self.read(lambda tx: records.visit(tx, SHOP, self.id(visit, self.run))) is not None

    def deal(self, visit: str = "v1") -> deals.Deal:
        return self.read(lambda tx: deals.get(tx, BY, self.id(visit)))

    def id(self, visit: str = "v1", run: int = 1) -> UUID:
        return visit_id(N, SHOP, run, visit)

    def on_shelf(self, product: str, facing: str | None = None) -> tuple[int, int]:
        """(on the shelf, in hands)"""
        key = books.shelf(SHOP, facing or f"F{product}", product)
        balance = self.read(lambda tx: ledger.balance(tx, key))
        return balance.available, balance.pending_out

    def lost(self, product: str) -> int:
        return self.read(lambda tx: ledger.balance(tx, books.lost(SHOP, product)).posted)

    def wallet(self) -> int:
        return self.read(lambda tx: ledger.balance(tx, payments.wallet(str(PERSON))).posted)

    def inside(self) -> int:
        return self.read(lambda tx: ledger.balance(tx, books.capacity("inside", SHOP)).pending_in)

    def facts(self, kind: str = "walkout.") -> list[str]:
        found = self.read(lambda tx: journal.read(tx, BY))
        return [fact.kind.removeprefix(kind) for fact in found if fact.kind.startswith(kind)]


def settled(shop: Shop) -> Shop:
    """The shop is settled: a tenth of what it sells, and the tax on that, is ours."""

    def act(tx: Tx) -> None:
        settlement.add_party(tx, BY, MERCHANT, name_ko="가게", name_en="Shop", shop=SHOP, at_us=T0)
        terms = Terms(id=derived("terms"), holder=MERCHANT, purpose="sales", receiver="platform", bp=1_000, from_us=T0)
        settlement.set_terms(tx, BY, terms, at_us=T0)
        settlement.set_account(tx, BY, MERCHANT, "payee-1", id=derived("payee"), at_us=T0)

    shop.write(act)
    return shop


def came(visit: str = "v1", credential: str | None = "c1", role: Any = "customer") -> Entered:
    return Entered(T0 / 1e6, visit, credential, role, None)


def left(visit: str = "v1", credential: str | None = "c1") -> Left:
    return Left(T0 / 1e6, visit, credential)


def moved(
    kind: Any = "pick", product: str | None = "A", qty: int = 1, *, id: str = "m1", facing: str | None = None,
    visit: str | None = "v1", probability: float = 0.9, revision: int = 0, retracted: bool = False, t: float = 0.0,
) -> Moved:  # fmt: skip
    facing = facing or (f"F{product}" if product else None)
    return Moved(t, id, kind, product, qty, facing, "1-1-1", visit, None, None, probability, revision, retracted)


def unknown(
    grams: float, *, id: str = "u1", facing: str | None = None, visit: str | None = "v1", t: float = 0.0
) -> Moved:
    """Something that is no known goods; on a plate without a facing where `facing` is None."""
    return Moved(t, id, "unknown", None, 0, facing, "1-1-4", visit, None, None, 0.98, grams=grams)


def receipt(
    lines: dict[str, int],
    decision: Any = "charge",
    visit: str = "v1",
    revision: int = 0,
    grams: float = 0.0,
    others: list[dict[str, int]] | None = None,
    noted: tuple[Noted, ...] = (),
) -> Receipt:
    def made(items: dict[str, int]) -> tuple[Line, ...]:
        return tuple(Line(p, n, grams or 100.0 * n, 0.9) for p, n in items.items())

    alternatives = tuple(Alternative(0.3, made(items)) for items in others or [])
    return Receipt(T0 / 1e6, visit, "c1", made(lines), 0.9, decision, alternatives, revision, noted)
