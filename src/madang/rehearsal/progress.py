"""Progress of a long run: a bar that moves on a terminal, a line for every tenth elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

WIDTH = 28
EVERY = 0.1  # without a terminal: a line for so much more


class Bar:
    """Call it with the share of the work that is done."""

    def __init__(self, out: TextIO, language: str) -> None:
        self._out, self._ko, self._moves = out, language == "ko", out.isatty()
        self._began, self._last = time.monotonic(), -1.0

    def __call__(self, done: float) -> None:
        step = 0.01 if self._moves else EVERY
        if (done < self._last + step - 1e-9 and done < 1) or self._last >= 1:
            return
        self._last = 1.0 if done >= 1 else int(done / step + 1e-9) * step
        text = f"{done:4.0%}  {self._left(done)}"
        if self._moves:
            full = round(WIDTH * done)
            self._out.write(f"\r\x1b[K{'█' * full}{'░' * (WIDTH - full)} {text}" + ("\n" if done >= 1 else ""))
        else:
            self._out.write(f"{text}\n")
        self._out.flush()

    def _left(self, done: float) -> str:
        gone = time.monotonic() - self._began
        if done >= 1:
            return f"{_time(gone)} 걸림" if self._ko else f"took {_time(gone)}"
        if done <= 0.01:
            return "가게를 여는 중" if self._ko else "opening the shop"
        left = _time(gone / done * (1 - done))
        return f"{left} 남음" if self._ko else f"{left} left"


def _time(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
