"""Data of tax documents: 세금계산서 for fees, 수정세금계산서 for what of them went back, 현금영수증 for buyers.

Data only: they are sent through 홈택스 or an approved provider. A document is never changed; what changes later is a
document of its own that names the one it amends (부가가치세법 시행령 §70: 환입).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.kernel import Actor, Invalid, Role, business_date, derived
from madang.settlement import errors, facts, parties, records
from madang.settlement.model import PLATFORM, TaxStatus
from madang.settlement.registration import valid
from madang.settlement.statements import bounds

INVOICE, AMENDED, CASH = "tax_invoice", "amended_invoice", "cash_receipt"
Sums = dict[tuple[str, str], tuple[int, int]]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document's data. ``written_on`` is 작성일자; ``amends`` is the document a 수정세금계산서 corrects."""

    id: UUID
    kind: str
    period: str
    supplier: str
    recipient: str
    supplier_registration: str
    recipient_registration: str
    supply_krw: int
    vat_krw: int
    amends: UUID | None
    reason: str
    written_on: str
    made_us: int


def make_invoices(tx: Tx, by: Actor, month: str, *, registration: str, at_us: int) -> list[Document]:
    """The documents of our own fees of a month that is over: one 월합계세금계산서 a seller, and one that amends each
    earlier month of which fees went back. Made again they are the same. ``registration`` is our own number.

    A seller without a registration number gets no invoice (주민등록번호 발급분 is the operator's to make).
    """
    _operator(tx, by)
    from_us, to_us = bounds(month)
    if to_us > at_us:
        raise _not_over(month)
    if not valid(registration):
        raise errors.bad_registration()
    sold = _fees(tx, from_us, to_us)
    back = _returned(tx, from_us, to_us)
    made = []
    for seller in sorted({seller for seller, _ in sold} | {seller for seller, _ in back}):
        mine = {period: back[s, period] for s, period in back if s == seller}
        kept = mine.pop(month, (0, 0))
        fee, vat = sold.get((seller, month), (0, 0))
        made.append(_document(INVOICE, seller, month, month, fee - kept[0], vat - kept[1], registration, at_us, tx))
        for period, (supply, tax) in sorted(mine.items()):
            made.append(_document(AMENDED, seller, period, month, -supply, -tax, registration, at_us, tx))
    good = [one for one in made if one.recipient_registration and (one.supply_krw or one.vat_krw)]
    return [_keep(tx, by, one) for one in good]


def cash_receipt(
    tx: Tx,
    by: Actor,
    *,
    id: UUID,
    supplier: str,
    registration: str,
    recipient: str,
    business: bool,
    supply_krw: int,
    vat_krw: int,
    amends: UUID | None = None,
    at_us: int,
) -> Document:
    """현금영수증 data of what a buyer paid in cash or what is like it: for their income deduction (소득공제) or a
    business's proof of expense (지출증빙). ``recipient`` is the masked form of the number; what went back is a document
    with negative amounts that ``amends`` the first. The same ``id`` again gives what was kept."""
    _operator(tx, by)
    day = str(business_date(at_us))
    made = Document(
        id=id, kind=CASH, period=day[:7], supplier=supplier, recipient=recipient, supplier_registration=registration,
        recipient_registration="", supply_krw=supply_krw, vat_krw=vat_krw, amends=amends,
        reason="expense" if business else "deduction", written_on=day, made_us=at_us,
    )  # fmt: skip
    return _keep(tx, by, made)


def taxed(tx: Tx, seller: str, at_us: int) -> bool:
    """Whether a seller's receipt shows VAT of its own: not of a 간이과세자 or who is exempt; a shop that nobody has
    registered is taken for a general taxpayer."""
    return records.status_of(tx, seller, at_us) in (None, TaxStatus.GENERAL)


def registration_of(tx: Tx, seller: str) -> str:
    """A party's 사업자등록번호; empty for none, and for who is no party."""
    found = records.party(tx, seller)
    return "" if found is None else found.registration


def documents_of(tx: Tx, by: Actor, party: str) -> list[Document]:
    """Documents a party received, the newest first."""
    parties.party(tx, by, party)
    d = records.documents
    return [
        Document(**row) for row in records.find(tx, d, d.c.recipient == party, order=[d.c.made_us.desc()], limit=200)
    ]


def documents_in(tx: Tx, by: Actor, period: str) -> list[Document]:
    """All documents about a month, by kind and recipient; for the operator."""
    _operator(tx, by)
    bounds(period)
    d = records.documents
    found = records.find(tx, d, d.c.period == period, order=[d.c.kind, d.c.recipient, d.c.made_us])
    return [Document(**row) for row in found]


def as_csv(documents: Sequence[Document]) -> str:
    """Documents as a table, in the words of 홈택스's bulk issuing (일괄발급)."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    write(
        [
            "종류",
            "작성일자",
            "공급자등록번호",
            "공급받는자등록번호",
            "공급받는자",
            "공급가액",
            "세액",
            "귀속월",
            "당초문서",
            "사유",
        ]
    )
    for one in documents:
        write(
            [
                _KINDS[one.kind], one.written_on.replace("-", ""), one.supplier_registration,
                one.recipient_registration, one.recipient, one.supply_krw, one.vat_krw, one.period, one.amends or "",
                one.reason,
            ]
        )  # fmt: skip
    return out.getvalue()


_HEADING = (
    "종류", "작성일자", "공급자등록번호", "공급받는자등록번호", "공급받는자", "공급가액", "세액", "귀속월", "당초문서",
    "사유",
)  # fmt: skip
_KINDS = {INVOICE: "세금계산서", AMENDED: "수정세금계산서", CASH: "현금영수증"}


def _fees(tx: Tx, from_us: int, to_us: int) -> Sums:
    """By seller and month of sale, our fees and their VAT."""
    c = records.commissions
    rows = records.find(tx, c, c.c.receiver == PLATFORM, c.c.sold_us >= from_us, c.c.sold_us < to_us)
    sums: Sums = {}
    for row in rows:
        _add(sums, (row["seller"], str(business_date(row["sold_us"]))[:7]), row["amount_krw"], row["vat_krw"])
    return sums


def _returned(tx: Tx, from_us: int, to_us: int) -> Sums:
    """By seller and month of sale, what of our fees went back in this month."""
    r = records.returns
    ours = r.c.owner.like(f"{PLATFORM}/%")
    sums: Sums = {}
    for row in records.find(tx, r, ours, r.c.at_us >= from_us, r.c.at_us < to_us):
        seller, sold_us = _sold(tx, row)
        vat = row["code"] == "vat_payable"
        period = str(business_date(sold_us))[:7]
        _add(sums, (seller, period), 0 if vat else row["amount_krw"], row["amount_krw"] if vat else 0)
    return sums


def _sold(tx: Tx, row: Mapping[str, object]) -> tuple[str, int]:
    """Whose sale a returned leg is of, and when it was sold."""
    legs, c = records.legs, records.commissions
    leg = records.find(tx, legs, legs.c.sale == row["sale"], legs.c.number == row["number"])[0]
    fee = records.find(tx, c, c.c.sale == row["sale"], c.c.number == leg["line"], c.c.receiver == PLATFORM, limit=1)[0]
    return fee["seller"], fee["sold_us"]


def _add(sums: Sums, key: tuple[str, str], supply: int, vat: int) -> None:
    had = sums.get(key, (0, 0))
    sums[key] = (had[0] + supply, had[1] + vat)


def _document(
    kind: str, seller: str, period: str, made_in: str, supply: int, vat: int, registration: str, at_us: int, tx: Tx
) -> Document:
    party = records.party(tx, seller)
    last = business_date(bounds(made_in)[1]) - timedelta(days=1)
    invoice = derived("settlement.invoice", tx.neighbourhood, seller, period)
    amended = derived("settlement.amended", tx.neighbourhood, seller, period, made_in)
    return Document(
        id=invoice if kind == INVOICE else amended, kind=kind, period=period, supplier=PLATFORM, recipient=seller,
        supplier_registration=registration, recipient_registration=party.registration if party else "",
        supply_krw=supply, vat_krw=vat, amends=None if kind == INVOICE else invoice,
        reason="" if kind == INVOICE else "returned", written_on=str(last), made_us=at_us,
    )  # fmt: skip


def _keep(tx: Tx, by: Actor, one: Document) -> Document:
    known = records.find(tx, records.documents, records.documents.c.id == one.id)
    if known:
        return Document(**known[0])
    records.add(tx, records.documents, [msgspec.structs.asdict(one)])
    body = facts.DocumentMade(
        document=str(one.id), kind=one.kind, recipient="" if one.kind == CASH else one.recipient,
        supply_krw=one.supply_krw, vat_krw=one.vat_krw,
    )  # fmt: skip
    facts.tell(tx, by, body, about=f"party:{one.supplier}", at_us=one.made_us)
    return one


def _operator(tx: Tx, by: Actor) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)


def _not_over(month: str) -> Invalid:
    return Invalid(
        "settlement.month_not_over",
        ko=f"{month}은(는) 아직 끝나지 않았습니다.",
        en=f"{month} is not over yet.",
        next_ko="다음 달 1일부터 10일 사이에 만드세요.",
        next_en="Make it from the 1st to the 10th of the next month.",
    )
