"""What a shop's sensors say, as the gateway would receive it.

Times ``t`` are epoch seconds by the sender's own clock (clocks differ, see ``docs/twin.md``); ``arrival`` is the
epoch second at which the message reaches the hub. Messages come out of a stream in the order of their arrival.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MISSING = -2147483648
"""The reading of a dead plate or of a sample that never came (int32 has no NaN)."""

SAMPLE_HZ = 60
BATCH_SAMPLES = 12
BATCH_S = BATCH_SAMPLES / SAMPLE_HZ

JOINTS = ("head", "neck", "l_shoulder", "r_shoulder", "l_elbow", "r_elbow", "l_wrist", "r_wrist")


@dataclass(frozen=True, slots=True, eq=False)
class PlateBatch:
    """0.2 s of one gondola's plates: ``values`` int32 [12, P] in decigrams, columns in the layout's order of its
    plates.

    Readings are not zeroed, so only differences mean anything. ``seq`` counts the gondola's batches from the shop's
    epoch; a batch delivered twice carries the same ``seq``.
    """

    gondola: int
    seq: int
    t: float
    arrival: float
    values: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class SkeletonFrame:
    """Everybody the cameras see at ``t``: ``people`` holds (track id, [8, 4] of x y z in metres and score, NaN =
    unseen).
    """

    t: float
    arrival: float
    people: tuple[tuple[str, NDArray[np.float64]], ...]


@dataclass(frozen=True, slots=True)
class GateEvent:
    """One person passes the gate: ``event`` is ``entered`` or ``left``, ``role`` is ``customer`` or ``staff``.

    ``credential`` is None for a follower of a group and for a tailgater, ``track`` is None when the gate camera bound
    nobody.
    """

    t: float
    arrival: float
    event: str
    credential: str | None
    track: str | None
    group_size: int | None
    role: str


@dataclass(frozen=True, slots=True)
class VisionObs:
    """An edge classifier's guess at what a hand holds: ``top5`` pairs of product (or ``empty``) and probability."""

    t: float
    arrival: float
    track: str | None
    hand: str
    top5: tuple[tuple[str, float], ...]


Message = PlateBatch | SkeletonFrame | GateEvent | VisionObs
