"""Trying the demo as somebody: one tap signs a visitor in as a neighbour, an operator, a merchant, a rider, …

Only a demo has this, and only on this machine: everybody who opens the page may be everybody there.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import ledger, members, payments
from madang.db import Database, Tx
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.kernel import Actor, Clock, Ids, NotFound, Role, derived, system
from madang.members import mailing, sessions
from madang.members.knowing import cookie
from madang.ui import Pages, access, language_of
from madang.walkout import phone

if TYPE_CHECKING:
    from madang.demo.along import Along

BY: Actor = system(NEIGHBOURHOOD, "demo/visitors")
WALLET_KRW = 200_000


class Persona(msgspec.Struct, frozen=True):
    """Somebody to be: ``name`` in addresses and texts, the roles they hold (in the demo's shop where ``in_shop``),
    the page they begin on."""

    name: str
    roles: tuple[Role, ...]
    begins: str
    in_shop: bool = False

    @property
    def key(self) -> UUID:
        return derived("demo.persona", self.name)


NEIGHBOUR = Persona("neighbour", (Role.NEIGHBOUR,), "/shops")
PERSONAS = (
    NEIGHBOUR,
    Persona("operator", (Role.NEIGHBOUR, Role.OPERATOR), "/console"),
    Persona("merchant", (Role.NEIGHBOUR, Role.MERCHANT), "/console", in_shop=True),
    Persona("officer", (Role.NEIGHBOUR, Role.CITY_OFFICER, Role.VOUCHER_ISSUER), "/faces"),
    Persona("rider", (Role.NEIGHBOUR, Role.RIDER), "/rides"),
    Persona("brand", (Role.NEIGHBOUR, Role.OUTSIDE_BRAND), "/selling"),
)


def router(db: Database, clock: Clock, ids: Ids, pages: Pages, along: Along) -> APIRouter:
    """``/try``: who to be, and being them; ``/try/along``: being whoever comes into the shop next."""
    routes = APIRouter(include_in_schema=False, dependencies=[access.everyone])

    @routes.get("/try", name="try")
    def choose(request: Request) -> Response:
        return pages.html(request, "demo/try.html", personas=PERSONAS)

    @routes.post("/try", name="try.as")
    def become(request: Request, who: Annotated[str, Form(max_length=20)]) -> Response:
        persona = next((one for one in PERSONAS if one.name == who), None)
        if persona is None:
            raise _nobody()
        return begin(request, persona, persona.begins)

    @routes.post("/try/along", name="try.along")
    def walk_along(request: Request) -> Response:
        answer = begin(request, NEIGHBOUR, "/try/along")
        if not inside():
            along.ask(NEIGHBOUR.key)
        return answer

    @routes.get("/try/along", name="try.walking")
    def walking(request: Request) -> Response:
        """Waits for somebody to come in; then the phone shows their visit."""
        who = request.state.who
        if who is None or who.by.key != str(NEIGHBOUR.key):
            return RedirectResponse("/try", 303)
        if inside():
            return RedirectResponse("/phone", 303)
        return pages.html(request, "demo/along.html", waits=along.waits(NEIGHBOUR.key), shop=SHOP)

    def inside() -> bool:
        by = Actor(BY.kind, str(NEIGHBOUR.key), NEIGHBOURHOOD)
        return db.read(lambda tx: phone.inside(tx, by, SHOP), neighbourhood=NEIGHBOURHOOD) is not None

    def begin(request: Request, persona: Persona, begins: str) -> Response:
        id, token, at_us = ids.new(), secrets.token_urlsafe(), clock.now_us()
        language = language_of(request)
        db.write(
            lambda tx: _enter(tx, persona, id=id, token=token, language=language, at_us=at_us),
            neighbourhood=NEIGHBOURHOOD,
        )
        answer = RedirectResponse(begins, 303)
        answer.headers.append("Set-Cookie", cookie(token, secure=request.url.scheme == "https"))
        return answer

    return routes


def _enter(tx: Tx, persona: Persona, *, id: UUID, token: str, language: str, at_us: int) -> None:
    by = Actor(BY.kind, str(persona.key), NEIGHBOURHOOD)
    members.add_person(tx, BY, key=persona.key, fields={}, at_us=at_us)
    if "email" not in members.fields(tx, BY, persona.key):
        address = {"email": f"{persona.name}@example.org"}  # a name nobody can have (RFC 2606)
        members.set_fields(tx, BY, persona.key, address, at_us=at_us)
    mailing.speaks(tx, persona.key, language, at_us=at_us)
    held = {one.role for one in members.roles_of(tx, BY, persona.key) if one.closed_at_us is None}
    for role in persona.roles:
        if role not in held:
            shop = SHOP if persona.in_shop and role is not Role.NEIGHBOUR else None
            members.give_role(tx, BY, persona.key, role, shop=shop, at_us=at_us)
    money = derived("demo.persona.money", persona.name)
    ledger.post(
        tx, payments.top_up(id=money, person=str(persona.key), amount_krw=WALLET_KRW, at_us=at_us, cause="demo")
    )
    sessions.begin(tx, by, id=id, token=token, way="link", device="", proved_at_us=at_us, at_us=at_us)


def _nobody() -> NotFound:
    return NotFound(
        "demo.nobody",
        ko="그런 사람은 없습니다.",
        en="There is nobody of that name.",
        next_ko="/try에서 고르세요.",
        next_en="Choose somebody at /try.",
    )
