"""What is sent from the review desk: an answer, a dispute settled, an undo, a task done, many answered at once."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from madang.walkout.review_case import OFFERS_SHOWN
from madang.walkout.review_desk import Said
from madang.walkout.review_front import Active, Front


def on_one_visit(routes: APIRouter, front: Front) -> None:
    """Answer, settle a dispute, take an answer back."""
    desk = front.desk

    @routes.post("/visits/{visit}/answer", name="desk.answer")
    def answer(
        request: Request,
        visit: UUID,
        offer: Annotated[int, Form(ge=1, le=OFFERS_SHOWN)],
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
        active_ms: Active = None,
    ) -> Response:
        session = front.signed(request, csrf)
        desk.answer(visit, session.holder, Said(key=idempotency_key, offer=offer, active_ms=active_ms))
        return front.on(session, visit, done=visit)

    @routes.post("/visits/{visit}/dispute", name="desk.dispute")
    def dispute(
        request: Request,
        visit: UUID,
        right: Annotated[bool, Form()],
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
        active_ms: Active = None,
        claimed: Annotated[int | None, Form()] = None,
    ) -> Response:
        session = front.signed(request, csrf)
        desk.settle_dispute(
            visit, session.holder, idempotency_key, refund=right, active_ms=active_ms, claimed=claimed
        )  # fmt: skip
        return front.on(session, visit, done=visit)

    @routes.post("/visits/{visit}/undo", name="desk.undo")
    def undo(
        request: Request,
        visit: UUID,
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
    ) -> Response:
        session = front.signed(request, csrf)
        desk.undo(visit, session.holder, idempotency_key)
        return front.to(f"/visits/{visit}")


def on_several(routes: APIRouter, front: Front) -> None:
    """A task that is done, and similar doubts answered together."""
    desk = front.desk

    @routes.post("/tasks/{task}", name="desk.task")
    def settle_task(
        request: Request,
        task: UUID,
        state: Annotated[Literal["done", "dismissed", "open"], Form()],
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
    ) -> Response:
        front.signed(request, csrf)
        desk.settle_task(task, state, idempotency_key)
        settled = "" if state == "open" else f"?task={task}"
        return front.to(settled)

    @routes.post("/similar/{doubt}", name="desk.answer_similar")
    def answer_similar(
        request: Request,
        doubt: str,
        visit: Annotated[list[UUID], Form(max_length=100)],
        side: Annotated[list[str], Form(max_length=100)],
        every: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
        active_ms: Active = None,
    ) -> Response:
        session = front.signed(request, csrf)
        said = [(id, every or one) for id, one in zip(visit, side, strict=False)]
        chosen = [(id, one == "one") for id, one in said if one in ("one", "other")]
        done = desk.answer_all(doubt, chosen, session.holder, idempotency_key, active_ms)
        return front.to(f"?many={done}")
