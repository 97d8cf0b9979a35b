"""My wallet: what is in it, filling it, my gift cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, MadangError
from madang.payments import emptying, gift_cards, payment_records, preferences, tabs, topping_up, wallet_history
from madang.payments.connected import connected
from madang.payments.desk import PayDesk
from madang.payments.pages import PRIVATE
from madang.payments.wallet_history import Entry
from madang.payments.wallets import wallet
from madang.ui import Pages, access, language_of

AMOUNTS_KRW = (10_000, 30_000, 50_000, 100_000)
LINES = 20


class Mine(NamedTuple):
    """What a wallet's page shows: ``owed_krw`` is on the tab, ``back_krw`` can go back to where it came from."""

    balance: ledger.Balance
    entries: list[Entry]
    cards: list[tuple[gift_cards.Card, int]]
    order: tuple[str, ...]
    owed_krw: int
    back_krw: int


def router(desk: PayDesk, pages: Pages) -> APIRouter:
    routes = APIRouter(prefix="/wallet", include_in_schema=False, dependencies=[access.own])

    def shown(request: Request, *, status: int = 200, error: MadangError | None = None) -> Response:
        by: Actor = request.state.by

        def look(tx: Tx) -> Mine:
            mine, order = wallet(by.key), preferences.preferred(tx, by.key) or ("wallet",)
            lines = ledger.statement(tx, mine, limit=LINES).rows
            owed, back = tabs.owed_krw(tx, by.key), emptying.can_go_back(tx, by)
            entries = wallet_history.entries(lines, payment_records.own_titles(tx, by, wallet_history.paid_by(lines)))
            return Mine(ledger.balance(tx, mine), entries, gift_cards.mine(tx, by), order, owed, back)

        mine = desk.read(look)
        balance, cards, order = mine.balance, mine.cards, mine.order
        return pages.html(
            request, "payments/wallet.html", status=status, headers=PRIVATE, balance=balance, lines=mine.entries,
            cards=cards,
            gateways=connected(), amounts=AMOUNTS_KRW, key=desk.ids.new(), now_us=desk.clock.now_us(), error=error,
            order=order, means=preferences.MEANS, owed_krw=mine.owed_krw, back_krw=mine.back_krw,
            said=request.query_params.get("said", ""),
        )  # fmt: skip

    @routes.get("", name="wallet")
    def look(request: Request) -> Response:
        return shown(request)

    _money(routes, desk, shown)
    _cards(routes, desk, shown)
    return routes


def _money(routes: APIRouter, desk: PayDesk, shown: Callable[..., Response]) -> None:
    @routes.post("/top-up", name="wallet.top_up")
    def top_up(
        request: Request,
        amount_krw: Annotated[int, Form()],
        means: Annotated[str, Form(max_length=40)],
        idempotency_key: Annotated[UUID, Form()],
    ) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        title = "지갑 충전" if language_of(request) == "ko" else "Wallet top-up"
        try:
            begun = desk.write(
                lambda tx: topping_up.begin(
                    tx, by, id=idempotency_key, shop=desk.shop, amount_krw=amount_krw, means=means, title=title,
                    at_us=now,
                )
            )  # fmt: skip
        except MadangError as error:
            return shown(request, status=error.status, error=error)
        return RedirectResponse(desk.links.address(begun.id), 303, headers=PRIVATE)

    @routes.post("/back", name="wallet.back")
    def back(
        request: Request, amount_krw: Annotated[int, Form()], idempotency_key: Annotated[UUID, Form()]
    ) -> Response:
        """Money of mine back to the means that filled the wallet."""
        by, now = request.state.by, desk.clock.now_us()
        try:
            desk.write(lambda tx: emptying.give_back(tx, by, id=idempotency_key, amount_krw=amount_krw, at_us=now))
        except MadangError as error:
            return shown(request, status=error.status, error=error)
        return RedirectResponse("/wallet?said=back", 303, headers=PRIVATE)

    @routes.post("/tab", name="wallet.tab")
    def tab(request: Request, idempotency_key: Annotated[UUID, Form()]) -> Response:
        """Pay what is owed on the tab with what the wallet holds."""
        by, now = request.state.by, desk.clock.now_us()
        desk.write(lambda tx: tabs.repay(tx, by.key, id=idempotency_key, at_us=now))
        return RedirectResponse("/wallet", 303, headers=PRIVATE)


def _cards(routes: APIRouter, desk: PayDesk, shown: Callable[..., Response]) -> None:
    @routes.post("/order", name="wallet.order")
    def order(
        request: Request,
        first: Annotated[str, Form(max_length=20)] = "",
        second: Annotated[str, Form(max_length=20)] = "",
        third: Annotated[str, Form(max_length=20)] = "",
    ) -> Response:
        """In which order my means pay when nobody asks: leaving a shop, and what a checkout begins with."""
        by, now = request.state.by, desk.clock.now_us()
        chosen = [one for one in (first, second, third) if one]
        try:
            desk.write(lambda tx: preferences.prefer(tx, by, chosen, at_us=now))
        except MadangError as error:
            return shown(request, status=error.status, error=error)
        return RedirectResponse("/wallet?said=order#order", 303, headers=PRIVATE)

    @routes.post("/gift-cards", name="wallet.gift_card")
    def enter(request: Request, code: Annotated[str, Form(max_length=60)]) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        try:
            desk.write(lambda tx: gift_cards.show(tx, by, code, at_us=now))
        except MadangError as error:
            return shown(request, status=error.status, error=error)
        return RedirectResponse("/wallet#cards", 303, headers=PRIVATE)

    @routes.post("/gift-cards/{card}/rest", name="wallet.gift_card_rest")
    def rest(request: Request, card: UUID) -> Response:
        by, now = request.state.by, desk.clock.now_us()
        try:
            desk.write(lambda tx: gift_cards.rest_to_wallet(tx, by, card, at_us=now))
        except MadangError as error:
            return shown(request, status=error.status, error=error)
        return RedirectResponse("/wallet", 303, headers=PRIVATE)
