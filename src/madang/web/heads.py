"""``HEAD`` wherever ``GET`` is, by the same route and with the same headers, but no body (RFC 9110, 9.3.2): for what
watches pages and follows links without reading them."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """Asks the app within for what ``GET`` would answer; of a stream it waits for the beginning only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        with anyio.CancelScope() as rest:
            await self._app({**scope, "method": "GET"}, receive, _without_body(send, rest.cancel))


def _without_body(send: Send, enough: Callable[[], None]) -> Send:
    ended = False

    async def sends(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
        elif not ended:
            ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            if message.get("more_body"):
                enough()

    return sends
