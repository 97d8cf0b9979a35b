"""The door for gateways' notifications: kept raw, answered 200, looked up by a job."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from madang.guard.limits import Limit, Limiter
from madang.kernel import TooLarge
from madang.payments import hooks
from madang.payments.connected import connected, gateway_of
from madang.payments.desk import PayDesk
from madang.payments.faults import unknown
from madang.ui import access
from madang.ui.answers import answers

STRANGE = Limit(burst=60, per_s=1)
"""Notifications from one address that name nothing of ours: what anybody could send, and have us keep."""


class Received(msgspec.Struct):
    """It is kept, and will be looked into."""

    received: bool = True


def router(desk: PayDesk) -> APIRouter:
    routes, limiter = APIRouter(prefix="/v1/hooks", tags=["payments"]), Limiter(desk.clock)
    never_believed = access.key("gateways sign what they can; nothing is believed, each is only a reason to look")

    @routes.post("/{gateway}", name="payments.hook", dependencies=[never_believed])
    @answers(Received)
    async def hook(request: Request, gateway: str) -> Response:
        """A payment company tells that something changed. 200: received. What names a payment of ours is never turned
        away for being too much (but for a flood: 200 a second); the rest is, beyond one a second."""
        if gateway not in connected():
            raise unknown()
        body = await request.body()
        if len(body) > hooks.BODY_MAX:
            raise _too_long()
        company, id, now = gateway_of(gateway), desk.ids.new(), desk.clock.now_us()
        headers = dict(request.headers)
        ours = await run_in_threadpool(desk.read, lambda tx: hooks.names_ours(tx, company, headers=headers, body=body))
        if not ours:
            limiter.take(request.state.by, "payments.strange", STRANGE)
        await run_in_threadpool(
            desk.write, lambda tx: hooks.received(tx, company, id=id, headers=headers, body=body, at_us=now)
        )
        return Response(msgspec.json.encode(Received()), media_type="application/json")

    return routes


def _too_long() -> TooLarge:
    return TooLarge(
        "payments.notification_too_long",
        ko="알림이 너무 깁니다.",
        en="The notification is too long.",
        next_ko="결제사의 알림 주소가 맞는지 확인하세요.",
        next_en="Check the notification address at the payment company.",
    )
