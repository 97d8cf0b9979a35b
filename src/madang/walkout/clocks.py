"""How far a device's clock is from the hub's, told from its messages alone.

Only one way is seen: a message says when it was measured (device's clock) and the hub sees when it comes. Their
difference is the delay on the way less the clock's offset, and a delay is never negative: the *least* difference of a
while is the offset but for the shortest delay (Cristian 1989; the minimum filter of NTP's clock filter, RFC 5905 §10).
That shortest delay cannot be seen one way. It is taken to be what a shop's network needs, and is the uncertainty.

Differences are gathered into looks of two seconds, each standing for its second least (one message with a wrong time
is none). An offset is known once enough looks in a row agree: a backlog that is being worked off (ever smaller
differences) or a jam (ever larger ones) does not pass for a clock. A clock has stepped when looks in a row agree on
another value than before; ahead is believed sooner than behind, as nothing can come before it was measured.

All of it follows from the order and times of the sensor log, so a replay corrects what it corrected then.
"""

from __future__ import annotations

import statistics
from itertools import combinations

import msgspec

from madang.walkout.messages import Message, Plates

PLATE_HZ = 60
LOOK_US = 2_000_000
LOOKS_KEPT = 30
"""The least difference is that of about a minute."""
LOOK_AGE_US = 1_800_000_000
"""A device that seldom speaks (a gate) is judged by looks no older than this: 50 ppm drift 0.09 s in that time."""
AGREE_US = 50_000
FIRST_LOOKS, AHEAD_LOOKS, BEHIND_LOOKS = 5, 3, 10
"""Looks in a row that must agree: at first, for a clock that went ahead, for one that fell behind."""
STEP_US = 100_000
TOLERATED_US = 150_000
"""The engine learns differences between shelf and camera up to this by itself (its ``clock_sd_s`` is 0.12)."""
CALM_US = 100_000
DELAY_US = {"plates": 50_000, "gate": 50_000, "skeletons": 120_000, "vision": 150_000}
"""Shortest delay on the way, by kind (our choice: a switch, a broker; finding joints or products takes longer)."""
MINUTE_US = 60_000_000
MINUTES_KEPT, MINUTES_MIN = 60, 10


class Estimate(msgspec.Struct, frozen=True):
    """A device's clock: ``offset_us`` ahead of the hub's (negative: behind), give or take ``uncertainty_us``.

    ``drift_ppm`` is how many microseconds it gains in a second (None before ten minutes); ``corrected_us`` is taken
    off its times before the engine sees them.
    """

    offset_us: int
    uncertainty_us: int
    drift_ppm: float | None
    corrected_us: int
    steps: int


class Look(msgspec.Struct, array_like=True):
    """The differences of two seconds that count: from the arrival of the first on, the least and the one after it."""

    at_us: int
    least_us: int
    second_us: int | None = None

    def add(self, difference_us: int) -> None:
        if difference_us < self.least_us:
            self.least_us, self.second_us = difference_us, self.least_us
        elif self.second_us is None or difference_us < self.second_us:
            self.second_us = difference_us

    @property
    def low_us(self) -> int:
        return self.least_us if self.second_us is None else self.second_us


class DeviceClock(msgspec.Struct, array_like=True):
    """One device's clock as its messages show it. ``looks`` and ``minutes`` are (arrival, difference)."""

    looks: list[tuple[int, int]] = []
    minutes: list[tuple[int, int]] = []
    look: Look | None = None
    delay_us: int = 0
    least_us: int | None = None
    corrected_us: int = 0
    steps: int = 0
    stepped_at_us: int = 0
    """When it last stepped, by the hub's clock ..."""
    step_us: int = 0
    """... and how far (positive: ahead)."""

    def take(self, message: Message, arrival_us: int) -> int:
        """Look at a message; returns its time by the hub's clock, as well as it is known then."""
        difference_us = arrival_us - measured_us(message)
        if self.look is None:
            self.delay_us = DELAY_US[str(type(message).__struct_config__.tag)]
            self.look = Look(arrival_us, difference_us)
        elif arrival_us - self.look.at_us >= LOOK_US:
            self._close(arrival_us, (self.look.at_us, self.look.low_us))
            self.look = Look(arrival_us, difference_us)
        else:
            self.look.add(difference_us)
        return message.t_us - self.corrected_us

    def estimate(self) -> Estimate | None:
        """What is known; None before enough looks agreed."""
        if self.least_us is None:
            return None
        usual_us = round(statistics.median(low for _, low in self.looks)) if self.looks else self.least_us
        uncertainty_us = self.delay_us + max(0, usual_us - self.least_us)
        return Estimate(self.delay_us - self.least_us, uncertainty_us, self._drift_ppm(), self.corrected_us, self.steps)

    # --- inside ---------------------------------------------------------------------------------------------------
    def _close(self, arrival_us: int, look: tuple[int, int]) -> None:
        self.looks = [one for one in [*self.looks, look] if one[0] >= arrival_us - LOOK_AGE_US][-LOOKS_KEPT:]
        self._follow(look[0], [low for _, low in self.looks])
        self._minute(look)
        self._correct()

    def _follow(self, at_us: int, lows: list[int]) -> None:
        """Let the least difference follow: down at once, up only with all looks of a minute, far only as a step."""
        if self.least_us is None:
            if _agree(lows, FIRST_LOOKS):
                self.least_us = min(lows[-FIRST_LOOKS:])
        elif _agree(lows, AHEAD_LOOKS) and self.least_us - max(lows[-AHEAD_LOOKS:]) > STEP_US:
            self._step(at_us, self.least_us, AHEAD_LOOKS)
        elif _agree(lows, BEHIND_LOOKS) and min(lows[-BEHIND_LOOKS:]) - self.least_us > STEP_US:
            self._step(at_us, self.least_us, BEHIND_LOOKS)
        elif self.least_us - STEP_US <= lows[-1] < self.least_us:
            self.least_us = lows[-1]
        elif _agree(lows, LOOKS_KEPT):
            self.least_us = max(self.least_us, min(lows))

    def _step(self, at_us: int, before_us: int, looks: int) -> None:
        self.looks, self.minutes = self.looks[-looks:], []
        self.least_us = min(low for _, low in self.looks)
        self.steps, self.stepped_at_us, self.step_us = self.steps + 1, at_us, before_us - self.least_us

    def _minute(self, look: tuple[int, int]) -> None:
        if not self.minutes or look[0] - self.minutes[-1][0] >= MINUTE_US:
            self.minutes = [*self.minutes, look][-MINUTES_KEPT:]
        elif look[1] < self.minutes[-1][1]:
            self.minutes[-1] = (self.minutes[-1][0], look[1])

    def _correct(self) -> None:
        """What the engine does not bear is taken off; small corrections are left alone, so that times do not jump."""
        if self.least_us is None:
            return
        offset_us = self.delay_us - self.least_us
        if abs(offset_us) > TOLERATED_US and abs(offset_us - self.corrected_us) > AGREE_US:
            self.corrected_us = offset_us
        elif abs(offset_us) < CALM_US:
            self.corrected_us = 0

    def _drift_ppm(self) -> float | None:
        """Theil-Sen slope of the minutes' least differences: one jammed minute does not bend it."""
        if len(self.minutes) < MINUTES_MIN:
            return None
        slopes = [(low - least) / (at - begun) for (begun, least), (at, low) in combinations(self.minutes, 2)]
        return round(-statistics.median(slopes) * 1e6, 1)


def measured_us(message: Message) -> int:
    """When the last of a message was measured, by the device's clock."""
    length_us = message.rows * 1_000_000 // PLATE_HZ if isinstance(message, Plates) else 0
    return message.t_us + length_us


def _agree(lows: list[int], count: int) -> bool:
    recent = lows[-count:]
    return len(recent) == count and max(recent) - min(recent) <= AGREE_US
