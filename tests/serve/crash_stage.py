"""Serves a shop in forked processes that can be killed: imports are paid once, each start is a new process.

Lines in: ``FOLDER PORT``. Lines out: the new process's id, ``open`` once it takes sensors, ``gone`` when it is. The
shop's time is what the file ``clock`` says, so that it does not depend on when anything was killed; segments and
snapshots are small and many, so that kills meet them.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from madang.kernel.settings import Settings
from madang.serve import serving
from madang.serve.serving import Asked, Serving
from madang.walkout.records import Rules
from madang.walkout.sensorlog import SensorLog
from madang.walkout.shop import LiveShop

serving.SensorLog = partial(SensorLog, segment_bytes=60_000)  # type: ignore[misc,assignment]
serving.LiveShop = partial(LiveShop, snapshot_every_s=4)  # type: ignore[misc,assignment]


class FileClock:
    """What eight bytes of a file say."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 8)

    def now_us(self) -> int:
        return int.from_bytes(self._bytes[:8], "little")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def play(folder: Path, port: int) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = Settings(home=str(folder), port=port)
    asked = Asked(shop="corner", rules=Rules(10, 5_000), stock_as_planned=True)
    with Serving(settings, asked, clock=FileClock(folder / "clock")) as shop:
        shop.start()
        say("open")
        while not stop.wait(0.02):
            if shop.failure is not None:
                raise shop.failure


def main() -> None:
    for line in sys.stdin:
        folder, port = line.split()
        child = os.fork()
        if child == 0:
            os.setsid()
            status = 1
            try:
                play(Path(folder), int(port))
                status = 0
            except BaseException as fault:
                say(f"failed {type(fault).__name__}: {fault}".replace("\n", " "))
            os._exit(status)
        say(str(child))
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
