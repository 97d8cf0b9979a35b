"""What the ledger's tests share: a small chart of accounts, short ways to write transfers, and two places to post to.

``place(db)`` and ``MemoryPlace`` answer alike, so one test can hold them against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from madang import ledger
from madang.db import Database, Page
from madang.kernel import derived
from madang.ledger.posting import Books

START_US = 1_790_000_000_000_000
FREE = ledger.declare_code("t_outside", "money", "none", en="outside")
WALLET = ledger.declare_code("t_wallet", "money", "debits_within_credits", en="a wallet")
FUND = ledger.declare_code("t_fund", "money", "credits_within_debits", en="a fund")
for _book in ("goods", "capacity", "hours"):
    ledger.declare_code("t_outside", _book, "none")
    ledger.declare_code("t_store", _book, "debits_within_credits")

OUTSIDE = ledger.AccountKey("money", "t_outside", "bank", "KRW")


def wallet(owner: str, unit: str = "KRW") -> ledger.AccountKey:
    return ledger.AccountKey("money", "t_wallet", owner, unit)


def move(name: str, debit: ledger.AccountKey, credit: ledger.AccountKey, amount: int, **more: Any) -> ledger.Transfer:
    """A transfer whose id comes from ``name``."""
    at_us = START_US + more.pop("at", 0)
    return ledger.Transfer(id=derived(name), debit=debit, credit=credit, amount=amount, at_us=at_us, **more)


def hold(name: str, debit: ledger.AccountKey, credit: ledger.AccountKey, amount: int, **more: Any) -> ledger.Transfer:
    """A pending transfer; ``until`` is when it lapses, in microseconds from the start."""
    until = more.pop("until", None)
    return move(
        name, debit, credit, amount, kind="pending", expires_at_us=None if until is None else START_US + until, **more
    )


def settle(name: str, kind: str, pending: str, amount: int | None = None, **more: Any) -> ledger.Transfer:
    """A post or a void of the transfer that was named ``pending``."""
    at_us = START_US + more.pop("at", 0)
    return ledger.Transfer(id=derived(name), kind=kind, pending_id=derived(pending), amount=amount, at_us=at_us, **more)


def codes(results: Sequence[ledger.Result]) -> list[str]:
    """What became of each: ``created``, ``exists`` or an error's code."""
    return [result.code or str(result.outcome) for result in results]


class Place(Protocol):
    """Somewhere to keep books."""

    def post_each(self, transfers: Sequence[ledger.Transfer]) -> list[ledger.Result]: ...
    def expire(self, now_us: int) -> int: ...
    def balances(self) -> dict[ledger.AccountKey, ledger.Balance]: ...


class MemoryPlace:
    """The rules alone, with everything in memory."""

    def __init__(self) -> None:
        self.books = Books()

    def post_each(self, transfers: Sequence[ledger.Transfer]) -> list[ledger.Result]:
        return self.books.post(transfers)

    def expire(self, now_us: int) -> int:
        return self.books.lapse(now_us)

    def balances(self) -> dict[ledger.AccountKey, ledger.Balance]:
        used = {id for entry in self.books.written for id in (entry.debit, entry.credit)}
        return {account.key: account.balance() for id, account in self.books.by_id.items() if id in used}


class DatabasePlace:
    """A neighbourhood's books in a database."""

    def __init__(self, db: Database, neighbourhood: str = "n1") -> None:
        self.db, self.neighbourhood = db, neighbourhood

    def post(self, *transfers: ledger.Transfer) -> list[ledger.Result]:
        return self.db.write(lambda tx: ledger.post(tx, transfers), neighbourhood=self.neighbourhood)

    def post_each(self, transfers: Sequence[ledger.Transfer]) -> list[ledger.Result]:
        return self.db.write(lambda tx: ledger.post_each(tx, transfers), neighbourhood=self.neighbourhood)

    def expire(self, now_us: int, limit: int = 1_000) -> int:
        return self.db.write(lambda tx: ledger.expire(tx, now_us, limit=limit), neighbourhood=self.neighbourhood)

    def close(self, key: ledger.AccountKey, at: int = 0, *, empty: bool = True) -> None:
        self.db.write(
            lambda tx: ledger.close(tx, key, at_us=START_US + at, empty=empty), neighbourhood=self.neighbourhood
        )

    def balance(self, key: ledger.AccountKey, at: int | None = None) -> ledger.Balance:
        at_us = None if at is None else START_US + at
        return self.db.read(lambda tx: ledger.balance(tx, key, at_us=at_us), neighbourhood=self.neighbourhood)

    def balances(self, **parts: str) -> dict[ledger.AccountKey, ledger.Balance]:
        return self.db.read(lambda tx: ledger.balances(tx, **parts), neighbourhood=self.neighbourhood)

    def statement(self, key: ledger.AccountKey, **more: Any) -> Page[ledger.Line]:
        return self.db.read(lambda tx: ledger.statement(tx, key, **more), neighbourhood=self.neighbourhood)

    def check(self) -> ledger.BooksReport:
        return self.db.read(ledger.check, neighbourhood=self.neighbourhood)


def assert_conserved(balances: dict[ledger.AccountKey, ledger.Balance]) -> None:
    """In each book and unit what is posted sums to nothing, and what is pending in is pending out somewhere."""
    posted: dict[tuple[str, str], int] = {}
    pending: dict[tuple[str, str], int] = {}
    for key, held in balances.items():
        place = (key.book, key.unit)
        posted[place] = posted.get(place, 0) + held.posted
        pending[place] = pending.get(place, 0) + held.pending_in - held.pending_out
    assert not any(posted.values()), posted
    assert not any(pending.values()), pending
