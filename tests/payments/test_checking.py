"""The self-check of payments sees a won that is on no card, that no return owes, that no gateway took."""

from __future__ import annotations

import pytest
from tests.payments.counter import Counter, number
from tests.payments.test_gift_cards import buy
from tests.payments.till import Till

from madang import ledger, payments
from madang.ledger import AccountKey, Transfer
from madang.payments import checking, gift_cards

STRAY = (
    ("tender", "gift_card", "gift card"),
    ("funding", "returning", "returning"),
    ("tender", "gateway", "gateway charged"),
    ("returning", "gateway", "gateway gave back"),
    ("gateway_bank", "gateway", "gateway settled"),
)


@pytest.mark.parametrize(("giver", "taker", "said"), STRAY)
def test_a_stray_won_is_seen(till: Till, giver: str, taker: str, said: str) -> None:
    paying = till.ask(10_000)
    till.pay(paying)
    till.capture(till.get(paying))
    assert till.read(checking.differences) == []
    now = till.clock.now_us()
    filled = [] if giver in ("funding", "gateway_bank") else [(("funding", "x"), (giver, str(number(7))))]
    moves = [*filled, ((giver, str(number(7))), (taker, "toss/2026-09-21" if taker == "gateway" else str(number(8))))]
    stray = [
        Transfer(id=number(50 + n), debit=_key(*one), credit=_key(*other), amount=1, at_us=now)
        for n, (one, other) in enumerate(moves)
    ]
    till.write(lambda tx: ledger.post(tx, stray))
    found = till.read(checking.differences)
    assert any(one.startswith(said) for one in found), found


def _key(code: str, owner: str) -> AccountKey:
    return AccountKey("money", code, owner, "KRW")


def test_a_card_whose_rest_was_paid_out_is_no_difference(counter: Counter) -> None:
    card, code = buy(counter, 10_000)
    now = counter.clock.now_us()
    counter.write(lambda tx: gift_cards.show(tx, counter.by, code, at_us=now))
    counter.capture(counter.begin([payments.Part("gift_card", 9_000, str(card.id))], payer=counter.by.key))
    counter.write(lambda tx: gift_cards.rest_to_wallet(tx, counter.by, card.id, at_us=now))
    counter.books_ok()
