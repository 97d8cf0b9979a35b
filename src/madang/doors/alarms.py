"""When a sensor needs a person: pure rules over what is counted of each device, with hysteresis.

An alarm begins when its condition holds for long enough and ends when it has not for long enough; between, nothing is
said again, however bad it gets. Each is looked at over the last minute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from madang.doors.devices import Device
from madang.kernel.clock import MINUTE_US, SECOND_US

SILENT_US = 5 * SECOND_US
SELDOM = ("gate", "vision", "unknown")
"""Kinds that speak only when something happens: their silence says nothing."""
BACK_US = 10 * SECOND_US
"""A device that was silent is back when it has spoken for this long."""
SHARE_MESSAGES = 20
LATE, LATE_CALM, LATE_US = 0.10, 0.05, 30 * SECOND_US
"""Late messages for so long are a slow way; before, they may be a clock that has just stepped (another alarm)."""
TWICE, TWICE_CALM = 0.20, 0.05
SOME = 3
"""So many unreadable or refused messages in a minute are no accident."""
GAP_US = 10 * SECOND_US
"""A number that is still missing after this long will hardly come (numbers overtake one another on a network)."""
CLOCK_CALM = 0.7
"""A clock is well again below this share of the limit."""
STEPPED = "stepped"
"""A moment, not a state: it never ends."""
LINK = "the broker"
"""The door to the broker, among the devices (no topic can hold a name with a blank)."""


class Alarm(msgspec.Struct, frozen=True):
    """Something began (``on``) or ended at a device. ``value`` in the unit of the kind: seconds of silence, shares
    of a minute's messages, microseconds of clock, messages."""

    device: str
    kind: str
    on: bool
    at_us: int
    value: float


class _Count(NamedTuple):
    """A device's counts at a moment."""

    at_us: int
    batches: int
    late: int
    duplicate: int
    malformed: int
    refused: int
    missing: int


class _Past(msgspec.Struct):
    """The last minute of one device, and what it has going on."""

    counts: deque[_Count]
    on: dict[str, int]
    heard_since_us: int = 0
    late_since_us: int = 0
    lost: int = 0
    lost_at_us: int = 0
    steps: int = 0


class Watch:
    """Looks at devices again and again (about once a second); ``on`` are the alarms that an earlier watch began."""

    def __init__(self, *, clock_limit_us: int, on: Iterable[tuple[str, str, int]] = ()) -> None:
        self._limit_us = clock_limit_us
        self._past: dict[str, _Past] = {}
        self._began_us = 0
        self._known_on = {(device, kind): at_us for device, kind, at_us in on}

    def look(self, devices: Sequence[Device], now_us: int) -> list[Alarm]:
        """What began and ended since the last look."""
        found: list[Alarm] = []
        self._began_us = self._began_us or now_us
        for device in devices:
            found += self._device(device, now_us)
        return found

    def link(self, connected: bool, holding: bool, since_us: int, now_us: int) -> list[Alarm]:
        """The same for the door to the broker: no connection, or a log that is slower than what comes."""
        past = self._of(LINK, None, now_us)
        away_s = (now_us - since_us) / SECOND_US
        found = self._turn(past, LINK, "disconnected", now_us, not connected and away_s >= 10, connected, away_s)
        past.lost = past.lost + 1 if holding else 0
        return found + self._turn(past, LINK, "overload", now_us, past.lost >= 5, past.lost == 0, past.lost)

    def on(self, device: str) -> tuple[str, ...]:
        """The alarms a device has now."""
        past = self._past.get(device)
        known = past.on if past else {kind: 0 for name, kind in self._known_on if name == device}
        return tuple(sorted(known))

    # --- inside ---------------------------------------------------------------------------------------------------
    def _of(self, name: str, device: Device | None, now_us: int) -> _Past:
        if name not in self._past:
            on = {kind: at_us for (known, kind), at_us in self._known_on.items() if known == name}
            past = _Past(deque(), on)
            if device is not None:
                past.counts.append(_count(device, now_us))
                past.lost, past.steps = device.missing, device.clock.steps
            self._past[name] = past
        return self._past[name]

    def _device(self, device: Device, now_us: int) -> list[Alarm]:
        past = self._of(device.id, device, now_us)
        past.counts.append(_count(device, now_us))
        while past.counts[0].at_us < now_us - MINUTE_US:
            past.counts.popleft()
        return [
            *self._silence(past, device, now_us),
            *self._shares(past, device, now_us),
            *self._few(past, device, now_us),
            *self._gap(past, device, now_us),
            *self._clock(past, device, now_us),
        ]

    def _silence(self, past: _Past, device: Device, now_us: int) -> list[Alarm]:
        if device.kind in SELDOM:
            return []
        quiet_us = now_us - max(device.last_us, self._began_us)  # we may have been away ourselves
        if quiet_us > SILENT_US:
            past.heard_since_us = 0
        elif not past.heard_since_us and device.last_us > self._began_us:
            past.heard_since_us = now_us
        back = past.heard_since_us > 0 and now_us - past.heard_since_us >= BACK_US
        return self._turn(past, device.id, "silent", now_us, quiet_us > SILENT_US, back, quiet_us / SECOND_US)

    def _shares(self, past: _Past, device: Device, now_us: int) -> list[Alarm]:
        first, last = past.counts[0], past.counts[-1]
        taken, twice = last.batches - first.batches, last.duplicate - first.duplicate
        late = (last.late - first.late) / taken if taken else 0.0
        again = twice / (taken + twice) if taken + twice else 0.0
        many = taken + twice >= SHARE_MESSAGES
        if not many or late <= LATE or now_us - device.clock.stepped_at_us < 2 * MINUTE_US:
            past.late_since_us = 0
        elif not past.late_since_us:
            past.late_since_us = now_us
        slow = past.late_since_us > 0 and now_us - past.late_since_us >= LATE_US
        return [
            *self._turn(past, device.id, "late", now_us, slow, late < LATE_CALM, late),
            *self._turn(past, device.id, "duplicate", now_us, many and again > TWICE, again < TWICE_CALM, again),
        ]

    def _few(self, past: _Past, device: Device, now_us: int) -> list[Alarm]:
        first, last = past.counts[0], past.counts[-1]
        found: list[Alarm] = []
        for kind in ("malformed", "refused"):
            count = getattr(last, kind) - getattr(first, kind)
            found += self._turn(past, device.id, kind, now_us, count >= SOME, count == 0, count)
        return found

    def _gap(self, past: _Past, device: Device, now_us: int) -> list[Alarm]:
        """Numbers are lost when they have been missing all of the last while."""
        recent = [one.missing for one in past.counts if one.at_us >= now_us - GAP_US]
        whole = past.counts[0].at_us <= now_us - GAP_US
        lost = min(recent) if whole else past.lost
        new = lost - past.lost
        if new > 0:
            past.lost_at_us = now_us
        past.lost = lost
        calm = now_us - past.lost_at_us >= MINUTE_US
        return self._turn(past, device.id, "gap", now_us, new > 0, calm, max(new, 0))

    def _clock(self, past: _Past, device: Device, now_us: int) -> list[Alarm]:
        found: list[Alarm] = []
        clock = device.clock
        if clock.steps != past.steps:
            past.steps = clock.steps
            found.append(Alarm(device.id, STEPPED, True, now_us, clock.step_us))
        known = clock.estimate()
        if known is None:
            return found
        off = abs(known.offset_us)
        well = off < CLOCK_CALM * self._limit_us
        return found + self._turn(past, device.id, "clock", now_us, off > self._limit_us, well, known.offset_us)

    def _turn(
        self, past: _Past, device: str, kind: str, now_us: int, begins: bool, ends: bool, value: float
    ) -> list[Alarm]:
        if kind not in past.on and begins:
            past.on[kind] = now_us
            return [Alarm(device, kind, True, now_us, round(value, 3))]
        if kind in past.on and ends and not begins:
            del past.on[kind]
            return [Alarm(device, kind, False, now_us, round(value, 3))]
        return []


def _count(device: Device, now_us: int) -> _Count:
    values: Mapping[str, Any] = {name: getattr(device, name) for name in _Count._fields[1:]}
    return _Count(now_us, **values)
