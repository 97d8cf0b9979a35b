"""Toss Payments' side of core API v1, as its public documents describe it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, quote

from madang.payments.sandbox.money import Account, Answer, Desk

PAID_OUT_AFTER = timedelta(days=2)
_STATES = {"ready": "READY", "agreed": "IN_PROGRESS", "refused": "ABORTED", "gone": "EXPIRED"}


class TossSide:
    """Answers requests. ``page`` is where payers are sent: ``<page>/<key>``."""

    def __init__(self, desk: Desk, page: str) -> None:
        self.desk, self._page = desk, page
        self._once: dict[tuple[str, str], Answer] = {}

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        """``headers`` by lower-case name. A key used again gives the first answer, **whatever the body says**."""
        if not headers.get("authorization", "").startswith("Basic "):
            return _fault(401, "UNAUTHORIZED_KEY", "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다.")
        with self.desk.lock:
            once = (headers.get("idempotency-key", ""), f"{method} {path}")
            if once[0] and once in self._once:
                return self._once[once]
            return self.keep(method, path, headers, self._route(method, path.rstrip("/"), body))

    def keep(self, method: str, path: str, headers: Mapping[str, str], given: Answer) -> Answer:
        """An answer is given to its key for ever (Toss: for 15 days), whatever is asked with it later."""
        key = headers.get("idempotency-key", "")
        if key and given[0] < 500:
            self._once[key, f"{method} {path}"] = given
        return given

    def back_address(self, account: Account) -> str:
        """Where the payer's browser goes from the page."""
        mark = "&" if "?" in account.back else "?"
        if account.state == "agreed":
            return (
                f"{account.back}{mark}paymentKey={account.key}&orderId={quote(account.order)}&amount={account.amount}"
            )
        mark, message = "&" if "?" in account.gone else "?", quote("사용자에 의해 결제가 취소되었습니다.")
        return f"{account.gone}{mark}code=PAY_PROCESS_CANCELED&message={message}&orderId={quote(account.order)}"

    def _route(self, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        address, _, query = path.partition("?")
        parts = address.strip("/").split("/")
        if (method, parts) == ("GET", ["v1", "settlements"]):
            return self._settlements({name: values[-1] for name, values in parse_qs(query).items()})
        if parts[:2] != ["v1", "payments"]:
            return _fault(404, "NOT_FOUND", "존재하지 않는 정보 입니다.")
        rest = parts[2:]
        if method == "POST" and not rest:
            return self._create(body)
        if method == "POST" and rest == ["confirm"]:
            return self._confirm(body)
        if method == "POST" and len(rest) == 2 and rest[1] == "cancel":
            return self._cancel(rest[0], body)
        if method == "GET" and rest:
            found = self.desk.by_order.get(rest[1]) if rest[0] == "orders" else self.desk.by_key.get(rest[0])
            return (200, self.payment(found)) if found else _unknown()
        return _fault(404, "NOT_FOUND", "존재하지 않는 정보 입니다.")

    def _create(self, body: Mapping[str, Any]) -> Answer:
        order = str(body["orderId"])
        if order in self.desk.by_order:
            return _fault(400, "DUPLICATED_ORDER_ID", "이미 승인 및 취소가 진행된 중복된 주문번호 입니다.")
        if not 6 <= len(order) <= 64:
            return _fault(400, "INVALID_ORDER_ID", "`orderId`는 영문 대소문자, 숫자, 특수문자(-, _) 만 허용합니다.")
        key = "tviva" + self.desk.key(order)
        made = Account(
            key=key, order=order, user="", title=str(body["orderName"]), amount=int(body["amount"]),
            tax_free=int(body.get("taxFreeAmount", 0)), back=str(body["successUrl"]), gone=str(body["failUrl"]),
            made_at=self.desk.now(),
        )  # fmt: skip
        return 200, self.payment(self.desk.add(made))

    def _confirm(self, body: Mapping[str, Any]) -> Answer:
        account = self.desk.by_key.get(str(body["paymentKey"]))
        if account is None or account.order != body["orderId"]:
            return _unknown()
        if account.state == "paid":
            return _fault(400, "ALREADY_PROCESSED_PAYMENT", "이미 처리된 결제 입니다.")
        if account.state != "agreed":
            return _fault(
                404, "NOT_FOUND_PAYMENT_SESSION", "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다."
            )
        if int(body["amount"]) != account.amount:
            return _fault(403, "FORBIDDEN_REQUEST", "허용되지 않은 요청입니다.")
        if account.failure is not None:
            account.state = "refused"
            return _fault(403, *account.failure)
        self.desk.charge(account)
        return 200, self.payment(account)

    def _cancel(self, key: str, body: Mapping[str, Any]) -> Answer:
        account = self.desk.by_key.get(key)
        if account is None:
            return _unknown()
        if account.state != "paid":
            return _fault(403, "NOT_CANCELABLE_PAYMENT", "취소 할 수 없는 결제 입니다.")
        amount = int(body.get("cancelAmount") or account.left)
        if account.left == 0:
            return _fault(400, "ALREADY_CANCELED_PAYMENT", "이미 취소된 결제 입니다.")
        if amount > account.left:
            return _fault(403, "NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.")
        self.desk.give_back(account, amount, int(body.get("taxFreeAmount", 0)), str(body["cancelReason"]))
        return 200, self.payment(account)

    def _settlements(self, asked: Mapping[str, str]) -> Answer:
        """정산 조회: what was paid out (or sold) from one day to another. 3 % with VAT, paid out two days after."""
        try:
            first, last = date.fromisoformat(asked["startDate"]), date.fromisoformat(asked["endDate"])
        except (KeyError, ValueError):
            return _fault(400, "INVALID_DATE", "날짜 데이터가 잘못 되었습니다.")
        kind, page, size = asked.get("dateType", "soldDate"), int(asked.get("page", 1)), int(asked.get("size", 100))
        if not (1 <= size <= 5_000 and page >= 1):
            return _fault(400, "INVALID_REQUEST", "잘못된 요청입니다.")
        found = [line for account in self.desk.by_key.values() for line in self._settled(account)]
        mine = [line for line in found if str(first) <= str(line[kind]) <= str(last)]
        return 200, mine[(page - 1) * size : page * size]

    def _settled(self, account: Account) -> list[dict[str, object]]:
        if account.state != "paid" or account.paid_at is None:
            return []
        moved: list[tuple[str, int, str, dict[str, object] | None]] = [
            (account.key[-20:], account.amount, account.paid_at, None)
        ]
        moved += [(cancel.key, -cancel.amount, cancel.at, {"transactionKey": cancel.key}) for cancel in account.cancels]
        return [self._line(account, *one) for one in moved]

    def _line(
        self, account: Account, transaction: str, krw: int, at: str, cancel: Mapping[str, object] | None
    ) -> dict[str, object]:
        """One Settlement object."""
        fee = abs(krw) * 3 // 100 * (1 if krw > 0 else -1)
        sold = date.fromisoformat(at[:10])
        return {
            "mId": "tvivarepublica", "paymentKey": account.key, "transactionKey": transaction, "orderId": account.order,
            "currency": "KRW", "method": "간편결제", "amount": krw, "interestFee": 0,
            "fees": [{"type": "BASE", "fee": fee}], "supplyAmount": fee - fee // 11, "vat": fee // 11,
            "payOutAmount": krw - fee, "approvedAt": at, "soldDate": str(sold),
            "paidOutDate": str(sold + PAID_OUT_AFTER), "cancel": cancel,
        }  # fmt: skip

    def payment(self, account: Account) -> dict[str, object]:
        """The Payment object."""
        left = account.left if account.state == "paid" else account.amount
        status = _STATES.get(account.state, "DONE")
        if account.cancels:
            status = "PARTIAL_CANCELED" if account.left else "CANCELED"
        taxed = account.amount - account.tax_free
        vat = round(taxed / 11)
        return {
            "mId": "tvivarepublica", "version": "2022-11-16", "paymentKey": account.key, "type": "NORMAL",
            "orderId": account.order, "orderName": account.title, "currency": "KRW", "method": "간편결제",
            "status": status, "requestedAt": account.made_at, "approvedAt": account.paid_at,
            "totalAmount": account.amount,
            "balanceAmount": left, "suppliedAmount": taxed - vat, "vat": vat, "taxFreeAmount": account.tax_free,
            "easyPay": {"provider": "토스페이", "amount": account.amount, "discountAmount": 0},
            "checkout": {"url": f"{self._page}/{account.key}"}, "secret": "ps_" + account.key[:20], "country": "KR",
            "failure": None if account.failure is None or account.state != "refused" else
            {"code": account.failure[0], "message": account.failure[1]},
            "cancels": [
                {
                    "transactionKey": cancel.key, "cancelAmount": cancel.amount, "cancelReason": cancel.note,
                    "taxFreeAmount": cancel.tax_free, "canceledAt": cancel.at, "cancelStatus": "DONE",
                }
                for cancel in account.cancels
            ] or None,
        }  # fmt: skip


def _fault(status: int, code: str, message: str) -> Answer:
    return status, {"code": code, "message": message}


def _unknown() -> Answer:
    return _fault(404, "NOT_FOUND_PAYMENT", "존재하지 않는 결제 입니다.")
