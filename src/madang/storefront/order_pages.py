"""Pages of orders: the history, one order with its steps, giving back, and the shop's desk."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.deals import Deal
from madang.kernel import Actor, NotFound, Role, business_date
from madang.storefront import (
    carts,
    claims,
    couriers,
    exchanging,
    faults,
    forms,
    guests,
    open_claims,
    orders,
    profile,
    showing,
)
from madang.storefront.actions import order_of
from madang.storefront.front import Storefront, form_of
from madang.storefront.model import Reason
from madang.storefront.process import ORDER
from madang.ui import session
from madang.ui.access import own_or_guest, role


def add(routes: APIRouter, shop: Storefront) -> None:
    """``/orders`` and ``/desk/orders``."""
    _orders(routes, shop)
    _returns(routes, shop)
    _desk(routes, shop)


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
            tracking=couriers.page_of(tracked.order),
            sends_to=shop.read(lambda tx: _sends_to(tx, tracked.deal.shop)),
            mine=tracked.deal.subject == by.key, pay_at=shop.pay_at, steps=forms.STAFF_STEPS,
            claim_steps=open_claims.STEPS, means=_means(shop, request, tracked.deal),
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
                waits = exchanging.to_pay(tx, by, order_of(asked).open[-1])
                if waits is not None:
                    return shop.pay_at(waits.id)
            elif step in forms.STEPS:
                args = forms.args_of(step, form)
                gone = orders.step(tx, by, id, step, step=made, at_us=at_us, args=args)
                if step == "pay_again" and (to := _pays_at(tx, shop, by, gone, args)):
                    return to
            else:
                raise _no_step()
            return f"/orders/{id}?said={step}"

        return await shop.once(request, by, form, act)


def _returns(routes: APIRouter, shop: Storefront) -> None:
    @routes.get("/orders/{id}/return", name="order.return", dependencies=[own_or_guest])
    def back(request: Request, id: UUID) -> Response:
        by, tracked = _seen(shop, request, id)
        deal, order = tracked.deal, tracked.order
        costs = {
            kind: {reason: claims.cost_krw(order, kind, reason) for reason in Reason} for kind in ("return", "exchange")
        }
        others = shop.read(lambda tx: exchanging.others(tx, by, deal, order)) if deal.version >= 4 else {}
        return shop.html(
            request, "return", of=tracked, sends_to=shop.read(lambda tx: _sends_to(tx, deal.shop)),
            reasons=list(Reason), costs=costs, others=others, means=_means(shop, request, deal),
            today=str(business_date(shop.clock.now_us())),
            first=str(business_date(order.delivered_at_us or deal.opened_at_us)),
        )  # fmt: skip


def _means(shop: Storefront, request: Request, deal: Deal) -> list[str]:
    """What can pay for an exchange: a wallet is a member's, of no guest they have been."""
    member = request.state.who is not None and request.state.who.by.key == deal.subject
    return [one for one in shop.means() if one != "wallet" or member]


def _pays_at(tx: Tx, shop: Storefront, by: Actor, deal: Deal, args: dict[str, object]) -> str | None:
    """Where an exchange is paid for, None where it is paid already."""
    waits = exchanging.to_pay(tx, by, open_claims.of(order_of(deal), args))
    return shop.pay_at(waits.id) if waits is not None else None


def _no_step() -> NotFound:
    return NotFound(
        "storefront.no_step",
        ko="주문에 그런 단계가 없습니다.",
        en="An order has no such step.",
        next_ko="주문 화면의 단추를 눌러 주세요.",
        next_en="Use the buttons of the order's page.",
    )


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
