"""A program that appends facts and reads them with effects, until it is killed: ``python -m … DATABASE``."""

from __future__ import annotations

import sys

from tests.journal.sample_facts import Counted, counted, repeat

from madang import journal
from madang.db import open_database
from madang.journal import Reader
from madang.kernel import system

BY = system("n1")


def main() -> None:
    db = open_database(sys.argv[1], migrate=False)
    reader = Reader("dies", {Counted: repeat})
    seq, _ = db.read(lambda tx: journal.head(tx, BY), neighbourhood="n1")
    print("ready", flush=True)  # noqa: T201
    while True:
        seq += 1
        futures = [
            db.submit(lambda tx, n=n: journal.append_many(tx, BY, [counted(n)]), neighbourhood="n1")
            for n in range(seq * 1000, seq * 1000 + 7)
        ]
        reader.poll(db, neighbourhood="n1", batch=5)
        for future in futures:
            future.result()


if __name__ == "__main__":
    main()
