"""Rate limits: one token bucket per actor and key.

A bucket holds up to ``burst`` tokens and gains ``per_s`` a second; every request takes one (or more). Buckets live
in the process's memory: a restart fills them, and processes beside each other count apart, which is right for
keeping a machine healthy and wrong for selling a quota (that is a ledger account).
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

from madang.kernel import Actor, Clock, TooMany
from madang.kernel.clock import SECOND_US

BUCKETS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """``burst`` requests at once, ``per_s`` a second in the long run."""

    burst: float
    per_s: float

    def __post_init__(self) -> None:
        assert self.burst >= 1, "a limit that lets nothing through is not a limit"
        assert self.per_s > 0


class Limiter:
    """Counts requests; safe to use from any thread. The bucket longest unused is dropped first (it was full)."""

    def __init__(self, clock: Clock, *, buckets_max: int = BUCKETS_MAX) -> None:
        self._clock, self._max = clock, buckets_max
        self._buckets: OrderedDict[tuple[str, str, str], tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, by: Actor, key: str, limit: Limit, tokens: float = 1) -> None:
        """Take ``tokens`` from the bucket of this actor and key, or raise ``TooMany`` and take none."""
        now_us = self._clock.now_us()
        name = (by.neighbourhood, f"{by.kind}:{by.key}", key)
        with self._lock:
            level, at_us = self._buckets.pop(name, (limit.burst, now_us))
            level = min(limit.burst, level + max(0, now_us - at_us) / SECOND_US * limit.per_s)
            enough = level >= tokens
            self._buckets[name] = (level - tokens if enough else level, max(now_us, at_us))
            while len(self._buckets) > self._max:
                self._buckets.popitem(last=False)
        if not enough:
            raise _too_many(key, (min(tokens, limit.burst) - level) / limit.per_s)


def _too_many(key: str, wait_s: float) -> TooMany:
    retry_after_s = max(1, math.ceil(wait_s))
    return TooMany(
        "guard.too_many",
        ko="요청이 너무 잦습니다.",
        en="Too many requests.",
        next_ko=f"{retry_after_s}초 뒤에 다시 해 주세요.",
        next_en=f"Try again in {retry_after_s} s.",
        key=key,
        retry_after_s=retry_after_s,
    )
