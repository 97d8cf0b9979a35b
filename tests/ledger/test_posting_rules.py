"""Properties of the rules alone, in memory."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.books_in_use import OUTSIDE, MemoryPlace, assert_conserved, codes, hold, move, settle, wallet

from madang import ledger
from madang.kernel import allocate
from madang.ledger.model import AMOUNT_MAX, TURNOVER_MAX, account_id

MINA, JUN = wallet("mina"), wallet("jun")


def after(*transfers: ledger.Transfer) -> dict[ledger.AccountKey, ledger.Balance]:
    place = MemoryPlace()
    assert codes(place.post_each(transfers)) == ["created"] * len(transfers)
    return place.balances()


# --- conservation -----------------------------------------------------------------------------------------------------


def a_day_of_a_street(rng: random.Random) -> list[list[ledger.Transfer]]:
    """Steps in all four books: goods come in, are held, sold or put back; seats, hours and money move with them."""
    steps: list[list[ledger.Transfer]] = []
    outside = {book: ledger.AccountKey(book, "t_outside", "world", unit) for book, unit in UNITS.items()}
    stores = {
        book: [
            ledger.AccountKey(book, "t_wallet" if book == "money" else "t_store", f"place-{i}", unit) for i in range(4)
        ]
        for book, unit in UNITS.items()
    }
    held: list[str] = []
    for n in range(400):
        book = rng.choice(list(UNITS))
        a, b = rng.sample(stores[book], 2)
        what = rng.random()
        if what < 0.25:
            steps.append([move(f"in {n}", outside[book], a, rng.randint(1, 50), at=n)])
        elif what < 0.5:
            steps.append([hold(f"hold {n}", a, b, rng.randint(1, 20), at=n, until=n + rng.randint(1, 60))])
            held.append(f"hold {n}")
        elif what < 0.75 and held:
            steps.append([settle(f"end {n}", rng.choice(["post", "void"]), rng.choice(held), at=n)])
        else:
            steps.append([move(f"move {n}", a, b, rng.randint(1, 30), at=n)])
    return steps


UNITS = {"money": "KRW", "goods": "A001:ea", "capacity": "seat", "hours": "min"}


@pytest.mark.parametrize("seed", range(5))
def test_nothing_appears_or_vanishes_in_any_book_at_any_step(seed: int) -> None:
    place, audit = MemoryPlace(), ledger.Audit()
    for step in a_day_of_a_street(random.Random(seed)):
        place.post_each(step)
        assert_conserved(place.balances())
        audit.learn(place.books.by_id.values())
        for entry in place.books.written[audit.seq :]:
            audit.add(entry)
        report = audit.report(place.books.by_id.values())
        assert report.ok, report.differences
    made = {entry.kind for entry in place.books.written}
    assert made == {"single", "pending", "post", "void", "expire"}


# --- what must not make a difference ----------------------------------------------------------------------------------


@given(st.integers(1, 10_000), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_parts_move_what_the_whole_moves(amount: int, weights: list[int]) -> None:
    parts = [part for part in allocate(amount, weights) if part]
    whole = after(move("in", OUTSIDE, MINA, amount), move("whole", MINA, JUN, amount))
    split = after(
        move("in", OUTSIDE, MINA, amount), *[move(f"part {i}", MINA, JUN, part) for i, part in enumerate(parts)]
    )
    assert split == whole


@given(st.permutations(range(6)))
def test_the_order_of_independent_transfers_makes_no_difference(order: list[int]) -> None:
    transfers = [move(f"t{i}", OUTSIDE, wallet(f"p{i % 3}"), 10 + i) for i in range(6)]
    assert after(*[transfers[i] for i in order]) == after(*transfers)


@given(st.lists(st.tuples(st.sampled_from([MINA, JUN]), st.integers(1, 100)), min_size=1, max_size=8))
def test_a_full_refund_returns_everything(purchases: list[tuple[ledger.AccountKey, int]]) -> None:
    opening = [move(f"in {key.owner}", OUTSIDE, key, 1_000) for key in (MINA, JUN)]
    shop = ledger.AccountKey("money", "t_wallet", "shop", "KRW")
    bought = [move(f"buy {i}", key, shop, amount) for i, (key, amount) in enumerate(purchases)]
    refunded = [move(f"refund {i}", shop, key, amount) for i, (key, amount) in enumerate(purchases)]
    balances = after(*opening, *bought, *refunded)
    assert balances.pop(shop) == (0, 0, 0)
    assert balances == after(*opening)


@given(st.integers(1, 100), st.integers(1, 100))
def test_two_phases_end_where_one_does(held: int, posted: int) -> None:
    posted = min(held, posted)
    opening = move("in", OUTSIDE, MINA, 1_000)
    two = after(opening, hold("hold", MINA, JUN, held), settle("post", "post", "hold", posted))
    assert two == after(opening, move("at once", MINA, JUN, posted))


def test_a_void_leaves_no_trace_in_the_balances() -> None:
    balances = after(move("in", OUTSIDE, MINA, 10), hold("hold", MINA, JUN, 7), settle("void", "void", "hold"))
    assert balances == {OUTSIDE: (-10, 0, 0), MINA: (10, 0, 0), JUN: (0, 0, 0)}


# --- limits and errors ------------------------------------------------------------------------------------------------


def test_a_fund_takes_back_no_more_than_it_gave() -> None:
    fund = ledger.AccountKey("money", "t_fund", "town", "KRW")
    place = MemoryPlace()
    results = place.post_each(
        [
            move("spend", fund, MINA, 100),
            hold("return 1", MINA, fund, 60),
            move("return 2", MINA, OUTSIDE, 40),
            move("gift", OUTSIDE, fund, 41),
        ]
    )
    assert codes(results) == ["created", "created", "created", "ledger.exceeds_debits"]


def test_account_keys_are_checked_when_an_account_would_open() -> None:
    place = MemoryPlace()
    bad = [wallet(""), wallet("a\x1fb"), wallet("x" * 201), wallet("ok", unit=" \n")]
    results = place.post_each([move(f"bad {i}", OUTSIDE._replace(unit=key.unit), key, 1) for i, key in enumerate(bad)])
    assert set(codes(results[:3])) == {"ledger.account_key_malformed"}
    assert codes(results[3:]) == ["ledger.account_key_malformed"]
    unknown = OUTSIDE._replace(code="nobody_declared_this")
    assert codes(place.post_each([move("unknown", unknown, MINA, 1)])) == ["ledger.code_unknown"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"at_us": 0}, "time_out_of_range"),
        ({"at_us": 1.5}, "time_out_of_range"),
        ({"cause": "x" * 201}, "cause_too_long"),
        ({"amount": True}, "amount_must_be_positive"),
        ({"amount": 2.0}, "amount_must_be_positive"),
        ({"amount": AMOUNT_MAX + 1}, "amount_too_large"),
        ({"kind": "pending", "expires_at_us": -1}, "time_out_of_range"),
    ],
)
def test_numbers_and_texts_have_bounds(change: dict[str, Any], code: str) -> None:
    fields: dict[str, Any] = {"id": move("x", OUTSIDE, MINA, 1).id, "debit": OUTSIDE, "credit": MINA, "amount": 1}
    transfer = ledger.Transfer(**(fields | {"at_us": 1} | change))
    assert codes(MemoryPlace().post_each([transfer])) == [f"ledger.{code}"]


def test_an_accounts_total_stays_within_a_column() -> None:
    place = MemoryPlace()
    place.post_each([move("first", OUTSIDE, MINA, AMOUNT_MAX)])
    account = place.books.accounts[OUTSIDE]
    account.debits_posted = TURNOVER_MAX - 1
    results = place.post_each([move("fits", OUTSIDE, MINA, 1), move("too much", OUTSIDE, MINA, 1)])
    assert codes(results) == ["created", "ledger.turnover_too_large"]


def test_an_account_id_never_changes() -> None:
    assert account_id(ledger.AccountKey("money", "wallet", "p1", "KRW")) == 3009967962408858730
    assert account_id(ledger.AccountKey("a", "bc", "d", "e")) != account_id(ledger.AccountKey("ab", "c", "d", "e"))


def test_a_code_declared_twice_must_be_the_same() -> None:
    ledger.declare_code("t_wallet", "money", "debits_within_credits")
    with pytest.raises(ValueError, match="t_wallet"):
        ledger.declare_code("t_wallet", "money", "none")
