"""How far every sensor has been heard without a gap: up to there nothing need be waited for.

It depends on the messages alone, never on when somebody asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

CAMERAS = ""
"""The camera system's name among the gondolas'."""
JOIN_S = 0.05
"""A batch that begins this much behind its predecessor's end follows it (device clocks step a little)."""
FRAMES_S = 0.3
"""Frames this far apart follow one another: three of 11 a second."""


class _Heard:
    """One sensor: everything before ``upto`` has come but for the ``lost`` spans; ``ahead`` are spans beyond a gap,
    each with the hub's time when it came, of which ``overtaken`` is the first (infinity where there is no gap)."""

    __slots__ = ("ahead", "lost", "overtaken", "upto")

    def __init__(self, upto: float) -> None:
        self.upto = upto
        self.ahead: list[tuple[float, float, float]] = []
        self.lost: list[tuple[float, float]] = []
        self.overtaken = math.inf

    def add(self, start: float, end: float, came: float) -> None:
        if not self.ahead and start <= self.upto + JOIN_S:
            if end > self.upto:
                self.upto = end
            return
        self.ahead.append((start, end, came))
        self.ahead.sort()
        self._join()

    def _join(self) -> None:
        while self.ahead and self.ahead[0][0] <= self.upto + JOIN_S:
            self.upto = max(self.upto, self.ahead.pop(0)[1])
        self.overtaken = min([came for _, _, came in self.ahead], default=math.inf)

    def give_up(self, before: float, overtaken: float) -> None:
        """What has not come of the time before ``before``, or was overtaken by what came before ``overtaken``, never
        will: pass over the gap that lies there."""
        while self.ahead and (self.upto < before or self.overtaken < overtaken):
            self.lost.append((self.upto, self.ahead[0][0]))
            self.upto = self.ahead[0][0]
            self._join()

    def missing(self, t0: float, t1: float) -> float:
        """Seconds of that time of which nothing has come."""
        return math.fsum([max(0.0, min(b, t1) - max(a, t0)) for a, b in self._gaps()])

    def since(self, t0: float, t1: float) -> float:
        """When the first silence began that reaches into that time; ``t0`` when there is none."""
        return min([t0, *(a for a, b in self._gaps() if a < t1 and b > t0)])

    def _gaps(self) -> list[tuple[float, float]]:
        return [*self.lost, (self.upto, self.ahead[0][0] if self.ahead else math.inf)]


class Flow:
    """Of all gondolas and the cameras. Seconds, each by its own device's clock."""

    def __init__(self, gondolas: Iterable[str], lateness_s: float, overtaken_s: float) -> None:
        self._names = [*gondolas, CAMERAS]
        self._heard: dict[str, _Heard] = {}
        self._lateness_s, self._overtaken_s = lateness_s, overtaken_s
        self._hub = -math.inf
        self._least: _Heard | None = None  # who is waited for, and how far it was heard
        self._least_upto = -math.inf
        self.patient_from = math.inf
        """What came to pass from here on is waited for, however long it takes."""

    def batch(self, gondola: str, t: float, length_s: float, arrival: float | None) -> float:
        """Samples of ``length_s`` from ``t`` on have come; `upto` where it now is."""
        return self.add(gondola, t, t + length_s, t if arrival is None else arrival)

    def frame(self, t: float) -> float:
        """A camera frame has come; `upto` where it now is."""
        return self.add(CAMERAS, t - FRAMES_S, t, t)

    def add(self, name: str, start: float, end: float, now: float) -> float:
        """A sensor's message of that time has come; `upto` where it now is."""
        if now > self._hub:
            self._hub = now
        heard = self._heard.get(name)
        if heard is None:
            self._heard = {each: _Heard(start) for each in self._names}
            heard = self._heard[name]
        if start <= heard.upto + JOIN_S and not heard.ahead:  # nearly always
            if end > heard.upto:
                heard.upto = end
        else:
            heard.add(start, end, self._hub)
        return self.upto()

    def missing(self, name: str, t0: float, t1: float) -> float:
        """Seconds from ``t0`` to ``t1`` of which this sensor (`CAMERAS`, or a gondola) has said nothing."""
        heard = self._heard.get(name)
        return 0.0 if heard is None else heard.missing(t0, t1)

    def since(self, name: str, t0: float, t1: float) -> float:
        """When the first silence of this sensor began that reaches into that time; ``t0`` when there is none."""
        heard = self._heard.get(name)
        return t0 if heard is None else heard.since(t0, t1)

    def forget(self, before: float) -> None:
        """What was lost before this no longer matters."""
        for heard in self._heard.values():
            heard.lost = [span for span in heard.lost if span[1] >= before]

    def upto(self) -> float:
        """Every sensor has said all of the time before this: those that have said nothing for as long as a message
        may take are not waited for, and a gap that old is passed over, or one that its sensor left out some time
        ago: messages of one sensor come in order, so what was overtaken is lost or far behind."""
        hub, patient = self._hub, self.patient_from
        late = (patient if patient < hub else hub) - self._lateness_s
        overtaken = hub - self._overtaken_s
        if patient < overtaken:
            overtaken = patient
        least = self._least
        if least is not None and least.upto == self._least_upto >= late and least.overtaken >= overtaken:
            return self._least_upto  # the one that is waited for has said nothing new, and may still speak
        least, first = None, math.inf
        for heard in self._heard.values():
            if heard.ahead:
                heard.give_up(late, overtaken)
            if late <= heard.upto < first:
                least, first = heard, heard.upto
        if least is None:
            first = -math.inf
        self._least, self._least_upto = least, first
        return first
