"""Time-ordered ids, made by whoever asks first so that asking twice does a thing once."""

from __future__ import annotations

import hashlib
import random
import threading
import uuid
from typing import Any, Protocol

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
        known = _WORDS.get(part) if type(part) is str else _IDS.get(part.int) if type(part) is uuid.UUID else None
        joined += known or _measured(part)
    value = _whole(_sha256(joined).digest()[:16], "big")
    made = _bare(uuid.UUID)  # half the time of UUID(int=...), and an order derives some thirty
    _set_int(made, value & _KEPT | _VERSION_8)
    _set_safe(made, _UNKNOWN)
    return made


def _measured(part: str | int | uuid.UUID) -> bytes:
    """A part's text with its length before it. What was asked for lately is kept: ids come from a few words and, many
    at a time, from one id."""
    text = str(part).encode()
    made = len(text).to_bytes(4, "big") + text
    if type(part) is str:
        if len(text) <= WORD_MAX:
            _keep(_WORDS, part, made)
    elif type(part) is uuid.UUID:
        _keep(_IDS, part.int, made)
    return made


def _keep(kept: dict[Any, bytes], key: str | int, made: bytes) -> None:
    if len(kept) >= KEPT_MAX:
        kept.clear()
    kept[key] = made


KEPT_MAX, WORD_MAX = 4_096, 64
_WORDS: dict[str, bytes] = {}
_IDS: dict[int, bytes] = {}
_sha256, _whole, _bare = hashlib.sha256, int.from_bytes, object.__new__
_set_int, _set_safe = (uuid.UUID.__dict__[name].__set__ for name in ("int", "is_safe"))
_UNKNOWN = uuid.SafeUUID.unknown
_KEPT = ~(0xF << 76 | 0b11 << 62)
_VERSION_8 = 0x8 << 76 | 0b10 << 62
