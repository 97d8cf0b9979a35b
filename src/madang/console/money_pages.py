"""``/console/money``: how the money stands."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from madang.console import giving
from madang.console.money_desk import Money, MoneyDesk, Span
from madang.console.views import Views
from madang.deals.receipts import Takings
from madang.kernel import Role, seoul
from madang.ui import TEXTS, access, charts, formats, language_of
from madang.ui.charts import Series

SETTLE = (Role.OPERATOR, Role.MERCHANT)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""A year of bars: short enough for a phone, and none of them twice."""


def add(routes: APIRouter, desk: MoneyDesk, views: Views) -> None:
    """For operators and merchants: staff pack and hand over, they settle nothing."""

    @routes.get("/money", name="console.money", dependencies=[access.role(*SETTLE)])
    def money(request: Request, span: str = "day") -> Response:
        found = desk.money(request.state.by, Span(span) if span in list(Span) else Span.DAY)
        language = language_of(request)
        return views.show(
            request, "money", money=found, spans=list(Span), label=partial(label, found.span, language),
            chart=_chart(found, language), ways=_ways(found, language), now_us=desk.clock.now_us(),
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


def label(span: Span, language: str, one: Takings) -> str:
    """What a bar is called: a day, the day its week begins, a month."""
    _, month, day = one.day.split("-")
    if span is Span.MONTH:
        return f"{int(month)}월" if language == "ko" else MONTHS[int(month) - 1]
    return f"{int(month)}.{int(day)}." if language == "ko" else f"{int(day)}/{int(month)}"


def short(krw: int, language: str) -> str:
    """So much money in the width of an axis: 12만, ₩120k."""
    if language == "ko":
        return f"{krw / 10_000:,.10g}만" if krw >= 10_000 else f"{krw:,}"
    return f"₩{krw / 1_000_000:,.10g}m" if krw >= 1_000_000 else f"₩{krw / 1_000:,.10g}k" if krw >= 1_000 else f"₩{krw}"


def _chart(found: Money, language: str) -> str:
    say = partial(TEXTS.say, language)
    left = Series(
        name=say("office.money.sold"), tone="one", values=tuple(max(0, one.left_krw) for one in found.bars)
    )  # fmt: skip
    back = Series(name=say("office.money.refunded"), tone="two", values=tuple(one.refunded_krw for one in found.bars))
    told = say(
        "office.money.chart_says", sold=formats.won(found.total.sold_krw, language),
        refunded=formats.won(found.total.refunded_krw, language), n=len(found.bars),
    )  # fmt: skip
    return _bars("sales", say("office.money.sales"), told, [left, back], found, language)


def _ways(found: Money, language: str) -> str:
    """Where it was sold: by walking out of a shop, or ordered."""
    say, total = partial(TEXTS.say, language), found.total
    walked = Series(name=say("office.money.walked"), tone="one", values=tuple(one.walked_krw for one in found.bars))
    ordered = tuple(max(0, one.sold_krw - one.walked_krw) for one in found.bars)
    told = say(
        "office.money.ways_say", walked=formats.won(total.walked_krw, language),
        ordered=formats.won(total.sold_krw - total.walked_krw, language),
    )  # fmt: skip
    both = [walked, Series(name=say("office.money.ordered"), tone="three", values=ordered)]
    return _bars("ways", say("office.money.ways"), told, both, found, language)


def _bars(id: str, title: str, told: str, series: list[Series], found: Money, language: str) -> str:
    labels = [label(found.span, language, one) for one in found.bars]
    return charts.bars(id, title, told, labels, series, said=lambda krw: short(krw, language))
