"""The make-believe gateway's page on which a visitor of the demo pays, marked as simulated wherever it shows."""

from __future__ import annotations

import json
from typing import Annotated

import httpx
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.kernel import Clock
from madang.kernel.settings import Secret
from madang.payments.connected import connect
from madang.payments.faults import unknown
from madang.payments.gateways import KakaoPay, TossPayments
from madang.payments.sandbox.kakao_side import KakaoSide
from madang.payments.sandbox.money import Desk
from madang.payments.sandbox.toss_side import TossSide
from madang.ui import Pages, access

PREFIX = "/sandbox"


class Within(httpx.BaseTransport):
    """Requests that never leave the process."""

    def __init__(self, side: TossSide | KakaoSide) -> None:
        self._side = side

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.read() or b"{}")
        status, answer = self._side.answer(request.method, request.url.raw_path.decode(), dict(request.headers), body)
        return httpx.Response(status, json=answer)


def open_sandbox(clock: Clock, pages: Pages) -> APIRouter:
    """Connect both make-believe companies, and give the pages on which they are paid."""
    toss = TossSide(Desk(clock, "toss"), f"{PREFIX}/toss")
    kakao = KakaoSide(Desk(clock, "kakao"), f"{PREFIX}/kakao")
    connect(TossPayments(Secret("test_sk_sandbox"), transport=Within(toss)))
    connect(KakaoPay(Secret("sandbox"), transport=Within(kakao)))
    return _router({"toss": toss, "kakao": kakao}, pages)


def _router(sides: dict[str, TossSide | KakaoSide], pages: Pages) -> APIRouter:
    link = access.link("the key is made by the make-believe gateway")
    routes = APIRouter(prefix=PREFIX, include_in_schema=False, dependencies=[link])

    @routes.get("/{company}/{key}", name="sandbox")
    def look(request: Request, company: str, key: str) -> Response:
        side = sides.get(company)
        if side is None or key not in side.desk.by_key:
            raise unknown()
        return pages.html(request, "payments/sandbox.html", company=company, account=side.desk.by_key[key])

    @routes.post("/{company}/{key}", name="sandbox.do")
    def do(company: str, key: str, choice: Annotated[str, Form()] = "quit") -> Response:
        side = sides.get(company)
        if side is None or key not in side.desk.by_key:
            raise unknown()
        account = side.desk.agree(key) if choice in ("pay", "decline") else side.desk.quit(key)
        if choice == "decline":
            account.failure = ("REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.")
        return RedirectResponse(side.back_address(account), 303)

    return routes
