"""The closing check finds what it is there to find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.ledger.books_in_use import OUTSIDE, DatabasePlace, MemoryPlace, hold, move, settle, wallet

from madang import ledger
from madang.db import Database
from madang.ledger import records

MINA, JUN = wallet("mina"), wallet("jun")
CALL = [
    move("in", OUTSIDE, MINA, 100),
    hold("held", MINA, JUN, 30, until=50),
    settle("post", "post", "held", 20),
    hold("lapses", MINA, JUN, 5, until=60),
    move("late", MINA, JUN, 1, at=70),
]


def books() -> MemoryPlace:
    place = MemoryPlace()
    place.post_each(CALL)
    return place


def audited(entries: list[ledger.Entry], place: MemoryPlace) -> ledger.BooksReport:
    audit = ledger.Audit()
    audit.learn(place.books.by_id.values())
    for entry in entries:
        audit.add(entry)
    return audit.report(place.books.by_id.values())


def test_sound_books_pass_and_say_what_is_in_them() -> None:
    place = books()
    report = audited(place.books.written, place)
    money = report.books[ledger.Book.MONEY]
    assert report.ok
    assert (report.seq, money.transfers, money.accounts) == (6, 6, 3)
    assert money.turnover == {"KRW": 121}
    assert money.posted == {"KRW": 0}


def without(n: int) -> Callable[[list[ledger.Entry]], list[ledger.Entry]]:
    return lambda entries: entries[:n] + entries[n + 1 :]


def changed(n: int, **fields: Any) -> Callable[[list[ledger.Entry]], list[ledger.Entry]]:
    return lambda entries: [entry._replace(**fields) if i == n else entry for i, entry in enumerate(entries)]


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (without(1), "entries are missing"),
        (without(5), "keeps (21, 100"),
        (changed(0, amount=99), "another balance"),
        (changed(2, amount=31), "more than was pending"),
        (changed(3, booked_us=1), "booked before"),
        (changed(4, kind="post"), "another balance"),
        (changed(0, debit_posted=-99), "another balance of its debit account"),
        (changed(5, credit=12345), "not in the books"),
        (changed(0, amount=20), "below zero"),
        (lambda entries: [*entries, entries[2]._replace(seq=7)], "ends it twice"),
    ],
)
def test_every_kind_of_tampering_is_reported(
    tamper: Callable[[list[ledger.Entry]], list[ledger.Entry]], words: str
) -> None:
    place = books()
    report = audited(tamper(list(place.books.written)), place)
    assert not report.ok
    assert any(words in text for text in report.differences), report.differences


def test_a_balance_changed_behind_the_books_back_is_named(db: Database) -> None:
    place = DatabasePlace(db)
    place.post_each(CALL)
    assert place.check().ok
    mine = records.accounts.update().where(records.A.owner == "mina")
    db.write(lambda tx: tx.execute(mine.values(credits_posted=101)), neighbourhood="n1")
    report = place.check()
    assert [str(MINA) in text for text in report.differences] == [True, False]
    assert "KRW sum to 1, not 0" in report.differences[1]
    assert {book: part.ok for book, part in report.books.items()} == {
        "money": False,
        "goods": True,
        "capacity": True,
        "hours": True,
    }


def test_a_kept_audit_reads_on_and_agrees_with_a_fresh_one(db: Database) -> None:
    place, audit = DatabasePlace(db), ledger.Audit()
    for n in range(5):
        place.post(move(f"in {n}", OUTSIDE, wallet(f"p{n}"), 10, at=n), hold(f"h {n}", wallet(f"p{n}"), JUN, 3, at=n))
        kept = db.read(lambda tx: ledger.check(tx, audit), neighbourhood="n1")
        assert (kept.ok, kept.seq, audit.seq) == (True, 2 * n + 2, 2 * n + 2)
        assert kept == place.check()
