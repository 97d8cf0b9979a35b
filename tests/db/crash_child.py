"""A program that writes until it is killed: run by test_crash.py as ``python crash_child.py URL FIRST``.

Every use case writes the two halves of one number; a number goes to standard output once its write was acknowledged.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, insert

from madang.db import Database, Tx, open_database

halves = Table(
    "halves",
    MetaData(),
    Column("neighbourhood", Text, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("half", BigInteger, primary_key=True, autoincrement=False),
)
ADD = insert(halves)


def write_both(tx: Tx, n: int) -> None:
    for half in (0, 1):
        tx.many(ADD, [{"neighbourhood": tx.neighbourhood, "n": n, "half": half}])


def client(db: Database, numbers: itertools.count[int], neighbourhood: str) -> None:
    while True:
        n = next(numbers)
        db.write(lambda tx, n=n: write_both(tx, n), neighbourhood=neighbourhood)  # type: ignore[misc]
        os.write(1, b"%d\n" % n)


def main(url: str, first: int) -> None:
    db = open_database(url, migrate=False)
    db.write(lambda tx: halves.create(tx.connection, checkfirst=True), neighbourhood="n1")
    numbers = itertools.count(first)
    for i in range(8):
        threading.Thread(target=client, args=(db, numbers, f"n{i % 2}"), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
