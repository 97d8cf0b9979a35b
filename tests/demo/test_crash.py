"""``kill -9`` of the whole demo, at any moment, again and again: nothing is lost, doubled or half done."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from madang import journal, ledger
from madang.db import Tx, open_database
from madang.deals import receipts
from madang.deals.facts import ReceiptIssued
from madang.demo.opening import BY, open_shop
from madang.demo.outcome import all_deals
from madang.demo.setting import EPOCH_US, NEIGHBOURHOOD, SHOP, Setting, keep, read_script, script_of
from madang.demo.theatre import Theatre
from madang.kernel import ManualClock
from madang.ledger import records as ledger_records
from madang.members.credentials import digest_of
from madang.walkout import conservation, records
from madang.walkout.sensorlog import SensorLog, segments

STAGE = Path(__file__).with_name("crash_stage.py")


class Stage:
    """The process that starts demos, and what it says."""

    def __init__(self, baskets: int, per_hour: float) -> None:
        self._what = f"{baskets} {per_hour}"
        self._said: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, str(STAGE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line.strip())

    def play(self, folder: Path) -> int:
        """Start a demo; its process group."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{folder} {self._what}\n")
        self._process.stdin.flush()
        return int(self.hear(60))

    def hear(self, timeout_s: float) -> str:
        """The next line, or "" when there is none in time."""
        try:
            return self._said.get(timeout=timeout_s)
        except queue.Empty:
            return ""

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._thread.join()
        self._process.stdout.close()


@contextlib.contextmanager
def stage(baskets: int, per_hour: float) -> Iterator[Stage]:
    made = Stage(baskets, per_hour)
    try:
        yield made
    finally:
        made.close()


class Evidence(NamedTuple):
    """All that a run left behind which must not depend on how often it was killed."""

    receipts: dict[str, Any]
    facts: dict[str, Any]
    transfers: dict[str, Any]
    balances: dict[str, int]
    labels: list[str]
    runs: int


def evidence(folder: Path) -> Evidence:
    """Read a finished run; what must hold in any run is asserted on the way."""
    with open_database(f"sqlite:///{folder / 'madang.db'}") as db:
        return db.read(_read, neighbourhood=NEIGHBOURHOOD)


def _read(tx: Tx) -> Evidence:
    books = ledger.check(tx)
    assert books.ok, books.differences
    assert journal.verify(tx, BY).ok
    assert conservation.differences(tx, BY, SHOP) == []
    found: dict[str, Any] = {}
    for deal in all_deals(tx):
        issued = [r for r in receipts.of_deal(tx, BY, deal.id) if r.original is None]
        assert len(issued) == 1, f"{deal.data['entry']} has {len(issued)} receipts"
        assert deal.data["entry"] not in found
        lines = [(line.product, line.qty, line.grams, line.amount_krw) for line in issued[0].lines]
        found[deal.data["entry"]] = (deal.state, deal.data["said"], lines, issued[0].total_krw, issued[0].at_us)
    facts: dict[str, Any] = {}
    labels: list[str] = []
    after = 0
    while page := journal.read(tx, BY, after=after):
        after = page[-1].seq
        facts |= {str(f.id): (f.kind, f.at_us, f.subject, f.actor_kind, f.actor_key, _unnumbered(f.body)) for f in page}
        labels += [f.body.label for f in page if isinstance(f.body, ReceiptIssued)]
    transfers = {str(e.id): (e.kind, e.debit, e.credit, e.amount) for e in ledger_records.entries_after(tx, 0)}
    balances = {str(key): balance.posted for key, balance in ledger.balances(tx).items()}
    run = records.last_run(tx, SHOP)
    assert run is not None
    assert labels == sorted(set(labels)), "receipts are numbered in the order in which they were issued"
    return Evidence(found, facts, transfers, balances, sorted(labels), run.number)


def _unnumbered(body: Any) -> Any:
    """A receipt's number says who was first: a person at the desk or the engine. Kills may change that alone."""
    return msgspec.structs.replace(body, label="") if isinstance(body, ReceiptIssued) else body


def finish(show: Stage, folder: Path) -> None:
    """Play to the end without a kill."""
    show.play(folder)
    said = [show.hear(240)]
    while said[-1] not in ("gone", ""):
        said.append(show.hear(240))
    assert said == ["open", "done", "gone"], said


def killed(show: Stage, folder: Path, rng: random.Random) -> str:
    """Start, let it run for a moment, kill all of it; what it had come to (``done``: nothing was left to kill)."""
    group = show.play(folder)
    said = ""
    if rng.random() < 0.25:  # while it starts
        time.sleep(rng.uniform(0.0, 1.0))
    else:
        said = show.hear(60)
        assert not said.startswith("failed"), said
        time.sleep(rng.uniform(0.0, 1.0))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    last = said
    while (line := show.hear(60)) != "gone":
        assert line, "the stage does not answer"
        assert not line.startswith("failed"), line
        last = line
    return last


def tear(folder: Path, rng: random.Random) -> None:
    """Take away what a loss of power could have: the end of the log that nothing in the database depends on yet."""
    if not (folder / "madang.db").exists() or not segments(folder / "sensorlog"):
        return
    with sqlite3.connect(folder / "madang.db") as db:
        try:
            applied = db.execute("select max(position) from walkout_runs").fetchone()[0] or 0
        except sqlite3.OperationalError:  # killed before the first migration
            applied = 0
    db.close()
    log = SensorLog(folder / "sensorlog")
    loose = log.end - applied
    log.close()
    if loose > 0:
        path = segments(folder / "sensorlog")[-1][1]
        os.truncate(path, max(0, path.stat().st_size - rng.randint(0, loose)))


def run_of_kills(tmp_path: Path, *, kills: int, baskets: int, per_hour: float) -> Counter[str]:
    rng = random.Random(20261121)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    with stage(baskets, per_hour) as show:
        finish(show, whole)
        expected = evidence(whole)
        broken.mkdir()
        (broken / "script.msgpack").write_bytes((whole / "script.msgpack").read_bytes())
        moments: Counter[str] = Counter()
        for _ in range(kills):
            moments[killed(show, broken, rng) or "starting"] += 1
            if rng.random() < 0.3:
                tear(broken, rng)
        finish(show, broken)
    got = evidence(broken)
    assert (expected.runs, got.runs) == (1, 1), "the engine's code was changed while the test ran"
    shoppers = {
        digest_of(NEIGHBOURHOOD, v.credential or "")
        for v in read_script(whole / "script.msgpack").plan.visits
        if v.role == "customer"
    }
    assert set(got.receipts) == shoppers
    assert got.receipts == expected.receipts
    assert got.facts == expected.facts
    assert got.transfers == expected.transfers
    assert got.balances == expected.balances
    assert got.labels == expected.labels
    return moments


@pytest.mark.slow
def test_five_kills_lose_double_and_halve_nothing(tmp_path: Path) -> None:
    moments = run_of_kills(tmp_path, kills=5, baskets=8, per_hour=300)
    assert moments["open"] >= 2, f"too few kills met the shop at work: {moments}"


def opened(folder: Path, asked: Setting) -> None:
    """A demo whose shop is laid out and has its seven weeks of trade behind it, before anybody comes."""
    script = script_of(folder, keep(folder, asked))
    with open_database(f"sqlite:///{folder / 'madang.db'}", clock=ManualClock(EPOCH_US), durable=False) as db:
        open_shop(db, script.layout, asked.epoch_us)


@pytest.mark.slow
def test_engines_that_are_killed_are_started_again_and_nothing_changes(tmp_path: Path) -> None:
    asked = Setting(seed=7, baskets=4, per_hour=300, shape="corner", epoch_us=EPOCH_US)
    kills = {"whole": 0, "broken": 2}
    found: dict[str, Evidence] = {}
    opened(tmp_path / "opened", asked)
    for name, left in kills.items():
        shutil.copytree(tmp_path / "opened", tmp_path / name)
        theatre = Theatre(tmp_path / name, keep(tmp_path / name, asked), speed=None)
        theatre.start(passing=False)
        assert theatre.live is not None
        while not theatre.wait(0.3):
            if left and theatre.live.engine.position > 0:
                with contextlib.suppress(ProcessLookupError):  # on a busy machine it may not be started again yet
                    os.kill(theatre.live.engine.pid, signal.SIGKILL)
                    left -= 1
        theatre.settle()
        theatre.stop()
        assert left == 0, "the run ended before its engine could be killed"
        found[name] = evidence(tmp_path / name)
    assert found["broken"] == found["whole"]


@pytest.mark.soak
def test_hundreds_of_kills_of_a_longer_day(tmp_path: Path) -> None:
    moments = run_of_kills(tmp_path, kills=200, baskets=120, per_hour=200)
    assert moments["open"] >= 100, f"too few kills met the shop at work: {moments}"
