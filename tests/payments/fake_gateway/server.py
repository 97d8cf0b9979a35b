"""Both payment companies on their worst day, over real HTTP on a free port of this machine.

``mishap("confirm", CHARGED_THEN_RESET)`` makes the next request of that kind go wrong; several queue up. What the
companies did for real (whom they charged, what they gave back) can be read from their own books at any time.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from madang.kernel import Clock
from madang.kernel.settings import Secret
from madang.payments.gateways import Gateway, KakaoPay, TossPayments
from madang.payments.sandbox import Account, Answer, Desk, KakaoSide, TossSide

CHARGED_THEN_RESET = "done, then the connection is reset"
CHARGED_THEN_SILENT = "done, then no answer in time"
DONE_THEN_500 = "done, then an answer of 500"
RESET = "nothing done, the connection is reset"
ERROR_500 = "nothing done, an answer of 500"
HTML_502 = "nothing done, a page of HTML from a proxy"
SLOW = "done, answered late but in time"
DECLINED = "the card company says no"
REFUSES_BACK = "will not give it back"
WRONG_AMOUNT = "charges another amount"
GARBAGE = "done, answered with half a document"
SAYS_NO = "nothing done, the request is not to its liking"
NOT_FOUND = "says there is no such payment"
GIVES_LESS = "gives back 100 won less than it is asked to"
GIVES_MORE = "gives back 100 won more than it is asked to"

_NOES = {
    SAYS_NO: (400, "INVALID_REQUEST", -780),
    NOT_FOUND: (404, "NOT_FOUND_PAYMENT", -721),
    REFUSES_BACK: (403, "NOT_CANCELABLE_PAYMENT", -781),
}
SILENCE_S = 0.6
PATIENCE = httpx.Timeout(0.4, connect=2.0)


class FakeGateway:
    """A server for one company: ``toss`` or ``kakao``."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.desk = Desk(clock, name)
        side = TossSide if name == "toss" else KakaoSide
        self.side: TossSide | KakaoSide = side(self.desk, f"{self.address}/page")
        self._adapters: list[Gateway] = []
        self._mishaps: dict[str, deque[str]] = defaultdict(deque)
        self.asked: list[tuple[str, dict[str, Any], str]] = []
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def gateway(self) -> Gateway:
        """Our adapter, with little patience."""
        adapter = TossPayments if self.name == "toss" else KakaoPay
        made = adapter(Secret("test_sk_fake"), address=self.address, timeout=PATIENCE)
        self._adapters.append(made)
        return made

    def mishap(self, what: str, *kinds: str) -> None:
        self._mishaps[what].extend(kinds)

    def expected(self, what: str) -> int:
        """How many mishaps of a kind are still to come."""
        return len(self._mishaps[what])

    def calm(self) -> None:
        """From now on nothing goes wrong."""
        self._mishaps.clear()

    def agree(self, order: str) -> dict[str, Any]:
        """The payer agrees; what their browser brings back to us."""
        account = self.desk.agree(self.account(order).key)
        if self.name == "toss":
            return {"key": account.key, "amount_krw": account.amount}
        return {"proof": account.token}

    def account(self, order: str) -> Account:
        return self.desk.by_order[order]

    def count(self, what: str) -> int:
        return sum(1 for name, _, _ in self.asked if name == what)

    def close(self) -> None:
        for adapter in self._adapters:
            adapter.close()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: dict[str, Any], wire: Wire) -> None:
        what = _what(method, path)
        self.asked.append((what, body, headers.get("idempotency-key", "")))
        mishap = self._mishaps[what].popleft() if self._mishaps[what] else ""
        if mishap == RESET:
            return wire.reset()
        if mishap == ERROR_500:
            return wire.json(
                500, {"code": "FAILED_INTERNAL_SYSTEM_PROCESSING", "message": "내부 시스템 처리 작업이 실패했습니다."}
            )
        if mishap == HTML_502:
            return wire.raw(502, b"<html>Bad gateway</html>")
        self._prepare(mishap, what, body)
        if mishap in _NOES:
            status, code, number = _NOES[mishap]
            if isinstance(self.side, TossSide):
                answer = self.side.keep(method, path, headers, (status, {"code": code, "message": mishap}))
            else:
                answer = (400, {"error_code": number, "error_message": mishap})
        else:
            answer = self.side.answer(method, path, headers, body)
        return self._reply(mishap, answer, wire)

    def _prepare(self, mishap: str, what: str, body: dict[str, Any]) -> None:
        if mishap in (GIVES_LESS, GIVES_MORE):
            body["cancelAmount" if "cancelAmount" in body else "cancel_amount"] += 100 * (
                1 if mishap == GIVES_MORE else -1
            )
        account = self.desk.by_key.get(str(body.get("paymentKey") or body.get("tid") or ""))
        if account is None or what != "confirm":
            return
        if mishap == DECLINED:
            account.failure = ("REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.")
        if mishap == WRONG_AMOUNT:
            account.amount += 100
            body["amount"] = account.amount

    def _reply(self, mishap: str, answer: Answer, wire: Wire) -> None:
        if mishap == CHARGED_THEN_RESET:
            return wire.reset()
        if mishap == DONE_THEN_500:
            return wire.json(500, {"code": "FAILED_INTERNAL_SYSTEM_PROCESSING", "message": ""})
        if mishap == GARBAGE:
            return wire.raw(200, b'{"paymentKey": "tv')
        if mishap == CHARGED_THEN_SILENT:
            time.sleep(SILENCE_S)
        elif mishap == SLOW:
            time.sleep(0.15)
        return wire.json(*answer)


class Wire:
    """The way back to whoever asked."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler

    def json(self, status: int, body: Any) -> None:
        self.raw(status, json.dumps(body).encode())

    def raw(self, status: int, body: bytes) -> None:
        with contextlib.suppress(OSError):  # they may have gone away, as we do in life
            self._handler.send_response(status)
            self._handler.send_header("Content-Type", "application/json")
            self._handler.send_header("Content-Length", str(len(body)))
            self._handler.end_headers()
            self._handler.wfile.write(body)

    def reset(self) -> None:
        """RST instead of an answer."""
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.close_connection = True
        connection.close()


def _what(method: str, path: str) -> str:
    path = path.partition("?")[0]
    tail = path.rstrip("/").rpartition("/")[2]
    if tail in ("confirm", "approve"):
        return "confirm"
    if tail == "cancel":
        return "give_back"
    if tail == "settlements":
        return "settled"
    if method == "GET" or tail == "order":
        return "look"
    return "open"


def _handler(fake: FakeGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):  # its method names are the standard library's
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            headers = {name.lower(): value for name, value in self.headers.items()}
            fake.respond(self.command, self.path, headers, body, Wire(self))

        do_GET: Callable[..., None] = _do  # noqa: N815
        do_POST: Callable[..., None] = _do  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

    return Handler
