"""The pages of the review desk: the queue, a visit, similar doubts."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang.catalog import SoldBy
from madang.kernel import Ids, NotFound, seoul
from madang.ui import Pages, access, language_of
from madang.walkout import review_answers, review_by_hand
from madang.walkout.review import SLICE_S
from madang.walkout.review_case import Case
from madang.walkout.review_chart import by_age
from madang.walkout.review_desk import GOAL_S, ReviewDesk
from madang.walkout.review_front import Doorkeeper, Front

DESK = access.key("a session of the desk: the Doorkeeper of every page")


def router(desk: ReviewDesk, keeper: Doorkeeper, pages: Pages, ids: Ids) -> APIRouter:
    """``/desk/{shop}`` and what lies under it."""
    routes = APIRouter(prefix="/desk/{shop}", include_in_schema=False, dependencies=[DESK, Depends(_here(desk))])
    front = Front(desk, keeper, pages, ids)
    _queue(routes, front)
    _visits(routes, front)
    review_by_hand.routes_of(routes, front)
    review_answers.on_one_visit(routes, front)
    review_answers.on_several(routes, front)
    return routes


def _here(desk: ReviewDesk) -> Callable[[str], None]:
    def check(shop: str) -> None:
        if shop != desk.shop:
            raise NotFound(
                "walkout.no_desk",
                ko="이 가게의 검토 데스크는 여기에 없습니다.",
                en="The review desk of this shop is not here.",
                next_ko="가게 주소를 확인하세요.",
                next_en="Check the shop's address.",
            )

    return check


def _queue(routes: APIRouter, front: Front) -> None:
    desk = front.desk

    @routes.get("", name="desk")
    def queue(
        request: Request, done: UUID | None = None, many: int | None = None, task: UUID | None = None
    ) -> Response:
        session, board = front.session(request), desk.board()
        return front.html(
            request, "review_queue", session, board=board, chart=by_age(board.waiting, language_of(request)),
            done=desk.done(done) if done else None, many=many,
            task=desk.task(task) if task else None, lasted=lasted, goal_s=GOAL_S, slice_min=SLICE_S // 60,
        )  # fmt: skip

    @routes.get("/next", name="desk.next")
    def next_one(request: Request, after: UUID | None = None) -> Response:
        session = front.session(request)
        if after is not None:
            desk.leave(after, session.holder)
        return front.on(session, after)


def _visits(routes: APIRouter, front: Front) -> None:
    desk = front.desk

    @routes.get("/visits/{visit}", name="desk.visit")
    def visit(request: Request, visit: UUID, done: UUID | None = None) -> Response:
        session = front.session(request)
        case = desk.case(visit, session.holder)
        return front.html(
            request, "review_visit", session, case=case, scenes=desk.scenes(case), doubt=case.waiting.doubt,
            mine=case.claim.holder == session.holder, done=desk.done(done) if done else None,
            lasted=lasted, seconds=_seconds, by_weight=SoldBy.WEIGHT,
        )  # fmt: skip

    @routes.get("/similar/{doubt}", name="desk.similar")
    def similar(request: Request, doubt: str) -> Response:
        session = front.session(request)
        cases = desk.group(doubt, session.holder)
        if not cases:
            return front.to()
        return front.html(
            request, "review_similar", session, cases=cases, doubt=cases[0].waiting.doubt, lasted=lasted,
            sides=_sides(cases[0]),
        )  # fmt: skip


def lasted(seconds: int) -> tuple[str, int]:
    """How long something has waited, in the largest unit that fits: a key under ``review.time`` and a number."""
    for word, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return word, seconds // size
    return "s", seconds


def _seconds(at_us: int) -> str:
    return seoul(at_us).strftime("%H:%M:%S")


def _sides(case: Case) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    doubt = case.waiting.doubt
    assert doubt is not None
    one, other = (doubt.other, doubt.one) if doubt.turned else (doubt.one, doubt.other)
    return (("one", one), ("other", other))
