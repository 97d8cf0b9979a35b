"""What the storefront's pages share: the books, who is buying, forms that are done once, rendering."""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.db import Database, Tx
from madang.deals.links import Links
from madang.files import Store
from madang.guard import Answer, fingerprint, once
from madang.kernel import Actor, Clock, Ids
from madang.places import faces
from madang.storefront import (
    carts,
    forms,
    guests,
)
from madang.ui import Pages, session

FOUND = "madang_found"
"""The cookie of a browser that opened a guest's orders by a mailed link."""
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
Form_ = Mapping[str, str]


async def form_of(request: Request) -> dict[str, str]:
    """A form's fields as texts; of a field sent twice the last one."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


class Storefront:
    """What the pages share. ``pay_at`` is where a payment that waits for somebody outside is paid; ``files`` hold the
    pictures of goods (None: there are none); ``names`` gives what an e-mail address is called in tables (None: guests
    leave none)."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        pages: Pages,
        neighbourhood: str,
        links: Links,
        *,
        pay_at: Callable[[UUID], str] = lambda payment: f"/pay/{payment}",
        means: Callable[[], list[str]] = lambda: ["wallet"],
        files: Store | None = None,
        names: Callable[[str], str] | None = None,
    ) -> None:
        self.db, self.clock, self.ids, self.pages, self.n, self.links = db, clock, ids, pages, neighbourhood, links
        self.pay_at, self.means, self.files, self.names = pay_at, means, files, names

    def read(self, fn: Callable[[Tx], Any]) -> Any:
        return self.db.read(fn, neighbourhood=self.n)

    def write(self, fn: Callable[[Tx], Any]) -> Any:
        return self.db.write(fn, neighbourhood=self.n)

    def buyer(self, request: Request) -> Actor:
        """Whoever shops here; a member who shopped as a guest before gets that cart too."""
        guest = carts.guest(self.n, request.state.guest)
        who = request.state.who
        if who is None:
            return guest
        by = carts.shopper(who.by)
        if session.guest_of(request.cookies) and self.read(lambda tx: carts.show(tx, guest)):
            self.write(lambda tx: carts.merge(tx, by, guest))
        return by

    def owners(self, request: Request, by: Actor) -> list[Actor]:
        """As whom a request may open orders: the buyer, guests they have been, the guest whose link was opened here."""
        at_us, token = self.clock.now_us(), request.cookies.get(FOUND, "")

        def look(tx: Tx) -> list[Actor]:
            been = guests.actors_of(tx, by) if request.state.who is not None else []
            there = guests.opened(tx, token, at_us) if token else None
            return [by, *been, *([there] if there is not None else [])]

        found: list[Actor] = self.read(look)
        return found

    async def buying(self, request: Request) -> Actor:
        """``buyer`` without a change of thread, unless there may be a guest's cart to bring along."""
        if request.state.who is not None and session.guest_of(request.cookies):
            return await run_in_threadpool(self.buyer, request)
        return self.buyer(request)

    async def written(self, fn: Callable[[Tx], Any]) -> Any:
        """``write`` that waits in the loop."""
        return await wrap_future(self.db.submit(fn, neighbourhood=self.n))

    async def once(self, request: Request, by: Actor, form: Form_, act: Callable[[Tx, int], str]) -> Response:
        """Do what a form asks for once under its key, then show the page that ``act`` names."""
        at_us, path = self.clock.now_us(), request.url.path
        said = "&".join(f"{name}={form[name]}" for name in sorted(form) if name not in forms.NOT_CONTENT)
        key = request.headers.get("idempotency-key") or form.get("idempotency_key", "")

        def write(tx: Tx) -> Answer:
            return once(
                tx, by, key=key, request=fingerprint("POST", path, said.encode()), at_us=at_us,
                act=lambda: Answer(303, location=act(tx, at_us)),
            )  # fmt: skip

        answer: Answer = await self.written(write)
        return RedirectResponse(answer.location or "/", 303, headers=PRIVATE)

    def html(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        if template.startswith(("browse/", "world/")) and "face" not in values:
            shop, by, at_us = values.get("shop"), request.state.by, self.clock.now_us()
            values["face"] = self.read(lambda tx: faces.face_of(tx, by, shop.id if shop else None, at_us))
        return self.pages.html(
            request, f"storefront/{template}.html", status=status, headers=PRIVATE, key=str(self.ids.new()),
            now_us=self.clock.now_us(), **values,
        )  # fmt: skip
