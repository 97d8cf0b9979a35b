"""``/console/adults``: somebody of the shop saw a card that shows an adult; who was seen, and taking it back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.console.desk import ConsoleDesk
from madang.console.views import PRIVATE, Views
from madang.kernel import Actor, Invalid, MadangError

SAID = ("seen", "taken")


def add(routes: APIRouter, desk: ConsoleDesk, views: Views) -> None:
    """For everybody who serves in a shop."""

    def shown(request: Request, said: str = "", fault: MadangError | None = None) -> Response:
        return views.show(
            request, "adults", status=fault.status if fault else 200, found=desk.adults(_by(request)), said=said,
            fault=fault,
        )  # fmt: skip

    @routes.get("/adults", name="console.adults")
    def every(request: Request, said: str = "") -> Response:
        return shown(request, said if said in SAID else "")

    @routes.post("/adults", name="console.adults.saw")
    def saw(
        request: Request,
        code: Annotated[str, Form(max_length=64)] = "",
        seen: Annotated[str, Form(max_length=3)] = "",
    ) -> Response:
        """``code`` is what the phone shows at the gate (read by a scanner), or the number of a member."""
        try:
            if seen != "yes" or not code.strip():
                raise _say_seen()
            desk.saw_card(_by(request), code.strip())
        except MadangError as fault:
            return shown(request, fault=fault)
        return RedirectResponse("/console/adults?said=seen", 303, headers=PRIVATE)

    @routes.post("/adults/{person}/take", name="console.adults.take")
    def take(request: Request, person: UUID) -> Response:
        desk.not_adult(_by(request), person)
        return RedirectResponse("/console/adults?said=taken", 303, headers=PRIVATE)


def _by(request: Request) -> Actor:
    by: Actor = request.state.by
    return by


def _say_seen() -> Invalid:
    return Invalid(
        "console.card_not_seen",
        ko="누구의 신분증을 보았는지, 보았다는 표시가 필요합니다.",
        en="Say whose card it was, and that you saw it.",
        next_ko="손님 휴대폰의 입장 코드를 읽고 '신분증을 보았습니다'를 표시하세요.",
        next_en="Read the entry code on the phone, and tick that you saw the card.",
    )
