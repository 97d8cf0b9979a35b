"""Kakao Pay (카카오페이), online payment API: https://developers.kakaopay.com/docs/payment/online.

ready → the payer agrees at the returned address → the browser brings ``pg_token`` → approve. There are no idempotency
keys: an approval asked for again is answered with -702 and looked up; before money is given back again we look whether
it was (our id stands in ``payload``), and ``cancel_available_amount`` lets the gateway refuse if that has changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from madang.kernel.settings import Secret
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

ADDRESS = "https://open-api.kakaopay.com"
CID_TEST = "TC0ONETIME"
_STATUS = {
    "SUCCESS_PAYMENT": Status.PAID,
    "PART_CANCEL_PAYMENT": Status.PAID,
    "CANCEL_PAYMENT": Status.PAID,
    "FAIL_AUTH_PASSWORD": Status.REFUSED,
    "QUIT_PAYMENT": Status.REFUSED,
    "FAIL_PAYMENT": Status.REFUSED,
}
_OPEN = {"READY", "SEND_TMS", "OPEN_PAYMENT", "SELECT_METHOD", "ARS_WAITING", "AUTH_PASSWORD", "ISSUED_SID"}
_LOOK_FIRST = {"-1", "-2", "-10", "-401", "-702", "-703", "-708"}
"""Server errors, too many calls, a wrong key, and what is being or has been done already: looked up, not believed."""
_UNKNOWN_TID = {"-700", "-701", "-721"}
_TITLE_MAX = 100


class KakaoPay:
    """Adapter of Kakao Pay for the merchant ``cid``."""

    name = "kakao"

    def __init__(
        self,
        secret: Secret,
        *,
        cid: str = CID_TEST,
        address: str = ADDRESS,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._call = Caller(address, {"Authorization": f"SECRET_KEY {secret.reveal()}"}, timeout, transport)
        self._cid = cid

    def open(self, order: Order) -> Opened:
        made = self._ask("ready", _named(order) | {
            "item_name": order.title[:_TITLE_MAX], "quantity": 1, "total_amount": order.amount_krw,
            "tax_free_amount": order.tax_free_krw, "vat_amount": order.vat_krw, "approval_url": order.back,
            "cancel_url": order.gone, "fail_url": order.gone,
        })  # fmt: skip
        try:
            return Opened(str(made["tid"]), str(made["next_redirect_pc_url"]), str(made["next_redirect_mobile_url"]))
        except KeyError as error:
            raise Unclear("no address") from error

    def confirm(self, order: Order, key: str, proof: str) -> Seen:
        self._ask("approve", _named(order) | {"tid": key, "pg_token": proof, "total_amount": order.amount_krw})
        seen = self.look(order.id, key)  # one shape for what is believed, whoever asks
        if seen is None or seen.status != Status.PAID:
            raise Unclear("approved but not seen")
        return seen

    def look(self, order: str, key: str) -> Seen | None:
        if not key:
            return None  # never announced: nobody can have paid it
        try:
            return _seen(self._ask("order", {"tid": key}), order)
        except Refused as error:
            if error.code in _UNKNOWN_TID:
                return None
            raise Unclear(error.code) from error

    def give_back(self, key: str, back: Back) -> Seen:
        seen = self.look("", key)
        if seen is None:
            raise Unclear("payment not seen")
        if any(one.id == back.id for one in seen.backs):
            return seen
        if back.amount_krw > seen.left_krw:
            raise Refused("-710", f"{seen.left_krw} left")
        self._ask("cancel", {
            "tid": key, "cancel_amount": back.amount_krw, "cancel_tax_free_amount": back.tax_free_krw,
            "cancel_vat_amount": back.vat_krw, "cancel_available_amount": seen.left_krw, "payload": back.id,
        })  # fmt: skip
        after = self.look("", key)
        if after is None or not any(one.id == back.id for one in after.backs):
            raise Unclear("given back but not seen")
        return after

    def close(self) -> None:
        self._call.close()

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint:  # noqa: ARG002
        """Kakao Pay signs nothing; what it names is looked up."""
        try:
            said = json.loads(body)
            return Hint(str(said.get("tid") or ""), str(said.get("partner_order_id") or ""))
        except (ValueError, AttributeError) as error:
            raise Bad("unreadable") from error

    def _ask(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        status, answer = self._call("POST", f"/online/v1/payment/{what}", {"cid": self._cid, **body})
        if status < 300:
            return answer
        code, extras = str(answer.get("error_code", "")), answer.get("extras") or {}
        if status == 401 or code in _LOOK_FIRST or not code:
            raise Unclear(code or f"status {status}")
        raise Refused(code, str(extras.get("method_result_message") or answer.get("error_message", "")), answer)


def _named(order: Order) -> dict[str, Any]:
    """The payer is named by the order: no key of a person leaves the house."""
    return {"partner_order_id": order.id, "partner_user_id": order.id}


def _seen(answer: Mapping[str, Any], order: str) -> Seen:
    try:
        status = str(answer["status"])
        if status not in _STATUS and status not in _OPEN:
            raise Unclear(f"status {status}")
        done = [one for one in answer.get("payment_action_details") or () if one["payment_action_type"] == "CANCEL"]
        backs = tuple(BackSeen(str(one.get("payload") or ""), str(one["aid"]), int(one["amount"])) for one in done)
        return Seen(
            key=str(answer["tid"]), order=str(answer.get("partner_order_id") or order),
            status=_STATUS.get(status, Status.OPEN), total_krw=int(answer["amount"]["total"]),
            method=str(answer.get("payment_method_type") or ""), backs=backs,
            code=status if status in ("QUIT_PAYMENT", "FAIL_PAYMENT", "FAIL_AUTH_PASSWORD") else "",
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise Unclear("not a payment") from error
