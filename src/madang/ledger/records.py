"""The tables of the books and what is asked of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from madang.db import Page, Tx, keyset, table
from madang.ledger.errors import error_of
from madang.ledger.model import AccountKey, Entry, Fault
from madang.ledger.posting import Account

PAGE = 2_000  # rows at a time where the whole book is read
BULK_MIN = 32  # entries from which on it pays to leave SQLAlchemy's binding out

accounts = table(
    "ledger_accounts",
    sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("limit_rule", sa.Text, nullable=False),
    sa.Column("debits_posted", sa.BigInteger, nullable=False),
    sa.Column("credits_posted", sa.BigInteger, nullable=False),
    sa.Column("debits_pending", sa.BigInteger, nullable=False),
    sa.Column("credits_pending", sa.BigInteger, nullable=False),
    sa.Column("closed_us", sa.BigInteger),
    sa.UniqueConstraint("neighbourhood", "book", "code", "owner", "unit", name="ledger_accounts_key"),
    sa.CheckConstraint(
        "debits_posted >= 0 AND credits_posted >= 0 AND debits_pending >= 0 AND credits_pending >= 0", name="sums"
    ),
    sa.CheckConstraint(
        "(limit_rule <> 'debits_within_credits' OR debits_pending + debits_posted <= credits_posted) AND "
        "(limit_rule <> 'credits_within_debits' OR credits_pending + credits_posted <= debits_posted)",
        name="limits",
    ),
    key=["id"],
    sqlite_with_rowid=False,
)

# The columns after the neighbourhood are the fields of ``Entry``, in order. ``seq`` counts a neighbourhood's entries
# without a gap: two writers at once, or a lost row, can't go unseen.
transfers = table(
    "ledger_transfers",
    sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("booked_us", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("debit", sa.BigInteger, nullable=False),
    sa.Column("credit", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("pending_id", sa.Uuid),
    sa.Column("expires_at_us", sa.BigInteger),
    sa.Column("group_id", sa.Uuid),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("debit_posted", sa.BigInteger, nullable=False),
    sa.Column("debit_in", sa.BigInteger, nullable=False),
    sa.Column("debit_out", sa.BigInteger, nullable=False),
    sa.Column("credit_posted", sa.BigInteger, nullable=False),
    sa.Column("credit_in", sa.BigInteger, nullable=False),
    sa.Column("credit_out", sa.BigInteger, nullable=False),
    sa.Index("ledger_transfers_id", "neighbourhood", "id", unique=True),
    sa.CheckConstraint("amount > 0 AND debit <> credit AND seq > 0", name="move"),
    sa.Index("ledger_transfers_debit", "neighbourhood", "debit", "booked_us", "seq"),
    sa.Index("ledger_transfers_credit", "neighbourhood", "credit", "booked_us", "seq"),
    sa.Index(
        "ledger_transfers_pending",
        "neighbourhood",
        "pending_id",
        unique=True,
        sqlite_where=sa.text("pending_id IS NOT NULL"),
        postgresql_where=sa.text("pending_id IS NOT NULL"),
    ),
    sa.Index(
        "ledger_transfers_due",
        "neighbourhood",
        "expires_at_us",
        sqlite_where=sa.text("expires_at_us IS NOT NULL"),
        postgresql_where=sa.text("expires_at_us IS NOT NULL"),
    ),
    key=["seq"],
    sqlite_with_rowid=False,  # one tree fewer to write
)
T, A = transfers.c, accounts.c
ENTRY = [transfers.c[name] for name in Entry._fields]
ACCOUNT = [
    A.id,
    A.book,
    A.code,
    A.owner,
    A.unit,
    A.limit_rule,
    A.debits_posted,
    A.credits_posted,
    A.debits_pending,
    A.credits_pending,
    A.closed_us,
]
N: sa.BindParameter[str] = sa.bindparam("n")


def _look_up(columns: Sequence[sa.Column[Any]], by: str, listed: str, dialect: str) -> str:
    """SQL for the rows whose ``by`` is in a list given as one text (see ``_numbers``): one statement for any length.

    Written so that both planners look each value up in the index; left to themselves they read the whole table.
    """
    table = columns[0].table.name
    names = ", ".join(f"t.{column.name}" for column in columns)
    if dialect == "sqlite":
        wanted = f"FROM json_each(:{listed}) AS wanted CROSS JOIN {table} AS t"
        return f"SELECT {names} {wanted} WHERE t.neighbourhood = :n AND t.{by} = wanted.value"
    wanted = f"FROM unnest(CAST(:{listed} AS {'bigint' if columns[0] is A.id else 'uuid'}[])) AS wanted"
    one = f"SELECT * FROM {table} WHERE neighbourhood = :n AND {by} = wanted LIMIT 1"  # noqa: S608
    return f"SELECT {names} {wanted} CROSS JOIN LATERAL ({one}) AS t"


def _numbers(values: Collection[int], dialect: str) -> str:
    """A list for ``_look_up``: an array literal for PostgreSQL, a JSON array for SQLite."""
    listed = ",".join(map(str, values))
    return f"{{{listed}}}" if dialect == "postgresql" else f"[{listed}]"


def _uuids(values: Iterable[UUID], dialect: str) -> str:
    """The same of ids, as the columns hold them."""
    hexes = [f"{value.int:032x}" for value in values]
    return "{" + ",".join(hexes) + "}" if dialect == "postgresql" else '["' + '","'.join(hexes) + '"]'


def _statements(dialect: str) -> dict[str, sa.TextualSelect]:
    known = _look_up(ENTRY, "id", "ids", dialect)
    ended = _look_up(ENTRY, "pending_id", "pending", dialect)
    return {
        "known": sa.text(known).columns(*ENTRY),
        "known_and_ended": sa.text(f"{known} UNION ALL {ended}").columns(*ENTRY),
        "accounts": sa.text(_look_up(ACCOUNT, "id", "ids", dialect)).columns(*ACCOUNT),
    }


_BY_DIALECT = {dialect: _statements(dialect) for dialect in ("sqlite", "postgresql")}

_newest = sa.select(T.seq, T.booked_us).where(T.neighbourhood == N).order_by(T.seq.desc()).limit(1).subquery("newest")
_ended = transfers.alias("ended")
# Whatever is due up to the newest entry has lapsed before it was booked: only what lies between is looked at.
_head_and_due = sa.select(_newest.c.seq, _newest.c.booked_us, *ENTRY).select_from(
    _newest.outerjoin(
        transfers,
        sa.and_(
            T.neighbourhood == N,
            T.expires_at_us >= _newest.c.booked_us,
            T.expires_at_us <= sa.bindparam("until"),
            ~sa.exists().where(_ended.c.neighbourhood == T.neighbourhood, _ended.c.pending_id == T.id),
        ),
    )
)

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
_BULK_INSERT = (  # names are our own
    f"INSERT INTO ledger_transfers ({', '.join(_TRANSFER_NAMES)}) VALUES ({', '.join('?' * len(_TRANSFER_NAMES))})"  # noqa: S608
)
_BULK_UPDATE = (
    "UPDATE ledger_accounts SET debits_posted = ?, credits_posted = ?, debits_pending = ?, credits_pending = ? "
    "WHERE neighbourhood = ? AND id = ?"
)


# --- reading ---------------------------------------------------------------------------------------------------------


def head_and_due(tx: Tx, until_us: int) -> tuple[int, int, list[Entry]]:
    """The newest entry's ``seq`` and time (0 and 0 in empty books), and what is pending though due by ``until_us``."""
    rows = tx.rows(_head_and_due, {"n": tx.neighbourhood, "until": until_us})
    if not rows:
        return 0, 0, []
    seq, booked_us = rows[0][:2]
    return seq, booked_us, [Entry._make(row[2:]) for row in rows if row[2] is not None]


def known(tx: Tx, ids: Collection[UUID], pending_ids: Collection[UUID]) -> list[Entry]:
    """The entries under these ids, those that are or end the pending ones named, each once."""
    statements = _BY_DIALECT[tx.dialect]
    params = {"n": tx.neighbourhood, "ids": _uuids([*ids, *pending_ids], tx.dialect)}
    if not pending_ids:
        return [Entry._make(row) for row in tx.rows(statements["known"], params)]
    rows = tx.rows(statements["known_and_ended"], params | {"pending": _uuids(pending_ids, tx.dialect)})
    return [Entry._make(row) for row in rows]


def accounts_of(tx: Tx, keys: Mapping[int, AccountKey | None]) -> list[Account]:
    """The accounts under these ids; a key given with an id must be the account's own.

    Raises ``LedgerConflict`` (``ledger.account_id_taken``) where it isn't.
    """
    params = {"n": tx.neighbourhood, "ids": _numbers(sorted(keys), tx.dialect)}
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
    tx: Tx, *, book: str | None, code: str | None, owner_prefix: str | None, unit: str | None
) -> list[Account]:
    """Accounts by parts of their keys, in order of key; ``None`` leaves a part open."""
    wanted = sa.select(*ACCOUNT).where(A.neighbourhood == tx.neighbourhood)
    for column, value in ((A.book, book), (A.code, code), (A.unit, unit)):
        if value is not None:
            wanted = wanted.where(column == str(value))
    if owner_prefix:  # not LIKE, which is blind to case on SQLite
        wanted = wanted.where(sa.func.substr(A.owner, 1, len(owner_prefix)) == owner_prefix)
    return sorted((_account(row) for row in tx.rows(wanted)), key=lambda account: account.key)


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
