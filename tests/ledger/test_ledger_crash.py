"""Killed between intent and answer and told again, and failing at every single statement: nothing lost or doubled."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.ledger.books_in_use import OUTSIDE, DatabasePlace, codes, hold, move, settle, wallet
from tests.ledger.crash_intents import transfers_of

from madang import ledger
from madang.db import Database, open_database
from madang.kernel import Unavailable, derived

ROOT = Path(__file__).parents[2]
MINA, JUN = wallet("mina"), wallet("jun")


def run_until_killed(url: str, intents: Path, lines: int) -> None:
    """Kill the client once it has written ``lines`` more intents."""
    goal = len(intents.read_bytes().splitlines()) + lines if intents.exists() else lines
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    program = [sys.executable, "-m", "tests.ledger.crash_intents", url, str(intents)]
    with subprocess.Popen(program, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as child:
        while not intents.exists() or len(intents.read_bytes().splitlines()) < goal:
            assert child.poll() is None, child.stderr and child.stderr.read().decode()
            time.sleep(0.002)  # another process's progress is waited for, not a clock
        child.kill()
    forget_torn(intents)


def forget_torn(intents: Path) -> None:
    """Cut off an intent that was half written: a kill may end a write at the end of a page; it was never sent."""
    written = intents.read_bytes()
    with intents.open("r+b") as file:
        file.truncate(written.rfind(b"\n") + 1)


def replay(url: str, intents: Path) -> Counter[str]:
    """Send every intent again, one call each as before."""
    outcomes: Counter[str] = Counter()
    with open_database(url, migrate=False, durable=False) as db:
        calls = [transfers_of(msgspec.json.decode(line)) for line in intents.read_bytes().splitlines()]
        answers = [db.submit(partial(ledger.post, transfers=call), neighbourhood="n1") for call in calls]
        for answer in answers:
            outcomes.update(codes(answer.result()))
        assert DatabasePlace(db).check().ok
    return outcomes


def kill_and_replay(url: str, intents: Path, kills: int, replay_every: int) -> None:
    for kill in range(1, kills + 1):
        run_until_killed(url, intents, lines=1 + 19 * (kill % 3))
        with open_database(url, migrate=False, durable=False) as db:
            booked = DatabasePlace(db).check()
        assert booked.ok, booked.differences
        assert booked.seq % 2 == 0, "half a group was booked"
        if kill % replay_every == 0:
            sent = 2 * len(intents.read_bytes().splitlines())
            assert sent - booked.seq <= 2 * replay_every, "an answer was given before its commit"
            first, second = replay(url, intents), replay(url, intents)
            assert first == Counter(exists=booked.seq, created=sent - booked.seq) - Counter()
            assert second == Counter(exists=sent)


def test_an_intent_half_written_is_no_intent(tmp_path: Path) -> None:
    intents = tmp_path / "intents"
    for written, kept in ((b"[1]\n[2]\n", b"[1]\n[2]\n"), (b"[1]\n[2", b"[1]\n"), (b"[1", b"")):
        intents.write_bytes(written)
        forget_torn(intents)
        assert intents.read_bytes() == kept


def test_what_was_sent_before_a_kill_is_booked_once_after_two_replays(db_url: str, tmp_path: Path) -> None:
    kill_and_replay(db_url, tmp_path / "intents", kills=2, replay_every=1)


@pytest.mark.soak
def test_thirty_kills_lose_and_double_nothing(db_url: str, tmp_path: Path) -> None:
    kill_and_replay(db_url, tmp_path / "intents", kills=30, replay_every=6)


class FailpointError(Exception):
    """A statement that a test made fail."""


@contextlib.contextmanager
def failing_at(db: Database, n: int) -> Iterator[list[str]]:
    """The ``n``-th statement of the writer fails before it runs; gives the statements that were run."""
    kind, run = type(db._link(db._reading)), list[str]()
    real = {name: getattr(kind, name) for name in ("fetch", "execute_many")}

    def failing(name: str) -> Any:
        def statement(link: Any, compiled: Any, bound: Any) -> Any:
            if len(run) == n:
                raise FailpointError(name)
            run.append(name)
            return real[name](link, compiled, bound)

        return statement

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(kind, name, failing(name))
        yield run


def test_a_failure_at_any_statement_leaves_the_books_as_they_were(db: Database) -> None:
    place = DatabasePlace(db)
    place.post(move("in", OUTSIDE, MINA, 100), hold("lapses", MINA, JUN, 10, until=5), hold("held", MINA, JUN, 20))
    call = [
        move("new", OUTSIDE, wallet("new"), 5, at=10, group=derived("g")),
        settle("post", "post", "held", 15, at=10, group=derived("g")),
        move("again", OUTSIDE, MINA, 1, at=11),
    ]
    before = place.balances(), place.check().seq
    for n in range(100):
        try:
            with failing_at(db, n) as run:
                results = db.write(lambda tx: ledger.post(tx, call), neighbourhood="n1")
        except (FailpointError, Unavailable):
            assert (place.balances(), place.check().seq) == before
            assert place.check().ok
            continue
        assert codes(results) == ["created"] * 3
        assert n >= 4, "a read and three writes"
        assert run.count("execute_many") >= 3
        break
    assert codes(place.post(*call)) == ["exists"] * 3
    assert place.check().ok
    assert place.balance(MINA).posted == 86
