"""Keeps the language that a reader chose with ``?lang=``."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from madang.ui.i18n import LANGUAGES
from madang.ui.page import LANGUAGE_COOKIE

YEAR_S = 365 * 86400


class Remember:
    """Sets the cookie on the answer to any request that names one of our languages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [""])[-1]
        if scope["type"] != "http" or asked not in LANGUAGES:
            await self._app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{LANGUAGE_COOKIE}={asked}; Path=/; Max-Age={YEAR_S}; SameSite=Lax; HttpOnly"
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, with_cookie)
