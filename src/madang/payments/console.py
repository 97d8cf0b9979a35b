"""The operator's pages: all payments, one payment's whole story, money that a gateway will not give back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from fastapi import APIRouter, File, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import journal, ledger, members
from madang.db import Page, Tx
from madang.journal import Fact
from madang.kernel import Actor, Conflict, Invalid, MadangError, Role
from madang.payments import (
    charge_records,
    deciding,
    differences,
    fetching,
    giving_back,
    reconciling,
    service,
    settlement_files,
    unasked,
)
from madang.payments.charges_model import Call, Charge, Hook, Return, ReturnState, returning
from madang.payments.desk import PayDesk
from madang.payments.differences import Standing
from madang.payments.model import Leg, Payment, Refund, State, payment_key, tender
from madang.payments.pages import PRIVATE
from madang.payments.reconciling import Reconciled
from madang.payments.sharing import where_it_went
from madang.payments.unasked import Unasked
from madang.ui import Pages, access


class AtGateway(NamedTuple):
    """All that passed between us and a gateway about one part."""

    charge: Charge
    calls: list[Call]
    hooks: list[Hook]
    backs: list[Return]
    unasked: list[Unasked]


class Story(NamedTuple):
    """One payment from its beginning to now."""

    payment: Payment
    facts: list[Fact]
    gateways: list[AtGateway]
    legs: list[tuple[Leg, int]]
    refunds: list[Refund]
    transfers: list[ledger.Line]
    owed_krw: int
    lines_at: list[str]
    is_members: bool


def story(tx: Tx, by: Actor, id: UUID) -> Story:
    """Raises ``NotFound`` for a payment of a shop the caller does not serve."""
    payment, refunds = service.get(tx, by, id), service.refunds_of(tx, by, id)
    gateways = [
        AtGateway(
            charge,
            charge_records.calls_of(tx, by, charge.order_id),
            charge_records.hooks_of(tx, by, charge),
            charge_records.backs_of(tx, by, charge.order_id),
            unasked.of_charge(tx, by, charge.order_id),
        )
        for charge in charge_records.charges_of(tx, by, id)
    ]
    return Story(
        payment,
        journal.read(tx, by, subject=payment_key(id)),
        gateways,
        where_it_went(service.legs_of(tx, by, id), refunds),
        refunds,
        ledger.statement(tx, tender(id), limit=100).rows[::-1],
        ledger.balance(tx, returning(id)).posted,
        deciding.places(tx, by, payment),
        members.is_member(tx, by, payment.payer),
    )


def router(desk: PayDesk, pages: Pages) -> APIRouter:
    serving = access.working(Role.OPERATOR, Role.STAFF)
    routes = APIRouter(prefix="/console/payments", include_in_schema=False, dependencies=[serving])

    @routes.get("", name="console.payments")
    def every(request: Request, state: str = "", cursor: str | None = None) -> Response:
        by: Actor = request.state.by
        only = state if state in [str(one) for one in State] else None

        def look(tx: Tx) -> tuple[Page[Payment], list[Return], list[Unasked]]:
            refused = charge_records.backs_in(tx, by, [ReturnState.REFUSED]).rows
            return service.find(tx, by, state=only, cursor=cursor, limit=30), refused, unasked.waiting(tx, by).rows

        found, refused, strange = desk.read(look)
        return pages.html(
            request, "payments/console.html", headers=PRIVATE, found=found, refused=refused, strange=strange,
            state=only or "", states=[str(one) for one in State], reconciles=by.may(Role.OPERATOR),
        )  # fmt: skip

    _reconcile(routes, desk, pages)

    _one(routes, desk, pages)
    return routes


def _one(routes: APIRouter, desk: PayDesk, pages: Pages) -> None:
    def shown(request: Request, payment: UUID, error: MadangError | None = None) -> Response:
        by: Actor = request.state.by
        found = desk.read(lambda tx: story(tx, by, payment))
        return pages.html(
            request, "payments/story.html", status=error.status if error else 200, headers=PRIVATE, story=found,
            refused=ReturnState.REFUSED, error=error, decides=by.may(Role.OPERATOR),
            refunds=deciding.has_way(found.payment),
        )  # fmt: skip

    def done(request: Request, payment: UUID, act: Callable[[Tx], object]) -> Response:
        by: Actor = request.state.by

        def do(tx: Tx) -> None:
            service.get(tx, by, payment)
            act(tx)

        try:
            desk.write(do)
        except (Conflict, Invalid) as error:
            return shown(request, payment, error)
        return RedirectResponse(f"/console/payments/{payment}", 303, headers=PRIVATE)

    @routes.get("/{payment}", name="console.payment")
    def one(request: Request, payment: UUID) -> Response:
        return shown(request, payment)

    @routes.post("/{payment}/returns/{back}/{act}", name="console.return")
    def settle(
        request: Request,
        payment: UUID,
        back: UUID,
        act: Literal["again", "wallet", "hand"],
        how: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        """Ask the gateway again, put it into the payer's wallet, or note that it was given by hand."""
        by, now = request.state.by, desk.clock.now_us()
        if act == "again":
            return done(request, payment, lambda tx: giving_back.return_again(tx, by, back, at_us=now))
        if act == "wallet":
            return done(request, payment, lambda tx: giving_back.return_to_wallet(tx, by, back, at_us=now))
        return done(request, payment, lambda tx: giving_back.return_by_hand(tx, by, back, how=how, at_us=now))

    @routes.post("/{payment}/unasked/{gone}/{decision}", name="console.unasked")
    def decide(
        request: Request,
        payment: UUID,
        gone: UUID,
        decision: Literal["refund", "claim", "paid", "loss"],
        why: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        """What the company gave back unasked was a refund, is owed again, was paid again, or is our loss."""
        by, now = request.state.by, desk.clock.now_us()
        acts: dict[str, Callable[[Tx], object]] = {
            "refund": lambda tx: deciding.refund(tx, by, gone, at_us=now),
            "claim": lambda tx: deciding.claim(tx, by, gone, why=why, at_us=now),
            "paid": lambda tx: deciding.paid_back(tx, by, gone, how=why, at_us=now),
            "loss": lambda tx: unasked.write_off(tx, by, gone, why=why, at_us=now),
        }
        return done(request, payment, acts[decision])


def _reconcile(routes: APIRouter, desk: PayDesk, pages: Pages) -> None:
    only_operator = [access.role(Role.OPERATOR)]

    def shown(
        request: Request, *, made: Reconciled | None = None, error: MadangError | None = None, status: int = 200
    ) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        asked = request.query_params.get("state", "open")
        state = "" if asked == "all" else asked if asked in list(Standing) else "open"
        cursor = request.query_params.get("cursor")

        def look(tx: Tx) -> dict[str, Any]:
            return {
                "aged": reconciling.aged(tx, by, at_us=now),
                "kept": differences.listed(tx, by, state=state, cursor=cursor),
                "counts": differences.counts(tx, by),
                "fetched": {name: fetching.latest(tx, by, name) for name in fetching.askable()},
                "failing": fetching.failing(tx, by, at_us=now),
            }

        return pages.html(
            request, "payments/reconcile.html", status=status, headers=PRIVATE, made=made, error=error,
            companies=("toss", "kakao"), state=state, standings=[one.value for one in Standing], **desk.read(look),
        )  # fmt: skip

    @routes.get("/reconcile", name="console.reconcile", dependencies=only_operator)
    def ask(request: Request) -> Response:
        return shown(request)

    @routes.post("/fetch", name="console.fetch", dependencies=only_operator)
    def fetch(request: Request) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        desk.write(lambda tx: fetching.ask(tx, by, at_us=now))
        return RedirectResponse("/console/payments/reconcile", 303, headers=PRIVATE)

    @routes.post("/differences/{difference}", name="console.difference", dependencies=only_operator)
    def decide(
        request: Request,
        difference: UUID,
        state: Annotated[Standing, Form()],
        why: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        try:
            desk.write(lambda tx: differences.decide(tx, by, difference, state, why, at_us=now))
        except Invalid as error:
            return shown(request, error=error, status=error.status)
        return RedirectResponse("/console/payments/reconcile", 303, headers=PRIVATE)

    @routes.post("/reconcile", name="console.reconcile.do", dependencies=only_operator)
    def compare(
        request: Request, gateway: Annotated[Literal["toss", "kakao"], Form()], file: Annotated[bytes, File()]
    ) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        try:
            lines = settlement_files.read(file)
        except MadangError as error:
            return shown(request, error=error, status=error.status)
        return shown(request, made=desk.write(lambda tx: reconciling.reconcile(tx, by, gateway, lines, at_us=now)))
