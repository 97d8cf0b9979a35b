"""Gift cards: bought, shown, spent, given back to, and ended as the standard terms want."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from tests.payments.counter import Counter, number, person, sales

from madang import payments
from madang.kernel import Conflict, Forbidden, NotFound, Role
from madang.kernel.clock import DAY_US
from madang.payments import Part, gift_cards, gift_terms
from madang.payments.gift_cards import Card


def buy(counter: Counter, krw: int = 50_000, n: int = 1) -> tuple[Card, str]:
    counter.top_up(krw)
    id, code, now = number(100 + n), gift_cards.new_code(random.Random(n)), counter.clock.now_us()
    paid = counter.capture(counter.begin({"wallet": krw}, cause=f"giftcard/{id}"), *gift_cards.legs(id, krw))
    for _ in range(2):  # done twice, there is one
        card = counter.write(lambda tx: gift_cards.issue(tx, counter.by, paid, code, id=id, at_us=now))
    return card, code


def show(counter: Counter, code: str) -> Card:
    return counter.write(lambda tx: gift_cards.show(tx, counter.by, code, at_us=counter.clock.now_us()))


def left(counter: Counter, card: UUID) -> int:
    return counter.posted(gift_cards.account(card))


def test_a_card_is_bought_shown_spent_in_parts_and_refunded_to(counter: Counter) -> None:
    card, code = buy(counter)
    counter.by = person("p2")
    assert show(counter, code.lower().replace("-", " ")).id == card.id
    show(counter, code)
    assert counter.read(lambda tx: gift_cards.mine(tx, counter.by)) == [(card, 50_000)]
    paying = counter.begin([Part("gift_card", 20_000, str(card.id))], payer="p2")
    paid = counter.capture(paying)
    assert left(counter, card.id) == 30_000
    counter.by = person("clerk", Role.STAFF)
    counter.refund(paid, 5_000)
    assert left(counter, card.id) == 35_000
    counter.by = person("p2")
    with pytest.raises(Conflict, match=r"payments\.not_enough"):
        counter.begin([Part("gift_card", 35_001, str(card.id))], payer="p2")
    counter.books_ok()


def test_the_code_is_nowhere_in_the_database(counter: Counter) -> None:
    import sqlalchemy as sa

    card, code = buy(counter)
    rows = counter.read(lambda tx: tx.rows(sa.select(gift_cards.cards)))
    assert code not in str(rows)
    assert gift_cards.plain(code) not in str(rows)
    assert card.tail == code[-4:]


def test_who_has_not_shown_the_code_cannot_spend(counter: Counter) -> None:
    card, _ = buy(counter)
    counter.by = person("thief")
    for ref, fault in ((str(card.id), Forbidden), (str(number(9)), NotFound), ("no id", NotFound)):
        with pytest.raises(fault):
            counter.begin([Part("gift_card", 1_000, ref)], payer="thief")
    with pytest.raises(NotFound):
        show(counter, "0000-0000-0000-0000")


def test_an_unused_card_is_given_back_within_seven_days_and_not_after(counter: Counter) -> None:
    card, _ = buy(counter)
    late, _ = buy(counter, n=2)
    now = counter.clock.now_us()
    assert counter.write(lambda tx: gift_cards.take_back(tx, counter.by, card.id, at_us=now)) == 50_000
    assert counter.wallet().posted == 50_000
    with pytest.raises(Conflict, match="gift_card_not_refundable"):
        counter.write(lambda tx: gift_cards.take_back(tx, counter.by, late.id, at_us=now + 7 * DAY_US))
    counter.books_ok()


def test_the_rest_comes_into_the_wallet_once_60_percent_are_used(counter: Counter) -> None:
    card, code = buy(counter)
    show(counter, code)
    counter.by = person("p1")
    show(counter, code)
    now = counter.clock.now_us()
    counter.capture(counter.begin([Part("gift_card", 29_999, str(card.id))]), (sales("s1"), 29_999))
    with pytest.raises(Conflict, match="gift_card_not_refundable"):
        counter.write(lambda tx: gift_cards.rest_to_wallet(tx, counter.by, card.id, at_us=now))
    counter.capture(counter.begin([Part("gift_card", 1, str(card.id))]), (sales("s1"), 1))
    assert counter.write(lambda tx: gift_cards.rest_to_wallet(tx, counter.by, card.id, at_us=now)) == 20_000
    assert counter.write(lambda tx: gift_cards.rest_to_wallet(tx, counter.by, card.id, at_us=now)) == 0
    assert counter.wallet().posted == 20_000
    counter.books_ok()


def test_an_expired_card_is_not_spent_but_paid_back_by_the_terms(counter: Counter) -> None:
    card, code = buy(counter, 100_000)
    counter.by = person("p1")
    show(counter, code)
    counter.clock.set(card.expires_at_us)
    now = counter.clock.now_us()
    with pytest.raises(Conflict, match="gift_card_expired"):
        counter.begin([Part("gift_card", 1_000, str(card.id))])
    assert counter.write(lambda tx: gift_cards.rest_in_cash(tx, counter.by, card.id, at_us=now)) == 95_000
    assert left(counter, card.id) == 0
    counter.books_ok()


def test_what_nobody_claims_for_five_years_becomes_income(counter: Counter) -> None:
    card, _ = buy(counter, 30_000)
    counter.clock.set(card.expires_at_us + 1)
    now = counter.clock.now_us()
    assert counter.write(lambda tx: gift_cards.lapse(tx, counter.by, at_us=now)) == 1
    assert counter.write(lambda tx: gift_cards.lapse(tx, counter.by, at_us=now)) == 0
    breakage = payments.sales("s1", now)._replace(code="gift_breakage")
    assert counter.posted(breakage) == 30_000
    counter.books_ok()


def test_the_terms_in_numbers() -> None:
    assert [gift_terms.enough_used(10_000, left) for left in (2_001, 2_000)] == [False, True]
    assert [gift_terms.enough_used(10_001, left) for left in (4_001, 4_000)] == [False, True]
    now = 1_790_000_000_000_000  # 2026
    assert [gift_terms.expired_cash_krw(face, 1_001, now) for face in (50_000, 50_001)] == [901, 951]
    assert gift_terms.expired_cash_krw(100_000, 1_000, 1_600_000_000_000_000) == 900  # 2020
