"""What a room's pages share: reading, writing, and doing what a form asks for once under its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.db import Database, Tx
from madang.guard import Answer, fingerprint, once
from madang.kernel import Actor, Clock, Ids
from madang.ui.page import Pages

PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
NOT_CONTENT = ("csrf_token", "idempotency_key")
Form = Mapping[str, str]
T = TypeVar("T")


async def form_of(request: Request) -> dict[str, str]:
    """A form's fields as texts; of a field sent twice the last one. A FastAPI dependency."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


class Desk:
    """One room's pages on one database; ``room`` is where its templates lie."""

    def __init__(self, room: str, db: Database, clock: Clock, ids: Ids, pages: Pages, neighbourhood: str) -> None:
        self.room, self.db, self.clock, self.ids, self.pages, self.n = room, db, clock, ids, pages, neighbourhood

    def read(self, fn: Callable[[Tx], T]) -> T:
        return self.db.read(fn, neighbourhood=self.n)

    def write(self, fn: Callable[[Tx], T]) -> T:
        return self.db.write(fn, neighbourhood=self.n)

    def once(self, request: Request, by: Actor, form: Form, act: Callable[[Tx, int], str]) -> Response:
        """Do what a form asks for once under its key (``idempotency_key``), then show the page ``act`` names."""
        at_us, path = self.clock.now_us(), request.url.path
        said = "&".join(f"{name}={form[name]}" for name in sorted(form) if name not in NOT_CONTENT)
        key = request.headers.get("idempotency-key") or form.get("idempotency_key", "")
        asked = fingerprint("POST", path, said.encode())

        def write(tx: Tx) -> Answer:
            answer = lambda: Answer(303, location=act(tx, at_us))  # noqa: E731 - runs inside the transaction
            return once(tx, by, key=key, request=asked, at_us=at_us, act=answer)

        return RedirectResponse(self.write(write).location or "/", 303, headers=PRIVATE)

    def html(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page nobody else may keep; ``key`` is a fresh key for its forms."""
        return self.pages.html(
            request, f"{self.room}/{template}.html", status=status, headers=PRIVATE, key=str(self.ids.new()),
            now_us=self.clock.now_us(), **values,
        )  # fmt: skip
