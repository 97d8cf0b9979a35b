"""``/console/incidents``: reporting that personal data was, or may have been, leaked, tampered with or damaged
(개인정보 보호법 §34), who was told, and what is left to do within 72 hours."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.kernel import Actor, Invalid, Role
from madang.members import incidents
from madang.members.accounts import Accounts
from madang.members.incidents import AUTHORITY_PEOPLE, What
from madang.members.proving import need_step_up
from madang.ui import Pages, access
from madang.ui.desk import PRIVATE

PEOPLE_MAX = 20_000
SAID = ("reported", "notified")


def router(desk: Accounts, pages: Pages) -> APIRouter:
    """For operators."""
    only = [access.role(Role.OPERATOR)]
    routes = APIRouter(prefix="/console/incidents", include_in_schema=False, dependencies=only)

    def shown(request: Request, *, said: str = "", fault: Invalid | None = None) -> Response:
        by: Actor = request.state.by
        found = desk.read(lambda tx: incidents.reported(tx, by))
        return pages.html(
            request, "members/incidents.html", headers=PRIVATE, status=fault.status if fault else 200, found=found,
            said=said, fault=fault, now_us=desk.clock.now_us(), authority_from=AUTHORITY_PEOPLE,
            key=str(desk.ids.new()),
        )  # fmt: skip

    @routes.get("", name="console.incidents")
    def every(request: Request, said: str = "") -> Response:
        return shown(request, said=said if said in SAID else "")

    @routes.post("", name="console.incidents.report")
    def report(
        request: Request,
        what: Annotated[What, Form()],
        id: Annotated[UUID, Form()],
        people: Annotated[str, Form(max_length=1_000_000)] = "",
        everybody: Annotated[str, Form(max_length=3)] = "",
        possible: Annotated[str, Form(max_length=3)] = "",
        intrusion: Annotated[str, Form(max_length=3)] = "",
    ) -> Response:
        """``id`` is the form's own key: the same form sent again is the same report."""
        by, at_us = request.state.by, desk.clock.now_us()
        need_step_up(by, at_us)
        try:
            named = _people(people)
            if not named and everybody != "yes":
                raise _nobody()
            desk.write(
                lambda tx: incidents.report(
                    tx, by, id=id, what=what, possible=possible == "yes", intrusion=intrusion == "yes", at_us=at_us,
                    people=incidents.everybody(tx, by) if everybody == "yes" else named,
                )
            )  # fmt: skip
        except Invalid as fault:
            return shown(request, fault=fault)
        return RedirectResponse("/console/incidents?said=reported", 303, headers=PRIVATE)

    @routes.post("/{incident}/notified", name="console.incidents.notified")
    def notified(request: Request, incident: UUID, authority: Annotated[str, Form(max_length=3)] = "") -> Response:
        by, at_us, fact = request.state.by, desk.clock.now_us(), desk.ids.new()
        told = authority == "yes"
        desk.write(lambda tx: incidents.notified(tx, by, incident, authority=told, fact=fact, at_us=at_us))
        return RedirectResponse("/console/incidents?said=notified", 303, headers=PRIVATE)

    return routes


def _people(text: str) -> set[UUID]:
    """Members' keys, one a line or parted by commas."""
    words = text.replace(",", " ").split()
    try:
        found = {UUID(word.removeprefix("person:")) for word in words}
    except ValueError:
        raise _not_keys() from None
    if len(found) > PEOPLE_MAX:
        raise _not_keys()
    return found


def _nobody() -> Invalid:
    return Invalid(
        "members.incident_of_nobody",
        ko="누구의 정보인지 적지 않았습니다.",
        en="Nobody is named whose data it is.",
        next_ko="회원 번호를 적거나 '모든 회원'을 고르세요. 몇 명인지 모르면 모든 회원에게 알려야 합니다.",
        next_en="Write members' keys, or choose everybody: where you cannot tell who, all must be told.",
    )


def _not_keys() -> Invalid:
    return Invalid(
        "members.incident_bad_people",
        ko="회원 번호로 읽을 수 없는 것이 있습니다.",
        en="Something here is no member's key.",
        next_ko="콘솔의 사람 화면에 있는 번호를 한 줄에 하나씩 적으세요.",
        next_en="Write the keys of the console's people page, one a line.",
    )
