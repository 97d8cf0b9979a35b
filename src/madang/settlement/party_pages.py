"""Registering who is settled, and letting payouts that were held go on: forms on the operator's settlement desk."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.kernel import Role
from madang.members.proving import need_step_up
from madang.settlement import errors, parties, payouts
from madang.settlement.model import PartyKind, TaxStatus
from madang.ui import session
from madang.ui.access import role
from madang.ui.desk import Desk, Form, form_of

FORM = Annotated[Form, Depends(form_of)]
KINDS = tuple(kind.value for kind in PartyKind)
STATUSES = tuple(status.value for status in TaxStatus)


def router(desk: Desk) -> APIRouter:
    """``/console/settlement/parties`` and ``…/parties/{kind}/{id}/holds``, for operators."""
    routes = APIRouter(
        prefix="/console/settlement/parties", include_in_schema=False, dependencies=[role(Role.OPERATOR)]
    )

    @routes.post("", name="console.parties.add")
    def add(request: Request, form: FORM) -> Response:
        by = session.signed_in(request).by
        kind, id = form.get("kind", ""), form.get("id", "").strip()
        name_ko, name_en = form.get("name_ko", "").strip()[:80], form.get("name_en", "").strip()[:80]
        shop, person, status = form.get("shop", "").strip(), form.get("person", "").strip(), form.get("status", "")

        def act(tx: Tx, at_us: int) -> str:
            if not (name_ko and name_en) or status not in STATUSES:
                raise errors.bad_terms("이름과 과세유형을 적으세요.", "Give both names and how it is taxed.")
            parties.add_party(
                tx, by, f"{kind}/{id}", name_ko=name_ko, name_en=name_en, shop=shop or None, person=_person(person),
                registration=form.get("registration", "").strip(), status=TaxStatus(status), at_us=at_us,
            )  # fmt: skip
            return f"/console/settlement/terms/{kind}/{id}?said=done"

        return desk.once(request, by, form, act)

    @routes.post("/{kind}/{id}/holds", name="console.parties.go_on")
    def go_on(request: Request, kind: str, id: str, form: FORM) -> Response:
        by = session.signed_in(request).by

        def act(tx: Tx, at_us: int) -> str:
            need_step_up(by, at_us)
            parties.party(tx, by, f"{kind}/{id}")
            payouts.end_holds(tx, by, f"{kind}/{id}", at_us=at_us)
            return "/console/settlement?said=done"

        return desk.once(request, by, form, act)

    return routes


def _person(text: str) -> str | None:
    """A member's key as it stands in the address of their page under People; None where nothing is given."""
    if not text:
        return None
    try:
        return str(UUID(text.rstrip("/").rsplit("/", 1)[-1]))
    except ValueError:
        raise errors.bad_terms(
            "회원의 화면 주소나 회원 번호를 적으세요.", "Give the address of the member's page, or their number."
        ) from None
