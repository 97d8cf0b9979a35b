"""Trying the demo as somebody: one form, and the session is theirs with the roles they hold."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from tests.asking import Client
from tests.places.small_layout import small_layout

from madang import ledger, places
from madang.db import Database, Tx
from madang.demo import mailbox, visitors
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.kernel import ManualClock, Uuid7
from madang.members.knowing import Knowing
from madang.members.mail import Letter, hand_in, message_of, server_of
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


def test_the_mailbox_shows_what_would_have_been_sent_the_newest_first(tmp_path: Path) -> None:
    server = server_of(f"folder:{tmp_path}")
    for n, subject in enumerate(("first", "second")):
        letter = Letter("neighbour@example.org", subject, "Hello.\n\nhttp://localhost/orders/1", "<p>Hello.</p>")
        hand_in(server, message_of(letter, "Madang <m@localhost>", id=UUID(int=n), at_us=n))
        os.utime(tmp_path / f"{UUID(int=n)}.eml", (n, n))
    app = create_app(Shopfront(neighbourhood=NEIGHBOURHOOD, more=[mailbox.router(tmp_path, Pages())]))
    page = Client(app).get("/try/mails", headers={"Accept": "text/html"}).text
    assert page.index("second") < page.index("first")
    assert '<a href="http://localhost/orders/1">' in page
