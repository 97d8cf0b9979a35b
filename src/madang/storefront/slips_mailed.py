"""What somebody is told by mail of what their vouchers paid at counters, and of what a shop gave back of it."""

from __future__ import annotations

from uuid import UUID

from madang.db import Tx
from madang.journal.model import Fact
from madang.kernel import system
from madang.members import mailing
from madang.payments.facts import Captured, Refunded
from madang.storefront import showing
from madang.ui.formats import won
from madang.vouchers import records as vouchers
from madang.vouchers import slips


def _slip(tx: Tx, about: str, language: str) -> dict[str, object]:
    found = slips.slip(tx, system(tx.neighbourhood, "storefront/mailed"), UUID(about))
    ko, en = showing.shop_names(tx, found.shop)
    programme = vouchers.programme(tx, found.programme)
    korean = language == "ko"
    return {
        "shop": ko if korean else en,
        "voucher": "" if programme is None else programme.name_ko if korean else programme.name_en,
        "amount": won(found.amount_krw, language),
        "back": won(found.back_krw, language),
        "number": found.number,
        "path": slips.path(found.id),
    }


PAID = mailing.declare_letter("voucher_paid", _slip)
BACK = mailing.declare_letter("voucher_back", _slip)


def heard(tx: Tx, fact: Fact) -> None:
    """A voucher paid at a counter, or a shop gave some of it back: its payer is told."""
    assert isinstance(fact.body, Captured | Refunded)
    if not slips.is_one(fact.body.about):
        return
    found = slips.slip(tx, system(tx.neighbourhood, "storefront/mailed"), UUID(fact.body.payment))
    what = PAID if isinstance(fact.body, Captured) else BACK
    mailing.tell(tx, id=fact.id, person=UUID(found.payer), what=what, about=str(found.id), at_us=fact.at_us)
