"""The start page, the language switch's memory, and the address that says the process is well."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from madang import __version__
from madang.kernel import Clock
from madang.ui import Pages, access
from madang.walkout.live import Hubs


def router(pages: Pages, hubs: Hubs, clock: Clock) -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[access.everyone])

    @routes.get("/", name="home")
    async def home(request: Request) -> Response:
        shops = [{"hub": hub, "now": hub.snapshot()} for hub in hubs.all()]
        return pages.html(request, "ui/home.html", shops=shops)

    @routes.get("/health", name="health")
    async def health() -> Response:
        shops = {hub.shop_id: {"pages": hub.pages} for hub in hubs.all()}
        return JSONResponse({"ok": True, "version": __version__, "at_us": clock.now_us(), "shops": shops})

    return routes
