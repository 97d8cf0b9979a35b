"""The demo as a whole: twin's process → gateway → raw log → engine's process → deals, books, facts (and the page).

The shop's clock is the twin's: it stands at the arrival of the last message, so a run depends on nothing but its
setting, however fast it is played and however often it is killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from madang.db import Database, open_database
from madang.demo import opening, town
from madang.demo.along import Along
from madang.demo.clerk import Clerk
from madang.demo.sender import Coming, End, Said, Sent, Start, Truth
from madang.demo.setting import NEIGHBOURHOOD, SCRIPT, SHOP, Script, Setting, script_of
from madang.demo.wire import Mark
from madang.doors import Gateway
from madang.jobs import Job
from madang.kernel import ManualClock, Unavailable
from madang.kernel.clock import MINUTE_US, SECOND_US
from madang.walkout.engine_process import EngineProcess
from madang.walkout.pipes import read_frame, write_frame
from madang.walkout.shop import LiveShop, Viewer, open_log

TOGETHER_MAX = 64
"""Messages handed to the gateway at once."""
LAG_BYTES_MAX = 2 << 20
PACED_LAG_BYTES_MAX = 200 << 10
"""How far the engine may fall behind the gateway before the twin waits; where somebody watches, some seconds."""
KEEP_LOG_US = 30 * MINUTE_US
"""The demo keeps so much of the raw log beyond what a restart needs; a real shop keeps the dispute window."""
TAIL_S = 60
"""The shop stays open so long after the last message, so that the last receipts settle."""

_encode = msgspec.msgpack.Encoder().encode
_said = msgspec.msgpack.Decoder(Said).decode


class Theatre:
    """One demo in one data folder. ``speed`` None plays as fast as the machine can; ``leave`` is how many reviews the
    simulated reviewer leaves to the desk."""

    def __init__(
        self,
        folder: Path,
        setting: Setting,
        *,
        speed: float | None,
        leave: int = 0,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder, self.setting, self.speed, self._tell = folder, setting, speed, tell
        tell("script")
        self.script: Script = script_of(folder, setting)
        self.clock = ManualClock(setting.epoch_us)
        self._engine = EngineProcess()
        self._engine.warm()  # it loads while the rest is made ready
        tell("database")
        self.db: Database = self._opened()  # its lock also guards the log: nobody else may be writing it
        self.log = open_log(folder)
        self.gateway = Gateway(self.log, clock=self.clock, plates=_plates(self.script), logged=self._logged)
        self.clock.set(max(setting.epoch_us, self.gateway.arrival_us))
        self.began_us = self.played_us = self.clock.now_us()
        self.live: LiveShop | None = None
        self._child = self._twin()
        tell("shop")
        opening.open_shop(self.db, self.script.layout, setting.epoch_us)
        self.clerk = Clerk(self.db, leave=leave)
        self.along = Along(self.db)
        self.truth: dict[str, Truth] = {}
        self.ended = threading.Event()
        self._stopping = threading.Event()
        self._swept_us = self.began_us
        self._thread = threading.Thread(target=self._feed, name="demo-feed", daemon=True)
        self.failure: BaseException | None = None

    def _opened(self) -> Database:
        try:
            return open_database(f"sqlite:///{self.folder / 'madang.db'}", clock=self.clock)
        except BaseException:
            self._engine.close()
            raise

    def start(self, *viewers: Viewer, passing: bool, rang: Callable[[Job], None] | None = None) -> None:
        """Open the doors: the engine catches up with the log, then the twin plays on."""
        self._tell("engine")
        self.clerk.open()
        self.live = LiveShop(
            self.db,
            SHOP,
            self.script.layout,
            neighbourhood=NEIGHBOURHOOD,
            folder=self.folder,
            sync=self.gateway.sync,
            engine=self._engine,
            viewers=(*viewers, self.clerk),
            passing=passing,
            rang=rang,
        )
        self.live.start(log_first=self.log.first, log_end=self.log.end, at_us=self.clock.now_us())
        self._tell("twin")
        self._thread.start()

    def _twin(self) -> subprocess.Popen[bytes]:
        marks = {d.id: Mark(d.last_us, d.next_seq) for d in self.gateway.health() if d.batches}
        resumed = self.gateway.arrival_us or None
        start = Start(str(self.folder / SCRIPT), self.setting.seed, self.setting.quality, marks, resumed)
        child = subprocess.Popen(
            [sys.executable, "-m", "madang.demo.sender"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        assert child.stdin is not None
        write_frame(child.stdin, _encode(start))
        child.stdin.close()
        return child

    def _logged(self, end: int) -> None:
        if self.live is not None:
            self.live.logged(end)

    # --- the sensors' side ----------------------------------------------------------------------------------------
    def _feed(self) -> None:
        assert self._child.stdout is not None
        try:
            self._play(self._child.stdout)
        except BaseException as fault:
            self.failure = fault
            raise
        finally:
            self.ended.set()

    def _play(self, pipe: IO[bytes]) -> None:
        sent: list[Sent] = []
        pace = _Pace(self.clock.now_us(), self.speed)
        while not self._stopping.is_set() and (body := read_frame(pipe)) is not None:
            one = _said(body)
            if isinstance(one, Sent):
                if sent and (len(sent) == TOGETHER_MAX or pace.far(sent[0].arrival_us, one.arrival_us)):
                    self._hand_over(sent, pace)
                    sent = []
                sent.append(one)
                continue
            self._hand_over(sent, pace)
            sent = []
            if isinstance(one, Coming):
                self.along.check_in(one.credential, one.household, one.arrival_us)
            elif isinstance(one, Truth):
                self.truth[one.credential] = one
                self.clerk.hear(one)
            elif isinstance(one, End):
                self.played_us = max(self.began_us, one.arrival_us)
                self._close_up()
                return
        if not self._stopping.is_set():
            raise _twin_died(self._child.wait())

    def _hand_over(self, sent: list[Sent], pace: _Pace) -> None:
        if not sent:
            return
        pace.wait_for(sent[-1].arrival_us, self._stopping)
        self.clock.set(max(self.clock.now_us(), sent[-1].arrival_us))
        self.gateway.receive([one.body for one in sent], arrivals_us=[one.arrival_us for one in sent])
        self._sweep(sent[-1].arrival_us)
        assert self.live is not None
        lag = LAG_BYTES_MAX if self.speed is None else PACED_LAG_BYTES_MAX
        while self.gateway.end - self.live.engine.position > lag and not self._stopping.is_set():
            self.live.engine.wait_for(self.gateway.end - lag, timeout_s=0.2)
            if self.live.failure is not None:
                raise self.live.failure

    def _sweep(self, now_us: int) -> None:
        """Once a minute: delete log segments that no restart needs and that are old enough."""
        if now_us - self._swept_us >= MINUTE_US:
            assert self.live is not None
            self._swept_us = now_us
            self.gateway.destroy_before(*self.live.log_free(now_us, KEEP_LOG_US), self.live.log_destroyed)
            town.tell_neighbours(self.db, now_us)

    def _close_up(self) -> None:
        """Let the shop's time go on a little, with nothing to be sensed."""
        for _ in range(TAIL_S):
            self.clock.advance(us=SECOND_US)
            self.gateway.tick()

    # --- the end --------------------------------------------------------------------------------------------------
    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the plan is played; True when it is. Raises what stopped the shop."""
        ended = self.ended.wait(timeout_s)
        for fault in (self.failure, self.live.failure if self.live else None):
            if fault is not None:
                raise fault
        return ended

    def settle(self) -> None:
        """After the end: everything logged is applied, and every review answered."""
        assert self.live is not None
        while not self.live.settle(self.gateway.end, timeout_s=5):
            self.wait(0)
        self.clerk.work(self.clock.now_us() + 10 * MINUTE_US)

    def stop(self) -> None:
        """End cleanly; nothing is lost by ending uncleanly either."""
        self._stopping.set()
        self._child.kill()
        if self._thread.ident is not None:
            self._thread.join()
        self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()
        if self.live is not None:
            self.live.stop()
        self.log.close()
        self.db.close()


def _twin_died(status: int) -> Unavailable:
    return Unavailable(
        "demo.twin_died",
        ko="손님과 센서를 흉내 내는 프로세스가 멈췄습니다.",
        en="The process that simulates people and sensors has died.",
        next_ko="같은 명령으로 다시 시작하면 이어집니다.",
        next_en="Start the same command again; it goes on from there.",
        exit_status=status,
    )


class _Pace:
    """Keeps shop time at ``speed`` times real time, from the first message on."""

    STEP_US = 100_000

    def __init__(self, from_us: int, speed: float | None) -> None:
        self._from_us, self._speed, self._began_s = from_us, speed, time.monotonic()

    def far(self, first_us: int, next_us: int) -> bool:
        """True when two messages are too far apart to be handed over at once."""
        return self._speed is not None and next_us - first_us > self.STEP_US

    def wait_for(self, at_us: int, stopping: threading.Event) -> None:
        if self._speed is None:
            return
        due_s = self._began_s + (at_us - self._from_us) / 1e6 / self._speed
        wait_s = due_s - time.monotonic()
        if wait_s > 0:
            stopping.wait(wait_s)
        elif wait_s < -1:
            self._began_s -= wait_s  # the machine was held up; do not race after the lost time


def _plates(script: Script) -> dict[str, int]:
    """Plates per gondola, as the gateway expects them."""
    counts: dict[str, int] = {}
    for plate in script.layout["plates"]:
        counts[str(plate["gondola"])] = counts.get(str(plate["gondola"]), 0) + 1
    return counts
