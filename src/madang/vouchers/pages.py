"""A neighbour's vouchers: what they have, buying, paying in a shop, showing a code; and a member shop's side of it."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import segno
from fastapi import APIRouter, Depends, File, UploadFile
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.files import Store
from madang.kernel import Actor, Invalid, Role, derived, system
from madang.kernel.clock import DAY_US
from madang.payments.connected import connected
from madang.places import Place
from madang.places import service as places
from madang.places.faces import pages as face_pages
from madang.ui import session
from madang.ui.access import own, role
from madang.ui.desk import Desk, Form, form_of
from madang.vouchers import buying, errors, issuing, paying, proofs, records, slips
from madang.vouchers.model import LotState, Merchant, MerchantState
from madang.vouchers.paying import RefundLegs, SaleLegs, own_sales

FORM = Annotated[Form, Depends(form_of)]
SPENT_MAX = 20
SHOP_PEOPLE = (Role.MERCHANT, Role.STAFF, Role.OPERATOR)


def router(
    desk: Desk,
    *,
    legs: SaleLegs = own_sales,
    refund_legs: RefundLegs | None = None,
    store: Store | None = None,
    pay_at: Callable[[UUID], str] | None = None,
) -> APIRouter:
    """``/vouchers`` and ``/vouchers/shop/{shop}``. ``legs`` say where a sale's money goes (settlement's); ``store``
    takes merchants' proofs; ``pay_at`` is the page where a payment is paid, without which only wallets buy."""
    routes = APIRouter(prefix="/vouchers", include_in_schema=False)
    _member(routes, desk, legs, pay_at)
    _shop(routes, desk, legs, refund_legs, store)
    return routes


def _member(routes: APIRouter, desk: Desk, legs: SaleLegs, pay_at: Callable[[UUID], str] | None) -> None:
    @routes.get("", name="vouchers", dependencies=[own])
    def mine(request: Request, said: str = "") -> Response:
        by, at_us = _me(request), desk.clock.now_us()
        found = desk.read(lambda tx: buying.holdings(tx, by, at_us=at_us))
        waiting = {
            lot.id: pay_at(buying.payment_of(lot.id))
            for one in found for lot in one.lots if pay_at is not None and lot.state is LotState.ORDERED
        }  # fmt: skip
        gateways = connected() if pay_at is not None else ()
        spent, shops = desk.read(lambda tx: (slips.slips_of(tx, by, limit=SPENT_MAX), _shops(tx)))
        return desk.html(
            request, "mine", holdings=found, said=said, face=face_pages.worn(desk, by), gateways=gateways,
            waiting=waiting, spent=spent, shops=shops,
        )  # fmt: skip

    @routes.post("/{programme}/buy", name="vouchers.buy", dependencies=[own])
    def buy(request: Request, programme: str, form: FORM) -> Response:
        by, face = _me(request), won(form)
        id = derived("vouchers.page", by.key, form.get("idempotency_key", ""))

        means = form.get("means", "wallet")
        if means != "wallet" and (pay_at is None or means not in connected()):
            raise errors.no_means()
        told = form.get("told", "")
        if not (told.isascii() and told.isdigit()):
            at_us = desk.clock.now_us()
            offer = desk.read(lambda tx: buying.offer(tx, by, programme, face, at_us=at_us))
            return desk.html(request, "buy", offer=offer, means=means)

        def act(tx: Tx, at_us: int) -> str:
            lot = buying.buy(
                tx, by, id=id, programme=programme, face_krw=face, means=means, told_krw=int(told[:13]), at_us=at_us
            )
            if lot.state is LotState.ORDERED and pay_at is not None:
                return pay_at(buying.payment_of(lot.id))
            return "/vouchers?said=bought"

        return desk.once(request, by, form, act)

    @routes.post("/lots/{lot}/{what}", name="vouchers.lot", dependencies=[own])
    def back(request: Request, lot: UUID, what: str, form: FORM) -> Response:
        by = _me(request)
        do = buying.cancel if what == "cancel" else buying.refund_rest

        def act(tx: Tx, at_us: int) -> str:
            do(tx, by, lot, at_us=at_us)
            return f"/vouchers?said={'cancelled' if what == 'cancel' else 'rest'}"

        return desk.once(request, by, form, act)

    @routes.post("/{programme}/code", name="vouchers.code", dependencies=[own])
    def code(request: Request, programme: str) -> Response:
        by, made, at_us = _me(request), f"{secrets.randbelow(10**16):016}", desk.clock.now_us()
        until = desk.write(lambda tx: paying.make_code(tx, by, programme, made, at_us=at_us))
        shown = " ".join(made[n : n + 4] for n in range(0, 16, 4))
        found = desk.read(lambda tx: buying.holding(tx, by, programme, at_us=at_us))
        return desk.html(
            request, "code", code=shown, qr=qr(made), until_us=until, holding=found, face=face_pages.worn(desk, by)
        )

    @routes.get("/pay/{shop}", name="vouchers.pay", dependencies=[own])
    def ask(request: Request, shop: str, amount: int | None = None, said: str = "") -> Response:
        by, at_us = _me(request), desk.clock.now_us()
        place, taken = desk.read(lambda tx: (places.get(tx, by, shop), issuing.accepted_at(tx, by, shop, at_us)))
        have = desk.read(lambda tx: [buying.holding(tx, by, one.id, at_us=at_us) for one in taken])
        return desk.html(request, "pay", place=place, holdings=have, amount=amount, said=said)

    @routes.post("/pay/{shop}", name="vouchers.pay.do", dependencies=[own])
    def pay(request: Request, shop: str, form: FORM) -> Response:
        by, amount = _me(request), won(form)
        if form.get("confirmed") != "1":
            at_us, programme = desk.clock.now_us(), form.get("programme", "")
            place = desk.read(lambda tx: places.get(tx, by, shop))
            have = desk.read(lambda tx: buying.holding(tx, by, programme, at_us=at_us))
            return desk.html(request, "confirm", place=place, holding=have, amount=amount)
        id = derived("vouchers.page_pay", by.key, form.get("idempotency_key", ""))

        def act(tx: Tx, at_us: int) -> str:
            paying.pay(
                tx, by, id=id, programme=form.get("programme", ""), shop=shop, amount_krw=amount, legs=legs,
                at_us=at_us,
            )  # fmt: skip
            return f"{slips.path(id)}?said=paid"

        return desk.once(request, by, form, act)


def _shop(routes: APIRouter, desk: Desk, legs: SaleLegs, refund_legs: RefundLegs | None, store: Store | None) -> None:
    @routes.get("/shop/{shop}", name="vouchers.shop", dependencies=[role(*SHOP_PEOPLE)])
    def accept(request: Request, shop: str, said: str = "") -> Response:
        by, at_us = session.acting(request, shop), desk.clock.now_us()
        r = records.redemptions

        def read(tx: Tx) -> dict[str, Any]:
            return {
                "place": places.get(tx, by, shop),
                "programmes": issuing.programmes(tx, by),
                "taken": issuing.accepted_at(tx, by, shop, at_us),
                "applications": issuing.applications_of(tx, by, shop=shop)
                if by.may(Role.MERCHANT, Role.OPERATOR)
                else [],
                "recent": records.find(tx, r, r.c.shop == shop, order=[r.c.at_us.desc()], limit=20),
            }

        address = str(request.base_url).rstrip("/") + f"/vouchers/pay/{shop}"
        return desk.html(
            request,
            "shop",
            files=store is not None,
            due_us=at_us + 60 * DAY_US,
            qr=qr(address),
            address=address,
            said=said,
            number_of=slips.number_of,
            **desk.read(read),
        )

    @routes.post("/shop/{shop}/take", name="vouchers.take", dependencies=[role(*SHOP_PEOPLE)])
    def take(request: Request, shop: str, form: FORM) -> Response:
        by, amount = session.acting(request, shop), won(form)
        id = derived("vouchers.page_take", by.key, form.get("idempotency_key", ""))

        def act(tx: Tx, at_us: int) -> str:
            code = form.get("code", "")
            paying.pay_by_code(tx, by, id=id, code=code, shop=shop, amount_krw=amount, legs=legs, at_us=at_us)
            return f"/vouchers/shop/{shop}?said=taken"

        return desk.once(request, by, form, act)

    @routes.post("/shop/{shop}/apply", name="vouchers.apply", dependencies=[role(Role.MERCHANT, Role.OPERATOR)])
    def apply(request: Request, shop: str, form: FORM, proof: Annotated[UploadFile | None, File()] = None) -> Response:
        """With the proof of sales as a file: written first, then recorded with the application."""
        by = session.acting(request, shop)
        id = derived("vouchers.page_apply", by.key, form.get("idempotency_key", ""))
        content = b"" if proof is None else proof.file.read(proofs.BYTES_MAX + 1)
        kept = proofs.put(store, desk.n, content) if store is not None else None
        asked = {**form, "proof": kept.sha256} if kept is not None else form

        def act(tx: Tx, at_us: int) -> str:
            paper = form.get("proof", "")[:100] if kept is None else proofs.keep(tx, by, kept, id, at_us=at_us)
            issuing.apply(
                tx, by, Merchant(
                    id=id, programme=form.get("programme", ""), shop=shop, category=form.get("category", "")[:40],
                    region=form.get("region", "")[:10], sales_krw=won(form, "sales"),
                    proof=paper, applied_us=at_us, state=MerchantState.APPLIED,
                ),
            )  # fmt: skip
            return f"/vouchers/shop/{shop}?said=applied"

        return desk.once(request, by, asked, act)

    @routes.post(
        "/shop/{shop}/payments/{payment}", name="vouchers.give_back", dependencies=[role(Role.MERCHANT, Role.OPERATOR)]
    )
    def give_back(request: Request, shop: str, payment: UUID, form: FORM) -> Response:
        by = session.acting(request, shop)
        id = derived("vouchers.page_back", by.key, form.get("idempotency_key", ""))

        def act(tx: Tx, at_us: int) -> str:
            paying.give_back(tx, by, payment, id=id, amount_krw=won(form), legs=refund_legs, at_us=at_us)
            return f"/vouchers/shop/{shop}?said=returned"

        return desk.once(request, by, form, act)


def qr(text: str) -> Markup:
    """A QR code as SVG that takes its colours from the page's style."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, svgclass="qr", lineclass="qr-dark"
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - made here of digits or an address, by segno


def _shops(tx: Tx) -> dict[str, Place]:
    return {one.id: one for one in places.shops(tx, system(tx.neighbourhood, "vouchers"))}


def _me(request: Request) -> Actor:
    """The member themselves, without the roles they hold: nobody buys as an operator."""
    by: Actor = session.signed_in(request).by
    return Actor(by.kind, by.key, by.neighbourhood, frozenset({Role.NEIGHBOUR, Role.SHOPPER}))


def won(form: Form, name: str = "amount") -> int:
    """An amount as people write it: 12,000 or 12000."""
    text = form.get(name, "").replace(",", "").replace("원", "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 13:
        raise Invalid(
            "vouchers.no_amount",
            ko="금액을 숫자로 넣어 주세요.",
            en="Give an amount in figures.",
            next_ko="예: 12,000",
            next_en="For instance 12,000.",
        )
    return int(text)
