"""``/selling``: makers and outside brands see the goods that shops sell for them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from madang import places, settlement
from madang.db import Tx
from madang.storefront import consigned
from madang.storefront.front import Storefront
from madang.ui import session
from madang.ui.access import own


def router(here: Storefront) -> APIRouter:
    """``/selling``."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/selling", name="selling", dependencies=[own])
    def mine(request: Request) -> Response:
        by, at_us = session.signed_in(request).by, here.clock.now_us()

        def read(tx: Tx) -> dict[str, Any]:
            theirs = [one for one in settlement.parties_of(tx, by) if one.person == by.key]
            found = [(one, consigned.goods(tx, by, one, at_us=at_us)) for one in theirs]
            return {"found": found, "shops": {one.id: one for one in places.every(tx, by)}}

        return here.html(request, "consigned", **here.read(read))

    return routes
