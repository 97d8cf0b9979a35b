"""Toss Payments (토스페이먼츠), core API v1: https://docs.tosspayments.com/reference.

The payer is sent to ``checkout.url`` of a payment we announce and comes back with ``paymentKey``, ``orderId`` and
``amount``; it is charged when we confirm. Idempotency keys are bound to key, API key, address and method but **not to
the body**, so each operation has one of its own (from ids of ours) and none is used twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx

from madang.kernel.settings import Secret
from madang.payments import settlement_files
from madang.payments.gateways.calls import TIMEOUT, Caller
from madang.payments.gateways.model import (
    Back,
    BackSeen,
    Bad,
    Hint,
    Opened,
    Order,
    Refused,
    Seen,
    Status,
    Unclear,
)
from madang.payments.settlement_files import Settled

ADDRESS = "https://api.tosspayments.com"
_STATUS = {
    "READY": Status.OPEN,
    "IN_PROGRESS": Status.OPEN,
    "WAITING_FOR_DEPOSIT": Status.OPEN,
    "DONE": Status.PAID,
    "PARTIAL_CANCELED": Status.PAID,
    "CANCELED": Status.PAID,
    "ABORTED": Status.REFUSED,
    "EXPIRED": Status.REFUSED,
}
_LOOK_FIRST = {
    "ALREADY_PROCESSED_PAYMENT",
    "ALREADY_CANCELED_PAYMENT",
    "DUPLICATED_ORDER_ID",
    "IDEMPOTENT_REQUEST_PROCESSING",
    "PROVIDER_ERROR",
    "CARD_PROCESSING_ERROR",
    "COMMON_ERROR",
    "UNAUTHORIZED_KEY",
    "INVALID_API_KEY",
    "FORBIDDEN_REQUEST",
}
"""Errors after which it is not certain that nothing was done, or that say our settings are wrong: looked up, retried,
never taken for the payer's no."""
_TITLE_MAX, _REASON_MAX = 100, 200
_PAGE, _PAGES_MAX = 5_000, 20
"""정산 조회: lines a page (its most), and how many pages of one day we read at most."""


class TossPayments:
    """Adapter of Toss Payments. ``hook_key`` (보안 키) proves notifications that are signed."""

    name = "toss"

    def __init__(
        self,
        secret: Secret,
        *,
        address: str = ADDRESS,
        hook_key: Secret | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        proof = base64.b64encode(f"{secret.reveal()}:".encode()).decode()
        self._call = Caller(address, {"Authorization": f"Basic {proof}"}, timeout, transport)
        self._hook_key = hook_key or Secret()

    def open(self, order: Order) -> Opened:
        body = {
            "method": "CARD", "amount": order.amount_krw, "taxFreeAmount": order.tax_free_krw, "orderId": order.id,
            "orderName": order.title[:_TITLE_MAX], "successUrl": order.back, "failUrl": order.gone,
        }  # fmt: skip
        made = self._ask("POST", "/v1/payments", body, f"open-{order.id}")
        address = str((made.get("checkout") or {}).get("url") or "")
        if not address:
            raise Unclear("no checkout address")
        return Opened(str(made["paymentKey"]), address, address)

    def confirm(self, order: Order, key: str, proof: str) -> Seen:  # noqa: ARG002
        body = {"paymentKey": key, "orderId": order.id, "amount": order.amount_krw}
        return _seen(self._ask("POST", "/v1/payments/confirm", body, f"confirm-{order.id}"))

    def look(self, order: str, key: str) -> Seen | None:
        path = f"/v1/payments/{quote(key, safe='')}" if key else f"/v1/payments/orders/{quote(order, safe='')}"
        try:
            return _seen(self._ask("GET", path))
        except Refused as error:
            if error.code in ("NOT_FOUND_PAYMENT", "NOT_FOUND"):
                return None
            raise Unclear(error.code) from error

    def give_back(self, key: str, back: Back) -> Seen:
        once = f"back-{back.id}-{back.number}" if back.number else f"back-{back.id}"
        body = {
            "cancelReason": f"{back.reason[: _REASON_MAX - len(back.id) - 3]} [{back.id}]",
            "cancelAmount": back.amount_krw, "taxFreeAmount": back.tax_free_krw,
        }  # fmt: skip
        return _seen(self._ask("POST", f"/v1/payments/{quote(key, safe='')}/cancel", body, once))

    def paid_out(self, day: date) -> list[Settled]:
        """정산 조회 by day of payout (``dateType=paidOutDate``), page by page. A page that is not full is the
        last, so where lines fill pages exactly one call more is made."""
        rows = list[Mapping[str, Any]]()
        for page in range(1, _PAGES_MAX + 1):
            asked = {"startDate": str(day), "endDate": str(day), "dateType": "paidOutDate"}
            status, found = self._call.list("/v1/settlements", asked | {"page": page, "size": _PAGE})
            if status >= 300 or not isinstance(found, list):
                raise Unclear(str(found.get("code", "")) if isinstance(found, dict) else f"status {status}")
            rows += found
            if len(found) < _PAGE:
                return settlement_files.lines(rows)
        raise Unclear("too many lines")

    def close(self) -> None:
        self._call.close()

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """``PAYMENT_STATUS_CHANGED`` is not signed (it is only a reason to look); others carry
        ``tosspayments-webhook-signature``: ``v1:`` and base64 HMAC-SHA256 over ``<body>:<transmission time>``."""
        signature = headers.get("tosspayments-webhook-signature", "")
        if signature and not self._signed(signature, headers.get("tosspayments-webhook-transmission-time", ""), body):
            raise Bad("signature")
        try:
            said = json.loads(body)
            data = said.get("data") or said
            return Hint(str(data.get("paymentKey") or ""), str(data.get("orderId") or ""))
        except (ValueError, AttributeError) as error:
            raise Bad("unreadable") from error

    def _signed(self, signature: str, sent_at: str, body: bytes) -> bool:
        if not self._hook_key:
            return False
        wanted = hmac.new(self._hook_key.reveal().encode(), body + b":" + sent_at.encode(), hashlib.sha256).digest()
        given = [part.partition(":")[2] or part for part in signature.replace(" ", "").split(",")]
        return any(hmac.compare_digest(base64.b64encode(wanted), one.encode()) for one in given)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, once: str = "") -> dict[str, Any]:
        status, answer = self._call(method, path, body, {"Idempotency-Key": once} if once else {})
        if status < 300:
            return answer
        code, message = str(answer.get("code", "")), str(answer.get("message", ""))
        if status == 401 or code in _LOOK_FIRST or not code:
            raise Unclear(code or f"status {status}", answered=True)
        raise Refused(code, message, answer)


def _seen(answer: Mapping[str, Any]) -> Seen:
    """A Payment object. Raises ``Unclear`` for one with a status or amount we do not know."""
    try:
        failure = answer.get("failure") or {}
        return Seen(
            key=str(answer["paymentKey"]), order=str(answer["orderId"]), status=_STATUS[answer["status"]],
            total_krw=int(answer["totalAmount"]), method=_method(answer),
            backs=tuple(_back(cancel) for cancel in answer.get("cancels") or ()),
            code=str(failure.get("code", "")), message=str(failure.get("message", "")),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise Unclear("not a payment") from error


def _back(cancel: Mapping[str, Any]) -> BackSeen:
    reason = str(cancel.get("cancelReason") or "")
    id = reason.rpartition("[")[2].removesuffix("]") if reason.endswith("]") else ""
    return BackSeen(id, str(cancel.get("transactionKey") or ""), int(cancel["cancelAmount"]))


def _method(answer: Mapping[str, Any]) -> str:
    easy = answer.get("easyPay") or {}
    return " · ".join(part for part in (str(answer.get("method") or ""), str(easy.get("provider") or "")) if part)
