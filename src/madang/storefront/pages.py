"""Cart and checkout: plain pages and forms that work without script; ``order_pages`` has what comes after."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.db import Tx
from madang.kernel import Actor, Invalid, MadangError, NotFound
from madang.members import addresses
from madang.payments import State, gift_cards
from madang.storefront import (
    carts,
    cash_receipts,
    checkout,
    faults,
    forms,
    guests,
    order_pages,
    placing,
    purse,
    showing,
    slip_pages,
    tender,
)
from madang.storefront.front import PRIVATE, Form_, Storefront, form_of
from madang.storefront.placing import Placing
from madang.storefront.world import looking, nations
from madang.ui import language_of
from madang.ui.access import everyone, own_or_guest


def router(shop: Storefront) -> APIRouter:
    """``/cart``, ``/checkout``, ``/orders``, ``/vouchers/paid``."""
    routes = APIRouter(include_in_schema=False)
    _cart(routes, shop)
    _checkout(routes, shop)
    order_pages.add(routes, shop)
    slip_pages.add(routes, shop)
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
    placed = checkout.place(tx, by, id, said, at_us=at_us, language=language)
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
        year_max=forms.year(at_us) - placing.ADULT_YEARS,
    )  # fmt: skip
