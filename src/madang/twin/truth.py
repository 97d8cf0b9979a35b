"""What really happened, kept apart from the messages: events, receipts, final stock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """One true movement. ``t`` is epoch seconds, ``plates`` the true load change in grams of the whole movement."""

    t: float
    kind: str
    person: str
    credential: str | None
    role: str
    product: str | None = None
    qty: int = 0
    facing: str | None = None
    plates: dict[str, float] = field(default_factory=dict)
    misplaced: bool = False
    to: str | None = None
    to_credential: str | None = None
    dur: float | None = None


@dataclass(frozen=True, slots=True)
class TrackSpan:
    """Which person a track id belonged to, from when to when (true epoch seconds)."""

    track: str
    person: str
    t0: float
    t1: float


@dataclass(slots=True)
class Truth:
    """Grows while a stream is read; complete when the stream has ended.

    ``receipts`` holds what the people of each customer credential carried out (credentials appear when their first
    person enters and are final when the last has left), ``receipts_picker`` the same under "who took it from the
    shelf pays".
    """

    events: list[Event] = field(default_factory=list)
    receipts: dict[str, Counter[str]] = field(default_factory=dict)
    receipts_g: dict[str, Counter[str]] = field(default_factory=dict)
    receipts_picker: dict[str, Counter[str]] = field(default_factory=dict)
    unbilled: dict[str, Counter[str]] = field(default_factory=dict)
    left_us: dict[str, int] = field(default_factory=dict)
    people: list[dict[str, object]] = field(default_factory=list)
    tracks: list[TrackSpan] = field(default_factory=list)
    final_stock: dict[str, dict[str, int]] = field(default_factory=dict)
    weight_factor: dict[str, float] = field(default_factory=dict)
    sensors: dict[str, object] = field(default_factory=dict)

    def receipt(self, credential: str) -> dict[str, int]:
        """What a credential must be charged for: product and quantity, positive ones only."""
        return {p: n for p, n in sorted(self.receipts.get(credential, Counter()).items()) if n > 0}
