"""A town that is served by ``madang serve`` as a process of its own, and the people who keep it busy over HTTP.

Whoever asks repeats what was not answered under the same key, as browsers and programs do; what must hold of the
books in the end is in ``balanced``.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from tests.payments.fake_gateway import server as mishaps
from tests.payments.fake_gateway.server import FakeGateway
from tests.serve.serve_shop import free_port
from tests.storefront.street import BY, N, Street, buyer

from madang import ledger, members, payments, settlement, vouchers
from madang.catalog import stock
from madang.db import Database, Tx, open_database
from madang.deals import service as deals
from madang.jobs.records import outbox
from madang.kernel import Actor, Kind, Role, SystemClock, Uuid7, derived
from madang.members import sessions
from madang.payments import charge_records
from madang.payments.links import PayLinks
from madang.serve import keys
from madang.storefront.actions import order_of
from madang.storefront.process import NAME
from madang.ui.session import token_of

MONEY, GOODS, SOON_S = 50_000_000, 1_000_000, 600
SOLD = ("RAMEN", "RICE")
GONE = (httpx.TransportError, ConnectionError)
HTML = {"Accept": "text/html"}
MISHAPS = {
    "open": [mishaps.RESET, mishaps.ERROR_500, mishaps.SLOW],
    "confirm": [
        mishaps.CHARGED_THEN_RESET, mishaps.DONE_THEN_500, mishaps.GARBAGE, mishaps.RESET, mishaps.ERROR_500,
        mishaps.HTML_502, mishaps.SLOW, mishaps.DECLINED, mishaps.WRONG_AMOUNT,
    ],
    "look": [mishaps.SLOW],
    "give_back": [mishaps.CHARGED_THEN_RESET, mishaps.DONE_THEN_500, mishaps.RESET, mishaps.ERROR_500, mishaps.GARBAGE],
}  # fmt: skip


def person(n: int) -> UUID:
    return derived("busy.person", n)


def mayor(n: int) -> UUID:
    """An operator for each neighbour: what one person may ask for in a second is limited."""
    return derived("busy.mayor", n)


class Town:
    """``home`` and the database at ``url``; two shops, the second one a merchant's who is paid out every day."""

    def __init__(self, home: Path, url: str, people: int, rng: random.Random) -> None:
        self.home, self.url, self.people, self.rng = home, url, people, rng
        self.clock = SystemClock()
        self.fake = FakeGateway("toss", self.clock)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.command: list[str] = []
        self.links = PayLinks(keys.kept_secret(home / "payment-links.key"))
        (home / "edges.toml").write_text('s1 = "a-key-of-a-machine"\n', encoding="utf-8")
        with open_database(url, clock=self.clock) as db:
            self._fill(db)

    def _fill(self, db: Database) -> None:
        street = self.street(db).open(amounts=GOODS)
        at_us = self.clock.now_us()

        def add(tx: Tx) -> None:
            for key in map(mayor, range(self.people + 1)):
                members.add_person(tx, BY, key=key, fields={}, at_us=at_us)
                members.give_role(tx, BY, key, Role.OPERATOR, at_us=at_us)
            settlement.add_party(tx, BY, "merchant/m2", name_ko="상인", name_en="Merchant", shop="s2", at_us=at_us)
            schedule = settlement.Schedule(goods_d=0, booking_d=0)
            settlement.set_schedule(tx, BY, "merchant/m2", schedule, from_us=at_us)
            settlement.set_account(tx, BY, "merchant/m2", "acct-m2", id=derived("busy.acct"), at_us=at_us)
            won = vouchers.ProgrammeKind.VOUCHER
            vouchers.add_issuer(
                tx, BY, vouchers.Issuer(id="city", name_ko="시", name_en="City", klass="other", officer=str(mayor(0)))
            )
            made = vouchers.Programme(id="won", issuer="city", kind=won, name_ko="상품권", name_en="Won", from_us=1)
            vouchers.add_programme(tx, BY, made)
            rule = vouchers.Rule(programme="won", from_us=at_us, discount_bp=0, month_cap_krw=0, holding_cap_krw=0)
            vouchers.set_rule(tx, BY, rule, at_us=at_us)
            asks = vouchers.Merchant(
                id=derived("busy.member"), programme="won", shop="s1", category="food", region="", sales_krw=1_000_000,
                proof="x", applied_us=at_us, state=vouchers.MerchantState.APPLIED,
            )  # fmt: skip
            vouchers.apply(tx, BY, asks)
            vouchers.decide(tx, BY, asks.id, approve=True, at_us=at_us)

        street.write(add)
        for n in range(self.people):
            street.join(buyer(person(n)), MONEY)
        for key in (*map(mayor, range(self.people + 1)), *map(person, range(self.people))):
            begin: dict[str, Any] = {"way": "link", "device": "", "proved_at_us": at_us, "at_us": at_us}
            by = Actor(Kind.PERSON, str(key), N)
            street.write(lambda tx, by=by, key=key, begin=begin: sessions.begin(  # type: ignore[misc]
                tx, by, id=derived("busy.session", key), token=f"t-{key}", **begin))  # fmt: skip

    def street(self, db: Database) -> Street:
        return Street(db, self.clock, Uuid7(self.clock, random.Random(1)))  # type: ignore[arg-type]

    # --- the process ----------------------------------------------------------------------------------------------
    def open(self) -> None:
        """``madang serve``, and wait until it answers."""
        settings = {
            "MADANG_TOSS_SECRET": "test_sk_busy", "MADANG_TOSS_ADDRESS": self.fake.address,
            "MADANG_PUBLIC_URL": self.address, "MADANG_JOB_LEASE_S": "3", "MADANG_LOG_LEVEL": "ERROR",
            "MADANG_HOME": str(self.home), "MADANG_PORT": str(self.port), "MADANG_DATABASE": self.url,
        }  # fmt: skip
        served = [sys.executable, "-m", "madang.cli", "serve", "--edges", str(self.home / "edges.toml")]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command or served, env=os.environ | settings, stdout=log, stderr=log)
        until = time.monotonic() + 90
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(*GONE):
                if httpx.get(f"{self.address}/health", trust_env=False, timeout=5, verify=False).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"madang serve did not open: {self.log()[-3000:]}")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.fake.close()

    def trouble(self) -> None:
        """The gateway's next requests go wrong in some way."""
        what = self.rng.choice(list(MISHAPS))
        if self.fake.expected(what) < 3:
            self.fake.mishap(what, self.rng.choice(MISHAPS[what]))

    def settles(self, s_max: float = 200) -> None:
        """The gateway is itself again; wait until every outside call that was owed has been made: nobody does anything.

        What was opened and never paid is looked at again in hours: that is not waited for.
        """
        self.fake.calm()
        until = time.monotonic() + s_max
        while owed := [one for one in self.owed() if one[2] < SOON_S]:
            if time.monotonic() > until:
                raise AssertionError(f"calls are still owed: {owed[:20]}\n{self.log()[-2000:]}")
            time.sleep(1)

    def owed(self) -> list[tuple[Any, ...]]:
        """What waits in the outbox: its kind, how often it was tried, in how many seconds again, and why not yet.
        Read past the program, which goes on."""
        now_us, o = self.clock.now_us(), outbox.c
        asked = sa.select(o.kind, o.attempts, (o.next_us - now_us) / 1_000_000, o.error, o.payload)
        engine = sa.create_engine(self.url)
        with contextlib.closing(engine.connect()) as link:
            found = [tuple(row) for row in link.execute(asked.where(o.next_us.is_not(None)))]
        engine.dispose()
        return found


class Somebody:
    """A person with a session; ``faults`` are answers nobody should ever get."""

    def __init__(self, town: Town, key: UUID, seed: int) -> None:
        self.town, self.key, self.rng = town, key, random.Random(seed)
        self.stopping = threading.Event()
        self.faults: list[str] = []
        self.took_ms: list[float] = []
        self.done: Counter[str] = Counter()
        self.session = f"t-{key}"
        self.number = seed * 1_000_000
        self._http = httpx.Client(
            base_url=town.address, trust_env=False, timeout=20, cookies={"madang_session": self.session},
            headers={"X-CSRF-Token": token_of(self.session)},
        )  # fmt: skip

    def close(self) -> None:
        self._http.close()

    def once(self) -> str:
        self.number += 1
        return f"busy-{self.number}"

    def ask(self, method: str, path: str, key: str = "", **more: Any) -> httpx.Response:
        """Asked again until it is answered: the line was cut, the server is away, it is asked too much."""
        headers = {"Accept": "application/json"} | more.pop("headers", {}) | ({"Idempotency-Key": key} if key else {})
        until = time.monotonic() + 120
        while True:
            began = time.monotonic()
            try:
                answer = self._http.request(method, path, headers=headers, **more)
            except GONE:
                answer = None
            if answer is not None and answer.status_code not in (429, 503):
                self.took_ms.append((time.monotonic() - began) * 1000)
                if answer.status_code >= 500:
                    self.faults.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
                return answer
            if answer is not None and answer.status_code == 503 and not _typed(answer):
                self.faults.append(f"{method} {path}: untyped 503 {answer.text[:300]}")
            if time.monotonic() > until:
                raise AssertionError(f"{method} {path} was never answered")
            time.sleep(0.6 if answer is not None and answer.status_code == 429 else 0.15)

    def press(self, path: str, key: str = "", **fields: Any) -> httpx.Response:
        """Send a form."""
        form = {"csrf_token": token_of(self.session), "idempotency_key": key or self.once()} | fields
        return self.ask("POST", path, data=form, headers=HTML)

    def live(self) -> None:
        """Until told to stop; what goes wrong is a fault."""
        try:
            while not self.stopping.is_set():
                self.act()
        except Exception as fault:
            self.faults.append(f"{type(self).__name__}: {fault!r}")
            raise

    def act(self) -> None:
        raise NotImplementedError


def _typed(answer: httpx.Response) -> bool:
    """A refusal of ours: a problem document with a code, or a page of ours for people."""
    if "json" in answer.headers.get("content-type", ""):
        return "code" in answer.json()
    return "x-request-id" in answer.headers and "<h1>" in answer.text


class Neighbour(Somebody):
    """Buys, pays by wallet, card or both, cancels, gives back; ``placed`` are the checkouts that became orders."""

    def __init__(self, town: Town, n: int) -> None:
        super().__init__(town, person(n), n + 1)
        self.mayor = Mayor(town, n)
        self.placed: dict[str, list[str]] = {}

    def act(self) -> None:
        shop, sku = self.rng.choice(["s1", "s2"]), self.rng.choice(SOLD)
        amount = self.rng.randint(1, 3)
        cart = self.ask("PUT", "/v1/cart/lines", self.once(), json={"shop": shop, "sku": sku, "amount": amount})
        if cart.status_code != 200:
            return self._odd("cart", cart)
        held = self.ask("POST", "/v1/checkouts", self.once())
        if held.status_code != 200:
            return self._odd("checkout", held)
        id = held.json()["id"]
        total = sum(line["amount_krw"] for group in held.json()["groups"] for line in group["lines"])
        parts = self._parts(total)
        choices = {group["shop"]: {"way": "pickup", "place": group["shop"]} for group in held.json()["groups"]}
        said = {"choices": choices, "parts": parts}
        placed = self.ask("POST", f"/v1/checkouts/{id}/orders", self.once(), json=said)
        if placed.status_code != 200:
            return self._odd("order", placed)
        answer = placed.json()
        self.placed[id] = answer["orders"]  # two where what was not paid lay in the cart again, from the other shop
        self.done["order"] += 1
        if any(part["means"] == "toss" for part in parts):
            self._pay(UUID(answer["payment"]["id"]))
        for order in answer["orders"]:
            self._after(order)
        return None

    def close(self) -> None:
        super().close()
        self.mayor.close()

    def _odd(self, what: str, answer: httpx.Response) -> None:
        code = answer.json().get("code", "?") if answer.status_code < 500 else "5xx"
        self.done[f"{what}: {code}"] += 1

    def _parts(self, total: int) -> list[dict[str, Any]]:
        how = self.rng.random()
        if how < 0.3:
            return [{"means": "wallet", "amount_krw": total}]
        if how < 0.7:
            return [{"means": "toss", "amount_krw": total}]
        some = self.rng.randint(1, total - 1)
        return [{"means": "wallet", "amount_krw": some}, {"means": "toss", "amount_krw": total - some}]

    def _pay(self, payment: UUID) -> None:
        """To the gateway and back; sometimes the browser is closed there, or comes back twice."""
        here = self.town.links.address(payment)
        page = self.ask("GET", here, headers=HTML).text
        go = re.search(r'action="(/pay/[^"]+/go/\d+)"', page)
        if go is None:
            return
        self.press(go[1])
        leave = self.ask("GET", go[1].replace("/go/", "/to/"), headers=HTML, follow_redirects=True).text
        there = re.search(re.escape(self.town.fake.address) + r"/page/(\w+)", leave)
        if there is None or self.rng.random() < 0.05:
            return
        account = self.town.fake.desk.agree(there[1])
        back = self.town.fake.side.back_address(account).removeprefix(self.town.address)
        for _ in range(self.rng.choice([1, 1, 2])):
            self.ask("GET", back, headers=HTML)
        self.done["paid"] += 1

    def _after(self, order: str) -> None:
        what = self.rng.random()
        if what < 0.3:
            self._step("cancel", order)
        elif what < 0.8:
            self.mayor.serves(order)
            if what < 0.55:
                self._gives_back(order)
            elif self._step("confirm", order) and what < 0.7:
                self._gives_back(order, "defective")

    def _step(self, step: str, order: str) -> bool:
        answer = self.ask("POST", f"/v1/orders/{order}/{step}", self.once())
        self.done[step] += answer.status_code == 200
        return answer.status_code == 200

    def _gives_back(self, order: str, reason: str = "change_of_mind") -> None:
        asked = {"lines": [{"line": 1, "amount": 1}], "reason": reason}
        if self.ask("POST", f"/v1/orders/{order}/returns", self.once(), json=asked).status_code == 200:
            self.mayor.press(f"/orders/{order}/take_back", sellable="yes")
            self.done["back"] += 1


class Mayor(Somebody):
    """Whoever serves: packs, hands over, takes back; by themselves, says which payouts the bank has made."""

    def __init__(self, town: Town, n: int) -> None:
        super().__init__(town, mayor(n), 1000 + n)

    def serves(self, order: str) -> None:
        for step in ("pack", "make_ready", "hand_over"):
            if self.press(f"/orders/{order}/{step}", age_checked="yes").status_code >= 400:
                return

    def act(self) -> None:
        """Marks payouts as paid at the bank."""
        page = self.ask("GET", "/console/settlement", headers=HTML).text
        for payout in sorted(set(re.findall(r"/console/settlement/payouts/([0-9a-f-]{36})", page))):
            self.done["payout"] += self.press(f"/console/settlement/payouts/{payout}", what="paid").status_code == 303
        time.sleep(1)


class Looker(Somebody):
    """Looks around."""

    def __init__(self, town: Town, n: int) -> None:
        super().__init__(town, person(n), n + 1)

    def act(self) -> None:
        shop = self.rng.choice(["s1", "s2"])
        pages = [
            "/shops",
            f"/shops/{shop}",
            f"/shops/{shop}/search?q=라면",
            "/cart",
            "/orders",
            "/v1/cart",
            "/v1/orders",
        ]
        self.done["look"] += self.ask("GET", self.rng.choice(pages), headers=HTML).status_code == 200
        time.sleep(0.2)


class Voucherer(Somebody):
    """Buys local currency and pays with it at the first shop, or has it back."""

    def __init__(self, town: Town, n: int) -> None:
        super().__init__(town, person(n), n + 1)

    def act(self) -> None:
        bought = self.press("/vouchers/won/buy", amount="10000", told="10000")
        self.done["voucher"] += bought.status_code == 303
        paid = self.press("/vouchers/pay/s1", programme="won", amount="3000", confirmed="1")
        self.done["voucher paid"] += paid.status_code == 303
        time.sleep(0.5)


class Stockkeeper(Somebody):
    """Receives and counts goods that nobody orders."""

    def __init__(self, town: Town, n: int) -> None:
        super().__init__(town, mayor(n), 2000 + n)

    def act(self) -> None:
        act, amount = self.rng.choice([("receive", 5), ("count", 1_000_000)])
        answer = self.press(f"/console/stock/{self.rng.choice(['s1', 's2'])}/MILK", act=act, amount=str(amount))
        self.done["stock"] += answer.status_code == 303
        time.sleep(0.3)


class Pricer(Somebody):
    """Puts prices up and down again."""

    def __init__(self, town: Town, n: int) -> None:
        super().__init__(town, mayor(n), 3000 + n)

    def act(self) -> None:
        for value in ("10", "-9"):
            made = self.press("/console/prices", how="percent", value=value, product="RAMEN", step_krw="10")
            change = made.headers.get("location", "").partition("?")[0]
            if change.startswith("/console/changes/"):
                self.done["price"] += self.press(f"{change}/apply").status_code == 303
        time.sleep(0.5)


@contextlib.contextmanager
def living(people: list[Any]) -> Iterator[None]:
    """They all go about their lives; at the end each finishes what is in hand."""
    threads = [threading.Thread(target=one.live, daemon=True) for one in people]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for one in people:
            one.stopping.set()
        for thread in threads:
            thread.join(180)
        assert not any(thread.is_alive() for thread in threads), "somebody never finished"
        for one in people:
            one.close()


def balanced(town: Town, neighbours: list[Neighbour]) -> dict[str, int]:
    """What must hold when everything has been made good; gives what happened, for the report."""
    with open_database(town.url, clock=town.clock) as db:
        street = town.street(db)
        street.write(lambda tx: ledger.expire(tx, town.clock.now_us()))
        return street.read(lambda tx: _balanced(tx, town, neighbours))


def _balanced(tx: Tx, town: Town, neighbours: list[Neighbour]) -> dict[str, int]:
    books = ledger.check(tx)
    assert books.ok, {name: one.differences for name, one in books.books.items() if one.differences}
    assert [*settlement.differences(tx), *vouchers.differences(tx)] == []
    for code in ("tender", "returning"):
        left = {str(key): one for key, one in ledger.balances(tx, book="money", code=code).items() if one.posted}
        assert left == {}, code
    found = every_order(tx)
    mine = [order for one in neighbours for orders in one.placed.values() for order in orders]
    assert len(set(mine)) == len(mine), "two checkouts became one order"
    assert set(mine) <= set(found), "an order that was told is not there"
    more = {order: (found[order], deals.history(tx, BY, UUID(order))) for order in set(found) - set(mine)}
    assert more == {}, "there is an order that nobody was told of"
    _money_agrees(tx, town)
    _goods_agree(tx, found)
    return dict(Counter(deal.state for deal in found.values()))


def every_order(tx: Tx) -> dict[str, Any]:
    found, cursor = {}, None
    while True:
        page = deals.find(tx, BY, process=NAME, cursor=cursor, limit=200)
        found |= {str(deal.id): deal for deal in page.rows}
        cursor = page.next
        if cursor is None:
            return found


def _money_agrees(tx: Tx, town: Town) -> None:
    """Every won the gateway holds of a payer is in our clearing account; a charge belongs to one captured payment, or
    all of it went back."""
    held = ledger.balances(tx, book="money", code="gateway").values()
    assert -sum(one.posted - one.pending_out for one in held) == town.fake.desk.charged_krw
    for order, account in town.fake.desk.by_order.items():
        charge = charge_records.charge(tx, BY, order)
        assert charge is not None, "the gateway has a payment that we do not know"
        paying = payments.get(tx, BY, charge.payment)
        part = next(one for one in paying.parts if one.number == charge.number)
        ours = part.captured_krw - part.refunded_krw
        assert account.left == ours, (paying.state, account.state, account.left, ours)


def _goods_agree(tx: Tx, found: dict[str, Any]) -> None:
    """What left the shops is what the buyers of orders that stand still have, to the piece; nothing else is held."""
    kept: Counter[tuple[str, str]] = Counter()
    waiting: Counter[tuple[str, str]] = Counter()
    for deal in found.values():
        order = order_of(deal)
        for line in order.lines if deal.state not in ("cancelled", "expired") else ():
            (waiting if deal.state == "placed" else kept)[deal.shop, line.sku] += order.left(line)
    for sku, at in stock.levels(tx, BY, SOLD).items():
        for shop in ("s1", "s2"):
            assert GOODS - at[shop].on_hand == kept[shop, sku], (shop, sku)
            assert at[shop].reserved >= waiting[shop, sku], (shop, sku)
