"""Gift cards' pages: buying one for somebody, its code once, having it back, what is left on one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import ledger
from madang.db import Tx
from madang.guard.limits import Limit, Limiter
from madang.kernel import Actor, MadangError
from madang.payments import gift_cards, gift_selling, gift_terms
from madang.payments.connected import connected
from madang.payments.desk import PayDesk
from madang.payments.gift_selling import For, GiftOrder
from madang.payments.pages import PRIVATE
from madang.payments.wallets import wallet
from madang.ui import Pages, access, language_of

AMOUNTS_KRW = (10_000, 30_000, 50_000, 100_000)
LOOKS = Limit(burst=5, per_s=1 / 20)
"""How often one visitor may ask what is on a card: enough for people, not for trying codes."""


def router(desk: PayDesk, pages: Pages) -> APIRouter:
    routes = APIRouter(prefix="/gift-cards", include_in_schema=False)
    _buying(routes, desk, pages)
    _checking(routes, desk, pages)
    _one(routes, desk, pages)
    return routes


def _buying(routes: APIRouter, desk: PayDesk, pages: Pages) -> None:
    def shown(request: Request, *, error: MadangError | None = None, form: dict[str, str] | None = None) -> Response:
        by: Actor = request.state.by

        def look(tx: Tx) -> tuple[int, list[GiftOrder]]:
            return ledger.balance(tx, wallet(by.key)).available, gift_selling.mine(tx, by)

        has_krw, mine = desk.read(look)
        return pages.html(
            request, "payments/gift.html", status=error.status if error else 200, headers=PRIVATE, error=error,
            wallet_krw=has_krw, mine=mine, gateways=connected(), amounts=AMOUNTS_KRW, key=desk.ids.new(),
            form=form or {}, mails=gift_selling.mails(desk.neighbourhood), least=gift_selling.LEAST_KRW,
            most=gift_selling.MOST_KRW, years=gift_terms.VALID_US // (365 * 86_400_000_000),
        )  # fmt: skip

    @routes.get("", name="gifts", dependencies=[access.own])
    def look(request: Request) -> Response:
        return shown(request)

    @routes.post("", name="gifts.buy", dependencies=[access.own])
    def buy(
        request: Request,
        means: Annotated[str, Form(max_length=40)],
        idempotency_key: Annotated[UUID, Form()],
        amount_krw: Annotated[str, Form(max_length=12)] = "",
        other_krw: Annotated[str, Form(max_length=12)] = "",
        to: Annotated[str, Form(max_length=254)] = "",
        words: Annotated[str, Form(max_length=gift_selling.WORDS_MAX)] = "",
    ) -> Response:
        by, now, language = request.state.by, desk.clock.now_us(), language_of(request)
        asked = (other_krw if amount_krw in ("", "other") else amount_krw).replace(",", "").strip()
        title = "기프트카드" if language == "ko" else "Gift card"
        given = For(to.strip(), words.strip()) if to.strip() else None
        try:
            made = desk.write(
                lambda tx: gift_selling.order(
                    tx, by, id=idempotency_key, shop=desk.shop, means=means, given_to=given, language=language,
                    amount_krw=int(asked) if asked.isascii() and asked.isdigit() else 0, title=title, at_us=now,
                )
            )  # fmt: skip
        except MadangError as error:
            form = {"amount_krw": amount_krw, "other_krw": other_krw, "to": to, "words": words, "means": means}
            return shown(request, error=error, form=form)
        where = f"/gift-cards/{made.id}" if made.state != gift_selling.ORDERED else desk.links.address(made.payment)
        return RedirectResponse(where, 303, headers=PRIVATE)


def _checking(routes: APIRouter, desk: PayDesk, pages: Pages) -> None:
    limiter = Limiter(desk.clock)

    @routes.get("/check", name="gifts.check", dependencies=[access.everyone])
    def ask(request: Request) -> Response:
        return pages.html(request, "payments/gift_check.html", headers=PRIVATE, error=None, card=None, left_krw=0)

    @routes.post("/check", name="gifts.checked", dependencies=[access.everyone])
    def check(request: Request, code: Annotated[str, Form(max_length=60)] = "") -> Response:
        """What is left, told to whoever has the code; nobody's card is entered by it."""
        by: Actor = request.state.by
        try:
            limiter.take(by, "gift_cards.check", LOOKS)
            card, left = desk.read(lambda tx: gift_cards.look(tx, by, code))
        except MadangError as error:
            return pages.html(
                request, "payments/gift_check.html", status=error.status, headers=PRIVATE, error=error, card=None,
                left_krw=0,
            )  # fmt: skip
        return pages.html(request, "payments/gift_check.html", headers=PRIVATE, error=None, card=card, left_krw=left)


def _one(routes: APIRouter, desk: PayDesk, pages: Pages) -> None:
    def shown(request: Request, id: UUID, *, code: str = "", error: MadangError | None = None) -> Response:
        by, now = request.state.by, desk.clock.now_us()

        def look(tx: Tx) -> tuple[GiftOrder, bool, int]:
            one = gift_selling.get(tx, by, id)
            left = ledger.balance(tx, gift_cards.account(id)).available
            return one, gift_selling.may_withdraw(tx, by, one, now), left

        one, may_withdraw, left = desk.read(look)
        return pages.html(
            request, "payments/gift_one.html", status=error.status if error else 200, headers=PRIVATE, one=one,
            may_withdraw=may_withdraw, left_krw=left, code=code, error=error,
            pay_at=desk.links.address(one.payment) if one.state == gift_selling.ORDERED else "",
        )  # fmt: skip

    @routes.get("/{id}", name="gifts.one", dependencies=[access.own])
    def look(request: Request, id: UUID) -> Response:
        return shown(request, id)

    @routes.post("/{id}/show", name="gifts.show", dependencies=[access.own])
    def show(request: Request, id: UUID) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        try:
            code = desk.write(lambda tx: gift_selling.show_once(tx, by, id, at_us=now))
        except MadangError as error:
            if error.status == 404:
                raise
            return shown(request, id, error=error)
        return shown(request, id, code=code)

    @routes.post("/{id}/withdraw", name="gifts.withdraw", dependencies=[access.own])
    def withdraw(request: Request, id: UUID) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        try:
            desk.write(lambda tx: gift_selling.withdraw(tx, by, id, at_us=now))
        except MadangError as error:
            if error.status == 404:
                raise
            return shown(request, id, error=error)
        return RedirectResponse(f"/gift-cards/{id}", 303, headers=PRIVATE)
