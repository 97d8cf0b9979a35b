"""What the journal is told of a shop's sensors. ``device`` is the sensor's own name, never a person's."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.journal import Stage


@journal.kind("sensors.alarm_began", version=1, stage=Stage.SERVICE)
class AlarmBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor needs a person. ``value``: seconds of silence, share of messages, microseconds of clock, or messages."""

    device: str
    alarm: str
    value: float


@journal.kind("sensors.alarm_ended", version=1, stage=Stage.SERVICE)
class AlarmEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor is well again in this respect."""

    device: str
    alarm: str
    value: float
    lasted_us: int


@journal.kind("sensors.clock_stepped", version=1, stage=Stage.SERVICE)
class ClockStepped(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor's clock jumped by ``by_us`` (positive: ahead)."""

    device: str
    by_us: int
