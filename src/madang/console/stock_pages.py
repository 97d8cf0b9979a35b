"""Stock by place: what lies there, what expires soon, and forms for what people do with goods."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.console import work_charts
from madang.console.stock_outlook import Outlook
from madang.console.stockroom import REASONS, Act, Done, Stockroom
from madang.console.views import PRIVATE, Views
from madang.ui import language_of
from madang.ui.charts import Chart


def add(routes: APIRouter, room: Stockroom, views: Views) -> None:
    """``/console/stock`` and what lies under it."""

    @routes.get("/stock", name="console.stock")
    def every(request: Request) -> Response:
        found = room.places(request.state.by)
        if len(found) == 1:
            return RedirectResponse(f"/console/stock/{quote(found[0].id)}", 303, headers=PRIVATE)
        return views.show(request, "stock_places", found=found)

    @routes.get("/stock/{place}", name="console.stock.place")
    def at(request: Request, place: str, q: str = "", cursor: str | None = None, did: str = "") -> Response:
        found = room.at(request.state.by, place, text=q[:100], cursor=cursor)
        more = urlencode({"q": q, "cursor": found.page.next}) if found.page.next else ""
        did = did if did in list(Act) else ""
        return views.show(
            request, "stock", at=found, q=q, more=more, did=did, acts=list(Act), today=room.today,
            charts=_charts(found.outlook, language_of(request)),
        )  # fmt: skip

    @routes.get("/stock/{place}/{sku}", name="console.stock.sku")
    def one(request: Request, place: str, sku: str) -> Response:
        by = request.state.by
        found, here = room.one(by, place, sku)
        lots = room.lots(by, place, sku)
        return views.show(
            request, "stock_sku", at=found, row=here, lots=lots, acts=list(Act), reasons=REASONS, sku=sku,
        )  # fmt: skip

    @routes.post("/stock/{place}/{sku}", name="console.stock.do")
    def do(
        request: Request,
        place: str,
        sku: str,
        act: Annotated[Act, Form()],
        amount: Annotated[int, Form(ge=0, le=10_000_000)],
        expires: Annotated[str, Form(max_length=31)] = "",
        target: Annotated[str, Form(max_length=64)] = "",
        reason: Annotated[str, Form(max_length=20)] = "other",
    ) -> Response:
        said = reason if reason in REASONS else "other"
        done = Done(act=act, sku=sku, amount=amount, lot=expires, target=target, reason=said)
        room.do(request.state.by, place, done)
        return RedirectResponse(f"/console/stock/{quote(place)}/{quote(sku)}?did={act}", 303, headers=PRIVATE)


def _charts(found: Outlook | None, language: str) -> list[Chart]:
    """Those that show something: all that lasts long is no picture."""
    if found is None:
        return []
    expiry = work_charts.expiry(found, language)
    return [*([work_charts.cover(found, language)] if found.short else []), *([] if expiry.empty else [expiry])]
