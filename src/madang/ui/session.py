"""The session port: who is asking, as every page sees it, and the proof that a form came from one of our pages.

``web.edge`` is given an ``Identify`` when the program starts and puts what it finds on every request:

* ``request.state.by``: the ``Actor``; a visitor without a session is an actor too
* ``request.state.who``: the ``Identity``, or ``None`` for a visitor
* ``request.state.guest``: what a visitor's cart hangs on, kept in the cookie ``madang_guest``
* ``request.state.csrf``: what ``{{ csrf_field() }}`` writes into a form and ``need_own_form`` asks back

A form's token is an HMAC under a secret that only the reader's own cookie holds, so nothing is kept for it on the
server and another site, which cannot read the cookie, cannot make one (OWASP CSRF cheat sheet, signed double submit;
beside it ``web.edge`` refuses what browsers say was sent by another site).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from starlette.requests import Request

from madang.kernel import Actor, Forbidden, NotSignedIn, Role, UnknownMedia
from madang.ui.fields import fields_in

GUEST_COOKIE = "madang_guest"
SHOP_COOKIE = "madang_shop"
"""The shop somebody works in now, of those they have a role in; a choice, no secret."""
FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
SAFE = ("GET", "HEAD", "OPTIONS")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""What a page of another site could send without asking first (Fetch standard, CORS-safelisted content types)."""
_GUEST = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request brings along to be known by. ``address`` is a salted hash of where it came from; ``secure``:
    it came by HTTPS."""

    cookies: Mapping[str, str]
    bearer: str
    address: str
    secure: bool
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who is known.

    ``bound`` is the secret that this session's forms are bound to ('' for a program with a key, which sends none),
    ``was_bound`` the one before where it has just been turned: a form on its way still holds that.
    ``session`` names the session; ``proved_us`` is when the person last proved with a passkey that it is them
    (0: not in this session). ``acting`` gives the actor they are in one shop; ``shops`` are those where they hold a
    role of their own, by id. ``cookies`` are ``Set-Cookie`` lines for the answer.
    """

    by: Actor
    acting: Callable[[str], Actor]
    bound: str = ""
    was_bound: str = ""
    session: UUID | None = None
    proved_us: int = 0
    cookies: tuple[str, ...] = ()
    shops: Mapping[str, frozenset[Role]] = field(default_factory=dict)


Identify = Callable[[Asking], Identity | None]
"""Runs in a thread of its own; ``None`` for a visitor. Raises ``NotSignedIn`` for a key that opens nothing."""


class SignInNeeded(NotSignedIn):
    """Only somebody who has signed in may do this (401)."""

    leads_to = "/account/sign-in"


def acting(request: Request, shop: str) -> Actor:
    """Who is asking, in one shop: roles held there count, and the actor is limited to it."""
    who: Identity | None = request.state.who
    return who.acting(shop) if who is not None else request.state.by


def workplaces(request: Request, *roles: Role) -> list[str]:
    """The shops where who is asking holds one of ``roles``, by id; none where they hold it in the neighbourhood."""
    who: Identity | None = request.state.who
    if who is None or who.by.may(*roles):
        return []
    return sorted(shop for shop in who.shops if who.acting(shop).may(*roles))


def working(request: Request, *roles: Role, named: str = "") -> Actor:
    """Who is asking, where they work: in the whole neighbourhood where they hold one of ``roles`` there, else in one of
    their shops: the ``named`` one, the one they chose (a cookie), or the first."""
    mine = workplaces(request, *roles)
    if not mine:
        by: Actor = request.state.by
        return by
    chosen = request.cookies.get(SHOP_COOKIE, "")
    shop = next((one for one in (named, chosen) if one in mine), mine[0])
    return acting(request, shop)


def signed_in(request: Request) -> Identity:
    """Who is asking; ``NotSignedIn`` for a visitor."""
    who: Identity | None = request.state.who
    if who is None:
        raise SignInNeeded(
            "ui.sign_in",
            ko="먼저 로그인해야 합니다.",
            en="You need to sign in first.",
            next_ko="/account/sign-in에서 로그인하세요.",
            next_en="Sign in at /account/sign-in.",
        )
    return who


def new_guest() -> str:
    """A fresh visitor's key: 128 random bits."""
    return secrets.token_urlsafe(16)


def guest_of(cookies: Mapping[str, str]) -> str:
    """The visitor's key a browser brought along, or '' where it brought none that is one."""
    given = cookies.get(GUEST_COOKIE, "")
    return given if _GUEST.fullmatch(given) else ""


def token_of(bound: str) -> str:
    """What a form must carry; ``bound`` is the session's or the visitor's secret."""
    return hmac.new(bound.encode(), b"madang form 1", hashlib.sha256).hexdigest()[:32]


async def need_own_form(request: Request) -> None:
    """Refuse a form that did not come from one of this reader's pages (a FastAPI dependency of every route).

    A request that no other site's page can send is let through: one with a key of its own, or with a body that is no
    form's. Raises ``Forbidden`` ``ui.foreign_form``, and for an address of programs (``/v1/``) ``UnknownMedia``
    ``ui.form_for_program``: there it was a program that left out the Content-Type (curl sends a form's then).
    """
    if request.method in SAFE or request.headers.get("authorization"):
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    known = request.state.who is not None or guest_of(request.cookies)
    if kind not in FORMS and (kind or not known):
        return
    given = request.headers.get(HEADER) or await _written(request, kind)
    good = [request.state.csrf]
    if request.state.who is not None and request.state.who.was_bound:
        good.append(token_of(request.state.who.was_bound))
    if not any(hmac.compare_digest(given.encode(), one.encode()) for one in good):
        if request.url.path.startswith("/v1/"):
            raise _form_for_program(kind)
        if request.url.path.startswith("/v1/"):
            raise _form_for_program(kind)
        raise Forbidden(
            "ui.foreign_form",
            ko="이 화면에서 보낸 요청이 아니거나 너무 오래된 화면입니다.",
            en="This request did not come from one of your pages, or the page is too old.",
            next_ko="화면을 새로 열고 다시 해 주세요. 쿠키가 꺼져 있다면 켜 주세요.",
            next_en="Open the page again and repeat it; cookies must be allowed.",
        )


def _form_for_program(kind: str) -> UnknownMedia:
    return UnknownMedia(
        "ui.form_for_program",
        ko=f"프로그램이 쓰는 주소라 열쇠 없이 폼({kind or '-'})으로 온 것은 받지 않습니다.",
        en=f"This address is for programs and takes no form ({kind or '-'}) without a key.",
        next_ko="Content-Type을 적어 보내세요. 예: Content-Type: application/json",
        next_en="Say the Content-Type, for example Content-Type: application/json.",
        given=kind[:100],
    )


async def _written(request: Request, kind: str) -> str:
    if kind not in FORMS[:2]:
        return ""
    if kind == FORMS[0] and getattr(request, "_form", None) is None:
        request._form = fields_in(await request.body())  # kept, so that a route may read it again
    value = (await request.form()).get(FIELD)
    return value if isinstance(value, str) else ""
