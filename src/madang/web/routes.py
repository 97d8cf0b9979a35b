"""The register of all addresses: what the checks of every page run over, so that no page can be forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from madang.ui.access import Access


@dataclass(frozen=True, slots=True)
class Address:
    """One route: its name, the pattern of its path, a method it takes, and who it says may use it."""

    name: str
    path: str
    method: str
    access: tuple[Access, ...] = ()


def addresses(app: FastAPI) -> list[Address]:
    """Every address of the rooms' routers, in the order they are tried."""
    routers: list[APIRouter] = app.state.routers
    return [found for router in routers for found in _of(router.routes)]


def _of(routes: Iterable[BaseRoute]) -> list[Address]:
    found: list[Address] = []
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found += _of(inner.routes)
        elif isinstance(route, APIRoute):
            said = tuple(one.dependency for one in route.dependencies if isinstance(one.dependency, Access))
            found += [Address(route.name, route.path, method, said) for method in sorted(route.methods or ())]
    return found
