"""Plays demos in forked processes that can be killed as a whole: imports are paid once, each start is a new process.

Lines in: ``FOLDER BASKETS PER_HOUR``. Lines out: the new process's id, ``open`` once the twin plays, ``done`` at the
end, ``gone`` when the process is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from madang.demo import setting as settings
from madang.demo.theatre import Theatre


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def play(folder: Path, baskets: int, per_hour: float) -> None:
    asked = settings.Setting(seed=7, baskets=baskets, per_hour=per_hour, shape="corner", epoch_us=settings.EPOCH_US)
    theatre = Theatre(folder, settings.keep(folder, asked), speed=None)
    theatre.start(passing=False)
    say("open")
    while not theatre.wait(0.05):
        pass
    theatre.settle()
    theatre.stop()
    say("done")


def main() -> None:
    for line in sys.stdin:
        folder, baskets, per_hour = line.split()
        child = os.fork()
        if child == 0:
            os.setsid()
            status = 1
            try:
                play(Path(folder), int(baskets), float(per_hour))
                status = 0
            except BaseException as fault:
                say(f"failed {type(fault).__name__}: {fault}".replace("\n", " "))
            os._exit(status)
        say(str(child))
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
