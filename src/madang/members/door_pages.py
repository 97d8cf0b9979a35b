"""The pages that let people in: sign in, join, one-time links, one more proof, the operator's key."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.members import passkeys, sessions
from madang.members.accounts import Accounts, Joining, Visit
from madang.members.knowing import cookie, cookie_name
from madang.ui import Pages, access, language_of, signed_in

PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
ANSWER = Form(max_length=20_000)
Name = Annotated[str, Form(max_length=60)]
Tick = Annotated[bool, Form()]
_DEVICES = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac"),
            ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip
_BROWSERS = (("SamsungBrowser/", "Samsung Internet"), ("Whale/", "Whale"), ("Edg/", "Edge"), ("Firefox/", "Firefox"),
             ("KAKAOTALK", "KakaoTalk"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip


def visit_of(request: Request) -> Visit:
    """Where a request comes from, as the desk needs it."""
    who, state = request.state.who, request.state
    secure = is_secure(request)
    base = f"{'https' if secure else 'http'}://{request.url.netloc}"
    return Visit(
        bound=state.csrf,
        address=state.address,
        base=base,
        device=device_of(request.headers.get("user-agent", "")),
        session=None if who is None else who.session,
        token=request.cookies.get(cookie_name(secure), ""),
        language=language_of(request),
    )


def is_secure(request: Request) -> bool:
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def device_of(agent: str) -> str:
    """A browser's name and machine, coarse enough to recognise one's own and nobody else's."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    device = next((name for sign, name in _DEVICES if sign in agent), "")
    return " · ".join(part for part in (browser, device) if part)


def inside(where: str, home: str = "/account") -> str:
    """Only to pages of ours: a link must not send anybody who signs in elsewhere."""
    parts = urlsplit(where)
    ours = re.fullmatch(r"/(?![/\\])[^\\\x00-\x1f]*", where) and not parts.scheme and not parts.netloc
    return where if ours else home


def to(where: str, *cookies: str) -> Response:
    answer = RedirectResponse(where, 303, headers=PRIVATE)
    for line in cookies:
        answer.headers.append("Set-Cookie", line)
    return answer


def router(desk: Accounts, pages: Pages) -> APIRouter:
    """What strangers may open; all of it works without script, but for the passkey itself."""
    routes = APIRouter(prefix="/account", include_in_schema=False)
    _entering(routes, desk, pages)
    _passkeys(routes, desk)
    _links(routes, desk, pages)
    _proving(routes, desk, pages)
    return routes


def _entering(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    def page(request: Request, template: str, **values: Any) -> Response:
        there = desk.party(visit_of(request).base)
        return pages.html(
            request, f"members/{template}.html", headers=PRIVATE, mail=desk.sends_mail, passkeys=there is not None,
            local=_local(request), **values,
        )  # fmt: skip

    @routes.get("/sign-in", name="account.sign_in", dependencies=[access.everyone])
    def sign_in(request: Request, next: str = "", sent: bool = False) -> Response:
        if request.state.who is not None:
            return to(inside(next))
        return page(request, "sign_in", next=inside(next, ""), sent=sent)

    @routes.get("/join", name="account.join", dependencies=[access.everyone])
    def join(request: Request, next: str = "") -> Response:
        if request.state.who is not None:
            return to(inside(next))
        return page(request, "join", next=inside(next, ""))

    @routes.post("/sign-out", name="account.sign_out", dependencies=[access.everyone])
    def sign_out(request: Request) -> Response:
        who = request.state.who
        if who is not None and who.session is not None:
            by, session, now_us = who.by, who.session, desk.clock.now_us()
            desk.write(lambda tx: sessions.end(tx, by, session, why="signed_out", at_us=now_us))
        return to("/", cookie("", secure=is_secure(request)))


def _passkeys(routes: APIRouter, desk: Accounts) -> None:
    @routes.post("/passkey/options", name="account.passkey.options", dependencies=[access.everyone])
    def options(
        request: Request,
        purpose: Annotated[Literal["sign_in", "join", "add", "step_up"], Form()],
        nickname: Name = "",
    ) -> Response:
        by = signed_in(request).by if purpose in ("add", "step_up") else None
        return Response(desk.ask(visit_of(request), purpose, by, nickname), media_type="application/json")

    @routes.post("/passkey/sign-in", name="account.passkey.sign_in", dependencies=[access.everyone])
    def sign_in(request: Request, answer: Annotated[str, ANSWER], next: Annotated[str, Form()] = "") -> Response:
        token = desk.sign_in(visit_of(request), answer)
        return to(inside(next), cookie(token, secure=is_secure(request)))

    @routes.post("/passkey/join", name="account.passkey.join", dependencies=[access.everyone])
    def join(
        request: Request,
        answer: Annotated[str, ANSWER],
        nickname: Name = "",
        agreed: Tick = False,
        of_age: Tick = False,
        news: Tick = False,
        next: Annotated[str, Form()] = "",
    ) -> Response:
        token = desk.join(visit_of(request), answer, Joining(nickname, agreed, of_age, news))
        return to(inside(next, "/account?told=joined"), cookie(token, secure=is_secure(request)))


def _links(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    @routes.post("/link", name="account.link.send", dependencies=[access.everyone])
    def send(
        request: Request, email: Annotated[str, Form(max_length=300)], next: Annotated[str, Form()] = ""
    ) -> Response:
        desk.send_link(visit_of(request), email, language_of(request))
        back = f"&next={quote(inside(next, ''))}" if next else ""
        return to(f"/account/sign-in?sent=1{back}")

    @routes.get(
        "/link/{token}", name="account.link", dependencies=[access.link("256 random bits, good once, 15 minutes")]
    )
    def look(request: Request, token: str) -> Response:
        opened = desk.look_at_link(visit_of(request), token)
        return pages.html(request, "members/link.html", headers=PRIVATE, opened=opened)

    @routes.post(
        "/link/{token}", name="account.link.use", dependencies=[access.link("256 random bits, good once, 15 minutes")]
    )
    def use(
        request: Request,
        token: str,
        nickname: Name = "",
        agreed: Tick = False,
        of_age: Tick = False,
        news: Tick = False,
    ) -> Response:
        who = request.state.who
        joining = Joining(nickname, agreed, of_age, news)
        session = desk.use_link(visit_of(request), token, joining, None if who is None else who.by)
        if not session:
            return to("/account?told=address")
        return to("/account", cookie(session, secure=is_secure(request)))


def _proving(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    @routes.get("/step-up", name="account.step_up", dependencies=[access.own])
    def ask(request: Request, next: str = "") -> Response:
        has = desk.read(lambda tx: bool(passkeys.ids_of(tx, UUID(request.state.by.key))))
        return pages.html(
            request, "members/step_up.html", headers=PRIVATE, next=inside(next, ""), has=has, local=_local(request),
            passkeys=desk.party(visit_of(request).base) is not None,
        )  # fmt: skip

    @routes.post("/passkey/step-up", name="account.passkey.step_up", dependencies=[access.own])
    def prove(request: Request, answer: Annotated[str, ANSWER], next: Annotated[str, Form()] = "") -> Response:
        token = desk.step_up(visit_of(request), signed_in(request).by, answer)
        return to(inside(next), cookie(token, secure=is_secure(request)))

    @routes.post("/claim", name="account.claim", dependencies=[access.own])
    def claim(request: Request, key: Annotated[str, Form(max_length=200)]) -> Response:
        desk.claim(visit_of(request), signed_in(request).by, key)
        return to("/account?told=operator")


def _local(request: Request) -> str:
    """The same page under this machine's name, where browsers make keys; '' where it is not this machine."""
    if request.url.hostname not in ("127.0.0.1", "::1"):
        return ""
    port = f":{request.url.port}" if request.url.port else ""
    return f"{request.url.scheme}://localhost{port}{request.url.path}"
