"""The operator's pages of parties and papers: agreeing on terms from a day on, tax documents of a month."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.kernel import Role, business_date
from madang.settlement import agreeing, errors, parties, purposes, records, taxes
from madang.settlement.forms import day_of, number_of, share_of
from madang.settlement.model import PLATFORM, Cycle, PartyKind, Schedule, Terms
from madang.ui import session
from madang.ui.access import role
from madang.ui.desk import PRIVATE, Desk, Form, form_of

FORM = Annotated[Form, Depends(form_of)]


def router(desk: Desk) -> APIRouter:
    """``/console/settlement/terms/…`` and ``/console/settlement/documents``, for operators."""
    routes = APIRouter(prefix="/console/settlement", include_in_schema=False, dependencies=[role(Role.OPERATOR)])
    _terms(routes, desk)
    _documents(routes, desk)
    return routes


def _terms(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/terms/{kind}/{id}", name="console.terms")
    def one(request: Request, kind: str, id: str, said: str = "") -> Response:
        by, key, at_us = session.signed_in(request).by, f"{kind}/{id}", desk.clock.now_us()

        def read(tx: Tx) -> dict[str, Any]:
            others = [one.key for one in parties.parties_of(tx, by) if one.key != key]
            return {
                "party": parties.party(tx, by, key),
                "fee_names": purposes.names(tx),
                "terms": parties.terms_of(tx, by, key, at_us=at_us),
                "agreed": agreeing.agreed(tx, by, key),
                "schedule": records.schedule_of(tx, key, at_us),
                "usual": Schedule(),
                "cycles": [one.value for one in Cycle],
                "receivers": [PLATFORM, *(kind.value for kind in PartyKind), *others],
                "today": business_date(at_us),
            }

        return desk.html(request, "terms", said=said if said == "done" else "", **desk.read(read))

    @routes.post("/terms/{kind}/{id}", name="console.terms.set")
    def agree(request: Request, kind: str, id: str, form: FORM) -> Response:
        by, key, new = session.signed_in(request).by, f"{kind}/{id}", desk.ids.new()

        def act(tx: Tx, at_us: int) -> str:
            parties.party(tx, by, key)
            made = Terms(
                id=new, holder=key, purpose=form.get("purpose", "").strip()[:40], receiver=form.get("receiver", ""),
                bp=share_of(form.get("percent", "")), fixed_krw=number_of(form.get("fixed_krw", "")),
                kept=form.get("kept") == "yes", from_us=day_of(form.get("from", ""), at_us),
            )  # fmt: skip
            if not made.purpose:
                raise errors.bad_terms("무엇에 대한 수수료인지 적으세요.", "Say what the fee is for.")
            parties.set_terms(tx, by, made, at_us=at_us)
            purposes.name(tx, by, made.purpose, form.get("purpose_en", ""))
            return f"/console/settlement/terms/{key}?said=done"

        return desk.once(request, by, form, act)


def _documents(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/documents", name="console.documents")
    def every(request: Request, month: str = "", said: str = "") -> Response:
        by, chosen = session.signed_in(request).by, month or _last_month(desk.clock.now_us())
        found = desk.read(lambda tx: taxes.documents_in(tx, by, chosen))
        own = desk.read(
            lambda tx: records.find(tx, records.documents, records.documents.c.supplier == PLATFORM, limit=1)
        )
        ours = own[0]["supplier_registration"] if own else ""
        return desk.html(
            request, "documents", month=chosen, documents=found, ours=ours, said=said if said == "done" else ""
        )  # fmt: skip

    @routes.post("/documents", name="console.documents.make")
    def make(request: Request, form: FORM) -> Response:
        by, month = session.signed_in(request).by, form.get("month", "")
        digits = "".join(c for c in form.get("registration", "") if c.isdigit())

        def act(tx: Tx, at_us: int) -> str:
            taxes.make_invoices(tx, by, month, registration=digits, at_us=at_us)
            return f"/console/settlement/documents?month={month}&said=done"

        return desk.once(request, by, form, act)

    @routes.get("/documents/{month}.csv", name="console.documents.file")
    def file(request: Request, month: str) -> Response:
        by = session.signed_in(request).by
        text = taxes.as_csv(desk.read(lambda tx: taxes.documents_in(tx, by, month)))
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="documents-{month}.csv"'}
        return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=headers)


def _last_month(at_us: int) -> str:
    """The month before this one: the one whose documents are due."""
    today = business_date(at_us)
    return str(date(today.year - (today.month == 1), today.month - 1 or 12, 1))[:7]
