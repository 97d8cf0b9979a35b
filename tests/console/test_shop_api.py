"""A shop's affairs as JSON: what a key's scopes open, in whose shop. Whatever a program can send: tests/web."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

import pytest
from tests.asking import Client
from tests.databases import SQLITE
from tests.storefront.street import BY, N, Street

from madang import members
from madang.console import shop_api
from madang.db import Database
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7
from madang.members import api_keys
from madang.members.knowing import Knowing
from madang.web import Shopfront, create_app

pytestmark = SQLITE
DEV = UUID(int=0xDE)
EVERY = tuple(one.name for one in api_keys.scopes() if one.name != "me.read")
PATHS = {
    "orders.read": ("GET", "/orders", None),
    "orders.write": ("POST", f"/orders/{DEV}/steps", {"step": "pack"}),
    "catalogue.read": ("GET", "/products", None),
    "catalogue.write": ("PUT", "/products/NEW", {"name_ko": "새것", "name_en": "New"}),
    "prices.write": ("PUT", "/prices", {"prices": [{"product": "RAMEN", "price_krw": 900}]}),
    "stock.read": ("GET", "/stock", None),
    "stock.write": ("POST", "/stock/receipts", {"lots": [{"sku": "RAMEN", "amount": 1}]}),
}


class Program:
    """A program of somebody who is an integrator in ``s1``."""

    def __init__(self, street: Street) -> None:
        self.street = street.open()
        app = create_app(
            Shopfront(
                neighbourhood=N, clock=street.clock, more=[shop_api.router(street.db, street.clock, N)],
                identify=Knowing(street.db, street.clock, N),
            )
        )  # fmt: skip
        self.client = Client(app)
        street.write(lambda tx: members.add_person(tx, BY, key=DEV, fields={}, at_us=1))
        street.write(lambda tx: members.give_role(tx, BY, DEV, Role.INTEGRATOR, shop="s1", at_us=1))

    def key(self, *scopes: str) -> str:
        token, by = api_keys.new_token(), Actor(Kind.PERSON, str(DEV), N, frozenset({Role.INTEGRATOR}))
        made = {"id": self.street.ids.new(), "token": token, "name": "x", "scopes": scopes, "days": 9}
        self.street.write(lambda tx: api_keys.make(tx, by, DEV, at_us=self.street.now, **made))
        return token

    def ask(self, token: str, method: str, path: str, body: Any = None, *, key: str = "", shop: str = "s1") -> Any:
        self.street.clock.advance(s=1)
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        more: dict[str, Any] = {} if body is None else {"json": body}
        return self.client.request(method, f"/v1/shops/{shop}{path}", headers=headers, own_form=False, **more)

    def good(self, *asked: Any, **more: Any) -> Any:
        answer = self.ask(*asked, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def program(db: Database, clock: ManualClock, ids: Uuid7) -> Program:
    return Program(Street(db, clock, ids))


def test_a_scope_opens_what_it_names_and_nothing_else(program: Program) -> None:
    assert set(EVERY) == PATHS.keys()
    for scope in EVERY:
        token = program.key(scope)
        for other, (method, path, body) in PATHS.items():
            answer = program.ask(token, method, path, body, key=str(uuid5(DEV, scope + other)))
            if other == scope:
                assert answer.status_code in (200, 404), answer.text
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "actor.scope_needed")
    assert program.ask(program.key("me.read"), "GET", "/orders").status_code == 403


def test_a_key_opens_nothing_of_another_shop(program: Program) -> None:
    street, token = program.street, program.key(*EVERY)
    street.put("RAMEN", shop="s2")
    order = street.place(street.begin(), choices={"s2": _fetch("s2")}).orders[0]
    for method, path, body in PATHS.values():
        answer = program.ask(token, method, path, body, key="k", shop="s2")
        assert (answer.status_code, answer.json()["code"]) == (403, "actor.other_shop"), path
    assert program.ask(token, "GET", f"/orders/{order}").status_code == 404
    assert program.ask(token, "POST", f"/orders/{order}/steps", {"step": "pack"}, key="k2").status_code == 404
    assert program.good(token, "GET", "/orders")["orders"] == []
    assert street.state(order) == "paid"
    street.write(lambda tx: members.close_role(tx, BY, DEV, Role.INTEGRATOR, shop="s1", at_us=street.now))
    assert program.ask(token, "GET", "/orders").status_code == 401, "who is no integrator any more has no program"


def test_a_program_prices_stocks_and_moves_orders_on_once(program: Program) -> None:
    street, token = program.street, program.key(*EVERY)
    new = {"name_ko": "떡", "name_en": "Rice cake", "gtin": "8801234567893"}
    assert program.good(token, "PUT", "/products/TTEOK", new, key="a")["own"] is True
    program.good(token, "PUT", "/prices", {"prices": [{"product": "TTEOK", "price_krw": 3_500}]}, key="b")
    lots = {"lots": [{"sku": "TTEOK", "amount": 4, "lot": "2026-10-01"}]}
    for _ in range(2):
        assert program.good(token, "POST", "/stock/receipts", lots, key="c")["stock"][0]["on_hand"] == 4
    counted = {"sku": "TTEOK", "amount": 3, "lot": "2026-10-01"}
    assert program.good(token, "POST", "/stock/counts", counted, key="d") == {"difference": -1}
    assert street.available("TTEOK") == 3
    found = program.good(token, "GET", "/products?text=TTEOK")["products"]
    assert [(one["id"], one["price_krw"], one["gtin"]) for one in found] == [("TTEOK", 3_500, "8801234567893")]
    order = street.buy({"RAMEN": 1})
    assert [one["id"] for one in program.good(token, "GET", "/orders?state=paid")["orders"]] == [str(order)]
    for step, key in (("pack", "e"), ("pack", "e"), ("make_ready", "f"), ("hand_over", "g")):
        program.good(token, "POST", f"/orders/{order}/steps", {"step": step}, key=key)
    assert program.good(token, "GET", f"/orders/{order}")["state"] == "picked_up"
    again = program.ask(token, "POST", f"/orders/{order}/steps", {"step": "pack"}, key="h")
    assert again.status_code == 409
    taken = program.ask(token, "PUT", "/products/RAMEN", new | {"gtin": None}, key="i")
    assert (taken.status_code, taken.json()["code"]) == (422, "catalog.not_own"), "the neighbourhood's stay its own"


def _fetch(place: str) -> Any:
    from madang.storefront.placing import Choice

    return Choice(way="pickup", place=place)
