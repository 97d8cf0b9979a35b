"""Asks an app without a server or a socket: for tests of pages and doors."""

from __future__ import annotations

import asyncio
import atexit
from functools import cache
from typing import Any

import httpx
from starlette.types import ASGIApp

from madang.ui import session


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all requests of a process: to make one and end it takes as long as a page does."""
    made = asyncio.new_event_loop()
    atexit.register(made.close)
    return made


class Client:
    """Keeps cookies from one request to the next; errors of the app come as its answers.

    It sends what a page's form would: the proof that the form is its own (``own_form=False`` leaves that out).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._cookies = app, httpx.Cookies()

    def keeps(self, name: str, value: str) -> None:
        """A cookie it has from before."""
        self._cookies.set(name, value)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)

    def cookie(self, name: str) -> str:
        """A cookie it has been given, or ''."""
        return self._cookies.get(name, "")

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        return _loop().run_until_complete(self._ask(method, path, given))

    def _proof(self) -> str:
        """What ``csrf_field()`` would hold: bound to the session, or to the visitor's cookie (made where missing)."""
        if not session.guest_of(self._cookies):
            self._cookies.set(session.GUEST_COOKIE, session.new_guest())
        return session.token_of(self._cookies.get("madang_session") or self._cookies[session.GUEST_COOKIE])

    async def _ask(self, method: str, path: str, given: dict[str, Any]) -> httpx.Response:
        if given.pop("own_form", True) and method not in session.SAFE:
            given["headers"] = {session.HEADER: self._proof()} | dict(given.get("headers") or {})
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", cookies=self._cookies, trust_env=False
        ) as client:
            answer = await client.request(method, path, **given)
            self._cookies = client.cookies
            return answer
