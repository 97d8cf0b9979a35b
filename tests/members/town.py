"""A neighbourhood whose accounts are served: people with software passkeys, each with a browser that keeps cookies."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import sqlalchemy as sa
from tests.asking import Client
from tests.members.authenticator import Authenticator

from madang import journal, members
from madang.db import Database
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7, system
from madang.members import account_pages, data_pages, door_pages, incident_pages, kept_pages, records
from madang.members.accounts import Accounts
from madang.members.knowing import Knowing
from madang.ui import Pages
from madang.web import Shopfront, create_app

HTML = {"Accept": "text/html"}
BY = system("n1")
KEY = "a key that only the operator has"


class Town:
    """``url`` is what the app is reached as: software passkeys are made for ``localhost``."""

    def __init__(self, db: Database, clock: ManualClock, **given: Any) -> None:
        self.db, self.clock = db, clock
        self.desk = Accounts(
            db,
            clock,
            Uuid7(clock),
            "n1",
            key=b"k" * 32,
            claims=lambda key: key == KEY,
            **({"public_url": "http://localhost"} | given),
        )
        pages = Pages()
        routers = [
            door_pages.router(self.desk, pages), account_pages.router(self.desk, pages),
            data_pages.router(self.desk, pages), account_pages.api(), incident_pages.router(self.desk, pages),
            kept_pages.router(self.desk, pages),
        ]  # fmt: skip
        self.app = create_app(
            Shopfront(neighbourhood="n1", clock=clock, more=routers, identify=Knowing(db, clock, "n1"))
        )

    def visitor(self) -> Browser:
        return Browser(self)

    def member(self, *roles: Role, shop: str | None = None, nickname: str = "") -> Browser:
        """Somebody who joined with a passkey and was given roles."""
        one = Browser(self)
        one.joins(nickname)
        for role in roles:
            self.write(members.give_role, one.person, role, shop=shop, at_us=self.clock.now_us())
        return one

    def write(self, use_case: Any, *args: Any, by: Actor = BY, **given: Any) -> Any:
        return self.db.write(lambda tx: use_case(tx, by, *args, **given), neighbourhood="n1")

    gives = staticmethod(members.give_role)

    def people(self) -> list[UUID]:
        """The keys of everybody who joined."""
        look = sa.select(records.people.c.key)
        return [key for (key,) in self.db.read(lambda tx: tx.rows(look), neighbourhood="n1")]

    def facts(self, person: UUID) -> list[str]:
        found = self.db.read(lambda tx: journal.read(tx, BY, subject=f"person:{person}"), neighbourhood="n1")
        return [fact.kind.removeprefix("members.") for fact in found]


class Browser:
    """``key`` is the passkey in it."""

    def __init__(self, town: Town) -> None:
        self.town, self.client, self.key = town, Client(town.app), Authenticator()

    @property
    def person(self) -> UUID:
        return UUID(self.client.get("/v1/me").json()["key"])

    @property
    def asks_as(self) -> Actor:
        """Who they are to a use case, with a role that opens much but no person's own things."""
        return Actor(Kind.PERSON, str(self.person), "n1", frozenset({Role.STAFF}))

    def opens(self, path: str, **given: Any) -> httpx.Response:
        self.town.clock.advance(s=1)
        return self.client.get(path, headers=HTML | given.pop("headers", {}), **given)

    def sends(self, path: str, **form: Any) -> httpx.Response:
        self.town.clock.advance(s=1)
        return self.client.post(path, data=form, headers=HTML)

    def asked(self, purpose: str) -> dict[str, Any]:
        self.town.clock.advance(s=1)
        answer = self.client.post("/account/passkey/options", data={"purpose": purpose})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def joins(self, nickname: str = "", **form: Any) -> httpx.Response:
        answer = self.key.creates(self.asked("join"))
        said = {"agreed": "true", "of_age": "true", "nickname": nickname} | form
        return self.sends("/account/passkey/join", answer=answer, **said)

    def signs_in(self) -> httpx.Response:
        return self.sends("/account/passkey/sign-in", answer=self.key.answers(self.asked("sign_in")))

    def proves(self, next: str = "") -> httpx.Response:
        answer = self.key.answers(self.asked("step_up"))
        return self.sends("/account/passkey/step-up", answer=answer, next=next)

    def is_in(self) -> bool:
        return self.opens("/account").status_code == 200


def code(answer: httpx.Response) -> str:
    """The code of a typed error, from its page or its document."""
    found = re.search(r"\b([a-z_]+\.[a-z0-9_]+)\b · ", answer.text) or re.search(r'"code":"([^"]+)"', answer.text)
    if answer.status_code == 303:
        return urlsplit(answer.headers["location"]).path
    named = re.search(rf"{answer.status_code} · ([a-z_.]+)", answer.text)
    return named.group(1) if named else found.group(1) if found else ""
