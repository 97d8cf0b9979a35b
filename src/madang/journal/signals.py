"""Waking readers when facts have been committed: threads wait, the writer never does.

A signal that comes without news does no harm, one that stays away is made good by its waiters' own look-round once a
second (another process may have written), so signals are shared by name and need no database.
"""

from __future__ import annotations

import threading


class Signal:
    """A bell that remembers how often it rang."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        return self._count

    def notify(self) -> None:
        """Ring; called by the writer after COMMIT."""
        with self._rung:
            self._count += 1
            self._rung.notify_all()

    def wait(self, seen: int, timeout_s: float) -> int:
        """Return as soon as the bell has rung after ``seen``, or after ``timeout_s``; gives the new count."""
        with self._rung:
            self._rung.wait_for(lambda: self._count != seen, timeout_s)
            return self._count


_signals: dict[str, Signal] = {}
_lock = threading.Lock()


def of(neighbourhood: str) -> Signal:
    """The bell of a neighbourhood's journal in this process."""
    signal = _signals.get(neighbourhood)
    if signal is None:
        with _lock:
            signal = _signals.setdefault(neighbourhood, Signal())
    return signal
