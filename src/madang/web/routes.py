"""The routes of every room, each with the proof that a form is our own, and the register of all their addresses: what
the checks of every page run over, so that no page can be forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from madang.ui.access import Access
from madang.ui.answers import said_of
from madang.ui.session import need_own_form


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
            _at_a_glance(route)
    return router.routes


def _at_a_glance(route: APIRoute) -> None:
    """See without looking closer that an address begins otherwise: routes are tried in turn, seventy for a page."""
    begins, closer = route.path.partition("{")[0], route.matches

    def matches(scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].startswith(begins) or scope.get("root_path"):
            return closer(scope)
        return Match.NONE, {}

    route.matches = matches  # type: ignore[method-assign]


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
