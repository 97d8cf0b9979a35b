"""Goes to every page somebody can reach by links, so that a page that is linked is a page that is checked."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from tests.asking import Client

LINK = re.compile(r'<a\b[^>]*?\shref="(/[^"#]*)')
TRIED = 3
"""As many addresses of one route are looked at: the first order may be one that leads nowhere."""


class Walk:
    """What one reader reaches from ``starts``: by route's name the first address that is a page."""

    def __init__(self, app: FastAPI, cookies: dict[str, str], starts: list[str], unless: set[str]) -> None:
        self._routes = [one for router in app.state.routers for one in router.routes if isinstance(one, APIRoute)]
        self._client = Client(app)
        for name, value in cookies.items():
            self._client.keeps(name, value)
        self._seen: set[str] = set()
        self._tried: dict[str, int] = {}
        self.pages: dict[str, str] = {}
        self.broken: list[str] = []
        ahead = list(starts)
        while ahead:
            ahead += self._look(ahead.pop(0), unless)

    def name_of(self, path: str) -> str:
        """Of the route that answers a path, or ''."""
        found = (one.name for one in self._routes if "GET" in one.methods and one.path_regex.match(path))
        return next(found, "")

    def _look(self, address: str, unless: set[str]) -> Iterator[str]:
        path = address.partition("?")[0]
        name = self.name_of(path)
        if path in self._seen or path.startswith("/r/") or name in unless or self._tried.get(name, 0) >= TRIED:
            return
        self._seen.add(path)
        self._tried[name] = self._tried.get(name, 0) + 1
        answer = self._client.get(address, headers={"Accept": "text/html"}, follow_redirects=True)
        if answer.status_code >= 400:
            self.broken.append(f"{address}: {answer.status_code}")
        elif answer.headers["content-type"].startswith("text/html"):
            self.pages.setdefault(self.name_of(answer.url.path), answer.url.raw_path.decode())
            yield from (html.unescape(found) for found in LINK.findall(answer.text))
