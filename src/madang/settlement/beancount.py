"""The money book as a Beancount ledger, for an accountant and as an independent check (``bean-check`` accepts it). Pure
text: nothing of Beancount's own code is used.

Beancount counts debits positive, as our ``debit - credit``: assets and expenses come out positive, liabilities and
income negative. Only what has moved is exported; the balances at the end stand as assertions, so that the other program
adds up everything again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, Role, business_date
from madang.ledger import AccountKey, Book, Kind, Limit
from madang.ledger import records as ledger_records

ROOTS = {
    "funding": "Assets", "gateway": "Assets", "account": "Assets", "tab": "Assets", "upstream": "Assets",
    "paid_out": "Assets", "voucher_subsidy": "Assets", "written_off": "Expenses", "delay_interest": "Expenses",
    "sales": "Income", "sales_exempt": "Income", "commission": "Income",
}  # fmt: skip
"""Where a code of the chart lies; any other is a liability where it cannot run negative, else an asset."""


def export(tx: Tx, by: Actor, *, title: str = "Madang") -> str:
    """The whole money book of the neighbourhood."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)
    keys = {a.id: a.key for a in ledger_records.all_accounts(tx) if a.key.book == Book.MONEY}
    first, last = "", ""
    bodies: list[str] = []
    sums: dict[AccountKey, int] = {}
    for entry in ledger_records.entries_after(tx, 0):
        if entry.debit not in keys or entry.kind not in (Kind.SINGLE, Kind.POST):
            continue
        day = str(business_date(entry.booked_us))
        first, last = first or day, day
        debit, credit = keys[entry.debit], keys[entry.credit]
        sums[debit] = sums.get(debit, 0) + entry.amount
        sums[credit] = sums.get(credit, 0) - entry.amount
        bodies.append(_transaction(day, entry, debit, credit))
    return "\n".join([*_head(title), *_opens(sums, first), *bodies, *_balances(sums, last), ""])


def name_of(key: AccountKey) -> str:
    """An account's Beancount name: the code's words and the owner's, with a hash where a sign had to go."""
    owner = re.sub(r"[^A-Za-z0-9]+", "-", key.owner).strip("-")
    if owner != key.owner or owner[:1].islower():
        owner = f"{owner}-{hashlib.sha256(key.owner.encode()).hexdigest()[:6]}"
    code = "".join(part.capitalize() for part in key.code.split("_"))
    return f"{_root(key)}:{code}:{'X' if not owner[:1].isalnum() else ''}{owner[:1].upper()}{owner[1:]}"


def _root(key: AccountKey) -> str:
    if key.code in ROOTS:
        return ROOTS[key.code]
    line = ledger.code_of(key.book, key.code)
    return "Liabilities" if line is None or line.limit is Limit.DEBITS_WITHIN_CREDITS else "Equity"


def commodity(unit: str) -> str:
    """KRW stays; any other unit becomes a commodity's name."""
    text = re.sub(r"[^A-Z0-9]+", "", unit.upper())
    return unit if unit == "KRW" else f"U{text[:12]}{hashlib.sha256(unit.encode()).hexdigest()[:6].upper()}"


def _head(title: str) -> list[str]:
    return [f'option "title" "{_quoted(title)}"', 'option "operating_currency" "KRW"', ""]


def _opens(sums: dict[AccountKey, int], first: str) -> Iterator[str]:
    for key in sorted(sums):
        yield f"{first} open {name_of(key)} {commodity(key.unit)}"
    yield ""


def _transaction(day: str, entry: ledger.Entry, debit: AccountKey, credit: AccountKey) -> str:
    unit = commodity(debit.unit)
    return (
        f'{day} * "{_quoted(entry.cause)}"\n  id: "{entry.id}"\n'
        f"  {name_of(debit)}  {entry.amount} {unit}\n  {name_of(credit)}  {-entry.amount} {unit}\n"
    )


def _balances(sums: dict[AccountKey, int], last: str) -> Iterator[str]:
    if not last:
        return
    year, month, day = map(int, last.split("-"))
    after = business_date(0).replace(year=year, month=month, day=day) + timedelta(days=1)
    for key, amount in sorted(sums.items()):
        yield f"{after} balance {name_of(key)} {amount} {commodity(key.unit)}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
