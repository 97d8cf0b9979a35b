"""The edge of every request: its id, who asks, security headers, limits; plain ASGI, so that streams stay streams."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from madang.guard.limits import Limit, Limiter
from madang.kernel import Actor, Forbidden, Kind, MadangError, Role, TooLarge, logs
from madang.ui import session
from madang.ui.session import Asking, Identify, Identity
from madang.web.faults import UNEXPECTED

log = logging.getLogger("madang.web")

READ, WRITE = Limit(burst=240, per_s=60), Limit(burst=20, per_s=2)
GUEST_S = 30 * 86_400
ADDRESS = Limit(burst=1200, per_s=300)
"""What one address may ask as anybody: a house shares one, and a flood of made-up sessions comes from one."""
DEVICE = Limit(burst=6000, per_s=1500)
HOOK = Limit(burst=2000, per_s=200)
HOOKS = "/v1/hooks/"
"""Where payment companies notify from a few addresses: a busy day's worth must never be turned away."""
DEVICES = "/v1/sensors/"
"""Where devices write: their messages carry numbers of their own, so they need no key and come as fast as they must."""
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_EVERYWHERE = [
    (name.lower().encode(), value.encode()) for name, value in {**SECURITY, "Cache-Control": "no-store"}.items()
]
BODY_MAX = (("/v1/sensors/", 17 << 20), ("/v1/edge/", 5 << 20), ("/v1/", 1 << 20), ("", 32 << 20))
"""Bytes that a body may have, by where it goes; what a route limits further it says itself."""
_GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_SALT = secrets.token_bytes(16)  # visitors are told apart while the process lives, and not after

Refuse = Callable[[Scope, MadangError], ASGIApp]


class Edge:
    """Wraps the app. ``refuse`` turns a typed error into the response for it; ``identify`` knows who has signed in."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limiter: Limiter,
        neighbourhood: str,
        default_language: str,
        refuse: Refuse,
        identify: Identify | None = None,
    ) -> None:
        self._app, self._limiter, self._refuse, self._identify = app, limiter, refuse, identify
        self._neighbourhood, self._language = neighbourhood, default_language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        by, cookies = visitor(scope, self._neighbourhood), cookie_parser(headers.get("cookie", ""))
        kept = session.guest_of(cookies)
        guest = kept or session.new_guest()
        state = scope.setdefault("state", {})
        state.update(request_id=request_id, by=by, who=None, guest=guest, csrf=session.token_of(guest))
        state.update(default_language=self._language, address=by.key)
        outgoing = _Outgoing(scope, request_id, send)
        if not kept:
            outgoing.guest = _guest_cookie(guest, secure=_secure(scope, headers))
        with logs.context(request=request_id):
            await self._answer(scope, headers, cookies, receive, outgoing)

    async def _answer(
        self, scope: Scope, headers: Headers, cookies: dict[str, str], receive: Receive, send: _Outgoing
    ) -> None:
        app = self._app
        try:
            await self._know(scope, headers, cookies, send)
            self._check(scope, headers)
        except MadangError as error:
            app = self._refuse(scope, error)
        try:
            await app(scope, _Incoming(scope, receive), send)
        except Exception as fault:  # here, not in the framework, so that this answer too is one of ours
            log.error("request.failed", exc_info=fault)
            if send.begun:
                raise
            await self._refuse(scope, UNEXPECTED)(scope, receive, send)

    async def _know(self, scope: Scope, headers: Headers, cookies: dict[str, str], send: _Outgoing) -> None:
        """Put whoever is known by a session or a key on the request."""
        path, state = scope["path"], scope["state"]
        if path.startswith((DEVICES, "/static/")):
            return
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        bearer = bearer.strip() if scheme.lower() == "bearer" else ""
        if self._identify is None or not (cookies or bearer):
            return
        visitor: Actor = state["by"]
        self._limiter.take(visitor, "web.address", ADDRESS)
        asking = Asking(cookies, bearer, visitor.key, _secure(scope, headers), headers.get("user-agent", ""))
        who: Identity | None = await run_in_threadpool(self._identify, asking)
        if who is not None:
            state.update(by=who.by, who=who, csrf=session.token_of(who.bound))
            send.cookies = who.cookies

    def _check(self, scope: Scope, headers: Headers) -> None:
        writes = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if writes:
            _same_origin(headers)
            _small_enough(scope, headers)
        path, by = scope["path"], scope["state"]["by"]
        if path.startswith(DEVICES):
            self._limiter.take(by, "web.device", DEVICE)
        elif path.startswith(HOOKS) and writes:
            self._limiter.take(by, "web.hook", HOOK)
        elif not path.startswith("/static/"):
            self._limiter.take(by, "web.write" if writes else "web.read", WRITE if writes else READ)


class _Incoming:
    """Hands the body on until it is longer than this address takes."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive, self._left = receive, _body_max(scope["path"])

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _too_large()
        return message


class _Outgoing:
    """Sends what the app sends, with the headers every response carries, and logs it once it has ended."""

    def __init__(self, scope: Scope, request_id: str, send: Send) -> None:
        self._scope, self._id, self._send = scope, request_id, send
        self._began, self._status = time.monotonic(), 0
        self.guest, self.cookies = "", tuple[str, ...]()

    @property
    def begun(self) -> bool:
        """Whether the answer is under way, so that no other can be given."""
        return self._status > 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            there = {name for name, _ in headers.raw}
            headers.raw.extend(one for one in _EVERYWHERE if one[0] not in there)
            headers["X-Request-Id"] = self._id
            for cookie in (*self.cookies, *self._for_a_guest(headers)):
                headers.append("Set-Cookie", cookie)
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            took_ms = round((time.monotonic() - self._began) * 1000, 1)
            route = getattr(self._scope.get("route"), "path", "")  # the pattern: addresses may hold secrets
            log.info("request", extra={"route": route, "status": self._status, "took_ms": took_ms})

    def _for_a_guest(self, headers: MutableHeaders) -> tuple[str, ...]:
        """The visitor's cookie goes with pages and their answers, not with files, streams and programs' answers."""
        page = headers.get("content-type", "").startswith("text/html") or 300 <= self._status < 400
        return (self.guest,) if self.guest and page else ()


def visitor(scope: Scope, neighbourhood: str) -> Actor:
    """Whoever asks without a session: told apart by a salted hash of the address, which is then forgotten."""
    address = (scope.get("client") or ("",))[0]
    key = hashlib.blake2b(address.encode(), key=_SALT, digest_size=8).hexdigest()
    return Actor(Kind.PERSON, f"visitor-{key}", neighbourhood, frozenset({Role.SHOPPER}))


def _guest_cookie(guest: str, *, secure: bool) -> str:
    kept = f"{session.GUEST_COOKIE}={guest}; Path=/; Max-Age={GUEST_S}; HttpOnly; SameSite=Lax"
    return kept + ("; Secure" if secure else "")


def _secure(scope: Scope, headers: Headers) -> bool:
    """Came by HTTPS, here or to the proxy before us (who forges that only keeps their own cookies to themselves)."""
    return "https" in (scope.get("scheme"), headers.get("x-forwarded-proto"))


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _body_max(path: str) -> int:
    return next(most for start, most in BODY_MAX if path.startswith(start))


def _small_enough(scope: Scope, headers: Headers) -> None:
    """Refuse what says of itself that it is too long, before any of it is read."""
    said = headers.get("content-length", "")
    if said.isdecimal() and int(said) > _body_max(scope["path"]):
        raise _too_large()


def _too_large() -> TooLarge:
    return TooLarge(
        "web.too_large",
        ko="보내신 것이 이 주소가 받는 크기를 넘었습니다.",
        en="The request is larger than this address takes.",
        next_ko="나누어 보내거나 더 작은 파일로 다시 해 주세요.",
        next_en="Send it in parts, or try again with a smaller file.",
    )


def _same_origin(headers: Headers) -> None:
    """Refuse a form that another site sent (browsers say where it came from; other clients say nothing)."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
    foreign = origin is not None and urlsplit(origin).netloc != headers.get("host")
    if foreign or site not in ("same-origin", "none"):
        raise Forbidden(
            "web.other_site",
            ko="다른 사이트에서 보낸 요청입니다.",
            en="This request came from another site.",
            next_ko="이 사이트의 페이지에서 다시 해 주세요.",
            next_en="Do it again from a page of this site.",
        )
