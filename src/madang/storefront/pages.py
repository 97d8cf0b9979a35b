"""Cart, checkout, orders, what comes back: plain pages and forms that work without script."""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.db import Database, Tx
from madang.deals.links import Links
from madang.files import Store
from madang.guard import Answer, fingerprint, once
from madang.kernel import Actor, Clock, Ids, Invalid, MadangError, NotFound, Role, business_date
from madang.members import addresses
from madang.payments import State, gift_cards
from madang.places import faces
from madang.storefront import (
    carts,
    cash_receipts,
    checkout,
    claims,
    exchanging,
    faults,
    forms,
    guests,
    orders,
    profile,
    purse,
    showing,
    tender,
)
from madang.storefront.actions import order_of
from madang.storefront.checkout import Placing
from madang.storefront.model import Reason
from madang.storefront.process import ORDER
from madang.storefront.world import customs, looking, nations
from madang.ui import Pages, language_of, session
from madang.ui.access import everyone, own_or_guest, role

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


def router(shop: Storefront) -> APIRouter:
    """``/cart``, ``/checkout``, ``/orders``."""
    routes = APIRouter(include_in_schema=False)
    _cart(routes, shop)
    _checkout(routes, shop)
    _orders(routes, shop)
    _desk(routes, shop)
    return routes


def _cart(routes: APIRouter, shop: Storefront) -> None:
    @routes.get("/cart", name="cart", dependencies=[everyone])
    def show(request: Request, said: str = "", code: str = "") -> Response:
        by, at_us, code = shop.buyer(request), shop.clock.now_us(), code.strip()[:40]
        found = shop.read(lambda tx: showing.cart(tx, by, at_us, codes=[code] if code else []))
        return shop.html(request, "cart", cart=found, code=code, said=said if said in forms.SAID else "")

    @routes.post("/cart/lines", name="cart.put", dependencies=[everyone])
    async def put(request: Request, form: Annotated[dict[str, str], Depends(form_of)]) -> Response:
        by = await shop.buying(request)

        def act(tx: Tx, at_us: int) -> str:
            add = form.get("set") is None
            amount = forms.number(form.get("amount", "1"))
            if amount == 0 and not add:
                carts.take_out(tx, by, form.get("shop", ""), form.get("sku", ""))
            else:
                carts.put(tx, by, form.get("shop", ""), form.get("sku", ""), amount, at_us=at_us, add=add)
            return forms.local(form.get("back"), "/cart")

        return await shop.once(request, by, form, act)


def _checkout(routes: APIRouter, shop: Storefront) -> None:
    @routes.post("/checkout", name="checkout.begin", dependencies=[everyone])
    async def begin(request: Request, form: Annotated[dict[str, str], Depends(form_of)]) -> Response:
        by, id = await shop.buying(request), shop.ids.new()
        codes = tuple(code for code in [form.get("code", "").strip()] if code)

        def act(tx: Tx, at_us: int) -> str:
            checkout.begin(tx, by, id=id, at_us=at_us, codes=codes)
            return f"/checkout/{id}"

        return await shop.once(request, by, form, act)

    @routes.get("/checkout/{id}", name="checkout", dependencies=[own_or_guest])
    def show(request: Request, id: UUID) -> Response:
        return _counter(shop, request, shop.buyer(request), id, {}, None)

    @routes.post("/checkout/{id}", name="checkout.place", dependencies=[own_or_guest])
    async def place(request: Request, id: UUID, form: Annotated[dict[str, str], Depends(form_of)]) -> Response:
        by, at_us = await shop.buying(request), shop.clock.now_us()

        def act(tx: Tx) -> checkout.Placed:
            said = _said(shop, tx, request, by, id, form, at_us)
            placed = _place(shop, tx, by, id, said, _email(shop, request, form), language_of(request), at_us)
            _cash_receipts(tx, by, placed, form, at_us)
            return placed

        try:
            placed = await shop.written(act)
        except (Invalid, MadangError) as error:
            if isinstance(error, NotFound) or error.code == "storefront.hold_over":
                raise
            return await run_in_threadpool(_counter, shop, request, by, id, form, error)
        if placed.payment is not None and placed.payment.state == State.PENDING:
            return RedirectResponse(shop.pay_at(placed.payment.id), 303, headers=PRIVATE)
        where = f"/orders/{placed.orders[0]}?said=thanks" if len(placed.orders) == 1 else "/orders?said=thanks"
        return RedirectResponse(where, 303, headers=PRIVATE)

    @routes.post("/checkout/{id}/sums", name="checkout.sums", dependencies=[own_or_guest])
    def sums(request: Request, id: UUID, form: Annotated[dict[str, str], Depends(form_of)]) -> Response:
        """What comes to what, as the form stands: a part of the page where a script asks, else the page."""
        part = request.headers.get("hx-request") == "true"
        said = form if part else forms.filled(form)
        return _counter(shop, request, shop.buyer(request), id, said, None, template="sums" if part else "checkout")

    @routes.post("/checkout/{id}/gift-card", name="checkout.gift_card", dependencies=[own_or_guest])
    def card(request: Request, id: UUID, form: Annotated[dict[str, str], Depends(form_of)]) -> Response:
        """A gift card's code: from now on it is among the means, and the amounts are proposed anew."""
        by, at_us = shop.buyer(request), shop.clock.now_us()
        shop.read(lambda tx: checkout.get(tx, by, id))
        try:
            shop.write(lambda tx: gift_cards.show(tx, by, form.get("gift_code", "")[:60], at_us=at_us))
        except MadangError as error:
            return _counter(shop, request, by, id, form, error)
        kept = {name: text for name, text in form.items() if not name.startswith(("gift_code", "means", "pay."))}
        return _counter(shop, request, by, id, kept, None)

    @routes.post("/checkout/{id}/drop", name="checkout.drop", dependencies=[own_or_guest])
    def drop(request: Request, id: UUID) -> Response:
        by, at_us = shop.buyer(request), shop.clock.now_us()
        shop.write(lambda tx: checkout.drop(tx, by, id, at_us=at_us))
        return RedirectResponse("/cart", 303, headers=PRIVATE)


def _email(shop: Storefront, request: Request, form: Form_) -> str:
    """The address a guest leaves, '' for none. Raises ``Invalid`` for what is no address."""
    given = form.get("email", "").strip()
    return addresses.normal(given) if given and shop.names is not None and request.state.who is None else ""


def _place(
    shop: Storefront, tx: Tx, by: Actor, id: UUID, said: Placing, email: str, language: str, at_us: int
) -> checkout.Placed:
    placed = checkout.place(tx, by, id, said, at_us=at_us)
    if email and shop.names is not None:
        guests.remember(tx, by, email, shop.names(email), language, at_us=at_us)
    return placed


def _cash_receipts(tx: Tx, by: Actor, placed: checkout.Placed, form: Form_, at_us: int) -> None:
    """현금영수증 of what was ordered, where the buyer gave a number for it."""
    number = form.get("cash_number", "").strip()[:40]
    if not number or placed.payment is None:
        return
    for order in placed.orders:
        cash_receipts.ask(tx, by, order, number, business=form.get("cash_business") == "yes", at_us=at_us)


def _said(shop: Storefront, tx: Tx, request: Request, by: Actor, id: UUID, form: Form_, at_us: int) -> Placing:
    """The checkout's form, and the parts that pay it. Raises ``Invalid`` where nothing pays the rest."""
    held = checkout.get(tx, by, id)
    country = _country(request, form)
    due = forms.totals(tx, by, held, form, country)
    member = request.state.who is not None
    wish = purse.heard(forms.wish(form), shop.means(), member=member)
    made = tender.plan(wish, due, purse.takes(tx, by, due, at_us=at_us) if wish.vouchers and member else {})
    if made.missing_krw and held.held(at_us):
        raise faults.not_covered(made.missing_krw)
    placing = forms.placing(held, form, parts=made.parts, country=country)
    return msgspec.structs.replace(placing, currency=looking.currency_of(request))


def _country(request: Request, form: Form_) -> str:
    """Where what goes abroad goes: as the form says, else as was chosen on the pages for the world."""
    asked = form.get("to", "")
    return asked if len(asked) == 2 and asked.isascii() and asked.isupper() else looking.country_of(request)


def _counter(
    shop: Storefront,
    request: Request,
    by: Actor,
    id: UUID,
    form: Form_,
    error: MadangError | None,
    *,
    template: str = "checkout",
) -> Response:
    at_us, country = shop.clock.now_us(), _country(request, form)

    def look(tx: Tx) -> showing.Counter:
        member = request.state.who is not None
        try:
            return showing.counter(tx, by, id, at_us, member=member, form=form, means=shop.means(), country=country)
        except Invalid:  # an amount that is none: the page begins anew, with the error above it
            bare = {name: text for name, text in form.items() if not name.startswith(("pay.", "means"))}
            return showing.counter(tx, by, id, at_us, member=member, form=bare, means=shop.means(), country=country)

    found = shop.read(look)
    going = next(iter(found.exports.values()), None)
    currency = looking.currency_of(request) or (going.currency if going else "")
    begun_us = found.held.begun_at_us
    foreign = shop.read(lambda tx: looking.shown(tx, by, found.total_krw, currency, begun_us)) if currency else None
    if found.held.state == "placed":
        return RedirectResponse("/orders", 303, headers=PRIVATE)
    if not found.held.held(at_us):
        return RedirectResponse("/cart?said=hold_over", 303, headers=PRIVATE)
    wrong = error.details.get("fields", {}) if error is not None else {}
    return shop.html(
        request, template, status=error.status if error else 200, counter=found, form=form, error=error, wrong=wrong,
        asks_email=shop.names is not None and request.state.who is None, foreign=foreign, country=country,
        nation=nations.nation(country),
        year_max=forms.year(at_us) - checkout.ADULT_YEARS,
    )  # fmt: skip


def _orders(routes: APIRouter, shop: Storefront) -> None:
    @routes.get("/orders", name="orders", dependencies=[own_or_guest])
    def history(request: Request, said: str = "") -> Response:
        by, at_us = shop.buyer(request), shop.clock.now_us()
        came = 0
        if request.state.who is not None and shop.read(lambda tx: guests.waiting(tx, by)):
            came = shop.write(lambda tx: guests.merge(tx, by, at_us=at_us))
        found = shop.read(lambda tx: showing.history(tx, by))
        return shop.html(
            request, "history", found=found, came=came, process=ORDER, token=shop.links.token,
            said=said if said in forms.SAID else "",
        )  # fmt: skip

    @routes.get("/orders/{id}", name="order", dependencies=[own_or_guest])
    def order(request: Request, id: UUID, said: str = "") -> Response:
        by, tracked = _seen(shop, request, id)
        names, place = shop.read(
            lambda tx: (
                showing.shop_names(tx, tracked.deal.shop),
                showing.place_names(tx, tracked.order.fulfil.place),
            )
        )
        return shop.html(
            request, "order", of=tracked, place=place, process=ORDER, names=names, token=shop.links.token,
            tracking=customs.tracking(tracked.order.sent_number) if tracked.order.export else "",
            sends_to=shop.read(lambda tx: _sends_to(tx, tracked.deal.shop)),
            mine=tracked.deal.subject == by.key, pay_at=shop.pay_at, steps=forms.STAFF_STEPS,
            said=said if said in forms.SAID else "",
        )  # fmt: skip

    @routes.post("/orders/{id}/{step}", name="order.step", dependencies=[own_or_guest])
    async def step(
        request: Request, id: UUID, step: str, form: Annotated[dict[str, str], Depends(form_of)]
    ) -> Response:
        by, _ = await run_in_threadpool(_seen, shop, request, id)

        def act(tx: Tx, at_us: int) -> str:
            made = orders.step_id(id, f"{step}/{form.get('idempotency_key', '')}")
            if step == "cancel":
                orders.cancel(tx, by, id, step=made, at_us=at_us)
            elif step == "again":
                left_out = orders.again(tx, carts.shopper(by), id, at_us=at_us)
                return "/cart?said=partly" if left_out else "/cart?said=again"
            elif step == "return":
                said = forms.coming_back(form)
                asked = orders.ask_back(tx, by, id, step=made, at_us=at_us, **said)
                waits = exchanging.to_pay(tx, by, order_of(asked).claim)
                if waits is not None:
                    return shop.pay_at(waits.id)
            elif step in forms.STEPS:
                args = forms.args_of(step, form)
                orders.step(tx, by, id, step, step=made, at_us=at_us, args=args)
            else:
                raise NotFound(
                    "storefront.no_step",
                    ko="주문에 그런 단계가 없습니다.",
                    en="An order has no such step.",
                    next_ko="주문 화면의 단추를 눌러 주세요.",
                    next_en="Use the buttons of the order's page.",
                )
            return f"/orders/{id}?said={step}"

        return await shop.once(request, by, form, act)

    @routes.get("/orders/{id}/return", name="order.return", dependencies=[own_or_guest])
    def back(request: Request, id: UUID) -> Response:
        by, tracked = _seen(shop, request, id)
        deal, order = tracked.deal, tracked.order
        costs = {
            kind: {reason: claims.cost_krw(order, kind, reason) for reason in Reason} for kind in ("return", "exchange")
        }
        others = shop.read(lambda tx: exchanging.others(tx, by, deal, order)) if deal.version >= 4 else {}
        means = [one for one in shop.means() if one != "wallet" or request.state.who is not None]
        return shop.html(
            request, "return", of=tracked, sends_to=shop.read(lambda tx: _sends_to(tx, deal.shop)),
            reasons=list(Reason), costs=costs, others=others, means=means,
            today=str(business_date(shop.clock.now_us())),
            first=str(business_date(order.delivered_at_us or deal.opened_at_us)),
        )  # fmt: skip


def _desk(routes: APIRouter, shop: Storefront) -> None:
    @routes.get("/desk/{shop}/orders", name="desk.orders", dependencies=[role(Role.OPERATOR, Role.STAFF)])
    def desk(request: Request, shop: str, cursor: str | None = None) -> Response:
        by = session.acting(request, shop)
        found = here.read(lambda tx: showing.waiting(tx, by, shop, cursor))
        names = here.read(lambda tx: showing.shop_names(tx, shop))
        rows = [(deal, order_of(deal)) for deal in found.rows]
        return here.html(request, "desk", rows=rows, names=names, next=found.next, process=ORDER, shop=shop)

    here = shop


def _seen(shop: Storefront, request: Request, id: UUID) -> tuple[Actor, orders.Tracked]:
    """The order as its buyer sees it, else as somebody who serves in its shop does."""
    at_us, by = shop.clock.now_us(), shop.buyer(request)
    for one in shop.owners(request, by):
        found = _tracked(shop, one, id, at_us)
        if found is not None:
            return one, found
    who = request.state.who
    asking: Actor = request.state.by
    if who is not None:
        online: list[str] = shop.read(showing.online)
        for one in (asking, *(who.acting(place) for place in online)):
            found = _tracked(shop, one, id, at_us) if one.may(Role.OPERATOR, Role.STAFF) else None
            if found is not None:
                return one, found
    raise faults.no_order()


def _sends_to(tx: Tx, shop: str) -> str:
    """Where goods go back to: the address the shop gives of itself."""
    said = profile.profile_of(tx, shop)
    return said.address if said else ""


def _tracked(shop: Storefront, by: Actor, id: UUID, at_us: int) -> orders.Tracked | None:
    try:
        found: orders.Tracked = shop.read(lambda tx: orders.track(tx, by, id, now_us=at_us))
    except NotFound:
        return None
    return found
