"""What other rooms do with the books. Every function runs inside the caller's transaction and commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from madang.db import Page, Tx
from madang.ledger import records
from madang.ledger.account import Account
from madang.ledger.audit import Audit, BooksReport
from madang.ledger.chart import code_of
from madang.ledger.errors import error_of, raise_first
from madang.ledger.model import (
    TRANSFERS_MAX,
    AccountKey,
    Balance,
    Entry,
    Fault,
    Result,
    Transfer,
    account_id,
)
from madang.ledger.posting import PENDING, Books

NEVER_US = 2**62


def post(tx: Tx, transfers: Sequence[Transfer]) -> list[Result]:
    """Do all of ``transfers`` in order, or none: each is then ``created``, or ``exists`` from an earlier try.

    Raises ``LedgerError`` for the first that can't be done (``details``: its ``index``, ``id`` and why); the caller
    lets it through, so that nothing of the use case stays.
    """
    books, results = _posted(tx, transfers)
    raise_first(results)
    _write(tx, books)
    return results


def post_each(tx: Tx, transfers: Sequence[Transfer]) -> list[Result]:
    """Do those of ``transfers`` that can be done, groups whole or not at all; the others say why in ``fault``."""
    books, results = _posted(tx, transfers)
    _write(tx, books)
    return results


def expire(tx: Tx, now_us: int, *, limit: int = 1_000) -> int:
    """Time out what is pending and due by ``now_us``, at most ``limit``; how many it was.

    Posting does the same before it looks at a balance, so limits never wait for this; it keeps balances current in a
    quiet hour.
    """
    assert now_us > 0
    assert limit > 0
    if not tx.careful and records.nothing_due(tx, now_us):
        return 0
    books = _working_set(tx, records.entries_for(tx, now_us), {})
    count = books.lapse(now_us, limit)
    _write(tx, books)
    return count


def balance(tx: Tx, key: AccountKey, *, at_us: int | None = None) -> Balance:
    """An account's balance as of its latest entry, or as it stood at ``at_us``; all zero where nobody has used it.

    At ``at_us`` counts what was booked by then, and what had timed out by then counts as gone.
    """
    id = account_id(key)
    if at_us is None:
        found = records.accounts_of(tx, {id: key})
        return found[0].balance() if found else Balance()
    latest = records.newest_of(tx, id, at_us)
    if latest is None:
        return Balance()
    due = records.entries_for(tx, at_us).due
    left = _left_behind(latest, id)
    coming = sum(entry.amount for entry in due if entry.credit == id and entry.booked_us <= at_us)
    going = sum(entry.amount for entry in due if entry.debit == id and entry.booked_us <= at_us)
    assert coming <= left.pending_in
    assert going <= left.pending_out
    return Balance(left.posted, left.pending_in - coming, left.pending_out - going)


def balances(
    tx: Tx,
    *,
    book: str | None = None,
    code: str | None = None,
    owner_prefix: str | None = None,
    unit: str | None = None,
    unsettled: bool = False,
) -> dict[AccountKey, Balance]:
    """The balances of all accounts whose keys fit, in order of key: for sets the caller knows to be small.

    ``unsettled``: only those whose posted balance is not zero.
    """
    found = records.find_accounts(
        tx, book=book, code=code, owner_prefix=owner_prefix, unit=unit, unsettled=unsettled
    )  # fmt: skip
    return {account.key: account.balance() for account in found}


def flows(tx: Tx, *, book: str, code: str) -> dict[tuple[str, str], int]:
    """What has passed between the accounts of a code and those of others: by (owner, the others' code) what came in,
    posted, less what went out. For checks: it reads every entry of those accounts."""
    return {(owner, other): moved for owner, other, moved in records.flows(tx, book, code)}


def goods(tx: Tx, units: Collection[str]) -> dict[AccountKey, Balance]:
    """The balances of every goods account in some units (``A001:ea``), in order of key: one query by an index."""
    return {account.key: account.balance() for account in records.goods_of(tx, units)} if units else {}


def booked(tx: Tx, ids: Sequence[UUID], *, fresh: bool = False) -> list[tuple[Entry, AccountKey]]:
    """Those of some transfers that are in the books, in the order asked for, with the account each came from.

    ``fresh``: they are new unless somebody asks twice, and their caller posts them where they are."""
    if fresh and all(records.known_new(tx, id) for id in ids):
        return []
    found = {entry.id: entry for entry in records.entries_for(tx, 0, set(ids)).known}
    keys = {account.id: account.key for account in records.accounts_of(tx, {e.debit: None for e in found.values()})}
    return [(found[id], keys[found[id].debit]) for id in ids if id in found]


class Line(NamedTuple):
    """One line of a statement: ``amount`` is positive when the account received, and moves ``balance.posted`` only
    in lines of kind ``single`` and ``post``."""

    seq: int
    id: UUID
    booked_us: int
    kind: str
    amount: int
    other: AccountKey
    balance: Balance
    pending_id: UUID | None
    cause: str


def statement(
    tx: Tx, key: AccountKey, *, until_us: int | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Line]:
    """What happened on an account by ``until_us``, newest first; go on with ``cursor=page.next``."""
    id = account_id(key)
    page = records.lines_of(tx, id, until_us=until_us or NEVER_US, cursor=cursor, limit=limit)
    others = {entry.credit if entry.debit == id else entry.debit: None for entry in page.rows}
    keys = {account.id: account.key for account in records.accounts_of(tx, others)}
    return page.map(lambda entry: _line(entry, id, keys))


def close(tx: Tx, key: AccountKey, *, at_us: int, empty: bool = True) -> None:
    """Close an account for ever; closing it again does nothing.

    ``empty=False`` closes one that holds a balance, as a day's income account does. Raises ``LedgerError``:
    ``ledger.account_not_found``, ``ledger.account_has_pending``, ``ledger.account_has_balance``.
    """
    expire(tx, at_us)
    found = records.accounts_of(tx, {account_id(key): key})
    if not found:
        raise error_of(Fault("account_not_found", {"account": str(key)}))
    account = found[0]
    if account.closed_us is not None:
        return
    held = account.balance()
    if held.pending_in or held.pending_out:
        raise error_of(Fault("account_has_pending", {"account": str(key)}))
    if empty and held.posted:
        raise error_of(Fault("account_has_balance", {"account": str(key), "posted": held.posted}))
    records.close(tx, account.id, at_us)


def check(tx: Tx, audit: Audit | None = None) -> BooksReport:
    """Recompute everything from the transfers alone and compare: sums, balances, history, pendings, limits.

    With ``audit`` from an earlier check only what came since is read; the caller keeps it per neighbourhood.
    """
    audit = audit or Audit()
    accounts = list(records.all_accounts(tx))
    audit.learn(accounts)
    for entry in records.entries_after(tx, audit.seq):
        audit.add(entry)
    return audit.report(accounts)


def _posted(tx: Tx, transfers: Sequence[Transfer]) -> tuple[Books, list[Result]]:
    """What becomes of the transfers. Ids are taken for new ones first; nothing is said to fail on that guess."""
    books = _open_books(tx, transfers, guess=not tx.careful)
    results = books.post(transfers)
    if not tx.careful and any(result.fault is not None for result in results):
        books = _open_books(tx, transfers, guess=False)
        results = books.post(transfers)
    return books, results


def _open_books(tx: Tx, transfers: Sequence[Transfer], *, guess: bool = False) -> Books:
    """What a call needs to know: one read of head and due, one of entries, one ordered read of accounts."""
    if len(transfers) > TRANSFERS_MAX:
        raise error_of(Fault("too_many_transfers", {"count": len(transfers), "count_max": TRANSFERS_MAX}))
    keys: set[AccountKey] = set()
    ids: set[UUID] = set()
    pending_ids: set[UUID] = set()
    new: set[int] = set()  # accounts taken for new
    until_us = 0
    for transfer in transfers:
        ids.add(transfer.id)
        if transfer.debit is not None:
            keys.add(transfer.debit)
        if (credit := transfer.credit) is not None:
            keys.add(credit)
            if guess and transfer.kind == PENDING and (line := code_of(credit[0], credit[1])) and line.once:
                new.add(account_id(credit))
        if transfer.pending_id is not None:
            pending_ids.add(transfer.pending_id)
        if transfer.at_us > until_us:
            until_us = transfer.at_us
    found = records.entries_guessed(tx, until_us, ids, pending_ids) if guess else None
    if found is None:
        found = records.entries_for(tx, until_us, ids, pending_ids)
        new.clear()
    return _working_set(tx, found, dict(zip(map(account_id, keys), keys, strict=True)), new)


def _working_set(tx: Tx, found: records.Found, keys: dict[int, AccountKey], new: Collection[int] = ()) -> Books:
    books = Books(found.seq, found.head_us)
    known = {entry.id: entry for entry in (*found.due, *found.known)}
    wanted: dict[int, AccountKey | None] = dict.fromkeys((e.debit for e in known.values()), None)
    wanted |= dict.fromkeys((e.credit for e in known.values()), None)
    wanted |= keys
    if wanted:
        for account in records.accounts_of(tx, wanted, new):
            books.add_account(account)
    due = {entry.id for entry in found.due}
    for entry in sorted(known.values()):
        books.add_entry(entry, due=entry.id in due)
    return books


def _write(tx: Tx, books: Books) -> None:
    if not books.written:
        return
    touched: dict[int, Account] = {}
    for entry in books.written:
        touched[entry.debit] = books.by_id[entry.debit]
        touched[entry.credit] = books.by_id[entry.credit]
    records.write(tx, books.written, touched.values())


def _left_behind(entry: Entry, account: int) -> Balance:
    """The balance an entry left on one of its two accounts."""
    if entry.debit == account:
        return Balance(entry.debit_posted, entry.debit_in, entry.debit_out)
    assert entry.credit == account
    return Balance(entry.credit_posted, entry.credit_in, entry.credit_out)


def _line(entry: Entry, account: int, keys: dict[int, AccountKey]) -> Line:
    gives = entry.debit == account
    return Line(
        entry.seq,
        entry.id,
        entry.booked_us,
        entry.kind,
        -entry.amount if gives else entry.amount,
        keys[entry.credit if gives else entry.debit],
        _left_behind(entry, account),
        entry.pending_id,
        entry.cause,
    )
