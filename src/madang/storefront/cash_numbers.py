"""Numbers that cash receipts (현금영수증) are issued to: sealed in the members' vault, no longer than they are needed.

A document shows its number masked. The file that goes to the tax office (``cash_files``) needs it whole: so which
number each document was for is remembered, and the number stays for ``KEEP_D`` days after the last one of them, whoever
forgets their account in between included. Then it is destroyed, but for one that a person wants used always.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import jobs, members
from madang.db import Tx, table
from madang.kernel import Actor, Invalid, NotFound, business_date, derived, start_of_day_us, system
from madang.kernel.clock import DAY_US
from madang.members import keeping
from madang.members.declared import declare_field
from madang.members.keeping import Keeping, declare_keeping
from madang.settlement import registration
from madang.storefront.addresses import sealed_list

FIELD = "cash_receipt_numbers"
KEPT_MAX = 5
KEEP_D = 127
"""Goods can come back for three months (전자상거래법 §17(3)), and what comes back is a document with the same number; a
month more to send it. Our choice: the law names no time for the number itself."""
OVER = "storefront.cash_number_over"
LAW = "cash_receipt"
declare_field(
    FIELD,
    purpose_ko="현금영수증을 발급하기",
    purpose_en="Issuing cash receipts to the tax office",
    basis="law",
    keep_d=KEEP_D,
    until_ko=f"마지막 발급 뒤 {KEEP_D}일. 늘 쓰기로 한 번호는 그만둘 때까지",
    until_en=f"{KEEP_D} days after the last receipt; one that is used always until it is not",
)

documents = table(
    "storefront_cash_document",
    sa.Column("document", sa.Uuid, nullable=False),
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Index("storefront_cash_document_person", "neighbourhood", "person", "made_us"),
    key=["document"],
)
_ADD = sa.insert(documents)


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A number as the vault keeps it, with the key wishes name it by."""

    key: str
    digits: str
    business: bool


def tidy(number: str, *, business: bool) -> str:
    """The digits of a number that will do. Raises ``Invalid``."""
    digits = "".join(c for c in number if c.isdigit() and c.isascii())
    mobile = digits.startswith("01") and len(digits) in (10, 11)
    card = 13 < len(digits) <= 19  # 현금영수증 카드; 13 digits are a resident's number, which we must not take
    if not (registration.valid(digits) if business else mobile or card):
        raise Invalid(
            "storefront.bad_cash_number",
            ko="현금영수증 번호를 다시 확인해 주세요.",
            en="Please look at the number for the cash receipt again.",
            next_ko="소득공제는 휴대전화나 현금영수증 카드 번호를, 지출증빙은 사업자등록번호 열 자리를 적으세요.",
            next_en="For a deduction give a mobile or cash receipt card number, for an expense the ten-digit "
            "registration number.",
        )
    return digits


def numbers_of(tx: Tx, by: Actor, person: UUID) -> list[Number]:
    """A person's numbers, the newest first; for themselves, and for who sends documents to the tax office."""
    return sealed_list(tx, by, person, FIELD, Number) or []


def keep(tx: Tx, by: Actor, person: UUID, digits: str, business: bool, at_us: int) -> Number:
    """Keep a number among the person's. Of more than five the oldest goes that no document needs any more and that is
    not used always."""
    known = numbers_of(tx, by, person)
    for one in known:
        if (one.digits, one.business) == (digits, business):
            return one
    taken, n = {one.key for one in known}, 0
    while (key := derived("storefront.cash_number", person, at_us, n).hex[:16]) in taken:  # two at one moment
        n += 1
    kept = Number(key=key, digits=digits, business=business)
    needed = _needed(tx, person, at_us) | _always(tx, person)
    some = [one for n, one in enumerate([kept, *known]) if n < KEPT_MAX or one.key in needed]
    _set(tx, by, person, some, at_us)
    return kept


def used(tx: Tx, person: UUID, document: UUID, number: str, *, at_us: int) -> None:
    """A document was made for a number, or (by the sale's id) asked for that is still to be made: from now on the
    number is kept so long, then looked at again."""
    row = {"document": document, "person": person, "number": number, "made_us": at_us}
    tx.many(_ADD, [{"neighbourhood": tx.neighbourhood, **row}])
    over = start_of_day_us(business_date(at_us + (KEEP_D + 1) * DAY_US))
    payload = {"person": str(person)}
    jobs.set_timer(tx, id=derived(OVER, person, over), due_us=over, kind=OVER, payload=payload)


def digits_for(tx: Tx, by: Actor, wanted: set[UUID], *, reason: str, at_us: int) -> dict[UUID, str]:
    """The whole number of each document, where it is still kept; of somebody who was forgotten out of what the law
    keeps of them, which puts ``reason`` on record."""
    d, found, ids = documents.c, dict[UUID, str](), sorted(wanted)
    mine = sa.select(d.document, d.person, d.number).where(d.neighbourhood == tx.neighbourhood)
    by_person: dict[UUID, list[tuple[UUID, str]]] = {}
    for some_ids in (ids[at : at + 500] for at in range(0, len(ids), 500)):
        for document, person, number in tx.rows(mine.where(d.document.in_(some_ids))):
            by_person.setdefault(person, []).append((document, number))
    for person, some in sorted(by_person.items()):
        numbers = {one.key: one.digits for one in _whole(tx, by, person, reason, at_us)}
        found |= {document: numbers[number] for document, number in some if number in numbers}
    return found


@jobs.handler(OVER)
def over(tx: Tx, job: jobs.Job) -> None:
    """Destroy the numbers of a person that no document needs any more."""
    ours, person = system(tx.neighbourhood, "storefront/cash"), UUID(job.payload["person"])
    try:
        known = numbers_of(tx, ours, person)
    except NotFound:
        return
    needed = _needed(tx, person, job.now_us) | _always(tx, person)
    left = [one for one in known if one.key in needed]
    if left != known:
        _set(tx, ours, person, left, job.now_us)


def last_us(tx: Tx, person: UUID) -> int | None:
    """When the last document for a number of a person was made."""
    d = documents.c
    rows = tx.rows(sa.select(sa.func.max(d.made_us)).where(d.neighbourhood == tx.neighbourhood, d.person == person))
    return None if rows[0][0] is None else int(rows[0][0])


declare_keeping(
    Keeping(
        name=LAW, law_ko="소득세법 제162조의3 (현금영수증 발급)", law_en="Income Tax Act, art. 162-3 (cash receipts)",
        keep_us=KEEP_D * DAY_US, fields=(FIELD,), last=last_us,
    )
)  # fmt: skip


def _whole(tx: Tx, by: Actor, person: UUID, reason: str, at_us: int) -> list[Number]:
    found = numbers_of(tx, by, person)
    if found or all(one.law != LAW for one in keeping.kept_of(tx, person)):
        return found
    kept = keeping.look(tx, by, person, LAW, reason=reason, at_us=at_us).get(FIELD, "[]")
    return msgspec.json.decode(kept, type=list[Number])


def _needed(tx: Tx, person: UUID, at_us: int) -> set[str]:
    d = documents.c
    mine = d.neighbourhood == tx.neighbourhood, d.person == person, d.made_us > at_us - KEEP_D * DAY_US
    return {str(number) for (number,) in tx.rows(sa.select(d.number).where(*mine).distinct())}


def _always(tx: Tx, person: UUID) -> set[str]:
    from madang.storefront.cash_receipts import wish_of

    wish = wish_of(tx, person)
    return set() if wish is None else {wish.number}


def _set(tx: Tx, by: Actor, person: UUID, some: list[Number], at_us: int) -> None:
    members.set_fields(tx, by, person, {FIELD: msgspec.json.encode(some).decode()}, at_us=at_us)
