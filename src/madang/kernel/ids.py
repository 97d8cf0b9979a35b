"""Time-ordered ids, made by whoever asks first so that asking twice does a thing once."""

from __future__ import annotations

import hashlib
import random
import threading
import uuid
from typing import Protocol

from madang.kernel.clock import Clock


class Ids(Protocol):
    """A source of new ids."""

    def new(self) -> uuid.UUID: ...


class Uuid7:
    """UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, a 12-bit counter for order within one, 62 random bits.

    With a seeded ``random`` and a manual clock a run makes the same ids again.
    """

    def __init__(self, clock: Clock, rng: random.Random | None = None) -> None:
        self._clock, self._rng = clock, rng or random.SystemRandom()
        self._last_ms, self._count = -1, 0
        self._lock = threading.Lock()

    def new(self) -> uuid.UUID:
        with self._lock:
            ms = max(self._clock.now_us() // 1000, self._last_ms)
            self._count = self._count + 1 if ms == self._last_ms else 0
            if self._count > 0xFFF:
                ms, self._count = ms + 1, 0
            self._last_ms = ms
            count, tail = self._count, self._rng.getrandbits(62)
        return uuid.UUID(int=(ms << 80) | (0x7 << 76) | (count << 64) | (0b10 << 62) | tail)


def derived(*parts: str | int | uuid.UUID) -> uuid.UUID:
    """The id the same ``parts`` always give (UUIDv8 over SHA-256): for work that may be done again."""
    joined = b""
    for part in parts:  # each with its length before it, so that no two lists give one text
        if type(part) is uuid.UUID:
            h = b"%032x" % part.int
            joined += b"\0\0\0\x24%b-%b-%b-%b-%b" % (h[:8], h[8:12], h[12:16], h[16:20], h[20:])
            continue
        text = str(part).encode()
        joined += _LENGTHS[len(text)] if len(text) < 64 else len(text).to_bytes(4, "big")
        joined += text
    value = _whole(_sha256(joined).digest()[:16], "big")
    made = _bare(uuid.UUID)  # half the time of UUID(int=...), and an order derives some thirty
    _set(made, "int", value & _KEPT | _VERSION_8)
    _set(made, "is_safe", _UNKNOWN)
    return made


_sha256, _whole, _bare, _set = hashlib.sha256, int.from_bytes, object.__new__, object.__setattr__
_UNKNOWN = uuid.SafeUUID.unknown
_LENGTHS = [n.to_bytes(4, "big") for n in range(64)]
_KEPT = ~(0xF << 76 | 0b11 << 62)
_VERSION_8 = 0x8 << 76 | 0b10 << 62
