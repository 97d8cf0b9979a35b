"""What is read from the books and written to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import methodcaller
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from madang.db import NOTHING, Page, Tx, keyset
from madang.ledger.account import Account
from madang.ledger.errors import error_of
from madang.ledger.lookups import ASKED, DUE, NEWEST, numbers, statements, uuids
from madang.ledger.model import AccountKey, Book, Entry, Fault, Kind
from madang.ledger.tables import ACCOUNT, ENTRY, A, T, accounts, transfers

PAGE = 2_000  # rows at a time where the whole book is read
BULK_MIN = 32  # entries from which on it pays to leave SQLAlchemy's binding out

_copy: Callable[[Account], Account] = methodcaller("__copy__")  # copy.copy looks up what it is given first
AHEAD_US = 250_000  # how far ahead is looked for what falls due

N: sa.BindParameter[str] = sa.bindparam("n")
_ACCOUNTS, _ENTRIES = (accounts.name,), (transfers.name,)  # what is remembered: accounts by id, entries by id, and
_HEAD, _COMING, _ENDED, _UNIT = "head", "coming", "ended", "unit"
# ("ended", id): what ended a pending entry that is remembered (none remembered: nothing has); ("unit", unit): the ids
# of a unit's accounts of goods; "head": the newest entry's seq and time; "coming": from when to when it is known what
# falls due, and the moments of what does.


_BY_DIALECT = {dialect: statements(dialect) for dialect in ("sqlite", "postgresql")}

_TRANSFER_NAMES = ("neighbourhood", *Entry._fields)
_BULK_INSERT = (
    f"INSERT INTO ledger_transfers ({', '.join(_TRANSFER_NAMES)}) VALUES ({', '.join('?' * len(_TRANSFER_NAMES))})"  # noqa: S608
)
_BULK_UPDATE = (
    "UPDATE ledger_accounts SET debits_posted = ?, credits_posted = ?, debits_pending = ?, credits_pending = ? "
    "WHERE neighbourhood = ? AND id = ?"
)


# --- reading ---------------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """The newest entry's ``seq`` and time (0 and 0 in empty books), and entries by id, each once."""

    seq: int
    head_us: int
    due: list[Entry]
    known: list[Entry]


def entries_for(tx: Tx, until_us: int, ids: Collection[UUID] = (), pending_ids: Collection[UUID] = ()) -> Found:
    """What a call needs of the entries: the newest; what is pending though due by ``until_us``; those under ``ids``;
    and the pending ones named, with what ended them."""
    statements = _BY_DIALECT[tx.dialect]
    params: dict[str, Any] = {"n": tx.neighbourhood, "until": until_us}
    if ids:
        params["ids"] = uuids([*ids, *pending_ids], tx.dialect)
    if pending_ids:
        params["pending"] = uuids(pending_ids, tx.dialect)
    rows = tx.rows(statements["known_and_ended" if pending_ids else "known" if ids else "due"], params)
    seq, head_us = next(((row[1], row[3]) for row in rows if row[0] == NEWEST), (0, 0))
    due = [Entry._make(row[1:]) for row in rows if row[0] == DUE]
    return Found(seq, head_us, due, [Entry._make(row[1:]) for row in rows if row[0] == ASKED])


def entries_guessed(
    tx: Tx, until_us: int, ids: Collection[UUID] = (), pending_ids: Collection[UUID] = ()
) -> Found | None:
    """``entries_for`` from what is remembered, where ``ids`` that nobody remembers are taken for new; None where
    something has to lapse first."""
    if tx.careful or not nothing_due(tx, until_us):
        return None
    seq, head_us = tx.recall(_ENTRIES, _HEAD)
    tx.guessed = True
    known = [entry for id in ids if (entry := tx.recall(_ENTRIES, id)) is not NOTHING]
    asked = {id: tx.recall(_ENTRIES, id) for id in pending_ids}
    if unknown := [id for id, entry in asked.items() if entry is NOTHING]:
        listed = uuids(unknown, tx.dialect)
        params = {"n": tx.neighbourhood, "ids": listed, "pending": listed}
        for row in tx.rows(_BY_DIALECT[tx.dialect]["asked_and_ended"], params, settled=True):
            entry = Entry._make(row[1:])
            remember(tx, entry)
            known.append(entry)
    for id, entry in asked.items():
        if entry is not NOTHING:
            known.append(entry)
            ended = tx.recall(_ENTRIES, (_ENDED, id))
            if ended is not NOTHING:
                known.append(ended)
    return Found(seq, head_us, [], known)


def nothing_due(tx: Tx, until_us: int) -> bool:
    """Whether it is known that nothing lapses by ``until_us``: what falls due is looked up a moment ahead, so that
    posting need not ask each time."""
    head, coming = tx.recall(_ENTRIES, _HEAD), tx.recall(_ENTRIES, _COMING)
    if head is NOTHING or coming is NOTHING or not coming[0] <= max(until_us, head[1]) <= coming[1]:
        asked_us = max(until_us, 0 if head is NOTHING else head[1])
        found = entries_for(tx, asked_us + AHEAD_US)
        if found.head_us > asked_us:  # asked about earlier than the newest entry, which nobody remembered
            found = entries_for(tx, found.head_us + AHEAD_US)
        head = (found.seq, found.head_us)
        coming = (found.head_us, max(until_us, found.head_us) + AHEAD_US, tuple(e.expires_at_us for e in found.due))
        tx.remember(_ENTRIES, _HEAD, head)
        tx.remember(_ENTRIES, _COMING, coming)
    moment_us = max(until_us, head[1])
    return not any(expires_us <= moment_us for expires_us in coming[2])


def remember(tx: Tx, entry: Entry) -> None:
    tx.remember(_ENTRIES, entry.id, entry)
    if entry.pending_id is not None:
        tx.remember(_ENTRIES, (_ENDED, entry.pending_id), entry)


def known_new(tx: Tx, id: UUID) -> bool:
    """Whether a transfer's id may be taken for new: nobody remembers it, and the database will say otherwise."""
    if tx.careful or tx.recall(_ENTRIES, id) is not NOTHING:
        return False
    tx.guessed = True
    return True


def accounts_of(tx: Tx, keys: Mapping[int, AccountKey | None], new: Collection[int] = ()) -> list[Account]:
    """The accounts under these ids, copies to be changed at will; a key given with an id must be the account's own.
    Those of ``new`` that nobody remembers are taken for new ones.

    Raises ``LedgerConflict`` (``ledger.account_id_taken``) where it isn't.
    """
    found: list[Account] = []
    unknown: list[int] = []
    for id in keys:
        known = tx.recall(_ACCOUNTS, id)
        if known is NOTHING:
            if id not in new:
                unknown.append(id)
        elif known is not None:
            found.append(_copy(known))
    if unknown:
        found += _read_accounts(tx, sorted(unknown))
    for account in found:
        key = keys[account.id]
        if key is not None and key != account.key:
            taken = Fault("account_id_taken", {"account": str(key), "taken_by": ":".join(account.key)})
            raise error_of(taken)
    return found


def _read_accounts(tx: Tx, ids: Sequence[int]) -> list[Account]:
    """Accounts nobody remembers; none of them waits to be written, or it would be remembered."""
    params = {"n": tx.neighbourhood, "ids": numbers(ids, tx.dialect)}
    found = {row[0]: _account(row) for row in tx.rows(_BY_DIALECT[tx.dialect]["accounts"], params, settled=True)}
    for id in ids:
        account = found.get(id)
        tx.remember(_ACCOUNTS, id, None if account is None else _copy(account))
    return list(found.values())


def _account(row: tuple[Any, ...]) -> Account:
    return Account(row[0], AccountKey._make(row[1:5]), row[5], row[6], row[7], row[8], row[9], row[10], True)


def all_accounts(tx: Tx) -> Iterator[Account]:
    """Every account, in order of id."""
    after = -(2**63)
    while rows := tx.rows(_accounts_page, {"n": tx.neighbourhood, "after": after, "size": PAGE}):
        yield from map(_account, rows)
        after = rows[-1][0]


def entries_after(tx: Tx, seq: int) -> Iterator[Entry]:
    """Every entry later than ``seq``, in order."""
    while rows := tx.rows(_entries_page, {"n": tx.neighbourhood, "after": seq, "size": PAGE}):
        yield from map(Entry._make, rows)
        seq = rows[-1][0]


_accounts_page = (
    sa.select(*ACCOUNT)
    .where(A.neighbourhood == N, A.id > sa.bindparam("after"))
    .order_by(A.id)
    .limit(sa.bindparam("size"))
)
_entries_page = (
    sa.select(*ENTRY)
    .where(T.neighbourhood == N, T.seq > sa.bindparam("after"))
    .order_by(T.seq)
    .limit(sa.bindparam("size"))
)


def _newest_on(side: sa.Column[Any]) -> sa.Select[Any]:
    """The newest entry of an account on one side that was booked by a time."""
    found = (
        sa.select(*ENTRY)
        .where(T.neighbourhood == N, side == sa.bindparam("account"), T.booked_us <= sa.bindparam("until"))
        .order_by(T.booked_us.desc(), T.seq.desc())
        .limit(1)
    )
    return sa.select(*found.subquery().c)


_newest_of = sa.union_all(_newest_on(T.debit), _newest_on(T.credit))


def newest_of(tx: Tx, account: int, until_us: int) -> Entry | None:
    """The latest entry of an account that was booked by ``until_us``."""
    rows = tx.rows(_newest_of, {"n": tx.neighbourhood, "account": account, "until": until_us})
    return max(map(Entry._make, rows), default=None)


def lines_of(tx: Tx, account: int, *, until_us: int, cursor: str | None, limit: int) -> Page[Entry]:
    """The entries of an account that were booked by ``until_us``, newest first."""
    mine = [T.neighbourhood == tx.neighbourhood, T.booked_us <= until_us]
    sides = [sa.select(*ENTRY).where(side == account, *mine) for side in (T.debit, T.credit)]
    both = sa.union_all(*sides).subquery("both_sides")  # two ordered index reads, merged
    order = [both.c.booked_us, both.c.seq]
    return keyset(tx, sa.select(both), order=order, cursor=cursor, limit=limit, descending=True).map(Entry._make)


def flows(tx: Tx, book: str, code: str) -> list[tuple[str, str, int]]:
    """Of the accounts of a code: (owner, the code of the other side, what came posted from there less what went)."""
    mine, other = accounts.alias("mine"), accounts.alias("other")
    ours = sa.and_(mine.c.neighbourhood == tx.neighbourhood, mine.c.book == book, mine.c.code == code)
    posted = T.kind.in_([Kind.SINGLE.value, Kind.POST.value])
    sides = []
    for here, there, sign in ((T.credit, T.debit, 1), (T.debit, T.credit, -1)):
        moved = sa.and_(T.neighbourhood == mine.c.neighbourhood, here == mine.c.id, posted)
        across = sa.and_(other.c.neighbourhood == mine.c.neighbourhood, other.c.id == there)
        each = sa.select(mine.c.owner, other.c.code, (sign * T.amount).label("krw"))
        sides.append(each.select_from(mine.join(transfers, moved).join(other, across)).where(ours))
    every = sa.union_all(*sides).subquery("every")
    sums = sa.select(every.c.owner, every.c.code, sa.cast(sa.func.sum(every.c.krw), sa.BigInteger))
    return [(str(o), str(c), int(n)) for o, c, n in tx.rows(sums.group_by(every.c.owner, every.c.code))]


def find_accounts(
    tx: Tx, *, book: str | None, code: str | None, owner_prefix: str | None, unit: str | None, unsettled: bool = False
) -> list[Account]:
    """Accounts by parts of their keys, in order of key; ``None`` leaves a part open."""
    wanted = sa.select(*ACCOUNT).where(A.neighbourhood == tx.neighbourhood)
    if unsettled:
        wanted = wanted.where(A.debits_posted != A.credits_posted)
    for column, value in ((A.book, book), (A.code, code), (A.unit, unit)):
        if value is not None:
            wanted = wanted.where(column == str(value))
    if owner_prefix:  # not LIKE, which is blind to case on SQLite
        wanted = wanted.where(sa.func.substr(A.owner, 1, len(owner_prefix)) == owner_prefix)
    return sorted((_account(row) for row in tx.rows(wanted)), key=lambda account: account.key)


def goods_of(tx: Tx, units: Collection[str]) -> list[Account]:
    """The accounts of the goods book in these units, in order of key."""
    ids: list[int] = []
    unknown: list[str] = []
    for unit in dict.fromkeys(units):
        known = tx.recall(_ACCOUNTS, (_UNIT, unit))
        if known is NOTHING:
            unknown.append(unit)
        else:
            ids += known
    found = _read_goods(tx, unknown) if unknown else []
    if ids:
        found += accounts_of(tx, dict.fromkeys(ids))
    return sorted(found, key=lambda account: account.key)


def _read_goods(tx: Tx, units: Sequence[str]) -> list[Account]:
    """Which accounts these units have: no new one of them waits to be written, or they would be remembered."""
    listed = "[" + ",".join(map(_quoted, units)) + "]" if tx.dialect == "sqlite" else list(units)
    rows = tx.rows(_GOODS_OF[tx.dialect], {"n": tx.neighbourhood, "units": listed}, settled=True)
    by_unit: dict[str, list[int]] = {unit: [] for unit in units}
    found: list[Account] = []
    for row in rows:
        account = tx.recall(_ACCOUNTS, row[0])  # its sums may wait to be written
        if account is NOTHING:
            account = _account(row)
            tx.remember(_ACCOUNTS, account.id, account)
        by_unit[account.key.unit].append(account.id)
        found.append(_copy(account))
    for unit, ids in by_unit.items():
        tx.remember(_ACCOUNTS, (_UNIT, unit), tuple(ids))
    return found


def _quoted(unit: str) -> str:
    return json.dumps(unit)


# Left to itself SQLite reads every account of the neighbourhood for each unit (5 ms at 2,000 accounts, 20 us by index).
_GOODS_OF = {
    dialect: sa.text(
        f"SELECT {', '.join(f't.{column.name}' for column in ACCOUNT)} FROM {wanted} "  # noqa: S608
        f"CROSS JOIN ledger_accounts AS t {index} "
        "WHERE t.neighbourhood = :n AND t.book = 'goods' AND t.unit = wanted.value"
    ).columns(*ACCOUNT)
    for dialect, wanted, index in (
        ("sqlite", "json_each(:units) AS wanted", "INDEXED BY ledger_accounts_goods"),
        ("postgresql", "unnest(CAST(:units AS text[])) AS wanted(value)", ""),
    )
}


# --- writing ---------------------------------------------------------------------------------------------------------


def write(tx: Tx, entries: Sequence[Entry], touched: Iterable[Account]) -> None:
    """Append entries and store the sums of the accounts they touched."""
    assert tx.neighbourhood
    assert entries
    bulk = tx.dialect == "sqlite" and len(entries) >= BULK_MIN
    old: list[Account] = []
    for account in touched:
        if not account.stored:
            if account.key.book == Book.GOODS:
                _note_unit(tx, account)
            tx.add(accounts, _opened(account), learn=False)
            account.stored = True
        elif bulk:
            old.append(account)
        else:
            tx.change(accounts, (account.id,), _sums(account))
        tx.remember(_ACCOUNTS, account.id, account)
    if bulk:
        _write_bulk(tx, entries, old)
    for entry in entries:
        if not bulk:
            tx.append(transfers, (tx.neighbourhood, *entry))
        remember(tx, entry)
    _move_head(tx, entries)


def _note_unit(tx: Tx, account: Account) -> None:
    """A new account of goods is one of its unit's."""
    unit = (_UNIT, account.key.unit)
    if tx.recall(_ACCOUNTS, unit) is NOTHING:
        _read_goods(tx, [account.key.unit])
    known = tx.recall(_ACCOUNTS, unit)
    if known is not NOTHING and account.id not in known:
        tx.remember(_ACCOUNTS, unit, (*known, account.id))


def _move_head(tx: Tx, entries: Sequence[Entry]) -> None:
    newest = entries[-1]
    tx.remember(_ENTRIES, _HEAD, (newest.seq, newest.booked_us))
    coming = tx.recall(_ENTRIES, _COMING)
    if coming is NOTHING:
        return
    soon = [e.expires_at_us for e in entries if e.expires_at_us is not None and e.expires_at_us <= coming[1]]
    left = [expires_us for expires_us in (*coming[2], *soon) if expires_us >= newest.booked_us]
    if soon or len(left) < len(coming[2]):  # what ended before its time stays listed: it is looked up again then
        tx.remember(_ENTRIES, _COMING, (newest.booked_us, coming[1], tuple(left)))


def _write_bulk(tx: Tx, entries: Sequence[Entry], old: Sequence[Account]) -> None:
    """The same as tuples in the driver's own words: a third of a large call's time went into making mappings."""
    n = tx.neighbourhood
    rows = [
        (n, e[0], e[1].hex, e[2], e[3], e[4], e[5], e[6], e[7] and e[7].hex, e[8], e[9] and e[9].hex, *e[10:])
        for e in entries
    ]
    connection = tx.driver()
    connection.exec_driver_sql(_BULK_INSERT, rows)
    if old:
        connection.exec_driver_sql(_BULK_UPDATE, [(*_sums(account).values(), n, account.id) for account in old])


def _opened(account: Account) -> dict[str, Any]:
    book, code, owner, unit = account.key
    names = {"id": account.id, "book": book, "code": code, "owner": owner, "unit": unit, "closed_us": None}
    return {**names, "limit_rule": str(account.limit), **_sums(account)}


def _sums(a: Account) -> dict[str, int]:
    return {
        "debits_posted": a.debits_posted,
        "credits_posted": a.credits_posted,
        "debits_pending": a.debits_pending,
        "credits_pending": a.credits_pending,
    }


def close(tx: Tx, account: int, at_us: int) -> None:
    """Mark an account closed; nothing is booked on it any more."""
    wanted = sa.update(accounts).where(A.neighbourhood == tx.neighbourhood, A.id == account, A.closed_us.is_(None))
    closed = tx.execute(wanted.values(closed_us=at_us))
    assert closed.rowcount == 1
