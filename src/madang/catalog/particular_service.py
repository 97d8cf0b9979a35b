"""Set and read what labels, carriers and customs ask of SKUs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from madang import journal
from madang.catalog import facts, ownership, particular_records, records
from madang.catalog.particulars import Particulars, faults
from madang.db import Tx
from madang.kernel import Actor, Invalid, Role


def set_particulars(tx: Tx, by: Actor, new: Sequence[Particulars], *, id: UUID, at_us: int) -> None:
    """Set SKUs' particulars as given. Raises ``Invalid`` ``catalog.bad_particulars`` for the first that cannot be
    (``details.field``; ``sku`` where nobody knows it)."""
    by.need(Role.OPERATOR, Role.STAFF)
    ownership.need_own(tx, by, [one.sku for one in new])
    known = records.products_by_id(tx, by, [one.sku for one in new])
    for one in new:
        wrong = ["sku"] if one.sku not in known else faults(one)
        if wrong:
            raise _bad(one.sku, wrong[0])
    particular_records.put(tx, new, at_us)
    journal.append_many(tx, by, facts.arranged("particulars", [one.sku for one in new], id=id, at_us=at_us))


def particulars(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, Particulars]:
    """What is known of some SKUs; one of which nothing is known is not in the answer."""
    return particular_records.find(tx, by, skus)


def _bad(sku: str, field: str) -> Invalid:
    return Invalid(
        "catalog.bad_particulars",
        ko=f"'{sku}'의 {field} 값이 맞지 않습니다.",
        en=f"The field {field} of '{sku}' will not do.",
        next_ko="상품코드, 내용량, 포장 크기(mm), HS 코드(숫자 6·8·10자리)를 확인하세요.",
        next_en="Check the code, net content, packed size (mm) and the HS code (6, 8 or 10 digits).",
        sku=sku,
        field=field,
    )
