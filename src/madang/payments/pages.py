"""The payer's pages: what is to pay and by which means, the way to a gateway and back, what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.kernel import MadangError, system
from madang.payments import charge_records, service
from madang.payments.charges_model import Charge, ChargeState
from madang.payments.desk import PayDesk
from madang.payments.model import Payment, State
from madang.ui import Pages, access

PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
LINK = "the token is an HMAC over the payment's id"
DONE = (State.AUTHORISED, State.CAPTURED, State.REFUNDED)


def router(desk: PayDesk, pages: Pages) -> APIRouter:
    routes = APIRouter(prefix="/pay/{token}", include_in_schema=False, dependencies=[access.link(LINK)])

    @routes.get("", name="pay")
    def look(request: Request, token: str, said: str = "") -> Response:
        payment, charges = _standing(desk, token)
        return pages.html(
            request, "payments/pay.html", headers=PRIVATE, token=token, payment=payment, charges=charges,
            state=standing(payment, charges), thing=desk.thing(payment), now_us=desk.clock.now_us(),
            said=said if said in ("gone", "busy") else "",
        )  # fmt: skip

    @routes.post("/go/{number}", name="pay.go")
    def go(request: Request, token: str, number: int) -> Response:
        """To the gateway, by a page of ours: a form may not lead to another site."""
        payment, charges = _standing(desk, token)
        charge = next((one for one in charges if one.number == number), None)
        if charge is None or standing(payment, charges) != "waiting":
            return _to(token)
        here = (desk.public_url or str(request.base_url)).rstrip("/")
        back, gone = f"{here}/pay/{token}/back/{number}", f"{here}/pay/{token}/gone/{number}"
        try:
            opened = desk.crossing.open(charge.order_id, back=back, gone=gone)
        except MadangError as error:
            if error.status == 503:
                return _to(token, "busy")
            raise
        return _to(token) if opened.state == ChargeState.REFUSED else _to(token, path=f"/to/{number}")

    @routes.get("/to/{number}", name="pay.to")
    def leave(request: Request, token: str, number: int) -> Response:
        payment, charges = _standing(desk, token)
        charge = next((one for one in charges if one.number == number and one.address), None)
        if charge is None or charge.state != ChargeState.WAITING:
            return _to(token)
        phone = "mobi" in request.headers.get("user-agent", "").lower()
        address = charge.mobile if phone else charge.address
        return pages.html(
            request, "payments/leave.html", headers=PRIVATE, token=token, payment=payment, charge=charge,
            address=address,
        )  # fmt: skip

    @routes.get("/back/{number}", name="pay.back")
    def back(request: Request, token: str, number: int) -> Response:
        """The payer is back from the gateway: it is charged now, once, however often this is opened."""
        brought = request.query_params
        order = _order(desk, token, number)
        amount = brought.get("amount", "")
        if order is not None and (brought.get("orderId", order) == order):
            try:
                desk.crossing.confirm(
                    order, key=brought.get("paymentKey", "")[:300], proof=brought.get("pg_token", "")[:300],
                    amount_krw=int(amount) if amount.isascii() and amount.isdigit() else None,
                )  # fmt: skip
            except MadangError as error:
                if error.status >= 500:
                    raise
        return _to(token)

    @routes.get("/gone/{number}", name="pay.gone")
    def gone(token: str, number: int) -> Response:
        """The payer is back without having paid: the gateway is asked, and what it says counts."""
        order = _order(desk, token, number)
        if order is not None:
            try:
                desk.crossing.look(order)
            except MadangError as error:
                if error.status != 503:
                    raise
        return _to(token, "gone")

    @routes.post("/drop", name="pay.drop")
    def drop(token: str, sure: Annotated[str, Form()] = "") -> Response:
        """The payer gives up: what is held is free again, whatever comes in later goes back."""
        id, now = desk.payment_of(token), desk.clock.now_us()
        ours = system(desk.neighbourhood, "payments")
        if sure == "yes":
            desk.write(lambda tx: service.fail(tx, ours, id, at_us=now, reason="given_up"))
        return _to(token)

    return routes


def standing(payment: Payment, charges: list[Charge]) -> str:
    """What the page says: ``done``, ``checking``, ``waiting``, ``failed`` or ``returning`` (failed, with money on its
    way back)."""
    if payment.state in DONE:
        return "done"
    if any(charge.state == ChargeState.LATE for charge in charges):
        return "returning"
    if payment.state == State.VOIDED and any(charge.state == ChargeState.PAID for charge in charges):
        return "returning"
    if any(charge.state in (ChargeState.ASKED, ChargeState.UNCLEAR) for charge in charges):
        return "checking"
    return "waiting" if payment.state == State.PENDING else "failed"


def _standing(desk: PayDesk, token: str) -> tuple[Payment, list[Charge]]:
    id, ours = desk.payment_of(token), system(desk.neighbourhood, "payments")
    return desk.read(lambda tx: (service.get(tx, ours, id), charge_records.charges_of(tx, ours, id)))


def _order(desk: PayDesk, token: str, number: int) -> str | None:
    _, charges = _standing(desk, token)
    return next((charge.order_id for charge in charges if charge.number == number), None)


def _to(token: str, said: str = "", path: str = "") -> Response:
    return RedirectResponse(f"/pay/{token}{path}{'?said=' + said if said else ''}", 303, headers=PRIVATE)
