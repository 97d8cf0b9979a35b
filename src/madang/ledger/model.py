"""The words of the books: accounts, transfers, entries, balances."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

AMOUNT_MAX = 2**53 - 1  # the largest integer that every JSON reader keeps exact
TURNOVER_MAX = 2**62  # of one account and side: fits a signed 64-bit column with room to spare
TRANSFERS_MAX = 8_190  # in one call, as in TigerBeetle
TEXT_MAX = 200  # characters in each part of an account key and in a cause


class Book(StrEnum):
    """The four books; an account and both ends of a transfer lie in one of them."""

    MONEY = "money"
    GOODS = "goods"
    CAPACITY = "capacity"
    HOURS = "hours"


class Limit(StrEnum):
    """What an account may not do; pending amounts going out count, pending amounts coming in don't."""

    NONE = "none"
    DEBITS_WITHIN_CREDITS = "debits_within_credits"
    """It can't give what it hasn't received: a shelf, a wallet, the seats of a slot."""
    CREDITS_WITHIN_DEBITS = "credits_within_debits"
    """It can't get back more than it has given: a programme's funding, a supplier's consignment."""


class AccountKey(NamedTuple):
    """What an account is found by: ``("goods", "shelf", "s1/F012", "A001:ea")``, ``("money", "wallet", key, "KRW")``.

    ``code`` names a line of the chart of accounts, ``owner`` holds opaque keys and places only, ``unit`` says what is
    counted (KRW, a voucher lot, a product in pieces or grams, a slot, minutes).
    """

    book: str
    code: str
    owner: str
    unit: str

    def __str__(self) -> str:
        return f"{self.book}:{self.code}:{self.owner}:{self.unit}"


class Kind(StrEnum):
    """What a transfer does; ``EXPIRE`` is written by the ledger only."""

    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"
    EXPIRE = "expire"


RESOLVING = frozenset({Kind.POST, Kind.VOID, Kind.EXPIRE})


class Transfer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An amount that ``debit`` gives and ``credit`` receives.

    ``id`` is made by the caller and kept before it asks, so that asking again does nothing twice. A ``POST`` or
    ``VOID`` names its pending transfer in ``pending_id`` and may leave out ``debit``, ``credit`` and ``amount``
    (all of it); a smaller amount posts a part and lets the rest go. Transfers of one ``group`` stand next to each
    other in a call and are done all or not at all. ``at_us`` (UTC microseconds) is when it happens; the books never go
    back, so it is booked then or at the time of the latest entry, whichever is later. ``cause`` says what for, in
    opaque keys. A pending transfer lapses at ``expires_at_us``.
    """

    id: UUID
    debit: AccountKey | None = None
    credit: AccountKey | None = None
    amount: int | None = None
    kind: str = Kind.SINGLE
    pending_id: UUID | None = None
    expires_at_us: int | None = None
    group: UUID | None = None
    cause: str = ""
    at_us: int


class Entry(NamedTuple):
    """A transfer as booked, with the balances it left behind; never changed, never deleted.

    ``debit`` and ``credit`` are account ids. ``debit_posted`` is the debit account's posted balance after it,
    ``debit_in`` and ``debit_out`` what was then pending towards and out of it; the same for the credit account.
    """

    seq: int
    id: UUID
    booked_us: int
    kind: str
    debit: int
    credit: int
    amount: int
    pending_id: UUID | None
    expires_at_us: int | None
    group_id: UUID | None
    cause: str
    debit_posted: int
    debit_in: int
    debit_out: int
    credit_posted: int
    credit_in: int
    credit_out: int


class Outcome(StrEnum):
    CREATED = "created"
    EXISTS = "exists"
    FAILED = "failed"


class Fault(NamedTuple):
    """Why a transfer was not made: a code without its ``ledger.`` and the values its message names."""

    code: str
    values: dict[str, Any]


class Result(NamedTuple):
    """What became of one transfer; ``entry`` is how it is booked, unless it failed with ``fault``."""

    id: UUID
    outcome: Outcome
    entry: Entry | None
    fault: Fault | None = None

    @property
    def code(self) -> str | None:
        return f"ledger.{self.fault.code}" if self.fault else None


class Balance(NamedTuple):
    """``posted`` = credits - debits; ``pending_in`` isn't spendable yet, ``pending_out`` is no longer."""

    posted: int = 0
    pending_in: int = 0
    pending_out: int = 0

    @property
    def available(self) -> int:
        return self.posted - self.pending_out


@lru_cache(maxsize=100_000)
def account_id(key: AccountKey) -> int:
    """The signed 64-bit number an account is stored under: the same for the same key, everywhere and for ever.

    A hash rather than a counter, so no process has to ask which number a key was given. Two keys of a neighbourhood
    with ten million accounts share one in fewer than one of 10^5 neighbourhoods; ``records`` compares and refuses.
    """
    assert len(key) == 4
    text = "".join(f"{len(part)}:{part}" for part in key)  # no two keys give one text
    assert text
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
