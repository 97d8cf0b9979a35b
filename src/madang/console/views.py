"""Rendering the console's templates."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from madang.ui import Pages

PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}


class Views:
    """Shows a page inside the console's frame."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def show(self, request: Request, page_name: str, *, status: int = 200, **values: Any) -> Response:
        where = request.url.path.split("/")[2:3]
        here = where[0] if where else "overview"
        template = f"console/{page_name}.html"
        return self._pages.html(request, template, status=status, headers=PRIVATE, here=here, **values)
