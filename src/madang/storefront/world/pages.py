"""The storefront for the world: English first, the reader's money beside won, what it costs to have a good sent."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from madang.catalog import Report
from madang.catalog.spreadsheet import BYTES_MAX
from madang.db import Tx
from madang.kernel import MadangError, Role
from madang.storefront.front import Storefront
from madang.storefront.world import looking, records, sheets, tariffs
from madang.storefront.world.sheets import Sheet
from madang.ui.access import everyone, role

YEAR_S = 365 * 24 * 3600


def router(shop: Storefront) -> APIRouter:
    """``/world``, and ``/console/world`` for the operator."""
    routes = APIRouter(include_in_schema=False)
    _looking(routes, shop)
    _desk(routes, shop)
    return routes


def _looking(routes: APIRouter, here: Storefront) -> None:
    @routes.get("/world", name="world", dependencies=[everyone])
    def front(request: Request, q: str = "") -> Response:
        by, at_us = here.buyer(request), here.clock.now_us()
        currency = looking.currency_of(request)
        said = " ".join(q.split())[:100]
        page = here.read(lambda tx: looking.front(tx, by, currency, at_us, said))
        return _remembered(request, here.html(_english(request), "world/front", page=page, q=said, **_asked(request)))

    @routes.get("/world/{listing}", name="world.good", dependencies=[everyone])
    def good(request: Request, listing: str, sku: str = "") -> Response:
        by, at_us = here.buyer(request), here.clock.now_us()
        currency, country = looking.currency_of(request), looking.country_of(request)
        of = here.read(lambda tx: looking.whole(tx, by, listing, sku or None, currency, country, at_us))
        return _remembered(
            request,
            here.html(_english(request), "world/good", of=of, page=of.front, shop=of.of.shop, **_asked(request)),
        )


def _desk(routes: APIRouter, here: Storefront) -> None:
    may = [role(Role.OPERATOR)]

    @routes.get("/console/world", name="console.world", dependencies=may)
    def desk(request: Request) -> Response:
        return _table(here, request, None, None)

    @routes.post("/console/world", name="console.world.take", dependencies=may)
    def take(request: Request, sheet: Annotated[Sheet, Form()], file: Annotated[UploadFile, File()]) -> Response:
        by, id, at_us = request.state.by, here.ids.new(), here.clock.now_us()
        data = file.file.read(BYTES_MAX + 1)
        try:
            report = here.write(lambda tx: tariffs.import_sheet(tx, by, sheet, data, id=id, at_us=at_us))
        except MadangError as error:
            return _table(here, request, None, error)
        return _table(here, request, report, None)


def _table(here: Storefront, request: Request, report: Report | None, error: MadangError | None) -> Response:
    at_us, by = here.clock.now_us(), request.state.by

    def look(tx: Tx) -> dict[str, Any]:
        every = records.in_force(tx, by, Sheet.RATES, at_us)
        return {
            "counts": records.counts(tx, by), "rates": list(every.values()),
            "services": list(records.in_force(tx, by, Sheet.SERVICES, at_us).values()),
        }  # fmt: skip

    status = error.status if error else 422 if report and report.errors else 200
    columns = {sheet: ", ".join(sheets.columns(sheet)) for sheet in Sheet}
    return here.html(
        request, "world/desk", status=status, report=report, error=error, columns=columns, sheets=list(Sheet),
        face=None, **here.read(look),
    )  # fmt: skip


def _asked(request: Request) -> dict[str, Any]:
    return {"currency": looking.currency_of(request), "country": looking.country_of(request)}


def _english(request: Request) -> Request:
    """A reader whose language nobody has here reads English."""
    request.scope.setdefault("state", {})["default_language"] = "en"
    return request


def _remembered(request: Request, answer: Response) -> Response:
    """A choice of money or country holds for the next page, too, and for the checkout."""
    for name, field in ((looking.CURRENCY, "currency"), (looking.COUNTRY, "to")):
        if field in request.query_params:
            chosen = _asked(request)["currency" if field == "currency" else "country"]
            answer.set_cookie(
                name, chosen, max_age=YEAR_S, samesite="lax", httponly=True, secure=request.url.scheme == "https"
            )
    return answer
