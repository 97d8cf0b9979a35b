"""An issuer's desk: its programmes, what they cost and where they are spent, rules, merchants to review, claims."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.kernel import Actor, Role, business_date, start_of_day_us
from madang.ui import session
from madang.ui.access import own, role
from madang.ui.desk import Desk, Form, form_of
from madang.vouchers import errors, issuing, reporting, rules
from madang.vouchers.model import ProgrammeKind, Rule
from madang.vouchers.pages import won

FORM = Annotated[Form, Depends(form_of)]
PEOPLE = (Role.VOUCHER_ISSUER, Role.CITY_OFFICER, Role.OPERATOR)


def router(desk: Desk) -> APIRouter:
    """``/issuer``: for whoever keeps a programme's rules."""
    routes = APIRouter(prefix="/issuer", include_in_schema=False)

    @routes.get("", name="issuer", dependencies=[role(*PEOPLE)])
    def mine(request: Request) -> Response:
        by = _me(request)

        def read(tx: Tx) -> list[Any]:
            every = {kind: issuing.programmes(tx, by, kind=kind) for kind in ProgrammeKind}
            return [
                (issuer, [p for kind in every.values() for p in kind if p.issuer == issuer.id])
                for issuer in issuing.issuers_of(tx, by)
            ]

        return desk.html(request, "issuers", issuers=desk.read(read))

    @routes.get("/{programme}", name="issuer.programme", dependencies=[own])
    def programme(request: Request, programme: str, month: str = "", said: str = "") -> Response:
        by, at_us = _me(request), desk.clock.now_us()

        def read(tx: Tx) -> dict[str, Any]:
            known = issuing.rules_of(tx, by, programme)
            found = next((p for p in issuing.programmes(tx, by) if p.id == programme), None)
            if found is None:  # mutual credit is kept on a page of its own
                raise errors.unknown(programme)
            return {
                "issuer": issuing.issuer_of(tx, by, programme),
                "found": found,
                "report": reporting.report(tx, by, programme, month or rules.month_of(at_us)),
                "rules": list(reversed(known)),
                "holds": rules.at(known, at_us),
                "applications": issuing.applications_of(tx, by, programme=programme),
                "claims": reporting.claims_of(tx, by, programme),
            }

        return desk.html(request, "issuer", said=said, today=str(business_date(at_us)), **desk.read(read))

    @routes.get("/{programme}/claims/{month}", name="issuer.claim.file", dependencies=[own])
    def claim_file(request: Request, programme: str, month: str) -> Response:
        found = desk.read(lambda tx: reporting.claims_of(tx, _me(request), programme))
        body = next((one.body for one in found if one.month == month), None)
        if body is None:
            raise errors.unknown(month)
        headers = {"Content-Disposition": f'attachment; filename="claim-{month}.csv"'}
        return Response("\ufeff" + body, media_type="text/csv; charset=utf-8", headers=headers)

    @routes.post("/{programme}/claims", name="issuer.claim", dependencies=[own])
    def claim(request: Request, programme: str, form: FORM) -> Response:
        by, month = _me(request), form.get("month", "")

        def act(tx: Tx, at_us: int) -> str:
            make = reporting.claim_paid if form.get("paid") == "1" else reporting.make_claim
            make(tx, by, programme, month, at_us=at_us)
            return f"/issuer/{programme}?said=claimed"

        return desk.once(request, by, form, act)

    @routes.post("/{programme}/rules", name="issuer.rule", dependencies=[own])
    def rule(request: Request, programme: str, form: FORM) -> Response:
        by = _me(request)

        def act(tx: Tx, at_us: int) -> str:
            last = rules.at(issuing.rules_of(tx, by, programme), 2**62)
            issuing.set_rule(tx, by, _rule(programme, form, last, at_us), at_us=at_us)
            return f"/issuer/{programme}?said=ruled"

        return desk.once(request, by, form, act)

    @routes.post("/{programme}/merchants/{application}", name="issuer.merchant", dependencies=[own])
    def decide(request: Request, programme: str, application: UUID, form: FORM) -> Response:
        by, what, reason = _me(request), form.get("what", ""), form.get("reason", "")[:200]

        def act(tx: Tx, at_us: int) -> str:
            issuing.issuer_of(tx, by, programme)
            if what == "revoke":
                issuing.revoke(tx, by, application, reason=reason, at_us=at_us)
            else:
                issuing.decide(tx, by, application, approve=what == "approve", reason=reason, at_us=at_us)
            return f"/issuer/{programme}?said=decided"

        return desk.once(request, by, form, act)

    return routes


def _rule(programme: str, form: Form, last: Rule | None, at_us: int) -> Rule:
    """The rule a form asks for; what it does not name stays as it was. From the start of a day that is to come."""
    day = form.get("from", "")
    try:
        from_us = max(start_of_day_us(business_date(0).fromisoformat(day)), at_us) if day else at_us
    except ValueError:
        raise errors.bad_rule("시작하는 날을 고르세요.", "choose the day it begins.") from None
    base = last or Rule(programme=programme, from_us=0, discount_bp=0, month_cap_krw=0, holding_cap_krw=0)
    given = {
        "discount_bp": won(form, "discount") * 100, "month_cap_krw": won(form, "month_cap"),
        "holding_cap_krw": won(form, "holding_cap"), "budget_krw": won(form, "budget"),
        "source": form.get("source", "")[:300],
    }  # fmt: skip
    return Rule(**{**{f: getattr(base, f) for f in Rule.__struct_fields__}, **given, "from_us": from_us})


def _me(request: Request) -> Actor:
    return session.signed_in(request).by
