"""Gateways' settlement files, read into one shape: what was settled of which payment, the fee, when it is paid out.

Toss Payments: the array of ``GET /v1/settlements`` as JSON, or the same fields as CSV. Kakao Pay: the partner site's
CSV (Korean headings) or JSON with ``tid``. Pure: no database.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from madang.kernel import Malformed

ROWS_MAX = 100_000
NAMES = {
    "key": ("paymentKey", "tid", "TID", "결제고유번호", "결제 고유번호"),
    "order": ("orderId", "partner_order_id", "가맹점 주문번호", "주문번호"),
    "transaction": ("transactionKey", "aid", "AID", "요청고유번호", "거래번호"),
    "amount": ("amount", "거래금액", "결제금액", "금액"),
    "fee": ("fee", "수수료", "수수료(VAT포함)", "수수료합계"),
    "interest": ("interestFee", "무이자수수료"),
    "payout": ("payOutAmount", "정산금액", "지급금액", "입금예정금액"),
    "sold": ("soldDate", "approvedAt", "거래일", "거래일자", "승인일자"),
    "paid_out": ("paidOutDate", "지급일", "정산일", "지급일자"),
    "what": ("cancel", "거래구분", "구분", "payment_action_type"),
}
"""Headings by which each field is known, in the files of both."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """One line: a sale (positive) or money given back (negative), in won. ``fee_krw`` with its VAT is taken off
    ``amount_krw`` to give ``payout_krw``; ``line`` counts from 1."""

    line: int
    key: str
    order: str
    transaction: str
    amount_krw: int
    fee_krw: int
    payout_krw: int
    sold: date
    paid_out: date | None

    @property
    def mark(self) -> tuple[str, str, int]:
        """What makes it one line and no other, in whichever file."""
        return self.key, self.transaction, self.amount_krw


def read(content: bytes) -> list[Settled]:
    """The lines of a file, JSON or CSV (UTF-8, or CP949 as Korean spreadsheets write it). Raises ``Malformed`` that
    names the line."""
    text = _text(content)
    try:
        rows = _json(text) if text.lstrip()[:1] in ("[", "{") else list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise _unreadable(0, "CSV") from error
    if not rows or len(rows) > ROWS_MAX:
        raise _unreadable(0, "no lines" if not rows else "too many lines")
    return lines(rows)


def lines(rows: Sequence[Mapping[str, Any]]) -> list[Settled]:
    """The lines a company answered with. Raises ``Malformed`` that names the line."""
    return [_row(number, row) for number, row in enumerate(rows, 1)]


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable(0, "encoding")


def _json(text: str) -> list[Mapping[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _unreadable(0, "JSON") from error
    rows = found if isinstance(found, list) else found.get("settlements") or found.get("data") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unreadable(0, "JSON")
    return rows


def _row(number: int, row: Mapping[str, Any]) -> Settled:
    try:
        amount = _won(_field(row, "amount"))
        back = _is_back(_field(row, "what")) or amount < 0
        amount = -abs(amount) if back else amount
        fee = _won(_field(row, "fee")) + _won(_field(row, "interest"))
        if not _field(row, "fee") and isinstance(row.get("fees"), list):
            fee = sum(_won(one.get("fee")) for one in row["fees"])
        fee = -abs(fee) if back else fee
        payout = _field(row, "payout")
        paid = amount - fee if payout in (None, "") else _won(payout)
        return Settled(
            line=number, key=str(_field(row, "key") or ""), order=str(_field(row, "order") or ""),
            transaction=_transaction(row), amount_krw=amount, fee_krw=fee, payout_krw=paid,
            sold=_day(_field(row, "sold")), paid_out=_day(_field(row, "paid_out")) if _field(row, "paid_out") else None,
        )  # fmt: skip
    except (ValueError, TypeError, AttributeError) as error:
        raise _unreadable(number, str(error)) from error


def _field(row: Mapping[str, Any], name: str) -> Any:
    return next((row[heading] for heading in NAMES[name] if heading in row), None)


def _transaction(row: Mapping[str, Any]) -> str:
    cancel = row.get("cancel")
    inside = cancel.get("transactionKey") if isinstance(cancel, dict) else None
    return str(inside or _field(row, "transaction") or "")


def _is_back(what: Any) -> bool:
    if isinstance(what, dict):
        return bool(what)
    return str(what or "").strip().upper() in ("취소", "부분취소", "환불", "CANCEL", "CANCELED", "PARTIAL_CANCELED")


def _won(value: Any) -> int:
    if value in (None, ""):
        return 0
    if isinstance(value, bool):
        raise ValueError(f"not an amount: {value!r}")
    text = str(value).replace(",", "").replace("원", "").strip()
    if float(text) != int(float(text)):
        raise ValueError(f"not whole won: {text}")
    return int(float(text))


def _day(value: Any) -> date:
    text = str(value).strip()
    if text.isdigit() and len(text) == 8:
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return datetime.fromisoformat(text.replace(".", "-").replace("/", "-")).date()


def _unreadable(line: int, why: str) -> Malformed:
    return Malformed(
        "payments.settlement_unreadable",
        ko=f"정산 파일을 읽을 수 없습니다{f' ({line}번째 줄)' if line else ''}.",
        en=f"The settlement file cannot be read{f' (line {line})' if line else ''}: {why}.",
        next_ko="결제사에서 받은 JSON이나 CSV 파일을 고치지 말고 그대로 올리세요.",
        next_en="Give the JSON or CSV file as the payment company made it.",
        line=line,
        why=why[:200],
    )
