"""The routes of every room, each with the proof that a form is our own, and the register of all their addresses: what
the checks of every page run over, so that no page can be forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from madang.ui.access import Access
from madang.ui.answers import said_of
from madang.ui.session import need_own_form
from madang.web.straight import straighten


@dataclass(frozen=True, slots=True)
class Address:
    """One route: its name, the pattern of its path, a method it takes, who it says may use it and what it answers."""

    name: str
    path: str
    method: str
    access: tuple[Access, ...] = ()
    answers: Any = None


def routes_of(router: APIRouter) -> list[BaseRoute]:
    """A room's own routes, which now refuse forms that are not ours before anything else.

    FastAPI's ``include_router`` would analyse every endpoint a second time, and at each request lay out and take back a
    context for every route that is tried (0.8 ms of an answer with 160 routes).
    """
    proof = Depends(need_own_form)
    for route in router.routes:
        if isinstance(route, APIRoute) and all(one.dependency is not need_own_form for one in route.dependencies):
            route.dependencies.insert(0, proof)
            route.dependant.dependencies.insert(0, get_parameterless_sub_dependant(depends=proof, path=route.path))
            straighten(route)
    return router.routes


class Signposts:
    """Finds an address's route among those that begin as it does; the router would try all three hundred in turn.

    They are tried in the router's order. What none of them takes whole (an unknown address, another method) is left
    to the router.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router, self._count = router, -1
        self._by_start: dict[str, list[tuple[int, BaseRoute]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("root_path"):
            for _, route in self.some(scope["path"]):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.setdefault("router", self._router)
                    scope.update(found)
                    await route.handle(scope, receive, send)
                    return
        await self._router.app(scope, receive, send)

    def some(self, path: str) -> list[tuple[int, BaseRoute]]:
        """The routes that may be a path's, in order, each with its place among all."""
        if self._count != len(self._router.routes):
            self._put_up()
        found = list(self._by_start.get(path, ()))
        end = path.rfind("/")
        while end >= 0:
            found += self._by_start.get(path[: end + 1], ()) if end + 1 < len(path) else ()
            end = path.rfind("/", 0, end) if end else -1
        found.sort(key=itemgetter(0))
        return found

    def _put_up(self) -> None:
        self._by_start, self._count = {}, len(self._router.routes)
        for place, route in enumerate(self._router.routes):
            self._by_start.setdefault(_start_of(route), []).append((place, route))


def _start_of(route: BaseRoute) -> str:
    """The whole path of a route without parameters; of others what is fixed, up to its last slash."""
    if not isinstance(route, Route):
        return "/"
    begins, parameter, _ = route.path.partition("{")
    return begins[: begins.rfind("/") + 1] if parameter else begins


def addresses(app: FastAPI) -> list[Address]:
    """Every address of the rooms' routers, in the order they are tried."""
    routers: list[APIRouter] = app.state.routers
    return [found for router in routers for found in _of(router.routes)]


def _of(routes: Iterable[BaseRoute]) -> list[Address]:
    found: list[Address] = []
    for route in routes:
        if isinstance(route, APIRoute):
            said = tuple(one.dependency for one in route.dependencies if isinstance(one.dependency, Access))
            kind, methods = said_of(route.endpoint), sorted(route.methods or ())
            found += [Address(route.name, route.path, method, said, kind) for method in methods]
    return found
