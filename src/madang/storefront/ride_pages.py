"""``/rides``: a rider's deliveries of the day: what waits to be brought, what is theirs, where to, how it was handed
over."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang import places
from madang.db import Tx
from madang.kernel import Actor, Role
from madang.storefront import rides
from madang.storefront.front import Storefront, form_of
from madang.ui import session
from madang.ui.access import role, working

Sent = Annotated[dict[str, str], Depends(form_of)]
SAID = ("take", "give_back", "pick_up", "hand_over", "fail")


def router(here: Storefront) -> APIRouter:
    """``/rides``."""
    routes = APIRouter(prefix="/rides", include_in_schema=False)

    @routes.get("", name="rides", dependencies=[working(Role.RIDER)])
    def mine(request: Request, said: str = "") -> Response:
        whom = _riders(request)
        now_us = here.clock.now_us()

        def read(tx: Tx) -> dict[str, Any]:
            shops = {one.id: one for one in places.shops(tx, whom[0])}
            return {
                "offers": [one for by in whom for one in rides.offers(tx, by)],
                "mine": [one for by in whom for one in rides.mine(tx, by, now_us=now_us)],
                "shops": shops,
            }

        return here.html(
            request, "rides", handed=rides.HANDED, failed=rides.FAILED, said=said if said in SAID else "",
            **here.read(read),
        )  # fmt: skip

    @routes.post("/{shop}/{order}/{act}", name="rides.do", dependencies=[role(Role.RIDER)])
    async def do(request: Request, shop: str, order: UUID, act: str, form: Sent) -> Response:
        by = session.acting(request, shop)

        def make(tx: Tx, at_us: int) -> str:
            if act == "take":
                rides.take(tx, by, order, at_us=at_us)
            elif act == "give_back":
                rides.give_back(tx, by, order, at_us=at_us)
            elif act == "pick_up":
                rides.pick_up(tx, by, order, at_us=at_us)
            elif act == "hand_over":
                seen = form.get("age_checked") == "yes"
                rides.hand_over(tx, by, order, form.get("how", ""), age_checked=seen, at_us=at_us)
            elif act == "fail":
                rides.fail(tx, by, order, form.get("why", ""), at_us=at_us)
            else:
                raise rides.no_ride()
            return f"/rides?said={act}"

        return await here.once(request, by, form, make)

    return routes


def _riders(request: Request) -> list[Actor]:
    """As whom the reader rides: in the whole neighbourhood, or in each of their shops. Raises ``Forbidden``."""
    who = session.signed_in(request)
    if not who.by.may(Role.RIDER) and (shops := session.workplaces(request, Role.RIDER)):
        return [who.acting(shop) for shop in shops]
    who.by.need(Role.RIDER)
    return [who.by]
