"""The self-check of payments sees a won that is on no card, that no return owes, that no gateway took."""

from __future__ import annotations

from tests.databases import BOTH, SQLITE
from tests.payments.counter import Counter, number
from tests.payments.test_gift_cards import buy

from madang import ledger, payments
from madang.ledger import AccountKey, Transfer
from madang.payments import checking, gift_cards

pytestmark = SQLITE

STRAY = (
    ("tender", "gift_card", "gift card"),
    ("funding", "returning", "returning"),
    ("tender", "gateway", "gateway charged"),
    ("returning", "gateway", "gateway gave back"),
    ("gateway_bank", "gateway", "gateway settled"),
)


def test_a_stray_won_is_seen_wherever_it_lies(counter: Counter) -> None:
    assert counter.read(checking.differences) == []
    now, n = counter.clock.now_us(), 50
    for giver, taker, said in STRAY:
        filled = [] if giver in ("funding", "gateway_bank") else [(("funding", "x"), (giver, str(number(7))))]
        to = (taker, "toss/2026-09-21" if taker == "gateway" else str(number(8)))
        stray = [
            Transfer(id=number(n := n + 1), debit=_key(*one), credit=_key(*other), amount=1, at_us=now)
            for one, other in [*filled, ((giver, str(number(7))), to)]
        ]
        before = counter.read(checking.differences)
        counter.write(lambda tx, stray=stray: ledger.post(tx, stray))  # type: ignore[misc]
        new = [one for one in counter.read(checking.differences) if one not in before]
        assert any(one.startswith(said) for one in new), (said, new)


def _key(code: str, owner: str) -> AccountKey:
    return AccountKey("money", code, owner, "KRW")


@BOTH
def test_a_card_whose_rest_was_paid_out_is_no_difference(counter: Counter) -> None:
    card, code = buy(counter, 10_000)
    now = counter.clock.now_us()
    counter.write(lambda tx: gift_cards.show(tx, counter.by, code, at_us=now))
    counter.capture(counter.begin([payments.Part("gift_card", 9_000, str(card.id))], payer=counter.by.key))
    counter.write(lambda tx: gift_cards.rest_to_wallet(tx, counter.by, card.id, at_us=now))
    counter.books_ok()
