"""The engine process seen from the shop: started, fed with log positions, drained of frames, started again.

The engine may run ahead of the shop, but only as far as the frames that wait here allow; it never holds up the
gateway. When it dies the frames it still sent are applied first, then it begins again from what the database has.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO

import msgspec

from madang.walkout.model import Begin, Done, Frame, FromEngine, Go, Note, ToEngine, Trouble, Unreadable
from madang.walkout.pipes import read_frame, write_frame

WAITING_MAX = 400
STRIDE_BYTES = 256 << 10
"""How much of the log the engine reads between two signs of life."""
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

_encode = msgspec.msgpack.Encoder().encode
_said = msgspec.msgpack.Decoder(FromEngine).decode


class Died(msgspec.Struct, frozen=True):
    """The engine process is gone without having been asked to go."""

    code: int


class EngineProcess:
    """One engine process at a time. ``waiting`` is what it said, in order: frames, trouble, death, None at the end."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.busy_s = 0.0
        self.position = self.target = self.applied = 0
        self._life = threading.RLock()  # one thread begins or ends a process at a time
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._reading = self._closing = self._resting = False
        self._child: subprocess.Popen[bytes] | None = None
        self._warm: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def warm(self) -> None:
        """Have a process load its libraries, so that ``start`` need not wait for it."""
        if self._warm is None:
            env = {**os.environ, **dict.fromkeys(_THREADS, "1"), "PYTHONHASHSEED": "0"}
            command = [sys.executable, "-m", "madang.walkout.runner"]
            self._warm = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def start(self, begin: Begin) -> None:
        """Begin a process; it replays what the database has not got, as soon as it is told to go on."""
        with self._life:
            if not self._closing:
                self._start(begin)

    def _start(self, begin: Begin) -> None:
        self.warm()
        child, self._warm = self._warm, None
        assert child is not None
        assert child.stdout is not None
        with self._lock:
            self._child, self._reading = child, False
            self.position, self.applied = -1, begin.run.seq  # the first answer says where it really is
        self._tell(begin)
        self._thread = threading.Thread(target=self._listen, args=(child, child.stdout), name="engine", daemon=True)
        self._thread.start()
        self.pump()

    def go(self, end: int) -> None:
        """The log has grown to ``end``; returns at once."""
        self.target = max(self.target, end)
        self.pump()

    def pump(self) -> None:
        """Send the engine on its way, unless it is, or too much of what it said still waits."""
        with self._lock:
            idle = self._child is not None and not self._reading and not self._closing
            if not idle or self.position >= self.target or self.waiting.qsize() > WAITING_MAX:
                return
            self._reading = True
            upto = min(self.target, self.position + STRIDE_BYTES)
        self._tell(Go(upto, self.applied))

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        """Wait until the engine has read the log up to ``position``."""
        with self._moved:
            return self._moved.wait_for(lambda: self.position >= position or self._closing, timeout_s)

    def rest(self) -> None:
        """Let the process end, and forget what it said that nobody has taken: a new run will say it."""
        with self._life:
            self._resting = True
            self._end()
            with self._lock:
                self._child, self._reading = None, False
            self._forget()
            self._resting = False

    def _forget(self) -> None:
        kept: list[object] = []
        while not self.waiting.empty():
            one = self.waiting.get_nowait()
            if not isinstance(one, Frame | Trouble | Note | Unreadable | Died):
                kept.append(one)
        for one in kept:
            self.waiting.put(one)

    def close(self) -> None:
        """Let the engine end; frames it has not said will be said again by the next one."""
        with self._moved:
            self._closing = True
            self._moved.notify_all()
        with self._life:
            self._end()
        self.waiting.put(None)

    def _end(self) -> None:
        self._child, self._warm = self._child or self._warm, None
        if self._child is not None and self._child.stdin is not None:
            _quietly(self._child.stdin.close)
            if self._thread is not None:
                self._thread.join(10)
            if self._child.poll() is None:
                self._child.kill()
            self._child.wait()
            if self._thread is None and self._child.stdout is not None:  # it was only warm: nobody has listened
                self._child.stdout.close()

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def _tell(self, command: ToEngine) -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        stdin = self._child.stdin
        _quietly(lambda: write_frame(stdin, _encode(command)))
        _quietly(stdin.flush)

    def _listen(self, child: subprocess.Popen[bytes], out: IO[bytes]) -> None:
        with out:
            while (body := read_frame(out)) is not None:
                self._hear(_said(body))
        code = child.wait()
        if child.stdin is not None:
            _quietly(child.stdin.close)
        if not self._closing and not self._resting:
            self.waiting.put(Died(code))

    def _hear(self, said: FromEngine) -> None:
        if not isinstance(said, Done):
            self.waiting.put(said)
            return
        with self._moved:
            self.position, self._reading = said.position, False
            self.busy_s += said.busy_s
            self._moved.notify_all()
        self.pump()


def _quietly(step: Callable[[], object]) -> None:
    """A pipe to a process that died: its end is noticed by the listener, not here."""
    try:
        step()
    except (BrokenPipeError, ValueError):
        return
