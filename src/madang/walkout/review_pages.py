"""The pages of the review desk: the queue, a visit, an answer put together by hand, similar doubts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Protocol
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog import Product, SoldBy
from madang.deals.lines import Taken
from madang.kernel import Ids, NotFound, seoul
from madang.ui import Pages, access
from madang.walkout.review import OFFERS_SHOWN, SLICE_S, Case
from madang.walkout.review_desk import GOAL_S, ReviewDesk, Said

ROWS_MORE = 3
QTY_MAX = 99
GRAMS_MAX = 20_000
ACTIVE_MS_MAX = 3_600_000
DESK = access.key("a session of the desk: the Doorkeeper of every page")
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}


class Session(msgspec.Struct, frozen=True):
    """Somebody who signed in: ``holder`` names the session, ``csrf`` proves that a form came from one of its pages."""

    holder: str
    csrf: str


class Doorkeeper(Protocol):
    """Who lets people in (made in the program's start)."""

    def session(self, request: Request) -> Session:
        """Whose request it is. Raises ``NotSignedIn``."""

    def check(self, session: Session, csrf: str) -> None:
        """Raises ``Forbidden`` for a form that did not come from this session's pages."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the answer by hand."""

    product: str
    name_ko: str
    name_en: str
    by_weight: bool
    qty: int
    grams: int | None = None


def router(desk: ReviewDesk, keeper: Doorkeeper, pages: Pages, ids: Ids) -> APIRouter:
    """``/desk/{shop}`` and what lies under it."""
    routes = APIRouter(prefix="/desk/{shop}", include_in_schema=False, dependencies=[DESK, Depends(_here(desk))])
    _looking(routes, desk, keeper, pages, ids)
    _answering(routes, desk, keeper, pages, ids)
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


def _looking(routes: APIRouter, desk: ReviewDesk, keeper: Doorkeeper, pages: Pages, ids: Ids) -> None:
    @routes.get("", name="desk")
    def queue(
        request: Request, done: UUID | None = None, many: int | None = None, task: UUID | None = None
    ) -> Response:
        session = keeper.session(request)
        return pages.html(
            request,
            "walkout/review_queue.html",
            headers=PRIVATE,
            desk=desk,
            board=desk.board(),
            session=session,
            done=desk.done(done) if done else None,
            many=many,
            task=desk.task(task) if task else None,
            key=str(ids.new()),
            lasted=lasted,
            goal_s=GOAL_S,
            slice_min=SLICE_S // 60,
        )

    @routes.get("/next", name="desk.next")
    def next_one(request: Request, after: UUID | None = None) -> Response:
        session = keeper.session(request)
        if after is not None:
            desk.leave(after, session.holder)
        return _on(desk, session, after)

    @routes.get("/visits/{visit}", name="desk.visit")
    def visit(request: Request, visit: UUID, done: UUID | None = None) -> Response:
        session = keeper.session(request)
        case = desk.case(visit, session.holder)
        return pages.html(
            request,
            "walkout/review_visit.html",
            headers=PRIVATE,
            desk=desk,
            case=case,
            scenes=desk.scenes(case),
            mine=case.claim.holder == session.holder,
            session=session,
            done=desk.done(done) if done else None,
            key=str(ids.new()),
            lasted=lasted,
            seconds=_seconds,
            by_weight=SoldBy.WEIGHT,
            doubt=case.waiting.doubt,
        )

    @routes.get("/visits/{visit}/edit", name="desk.edit")
    def edit(request: Request, visit: UUID) -> Response:
        session = keeper.session(request)
        return _edit(request, desk, pages, session, desk.case(visit, session.holder), key=str(ids.new()))

    @routes.get("/similar/{doubt}", name="desk.similar")
    def similar(request: Request, doubt: str) -> Response:
        session = keeper.session(request)
        cases = desk.group(doubt, session.holder)
        if not cases:
            return RedirectResponse(f"/desk/{desk.shop}", 303, headers=PRIVATE)
        return pages.html(
            request,
            "walkout/review_similar.html",
            headers=PRIVATE,
            desk=desk,
            cases=cases,
            doubt=cases[0].waiting.doubt,
            session=session,
            key=str(ids.new()),
            lasted=lasted,
            sides=_sides(cases[0]),
        )


def _answering(routes: APIRouter, desk: ReviewDesk, keeper: Doorkeeper, pages: Pages, ids: Ids) -> None:
    @routes.post("/visits/{visit}/answer", name="desk.answer")
    def answer(
        request: Request,
        visit: UUID,
        offer: Annotated[int, Form(ge=1, le=OFFERS_SHOWN)],
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
        active_ms: Annotated[int | None, Form(ge=0, le=ACTIVE_MS_MAX)] = None,
    ) -> Response:
        session = _signed(keeper, request, csrf)
        desk.answer(visit, session.holder, Said(key=idempotency_key, offer=offer, active_ms=active_ms))
        return _on(desk, session, visit, done=visit)

    @routes.post("/visits/{visit}/edit", name="desk.edited")
    def edited(
        request: Request,
        visit: UUID,
        product: Annotated[list[str], Form()],
        qty: Annotated[list[int], Form()],
        grams: Annotated[list[str], Form()],
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
        active_ms: Annotated[int | None, Form(ge=0, le=ACTIVE_MS_MAX)] = None,
    ) -> Response:
        session = _signed(keeper, request, csrf)
        known = {one.id: one for one in desk.products()}
        rows = list(zip(product, qty, grams, strict=False))
        fault = _fault(rows, known)
        if fault:
            case = desk.case(visit, session.holder)
            return _edit(request, desk, pages, session, case, key=str(ids.new()), rows=rows, error=fault, status=422)
        taken = tuple(_taken(*row, known) for row in rows if row[0] and row[1] > 0)
        desk.answer(visit, session.holder, Said(key=idempotency_key, taken=taken, active_ms=active_ms))
        return _on(desk, session, visit, done=visit)

    @routes.post("/visits/{visit}/dispute", name="desk.dispute")
    def dispute(
        request: Request,
        visit: UUID,
        right: Annotated[bool, Form()],
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
    ) -> Response:
        session = _signed(keeper, request, csrf)
        desk.settle_dispute(visit, session.holder, idempotency_key, refund=right)
        return _on(desk, session, visit, done=visit)

    @routes.post("/visits/{visit}/undo", name="desk.undo")
    def undo(
        request: Request,
        visit: UUID,
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
    ) -> Response:
        session = _signed(keeper, request, csrf)
        desk.undo(visit, session.holder, idempotency_key)
        return RedirectResponse(f"/desk/{desk.shop}/visits/{visit}", 303, headers=PRIVATE)

    @routes.post("/tasks/{task}", name="desk.task")
    def settle_task(
        request: Request,
        task: UUID,
        state: Annotated[Literal["done", "dismissed", "open"], Form()],
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
    ) -> Response:
        _signed(keeper, request, csrf)
        desk.settle_task(task, state, idempotency_key)
        settled = "" if state == "open" else f"?task={task}"
        return RedirectResponse(f"/desk/{desk.shop}{settled}", 303, headers=PRIVATE)

    @routes.post("/similar/{doubt}", name="desk.answer_similar")
    def answer_similar(
        request: Request,
        doubt: str,
        visit: Annotated[list[UUID], Form(max_length=100)],
        side: Annotated[list[str], Form(max_length=100)],
        every: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
        active_ms: Annotated[int | None, Form(ge=0, le=ACTIVE_MS_MAX)] = None,
    ) -> Response:
        session = _signed(keeper, request, csrf)
        said = [(id, every or one) for id, one in zip(visit, side, strict=False)]
        chosen = [(id, one == "one") for id, one in said if one in ("one", "other")]
        done = desk.answer_all(doubt, chosen, session.holder, idempotency_key, active_ms)
        return RedirectResponse(f"/desk/{desk.shop}?many={done}", 303, headers=PRIVATE)


def lasted(seconds: int) -> tuple[str, int]:
    """How long something has waited, in the largest unit that fits: a key under ``review.time`` and a number."""
    for word, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return word, seconds // size
    return "s", seconds


def _seconds(at_us: int) -> str:
    return seoul(at_us).strftime("%H:%M:%S")


def _signed(keeper: Doorkeeper, request: Request, csrf: str) -> Session:
    session = keeper.session(request)
    keeper.check(session, csrf)
    return session


def _on(desk: ReviewDesk, session: Session, after: UUID | None, *, done: UUID | None = None) -> Response:
    """On to the next visit, or back to the queue where none is left."""
    found = desk.first(session.holder, after)
    query = "?" + urlencode({"done": str(done)}) if done else ""
    where = f"/desk/{desk.shop}" if found is None else f"/desk/{desk.shop}/visits/{found}"
    return RedirectResponse(where + query, 303, headers=PRIVATE)


def _sides(case: Case) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    doubt = case.waiting.doubt
    assert doubt is not None
    one, other = (doubt.other, doubt.one) if doubt.turned else (doubt.one, doubt.other)
    return (("one", one), ("other", other))


# --- the answer by hand ---------------------------------------------------------------------------------------------
def _edit(
    request: Request,
    desk: ReviewDesk,
    pages: Pages,
    session: Session,
    case: Case,
    *,
    key: str,
    rows: list[tuple[str, int, str]] | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    products = desk.products()
    known = {one.id: one for one in products} | case.products
    return pages.html(
        request,
        "walkout/review_edit.html",
        status=status,
        headers=PRIVATE,
        desk=desk,
        case=case,
        lines=_lines(case, known) if rows is None else _again(rows, known),
        products=products,
        by_weight=SoldBy.WEIGHT,
        more=ROWS_MORE,
        qty_max=QTY_MAX,
        grams_max=GRAMS_MAX,
        mine=case.claim.holder == session.holder,
        session=session,
        key=key,
        error=error,
    )


def _lines(case: Case, known: dict[str, Product]) -> list[Line]:
    """The first offer's lines, then what else may have been carried, with nothing."""
    found: dict[str, Line] = {}
    for choice in case.choices:
        for row in choice.rows:
            qty = row.qty if choice.number == 1 else 0
            if row.product in found:
                if row.grams and not found[row.product].grams:
                    found[row.product] = msgspec.structs.replace(found[row.product], grams=row.grams)
                continue
            found[row.product] = _line(row.product, qty, row.grams, known)
    for moment in case.moments:
        found.setdefault(moment.product, _line(moment.product, 0, None, known))
    return list(found.values())


def _again(rows: list[tuple[str, int, str]], known: dict[str, Product]) -> list[Line]:
    return [_line(p, qty, int(g) if g.isdecimal() else None, known) for p, qty, g in rows if p]


def _line(product: str, qty: int, grams: int | None, known: dict[str, Product]) -> Line:
    one = known.get(product)
    return Line(
        product=product,
        name_ko=one.name_ko if one else product,
        name_en=one.name_en if one else product,
        by_weight=one is not None and one.sold_by is SoldBy.WEIGHT,
        qty=qty,
        grams=grams,
    )


def _fault(rows: list[tuple[str, int, str]], known: dict[str, Product]) -> str:
    """What of a form cannot be an answer (a key under ``review.edit``); empty where all is well."""
    for product, qty, grams in rows:
        if not product or not qty:
            continue
        if not 0 <= qty <= QTY_MAX:
            return "bad_qty"
        weighed = product in known and known[product].sold_by is SoldBy.WEIGHT
        if weighed and not (grams.isdecimal() and 1 <= int(grams) <= GRAMS_MAX):
            return "bad_grams"
    return ""


def _taken(product: str, qty: int, grams: str, known: dict[str, Product]) -> Taken:
    weighed = product in known and known[product].sold_by is SoldBy.WEIGHT
    return Taken(product=product, qty=qty, grams=int(grams) if weighed else None)
