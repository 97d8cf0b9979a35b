"""The engine's own process: ``python -m madang.walkout.runner``, commands on stdin, updates on stdout.

It reads the raw sensor log itself, up to where it is told, so that a live shop and a replay are the same thing.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from madang.kernel import Unavailable
from madang.kernel.cycles import SELDOM
from madang.walkout import snapshots
from madang.walkout.belief import Belief
from madang.walkout.model import Begin, Done, Frame, FromEngine, Go, Note, Passing, ToEngine, Trouble, Unreadable
from madang.walkout.pipes import read_frame, write_frame
from madang.walkout.sensorlog import LogReader

CLOCK_EVERY_US = 5_000_000
"""A frame is sent at least this often in shop time, even an empty one: timers follow it."""

NEVER_US = 1 << 62

_encode = msgspec.msgpack.Encoder().encode
_command = msgspec.msgpack.Decoder(ToEngine).decode


class Runner:
    """Follows commands until its stdin ends."""

    def __init__(self, begin: Begin, out: IO[bytes]) -> None:
        self._begin, self._out = begin, out
        self._run, self._folder = begin.run, Path(begin.snapshots)
        self.belief = self._restored()
        if begin.passing:
            self.belief.engine.glimpse()
        self._reader = LogReader(Path(begin.log), self.belief.position)
        self._applied = begin.run.seq
        self._saved_us = self.belief.next_tick_us
        self._busy_s = time.process_time()
        self._writing: threading.Thread | None = None
        again: tuple[Passing, ...] = (*self.belief.carts.values(), *self.belief.ill.values())
        if again:
            self._send(Frame(self.belief.next_tick_us, self.belief.position, self.belief.seq + 1, (), again))

    def _restored(self) -> Belief:
        """The latest snapshot that is not ahead of the database, or the beginning of the run."""
        found = snapshots.newest(
            self._folder,
            run=self._run.number,
            print_=self._run.fingerprint,
            seq_max=self._run.seq,
            position_max=self._begin.end,
        )
        if found is not None:
            assert isinstance(found.state, Belief)
            return found.state
        return Belief(self._run.store, self._run.start)

    def go(self, command: Go) -> None:
        """Read the log up to where it is told, saying everything on the way."""
        self._applied = command.applied
        try:
            self._read(command.upto)
        except Unavailable as fault:  # beginning again would meet the same place: whoever runs the shop must see to it
            self._send(Unreadable(fault.details["file"], fault.details["fault"]))
            self._out.flush()
            return
        now_s = time.process_time()
        self._send(Done(self.belief.position, now_s - self._busy_s))
        self._busy_s = now_s
        self._out.flush()

    def _read(self, upto: int) -> None:
        for placed in self._reader.read(upto):
            try:
                for frame in self.belief.feed(placed):
                    self._say(frame)
            except Exception as fault:  # a record the engine cannot bear must not stop the shop
                self.belief.position = placed.end
                self._send(Trouble(placed.end, placed.record.arrival_us, f"{type(fault).__name__}: {fault}"))
            if self.belief.next_tick_us - self._saved_us >= self._begin.snapshot_every_s * 1_000_000:
                self._save()

    def _say(self, frame: Frame) -> None:
        passing = frame.passing if self._begin.passing else ()
        due = frame.t_us - self.belief.clock_us >= CLOCK_EVERY_US
        if frame.lasting or passing or due:
            self._send(msgspec.structs.replace(frame, passing=passing))
        if due:
            self.belief.clock_us = frame.t_us - frame.t_us % CLOCK_EVERY_US

    def _save(self) -> None:
        """Freeze the belief now; squeezing and writing it takes ten times as long and is done beside."""
        belief = self.belief
        self._saved_us = belief.next_tick_us
        try:
            state = snapshots.frozen(belief)
        except (pickle.PicklingError, AttributeError, TypeError) as fault:
            # A snapshot is only a shortcut: without one a restart replays more of the log.
            self._send(Note(f"no snapshot: {fault}"))
            self._saved_us = NEVER_US
            return
        self.settle()
        write = partial(self._write, state, belief.position, belief.seq, self._applied)
        self._writing = threading.Thread(target=write, name="snapshot")
        self._writing.start()

    def _write(self, state: bytes, position: int, seq: int, applied: int) -> None:
        run = self._run
        snapshots.save(self._folder, run=run.number, print_=run.fingerprint, position=position, seq=seq, state=state)
        snapshots.thin(self._folder, run=run.number, seq_applied=applied)

    def settle(self) -> None:
        """Wait until the snapshot under way is written."""
        if self._writing is not None:
            self._writing.join()
            self._writing = None

    def _send(self, said: FromEngine) -> None:
        write_frame(self._out, _encode(said))


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # these are the parent's to hear; our stdin then ends
    commands, out = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not end up among the updates
    runner: Runner | None = None
    while (body := read_frame(commands)) is not None:
        command = _command(body)
        if isinstance(command, Begin):
            runner = Runner(command, out)
            gc.freeze()  # what stays is not looked through again, which held a cart up for a tenth of a second
            gc.set_threshold(*SELDOM)
        else:
            assert runner is not None
            runner.go(command)
        out.flush()
    if runner is not None:
        runner.settle()


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
