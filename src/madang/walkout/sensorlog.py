"""The raw sensor log: what the gateway took, in the order it took it. That order is the truth of a replay.

Append-only segments in one folder. A segment ``<start>.seg`` holds a header record and then one record per message;
a record is ``length u32 | crc32 u32 | payload`` (little-endian) and ``start`` is the log position of its first byte.
Positions only grow, also over deleted segments. Appending is not durable: whoever writes something that depends on
the log calls ``sync`` first. A tail torn by a crash is cut off on open; any other damage is an error that names the
file. Readers (the engine process) only read, and only up to a position they were told.
"""

from __future__ import annotations

import itertools
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from madang.kernel import Unavailable

MAGIC = b"madang-sensorlog-1\n"
SEGMENT_BYTES = 16 << 20
_HEAD = struct.Struct("<II")
RECORD_BYTES_MAX = 8 << 20


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One message as it came: when it reached the hub (``arrival_us``, hub clock) and its msgpack bytes.

    An empty ``body`` is a tick: nothing came, but time went on; at the time of the record before it, it says that the
    hub was opened again here.
    """

    arrival_us: int
    body: bytes = b""


class Placed(NamedTuple):
    """A record and the log position just behind it."""

    end: int
    record: Record


class Doomed(msgspec.Struct, frozen=True):
    """What is to be destroyed, or has been: ``segments`` files with the positions from ``first`` up to ``end``, begun
    at ``from_us`` and followed by what was begun at ``to_us``. ``decided_us`` is when."""

    first: int
    end: int
    segments: int
    bytes: int
    from_us: int
    to_us: int
    decided_us: int


class Header(msgspec.Struct, frozen=True):
    """First record of a segment: where it starts, when it was begun, and what the gateway knew then (opaque here).
    ``anew``: what lies before it cannot be read up to here, so no reading goes on from there into it."""

    start: int
    at_us: int
    state: bytes = b""
    anew: bool = False


_encode = msgspec.msgpack.Encoder().encode
_record = msgspec.msgpack.Decoder(Record).decode
_header = msgspec.msgpack.Decoder(Header).decode
_doomed = msgspec.json.Decoder(Doomed).decode


def damaged(path: Path, fault: str) -> Unavailable:
    """The error for a log that cannot be read on."""
    return Unavailable(
        "sensorlog.damaged",
        ko=f"센서 기록 {path.name} 이(가) 손상되었습니다: {fault}.",
        en=f"The sensor log {path.name} is damaged: {fault}.",
        next_ko="`madang check-log`로 확인하고 `madang new-log`로 새로 시작하세요. 열린 방문은 사람이 확인합니다.",
        next_en="Look with `madang check-log`, then begin anew with `madang new-log`; open visits then go to review.",
        file=path.name,
        fault=fault,
    )


def _unwritable(folder: Path, fault: str) -> Unavailable:
    return Unavailable(
        "sensorlog.unwritable",
        ko=f"센서 기록을 {folder}에 쓸 수 없습니다: {fault}.",
        en=f"The sensor log cannot be written in {folder}: {fault}.",
        next_ko="디스크의 빈 공간과 상태를 보고 다시 시작하세요. 확인받지 못한 것은 센서가 다시 보냅니다.",
        next_en="See to the disk and its space, and start again; sensors send again what was not confirmed.",
    )


def segments(folder: Path) -> list[tuple[int, Path]]:
    """The segments there are, by their start."""
    return sorted((int(path.stem), path) for path in folder.glob("*.seg"))


def framed(payload: bytes) -> bytes:
    """A payload as it lies in a segment: its length and checksum before it."""
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def _next(file: BinaryIO) -> bytes | None:
    """The next whole payload, or None at the end or where the record is torn or wrong."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    size, crc = _HEAD.unpack(head)
    if size > RECORD_BYTES_MAX:
        return None
    payload = file.read(size)
    return payload if len(payload) == size and zlib.crc32(payload) == crc else None


def sync_folder(folder: Path) -> None:
    """Make it durable which files are in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Framed(NamedTuple):
    """A payload whose checksum is right, and where it ends in its file."""

    end: int
    payload: bytes


def frames_of(raw: bytes, at: int) -> Iterator[Framed]:
    """The whole payloads of a file's bytes from ``at`` on, up to the first that is torn or wrong."""
    while len(raw) - at >= _HEAD.size:
        size, crc = _HEAD.unpack_from(raw, at)
        payload = raw[at + _HEAD.size : at + _HEAD.size + size]
        if size > RECORD_BYTES_MAX or len(payload) != size or zlib.crc32(payload) != crc:
            return
        at += _HEAD.size + size
        yield Framed(at, payload)


def _opened(path: Path) -> tuple[BinaryIO, Header] | None:
    file = path.open("rb")
    if file.read(len(MAGIC)) == MAGIC and (payload := _next(file)) is not None:
        return file, _header(payload)
    file.close()
    return None


def header_of(path: Path) -> Header | None:
    """The header of a segment; None where it cannot be read."""
    opened = _opened(path)
    if opened is None:
        return None
    opened[0].close()
    return opened[1]


def begun_us(*paths: Path) -> int:
    """When a segment was begun; where its header cannot be read, when the next of ``paths`` was, which is later.
    Raises ``sensorlog.damaged``."""
    for path in paths:
        if (header := header_of(path)) is not None:
            return header.at_us
    raise damaged(paths[0], "its header cannot be read")


def begun_anew(folder: Path) -> int:
    """Where the log was last begun anew behind something that cannot be read; 0: nowhere."""
    for start, path in reversed(segments(folder)):
        if (header := header_of(path)) is not None and header.anew:
            return start
    return 0


class LogReader:
    """Reads on from a position, segment by segment; keeps its file open between calls."""

    def __init__(self, folder: Path, position: int) -> None:
        self._file: BinaryIO | None = None
        self._folder, self.position = folder, position
        self._path = folder

    def read(self, upto: int) -> Iterator[Placed]:
        """Every record from here until ``upto`` is reached or passed; what is flushed ends no earlier.

        Raises ``sensorlog.damaged``.
        """
        while self.position < upto:
            if self._file is None:
                self._open_at(self.position)
            assert self._file is not None
            payload = _next(self._file)
            if payload is None:
                self._to_next_segment()
                continue
            self.position += _HEAD.size + len(payload)
            yield Placed(self.position, _record(payload))

    def _open_at(self, position: int) -> None:
        found = [(start, path) for start, path in segments(self._folder) if start <= position]
        if not found:
            raise damaged(self._folder, f"position {position} is no longer kept")
        start, self._path = found[-1]
        opened = _opened(self._path)
        if opened is None:
            raise damaged(self._path, "its header cannot be read")
        self._file, header = opened
        if header.start != start:
            raise damaged(self._path, f"it says it starts at {header.start}")
        self._file.seek(position - start, os.SEEK_CUR)

    def _to_next_segment(self) -> None:
        later = [start for start, _ in segments(self._folder) if start == self.position]
        if not later or self._path.stem == f"{self.position:020d}":
            raise damaged(self._path, f"the record at {self.position} is torn or wrong")
        self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __del__(self) -> None:
        self.close()


class SensorLog:
    """The writer: one per folder, used from one thread."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._file: BinaryIO | None = None
        self._folder, self._segment_bytes = folder, segment_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._start = self.end = self.durable = 0
        self.state = b""
        self.torn_bytes = 0
        self._failed = False
        self._repair()

    def _repair(self) -> None:
        """Cut what a crash tore off the last segment; a last segment without a whole header is removed."""
        for start, path in reversed(segments(self._folder)):
            opened = _opened(path)
            if opened is None:
                self.torn_bytes += path.stat().st_size
                path.unlink()
                continue
            file, header = opened
            with file:
                body = good = file.tell()
                while (payload := _next(file)) is not None:
                    good += _HEAD.size + len(payload)
            self.torn_bytes += path.stat().st_size - good
            os.truncate(path, good)
            self._start, self.end, self.state = start, start + good - body, header.state
            self._file = path.open("ab", buffering=1 << 16)
            break
        self.sync(force=True)

    @property
    def first(self) -> int:
        """The earliest position from which the log can be read on to its end."""
        found = segments(self._folder)
        return max(begun_anew(self._folder), found[0][0]) if found else self.end

    def tail(self) -> Iterator[Record]:
        """The records of the last segment: with its header's ``state``, enough to know what the gateway knew."""
        return (placed.record for placed in LogReader(self._folder, self._start).read(self.end))

    def append(self, record: Record, state: bytes | None = None) -> int:
        """Add a record; returns the position behind it. ``state`` goes into the header when a segment begins."""
        payload = _encode(record)
        if self._file is None or self.end - self._start >= self._segment_bytes:
            self._roll(record.arrival_us, self.state if state is None else state)
        assert self._file is not None
        self._file.write(framed(payload))
        self.end += _HEAD.size + len(payload)
        return self.end

    def full(self) -> bool:
        """True when the next append begins a new segment."""
        return self._file is None or self.end - self._start >= self._segment_bytes

    def _roll(self, at_us: int, state: bytes) -> None:
        self.sync()
        if self._file is not None:
            self._file.close()
        self._start, self.state = self.end, state
        path = self._folder / f"{self.end:020d}.seg"
        self._file = path.open("xb", buffering=1 << 16)
        self._file.write(MAGIC + framed(_encode(Header(self.end, at_us, state))))
        self._file.flush()
        self._sync_folder()

    def flush(self) -> int:
        """Make what was appended readable for other processes (not yet durable); returns the end."""
        if self._file is not None:
            self._file.flush()
        return self.end

    def sync(self, upto: int | None = None, *, force: bool = False) -> None:
        """Make the log durable up to ``upto`` (all of it by default). Nothing may depend on it before."""
        if self._file is None or (not force and self.durable >= (self.end if upto is None else upto)):
            return
        if self._failed:
            raise _unwritable(self._folder, "an earlier write failed")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as fault:
            self._failed = True  # the system may have let go of what it could not write: trying again proves nothing
            raise _unwritable(self._folder, str(fault)) from fault
        self.durable = self.end
        if force:
            self._sync_folder()

    def begin_sync(self, upto: int | None = None) -> tuple[int, int] | None:
        """``sync`` in parts, so that appending goes on meanwhile: (a descriptor to ``fsync`` and close, up to where
        that makes it durable), to be told to ``synced``; None where it is durable already."""
        if self._file is None or self.durable >= (self.end if upto is None else upto):
            return None
        self._file.flush()
        return os.dup(self._file.fileno()), self.end

    def synced(self, end: int) -> None:
        """The log is durable up to ``end``: whole segments before the one that was synced are so since they ended."""
        self.durable = max(self.durable, end)

    def _sync_folder(self) -> None:
        sync_folder(self._folder)

    # --- the end of what was kept long enough -----------------------------------------------------------------------
    def doom(self, position: int, before_us: int, *, now_us: int) -> Doomed | None:
        """Decide to destroy whole segments that end at or before ``position`` and whose successor was begun before
        ``before_us``, and make the decision durable. One that was decided before and not finished comes first."""
        pending = self.doomed()
        if pending is not None:
            return pending
        found = segments(self._folder)
        sizes: list[int] = []
        end = to_us = 0
        for n, ((_, path), (next_start, _)) in enumerate(itertools.pairwise(found), 1):
            if next_start > position or (began_us := begun_us(*(later for _, later in found[n:]))) >= before_us:
                break
            sizes.append(path.stat().st_size)
            end, to_us = next_start, began_us
        if not sizes:
            return None
        first = found[0][0]
        new = Doomed(first, end, len(sizes), sum(sizes), begun_us(*(one for _, one in found)), to_us, now_us)
        half = self._doomed_path.with_suffix(".writing")
        with half.open("wb") as file:
            file.write(msgspec.json.encode(new))
            file.flush()
            os.fsync(file.fileno())
        half.rename(self._doomed_path)
        self._sync_folder()
        return new

    def doomed(self) -> Doomed | None:
        """What was decided and is not yet told."""
        try:
            return _doomed(self._doomed_path.read_bytes())
        except FileNotFoundError:
            return None

    def destroy(self, doomed: Doomed) -> None:
        """Delete what was decided on; when this returns it is gone for good, also after a loss of power."""
        for start, path in segments(self._folder):
            if start < doomed.end:
                path.unlink()
        self._sync_folder()

    def told(self) -> None:
        """The destruction is on record: the decision may be forgotten."""
        self._doomed_path.unlink(missing_ok=True)
        self._sync_folder()

    @property
    def _doomed_path(self) -> Path:
        return self._folder / "destroying.json"

    def close(self) -> None:
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()
