"""The register of all addresses: what the checks of every page run over, so that no page can be forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


@dataclass(frozen=True, slots=True)
class Address:
    """One route: its name, the pattern of its path, and a method it takes."""

    name: str
    path: str
    method: str


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
            found += [Address(route.name, route.path, method) for method in sorted(route.methods or ())]
    return found
