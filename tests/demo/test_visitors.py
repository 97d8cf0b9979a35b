"""Trying the demo as somebody: one form, and the session is theirs with the roles they hold."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from tests.asking import Client
from tests.places.small_layout import small_layout

from madang import ledger, members, places
from madang.db import Database, Tx
from madang.demo import mailbox, opening, visitors
from madang.demo.along import Along
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.kernel import ManualClock, Uuid7, derived
from madang.members.knowing import Knowing
from madang.members.mail import Letter, hand_in, message_of, server_of
from madang.payments import wallet
from madang.ui import Pages
from madang.walkout import records
from madang.walkout.visits import Books, Visit
from madang.web import Shopfront, create_app


@pytest.fixture
def along(db: Database) -> Along:
    return Along(db)


@pytest.fixture
def client(db: Database, clock: ManualClock, ids: Uuid7, along: Along) -> Client:
    def begin(tx: Tx) -> None:
        places.add_shop(tx, visitors.BY, SHOP, "가게", "Shop", small_layout(), clock.now_us())

    db.write(begin, neighbourhood=NEIGHBOURHOOD)
    knows = Knowing(db, clock, NEIGHBOURHOOD)
    more = [visitors.router(db, clock, ids, Pages(), along)]
    return Client(create_app(Shopfront(neighbourhood=NEIGHBOURHOOD, clock=clock, more=more, identify=knows)))


def test_one_tap_signs_a_visitor_in_again_and_again_with_one_wallet(client: Client, db: Database) -> None:
    assert client.get("/try").text.count('name="who"') == len(visitors.PERSONAS)
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


def test_who_walks_along_is_the_next_shopper_and_only_the_next(client: Client, db: Database, along: Along) -> None:
    assert client.get("/try/along").headers["location"] == "/try", "only who asked for it"
    assert client.post("/try/along").headers["location"] == "/try/along"
    assert client.get("/try/along").status_code == 200
    me = visitors.NEIGHBOUR.key
    assert along.waits(me)
    for credential in ("c1", "c2", "c1"):  # the first is told again after a restart
        along.check_in(credential, f"household of {credential}", 1)
    assert not along.waits(me)

    def whose(tx: Tx) -> dict[str, UUID]:
        return dict(members.people_of(tx, visitors.BY, ["c1", "c2"]))

    found = db.read(whose, neighbourhood=NEIGHBOURHOOD)
    assert found == {"c1": me, "c2": opening.person_of("household of c2")}


def test_once_inside_the_phone_shows_the_visit(client: Client, db: Database) -> None:
    client.post("/try/along")
    visit = Visit(derived("v"), 1, "visit-1", "customer", str(visitors.NEIGHBOUR.key), 1, None, Books())
    db.write(lambda tx: records.add_visit(tx, SHOP, visit), neighbourhood=NEIGHBOURHOOD)
    assert client.get("/try/along").headers["location"] == "/phone"


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
