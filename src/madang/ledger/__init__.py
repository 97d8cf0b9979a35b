"""Ledger: one double-entry engine for everything that must not appear or vanish: money, goods, capacity, hours.

``post`` moves integer amounts between accounts, once for each id its caller made; ``balance``, ``balances`` and
``statement`` tell what is there, now or at any past moment; ``expire`` times out what is pending; ``check``
recomputes all of it from the transfers. The model and every error are in ``docs/ledger.md``.
"""

from madang.ledger.audit import Audit, BookReport, BooksReport
from madang.ledger.chart import chart, code_of, declare_code
from madang.ledger.errors import LedgerConflict, LedgerError, LedgerInvalid, LedgerNotFound
from madang.ledger.model import AccountKey, Balance, Book, Entry, Kind, Limit, Outcome, Result, Transfer
from madang.ledger.service import (
    Line,
    balance,
    balances,
    booked,
    check,
    close,
    expire,
    flows,
    goods,
    post,
    post_each,
    statement,
)

__all__ = [
    "AccountKey",
    "Audit",
    "Balance",
    "Book",
    "BookReport",
    "BooksReport",
    "Entry",
    "Kind",
    "LedgerConflict",
    "LedgerError",
    "LedgerInvalid",
    "LedgerNotFound",
    "Limit",
    "Line",
    "Outcome",
    "Result",
    "Transfer",
    "balance",
    "balances",
    "booked",
    "chart",
    "check",
    "close",
    "code_of",
    "declare_code",
    "expire",
    "flows",
    "goods",
    "post",
    "post_each",
    "statement",
]
