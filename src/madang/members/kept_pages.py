"""``/console/kept``: what law makes us keep of people who were forgotten, opened for a reason that is put on record."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from madang.kernel import Actor, Invalid, NotFound, Role
from madang.members import keeping
from madang.members.accounts import Accounts
from madang.members.data_pages import label
from madang.members.proving import need_step_up
from madang.ui import Pages, access, language_of
from madang.ui.desk import PRIVATE


def router(desk: Accounts, pages: Pages) -> APIRouter:
    """For operators: whoever answers for personal data (개인정보 보호책임자) is one of them."""
    routes = APIRouter(prefix="/console/kept", include_in_schema=False, dependencies=[access.role(Role.OPERATOR)])

    def shown(
        request: Request, opened: tuple[UUID, dict[str, str]] | None = None, fault: Invalid | NotFound | None = None
    ) -> Response:
        by: Actor = request.state.by
        found = desk.read(lambda tx: keeping.kept_apart(tx, by))
        return pages.html(
            request, "members/kept.html", headers=PRIVATE, status=fault.status if fault else 200, found=found,
            opened=opened, fault=fault, label=partial(label, language_of(request)),
        )  # fmt: skip

    @routes.get("", name="console.kept")
    def every(request: Request) -> Response:
        return shown(request)

    @routes.post("", name="console.kept.look")
    def look(
        request: Request,
        person: Annotated[UUID, Form()],
        law: Annotated[str, Form(max_length=64)],
        reason: Annotated[str, Form(max_length=300)] = "",
    ) -> Response:
        """A fact says who looked at what, and why (개인정보의 안전성 확보조치 기준 §8)."""
        by, at_us = request.state.by, desk.clock.now_us()
        need_step_up(by, at_us)
        try:
            fields = desk.write(lambda tx: keeping.look(tx, by, person, law, reason=reason, at_us=at_us))
        except (Invalid, NotFound) as fault:
            return shown(request, fault=fault)
        return shown(request, opened=(person, fields))

    return routes
