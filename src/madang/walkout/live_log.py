"""The live page's log of events: the latest of those that replace one another, a bounded ring of those that happen."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Any

import msgspec

RING = 2000

Payload = dict[str, Any]


class Event:
    """One event of the log; its bytes are made once, by the first page that needs them."""

    __slots__ = ("_bytes", "data", "name", "seq")

    def __init__(self, seq: int, name: str, data: Payload) -> None:
        self.seq, self.name, self.data = seq, name, data
        self._bytes: bytes | None = None

    def frame(self, epoch: str) -> bytes:
        """The event as server-sent events write it (WHATWG HTML, 9.2)."""
        if self._bytes is None:
            body = msgspec.json.encode(self.data)
            self._bytes = b"id: %s-%d\nevent: %s\ndata: %s\n\n" % (epoch.encode(), self.seq, self.name.encode(), body)
        return self._bytes


class Log:
    """Numbered events. Not for several threads at once: the hub holds its lock."""

    def __init__(self) -> None:
        self.seq = self._dropped = 0
        self.ring: deque[Event] = deque()
        self.latest: OrderedDict[str, Event] = OrderedDict()

    def replace(self, name: str, key: str, data: Payload) -> None:
        """An event that takes the place of the one before under ``key``."""
        self.seq += 1
        self.latest[key] = Event(self.seq, name, data)
        self.latest.move_to_end(key)

    def happen(self, name: str, data: Payload) -> None:
        """An event that stands for itself; the oldest of too many are dropped."""
        self.seq += 1
        self.ring.append(Event(self.seq, name, data))
        if len(self.ring) > RING:
            self._dropped = self.ring.popleft().seq

    def forget(self, keys: Iterable[str]) -> None:
        """Drop latest events that nobody needs any more."""
        for key in keys:
            del self.latest[key]

    def since(self, cursor: int) -> list[Event] | None:
        """What came after ``cursor``, oldest first; None where the log can no longer tell."""
        if cursor < self._dropped or cursor > self.seq:
            return None
        # From the new end backwards: a page that keeps up looks at a handful, not at the whole ring.
        found: list[Event] = []
        for log in (reversed(self.ring), reversed(self.latest.values())):
            for event in log:
                if event.seq <= cursor:
                    break
                found.append(event)
        return sorted(found, key=lambda event: event.seq)
