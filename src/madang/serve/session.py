"""Signing in to the desk with the operator's key: a signed cookie, nothing stored; another key ends every session."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.kernel import Clock, Forbidden, NotSignedIn, SystemClock
from madang.kernel.clock import HOUR_US
from madang.ui import Pages, access
from madang.walkout.review_front import PRIVATE, Session

COOKIE = "madang_desk"
LASTS_US = 12 * HOUR_US
_ID, _AT, _PROOF = 12, 8, 16


class Sessions:
    """A ``Doorkeeper``. ``key`` is the operator's; ``open_here``: on this machine nobody is asked for it (a demo)."""

    def __init__(self, key: str, *, clock: Clock | None = None, open_here: bool = False) -> None:
        self._key, self._clock, self.open_here = key.encode(), clock or SystemClock(), open_here
        self._secret = hashlib.sha256(b"madang desk session 1\0" + self._key).digest()

    def allows(self, given: str) -> bool:
        return hmac.compare_digest(given.strip().encode(), self._key)

    def new(self) -> str:
        """A fresh session's cookie."""
        body = secrets.token_bytes(_ID) + self._clock.now_us().to_bytes(_AT, "big")
        return base64.urlsafe_b64encode(body + self._proof(b"cookie", body)).decode()

    def session(self, request: Request) -> Session:
        raw = _decoded(request.cookies.get(COOKIE, ""))
        body, proof = raw[: _ID + _AT], raw[_ID + _AT :]
        good = hmac.compare_digest(proof, self._proof(b"cookie", body)) and len(raw) == _ID + _AT + _PROOF
        at_us = int.from_bytes(body[_ID:], "big")
        if not good or not 0 <= self._clock.now_us() - at_us <= LASTS_US:
            raise Unknown(request)
        return Session(body[:_ID].hex(), self._proof(b"form", body).hex())

    def check(self, session: Session, csrf: str) -> None:
        if not hmac.compare_digest(session.csrf.encode(), csrf.encode()):
            raise Forbidden(
                "serve.bad_form",
                ko="이 화면에서 보낸 요청이 아니거나 너무 오래된 화면입니다.",
                en="This request did not come from one of your pages, or the page is too old.",
                next_ko="화면을 새로 열고 다시 하세요.",
                next_en="Open the page again and repeat it.",
            )

    def _proof(self, what: bytes, body: bytes) -> bytes:
        return hmac.new(self._secret, what + b"\0" + body, hashlib.sha256).digest()[:_PROOF]


class Unknown(NotSignedIn):
    """Nobody has signed in; ``back`` is where they wanted to go."""

    def __init__(self, request: Request) -> None:
        path = request.url.path if request.method == "GET" else ""
        self.back = path + (f"?{request.url.query}" if path and request.url.query else "")
        super().__init__(
            "serve.sign_in",
            ko="먼저 로그인해야 합니다.",
            en="You need to sign in first.",
            next_ko="/sign-in에서 운영자 열쇠를 넣으세요.",
            next_en="Give the operator's key at /sign-in.",
        )


def sign_in_first(_request: Request, fault: Exception) -> Response:
    """What the app does with ``Unknown``: to the sign-in page, and back from there."""
    assert isinstance(fault, Unknown)
    return RedirectResponse("/sign-in?" + urlencode({"next": fault.back}), 303, headers=PRIVATE)


def router(sessions: Sessions, pages: Pages, home: str) -> APIRouter:
    """``/sign-in`` and ``/sign-out``; ``home`` is where one arrives without having wanted to go elsewhere."""
    routes = APIRouter(include_in_schema=False, dependencies=[access.everyone])

    @routes.get("/sign-in", name="sign_in")
    def ask(request: Request, next: str = "") -> Response:
        if sessions.open_here and _from_here(request):
            return _in(sessions, request, _inside(next, home))
        return pages.html(request, "serve/sign_in.html", headers=PRIVATE, next=_inside(next, home), error=False)

    @routes.post("/sign-in", name="sign_in.do")
    def let_in(
        request: Request, key: Annotated[str, Form(max_length=200)] = "", next: Annotated[str, Form()] = ""
    ) -> Response:
        if sessions.allows(key):
            return _in(sessions, request, _inside(next, home))
        return pages.html(
            request, "serve/sign_in.html", status=401, headers=PRIVATE, next=_inside(next, home), error=True
        )

    @routes.post("/sign-out", name="sign_out")
    def out(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        sessions.check(sessions.session(request), csrf)
        answer = RedirectResponse("/", 303, headers=PRIVATE)
        answer.delete_cookie(COOKIE, path="/")
        return answer

    return routes


def _in(sessions: Sessions, request: Request, where: str) -> Response:
    answer = RedirectResponse(where, 303, headers=PRIVATE)
    secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    answer.set_cookie(
        COOKIE, sessions.new(), max_age=LASTS_US // 1_000_000, path="/", httponly=True, samesite="strict", secure=secure
    )
    return answer


def _inside(where: str, home: str) -> str:
    """Only to pages of the desk: a link must not send anybody who signs in elsewhere."""
    parts = urlsplit(where)
    desk = where.startswith("/desk/") and not parts.scheme and not parts.netloc and "\\" not in where
    return where if desk else home


def _from_here(request: Request) -> bool:
    """Asked under this machine's own name (another site's name that leads here is not it)."""
    return request.url.hostname in ("127.0.0.1", "localhost", "::1")


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return b""
