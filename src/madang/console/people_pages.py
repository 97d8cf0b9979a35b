"""``/console/people``: who is here, their roles, an invitation, sessions, programs' keys, what each did."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.console import giving
from madang.console.people_desk import PeopleDesk
from madang.console.views import PRIVATE, Views
from madang.kernel import Actor, Invalid, Role, seoul
from madang.members import api_keys
from madang.members.door_pages import visit_of
from madang.members.giving import GIVEN_BY
from madang.ui import access, language_of

Text = Annotated[str, Form(max_length=300)]
SAID = ("role", "session", "key", "invite", "mailed")


def add(routes: APIRouter, desk: PeopleDesk, views: Views) -> None:
    """For operators, and for merchants who works in their shop."""
    only = [access.role(Role.OPERATOR, Role.MERCHANT)]
    _looking(routes, desk, views, only)
    _doing(routes, desk, views, only)


def _looking(routes: APIRouter, desk: PeopleDesk, views: Views, only: list[Any]) -> None:
    @routes.get("/people/file.{form}", name="console.people.file", dependencies=only)
    def file(request: Request, form: str, role: str = "", shop: str = "") -> Response:
        name = f"people-{seoul(desk.clock.now_us()):%Y%m%d}"
        return giving.file(*desk.export(_by(request), _role(role) if role else None, shop or None), name, form)

    @routes.get("/people", name="console.people", dependencies=only)
    def every(request: Request, role: str = "", shop: str = "", cursor: str | None = None, said: str = "") -> Response:
        chosen = _role(role) if role else None
        found = desk.people(_by(request), chosen, shop or None, cursor)
        kept = {name: value for name, value in (("role", role), ("shop", shop)) if value}
        return views.show(
            request, "people", people=found, role=role, shop=shop, said=said if said in SAID else "", link="",
            more=urlencode(kept | {"cursor": found.page.next}) if found.page.next else "", mails=desk.sends_mail,
            roles=list(GIVEN_BY), in_shop=bool(_by(request).shops),
        )  # fmt: skip

    @routes.get("/people/{person}", name="console.person", dependencies=only)
    def one(request: Request, person: UUID, said: str = "") -> Response:
        found = desk.one(_by(request), person)
        return views.show(
            request, "person", one=found, said=said if said in SAID else "", in_shop=bool(_by(request).shops),
            whys=api_keys.WHYS,
        )  # fmt: skip

    @routes.get("/people/{person}/role", name="console.person.preview", dependencies=only)
    def preview(request: Request, person: UUID, role: str, act: str = "give", shop: str = "") -> Response:
        shop = next(iter(_by(request).shops), shop)
        found = desk.preview(_by(request), person, _role(role), shop or None, gives=act != "take")
        here = f"{request.url.path}?{urlencode({'role': role, 'act': act, 'shop': shop})}"
        return views.show(request, "person_role", preview=found, here_url=here)


def _doing(routes: APIRouter, desk: PeopleDesk, views: Views, only: list[Any]) -> None:
    @routes.post("/people/invite", name="console.people.invite", dependencies=only)
    def invite(request: Request, role: Text, shop: Text = "", email: Text = "") -> Response:
        by = _by(request)
        shop = next(iter(by.shops), shop)
        link = desk.invite(visit_of(request), by, _role(role), shop or None, email, language_of(request))
        if not link:
            return RedirectResponse("/console/people?said=mailed", 303, headers=PRIVATE)
        return views.show(
            request, "people", people=desk.people(by, None, None, None), role="", shop="", said="invite",
            roles=list(GIVEN_BY), more="", mails=desk.sends_mail, link=link, in_shop=bool(by.shops),
        )  # fmt: skip

    @routes.post("/people/invites/{invite}/close", name="console.people.invite.close", dependencies=only)
    def close(request: Request, invite: UUID) -> Response:
        desk.take_back(_by(request), invite)
        return RedirectResponse("/console/people", 303, headers=PRIVATE)

    @routes.post("/people/{person}/role", name="console.person.role", dependencies=only)
    def change(request: Request, person: UUID, role: Text, act: Text, shop: Text = "") -> Response:
        shop = next(iter(_by(request).shops), shop)
        desk.change(_by(request), person, _role(role), shop or None, gives=act != "take")
        return _to(person, "role")

    @routes.post("/people/{person}/sessions/{session}/end", name="console.person.session", dependencies=only)
    def end(request: Request, person: UUID, session: UUID) -> Response:
        desk.end_session(_by(request), session)
        return _to(person, "session")

    @routes.post("/people/{person}/keys/{key}/close", name="console.person.key", dependencies=only)
    def revoke(request: Request, person: UUID, key: UUID, why: Text = "") -> Response:
        desk.close_key(_by(request), key, why)
        return _to(person, "key")


def _role(text: str) -> Role:
    if text not in [role.value for role in GIVEN_BY]:
        raise Invalid(
            "console.no_role",
            ko=f"'{text[:30]}'은(는) 줄 수 있는 역할이 아닙니다.",
            en=f"'{text[:30]}' is no role that can be given.",
            next_ko="목록에서 고르세요.",
            next_en="Choose one of the list.",
        )
    return Role(text)


def _by(request: Request) -> Actor:
    by: Actor = request.state.by
    return by


def _to(person: UUID, said: str) -> Response:
    return RedirectResponse(f"/console/people/{person}?said={said}", 303, headers=PRIVATE)
