"""What is done again and again while a shop is open: in order, one at a time, at the injected clock's time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from madang.kernel import Clock
from madang.kernel.clock import MINUTE_US

LOOK_S = 0.2
AGAIN_US = 10 * MINUTE_US

log = logging.getLogger("madang.serve")


@dataclass(slots=True)
class _Round:
    name: str
    every_us: int
    do: Callable[[], object]
    due_us: int = 0


class Rounds:
    """Each round is made at the first look (from ``first_us`` on) and then every so often. One that fails is logged
    and made again within ten minutes; it holds up no other. ``ready`` is called in the thread before the first look."""

    def __init__(self, clock: Clock, *, ready: Callable[[], object] = lambda: None) -> None:
        self._clock, self._ready = clock, ready
        self._rounds: list[_Round] = []
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="madang-rounds", daemon=True)

    def every(self, us: int, name: str, do: Callable[[], object], *, first_us: int = 0) -> None:
        self._rounds.append(_Round(name, us, do, first_us))

    def look(self) -> None:
        """Make every round that is due."""
        for one in self._rounds:
            now_us = self._clock.now_us()
            if now_us < one.due_us or self.stopping.is_set():
                continue
            one.due_us = now_us + one.every_us
            try:
                one.do()
            except Exception:
                one.due_us = now_us + min(one.every_us, AGAIN_US)
                log.exception("serve.round_failed", extra={"round": one.name})

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the round in hand and end."""
        self.stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        self._ready()
        while not self.stopping.wait(LOOK_S):
            self.look()
