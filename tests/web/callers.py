"""The whole served neighbourhood with the real door, and everybody who may come through it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from uuid import UUID

from tests.web.world import MINA, SHOP, World, members_system, mina

from madang import ledger, members, payments
from madang.catalog import stock
from madang.db import Database, Tx
from madang.kernel import Actor, Kind, ManualClock, Role
from madang.members import api_keys, sessions
from madang.serve import site
from madang.storefront import carts, checkout
from madang.storefront.placing import Choice, Placing
from madang.storefront.terms import Terms, set_terms
from madang.ui.session import token_of

N, KEY = "n1", "a-key-that-only-machines-have"
MAYOR = UUID(int=0x0FF1CE)
GUEST = "a" * 22


class Callers(World):
    """A shop that sells online, MINA with money, orders and a program, an operator, a machine with its key."""

    def __init__(self, db: Database, folder: Path, clock: ManualClock) -> None:
        super().__init__(db, folder, clock, key=KEY, known=site.identify, sandbox_gateway=True)
        clock.set(max(clock.now_us(), self.stage.shop.clock.now_us()))
        at_us = self.clock.now_us()
        self.write(members.add_person, key=MAYOR, fields={}, at_us=1)
        self.write(members.give_role, MAYOR, Role.OPERATOR, at_us=1)
        for n, (person, token) in enumerate(((MINA, "mina"), (MAYOR, "mayor"))):
            by = Actor(Kind.PERSON, str(person), N)
            begin = {"token": token, "way": "link", "device": "", "proved_at_us": at_us, "at_us": at_us}
            self.write(sessions.begin, by=by, id=UUID(int=0x5E + n), **begin)
        self.token = api_keys.new_token()
        made = {
            "id": UUID(int=7),
            "token": self.token,
            "name": "x",
            "scopes": [one.name for one in api_keys.scopes()],
            "days": 300,
        }
        self.write(api_keys.make, MINA, by=mina(Role.INTEGRATOR), at_us=at_us, **made)
        money = payments.top_up(id=UUID(int=8), person=str(MINA), amount_krw=900_000, at_us=at_us)
        self.write(lambda tx, _by: ledger.post(tx, money))
        self.write(partial(_sells, at_us=at_us))
        self.ordered(UUID(int=0xC0))
        self.stage.doubtful("v1", {"A": 1}, {"A": 2}, {"B": 1})

    def ordered(self, id: UUID) -> UUID:
        """An order of MINA's; and something in her cart."""
        by, at_us = carts.shopper(mina()), self.clock.now_us()

        def order(tx: Tx, _by: Actor) -> UUID:
            carts.put(tx, by, SHOP, "A", 1, at_us=at_us, add=False)
            checkout.begin(tx, by, id=id, at_us=at_us)
            how = Placing(choices={SHOP: Choice(way="pickup", place=SHOP)})
            [placed] = checkout.place(tx, by, id, how, at_us=at_us).orders
            carts.put(tx, by, SHOP, "A", 2, at_us=at_us, add=False)
            return placed

        return self.write(order)

    def headers(self, who: str) -> dict[str, str]:
        """What somebody's browser or program sends with everything."""
        if who == "integrator":
            return {"Authorization": f"Bearer {self.token}"}
        if who == "machine":
            return {"Authorization": f"Bearer {KEY}"}
        if who == "visitor":
            return {"Cookie": f"madang_guest={GUEST}", "X-CSRF-Token": token_of(GUEST)}
        token = {"neighbour": "mina", "operator": "mayor"}[who]
        sent = {"Cookie": f"madang_session={token}", "X-CSRF-Token": token_of(token)}
        return sent | ({"Authorization": f"Bearer {KEY}"} if who == "operator" else {})


def _sells(tx: Tx, _by: Actor, *, at_us: int) -> None:
    by = members_system()
    set_terms(tx, by, SHOP, Terms(fetch_at=(SHOP,), from_shelves=True), at_us=at_us)
    goods = [stock.Lot(sku=sku, amount=10_000) for sku in ("A", "B")]
    stock.receive(tx, by, SHOP, goods, id=UUID(int=9), at_us=at_us)
