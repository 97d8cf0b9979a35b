"""The live shop: follows the sensor log with an engine, applies what it says, lets time act, and shows it.

One thread does all of that in the order of the frames, so what happens depends on the log alone. Before anything is
written to the database, the log is made durable up to where it came from.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from madang import catalog, jobs
from madang.db import Database, Tx
from madang.deals.registry import declared
from madang.kernel import Actor, ManualClock, Unavailable, system
from madang.walkout import records, renewing, retention, service, snapshots
from madang.walkout.applying import Effects
from madang.walkout.engine_process import Died, EngineProcess
from madang.walkout.model import Begin, Frame, Note, Run, Trouble, Unreadable
from madang.walkout.sensorlog import Doomed, SensorLog, damaged
from madang.walkout.visits import NOBODY

TOGETHER_MAX = 40
"""Frames applied in one transaction at most ..."""
LASTING_MAX = 6
"""... and updates with consequences: a handful fits the writer's budget of 20 ms."""
TIMERS_EVERY_US = 5_000_000
BEFORE_US = 10_000_000
"""Evidence of a visit begins this long before its entry is known."""
SENSORLOG, SNAPSHOTS = "sensorlog", "snapshots"
"""Where in a shop's folder they are."""
DEATHS_MAX = 5
"""Deaths of the engine within a minute of each other that are put up with."""

log = logging.getLogger("madang.walkout")


def open_log(folder: Path) -> SensorLog:
    """A shop's sensor log, ready to be written on; what was believed beyond its end is forgotten.

    After a loss of power the log may end before a snapshot that was made of it; grown over that place with other
    records, the snapshot would be of things that never were. So this comes before anything is appended.
    """
    sensors = SensorLog(folder / SENSORLOG)
    snapshots.forget_beyond(folder / SNAPSHOTS, sensors.end)
    return sensors


class Viewer(Protocol):
    """Who is told what happened once it is safe: the live page, the demo's progress."""

    def frames(self, frames: list[Frame], effects: Effects) -> None: ...


class LiveShop:
    """``sync(position)`` makes the log durable. ``passing`` False leaves out what is only to be shown. ``believed``
    hears of every handful of frames before it is applied: what is in no book need not wait for disks."""

    def __init__(
        self,
        db: Database,
        shop: str,
        layout: dict[str, Any],
        *,
        neighbourhood: str,
        folder: Path,
        sync: Callable[[int], None],
        viewers: tuple[Viewer, ...] = (),
        passing: bool = True,
        snapshot_every_s: int = 60,
        engine: EngineProcess | None = None,
        rang: Callable[[jobs.Job], None] | None = None,
        believed: Callable[[list[Frame]], None] = lambda _frames: None,
    ) -> None:
        self.db, self.shop, self.layout, self.neighbourhood = db, shop, layout, neighbourhood
        self.engine = engine or EngineProcess()
        self.by: Actor = system(neighbourhood, f"walkout/{shop}")
        self.applied_us = 0
        self.failure: BaseException | None = None
        self._folder, self._sync, self._viewers = folder, sync, viewers
        self._passing, self._snapshot_every_s = passing, snapshot_every_s
        self._clock, self._rang, self._believed = ManualClock(0), rang, believed
        self._run: Run | None = None
        self._deaths: list[float] = []
        self._home: dict[str, str] = {}
        self._quiet = renewing.Quiet()
        self._thread = threading.Thread(target=self._follow, name=f"walkout-{shop}", daemon=True)

    @property
    def log_folder(self) -> Path:
        return self._folder / SENSORLOG

    @property
    def snapshot_folder(self) -> Path:
        return self._folder / SNAPSHOTS

    def start(self, *, log_first: int, log_end: int, at_us: int) -> Run:
        """Begin where the database is; what the log holds beyond that is told again and applied."""
        declared.check()
        snapshots.code()  # files are read here, not in the writer
        last = self._read(lambda tx: records.last_run(tx, self.shop))
        snapshot = last is not None and self._has_snapshot(last, log_end)
        self._home = self._read(lambda tx: service.home_of(catalog.facings(tx, self.by, self.shop)))
        run: Run = self.db.write(
            lambda tx: service.continue_run(
                tx,
                self.by,
                self.shop,
                self.layout,
                log_first=log_first,
                log_end=log_end,
                at_us=at_us,
                snapshot=snapshot,
            ),
            neighbourhood=self.neighbourhood,
        )
        self._run = run
        self._start_engine(run, log_end)
        self._thread.start()
        self.engine.go(log_end)
        return run

    def _has_snapshot(self, run: Run, log_end: int) -> bool:
        found = snapshots.newest(
            self.snapshot_folder, run=run.number, print_=run.fingerprint, seq_max=run.seq, position_max=log_end
        )
        return found is not None

    def _start_engine(self, run: Run, log_end: int) -> None:
        begin = Begin(
            run,
            str(self.log_folder),
            str(self.snapshot_folder),
            log_end,
            self._passing,
            self._snapshot_every_s,
        )
        self.engine.start(begin)

    def logged(self, end: int) -> None:
        """The gateway has written the log up to ``end``."""
        self.engine.go(end)

    def settle(self, position: int, *, timeout_s: float) -> bool:
        """Wait until everything up to a log position has been read by the engine and applied."""
        deadline = time.monotonic() + timeout_s
        while not self.engine.wait_for(position, timeout_s=0.2):
            if self.failure is not None or time.monotonic() > deadline:
                return False
        done = threading.Event()
        self.engine.waiting.put(Settled(done))
        while not done.wait(0.2):
            if self.failure is not None or time.monotonic() > deadline:
                return False
        return True

    def stop(self) -> None:
        """Apply what the engine has said, and end."""
        self.engine.close()
        if self._thread.ident is not None:
            self._thread.join()

    def log_free(self, now_us: int, keep_us: int) -> tuple[int, int]:
        """(position, time) before which nobody needs the log: no restart, no visit that is open, in review or disputed,
        no receipt younger than the retention."""

        def read(tx: Tx) -> tuple[Run | None, list[int]]:
            visits = [one.entered_at_us for one in records.open_visits(tx, self.shop) if one.name != NOBODY]
            return records.last_run(tx, self.shop), [
                *visits,
                *retention.needed(tx, self.by, self.shop, now_us - keep_us),
            ]

        run, came_us = self._read(read)
        kept = snapshots.oldest_needed(self.snapshot_folder, run=run.number, seq_applied=run.seq)
        needed_us = [came - BEFORE_US for came in came_us]
        return (run.start if kept is None else kept), min([now_us - keep_us, *needed_us])

    def log_destroyed(self, doomed: Doomed) -> None:
        """Put on record that a part of the sensor log is gone; told again, it is kept once."""
        self.db.write(
            lambda tx: retention.log_destroyed(tx, self.by, self.shop, doomed), neighbourhood=self.neighbourhood
        )

    # --- the thread -----------------------------------------------------------------------------------------------
    def _follow(self) -> None:
        try:
            while True:
                first = self.engine.waiting.get()
                if first is None:
                    return
                self._handle(self._more(first))
                self._renew()
                self.engine.pump()
        except BaseException as fault:
            self.failure = fault
            log.exception("walkout.stopped", extra={"shop": self.shop})

    def _more(self, first: object) -> list[object]:
        """What waits, up to a handful."""
        said = [first]
        while len(said) < TOGETHER_MAX:
            try:
                after = self.engine.waiting.get_nowait()
            except queue.Empty:
                break
            if after is None:
                self.engine.waiting.put(None)
                break
            said.append(after)
        return said

    def _handle(self, said: list[object]) -> None:
        frames: list[Frame] = []
        for one in said:
            if isinstance(one, Frame):
                if one.t_us // TIMERS_EVERY_US > self._clock.now_us() // TIMERS_EVERY_US:
                    self._apply(frames)
                    frames = []
                    self._let_time_act(one.t_us)
                if sum(len(frame.lasting) for frame in frames) >= LASTING_MAX:
                    self._apply(frames)
                    frames = []
                frames.append(one)
                continue
            self._apply(frames)
            frames = []
            self._other(one)
        self._apply(frames)

    def _other(self, one: object) -> None:
        if isinstance(one, Settled):
            one.done.set()
        elif isinstance(one, Trouble):
            self._in_trouble(one)
        elif isinstance(one, Note):
            log.warning("walkout.engine_note", extra={"shop": self.shop, "note": one.text})
        elif isinstance(one, Unreadable):
            raise damaged(Path(one.file), one.fault)
        elif isinstance(one, Died):
            self._again(one)

    def _apply(self, frames: list[Frame]) -> None:
        if not frames:
            return
        effects = Effects()
        self._believed(frames)
        if any(frame.lasting for frame in frames):
            self._sync(frames[-1].position)
            effects = self.db.write(
                lambda tx: service.apply(tx, self.shop, frames, self._home), neighbourhood=self.neighbourhood
            )
            last = frames[-1]
            self.engine.applied = max(self.engine.applied, last.seq + len(last.lasting) - 1)
        self.applied_us = frames[-1].t_us
        self._quiet.heard(frames)
        for viewer in self._viewers:
            viewer.frames(frames, effects)

    def _renew(self) -> None:
        """Where nobody is inside and the shop has learned something, the engine begins anew with it."""
        start = self._quiet.start()
        if start is None or not self._read(lambda tx: renewing.has_news(tx, self.shop)):
            return
        at_us = self.applied_us
        self.engine.rest()
        run = self.db.write(
            lambda tx: renewing.renewed(tx, self.by, self.shop, self.layout, start=start, at_us=at_us),
            neighbourhood=self.neighbourhood,
        ) or self._read(lambda tx: records.last_run(tx, self.shop))
        assert run is not None
        self._run = run
        self._quiet.begin()
        log.info("walkout.learned", extra={"shop": self.shop, "run": run.number})
        self._start_engine(run, self.engine.target)

    def _let_time_act(self, now_us: int) -> None:
        """Timers go off at the shop's time, between the frames of before and after."""
        self._clock.set(now_us)
        jobs.run_timers(self.db, self._clock, neighbourhood=self.neighbourhood, done=self._rang)

    def _in_trouble(self, trouble: Trouble) -> None:
        log.warning("walkout.engine_trouble", extra={"shop": self.shop, "fault": trouble.text})
        assert self._run is not None
        run = self._run.number
        self._sync(trouble.position)
        self.db.write(
            lambda tx: service.engine_failed(
                tx, self.by, self.shop, run, trouble.position, trouble.text, at_us=trouble.t_us
            ),
            neighbourhood=self.neighbourhood,
        )

    def _again(self, died: Died) -> None:
        """Begin the engine again where the database is."""
        now_s = time.monotonic()
        self._deaths = [at for at in self._deaths if now_s - at < 60] + [now_s]
        log.warning("walkout.engine_died", extra={"shop": self.shop, "code": died.code})
        if len(self._deaths) > DEATHS_MAX:
            raise Unavailable(
                "walkout.engine_dies",
                ko="계산 엔진이 계속 멈춥니다.",
                en="The engine process keeps dying.",
                next_ko="로그를 확인하고 다시 시작하세요.",
                next_en="Look at the log and start again.",
                status=died.code,
            )
        run = self._read(lambda tx: records.last_run(tx, self.shop))
        assert run is not None
        self._start_engine(run, self.engine.target)

    def _read(self, fn: Callable[[Any], Any]) -> Any:
        return self.db.read(fn, neighbourhood=self.neighbourhood)


class Settled(msgspec.Struct):
    """A mark among what waits: everything before it has been applied."""

    done: threading.Event
