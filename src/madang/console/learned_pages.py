"""``/console/settings/{shop}/learned``: what a walk-out shop learned while selling, and taking a lesson back."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import catalog, places
from madang.catalog import Product
from madang.console.settings_pages import SettingsDesk
from madang.console.views import PRIVATE, Views
from madang.db import Tx
from madang.kernel import Actor, Conflict, Role
from madang.places import Place
from madang.walkout import learned, learning, promising, trembling
from madang.walkout import learning_records as records
from madang.walkout.learning_records import Row

PAGE = 50
WHOLE_MAX = 2**53


class Lessons(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's rows, the newest first; ``holding`` are the numbers of those that hold now, ``more`` where older ones
    begin. ``threshold`` is the confidence from which receipts are charged, None before there is a promise."""

    shop: Place
    rows: list[Row]
    holding: frozenset[int]
    products: dict[str, Product]
    threshold: float | None
    more: int | None


def add(routes: APIRouter, desk: SettingsDesk, views: Views) -> None:
    """For operators and staff of the shop; taking back is the operators'."""

    @routes.get("/settings/{shop}/learned", name="console.learned")
    def every(
        request: Request, shop: str, said: str = "", before: Annotated[int | None, Query(ge=0, le=WHOLE_MAX)] = None
    ) -> Response:
        by, now_us = request.state.by, desk.clock.now_us()
        found = desk.read(lambda tx: look(tx, by, shop, before, now_us))
        return views.show(request, "learned", found=found, said=said == "undone", **_bounds(by))

    @routes.get("/settings/{shop}/learned/{number}", name="console.lesson")
    def one(request: Request, shop: str, number: Annotated[int, Path(ge=0, le=WHOLE_MAX)]) -> Response:
        by = request.state.by
        return shown(request, by, shop, number)

    @routes.post("/settings/{shop}/learned/{number}/undo", name="console.lesson.undo")
    def undo(request: Request, shop: str, number: Annotated[int, Path(ge=0, le=WHOLE_MAX)]) -> Response:
        by, at_us = request.state.by, desk.clock.now_us()
        try:
            desk.write(lambda tx: learned.undo(tx, by, shop, number, at_us=at_us))
        except Conflict as error:
            return shown(request, by, shop, number, fault=error)
        return RedirectResponse(f"/console/settings/{quote(shop)}/learned?said=undone", 303, headers=PRIVATE)

    def shown(request: Request, by: Actor, shop: str, number: int, fault: Conflict | None = None) -> Response:
        found = desk.read(lambda tx: look(tx, by, shop, number + 1, desk.clock.now_us(), most=1))
        [row] = [one for one in found.rows if one.number == number] or [None]
        if row is None:
            raise learned.unknown()
        status = 200 if fault is None else fault.status
        return views.show(request, "lesson", status=status, found=found, row=row, fault=fault, **_bounds(by))


def look(tx: Tx, by: Actor, shop: str, before: int | None, now_us: int, *, most: int = PAGE) -> Lessons:
    """A page of a shop's lessons. Raises ``Forbidden`` for who does not work there."""
    place, rows = places.get(tx, by, shop), learned.history(tx, by, shop, before=before, limit=most + 1)
    shown = rows[:most]
    return Lessons(
        shop=place, rows=shown, holding=frozenset(row.number for row in records.values(tx, shop)),
        products=catalog.products(tx, by, sorted({row.product for row in shown if row.product})),
        threshold=promising.report(tx, by, shop, now_us).threshold,
        more=shown[-1].number if len(rows) > most else None,
    )  # fmt: skip


def _bounds(by: Actor) -> dict[str, Any]:
    return {"may_undo": by.may(Role.OPERATOR), "weights": learning.BOUNDS, "noises": trembling.BOUNDS}
