"""The shopper's phone: the entry code, and inside the shop the live cart with the product they just picked up."""

from __future__ import annotations

import secrets
from io import BytesIO
from typing import Any
from uuid import UUID

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from madang import catalog, ledger, payments
from madang.catalog import Listing, PriceTag, Product
from madang.catalog import adults as goods_for_adults
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, NotFound
from madang.members import adults
from madang.storefront import carts, entry, neighbours
from madang.storefront.pricing import shopper_of
from madang.ui import Pages, session
from madang.ui.access import everyone, own
from madang.walkout import phone
from madang.walkout.live import Hub, Hubs
from madang.walkout.live_log import Payload
from madang.walkout.pages import EVENT_STREAM

PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
INK = "#14130f"
SIGN_IN = "/account/sign-in"


class Phone:
    """What the phone's pages share: the shops that are live here, and the books."""

    def __init__(self, db: Database, clock: Clock, hubs: Hubs, pages: Pages, neighbourhood: str) -> None:
        self.db, self.clock, self.hubs, self.pages, self.n = db, clock, hubs, pages, neighbourhood

    def code(self, by: Actor) -> tuple[Markup, int]:
        """A fresh entry code as a picture, and until when it is good."""
        made, at_us = secrets.token_urlsafe(entry.SIZE), self.clock.now_us()
        until_us: int = self.db.write(lambda tx: entry.issue(tx, by, made, at_us=at_us), neighbourhood=self.n)
        return drawn(made), until_us

    def visit(self, by: Actor) -> tuple[Hub, Payload | None] | None:
        """The shop the caller is in, and their cart there."""
        for hub in self.hubs.all():
            shop = hub.shop_id
            if self.db.read(lambda tx, shop=shop: phone.inside(tx, by, shop), neighbourhood=self.n):  # type: ignore[misc]
                return hub, phone.present(hub, by, phone.whose(self.db, self.n, shop), self.priced(by, shop))
        return None

    def priced(self, by: Actor, shop: str) -> phone.Priced:
        """Prices the caller's carts in a shop."""
        shopper = self.db.read(lambda tx: shopper_of(tx, by, shop), neighbourhood=self.n)
        return phone.pricing(self.db, shop, shopper, self.clock.now_us, neighbourhood=self.n)

    def wallet(self, by: Actor) -> int:
        """What the caller's wallet holds."""
        return self.db.read(lambda tx: ledger.balance(tx, payments.wallet(by.key)).available, neighbourhood=self.n)

    def adult(self, by: Actor) -> adults.Adult | None:
        """When the caller was seen to be an adult."""
        try:
            person = UUID(by.key)
        except ValueError:
            return None
        return self.db.read(lambda tx: adults.of(tx, person), neighbourhood=self.n)

    def restricted(self, sku: str) -> bool:
        """Whether a product is for adults only."""
        reader = phone.reader(self.n)
        return bool(self.db.read(lambda tx: goods_for_adults.restricted(tx, reader, [sku]), neighbourhood=self.n))

    def label(
        self, by: Actor, shop: str, sku: str
    ) -> tuple[Product, Listing | None, PriceTag | None, neighbours.View | None]:
        """A product with its story, and its price in a shop for who asks, with the promotions it could be part of.
        Raises ``NotFound``."""
        reader, at_us = phone.reader(self.n), self.clock.now_us()

        def look(tx: Tx) -> tuple[Product, Listing | None, PriceTag | None, neighbours.View | None]:
            product = catalog.product(tx, reader, sku)
            owners = catalog.listings_of(tx, reader, [sku])
            found = catalog.listings(tx, reader, owners.values())
            shopper = shopper_of(tx, by, shop)
            tag = catalog.price_tags(tx, reader, [sku], at_us=at_us, shop=shop, shopper=shopper).get(sku)
            owner = owners.get(sku, "")
            return product, found.get(owner), tag, neighbours.view(tx, reader, owner)

        return self.db.read(look, neighbourhood=self.n)


def drawn(code: str) -> Markup:
    """A QR code (ISO/IEC 18004, level M) as SVG in the page's own colours, without inline style."""
    out = BytesIO()
    segno.make_qr(code, error="m").save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=2,
        svgclass="qr",
        lineclass="qr-dark",
        dark=INK,
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - made by us of digits, letters, - and _


def router(phone_: Phone) -> APIRouter:
    """``/phone`` and what it asks for."""
    routes = APIRouter(prefix="/phone", include_in_schema=False)

    @routes.get("", name="phone", dependencies=[everyone])
    def page(request: Request) -> Response:
        if request.state.who is None:
            return phone_.pages.html(request, "walkout/phone_door.html", headers=PRIVATE, sign_in=SIGN_IN)
        by = carts.shopper(request.state.who.by)
        at = phone_.visit(by)
        if at is not None:
            hub, cart = at
            return phone_.pages.html(request, "walkout/phone_cart.html", headers=PRIVATE, hub=hub, cart=cart)
        qr, until_us = phone_.code(by)
        values: dict[str, Any] = {
            "qr": qr, "until_us": until_us, "wallet_krw": phone_.wallet(by), "every_s": entry.FRESH_EVERY_S,
            "adult": phone_.adult(by),
        }  # fmt: skip
        return phone_.pages.html(request, "walkout/phone.html", headers=PRIVATE, **values)

    @routes.get("/code", name="phone.code", dependencies=[own])
    def code(request: Request) -> Response:
        """A fresh code, for the page to put in place of the one before; once the visitor is inside, where to go on."""
        by = carts.shopper(session.signed_in(request).by)
        if phone_.visit(by) is not None:
            return Response(status_code=204, headers=PRIVATE | {"X-Madang-Go": "/phone"})
        qr, until_us = phone_.code(by)
        return phone_.pages.html(request, "walkout/phone_code.html", headers=PRIVATE, qr=qr, until_us=until_us)

    @routes.get("/{shop}/events", name="phone.events", dependencies=[own])
    async def events(request: Request, shop: str) -> Response:
        hub = phone_.hubs.get(shop)
        if hub is None:
            raise _no_shop()
        by = carts.shopper(session.signed_in(request).by)
        hub.check_room()
        priced = await run_in_threadpool(phone_.priced, by, shop)
        whose, last = phone.whose(phone_.db, phone_.n, shop), request.headers.get("last-event-id")
        mine = phone.stream(hub, by, whose, priced, last)
        return StreamingResponse(mine, media_type="text/event-stream", headers=EVENT_STREAM)

    @routes.get("/{shop}/products/{sku}", name="phone.product", dependencies=[everyone])
    def product(request: Request, shop: str, sku: str, part: bool = False, seems: bool = False) -> Response:
        """``part``: for the phone page to show; ``seems``: before it is sure that it was taken."""
        found, listing, tag, view = phone_.label(request.state.by, shop, sku)
        template = "walkout/phone_product.html" if part else "walkout/phone_product_page.html"
        who = request.state.who
        return phone_.pages.html(
            request, template, headers=PRIVATE, product=found, listing=listing, tag=tag, view=view, shop=shop,
            seems=seems, adults_only=phone_.restricted(sku), adult=None if who is None else phone_.adult(who.by),
        )  # fmt: skip

    return routes


def _no_shop() -> NotFound:
    return NotFound(
        "phone.no_shop",
        ko="이 가게는 지금 여기에서 볼 수 없습니다.",
        en="This shop is not live here.",
        next_ko="휴대폰 화면을 새로 열어 주세요.",
        next_en="Open the phone page again.",
    )
