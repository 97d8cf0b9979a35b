"""The live page of a shop: one page, and the stream of events it follows."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from madang.kernel import NotFound
from madang.ui import Pages, access, language_of
from madang.walkout.live import Hub, Hubs

EVENT_STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy must not hold events back


def router(hubs: Hubs, pages: Pages) -> APIRouter:
    """``/live/{shop}`` and ``/live/{shop}/events``."""
    routes = APIRouter(prefix="/live", include_in_schema=False, dependencies=[access.everyone])

    @routes.get("/{shop}", name="live")
    async def live(request: Request, shop: str) -> Response:
        hub = _hub(hubs, shop)
        name = hub.name_ko if language_of(request) == "ko" else hub.name_en
        note = hub.note_ko if language_of(request) == "ko" else hub.note_en
        return pages.html(request, "walkout/live.html", shop=hub.shop_id, name=name, note=note, desk_url=hub.desk_url)

    @routes.get("/{shop}/events", name="live.events")
    async def events(request: Request, shop: str) -> Response:
        hub = _hub(hubs, shop)
        hub.check_room()
        stream = hub.stream(request.headers.get("last-event-id"))
        return StreamingResponse(stream, media_type="text/event-stream", headers=EVENT_STREAM)

    return routes


def _hub(hubs: Hubs, shop: str) -> Hub:
    hub = hubs.get(shop)
    if hub is None:
        raise NotFound(
            "live.no_shop",
            ko="이 가게는 지금 이 화면에 없습니다.",
            en="This shop is not live here.",
            next_ko="처음 화면에서 열려 있는 가게를 고르세요.",
            next_en="Choose an open shop on the start page.",
        )
    return hub
