"""Mutual credit's pages: a merchant's account, and the desk of those who set lines."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.kernel import Actor, MadangError, Role, derived, system
from madang.places import service as places
from madang.ui import session
from madang.ui.access import own, role
from madang.ui.desk import Desk, Form, form_of
from madang.vouchers import credit, credit_requests, issuing
from madang.vouchers.model import Programme, ProgrammeKind
from madang.vouchers.pages import won

FORM = Annotated[Form, Depends(form_of)]
MERCHANTS = (Role.MERCHANT, Role.OPERATOR)


def router(desk: Desk) -> APIRouter:
    """``/credit``."""
    routes = APIRouter(prefix="/credit", include_in_schema=False)
    _entry(routes, desk)
    _member(routes, desk)
    _lines(routes, desk)
    return routes


def _entry(routes: APIRouter, desk: Desk) -> None:
    @routes.get("", name="credit", dependencies=[own])
    def entry(request: Request) -> Response:
        """The accounts of the shops one acts for, and the programmes one keeps."""
        who = session.signed_in(request)

        def read(tx: Tx) -> dict[str, Any]:
            open_ = issuing.programmes(tx, who.by, kind=ProgrammeKind.CREDIT)
            shops = [s for s in places.shops(tx, who.by) if who.acting(s.id).may(*MERCHANTS)]
            mine = [
                (p, shop, credit.balance(tx, p.id, shop.id), line)
                for p in open_
                for shop in shops
                if (line := credit.line_of(tx, p.id, shop.id))
            ]
            return {"mine": mine, "kept": [p for p in open_ if _keeps(tx, who.by, p)], "shops": shops}

        return desk.html(request, "credit", **desk.read(read))


def _member(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/{programme}/{shop}", name="credit.member", dependencies=[role(*MERCHANTS)])
    def account(request: Request, programme: str, shop: str, said: str = "", cursor: str | None = None) -> Response:
        by = session.acting(request, shop)

        def read(tx: Tx) -> dict[str, Any]:
            names = {one.id: one for one in places.shops(tx, system(tx.neighbourhood, "vouchers"))}
            page = credit.statement(tx, by, programme, shop, cursor=cursor)
            start = f"{programme}/"
            lines = [(line, line.other.code, line.other.owner.removeprefix(start)) for line in page.rows]
            return {
                "programme": credit_requests.programme_of(tx, programme),
                "place": places.get(tx, by, shop),
                "line": credit.line_of(tx, programme, shop),
                "balance": credit.balance(tx, programme, shop),
                "lines": lines,
                "next": page.next,
                "others": [
                    names[m.shop] for m in credit_requests.members(tx, programme) if m.shop != shop and m.shop in names
                ],
                "asked": credit_requests.requests_of(tx, by, programme, shop),
                "names": names,
            }

        return desk.html(request, "credit_member", said=said, **desk.read(read))

    @routes.post("/{programme}/{shop}/pay", name="credit.pay", dependencies=[role(*MERCHANTS)])
    def pay(request: Request, programme: str, shop: str, form: FORM) -> Response:
        by, amount = session.acting(request, shop), won(form)
        id = derived("vouchers.credit_page", by.key, form.get("idempotency_key", ""))

        def act(tx: Tx, at_us: int) -> str:
            credit.pay(tx, by, programme, id=id, payer=shop, payee=form.get("payee", ""), amount=amount, at_us=at_us)
            return f"/credit/{programme}/{shop}?said=paid"

        return desk.once(request, by, form, act)

    @routes.post("/{programme}/{shop}/ask", name="credit.ask", dependencies=[role(*MERCHANTS)])
    def ask(request: Request, programme: str, shop: str, form: FORM) -> Response:
        by, amount = session.acting(request, shop), won(form)
        id = derived("vouchers.credit_ask", by.key, form.get("idempotency_key", ""))

        def act(tx: Tx, at_us: int) -> str:
            credit_requests.ask(
                tx, by, programme, id=id, payee=shop, payer=form.get("payer", ""), amount=amount,
                what=form.get("what", ""), at_us=at_us,
            )  # fmt: skip
            return f"/credit/{programme}/{shop}?said=asked"

        return desk.once(request, by, form, act)

    @routes.post("/{programme}/{shop}/requests/{id}", name="credit.answer", dependencies=[role(*MERCHANTS)])
    def answer(request: Request, programme: str, shop: str, id: UUID, form: FORM) -> Response:
        by = session.acting(request, shop)

        def act(tx: Tx, at_us: int) -> str:
            done = credit_requests.answer(tx, by, id, pay=form.get("what") == "pay", at_us=at_us)
            return f"/credit/{programme}/{shop}?said={'paid' if done.state == 'paid' else 'closed'}"

        return desk.once(request, by, form, act)


def _lines(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/{programme}", name="credit.lines", dependencies=[own])
    def lines(request: Request, programme: str, said: str = "") -> Response:
        by: Actor = session.signed_in(request).by

        def read(tx: Tx) -> dict[str, Any]:
            found = credit_requests.programme_of(tx, programme)
            credit_requests.overseen(tx, by, programme)
            return {
                "programme": found,
                "members": credit_requests.members(tx, programme),
                "pairs": credit_requests.pairs(tx, by, programme)[:30],
                "names": {one.id: one for one in places.shops(tx, by)},
                "rule": issuing.rules_of(tx, by, programme)[-1:],
            }

        return desk.html(request, "credit_lines", said=said, **desk.read(read))

    @routes.post("/{programme}/lines", name="credit.set", dependencies=[own])
    def set_line(request: Request, programme: str, form: FORM) -> Response:
        by: Actor = session.signed_in(request).by
        line, id = won(form, "line"), derived("vouchers.credit_line", by.key, form.get("idempotency_key", ""))

        def act(tx: Tx, at_us: int) -> str:
            places.get(tx, by, form.get("shop", ""))
            credit.set_line(
                tx, by, programme, form.get("shop", ""), line, id=id, reason=form.get("reason", ""), at_us=at_us
            )
            return f"/credit/{programme}?said=line"

        return desk.once(request, by, form, act)


def _keeps(tx: Tx, by: Actor, programme: Programme) -> bool:
    try:
        credit_requests.overseen(tx, by, programme.id)
    except MadangError:
        return False
    return True
