"""Trying the demo as somebody: one form, and the session is theirs with the roles they hold."""

from __future__ import annotations

import pytest
from tests.asking import Client
from tests.places.small_layout import small_layout

from madang import ledger, places
from madang.db import Database, Tx
from madang.demo import visitors
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.kernel import ManualClock, Uuid7
from madang.members.knowing import Knowing
from madang.payments import wallet
from madang.ui import Pages
from madang.web import Shopfront, create_app


@pytest.fixture
def client(db: Database, clock: ManualClock, ids: Uuid7) -> Client:
    def begin(tx: Tx) -> None:
        places.add_shop(tx, visitors.BY, SHOP, "가게", "Shop", small_layout(), clock.now_us())

    db.write(begin, neighbourhood=NEIGHBOURHOOD)
    knows = Knowing(db, clock, NEIGHBOURHOOD)
    more = [visitors.router(db, clock, ids, Pages())]
    return Client(create_app(Shopfront(neighbourhood=NEIGHBOURHOOD, clock=clock, more=more, identify=knows)))


def test_one_tap_signs_a_visitor_in_again_and_again_with_one_wallet(client: Client, db: Database) -> None:
    assert client.get("/try").text.count("<form") == len(visitors.PERSONAS)
    for _ in range(2):
        for persona in visitors.PERSONAS:
            answer = client.post("/try", data={"who": persona.name})
            assert (answer.status_code, answer.headers["location"]) == (303, persona.begins)
            assert "madang_session=" in answer.headers["set-cookie"]
    person = str(visitors.PERSONAS[0].key)
    held = db.read(lambda tx: ledger.balance(tx, wallet(person)), neighbourhood=NEIGHBOURHOOD)
    assert held.posted == visitors.WALLET_KRW


def test_who_is_somebody_has_their_roles_and_nobody_is_refused(client: Client) -> None:
    client.post("/try", data={"who": "operator"})
    assert 'href="/try"' in client.get("/try").text
    answer = client.post("/try", data={"who": "nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "demo.nobody")
