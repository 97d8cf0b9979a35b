"""Who may use a route: every route says so in one way, and what it says is enforced before it runs.

    routes = APIRouter(dependencies=[access.everyone])
    @routes.get("/orders/{order}", dependencies=[access.own])
    @routes.post("/console/products", dependencies=[access.role(Role.OPERATOR, Role.STAFF)])

Several declarations must all hold. ``everyone`` lets visitors in; ``own`` needs somebody signed in (or, with
``guests``, a visitor's own cookie), and the service behind it must refuse what belongs to somebody else; ``role`` needs
one of the roles, and where the path names a ``{shop}`` a role held in that shop counts; ``scope`` needs an API key
with that scope (or an operator); ``working`` is ``role`` for pages of people who
work in a shop, whichever it is; ``link`` is for addresses that cannot be guessed, ``key`` for doors with keys of
their own: both say who checks it. ``tests/web/test_access.py`` runs every route with every role.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fastapi import Depends, Request

from madang.kernel import Actor, Role
from madang.ui import session

How = Literal["everyone", "own", "role", "scope", "link", "key"]


@dataclass(frozen=True, slots=True)
class Access:
    """One route's declaration; called by FastAPI before the route."""

    how: How
    roles: frozenset[Role] = field(default_factory=frozenset)
    scope: str = ""
    guests: bool = False
    why: str = ""
    works: bool = False

    async def __call__(self, request: Request) -> None:
        if self.how == "own" and not self.guests:
            session.signed_in(request)
        elif self.how == "role":
            if self.works:
                places = request.path_params
                named = str(places.get("shop") or places.get("place") or "")
                request.state.by = session.working(request, *self.roles, named=named)
            by = request.state.by if self.works else _acting(request)
            if not by.may(*self.roles):
                session.signed_in(request)  # a visitor is asked to sign in before being told no
            by.need(*self.roles)
        elif self.how == "scope":
            by = _acting(request)
            if not by.may(Role.OPERATOR):
                session.signed_in(request)
                by.need_scope(self.scope)


everyone: Any = Depends(Access("everyone"))
own: Any = Depends(Access("own"))
own_or_guest: Any = Depends(Access("own", guests=True))


def role(*roles: Role) -> Any:
    """One of these roles, in the neighbourhood or in the ``{shop}`` of the path."""
    return Depends(Access("role", frozenset(roles)))


def working(*roles: Role) -> Any:
    """One of these roles, in the neighbourhood or in one of the asker's own shops: there they are then limited to it
    (``request.state.by``), and the services behind it must show and change nothing of another."""
    return Depends(Access("role", frozenset(roles), works=True))


def scope(name: str) -> Any:
    """An integrator's key with this scope, or an operator."""
    return Depends(Access("scope", scope=name))


def link(why: str) -> Any:
    """Whoever has the address, which cannot be guessed; ``why`` says what makes it so."""
    return Depends(Access("link", why=why))


def key(why: str) -> Any:
    """A door with keys of its own; ``why`` says which and where they are checked."""
    return Depends(Access("key", why=why))


def _acting(request: Request) -> Actor:
    shop = request.path_params.get("shop")
    by: Actor = session.acting(request, str(shop)) if shop else request.state.by
    return by
