"""The operator's page of mails: what was sent, what could not be, and trying again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.kernel import Role
from madang.members import mailing
from madang.members.accounts import Accounts
from madang.ui import Pages, access, signed_in
from madang.ui.desk import PRIVATE


def router(desk: Accounts, pages: Pages) -> APIRouter:
    routes = APIRouter(
        prefix="/console/mails", include_in_schema=False, dependencies=[access.role(Role.OPERATOR)]
    )  # fmt: skip

    @routes.get("", name="console.mails")
    def every(
        request: Request, state: Annotated[str, Query(max_length=20)] = "", cursor: str | None = None, told: str = ""
    ) -> Response:
        by = signed_in(request).by
        only = state if state in mailing.STATES else ""
        found = desk.read(lambda tx: mailing.find(tx, by, state=only, cursor=cursor, limit=30))
        counts = desk.read(lambda tx: mailing.counts(tx, by))
        return pages.html(
            request, "members/mails.html", headers=PRIVATE, found=found, counts=counts, state=only,
            states=mailing.STATES, sends=desk.sends_mail, told=told == "again", here="mails",
        )  # fmt: skip

    @routes.post("/{mail}/again", name="console.mails.again")
    def again(request: Request, mail: UUID) -> Response:
        by, at_us, new = signed_in(request).by, desk.clock.now_us(), desk.ids.new()
        desk.write(lambda tx: mailing.again(tx, by, mail, new=new, at_us=at_us))
        return RedirectResponse("/console/mails?told=again", 303, headers=PRIVATE)

    return routes
