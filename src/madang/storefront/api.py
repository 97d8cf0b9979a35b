"""Carts and orders as JSON: for a shopper's own program, signed in with a session or a key of theirs.

The same services as the pages. A write carries an ``Idempotency-Key``; errors are problem documents (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel

from madang.db import Database, Tx
from madang.deals import Deal
from madang.guard import Answer, fingerprint, once
from madang.kernel import Actor, Clock, start_of_day_us
from madang.members import texts
from madang.payments import Part
from madang.storefront import carts, cash_receipts, checkout, exchanging, model, orders, placing, showing, slip_api
from madang.storefront.actions import order_of
from madang.storefront.addresses import Address
from madang.storefront.api_model import (
    PROBLEMS,
    CartNow,
    CashNow,
    CashReceipt,
    ComeBack,
    Country,
    Key,
    OfClaim,
    OrderNow,
    OrdersNow,
    OrderStory,
    PlaceOrder,
    PutLine,
    QuotedAbroad,
    SentAbroad,
    ShopNow,
    StepTaken,
)
from madang.storefront.model import Wish
from madang.storefront.placing import Choice, Placing
from madang.storefront.world.exporting import Offer
from madang.storefront.world.nations import Abroad
from madang.ui import session
from madang.ui.access import own
from madang.ui.answers import answers


def router(db: Database, clock: Clock, neighbourhood: str) -> APIRouter:
    """``/v1/cart``, ``/v1/checkouts``, ``/v1/orders``."""
    routes = APIRouter(prefix="/v1", tags=["orders"], dependencies=[own], responses=PROBLEMS)
    api = Api(db, clock, neighbourhood)
    _carts(routes, api)
    slip_api.add(routes, api.read, api.by)
    _orders(routes, api)
    return routes


class Api:
    """Reads, and writes that are done once under their key, as whoever asks."""

    def __init__(self, db: Database, clock: Clock, neighbourhood: str) -> None:
        self.db, self.clock, self.n = db, clock, neighbourhood

    def by(self, request: Request) -> Actor:
        return carts.shopper(session.signed_in(request).by)

    def read(self, fn: Callable[[Tx], Any]) -> Response:
        return _json(self.db.read(fn, neighbourhood=self.n))

    def once(
        self, request: Request, key: str, asked: BaseModel | None, act: Callable[[Tx, Actor, int], Any]
    ) -> Response:
        by, at_us = self.by(request), self.clock.now_us()
        body = b"" if asked is None else asked.model_dump_json().encode()
        same = fingerprint(request.method, request.url.path, body)

        def write(tx: Tx) -> Answer:
            return once(
                tx, by, key=key, request=same, at_us=at_us,
                act=lambda: Answer(200, msgspec.json.encode(act(tx, by, at_us))),
            )  # fmt: skip

        answer = self.db.write(write, neighbourhood=self.n)
        return Response(answer.body, answer.status, media_type=answer.media_type)


def _carts(routes: APIRouter, api: Api) -> None:
    @routes.get("/cart")
    @answers(CartNow)
    def cart(request: Request) -> Response:
        """Your cart, priced as of now."""
        by, at_us = api.by(request), api.clock.now_us()
        return api.read(lambda tx: _cart(showing.cart(tx, by, at_us)))

    @routes.put("/cart/lines")
    @answers(CartNow)
    def put(request: Request, asked: Annotated[PutLine, Body()], key: Key) -> Response:
        """Make it so much; an amount of 0 takes it out."""

        def act(tx: Tx, by: Actor, at_us: int) -> Any:
            if asked.amount:
                carts.put(tx, by, asked.shop, asked.sku, asked.amount, at_us=at_us, add=False)
            else:
                carts.take_out(tx, by, asked.shop, asked.sku)
            return _cart(showing.cart(tx, by, at_us))

        return api.once(request, key, asked, act)

    @routes.post("/checkouts")
    @answers(model.Checkout)
    def begin(request: Request, key: Key) -> Response:
        """Hold what is in the cart at today's prices for twenty minutes."""
        id = orders.step_id(UUID(int=0), f"{api.by(request).key}/{key}")
        return api.once(request, key, None, lambda tx, by, at_us: checkout.begin(tx, by, id=id, at_us=at_us))

    @routes.get("/checkouts/{id}")
    @answers(model.Checkout)
    def look(request: Request, id: UUID) -> Response:
        """A checkout of yours."""
        by = api.by(request)
        return api.read(lambda tx: checkout.get(tx, by, id))

    @routes.get("/checkouts/{id}/abroad/{country}")
    @answers(QuotedAbroad)
    def look_abroad(request: Request, id: UUID, country: Annotated[Country, Path()]) -> Response:
        """What it costs to have a checkout's goods sent to a country, frozen as long as they are held."""
        by = api.by(request)

        def read(tx: Tx) -> QuotedAbroad:
            held = checkout.get(tx, by, id)
            offers = placing.sent_abroad(tx, by, held, country)
            return QuotedAbroad(shops=[_abroad(shop, one) for shop, one in offers], until_us=held.held_until_us)

        return api.read(read)

    @routes.post("/checkouts/{id}/orders")
    @answers(checkout.Placed)
    def place(request: Request, id: UUID, asked: Annotated[PlaceOrder, Body()], key: Key) -> Response:
        """Place one order for each shop, and begin to pay for all of them."""
        said = Placing(
            choices={shop: Choice(**how.model_dump()) for shop, how in asked.choices.items()},
            address=None if asked.address is None else Address(**asked.address.model_dump()),
            abroad=None if asked.abroad is None else Abroad(**asked.abroad.model_dump()),
            currency=asked.currency,
            agreed=frozenset(asked.agreed),
            born=asked.born,
            parts=tuple(Part(part.means, part.amount_krw, part.ref) for part in asked.parts),
        )
        return api.once(request, key, asked, lambda tx, by, at_us: checkout.place(tx, by, id, said, at_us=at_us))


def _orders(routes: APIRouter, api: Api) -> None:
    @routes.get("/orders")
    @answers(OrdersNow)
    def find(
        request: Request,
        cursor: Annotated[str | None, Query(max_length=400)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Response:
        """Your orders, newest first."""
        by = api.by(request)

        def read(tx: Tx) -> Any:
            page = orders.find(tx, by, cursor=cursor, limit=limit)
            return OrdersNow(orders=[order_now(deal) for deal in page.rows], next=page.next)

        return api.read(read)

    @routes.get("/orders/{id}")
    @answers(OrderStory)
    def one(request: Request, id: UUID) -> Response:
        """An order of yours with every step."""
        by, at_us = api.by(request), api.clock.now_us()

        def read(tx: Tx) -> Any:
            found = orders.track(tx, by, id, now_us=at_us)
            steps = [StepTaken(step=x.transition, state=x.target, at_us=x.at_us) for x in found.steps]
            story = _order(found.deal) | {"steps": steps, "choices": found.choices, "answers": found.answers}
            story |= {"others": exchanging.others(tx, by, found.deal, found.order), "due": found.due}
            return OrderStory(**story)

        return api.read(read)

    @routes.post("/orders/{id}/returns")
    @answers(OrderNow)
    def back(request: Request, id: UUID, asked: Annotated[ComeBack, Body()], key: Key) -> Response:
        """Ask to give back or to exchange."""

        def act(tx: Tx, by: Actor, at_us: int) -> Any:
            wishes = [Wish(line=line.line, amount=line.amount, to=line.to) for line in asked.lines]
            made = orders.ask_back(
                tx, by, id, kind=asked.kind, lines=wishes, reason=asked.reason, step=orders.step_id(id, key),
                at_us=at_us, untouched=asked.untouched, note=asked.note, means=asked.means,
                known_at_us=None if asked.known_on is None else start_of_day_us(asked.known_on),
            )  # fmt: skip
            return order_now(made)

        return api.once(request, key, asked, act)

    @routes.post("/orders/{id}/cash-receipt")
    @answers(CashNow)
    def cash(request: Request, id: UUID, asked: Annotated[CashReceipt, Body()], key: Key) -> Response:
        """Have the cash receipt (현금영수증) of an order issued."""

        def act(tx: Tx, by: Actor, at_us: int) -> Any:
            orders.get(tx, by, id)
            made = cash_receipts.ask(
                tx, by, id, asked.number, business=asked.business, always=asked.always, at_us=at_us
            )
            return CashNow(order=id, number=made.masked, business=made.business, told_krw=made.krw)

        return api.once(request, key, asked, act)

    @routes.post("/orders/{id}/{step}")
    @answers(OrderNow)
    def step(
        request: Request,
        id: UUID,
        step: Annotated[Literal["cancel", "confirm", "withdraw_claim"], Path()],
        key: Key,
        claim: Annotated[int | None, Query(ge=0, le=10_000)] = None,
    ) -> Response:
        """Cancel an order that was not sent, confirm one that was received, or withdraw a request (``claim``: its
        number, where several are open)."""

        def act(tx: Tx, by: Actor, at_us: int) -> Any:
            made = orders.step_id(id, key)
            if step == "cancel":
                return order_now(orders.cancel(tx, by, id, step=made, at_us=at_us))
            args: dict[str, object] = {} if claim is None else {"claim": claim}
            return order_now(orders.step(tx, by, id, step, step=made, at_us=at_us, args=args))

        return api.once(request, key, None if claim is None else OfClaim(claim=claim), act)


def _cart(found: showing.Cart) -> CartNow:
    shops = [
        ShopNow(shop=s.shop, lines=s.lines, left=s.left, gone=s.gone, goods_krw=s.goods_krw) for s in found.shelves
    ]
    return CartNow(shops=shops, goods_krw=found.goods_krw, held=found.held)


def _abroad(shop: str, one: Offer) -> SentAbroad:
    return SentAbroad(
        shop=shop, country=one.country, lines=one.lines, goods_krw=one.goods_krw, ways=one.ways, refused=one.refused
    )


def order_now(deal: Deal) -> OrderNow:
    """An order as it stands."""
    return OrderNow(**_order(deal))


def _order(deal: Deal) -> dict[str, Any]:
    order = order_of(deal)
    open = tuple(  # what they wrote is opened on the order's own answer only
        msgspec.structs.replace(one, note="") if one.note.startswith(texts.PREFIX) else one for one in order.open
    )
    return {
        "id": deal.id, "shop": deal.shop, "state": deal.state, "placed_at_us": deal.opened_at_us,
        "lines": order.lines, "fee_krw": order.fee_krw, "total_krw": order.total_krw,
        "refunded_krw": order.refunded_krw, "fulfil": order.fulfil, "claim": open[0] if open else None,
        "claims": open, "receipt": order.receipt,
        "return_fee_krw": order.return_fee_krw, "exchange_of": order.exchange_of, "exchanged": order.exchanged,
    }  # fmt: skip


def _json(found: Any) -> Response:
    return Response(msgspec.json.encode(found), media_type="application/json")
