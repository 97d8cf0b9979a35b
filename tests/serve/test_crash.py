"""``kill -9`` of a shop with sensors over HTTP, at any moment and at the worst ones: the books are those of a run
nobody disturbed."""

from __future__ import annotations

import contextlib
import mmap
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
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from tests.serve.serve_shop import LAYOUT, NEIGHBOURHOOD, SHOP, Caller, free_port, made

from madang import journal, ledger, twin
from madang.db import Tx, open_database
from madang.deals import receipts
from madang.demo.wire import Mark, Wire
from madang.kernel import ManualClock, derived, system
from madang.ledger import records as ledger_records
from madang.serve import checkin, keys
from madang.twin.settings import preset
from madang.walkout import conservation, records
from madang.walkout.sensorlog import SensorLog, begun_us, segments

STAGE = Path(__file__).with_name("crash_stage.py")
BY = system(NEIGHBOURHOOD, "test")
EPOCH_US = ManualClock().now_us()
START_S = 90
BATCH_US = 200_000
AFTER_US = 9_000_000


class Batch(NamedTuple):
    """Messages that reach the shop together: when, (device, number) of each, and the request's body."""

    at_us: int
    numbers: list[tuple[str, int]]
    body: bytes


def sensors(shoppers: int) -> list[Batch]:
    """What the sensors of a short day say."""
    products = [str(product["id"]) for product in LAYOUT["products"]]
    rng = random.Random(5)
    visits = []
    for i in range(shoppers):
        lines = tuple(twin.Line(p, rng.randint(1, 2)) for p in rng.sample(products, 2))
        visits.append(twin.Visit(EPOCH_US + 2_000_000 + 7_000_000 * i, f"c{i}", lines, pace=0.0))
    stream = twin.Shop(LAYOUT, 3, preset("normal")).stream(twin.Plan(EPOCH_US, tuple(visits)))
    wire = Wire(dict[str, Mark]())
    sent = list(filter(None, [wire.convert(message) for message in stream]))
    end_us = max(at_us for at_us, one in sent if getattr(one, "event", "") == "left") + AFTER_US
    batches: list[Batch] = []
    group: list[tuple[int, Any]] = []
    for at_us, one in [*(m for m in sent if m[0] < end_us), (end_us + BATCH_US, None)]:
        if group and (one is None or at_us - group[0][0] >= BATCH_US):
            raws = [msgspec.Raw(msgspec.msgpack.encode(m)) for _, m in group]
            batches.append(Batch(group[-1][0], [(m.device, m.seq) for _, m in group], msgspec.msgpack.encode(raws)))
            group = []
        if one is not None:
            group.append((at_us, one))
    return batches


class Stage:
    """The process that starts shops, and the one it has started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.pid = folder, free_port(), 0
        self._said: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, str(STAGE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        (folder / "clock").write_bytes(EPOCH_US.to_bytes(8, "little"))
        with (folder / "clock").open("r+b") as file:
            self._clock = mmap.mmap(file.fileno(), 8)
        self.caller = Caller(f"http://127.0.0.1:{self.port}", keys.operator_key(folder))

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line.strip())

    def hear(self) -> str:
        return self._said.get(timeout=START_S)

    def open(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self.folder} {self.port}\n")
        self.pid = int(self.hear())

    def until_open(self) -> bool:
        """False when it was killed first."""
        said = self.hear()
        assert said in ("open", "gone"), said
        if said == "gone":
            self.pid = 0
        return said == "open"

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def is_gone(self) -> bool:
        """True once it is killed; waits for the news a little."""
        with contextlib.suppress(queue.Empty):
            said = self._said.get(timeout=3)
            assert said == "gone", said
            self.pid = 0
        return self.pid == 0

    def gone(self) -> None:
        if self.pid:
            said = self.hear()
            assert said == "gone", said
            self.pid = 0

    def engine(self) -> int | None:
        """The engine's process, when there is one."""
        with contextlib.suppress(OSError):
            for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
                if b"runner" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
            for task in Path(f"/proc/{self.pid}/task").iterdir():
                for child in (task / "children").read_text().split():
                    if b"runner" in Path(f"/proc/{child}/cmdline").read_bytes():
                        return int(child)
        return None

    def set_clock(self, at_us: int) -> None:
        self._clock[:8] = at_us.to_bytes(8, "little")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._thread.join()
        self._process.stdout.close()
        self._clock.close()
        self.caller.close()


class Trouble:
    """When to kill what: called before every batch, in a thread of its own while it goes on."""

    def __init__(self, stage: Stage, rng: random.Random, kinds: list[str]) -> None:
        self._stage, self._rng, self._left = stage, rng, kinds
        self.met: list[str] = []
        self._next = rng.randint(3, 10)
        self._thread: threading.Thread | None = None

    def before(self, count: int) -> None:
        """``count`` batches were sent since the last start."""
        if not self._left or count < self._next:
            return
        self._next = count + 10**9
        kind = self._left.pop()
        act: Callable[[], None] = {"any": self._any, "engine": partial(self._engine, count), "torn": self._any}.get(
            kind, lambda: self._at(kind)
        )
        self._thread = threading.Thread(target=act, daemon=True)
        self.met.append(kind)
        self._thread.start()

    def again(self) -> None:
        """The shop was opened again."""
        self._next = self._rng.randint(3, 12)

    def join(self) -> bool:
        """Wait for what is under way; True when there was something since this was last asked."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        return thread is not None

    def _any(self) -> None:
        time.sleep(self._rng.uniform(0, 0.3))
        self._stage.kill()

    def _engine(self, count: int) -> None:
        """Only the engine dies; the shop goes on."""
        time.sleep(self._rng.uniform(0, 0.3))
        pid = self._stage.engine()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._next = count + 15

    def _at(self, kind: str) -> None:
        """In the middle of beginning a segment, or of writing a snapshot."""
        deadline = time.monotonic() + 20
        before = self._state(kind)
        while time.monotonic() < deadline and self._state(kind) == before:
            time.sleep(0.0005)
        self._stage.kill()

    def _state(self, kind: str) -> list[str]:
        folder = self._stage.folder / "shops" / SHOP / ("sensorlog" if kind == "segment" else "snapshots")
        with contextlib.suppress(FileNotFoundError):
            return sorted(os.listdir(folder))
        return []


class Evidence(NamedTuple):
    """All that a run left behind which must not depend on how often it was killed."""

    receipts: dict[str, Any]
    facts: dict[str, Any]
    transfers: dict[str, Any]
    balances: dict[str, int]
    run: int


def evidence(folder: Path) -> Evidence:
    """Read a finished run; what must hold in any run is asserted on the way."""
    with open_database(f"sqlite:///{folder / 'madang.db'}") as db:
        return db.read(_read, neighbourhood=NEIGHBOURHOOD)


def _read(tx: Tx) -> Evidence:
    books = ledger.check(tx)
    assert books.ok, books.differences
    assert journal.verify(tx, BY).ok
    assert conservation.differences(tx, BY, SHOP) == []
    found = receipts.find(tx, BY, shop=SHOP, limit=200).rows
    said = {str(r.id): (r.person, r.at_us, r.total_krw, r.lines, r.decision, r.confidence) for r in found}
    facts: dict[str, Any] = {}
    after = 0
    while page := journal.read(tx, BY, after=after):
        after = page[-1].seq
        facts |= {
            str(f.id): (f.kind, f.at_us, f.subject, f.actor_key, f.body)
            for f in page
            if not f.kind.startswith("sensors.")  # alarms: what was noticed of the sensors while the shop was up
        }
    transfers = {str(e.id): (e.kind, e.debit, e.credit, e.amount) for e in ledger_records.entries_after(tx, 0)}
    balances = {str(key): balance.posted for key, balance in ledger.balances(tx).items()}
    run = records.last_run(tx, SHOP)
    assert run is not None
    return Evidence(said, facts, transfers, balances, run.number)


def play(folder: Path, batches: list[Batch], kinds: list[str]) -> list[str]:
    """Send everything, whatever is killed meanwhile; what was met."""
    rng = random.Random(11)
    stage = Stage(folder)
    trouble = Trouble(stage, rng, list(kinds))
    try:
        stage.open()
        assert stage.until_open()
        at = count = 0
        while at < len(batches):
            trouble.before(count)
            batch = batches[at]
            stage.set_clock(batch.at_us)
            try:
                stage.caller.sense(batch.body)
            except httpx.TransportError:
                if stage.is_gone():
                    at, count = _open_again(stage, trouble, batches, at, rng), 0
                continue  # else it was only slow, or a connection lapsed: what is sent again is counted, not taken
            at, count = at + 1, count + 1
            time.sleep(0.004)
            if at == len(batches) and trouble.join() and stage.is_gone():  # killed at the very end
                at, count = _open_again(stage, trouble, batches, at, rng), 0
        _settle(stage)
    finally:
        if stage.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(stage.pid, signal.SIGTERM)
            stage.gone()
        stage.close()
    return trouble.met


def _open_again(stage: Stage, trouble: Trouble, batches: list[Batch], at: int, rng: random.Random) -> int:
    """Start the shop again; where its sensors go on."""
    trouble.join()
    if trouble.met and trouble.met[-1] == "torn":
        stage.set_clock(tear(stage.folder, rng))
    stage.open()
    assert stage.until_open()
    trouble.again()
    known = {}
    for device in {device for batch in batches for device, _ in batch.numbers}:
        known[device] = patiently(lambda d=device: stage.caller.get(f"/v1/sensors/devices/{d}")).json()  # type: ignore[misc]
    for i, batch in enumerate(batches):
        if any(n >= known[d]["next_seq"] or n in known[d]["gaps"] for d, n in batch.numbers):
            return min(i, at)
    return at


def patiently(ask: Callable[[], Any]) -> Any:
    """A server that says it is open may need a moment until it takes connections."""
    for _ in range(50):
        with contextlib.suppress(httpx.TransportError):
            return ask()
        time.sleep(0.1)
    return ask()


def _settle(stage: Stage) -> None:
    """Until everything that was logged is applied."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        said = patiently(stage.caller.status)["log"]
        if said["applied"] >= said["end"]:
            time.sleep(0.3)
            return
        time.sleep(0.1)
    raise AssertionError("the engine does not catch up")


def tear(folder: Path, rng: random.Random) -> int:
    """Take away what a loss of power could have: the end of the log that nothing in the database depends on. When the
    last of what is left came: time goes on from there, or everybody in the shop would be taken for unseen since then,
    and how long that is depends on how far a busy machine was behind."""
    with sqlite3.connect(folder / "madang.db") as db:
        applied = db.execute("select max(position) from walkout_runs").fetchone()[0] or 0
    db.close()
    home = folder / "shops" / SHOP / "sensorlog"
    log = SensorLog(home)
    loose = log.end - applied
    log.close()
    if loose > 0:
        path = segments(home)[-1][1]
        os.truncate(path, max(0, path.stat().st_size - rng.randint(0, loose)))
    log = SensorLog(home)  # cuts what is only half there
    came_us = [record.arrival_us for record in log.tail()] or [begun_us(path) for _, path in segments(home)]
    log.close()
    return came_us[-1] if came_us else EPOCH_US


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a shop, and people with codes."""
    home = tmp_path / "shop"
    home.mkdir()
    url = f"sqlite:///{home / 'madang.db'}"
    made(home, url)
    with open_database(url) as db:
        for i in range(20):
            db.write(
                lambda tx, i=i: checkin.check_in(
                    tx, BY, f"c{i}", id=derived("check in", i), at_us=EPOCH_US, top_up_krw=30_000
                ),
                neighbourhood=NEIGHBOURHOOD,
            )
    return home


@contextlib.contextmanager
def compared(shop: Path, tmp_path: Path, shoppers: int, *, times: bool = True) -> Iterator[tuple[Path, list[Batch]]]:
    """A copy of the shop to kill; at the end it must be as the one nobody disturbed.

    ``times`` False leaves out when things were told: a gate that speaks while the shop is down is heard when it is up
    again, and its receipt is that much later.
    """
    batches = sensors(shoppers)
    for name in ("whole", "broken"):
        shutil.copytree(shop, tmp_path / name)
    play(tmp_path / "whole", batches, [])
    yield tmp_path / "broken", batches
    expected, got = evidence(tmp_path / "whole"), evidence(tmp_path / "broken")
    assert (expected.run, got.run) == (1, 1)
    assert len(expected.receipts) >= shoppers // 2, "too little was bought to compare"
    if times:
        assert got.receipts == expected.receipts
        assert _timeless(got.facts) == _timeless(expected.facts)  # a move that a kill held up is told later
        assert got.transfers == expected.transfers
        assert got.balances == expected.balances
        return
    assert _timeless(got.receipts) == _timeless(expected.receipts)
    assert {id: one[0] for id, one in got.facts.items()} == {id: one[0] for id, one in expected.facts.items()}
    assert set(got.transfers) == set(expected.transfers)  # hours worked and waited follow the times


def _timeless(receipts: dict[str, Any]) -> dict[str, Any]:
    """Receipts, facts without when they were told."""
    return {id: (one[0], *one[2:]) for id, one in receipts.items()}


@pytest.mark.slow
def test_a_shop_killed_at_its_worst_moments_has_the_books_of_one_that_was_not(shop: Path, tmp_path: Path) -> None:
    kinds = ["torn", "snapshot", "engine", "segment", "any"]
    with compared(shop, tmp_path, shoppers=3) as (folder, batches):
        met = play(folder, batches, kinds)
        assert met, "nothing was killed, so nothing was proved"  # how many fit depends on the machine's pace


@pytest.mark.soak
def test_a_shop_killed_many_times_has_the_books_of_one_that_was_not(shop: Path, tmp_path: Path) -> None:
    kinds = random.Random(3).choices(["torn", "snapshot", "engine", "segment", "any"], k=30)
    with compared(shop, tmp_path, shoppers=14, times=False) as (folder, batches):
        met = play(folder, batches, kinds)
        assert met, "nothing was killed, so nothing was proved"  # 12 and more on idle cores
