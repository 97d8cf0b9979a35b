"""The app: every room's pages behind one edge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from madang import __version__
from madang.deals import pages as deal_pages
from madang.guard.limits import Limiter
from madang.kernel import Clock, MadangError, SystemClock, Uuid7
from madang.ui import Identify, Pages
from madang.walkout import pages as walkout_pages
from madang.walkout.live import Hubs
from madang.web import home, static
from madang.web.describe import Described
from madang.web.edge import Edge
from madang.web.faults import Faults
from madang.web.heads import Heads
from madang.web.language import Remember
from madang.web.routes import Signposts, addresses, routes_of


@dataclass(frozen=True, kw_only=True)
class Shopfront:
    """What the app is made of. ``desk`` finds and disputes receipts; ``more`` are other rooms' routers (doors, …);
    ``handlers`` answer kinds of errors of theirs; ``identify`` knows who has signed in (None: nobody can)."""

    neighbourhood: str
    hubs: Hubs = field(default_factory=Hubs)
    desk: deal_pages.ReceiptDesk | None = None
    more: Sequence[APIRouter] = ()
    clock: Clock = field(default_factory=SystemClock)
    language: str = "ko"
    identify: Identify | None = None
    handlers: Mapping[type[Exception], Callable[[Request, Exception], Response]] = field(default_factory=dict)


def create_app(shopfront: Shopfront) -> FastAPI:
    """The ASGI app, ready for ``start`` or ``serve``."""
    pages = Pages()
    faults = Faults(pages, doors=shopfront.identify is not None)

    def refuse(scope: Scope, error: MadangError) -> ASGIApp:
        return faults.answer(Request(scope), error)

    edge = Middleware(
        Edge,
        limiter=Limiter(shopfront.clock),
        neighbourhood=shopfront.neighbourhood,
        default_language=shopfront.language,
        refuse=refuse,
        identify=shopfront.identify,
    )
    app = Described(
        title="Madang",
        version=__version__,
        docs_url=None,  # its viewer comes from elsewhere and needs inline scripts
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Heads), edge, Middleware(Remember)],
    )
    faults.install(app)
    for kind, handler in shopfront.handlers.items():
        app.add_exception_handler(kind, handler)
    app.state.routers = _routers(shopfront, pages)
    for router in app.state.routers:
        app.router.routes.extend(routes_of(router))
    app.router.middleware_stack = Signposts(app.router)
    app.state.places = frozenset(address.name for address in addresses(app))
    return app


def _routers(shopfront: Shopfront, pages: Pages) -> list[APIRouter]:
    found = [home.router(pages, shopfront.hubs, shopfront.clock), walkout_pages.router(shopfront.hubs, pages)]
    if shopfront.desk is not None:
        found.append(deal_pages.router(shopfront.desk, pages, Uuid7(shopfront.clock)))
    return [*found, *shopfront.more, static.router]
