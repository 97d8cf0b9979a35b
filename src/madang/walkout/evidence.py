"""What the sensors said around a moment, read from the raw sensor log: for the person who has to say what happened.

Pure reading, outside the database and its writer: segments are found by the times in their headers, and only what was
sensed within the asked spans is unpacked. What has been destroyed (the log is kept for the dispute window and no
longer) is said to be gone; nothing of it is kept anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.kernel import Unavailable
from madang.walkout import messages, sensorlog
from madang.walkout.messages import MISSING, Message, Plates, Skeletons
from madang.walkout.sensorlog import LogReader, Record

LATE_US = 3_000_000
"""Messages of a span are looked for so long after it by their arrival (cameras and links are late at times)."""
PLATE_HZ = 60
TRACE_HZ = 10
HEAD, NECK, SHOULDERS, WRISTS = 0, 1, (2, 3), [6, 7]

Floats = NDArray[np.float64]
_message = msgspec.msgpack.Decoder(Message).decode


class Span(NamedTuple):
    """From and to, UTC microseconds."""

    from_us: int
    to_us: int


@dataclass(slots=True)
class Seen:
    """What was sensed within a span. ``gone``: the log no longer holds (all of) it.

    ``plates`` by gondola: (start of the batch in seconds, int32 [rows, plates] in decigrams). ``frames``: (seconds,
    track, joints float [8, 4] in metres).
    """

    span: Span
    gone: bool = False
    plates: dict[str, list[tuple[float, NDArray[np.int32]]]] = field(default_factory=dict)
    frames: list[tuple[float, str, Floats]] = field(default_factory=list)


class Trace(NamedTuple):
    """A plate's load: float [n] seconds (epoch) and float [n] grams; NaN where it was not measured."""

    plate: str
    t_s: Floats
    grams: Floats


class Track(NamedTuple):
    """A body's way: float [n] seconds, float [n, 2] metres on the floor, float [n, 2, 3] both wrists (NaN: unseen)."""

    track: str
    t_s: Floats
    floor: Floats
    wrists: Floats


def look(folder: Path, spans: Sequence[Span], *, upto: int) -> list[Seen]:
    """What the log in ``folder`` holds of each span; it is read no further than position ``upto``."""
    found = [Seen(span) for span in spans]
    for seen in sorted(found, key=lambda one: one.span):
        try:
            seen.gone = _read(folder, seen, upto)
        except (Unavailable, FileNotFoundError):  # swept meanwhile, or damaged: in either case it cannot be shown
            seen.gone = True
    return found


def traces(seen: Seen, columns: Mapping[str, tuple[str, int]]) -> list[Trace]:
    """Loads of the plates of ``columns`` (plate to gondola and column) as means of tenths of a second."""
    found: list[Trace] = []
    for plate, (gondola, column) in columns.items():
        parts = [
            _tenths(t, values[:, column]) for t, values in seen.plates.get(gondola, []) if column < values.shape[1]
        ]
        t_s = np.concatenate([t for t, _ in parts]) if parts else np.empty(0)
        grams = np.concatenate([g for _, g in parts]) if parts else np.empty(0)
        order = np.argsort(t_s, kind="stable")
        found.append(Trace(plate, t_s[order], grams[order]))
    return found


def tracks(seen: Seen) -> list[Track]:
    """Everybody's ways, in the order of their names."""
    by_track: dict[str, list[tuple[float, Floats]]] = {}
    for t, track, joints in seen.frames:
        by_track.setdefault(track, []).append((t, joints))
    return [_way(track, by_track[track]) for track in sorted(by_track)]


def columns_of(layout: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Where each plate of a layout document stands in its gondola's messages: (gondola, column)."""
    counts: dict[str, int] = {}
    found: dict[str, tuple[str, int]] = {}
    for plate in layout.get("plates") or ():
        gondola = str(plate["gondola"])
        found[str(plate["id"])] = (gondola, counts.get(gondola, 0))
        counts[gondola] = counts.get(gondola, 0) + 1
    return found


# --- reading ----------------------------------------------------------------------------------------------------------
def _read(folder: Path, seen: Seen, upto: int) -> bool:
    """Fill ``seen``; True where the log begins only after the span does."""
    start, begun_us = _segment_before(folder, seen.span.from_us)
    if start is None:
        return True
    for record in _records(folder, start, upto):
        if record.arrival_us > seen.span.to_us + LATE_US:
            break
        if record.arrival_us >= seen.span.from_us and record.body:
            _take(seen, record)
    return begun_us > seen.span.from_us


def _segment_before(folder: Path, at_us: int) -> tuple[int | None, int]:
    """Start and beginning of the last segment that was begun before an instant, else of the first there is."""
    low, high = 0, len(found := sensorlog.segments(folder))
    while low < high:
        middle = (low + high) // 2
        if sensorlog.begun_us(*(path for _, path in found[middle:])) <= at_us:
            low = middle + 1
        else:
            high = middle
    if not found:
        return None, 0
    first = max(0, low - 1)
    return found[first][0], sensorlog.begun_us(*(path for _, path in found[first:]))


def _records(folder: Path, start: int, upto: int) -> Iterator[Record]:
    reader = LogReader(folder, start)
    try:
        for placed in reader.read(upto):
            yield placed.record
    finally:
        reader.close()


def _take(seen: Seen, record: Record) -> None:
    message = _message(record.body)
    if not seen.span.from_us <= message.t_us <= seen.span.to_us:
        return
    t = message.t_us / 1e6
    if isinstance(message, Plates):
        seen.plates.setdefault(message.gondola, []).append((t, messages.unpack(message)))
    elif isinstance(message, Skeletons):
        seen.frames += [(t, person.track, messages.joints_of(person)) for person in message.people]


# --- shaping ----------------------------------------------------------------------------------------------------------
def _tenths(t: float, values: NDArray[np.int32]) -> tuple[Floats, Floats]:
    step = PLATE_HZ // TRACE_HZ
    rows = -(-len(values) // step)
    padded = np.full(rows * step, np.nan)
    padded[: len(values)] = np.where(values == MISSING, np.nan, values / 10.0)
    cells = padded.reshape(rows, step)
    counted = np.sum(~np.isnan(cells), axis=1)
    grams = np.where(counted > 0, np.nansum(cells, axis=1) / np.maximum(counted, 1), np.nan)
    return t + (np.arange(rows) + 0.5) * step / PLATE_HZ, grams


def _way(track: str, rows: list[tuple[float, Floats]]) -> Track:
    rows = sorted(rows, key=lambda row: row[0])
    joints = np.stack([joints for _, joints in rows])
    t_s = np.array([t for t, _ in rows])
    floor = np.full((len(rows), 2), np.nan)
    for joint in (HEAD, *SHOULDERS, NECK):  # the neck where it was seen, else whatever of the trunk was
        there = ~np.isnan(joints[:, joint, 0])
        floor[there] = joints[there, joint, :2]
    seen = ~np.isnan(floor[:, 0])
    return Track(track, t_s[seen], floor[seen], joints[seen][:, WRISTS, :3])
