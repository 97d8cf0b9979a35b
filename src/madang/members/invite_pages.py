"""``/account/invite/{token}``: what an invitation offers, and taking it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from madang.members import invites
from madang.members.accounts import Accounts
from madang.members.door_pages import PRIVATE, to
from madang.ui import Pages, access, signed_in

WHY = "256 random bits, good once, seven days"


def router(desk: Accounts, pages: Pages) -> APIRouter:
    """A link that cannot be guessed; taking what it offers needs somebody signed in."""
    routes = APIRouter(prefix="/account/invite", include_in_schema=False, dependencies=[access.link(WHY)])

    @routes.get("/{token}", name="account.invite")
    def look(request: Request, token: str) -> Response:
        found = desk.read(lambda tx: invites.look(tx, token, desk.clock.now_us()))
        return pages.html(
            request, "members/invite.html", headers=PRIVATE, invite=found, token=token,
            known=request.state.who is not None,
        )  # fmt: skip

    @routes.post("/{token}", name="account.invite.accept")
    def accept(request: Request, token: str) -> Response:
        at_us = desk.clock.now_us()
        desk.read(lambda tx: invites.look(tx, token, at_us))
        by = signed_in(request).by
        desk.write(lambda tx: invites.accept(tx, by, token, at_us=at_us))
        return to("/account?told=role")

    return routes
