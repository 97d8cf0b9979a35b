"""Wakes this process's workers when a job has been set; one that rings for nothing does no harm."""

from __future__ import annotations

import threading

_rung = threading.Condition()
_count = 0


def ring() -> None:
    """Wake every worker; called by the writer after COMMIT."""
    global _count
    with _rung:
        _count += 1
        _rung.notify_all()


def wait(seen: int, timeout_s: float) -> int:
    """Return when the bell has rung after ``seen``, or after ``timeout_s``; gives the new count."""
    with _rung:
        _rung.wait_for(lambda: _count != seen, timeout_s)
        return _count
