"""Who stands at the review desk, and where an answer leads."""

from __future__ import annotations

from typing import Annotated, Protocol
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.kernel import Ids
from madang.ui import Pages
from madang.walkout.review_desk import ReviewDesk

PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}

ACTIVE_MS_MAX = 3_600_000
Active = Annotated[int | None, Form(ge=0, le=ACTIVE_MS_MAX)]
"""How long somebody was busy with a page, in milliseconds, as the page says it."""


class Session(msgspec.Struct, frozen=True):
    """Somebody who signed in: ``holder`` names the session, ``csrf`` proves that a form came from one of its pages."""

    holder: str
    csrf: str


class Doorkeeper(Protocol):
    """Who lets people in (made in the program's start)."""

    def session(self, request: Request) -> Session:
        """Whose request it is. Raises ``NotSignedIn``."""

    def check(self, session: Session, csrf: str) -> None:
        """Raises ``Forbidden`` for a form that did not come from this session's pages."""


class Front(msgspec.Struct, frozen=True):
    """What every page of the desk is made of."""

    desk: ReviewDesk
    keeper: Doorkeeper
    pages: Pages
    ids: Ids

    def session(self, request: Request) -> Session:
        """Whose request it is. Raises ``NotSignedIn``."""
        return self.keeper.session(request)

    def signed(self, request: Request, csrf: str) -> Session:
        """Whose form it is. Raises ``NotSignedIn`` or ``Forbidden``."""
        session = self.keeper.session(request)
        self.keeper.check(session, csrf)
        return session

    def html(self, request: Request, page: str, session: Session, *, status: int = 200, **of: object) -> Response:
        """A page of ``templates/walkout``, with a key for the form that will be sent from it."""
        return self.pages.html(
            request, f"walkout/{page}.html", status=status, headers=PRIVATE,
            desk=self.desk, session=session, key=str(self.ids.new()), **of,
        )  # fmt: skip

    def to(self, path: str = "") -> Response:
        """On to a page under the desk's address."""
        return RedirectResponse(f"/desk/{self.desk.shop}{path}", 303, headers=PRIVATE)

    def on(self, session: Session, after: UUID | None, *, done: UUID | None = None) -> Response:
        """On to the next visit, or back to the queue where none is left."""
        found = self.desk.first(session.holder, after)
        query = "?" + urlencode({"done": str(done)}) if done else ""
        return self.to(("" if found is None else f"/visits/{found}") + query)
