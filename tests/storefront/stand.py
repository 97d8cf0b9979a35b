"""The storefront's pages without a server: an app, one browser with cookies, somebody who may be signed in."""

from __future__ import annotations

from typing import Any

import httpx
from tests.asking import Client
from tests.storefront.street import N, Street

from madang.deals.links import Links
from madang.kernel import Actor, Kind, Role
from madang.storefront import api, pages
from madang.storefront.front import Storefront
from madang.ui import Pages
from madang.ui.session import Asking, Identity, token_of
from madang.web import Shopfront, create_app

HTML = {"accept": "text/html"}
WORKER = Actor(Kind.PERSON, "staff-1", N, frozenset({Role.STAFF}))


class Stand:
    """``me`` is who the next request comes from (None: a visitor)."""

    def __init__(self, street: Street) -> None:
        self.street, self.me = street, street.mina
        shop = Storefront(street.db, street.clock, street.ids, Pages(), N, Links([b"x" * 32]))
        routers = [pages.router(shop), api.router(street.db, street.clock, N)]
        self.app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=routers, identify=self._who))
        self.client = Client(self.app)

    def _who(self, _asking: Asking) -> Identity | None:
        return None if self.me is None else Identity(by=self.me, acting=lambda _shop: self.me, bound="b" * 32)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(path, headers=HTML, **more)

    def send(self, page: str, path: str, **form: str) -> httpx.Response:
        """Send a form as it stands on a page, its hidden fields with it; follows to the page that answers."""
        self.get(page)
        bound = "b" * 32 if self.me is not None else self.client.cookie("madang_guest")
        self.street.clock.advance(s=1)  # writes of one visitor are limited per second
        hidden = {"csrf_token": token_of(bound), "idempotency_key": str(self.street.ids.new())}
        answer = self.client.post(path, headers=HTML, data=hidden | form, own_form=False)
        return self.get(answer.headers["location"]) if answer.status_code == 303 else answer
