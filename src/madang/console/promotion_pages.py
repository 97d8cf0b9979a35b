"""``/console/promotions``: which there are, one to change or end, a basket to try it in before anything is set."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog import Percent, Promotion
from madang.console import promotion_form, saying
from madang.console.order_pages import FORM
from madang.console.promotion_desk import PromotionDesk
from madang.console.promotion_form import Filled
from madang.console.views import PRIVATE, Views
from madang.kernel import Actor, MadangError
from madang.kernel.clock import MINUTE_US
from madang.ui import language_of

Fields = list[tuple[str, str]]


def add(routes: APIRouter, desk: PromotionDesk, views: Views) -> None:
    """For operators and staff; who works in one shop sets that shop's."""

    @routes.get("/promotions", name="console.promotions")
    def every(request: Request) -> Response:
        lang = language_of(request)
        effect = lambda one: saying.effect(_plain(one), lang)  # noqa: E731 - for the template
        return views.show(request, "promotions", found=desk.every(_by(request)), effect=effect)

    @routes.get("/promotions/new", name="console.promotion.new")
    def new(request: Request) -> Response:
        now_us = desk.clock.now_us()
        blank = Promotion(id="", name_ko="", name_en="", effect=Percent(1000), from_us=now_us - now_us % MINUTE_US)
        return shown(request, promotion_form.shown(blank), id="")

    @routes.post("/promotions/try", name="console.promotion.try")
    def trial(request: Request, form: FORM) -> Response:
        """The same form again, with what a basket would cost."""
        by, id, filled = taken(request, form)
        found: dict[str, Any] = {}
        if filled.promotion is not None:
            found = _trial(desk, by, filled.promotion, form)
        return shown(request, filled, id=id, form=form, **found)

    @routes.post("/promotions", name="console.promotion.stage")
    def stage(request: Request, form: FORM) -> Response:
        by, id, filled = taken(request, form)
        if filled.promotion is None:
            return shown(request, filled, id=id, form=form)
        change = desk.stage(by, filled.promotion)
        return RedirectResponse(f"/console/changes/{change.id}", 303, headers=PRIVATE)

    @routes.get("/promotions/{promotion}", name="console.promotion")
    def one(request: Request, promotion: str) -> Response:
        found = desk.get(_by(request), promotion)
        return shown(request, promotion_form.shown(found.promotion), id=promotion, standing=found)

    @routes.post("/promotions/{promotion}/end", name="console.promotion.end")
    def end(request: Request, promotion: str) -> Response:
        """Stage its end; what was had of it stays."""
        before = desk.get(_by(request), promotion).promotion
        change = desk.stage(_by(request), _with(before, on=False))
        return RedirectResponse(f"/console/changes/{change.id}", 303, headers=PRIVATE)

    def taken(request: Request, form: Fields) -> tuple[Actor, str, Filled]:
        by, id = _by(request), dict(form).get("id", "")
        before = desk.get(by, id).promotion if id else None
        name = id or f"p-{desk.ids.new().hex[-12:]}"
        return by, id, promotion_form.filled(form, id=name, shops=by.shops, before=before)

    def shown(request: Request, filled: Filled, *, id: str, form: Fields | None = None, **more: Any) -> Response:
        by = _by(request)
        if id and "standing" not in more:
            more["standing"] = desk.get(by, id)
        tried = dict(form or [])
        values = {"standing": None, "quote": None, "trouble": None, "said": filled.said, "wrong": filled.wrong} | more
        return views.show(
            request, "promotion", status=422 if filled.wrong else 200, id=id, chosen=filled.chosen, tried=tried,
            choices=desk.choices(by), kinds=promotion_form.KINDS, caps=promotion_form.CAPS,
            lines=promotion_form.TRIED, in_shop=bool(by.shops), **values,
        )  # fmt: skip


def _trial(desk: PromotionDesk, by: Actor, draft: Promotion, form: Fields) -> dict[str, Any]:
    said = dict(form)
    asked = promotion_form.instant(said.get("try.at", "")) or max(desk.clock.now_us(), draft.from_us)
    lines = promotion_form.basket(form)
    if not lines:
        return {"trouble": "empty"}
    try:
        quote = desk.tried(by, draft, lines, at_us=asked, member=said.get("try.member") == "yes")
    except MadangError as error:
        return {"trouble": error}
    return {"quote": quote, "tried_us": asked}


def _plain(one: Promotion) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(one.effect)
    return value


def _with(one: Promotion, **change: Any) -> Promotion:
    return msgspec.structs.replace(one, **change)


def _by(request: Request) -> Actor:
    by: Actor = request.state.by
    return by
