"""``/groups``: the groups somebody is in or keeps; for who keeps one its people, stewards and invitations."""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.db import Tx
from madang.kernel import Role
from madang.members import groups, stewarding
from madang.members.accounts import Accounts
from madang.members.door_pages import PRIVATE, visit_of
from madang.members.stewarding import In
from madang.ui import Pages, access, signed_in

WHY = "256 random bits, good for fourteen days"
SAID = ("joined", "left", "removed", "role", "founded", "closed")
Text = Annotated[str, Form(max_length=70)]


def router(desk: Accounts, pages: Pages) -> APIRouter:
    """For whoever is signed in; the service refuses what is another group's."""
    routes = APIRouter(prefix="/groups", include_in_schema=False)
    _offered(routes, desk, pages)
    _mine(routes, desk, pages)
    _kept(routes, desk, pages)
    return routes


def _mine(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    @routes.get("", name="groups", dependencies=[access.own])
    def mine(request: Request, said: str = "") -> Response:
        by = signed_in(request).by
        found = desk.read(lambda tx: stewarding.seen(tx, by))
        return pages.html(
            request, "members/groups.html", headers=PRIVATE, groups=found, said=said if said in SAID else "",
            may_found=by.may(Role.OPERATOR, Role.GUILD_STEWARD),
        )  # fmt: skip

    @routes.post("", name="groups.found", dependencies=[access.role(Role.OPERATOR, Role.GUILD_STEWARD)])
    def begin(request: Request, kind: Text, name: Text) -> Response:
        by, at_us, group = signed_in(request).by, desk.clock.now_us(), f"{kind.strip()}:{name.strip().lower()}"
        desk.write(lambda tx: stewarding.found(tx, by, group, at_us=at_us))
        return _to(group, "founded")

    @routes.post("/{group}/leave", name="groups.leave", dependencies=[access.own])
    def leave(request: Request, group: str) -> Response:
        by, at_us = signed_in(request).by, desk.clock.now_us()
        desk.write(lambda tx: groups.leave_group(tx, by, UUID(by.key), group, at_us=at_us))
        return RedirectResponse("/groups?said=left", 303, headers=PRIVATE)


def _kept(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    def shown(request: Request, group: str, said: str = "", link: str = "") -> Response:
        by, at_us = signed_in(request).by, desk.clock.now_us()

        def look(tx: Tx) -> tuple[list[stewarding.Inside], list[stewarding.Offer]]:
            return stewarding.inside(tx, by, group), stewarding.offers(tx, by, group, at_us=at_us)

        people, offers = desk.read(look)
        return pages.html(
            request, "members/group.html", headers=PRIVATE, group=group, people=people, offers=offers, link=link,
            said=said if said in SAID else "", my_key=by.key,
        )  # fmt: skip

    @routes.get("/{group}", name="group", dependencies=[access.own])
    def one(request: Request, group: str, said: str = "") -> Response:
        return shown(request, group, said)

    @routes.post("/{group}/invites", name="group.invite", dependencies=[access.own])
    def invite(request: Request, group: str) -> Response:
        by, at_us, id, token = signed_in(request).by, desk.clock.now_us(), desk.ids.new(), secrets.token_urlsafe(32)
        desk.write(lambda tx: stewarding.invite(tx, by, group, id=id, token=token, at_us=at_us))
        return shown(request, group, link=f"{desk.base(visit_of(request))}/groups/join/{token}")

    @routes.post("/{group}/invites/{invite}/close", name="group.invite.close", dependencies=[access.own])
    def close(request: Request, group: str, invite: UUID) -> Response:
        by, at_us = signed_in(request).by, desk.clock.now_us()
        desk.write(lambda tx: stewarding.close_offer(tx, by, group, invite, at_us=at_us))
        return _to(group, "closed")

    @routes.post("/{group}/people/{person}/role", name="group.role", dependencies=[access.own])
    def role(request: Request, group: str, person: UUID, role: Annotated[In, Form()]) -> Response:
        by, at_us = signed_in(request).by, desk.clock.now_us()
        desk.write(lambda tx: stewarding.set_role(tx, by, group, person, role, at_us=at_us))
        return _to(group, "role")

    @routes.post("/{group}/people/{person}/remove", name="group.remove", dependencies=[access.own])
    def remove(request: Request, group: str, person: UUID) -> Response:
        by, at_us = signed_in(request).by, desk.clock.now_us()
        desk.write(lambda tx: stewarding.remove(tx, by, group, person, at_us=at_us))
        return _to(group, "removed")


def _offered(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    link = [access.link(WHY)]

    @routes.get("/join/{token}", name="groups.offer", dependencies=link)
    def look(request: Request, token: str) -> Response:
        found = desk.read(lambda tx: stewarding.offered(tx, token, at_us=desk.clock.now_us()))
        known = request.state.who is not None
        return pages.html(request, "members/group_offer.html", headers=PRIVATE, offer=found, token=token, known=known)

    @routes.post("/join/{token}", name="groups.accept", dependencies=link)
    def accept(request: Request, token: str) -> Response:
        at_us = desk.clock.now_us()
        desk.read(lambda tx: stewarding.offered(tx, token, at_us=at_us))
        by = signed_in(request).by
        desk.write(lambda tx: stewarding.accept(tx, by, token, at_us=at_us))
        return RedirectResponse("/groups?said=joined", 303, headers=PRIVATE)


def _to(group: str, said: str) -> Response:
    return RedirectResponse(f"/groups/{quote(group)}?said={said}", 303, headers=PRIVATE)
