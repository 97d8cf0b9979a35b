"""Kakao Pay's side of the online payment API, as its public documents describe it. It knows no idempotency keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from madang.payments.sandbox.money import Account, Answer, Desk

_STATES = {"ready": "READY", "agreed": "AUTH_PASSWORD", "refused": "FAIL_PAYMENT", "gone": "QUIT_PAYMENT"}


class KakaoSide:
    """Answers requests. ``page`` is where payers are sent: ``<page>/<tid>``."""

    def __init__(self, desk: Desk, page: str) -> None:
        self.desk, self._page = desk, page

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        if not headers.get("authorization", "").startswith("SECRET_KEY "):
            return 401, {"error_code": -401, "error_message": "invalid key"}
        what = path.rstrip("/").rpartition("/")[2]
        routes = {"ready": self._ready, "approve": self._approve, "order": self._order, "cancel": self._cancel}
        if method != "POST" or what not in routes:
            return 404, {"error_code": -3, "error_message": "no such address"}
        with self.desk.lock:
            return routes[what](body)

    def back_address(self, account: Account) -> str:
        """Where the payer's browser goes from the page."""
        if account.state == "agreed":
            return f"{account.back}{'&' if '?' in account.back else '?'}pg_token={quote(account.token)}"
        return account.gone

    def _ready(self, body: Mapping[str, Any]) -> Answer:
        order, count = str(body["partner_order_id"]), len(self.desk.by_key)
        tid = "T" + self.desk.key(order, count)[:19]
        made = Account(
            key=tid, order=order, user=str(body["partner_user_id"]), title=str(body["item_name"]),
            amount=int(body["total_amount"]), tax_free=int(body["tax_free_amount"]), back=str(body["approval_url"]),
            gone=str(body["cancel_url"]), made_at=self.desk.now(),
        )  # fmt: skip
        self.desk.add(made)
        page = f"{self._page}/{tid}"
        return 200, {
            "tid": tid, "tms_result": False, "created_at": made.made_at, "next_redirect_app_url": page,
            "next_redirect_mobile_url": page, "next_redirect_pc_url": page,
        }  # fmt: skip

    def _approve(self, body: Mapping[str, Any]) -> Answer:
        account = self.desk.by_key.get(str(body["tid"]))
        if account is None:
            return _fault(-721, "invalid tid")
        if account.order != body["partner_order_id"] or account.user != body["partner_user_id"]:
            return _fault(-707, "partner_order_id or partner_user_id does not match")
        if account.state == "paid":
            return _fault(-702, "payment is already done!")
        if account.state != "agreed" or account.token != body["pg_token"]:
            return _fault(-705, "invalid pg_token")
        if account.failure is not None:
            account.state = "refused"
            extras = {"method_result_code": account.failure[0], "method_result_message": account.failure[1]}
            return _fault(-780, "approval failure!", extras)
        self.desk.charge(account)
        return 200, {"aid": self.desk.key("aid", account.key)[:20], **self._amounts(account)}

    def _order(self, body: Mapping[str, Any]) -> Answer:
        account = self.desk.by_key.get(str(body["tid"]))
        return (200, self._amounts(account)) if account else _fault(-721, "invalid tid")

    def _cancel(self, body: Mapping[str, Any]) -> Answer:
        account = self.desk.by_key.get(str(body["tid"]))
        if account is None:
            return _fault(-721, "invalid tid")
        amount, left = int(body["cancel_amount"]), account.left
        if amount > left or int(body.get("cancel_available_amount", left)) != left:
            return _fault(-710, "cancel amount exceeds or available amount does not match")
        self.desk.give_back(account, amount, int(body["cancel_tax_free_amount"]), str(body.get("payload", "")))
        return 200, self._amounts(account)

    def _amounts(self, account: Account) -> dict[str, object]:
        status = _STATES.get(account.state, "SUCCESS_PAYMENT")
        if account.cancels:
            status = "PART_CANCEL_PAYMENT" if account.left else "CANCEL_PAYMENT"
        given = sum(cancel.amount for cancel in account.cancels)
        paid = [] if account.paid_at is None else [
            {
                "aid": self.desk.key("aid", account.key)[:20], "payment_action_type": "PAYMENT",
                "amount": account.amount, "point_amount": 0, "discount_amount": 0,
                "approved_at": account.paid_at, "payload": "",
            }
        ]  # fmt: skip
        backs = [
            {
                "aid": cancel.key[:20], "payment_action_type": "CANCEL", "amount": cancel.amount, "point_amount": 0,
                "discount_amount": 0, "approved_at": cancel.at, "payload": cancel.note,
            }
            for cancel in account.cancels
        ]  # fmt: skip
        return {
            "tid": account.key, "cid": "TC0ONETIME", "status": status, "partner_order_id": account.order,
            "partner_user_id": account.user, "payment_method_type": "MONEY", "item_name": account.title, "quantity": 1,
            "amount": {"total": account.amount, "tax_free": account.tax_free, "vat": 0, "point": 0, "discount": 0},
            "canceled_amount": {"total": given, "tax_free": 0, "vat": 0, "point": 0, "discount": 0},
            "cancel_available_amount": {"total": account.left, "tax_free": 0, "vat": 0, "point": 0, "discount": 0},
            "created_at": account.made_at, "approved_at": account.paid_at, "payment_action_details": paid + backs,
        }  # fmt: skip


def _fault(code: int, message: str, extras: dict[str, str] | None = None) -> Answer:
    return 400, {"error_code": code, "error_message": message, **({"extras": extras} if extras else {})}
