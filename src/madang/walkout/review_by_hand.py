"""The answer put together by hand: which lines the form shows, and what of one sent cannot be an answer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from madang.catalog import Product, SoldBy
from madang.deals.lines import Taken
from madang.walkout.review_case import Case
from madang.walkout.review_desk import Said
from madang.walkout.review_front import Active, Front, Session

ROWS_MORE = 3
QTY_MAX = 99
GRAMS_MAX = 20_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the answer by hand."""

    product: str
    name_ko: str
    name_en: str
    by_weight: bool
    qty: int
    grams: int | None = None


def routes_of(routes: APIRouter, front: Front) -> None:
    """The form, and what is sent with it."""
    desk = front.desk

    @routes.get("/visits/{visit}/edit", name="desk.edit")
    def edit(request: Request, visit: UUID) -> Response:
        session = front.session(request)
        return _form(front, request, session, desk.case(visit, session.holder))

    @routes.post("/visits/{visit}/edit", name="desk.edited")
    def edited(
        request: Request,
        visit: UUID,
        product: Annotated[list[str], Form()],
        qty: Annotated[list[int], Form()],
        grams: Annotated[list[str], Form()],
        csrf: Annotated[str, Form()] = "",
        idempotency_key: Annotated[str, Form()] = "",
        active_ms: Active = None,
    ) -> Response:
        session = front.signed(request, csrf)
        known = {one.id: one for one in desk.products()}
        rows = list(zip(product, qty, grams, strict=False))
        if fault := _fault(rows, known):
            return _form(front, request, session, desk.case(visit, session.holder), rows=rows, error=fault)
        taken = tuple(_taken(*row, known) for row in rows if row[0] and row[1] > 0)
        desk.answer(visit, session.holder, Said(key=idempotency_key, taken=taken, active_ms=active_ms))
        return front.on(session, visit, done=visit)


def _form(
    front: Front,
    request: Request,
    session: Session,
    case: Case,
    *,
    rows: list[tuple[str, int, str]] | None = None,
    error: str = "",
) -> Response:
    products = front.desk.products()
    known = {one.id: one for one in products} | case.products
    return front.html(
        request, "review_edit", session, status=422 if error else 200, case=case, error=error,
        lines=_lines(case, known) if rows is None else _again(rows, known), products=products,
        by_weight=SoldBy.WEIGHT, more=ROWS_MORE, qty_max=QTY_MAX, grams_max=GRAMS_MAX,
        mine=case.claim.holder == session.holder,
    )  # fmt: skip


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
    for moment in [one for one in case.moments if one.product]:
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
