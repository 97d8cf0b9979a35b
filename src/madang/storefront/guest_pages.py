"""Finding an order that was made as a guest: its number and its mailbox, a link by mail, a day in this browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.db import Tx
from madang.guard import Limit, Limiter
from madang.kernel import Conflict, derived, system
from madang.members import addresses, mail
from madang.members.accounts import Accounts
from madang.members.door_pages import is_secure, visit_of
from madang.storefront import guests
from madang.storefront.front import FOUND, PRIVATE, Storefront, form_of
from madang.ui import access, language_of

MAILS = Limit(burst=5, per_s=5 / 3600)
ASKED = Limit(burst=20, per_s=20 / 3600)
Sent = Annotated[dict[str, str], Depends(form_of)]
GOOD = access.link("256 random bits, good once, 30 minutes: storefront.guests")


def router(here: Storefront, desk: Accounts) -> APIRouter:
    """``/orders/find``, ``/orders/found/{token}``."""
    routes = APIRouter(prefix="/orders", include_in_schema=False)
    limiter = Limiter(here.clock)

    @routes.get("/find", name="orders.find", dependencies=[access.everyone])
    def ask(request: Request, sent: bool = False, number: str = "") -> Response:
        form = {"number": number[:60]}
        return here.html(request, "find", sent=sent, mails=desk.sends_mail, error=None, form=form)

    @routes.post("/find", name="orders.find.send", dependencies=[access.everyone])
    def send(request: Request, form: Sent) -> Response:
        """The same answer, whatever is known."""
        if not desk.sends_mail:
            raise _no_mail()
        visit, language = visit_of(request), language_of(request)
        address = addresses.normal(form.get("email", ""))
        digest, base = desk.keyring.digest(address), desk.base(visit)
        for key, name, limit in ((visit.address, "orders.asked", ASKED), (digest, "orders.mails", MAILS)):
            limiter.take(system(here.n, str(derived("storefront.asks", key))), name, limit)
        token, id, at_us, number = desk.random(), here.ids.new(), here.clock.now_us(), form.get("number", "")[:60]

        def act(tx: Tx) -> None:
            there = guests.look_for(tx, digest, number)
            if there is None:
                return
            guests.make_link(tx, token, *there, at_us=at_us)
            link = f"{base}/orders/found/{token}"
            mail.send(tx, desk.keyring, id=id, what="order", to=address, link=link, language=language, at_us=at_us)

        here.write(act)
        return RedirectResponse("/orders/find?sent=1", 303, headers=PRIVATE)

    @routes.get("/found/{token}", name="orders.found", dependencies=[GOOD])
    def look(request: Request, token: str) -> Response:
        at_us = here.clock.now_us()
        here.read(lambda tx: guests.look(tx, token, at_us))
        return here.html(request, "found", link=token)

    @routes.post("/found/{token}", name="orders.found.use", dependencies=[GOOD])
    def use(request: Request, token: str) -> Response:
        at_us, browser = here.clock.now_us(), desk.random()
        order = here.write(lambda tx: guests.use(tx, token, browser, at_us))
        answer = RedirectResponse(f"/orders/{order}", 303, headers=PRIVATE)
        answer.set_cookie(
            FOUND, browser, max_age=guests.OPEN_US // 1_000_000, httponly=True, samesite="lax",
            secure=is_secure(request), path="/",
        )  # fmt: skip
        return answer

    return routes


def _no_mail() -> Conflict:
    return Conflict(
        "storefront.no_mail_way",
        ko="이 동네는 메일을 보내지 않아 주문을 메일로 찾을 수 없습니다.",
        en="This neighbourhood sends no mail, so orders cannot be found by mail.",
        next_ko="주문할 때 쓴 브라우저에서 주문 내역을 열거나 가게에 문의하세요.",
        next_en="Open your orders in the browser you ordered with, or ask the shop.",
    )
