"""The banks' bulk transfer (대량이체) as files: what is uploaded there, and what comes back. Pure.

Banks number and order the columns of their own forms differently; these are the ones all of them ask for, under names
they use, in CP949 as their pages expect. Of a returned file only the headings count, whatever their order, and more
columns than these may be in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Protocol

import msgspec

from madang.catalog import workbooks
from madang.kernel import Malformed

ROWS_MAX = 5_000
NAMES = {
    "bank": ("입금은행코드", "은행코드", "입금은행", "은행"),
    "account": ("입금계좌번호", "계좌번호", "입금계좌"),
    "amount": ("이체금액", "금액", "입금금액", "이체 금액"),
    "mark": ("입금통장표시내용", "받는분통장표시", "입금통장표시", "받는분 통장표시", "통장표시내용"),
    "result": ("처리결과", "결과", "이체결과", "처리상태", "상태"),
    "why": ("오류사유", "오류내용", "실패사유", "오류메시지", "비고", "처리결과내용"),
    "reference": ("거래번호", "이체번호", "거래일련번호", "승인번호"),
}
"""Headings by which each column is known in what banks give back."""
GOOD = ("정상", "완료", "성공", "이체완료", "처리완료", "입금완료")
BAD = ("오류", "실패", "불능", "거절", "미처리", "취소", "이체불능", "처리불능")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer. ``bank`` has three digits; ``mark`` is what both passbooks show and the answer is known by."""

    bank: str
    account: str
    holder: str
    amount_krw: int
    mark: str


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the bank's answer; ``paid`` None: it does not say. ``row`` counts as the file's own."""

    row: int
    bank: str
    account: str
    amount_krw: int
    mark: str
    paid: bool | None
    why: str
    reference: str


class Layout(Protocol):
    """A bank's form: how its upload is written, and what it gives back is read."""

    name: str

    def write(self, lines: Iterable[Line]) -> bytes: ...
    def read(self, data: bytes) -> list[Returned]: ...


class BulkTransfer:
    """대량이체, as CSV; the answer as CSV or Excel."""

    name = "bulk"
    HEADING = ("입금은행코드", "입금계좌번호", "이체금액", "예금주", "입금통장표시내용", "출금통장표시내용")

    def write(self, lines: Iterable[Line]) -> bytes:
        """Account numbers stay texts for who opens it in a spreadsheet only if they do not save it: so upload it as
        it is."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.HEADING)
        for one in lines:
            holder = _plain(one.holder)
            writer.writerow([one.bank, one.account, one.amount_krw, holder, one.mark, one.mark])
        return out.getvalue().encode("cp949", "replace")

    def read(self, data: bytes) -> list[Returned]:
        """The lines of a bank's answer. Raises ``Malformed`` ``settlement.bad_result_file``."""
        rows = workbooks.table(data, ROWS_MAX + 20)
        if rows is None:
            raise bad_file()
        at, places = _heading(rows)
        found = []
        for number, row in enumerate(rows[at + 1 :], at + 2):
            said = {name: row[i].strip() if i < len(row) else "" for name, i in places.items()}
            if any(said.values()) and (said.get("mark") or said.get("account")):  # else a line of sums below
                found.append(_returned(number, said))
        return found


BULK: Layout = BulkTransfer()


def _heading(rows: list[list[str]]) -> tuple[int, dict[str, int]]:
    """The row of headings (banks put titles above it), and where each column is."""
    for at, row in enumerate(rows[:20]):
        plain = [cell.replace(" ", "").strip() for cell in row]
        places = {
            name: plain.index(known.replace(" ", ""))
            for name, names in NAMES.items()
            for known in names[::-1]
            if known.replace(" ", "") in plain
        }
        if {"amount", "result"} <= places.keys() and places.keys() & {"mark", "account"}:
            return at, places
    raise bad_file()


def _returned(row: int, said: dict[str, str]) -> Returned:
    digits = "".join(c for c in said.get("amount", "") if c.isdigit())
    word = said.get("result", "").replace(" ", "")
    paid = False if word.startswith(BAD) else True if word.startswith(GOOD) else None
    return Returned(
        row=row, bank="".join(c for c in said.get("bank", "") if c.isdigit()).zfill(3)[-3:],
        account="".join(c for c in said.get("account", "") if c.isdigit()), amount_krw=int(digits or 0),
        mark=said.get("mark", ""), paid=paid, why=said.get("why", "")[:100], reference=said.get("reference", "")[:100],
    )  # fmt: skip


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return name.lstrip("=+-@\t\r ")


def bad_file() -> Malformed:
    return Malformed(
        "settlement.bad_result_file",
        ko="은행 결과 파일을 읽을 수 없습니다: 이체금액, 처리결과와 통장표시나 계좌번호 열이 있어야 합니다.",
        en="The bank's result file cannot be read: it needs columns for amount, result, and passbook mark or account.",
        next_ko="은행에서 받은 CSV나 엑셀 파일을 고치지 말고 그대로 올리세요.",
        next_en="Give the CSV or Excel file as the bank made it.",
    )
