"""Who sent a request: a session's cookie, or an integrator's key, made into an actor (a ``ui.Identify``)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from uuid import UUID

from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Kind, MadangError, Role
from madang.members import access, api_keys, sessions
from madang.members.model import Held
from madang.members.sessions import SEEN_EVERY_US, Session
from madang.members.standing import acting_roles, roles_held
from madang.ui import Asking, Identity

COOKIE = "madang_session"
COOKIE_S = sessions.HOME.life_us // 1_000_000


def cookie_name(secure: bool) -> str:
    """By HTTPS the browser itself vouches that the cookie was set by this host (``__Host-``, RFC 6265bis)."""
    return f"__Host-{COOKIE}" if secure else COOKIE


def cookie(token: str, *, secure: bool) -> str:
    """The ``Set-Cookie`` line of a session; an empty token ends it in the browser."""
    lasts = COOKIE_S if token else 0
    line = f"{cookie_name(secure)}={token}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax"
    return line + ("; Secure" if secure else "")


class Knowing:
    """Reads the database at every request: what somebody may do, and whether they still are in, is never remembered."""

    def __init__(
        self, db: Database, clock: Clock, neighbourhood: str, *, token: Callable[[], str] = secrets.token_urlsafe
    ) -> None:
        self._db, self._clock, self._neighbourhood, self._token = db, clock, neighbourhood, token

    def __call__(self, asking: Asking) -> Identity | None:
        if asking.bearer.startswith(api_keys.START):
            return self._program(asking.bearer)
        token = asking.cookies.get(cookie_name(asking.secure), "")
        return self._person(token, secure=asking.secure) if token else None

    def _program(self, token: str) -> Identity:
        now_us = self._clock.now_us()
        key, by = self._db.read(lambda tx: api_keys.find(tx, token, now_us), neighbourhood=self._neighbourhood)
        if now_us - (key.used_at_us or 0) > api_keys.USED_EVERY_US:
            self._db.write(lambda tx: api_keys.used(tx, key.id, now_us), neighbourhood=self._neighbourhood)
        return Identity(by, lambda _shop: by)

    def _person(self, token: str, *, secure: bool) -> Identity | None:
        now_us = self._clock.now_us()
        found = self._db.read(lambda tx: _look(tx, token, now_us), neighbourhood=self._neighbourhood)
        if found is None:
            return None
        session, held = found
        new = self._token() if session.turn else ""
        if new or now_us - session.seen_at_us > SEEN_EVERY_US:
            new = self._db.write(
                partial(_still_here, session=session, old=token, new=new, at_us=now_us),
                neighbourhood=self._neighbourhood,
            )
        return Identity(
            actor(self._neighbourhood, session, held),
            partial(actor, self._neighbourhood, session, held),
            bound=new or token,
            was_bound=token if new else "",
            session=session.id,
            proved_us=session.proved_at_us,
            cookies=(cookie(new, secure=secure),) if new else (),
            shops=_shops(held),
        )


def actor(neighbourhood: str, session: Session, held: list[Held], shop: str | None = None) -> Actor:
    """The person at large, or in one shop: a role held in a shop counts there only, and binds them to it."""
    roles = acting_roles(held, shop) | {Role.SHOPPER}
    bound = any(one.shop == shop for one in held) if shop is not None else False
    return Actor(
        Kind.PERSON,
        str(session.person),
        neighbourhood,
        roles,
        frozenset({shop}) if bound and shop is not None else frozenset(),
        proved_us=session.proved_at_us,
    )


def _shops(held: list[Held]) -> dict[str, frozenset[Role]]:
    found: dict[str, set[Role]] = {}
    for one in held:
        if one.shop is not None:
            found.setdefault(one.shop, set()).add(one.role)
    return {shop: frozenset(roles) for shop, roles in found.items()}


def _look(tx: Tx, token: str, now_us: int) -> tuple[Session, list[Held]] | None:
    session = sessions.find(tx, token, now_us)
    if session is None or not _is_here(tx, session.person):
        return None
    held = roles_held(tx, session.person)
    rule = sessions.lasting({one.role for one in held})
    return None if sessions.ended(session, rule, now_us) else (session, held)


def _is_here(tx: Tx, person: UUID) -> bool:
    try:
        access.present(tx, person)
    except MadangError:
        return False
    return True


def _still_here(tx: Tx, *, session: Session, old: str, new: str, at_us: int) -> str:
    """Turn the token where that is due; gives the new one, or '' where there is none to set."""
    if new and sessions.turn(tx, session.id, old, new, at_us):
        return new
    sessions.seen(tx, session.id, at_us)
    return ""
