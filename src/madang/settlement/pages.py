"""A party's settlement: how it stands, what is kept back and why, what was paid, its statements; and the operator's."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.kernel import Actor, Role, business_date, start_of_day_us
from madang.settlement import (
    banks,
    calendar,
    charts,
    checks,
    parties,
    party_pages,
    payouts,
    purposes,
    records,
    releasing,
    statements,
    taxes,
    weekly,
)
from madang.settlement.beancount import export
from madang.settlement.model import Party
from madang.ui import language_of, session
from madang.ui.access import own, role
from madang.ui.desk import Desk, Form, form_of

FORM = Annotated[Form, Depends(form_of)]
CSV = "text/csv; charset=utf-8"


def router(desk: Desk) -> APIRouter:
    """``/settlement`` for parties, ``/console/settlement`` for the operator."""
    routes = APIRouter(include_in_schema=False)
    _party(routes, desk)
    _console(routes, desk)
    return routes


def _party(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/settlement", name="settlement", dependencies=[own])
    def mine(request: Request) -> Response:
        who = session.signed_in(request)

        def read(tx: Tx) -> list[Any]:
            found = {p.key: p for p in parties.parties_of(tx, who.by)}
            for one in records.every_party(tx, records.parties.c.shop.is_not(None)):
                if one.shop and parties.may_see(who.acting(one.shop), one):
                    found[one.key] = one
            return [(p, statements.buckets(tx, _acting(request, p), p.key)) for p in found.values()]

        return desk.html(request, "mine", parties=desk.read(read))

    @routes.get("/settlement/{kind}/{id}", name="settlement.party", dependencies=[own])
    def party(request: Request, kind: str, id: str, month: str = "", said: str = "") -> Response:
        key, at_us = f"{kind}/{id}", desk.clock.now_us()

        def read(tx: Tx) -> dict[str, Any]:
            by = _by(tx, request, key)
            schedule, months = records.schedule_of(tx, key, at_us), statements.months(tx, by, key, now_us=at_us)
            return {
                "party": parties.party(tx, by, key),
                "buckets": statements.buckets(tx, by, key),
                "next_us": start_of_day_us(calendar.next_pay_day(schedule, business_date(at_us))),
                "schedule": schedule,
                "reserves": releasing.reserves_of(tx, by, key),
                "payouts": payouts.payouts_of(tx, by, key, limit=20),
                "months": months,
                "fee_names": purposes.names(tx),
                "statement": statements.statement(tx, by, key, month or months[0]),
                "documents": taxes.documents_of(tx, by, key),
                "chart": charts.weeks(weekly.weeks(tx, by, key, now_us=at_us), language_of(request)),
            }

        return desk.html(request, "party", said=said, **desk.read(read))

    @routes.get("/settlement/{kind}/{id}/statements/{month}", name="settlement.statement", dependencies=[own])
    def statement(request: Request, kind: str, id: str, month: str) -> Response:
        key = f"{kind}/{id}"
        found, names = desk.read(
            lambda tx: (statements.statement(tx, _by(tx, request, key), key, month), purposes.names(tx))
        )
        headers = {"Content-Disposition": f'attachment; filename="statement-{month}.csv"'}
        return Response("\ufeff" + statements.as_csv(found, names), media_type=CSV, headers=headers)

    @routes.post("/settlement/{kind}/{id}/reserves/{reserve}", name="settlement.appeal", dependencies=[own])
    def appeal(request: Request, kind: str, id: str, reserve: UUID, form: FORM) -> Response:
        key = f"{kind}/{id}"

        def act(tx: Tx, at_us: int) -> str:
            releasing.appeal(tx, _by(tx, request, key), reserve, form.get("why", ""), at_us=at_us)
            return f"/settlement/{key}?said=appealed"

        return desk.once(request, session.signed_in(request).by, form, act)


def _console(routes: APIRouter, desk: Desk) -> None:
    only = [role(Role.OPERATOR)]

    @routes.get("/console/settlement", name="console.settlement", dependencies=only)
    def console(request: Request, said: str = "") -> Response:
        by, p, now_us = session.signed_in(request).by, records.payouts, desk.clock.now_us()

        def read(tx: Tx) -> dict[str, Any]:
            return {
                "chart": charts.weeks(weekly.weeks(tx, by, None, now_us=now_us), language_of(request)),
                "check": checks.latest(tx),
                "stop": checks.stopped(tx),
                "by_hand": banks.connected() is None,
                "open": records.some_payouts(tx, p.c.state.in_(["held", "sent"]), order=[p.c.made_us], limit=100),
                "appeals": releasing.appeals(tx, by),
                "kinds": party_pages.KINDS,
                "statuses": party_pages.STATUSES,
                "held": payouts.held_parties(tx, by),
                "called": {one.key: one for one in parties.parties_of(tx, by)},
                "parties": [(one, statements.buckets(tx, by, one.key)) for one in parties.parties_of(tx, by)[:100]],
            }

        return desk.html(request, "console", said=said, **desk.read(read))

    @routes.get("/console/settlement/books.beancount", name="console.settlement.books", dependencies=only)
    def books(request: Request) -> Response:
        by = session.signed_in(request).by
        headers = {"Content-Disposition": 'attachment; filename="books.beancount"'}
        text = desk.read(lambda tx: export(tx, by))
        return Response(text, media_type="text/plain; charset=utf-8", headers=headers)

    @routes.post("/console/settlement/payouts/{payout}", name="console.settlement.payout", dependencies=only)
    def payout(request: Request, payout: UUID, form: FORM) -> Response:
        by, what = session.signed_in(request).by, form.get("what", "")

        def act(tx: Tx, at_us: int) -> str:
            if what == "cancel":
                payouts.cancel(tx, by, payout, at_us=at_us)
            else:
                reference = form.get("reference", "")
                payouts.mark(tx, by, payout, paid=what == "paid", reference=reference, at_us=at_us)
            return "/console/settlement?said=done"

        return desk.once(request, by, form, act)

    @routes.post("/console/settlement/reserves/{reserve}", name="console.settlement.reserve", dependencies=only)
    def reserve(request: Request, reserve: UUID, form: FORM) -> Response:
        by = session.signed_in(request).by

        def act(tx: Tx, at_us: int) -> str:
            releasing.release_reserve(tx, by, reserve, at_us=at_us)
            return "/console/settlement?said=done"

        return desk.once(request, by, form, act)

    @routes.post("/console/settlement/resume", name="console.settlement.resume", dependencies=only)
    def resume(request: Request, form: FORM) -> Response:
        by = session.signed_in(request).by

        def act(tx: Tx, at_us: int) -> str:
            checks.resume(tx, by, at_us=at_us)
            return "/console/settlement?said=done"

        return desk.once(request, by, form, act)


def _by(tx: Tx, request: Request, key: str) -> Actor:
    """Who is asking, in the party's shop where it has one."""
    found = records.party(tx, key)
    return session.signed_in(request).by if found is None else _acting(request, found)


def _acting(request: Request, party: Party) -> Actor:
    who = session.signed_in(request)
    return who.acting(party.shop) if party.shop and not parties.may_see(who.by, party) else who.by
