"""The file of a month's cash receipts (현금영수증) for the tax office: the one place that gives the numbers whole.

For operators of the neighbourhood who have just used a passkey; every time it is given is a fact. It is data: issue it
through 홈택스 or an approved provider (현금영수증사업자), and compare its columns with theirs the first time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from uuid import UUID

import msgspec

from madang import journal, settlement
from madang.db import Tx
from madang.kernel import Actor, Role, derived
from madang.members.proving import need_step_up
from madang.settlement import Document
from madang.storefront import cash_numbers, facts

HEADING = (
    "거래일자", "거래구분", "발급수단번호", "공급가액", "부가세", "봉사료", "거래금액", "승인구분", "가맹점사업자번호",
    "가맹점", "문서번호", "당초문서번호",
)  # fmt: skip


class CashFile(msgspec.Struct, frozen=True, kw_only=True):
    """``missing`` documents' numbers are not kept any more: their column is empty."""

    content: bytes
    documents: int
    missing: int


def in_month(tx: Tx, by: Actor, month: str) -> list[Document]:
    """A month's cash receipts, masked; for the neighbourhood's operator. Raises ``Invalid``."""
    _need_operator(by)
    return [one for one in settlement.documents_in(tx, by, month) if one.kind == "cash_receipt"]


def take(tx: Tx, by: Actor, month: str, *, at_us: int) -> CashFile:
    """The file, on record. Raises ``Forbidden``, ``StepUpNeeded``, ``Invalid`` ``settlement.bad_month``."""
    _need_operator(by)
    need_step_up(by, at_us)
    found = in_month(tx, by, month)
    reason = f"현금영수증 발급 파일 {month}"
    digits = cash_numbers.digits_for(tx, by, {one.id for one in found}, reason=reason, at_us=at_us)
    missing = sum(1 for one in found if one.id not in digits)
    said = facts.CashFileTaken(month=month, documents=len(found), missing=missing)
    journal.append(
        tx, by, said, id=derived("storefront.cash_file", month, by.key, at_us), at_us=at_us, subject=f"cash/{month}"
    )
    return CashFile(content=_csv(found, digits), documents=len(found), missing=missing)


def _csv(found: list[Document], digits: Mapping[UUID, str]) -> bytes:
    out = io.StringIO()
    write = csv.writer(out).writerow
    write(HEADING)
    for one in found:
        write([
            one.written_on.replace("-", ""), "지출증빙" if one.reason == "expense" else "소득공제",
            digits.get(one.id, ""), one.supply_krw, one.vat_krw, 0, one.supply_krw + one.vat_krw,
            "취소" if one.supply_krw + one.vat_krw < 0 else "승인", one.supplier_registration, one.supplier, one.id,
            one.amends or "",
        ])  # fmt: skip
    return ("\ufeff" + out.getvalue()).encode()


def _need_operator(by: Actor) -> None:
    """Documents of all sellers: nobody who acts for one shop."""
    by.need(Role.OPERATOR)
    if by.shops:
        by.need_shop("")
