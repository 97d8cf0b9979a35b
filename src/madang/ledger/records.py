"""What is read from the books and written to them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from madang.db import Page, Tx, keyset
from madang.ledger.errors import error_of
from madang.ledger.lookups import ASKED, DUE, NEWEST, numbers, statements, uuids
from madang.ledger.model import AccountKey, Entry, Fault
from madang.ledger.posting import Account
from madang.ledger.tables import ACCOUNT, ENTRY, A, T, accounts, transfers

PAGE = 2_000  # rows at a time where the whole book is read
BULK_MIN = 32  # entries from which on it pays to leave SQLAlchemy's binding out

N: sa.BindParameter[str] = sa.bindparam("n")


_BY_DIALECT = {dialect: statements(dialect) for dialect in ("sqlite", "postgresql")}

_insert_transfers = sa.insert(transfers)
_insert_accounts = sa.insert(accounts)
_update_accounts = (
    sa.update(accounts)
    .where(A.neighbourhood == N, A.id == sa.bindparam("account"))
    .values(
        debits_posted=sa.bindparam("dr"),
        credits_posted=sa.bindparam("cr"),
        debits_pending=sa.bindparam("dr_pending"),
        credits_pending=sa.bindparam("cr_pending"),
    )
)
_TRANSFER_NAMES = ("neighbourhood", *Entry._fields)
_SUM_NAMES = ("dr", "cr", "dr_pending", "cr_pending", "n", "account")
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


def accounts_of(tx: Tx, keys: Mapping[int, AccountKey | None]) -> list[Account]:
    """The accounts under these ids; a key given with an id must be the account's own.

    Raises ``LedgerConflict`` (``ledger.account_id_taken``) where it isn't.
    """
    params = {"n": tx.neighbourhood, "ids": numbers(sorted(keys), tx.dialect)}
    found = []
    for row in tx.rows(_BY_DIALECT[tx.dialect]["accounts"], params):
        key = keys[row[0]] or AccountKey._make(row[1:5])
        if key != row[1:5]:
            raise error_of(Fault("account_id_taken", {"account": str(key), "taken_by": ":".join(row[1:5])}))
        found.append(_account(row, key))
    return found


def _account(row: tuple[Any, ...], key: AccountKey | None = None) -> Account:
    key = key or AccountKey._make(row[1:5])
    return Account(row[0], key, row[5], row[6], row[7], row[8], row[9], row[10], True)


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
    listed = "[" + ",".join(map(_quoted, units)) + "]" if tx.dialect == "sqlite" else list(units)
    found = tx.rows(_GOODS_OF[tx.dialect], {"n": tx.neighbourhood, "units": listed})
    return sorted((_account(row) for row in found), key=lambda account: account.key)


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
    old: list[Account] = []
    new: list[Account] = []
    for account in touched:
        (old if account.stored else new).append(account)
    tx.many(_insert_accounts, [_opened(tx.neighbourhood, account) for account in new])
    if tx.dialect == "sqlite" and len(entries) >= BULK_MIN:
        _write_bulk(tx, entries, old)
        return
    n = tx.neighbourhood
    tx.many(_insert_transfers, [dict(zip(_TRANSFER_NAMES, (n, *entry), strict=True)) for entry in entries])
    tx.many(_update_accounts, [dict(zip(_SUM_NAMES, _sums(n, account), strict=True)) for account in old])


def _write_bulk(tx: Tx, entries: Sequence[Entry], old: Sequence[Account]) -> None:
    """The same as tuples in the driver's own words: a third of a large call's time went into making mappings."""
    n = tx.neighbourhood
    rows = [
        (n, e[0], e[1].hex, e[2], e[3], e[4], e[5], e[6], e[7] and e[7].hex, e[8], e[9] and e[9].hex, *e[10:])
        for e in entries
    ]
    tx.connection.exec_driver_sql(_BULK_INSERT, rows)
    if old:
        tx.connection.exec_driver_sql(_BULK_UPDATE, [_sums(n, account) for account in old])


def _opened(neighbourhood: str, account: Account) -> dict[str, Any]:
    return {
        "neighbourhood": neighbourhood,
        "id": account.id,
        **account.key._asdict(),
        "limit_rule": str(account.limit),
        "debits_posted": account.debits_posted,
        "credits_posted": account.credits_posted,
        "debits_pending": account.debits_pending,
        "credits_pending": account.credits_pending,
        "closed_us": None,
    }


def _sums(neighbourhood: str, a: Account) -> tuple[int | str, ...]:
    return (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending, neighbourhood, a.id)


def close(tx: Tx, account: int, at_us: int) -> None:
    """Mark an account closed; nothing is booked on it any more."""
    wanted = sa.update(accounts).where(A.neighbourhood == tx.neighbourhood, A.id == account, A.closed_us.is_(None))
    closed = tx.execute(wanted.values(closed_us=at_us))
    assert closed.rowcount == 1
