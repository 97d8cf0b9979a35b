"""The words of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from madang.kernel.clock import MINUTE_US, SECOND_US


@dataclass(frozen=True, slots=True)
class Job:
    """One timer or outside call in hand.

    ``id`` was made by whoever set it and stays the same over all attempts: send it along as the idempotency key of an
    outside call. ``due_us`` is when it was to happen, ``now_us`` when it is being done (take times from here, not
    from a clock), ``attempt`` counts from 1.
    """

    id: UUID
    kind: str
    neighbourhood: str
    payload: dict[str, Any]
    due_us: int
    now_us: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed job is tried again: after ``first_us``, then ``factor`` times longer each time.

    The default waits 1, 4, 16 … seconds, at most an hour, and gives up after the tenth attempt.
    """

    attempts_max: int = 10
    first_us: int = SECOND_US
    factor: int = 4
    longest_us: int = 60 * MINUTE_US

    def wait_us(self, attempt: int) -> int:
        """How long to wait after attempt number ``attempt`` has failed."""
        return int(min(self.longest_us, self.first_us * self.factor ** min(attempt - 1, 40)))
