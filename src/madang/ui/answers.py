"""What a route answers when it answers, for ``/openapi.json``: said on the function, read by ``web.describe``.

    @routes.get("/cart")
    @answers(CartNow)
    def cart(request: Request) -> Response: ...

A route that writes its own bytes (to answer the same again byte for byte) says by this what they hold; ``kind`` is what
msgspec can describe. The search of the whole API (``tests/web/test_whole_api.py``) holds every answer to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def answers(kind: Any) -> Callable[[Endpoint], Endpoint]:
    """The decorator: below the route's own."""

    def said(endpoint: Endpoint) -> Endpoint:
        endpoint.__answers__ = kind  # type: ignore[attr-defined]
        return endpoint

    return said


def said_of(endpoint: Callable[..., Any]) -> Any:
    """What a route says that it answers, or None."""
    return getattr(endpoint, "__answers__", None)
