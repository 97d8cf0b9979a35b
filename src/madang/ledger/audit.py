"""The closing check: the books recomputed from the transfers alone, by other code than posts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from madang.ledger.model import RESOLVING, AccountKey, Book, Entry, Kind, Limit

DIFFERENCES_MAX = 100  # kept in a report; all are counted


class Stored(Protocol):
    """An account as the books keep it."""

    id: int
    key: AccountKey
    limit: str
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int


@dataclass(slots=True)
class BookReport:
    """One book: ``posted`` and ``pending`` are sums over its accounts, of each unit, and must be zero."""

    accounts: int = 0
    transfers: int = 0
    posted: dict[str, int] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    turnover: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    differences_count: int = 0

    @property
    def ok(self) -> bool:
        return self.differences_count == 0

    def differ(self, text: str) -> None:
        self.differences_count += 1
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(text)


@dataclass(slots=True)
class BooksReport:
    """All four books; ``seq`` is the last entry that was looked at."""

    seq: int
    books: dict[Book, BookReport]

    @property
    def ok(self) -> bool:
        return all(book.ok for book in self.books.values())

    @property
    def differences(self) -> list[str]:
        return [text for book in self.books.values() for text in book.differences]


class Sums:
    """What the transfers make of one account."""

    __slots__ = ("cr", "cr_pending", "dr", "dr_pending")

    def __init__(self) -> None:
        self.dr = self.cr = self.dr_pending = self.cr_pending = 0

    @property
    def balance(self) -> tuple[int, int, int]:
        return self.cr - self.dr, self.cr_pending, self.dr_pending


class Audit:
    """Reads entries in order and remembers only sums and what is still pending; can be kept and read on."""

    def __init__(self) -> None:
        self.seq = 0
        self._us = 0
        self._keys: dict[int, tuple[AccountKey, str]] = {}
        self._sums: dict[int, Sums] = defaultdict(Sums)
        self._pending: dict[UUID, tuple[int, int, int]] = {}
        self._count: dict[str, int] = defaultdict(int)
        self._turnover: dict[tuple[str, str], int] = defaultdict(int)
        self._wrong: list[tuple[str, str]] = []

    def learn(self, accounts: Iterable[Stored]) -> None:
        """The accounts' keys and limits; before the entries that name them."""
        for account in accounts:
            self._keys.setdefault(account.id, (account.key, str(account.limit)))

    def add(self, entry: Entry) -> None:
        """The next entry."""
        if entry.seq != self.seq + 1:
            self._differ(entry, f"follows {self.seq}: entries are missing or doubled")
        if entry.booked_us < self._us:
            self._differ(entry, "is booked before the entry it follows")
        self.seq, self._us = entry.seq, entry.booked_us
        self._count[self._book(entry)] += 1
        self._check_ends(entry)
        self._apply(entry)
        self._check_history(entry)
        self._check_limits(entry)

    def report(self, accounts: Iterable[Stored]) -> BooksReport:
        """Compare what came out with what the books keep."""
        books = {book: BookReport(transfers=self._count[book]) for book in Book}
        for book, text in self._wrong:
            books[Book(book)].differ(text)
        seen = set()
        for account in accounts:
            seen.add(account.id)
            _compare(account, self._sums[account.id], books[Book(account.key.book)])
        for id in self._sums.keys() - seen:
            books[Book.MONEY].differ(f"account {id} has transfers and is not in the books")
        for (name, unit), amount in self._turnover.items():
            books[Book(name)].turnover[unit] = amount
        for report in books.values():
            for sums, what in ((report.posted, "posted"), (report.pending, "pending")):
                for unit, total in sums.items():
                    if total:
                        report.differ(f"{what} balances of {unit} sum to {total}, not 0")
        return BooksReport(self.seq, books)

    def _differ(self, entry: Entry, text: str) -> None:
        self._wrong.append((self._book(entry), f"entry {entry.seq} ({entry.id}) {text}"))

    def _book(self, entry: Entry) -> str:
        known = self._keys.get(entry.debit)
        return known[0].book if known else Book.MONEY

    def _check_ends(self, entry: Entry) -> None:
        """Both accounts exist and lie in one book and unit."""
        debit, credit = self._keys.get(entry.debit), self._keys.get(entry.credit)
        if debit is None or credit is None:
            self._differ(entry, "names an account that is not in the books")
        elif (debit[0].book, debit[0].unit) != (credit[0].book, credit[0].unit):
            self._differ(entry, f"joins {debit[0]} and {credit[0]}")

    def _apply(self, entry: Entry) -> None:
        debit, credit = self._sums[entry.debit], self._sums[entry.credit]
        if entry.kind == Kind.PENDING:
            self._pending[entry.id] = (entry.debit, entry.credit, entry.amount)
            debit.dr_pending += entry.amount
            credit.cr_pending += entry.amount
            return
        if entry.kind in RESOLVING:
            assert entry.pending_id is not None
            held = self._pending.pop(entry.pending_id, None)
            if held is None:
                self._differ(entry, "ends what was not pending, or ends it twice")
                return
            if held[:2] != (entry.debit, entry.credit) or entry.amount > held[2]:
                self._differ(entry, f"ends {entry.pending_id} with other accounts or more than was pending")
            debit.dr_pending -= held[2]
            credit.cr_pending -= held[2]
        if entry.kind in (Kind.SINGLE, Kind.POST):
            debit.dr += entry.amount
            credit.cr += entry.amount
            if (known := self._keys.get(entry.debit)) is not None:
                self._turnover[known[0].book, known[0].unit] += entry.amount

    def _check_history(self, entry: Entry) -> None:
        """The balances kept with the entry are those the transfers so far give."""
        if self._sums[entry.debit].balance != (entry.debit_posted, entry.debit_in, entry.debit_out):
            self._differ(entry, "keeps another balance of its debit account than the transfers give")
        if self._sums[entry.credit].balance != (entry.credit_posted, entry.credit_in, entry.credit_out):
            self._differ(entry, "keeps another balance of its credit account than the transfers give")

    def _check_limits(self, entry: Entry) -> None:
        for id in (entry.debit, entry.credit):
            limit, sums = self._keys[id][1] if id in self._keys else Limit.NONE, self._sums[id]
            if limit == Limit.DEBITS_WITHIN_CREDITS and sums.dr + sums.dr_pending > sums.cr:
                self._differ(entry, f"takes {self._keys[id][0]} below zero")
            if limit == Limit.CREDITS_WITHIN_DEBITS and sums.cr + sums.cr_pending > sums.dr:
                self._differ(entry, f"takes {self._keys[id][0]} above zero")


def _compare(account: Stored, sums: Sums, report: BookReport) -> None:
    kept = (account.debits_posted, account.credits_posted, account.debits_pending, account.credits_pending)
    made = (sums.dr, sums.cr, sums.dr_pending, sums.cr_pending)
    if kept != made:
        report.differ(f"{account.key} keeps {kept} (debits, credits, pending of each), its transfers give {made}")
    report.accounts += 1
    unit = account.key.unit
    report.posted[unit] = report.posted.get(unit, 0) + account.credits_posted - account.debits_posted
    report.pending[unit] = report.pending.get(unit, 0) + account.credits_pending - account.debits_pending
