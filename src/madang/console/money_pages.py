"""``/console/money``: how the money stands."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from madang.console import giving, money_charts
from madang.console.money_desk import MoneyDesk, Span
from madang.console.views import Views
from madang.kernel import Role, seoul
from madang.ui import access, language_of

SETTLE = (Role.OPERATOR, Role.MERCHANT)


def add(routes: APIRouter, desk: MoneyDesk, views: Views) -> None:
    """For operators and merchants: staff pack and hand over, they settle nothing."""

    @routes.get("/money", name="console.money", dependencies=[access.role(*SETTLE)])
    def money(request: Request, span: str = "day") -> Response:
        found = desk.money(request.state.by, Span(span) if span in list(Span) else Span.DAY)
        language = language_of(request)
        return views.show(
            request, "money", money=found, spans=list(Span), label=partial(money_charts.label, found.span, language),
            charts=money_charts.all_of(found, language), now_us=desk.clock.now_us(),
            in_shop=bool(request.state.by.shops),
        )  # fmt: skip

    @routes.get("/money/file.{form}", name="console.money.file", dependencies=[access.role(*SETTLE)])
    def takings(request: Request, form: str, span: str = "day") -> Response:
        chosen = Span(span) if span in list(Span) else Span.DAY
        return giving.file(*desk.takings(request.state.by, chosen), _named(desk, f"takings-{chosen}"), form)

    @routes.get("/money/payments.{form}", name="console.payments.file")
    def payments(request: Request, form: str, state: str = "") -> Response:
        return giving.file(*desk.payments(request.state.by, state[:20]), _named(desk, "payments"), form)


def _named(desk: MoneyDesk, what: str) -> str:
    return f"{what}-{seoul(desk.clock.now_us()):%Y%m%d}"
