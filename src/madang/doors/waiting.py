"""A bounded queue before the disk: batches that are being read or wait to be written, and what they hold in memory.

Where the raw sensor log is slow they pile up. Beyond the bounds a sender is told to come again: it keeps what it has
no answer for, so nothing is lost, and nothing is thrown away here to catch up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from madang.kernel import Unavailable

REQUESTS_MAX = 32
BYTES_MAX = 64 << 20
RETRY_AFTER_S = 2


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """How the door does: batches that ``waiting`` now with ``waiting_bytes``, and how often a sender was sent away."""

    waiting: int
    waiting_bytes: int
    held: int


class Waiting:
    """The queue's count. Every request enters with as many bytes as it may bring."""

    def __init__(self, *, requests_max: int = REQUESTS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._requests_max, self._bytes_max = requests_max, bytes_max
        self._requests = self._bytes = self._held = 0
        self._lock = threading.Lock()

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Hold ``size`` bytes of room. Raises ``Unavailable`` ``sensors.busy`` where there is none; a single batch is
        always let in, however large."""
        with self._lock:
            full = self._requests >= self._requests_max or self._bytes + size > self._bytes_max
            if full and self._requests:
                self._held += 1
                raise _busy()
            self._requests += 1
            self._bytes += size
        try:
            yield
        finally:
            with self._lock:
                self._requests -= 1
                self._bytes -= size

    def held(self) -> Held:
        with self._lock:
            return Held(waiting=self._requests, waiting_bytes=self._bytes, held=self._held)


def _busy() -> Unavailable:
    return Unavailable(
        "sensors.busy",
        ko="센서 기록이 밀려 지금은 더 받을 수 없습니다.",
        en="The sensor log is behind: no more can be taken now.",
        next_ko=f"{RETRY_AFTER_S}초 뒤에 같은 묶음을 그대로 다시 보내세요. 아무것도 받지 않았습니다.",
        next_en=f"Send the same batch again after {RETRY_AFTER_S} seconds; nothing of it was taken.",
        retry_after_s=RETRY_AFTER_S,
    )
