"""The books through the service, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.ledger.books_in_use import (
    OUTSIDE,
    START_US,
    DatabasePlace,
    assert_conserved,
    codes,
    hold,
    move,
    settle,
    wallet,
)

from madang import ledger
from madang.db import Database
from madang.kernel import Conflict, Malformed, derived
from madang.ledger import model, posting, records, service

MINA, JUN = wallet("mina"), wallet("jun")
ledger.declare_code("t_once", "money", "debits_within_credits", once=True)


@pytest.fixture
def place(db: Database) -> DatabasePlace:
    return DatabasePlace(db)


def test_an_account_opens_with_its_first_transfer_and_holds_credits_less_debits(place: DatabasePlace) -> None:
    assert place.balance(MINA) == ledger.Balance()
    place.post(move("in", OUTSIDE, MINA, 1_000), move("over", MINA, JUN, 300))
    assert place.balance(MINA).posted == 700
    assert place.balance(OUTSIDE).posted == -1_000
    assert place.balances() == {OUTSIDE: (-1_000, 0, 0), JUN: (300, 0, 0), MINA: (700, 0, 0)}
    assert_conserved(place.balances())


def test_the_same_id_and_content_is_done_once(place: DatabasePlace) -> None:
    transfers = [move("in", OUTSIDE, MINA, 1_000), hold("hold", MINA, JUN, 300), settle("post", "post", "hold", 200)]
    first = place.post(*transfers)
    again = place.post(*transfers)
    assert codes(first) == ["created"] * 3
    assert codes(again) == ["exists"] * 3
    assert [result.entry for result in again] == [result.entry for result in first]
    assert place.balance(MINA) == (800, 0, 0)


def test_a_second_try_may_come_later(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 1_000, at=0))
    assert codes(place.post(move("in", OUTSIDE, MINA, 1_000, at=9_000_000))) == ["exists"]


def test_an_error_says_which_transfer_and_why_and_nothing_of_the_call_stays(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 1_000))
    too_much = move("too much", MINA, JUN, 900)
    with pytest.raises(ledger.LedgerConflict) as raised:
        place.post(move("fine", MINA, JUN, 200), too_much)
    error = raised.value
    assert error.code == "ledger.exceeds_credits"
    assert error.details["index"] == 1
    assert error.details["id"] == str(too_much.id)
    assert error.details["available"] == 800
    assert "2번째 이체" in error.text("ko")
    assert "has 800 and can't give 900" in error.text("en")
    assert place.balance(MINA).posted == 1_000
    assert isinstance(error, Conflict)


def test_an_error_of_an_undeclared_code_can_be_raised_too(place: DatabasePlace) -> None:
    with pytest.raises(ledger.LedgerInvalid, match="code_unknown") as raised:
        place.post(move("x", OUTSIDE, MINA._replace(code="nobody_declared_this"), 1))
    assert raised.value.details["account_code"] == "nobody_declared_this"


def test_what_is_pending_out_cannot_be_given_twice_and_what_is_pending_in_not_at_all(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 1_000), hold("hold", MINA, JUN, 700))
    assert place.balance(MINA).available == 300
    assert place.balance(JUN) == (0, 700, 0)
    results = place.post_each(
        [move("a", MINA, OUTSIDE, 301), move("b", JUN, OUTSIDE, 1), move("c", MINA, OUTSIDE, 300)]
    )
    assert codes(results) == ["ledger.exceeds_credits", "ledger.exceeds_credits", "created"]


def test_posting_a_part_lets_the_rest_go(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 1_000), hold("hold", MINA, JUN, 700))
    place.post(settle("post", "post", "hold", 500))
    assert place.balance(MINA) == (500, 0, 0)
    assert place.balance(JUN) == (500, 0, 0)
    assert codes(place.post_each([settle("void", "void", "hold")])) == ["ledger.pending_already_posted"]


def test_a_group_is_done_whole_or_not_at_all(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 1_000))
    group = derived("a group")
    results = place.post_each(
        [
            hold("held", MINA, JUN, 100),
            move("g1", MINA, JUN, 500, group=group),
            settle("g2", "post", "held", 60, group=group),
            move("g3", JUN, OUTSIDE, 601, group=group),
            move("alone", MINA, JUN, 5),
        ]
    )
    expected = ["created", "ledger.group_failed", "ledger.group_failed", "ledger.exceeds_credits", "created"]
    assert codes(results) == expected
    assert results[1].fault is not None
    assert results[1].fault.values["culprit"] == str(derived("g3"))
    assert place.balance(MINA) == (995, 0, 100)
    assert place.check().ok


def test_a_group_may_exchange_units(place: DatabasePlace) -> None:
    points = ledger.AccountKey("money", "t_outside", "points", "lot-7")
    exchange = derived("exchange")
    place.post(
        move("won", MINA._replace(code="t_outside"), JUN, 10, group=exchange),
        move("points", points, wallet("mina", "lot-7"), 1, group=exchange),
    )
    assert_conserved(place.balances())


def test_a_pending_transfer_lapses_when_anybody_posts_after_its_time(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 100), hold("hold", MINA, JUN, 100, until=50))
    assert codes(place.post_each([move("early", MINA, JUN, 100, at=49)])) == ["ledger.exceeds_credits"]
    assert codes(place.post_each([move("late", MINA, JUN, 100, at=50)])) == ["created"]
    assert codes(place.post_each([settle("post", "post", "hold", at=51)])) == ["ledger.pending_expired"]
    assert place.check().ok


def test_a_pending_transfer_that_has_lapsed_may_be_sent_again_beside_new_ones(place: DatabasePlace) -> None:
    first = hold("hold", MINA, JUN, 300, until=10)
    place.post(move("in", OUTSIDE, MINA, 1_000), first)
    place.post(hold("other", MINA, JUN, 400), move("later", MINA, JUN, 1, at=20))
    assert codes(place.post(first, move("new", MINA, JUN, 1, at=30))) == ["exists", "created"]
    assert place.balance(MINA) == (998, 0, 400)
    assert place.check().ok


def test_the_sweeper_times_out_in_chunks_and_history_does_not_depend_on_when_it_runs(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 100), *[hold(f"hold {i}", MINA, JUN, 10, until=50) for i in range(7)])
    assert place.balance(MINA, at=49) == (100, 0, 70)
    assert place.balance(MINA, at=50) == (100, 0, 0), "lapsed though nobody has swept"
    assert [place.expire(START_US + 60, limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert place.balance(MINA, at=49) == (100, 0, 70)
    assert place.balance(MINA, at=50) == (100, 0, 0)
    assert place.balance(MINA) == (100, 0, 0)


def test_a_transfer_that_comes_late_is_booked_now_so_that_no_past_balance_changes(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 100, at=10))
    before = place.balance(MINA, at=5), place.balance(MINA, at=10)
    place.post(move("late", MINA, JUN, 40, at=3))
    assert (place.balance(MINA, at=5), place.balance(MINA, at=9)) == (before[0], before[0])
    assert place.balance(MINA, at=10).posted == 60


def test_balances_at_every_past_moment(place: DatabasePlace) -> None:
    for at in range(20):
        place.post(move(f"in {at}", OUTSIDE, MINA, 10, at=10 * at))
    assert [place.balance(MINA, at=at).posted for at in range(-10, 205, 5)] == [
        10 * max(0, at // 10 + 1) if at < 200 else 200 for at in range(-10, 205, 5)
    ]


def test_a_statement_pages_from_the_newest_line_and_shows_the_balance_after_each(place: DatabasePlace) -> None:
    for at in range(25):
        place.post(move(f"in {at}", OUTSIDE, MINA, 10, at=at, cause=f"deal {at}"))
        place.post(move(f"out {at}", MINA, JUN, 3, at=at))
    seen = []
    cursor = None
    while True:
        page = place.statement(MINA, cursor=cursor, limit=7)
        seen += page.rows
        if page.next is None:
            break
        cursor = page.next
        place.post(move(f"meanwhile {cursor}", OUTSIDE, MINA, 1, at=100))
    assert [line.amount for line in seen] == [-3, 10] * 25
    assert [line.balance.posted for line in reversed(seen)] == [x for i in range(25) for x in (7 * i + 10, 7 * i + 7)]
    assert {line.other for line in seen} == {OUTSIDE, JUN}
    assert seen[1].cause == "deal 24"


def test_a_statement_refuses_a_cursor_it_did_not_give(place: DatabasePlace) -> None:
    with pytest.raises(Malformed, match=r"page\.bad_cursor"):
        place.statement(MINA, cursor="17")


def test_a_closed_account_takes_and_gives_nothing(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 100), hold("hold", MINA, JUN, 10, until=50))
    with pytest.raises(ledger.LedgerConflict, match="account_has_pending"):
        place.close(MINA, at=10)
    with pytest.raises(ledger.LedgerConflict, match="account_has_balance"):
        place.close(MINA, at=50)
    place.post(move("out", MINA, JUN, 100, at=51))
    place.close(MINA, at=52)
    place.close(MINA, at=53)
    place.close(JUN, at=53, empty=False)
    results = place.post_each([move("a", OUTSIDE, MINA, 1, at=54), move("b", JUN, OUTSIDE, 1, at=54)])
    assert codes(results) == ["ledger.credit_account_closed", "ledger.debit_account_closed"]
    with pytest.raises(ledger.LedgerNotFound, match="account_not_found"):
        place.close(wallet("nobody"))


def test_balances_are_found_by_parts_of_the_key_and_case_counts(place: DatabasePlace) -> None:
    points = OUTSIDE._replace(unit="pt")
    for owner in ("s1/a", "s1/b", "s10/a", "S1/c", "s1_/x"):
        place.post(move(owner, OUTSIDE, wallet(owner), 5), move(f"{owner} pt", points, wallet(owner, "pt"), 2))
    assert list(place.balances(code="t_wallet", owner_prefix="s1/", unit="KRW")) == [wallet("s1/a"), wallet("s1/b")]
    assert place.balances(book="goods") == {}


def test_neighbourhoods_keep_their_books_apart(place: DatabasePlace) -> None:
    other = DatabasePlace(place.db, "n2")
    place.post(move("in", OUTSIDE, MINA, 100))
    assert codes(other.post(move("in", OUTSIDE, MINA, 7))) == ["created"]
    assert (place.balance(MINA).posted, other.balance(MINA).posted) == (100, 7)
    assert place.check().ok
    assert other.check().seq == 1


@pytest.mark.parametrize("change", ["UPDATE ledger_transfers SET amount = 1", "DELETE FROM ledger_transfers"])
def test_the_database_itself_refuses_to_change_a_transfer(place: DatabasePlace, change: str) -> None:
    place.post(move("in", OUTSIDE, MINA, 100))
    with pytest.raises(IntegrityError, match="append-only"):
        place.db.write(lambda tx: tx.execute(sa.text(change)), neighbourhood="n1")


def test_the_database_itself_refuses_an_account_beyond_its_limit(place: DatabasePlace) -> None:
    place.post(move("in", OUTSIDE, MINA, 100))
    beyond = records.accounts.update().where(records.A.code == "t_wallet").values(debits_posted=101)
    with pytest.raises(IntegrityError):
        place.db.write(lambda tx: tx.execute(beyond), neighbourhood="n1")


def test_two_keys_with_one_stored_number_are_refused(place: DatabasePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.post(move("in", OUTSIDE, MINA, 100))
    real = model.account_id

    def clash(key: ledger.AccountKey) -> int:
        return real(MINA if key == JUN else key)

    monkeypatch.setattr(service, "account_id", clash)
    monkeypatch.setattr(posting, "account_id", clash)
    with pytest.raises(ledger.LedgerConflict, match="account_id_taken"):
        place.post(move("over", OUTSIDE, JUN, 5))


def test_a_call_holds_at_most_8190_transfers(place: DatabasePlace) -> None:
    with pytest.raises(ledger.LedgerInvalid, match="too_many_transfers"):
        place.post(*[move("same", OUTSIDE, MINA, 1)] * 8_191)


def test_eight_thousand_transfers_in_one_call_are_done_and_known_again(place: DatabasePlace) -> None:
    transfers = [move(f"t{i}", OUTSIDE, wallet(f"p{i % 500}"), 1 + i % 7, at=i) for i in range(8_190)]
    assert codes(place.post(*transfers)) == ["created"] * 8_190
    assert codes(place.post(*transfers)) == ["exists"] * 8_190
    assert place.check().ok


def test_what_was_posted_late_after_memory_was_lost_keeps_no_hold_for_ever(place: DatabasePlace) -> None:
    """The first call after a start may tell of an earlier time than the newest entry: what lapses soon is looked for
    from the newest on all the same."""
    place.post(
        move("in", OUTSIDE, MINA, 1_000, at=9_000_000), hold("hold", MINA, JUN, 300, at=9_000_000, until=9_100_000)
    )
    place.db.write(lambda tx: tx.connection, neighbourhood="n1")  # whoever looks into the connection: all is forgotten
    place.post(move("late", OUTSIDE, MINA, 1, at=0))
    place.post(move("after", OUTSIDE, MINA, 1, at=9_200_000))
    assert place.balance(MINA) == (1_002, 0, 0)
    assert codes(place.post_each([settle("post", "post", "hold", at=9_200_000)])) == ["ledger.pending_expired"]


def test_an_account_of_one_deal_taken_for_new_keeps_what_it_held(db: Database) -> None:
    """Held once more after a restart, its sums are those of the books: the guess that it is new is found out."""
    once = ledger.AccountKey("money", "t_once", "one-deal", "KRW")
    db.write(lambda tx: ledger.post(tx, [move("fill", OUTSIDE, MINA, 1000)]), neighbourhood="n1")
    db.write(lambda tx: ledger.post(tx, [hold("first", MINA, once, 300)]), neighbourhood="n1")
    db._writer._lanes["" if db.dialect == "sqlite" else "n1"].memory.clear()  # type: ignore[union-attr]
    db.write(lambda tx: ledger.post(tx, [hold("second", MINA, once, 200)]), neighbourhood="n1")
    assert db.read(lambda tx: ledger.balance(tx, once), neighbourhood="n1").pending_in == 500
    assert db.read(ledger.check, neighbourhood="n1").ok
