"""What a recording is once it is read, and what a replay says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madang.kernel.errors import Malformed

BATCH = 12  # samples that travel together: 0.2 s at 60 Hz
FS_HZ = 60.0
MISSING = -2147483648  # the NaN of decigram integers
JOINTS = ("head", "neck", "l_shoulder", "r_shoulder", "l_elbow", "r_elbow", "l_wrist", "r_wrist")


class RecordingError(Malformed):
    """A recording that cannot be read; names the file and the fault."""

    def __init__(self, file: Path | str, ko: str, en: str, *, other_folder: bool = False) -> None:
        self.file = str(file)
        super().__init__(
            "recording.damaged",
            ko=f"{file}: {ko.rstrip('.')}.",
            en=f"{file}: {en.rstrip('.')}.",
            next_ko="폴더를 확인하고 다시 실행하세요."
            if other_folder
            else "이 기록을 다시 받거나 빼고 실행하세요. 나머지 기록은 계속 처리됩니다.",
            next_en="Check the folder and run it again."
            if other_folder
            else "Fetch this recording again or leave it out; the others are still run.",
            file=str(file),
        )


@dataclass(frozen=True, slots=True)
class GateRecord:
    """One person passing the gate; ``t`` by the gate's own clock (epoch s)."""

    t: float
    event: str  # "entered" | "left"
    credential: str | None
    track: str | None
    group_size: int | None
    role: str  # "customer" | "staff"


@dataclass(frozen=True, slots=True)
class VisionRecord:
    """What an edge classifier saw in a hand; ``top5`` as (product or "empty", probability)."""

    t: float
    track: str | None
    hand: str
    top5: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """Sensor streams of one shop over some minutes.

    ``values`` [T, P] decigrams at 60 Hz in columns ``plates``, rows 12b..12b+11 are batch b.
    ``batch_t`` and ``arrival`` [B, G]: epoch s of a batch's first sample by its gondola's clock, and of reaching the
    hub (NaN: never).
    ``duplicates`` [K, 3]: batch, gondola position in ``gondolas``, arrival. ``frames``: (t, [(track, [8, 4] joints)]).
    """

    case: str
    store: dict[str, Any]
    t0: float
    t1: float
    plates: tuple[str, ...]
    values: NDArray[np.int32]
    gondolas: tuple[int | str, ...]
    batch_t: NDArray[np.float64]
    arrival: NDArray[np.float64]
    duplicates: NDArray[np.float64]
    frames: list[tuple[float, list[tuple[str, NDArray[np.float64]]]]]
    gates: list[GateRecord]
    visions: list[VisionRecord]

    @property
    def duration_s(self) -> float:
        """Length of the recording in seconds of shop time."""
        return len(self.values) / FS_HZ


@dataclass(slots=True)
class Prediction:
    """What a replay says of one recording, in the words of the scorer."""

    receipts: dict[str, dict[str, int]] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    review: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As ``--out`` writes it."""
        return {
            "receipts": self.receipts,
            "confidence": self.confidence,
            "review": sorted(self.review),
            "events": self.events,
        }
