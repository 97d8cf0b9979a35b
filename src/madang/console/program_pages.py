"""``/console/programs``: whose programs have a key, what for and since when unused; revoking one with a reason."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.console.people_desk import PeopleDesk
from madang.console.views import PRIVATE, Views
from madang.kernel import Role
from madang.members import api_keys
from madang.ui import access


def add(routes: APIRouter, desk: PeopleDesk, views: Views) -> None:
    """For operators all of them; for who keeps a shop those of its integrators."""

    @routes.get("/programs", name="console.programs", dependencies=[access.role(Role.OPERATOR, Role.MERCHANT)])
    def every(request: Request, said: str = "") -> Response:
        by = request.state.by
        return views.show(
            request, "programs", found=desk.programs(by), whys=api_keys.WHYS, now_us=desk.clock.now_us(),
            may_revoke=by.may(Role.OPERATOR) and not by.shops, said=said if said == "revoked" else "",
            scopes={one.name: one for one in api_keys.scopes()},
        )  # fmt: skip

    @routes.post("/programs/{key}/revoke", name="console.programs.revoke", dependencies=[access.role(Role.OPERATOR)])
    def revoke(request: Request, key: UUID, why: Annotated[str, Form(max_length=20)] = "") -> Response:
        desk.close_key(request.state.by, key, why)
        return RedirectResponse("/console/programs?said=revoked", 303, headers=PRIVATE)
