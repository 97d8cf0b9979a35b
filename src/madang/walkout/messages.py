"""What sensors say: the vocabulary of the wire format (docs/sensor-wire-format.md), version 1.

A message is a msgspec struct with a ``kind`` tag and reads the same from msgpack and from JSON (there, ``bytes`` are
base64). Every message names its device and carries that device's own running number, from which the gateway tells
late, repeated, out-of-order and missing ones; ``boot`` counts the device's restarts, each of which may number from
0 again. Times are UTC microseconds by the device's clock.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

VERSION = 1
MISSING = -2147483648
"""A plate sample that was not measured (the NaN of the recording format)."""
JOINTS = 8
"""head, neck, left and right shoulder, elbow, wrist."""

_WIDTHS: dict[int, str] = {1: "<i1", 2: "<i2", 4: "<i4"}

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Number = Annotated[int, Meta(ge=0, lt=1 << 62)]
Micros = Annotated[int, Meta(ge=0, lt=1 << 62)]


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    device: Name
    seq: Number
    t_us: Micros
    boot: Number = 0
    v: int = VERSION


class Plates(_Message, frozen=True, kw_only=True, tag="plates"):
    """Samples of one gondola's plates, ``rows`` of them at 60 Hz from ``t_us`` on, in decigrams.

    ``values`` is row-major, little-endian: all int32 (``width`` 4), or the first row as int32 and every later row as
    its difference to the row before in int8 or int16 (``width`` 1 or 2; a quarter of the size on a quiet shelf).
    """

    gondola: Name
    rows: Annotated[int, Meta(ge=1, le=600)]
    plates: Annotated[int, Meta(ge=1, le=4096)]
    values: bytes
    width: Literal[1, 2, 4] = 4


Joint = tuple[int, int, int, int] | None
"""x, y, z in millimetres in the store frame and the score in thousandths; None where unseen."""


class Skeleton(msgspec.Struct, frozen=True, array_like=True):
    """One tracked person of a camera frame."""

    track: Name
    joints: Annotated[tuple[Joint, ...], Meta(min_length=JOINTS, max_length=JOINTS)]


class Skeletons(_Message, frozen=True, kw_only=True, tag="skeletons"):
    """One frame of the camera system."""

    people: Annotated[tuple[Skeleton, ...], Meta(max_length=200)]


class GateEvent(_Message, frozen=True, kw_only=True, tag="gate"):
    """One person passes the gate. ``credential`` None: a follower of a group, or a tailgater."""

    event: Literal["entered", "left"]
    credential: Name | None = None
    track: Name | None = None
    group_size: Annotated[int, Meta(ge=1, le=50)] | None = None
    role: Literal["customer", "staff"] = "customer"


class HandSeen(_Message, frozen=True, kw_only=True, tag="vision"):
    """What an edge classifier saw in a hand at a shelf; ``top5`` holds (product or "empty", probability)."""

    hand: Literal["l", "r"]
    top5: Annotated[tuple[tuple[Name, Annotated[float, Meta(ge=0, le=1)]], ...], Meta(max_length=5)]
    track: Name | None = None


Message = Plates | Skeletons | GateEvent | HandSeen


def pack(values: NDArray[np.int32]) -> tuple[Literal[1, 2, 4], bytes]:
    """``(width, bytes)`` of int32 ``[rows, plates]``, as narrow as the differences between rows allow."""
    step = np.diff(values.astype(np.int64), axis=0)
    widest = int(np.abs(step).max()) if step.size else 0
    width: Literal[1, 2, 4] = 1 if widest < 128 else 2 if widest < 32768 else 4
    if width == 4:
        return 4, values.astype("<i4").tobytes()
    return width, values[:1].astype("<i4").tobytes() + step.astype(_WIDTHS[width]).tobytes()


def size_of(message: Plates) -> int:
    """How many bytes ``values`` must have."""
    first = 4 * message.plates
    return first + (message.rows - 1) * message.plates * message.width


def unpack(message: Plates) -> NDArray[np.int32]:
    """int32 ``[rows, plates]`` of a message whose size was checked."""
    if message.width == 4:
        return np.frombuffer(message.values, "<i4").reshape(message.rows, message.plates).astype(np.int32)
    cut = 4 * message.plates
    out = np.empty((message.rows, message.plates), np.int32)
    out[0] = np.frombuffer(message.values[:cut], "<i4")
    step = np.frombuffer(message.values[cut:], _WIDTHS[message.width]).reshape(message.rows - 1, message.plates)
    np.cumsum(step, axis=0, dtype=np.int32, out=out[1:])
    out[1:] += out[0]
    return out


def joints_of(skeleton: Skeleton) -> NDArray[np.float64]:
    """float ``[8, 4]``: x y z in metres and the score; NaN where unseen."""
    out = np.full((JOINTS, 4), np.nan)
    for i, joint in enumerate(skeleton.joints):
        if joint is not None:
            out[i] = joint
    return out / 1000.0


def skeleton(track: str, joints: NDArray[np.float64]) -> Skeleton:
    """A skeleton from float ``[8, 4]`` in metres (NaN = unseen)."""
    unseen: NDArray[np.bool_] = np.any(np.isnan(joints[:, :3]), axis=1)
    rows = np.where(np.isnan(joints), 0.0, joints * 1000.0).round().astype(np.int64)
    found: list[Joint] = []
    for hidden, (x, y, z, score) in zip(unseen.tolist(), rows.tolist(), strict=True):
        found.append(None if hidden else (x, y, z, score))
    return Skeleton(track, tuple(found))
