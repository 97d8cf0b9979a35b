"""The receipt a shopper opens by its link, and the plain form that says a line of it is wrong."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

import msgspec
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog.model import SoldBy, Vat
from madang.deals.lines import Line, Receipt
from madang.guard import fingerprint
from madang.kernel import Actor, Conflict, Ids, Invalid, NotFound
from madang.ui import Pages, access

REASONS = ("not_taken", "put_back", "fewer", "price", "other")
ONE_TAP = "wrong"
"""The reason of the button beside a line: all of it is wrong, no more is asked."""

State = Literal["charged", "review", "disputed", "refunded", "closed"]


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a line that was called wrong: given back at once, or looked at by a person, or turned down (and
    why, where anybody said); ``sent`` to the shop, that has not answered yet.
    ``may_object``: part of it went back without being asked for, and the rest can still be called wrong."""

    line: int
    outcome: Literal["refunded", "review", "declined", "sent"]
    refunded_krw: int = 0
    may_appeal: bool = False
    may_object: bool = False
    why_ko: str = ""
    why_en: str = ""


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """Why less than usual is given back without a look: so many claims were ``declined``; until when."""

    now_krw: int
    usual_krw: int
    declined: int
    rises_at_us: int


class PaidBy(msgspec.Struct, frozen=True, kw_only=True):
    """What one means paid of a receipt, or had back of a refund; the names tell it apart (a programme, a card)."""

    means: str
    amount_krw: int
    name_ko: str = ""
    name_en: str = ""


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """What the total was shown as in other money when it was ordered: ``text``, and the rate it was shown by."""

    text: str
    currency: str
    rate: str
    rate_at_us: int
    source: str


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """Another receipt of the same visit: what was charged later, or given back (below zero)."""

    token: str
    label: str
    total_krw: int


class Cash(msgspec.Struct, frozen=True, kw_only=True):
    """현금영수증 of the receipt's deal: under which (masked) number, for a business or not, won told so far;
    ``always``: the buyer has one of everything to come."""

    masked: str = ""
    business: bool = False
    krw: int = 0
    always: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt as its page shows it. ``charged_krw`` is what was taken from ``paid_from`` (None while in review);
    ``paid`` is every means that paid it, where there were several or other ones than the wallet."""

    receipt: Receipt
    shop_ko: str
    shop_en: str
    state: State
    charged_krw: int | None
    refunded_krw: int = 0
    paid_from_ko: str = ""
    paid_from_en: str = ""
    paid: tuple[PaidBy, ...] = ()
    objections: tuple[Objection, ...] = ()
    may_object: bool = True
    bound: Bound | None = None
    foreign: Foreign | None = None
    beside: tuple[Beside, ...] = ()
    elsewhere: str | None = None
    """Where lines are called wrong instead of here (the shop's phone number, or empty); None: here."""
    cash: Cash | None = None
    """What was asked; without a number: it can be asked for; None: there is none to be had."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A shopper's word that a line is wrong, for ``qty`` pieces or all of it (None).

    ``key`` is the request's Idempotency-Key and ``request`` its fingerprint: the same sent twice is done once.
    """

    line: int
    qty: int | None
    reason: str
    key: str
    request: bytes


class ReceiptDesk(Protocol):
    """Who finds receipts and takes objections (the walk-out room; made in the program's start)."""

    def open(self, by: Actor, token: str) -> Shown:
        """The receipt behind a link. Raises ``NotFound``."""

    def object(self, by: Actor, token: str, said: Said) -> None:
        """Call a line wrong, once per key. Raises ``Malformed`` without a usable key, ``Conflict`` when too late."""

    def appeal(self, by: Actor, token: str, said: Said) -> None:
        """Ask for a declined line to be looked at once more, once per key."""

    def ask_cash(self, by: Actor, token: str, number: str, *, business: bool, always: bool) -> None:
        """Ask for the cash receipt; ``always``: and of all that is to come."""

    def stop_cash(self, by: Actor, token: str) -> None:
        """No longer without being asked."""


def router(desk: ReceiptDesk, pages: Pages, ids: Ids) -> APIRouter:
    """``/r/{token}`` and the two steps of an objection."""
    routes = APIRouter(
        prefix="/r", include_in_schema=False, dependencies=[access.link("the token is signed: deals.links")]
    )

    @routes.get("/{token}", name="receipt")
    def receipt(request: Request, token: str, done: int | None = None) -> Response:
        shown = desk.open(request.state.by, token)
        by_line = {objection.line: objection for objection in shown.objections}
        return pages.html(
            request,
            "deals/receipt.html",
            headers=PRIVATE,
            token=token,
            shown=shown,
            receipt=shown.receipt,
            split=shown.receipt.split,
            objections=by_line,
            done=by_line.get(done) if done is not None else None,
            taxable=Vat.TAXABLE,
            zero_rated=Vat.ZERO,
            by_unit=SoldBy.UNIT,
            certainty=certainty,
            key=str(ids.new()),
            one_tap=ONE_TAP,
        )

    @routes.get("/{token}/wrong/{line}", name="receipt.wrong")
    def ask(request: Request, token: str, line: int) -> Response:
        shown = desk.open(request.state.by, token)
        return _form(request, pages, shown, token, _line(shown, line), key=str(ids.new()))

    @routes.post("/{token}/wrong/{line}", name="receipt.object")
    def say(
        request: Request,
        token: str,
        line: int,
        idempotency_key: Annotated[str, Form()] = "",
        reason: Annotated[str, Form(max_length=40)] = "",
        qty: Annotated[int | None, Form(ge=1)] = None,
    ) -> Response:
        shown = desk.open(request.state.by, token)
        wrong = _line(shown, line, again=True)
        if reason not in (*REASONS, ONE_TAP):
            return _form(
                request, pages, shown, token, wrong, key=str(ids.new()), error="receipt.wrong.choose", status=422
            )
        if qty is not None and qty > max(wrong.qty, 1):
            raise _too_many(wrong)
        key = request.headers.get("idempotency-key") or idempotency_key
        content = fingerprint("POST", request.url.path, f"{reason}&{qty}".encode())
        desk.object(request.state.by, token, Said(line=line, qty=qty, reason=reason, key=key, request=content))
        return RedirectResponse(f"/r/{token}?done={line}", 303, headers=PRIVATE)

    @routes.post("/{token}/appeal/{line}", name="receipt.appeal")
    def appeal(request: Request, token: str, line: int, idempotency_key: Annotated[str, Form()] = "") -> Response:
        key = request.headers.get("idempotency-key") or idempotency_key
        content = fingerprint("POST", request.url.path, b"")
        desk.appeal(request.state.by, token, Said(line=line, qty=None, reason="appeal", key=key, request=content))
        return RedirectResponse(f"/r/{token}?done={line}", 303, headers=PRIVATE)

    @routes.post("/{token}/cash", name="receipt.cash")
    def cash(
        request: Request,
        token: str,
        number: Annotated[str, Form(max_length=40)] = "",
        business: Annotated[str, Form(max_length=5)] = "",
        always: Annotated[str, Form(max_length=5)] = "",
        stop: Annotated[str, Form(max_length=5)] = "",
    ) -> Response:
        if stop == "yes":
            desk.stop_cash(request.state.by, token)
        else:
            desk.ask_cash(request.state.by, token, number, business=business == "yes", always=always == "yes")
        return RedirectResponse(f"/r/{token}#cash", 303, headers=PRIVATE)

    return routes


PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}


def certainty(probability: float) -> str:
    """Which words say how sure we are (a key under ``receipt.sure``)."""
    steps = ((0.99, "certain"), (0.9, "almost"), (0.7, "probably"))
    return next((word for bound, word in steps if probability >= bound), "unsure")


def _form(
    request: Request,
    pages: Pages,
    shown: Shown,
    token: str,
    line: Line,
    *,
    key: str,
    error: str | None = None,
    status: int = 200,
) -> Response:
    return pages.html(
        request,
        "deals/wrong.html",
        status=status,
        headers=PRIVATE,
        token=token,
        shown=shown,
        line=line,
        by_unit=SoldBy.UNIT,
        reasons=REASONS,
        key=key,
        error=error,
    )


def _line(shown: Shown, number: int, *, again: bool = False) -> Line:
    """The line that may be called wrong; ``again`` lets one pass that was, for a request that is sent twice."""
    line = next((line for line in shown.receipt.lines if line.number == number), None)
    if line is None:
        raise NotFound(
            "deals.no_such_line",
            ko="영수증에 그런 줄이 없습니다.",
            en="The receipt has no such line.",
            next_ko="영수증으로 돌아가 상품을 고르세요.",
            next_en="Go back to the receipt and choose an item.",
        )
    said = any(objection.line == number and not objection.may_object for objection in shown.objections)
    if not again and (said or not shown.may_object):
        raise already_said()
    return line


def already_said() -> Conflict:
    """The error of a second word on the same line, or of one that comes too late."""
    return Conflict(
        "deals.already_said",
        ko="이 상품은 이미 알려 주셨거나 더는 바꿀 수 없습니다.",
        en="This item has already been reported, or can no longer be changed.",
        next_ko="영수증에서 처리 결과를 보세요.",
        next_en="See the receipt for what became of it.",
    )


def _too_many(line: Line) -> Invalid:
    return Invalid(
        "deals.more_than_bought",
        ko=f"영수증에는 {line.qty}개만 있습니다.",
        en=f"The receipt has only {line.qty}.",
        next_ko="영수증에 있는 만큼만 고르세요.",
        next_en="Choose no more than the receipt has.",
        qty=line.qty,
    )
