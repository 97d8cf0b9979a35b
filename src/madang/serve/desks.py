"""The review desk's door: its pages, and signing in to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from madang.kernel import Clock, Uuid7
from madang.serve import session
from madang.serve.session import Sessions
from madang.ui import Pages
from madang.walkout import review_pages
from madang.walkout.live import Hubs
from madang.walkout.review_desk import ReviewDesk


class DeskDoor:
    """What an app needs to serve a desk: ``routers``, and ``handlers`` that send strangers to the sign-in page."""

    def __init__(self, desk: ReviewDesk, sessions: Sessions, clock: Clock) -> None:
        pages, self._desk = Pages(), desk
        self.url = f"/desk/{desk.shop}"
        self.routers: list[APIRouter] = [
            review_pages.router(desk, sessions, pages, Uuid7(clock)),
            session.router(sessions, pages, self.url),
        ]
        self.handlers: Mapping[type[Exception], Callable[[Request, Exception], Response]] = {
            session.Unknown: session.sign_in_first
        }

    def announce(self, hubs: Hubs) -> None:
        """Let the shop's live page lead to the desk."""
        hub = hubs.get(self._desk.shop)
        if hub is not None:
            hub.desk_url = self.url
