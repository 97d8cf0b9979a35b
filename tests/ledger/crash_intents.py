"""A client that is killed: run by test_ledger_crash.py as ``python crash_intents.py URL INTENTS``.

It writes each intent to a file before it sends it, as every caller of the ledger does with the ids it makes.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from tests.ledger.books_in_use import OUTSIDE, wallet

from madang import ledger
from madang.db import open_database
from madang.kernel import SystemClock, Uuid7


def intent(ids: Uuid7, rng: random.Random, at_us: int) -> list[dict[str, Any]]:
    """A purchase of two legs that are done together or not at all."""
    group = ids.new()
    buyer, maker = rng.sample(range(8), 2)
    return [
        {"id": ids.new(), "group": group, "debit": None, "credit": buyer, "amount": 70, "at_us": at_us},
        {"id": ids.new(), "group": group, "debit": buyer, "credit": maker, "amount": 50, "at_us": at_us},
    ]


def transfers_of(plain: list[dict[str, Any]]) -> list[ledger.Transfer]:
    def key(n: int | None) -> ledger.AccountKey:
        return OUTSIDE if n is None else wallet(f"person-{n}")

    return [
        ledger.Transfer(
            id=UUID(str(leg["id"])),
            group=UUID(str(leg["group"])),
            debit=key(leg["debit"]),
            credit=key(leg["credit"]),
            amount=leg["amount"],
            at_us=leg["at_us"],
        )
        for leg in plain
    ]


def main(url: str, file: Path) -> None:
    clock = SystemClock()
    ids, rng = Uuid7(clock), random.Random()
    with open_database(url, migrate=False) as db, file.open("ab") as intents:
        while True:
            plain = intent(ids, rng, clock.now_us())
            intents.write(msgspec.json.encode(plain) + b"\n")
            intents.flush()
            db.write(lambda tx, plain=plain: ledger.post(tx, transfers_of(plain)), neighbourhood="n1")  # type: ignore[misc]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
