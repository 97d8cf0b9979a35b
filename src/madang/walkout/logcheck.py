"""Reading a raw sensor log from end to end: every checksum, the order, and that what was logged can be understood.

It only reads, so it may run beside an open shop.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from madang.walkout.messages import Message
from madang.walkout.sensorlog import MAGIC, Header, Record, frames_of, header_of, segments

_record = msgspec.msgpack.Decoder(Record).decode
_header = msgspec.msgpack.Decoder(Header).decode
_message = msgspec.msgpack.Decoder(Message).decode


class Fault(msgspec.Struct, frozen=True):
    """What is wrong, in which file, at which log position. ``stops``: nothing can be read on from there."""

    file: str
    position: int
    ko: str
    en: str
    stops: bool = True


class Report(msgspec.Struct, kw_only=True):
    """What a log holds. ``torn_bytes`` at its very end are a write that was not finished: the next start cuts them off,
    and while the shop is open they may be one on its way. ``anew``: where it was begun anew behind damage.
    ``faults`` are damage."""

    segments: int = 0
    bytes: int = 0
    first: int = 0
    end: int = 0
    from_us: int = 0
    to_us: int = 0
    messages: dict[str, int] = msgspec.field(default_factory=dict)
    ticks: int = 0
    torn_bytes: int = 0
    anew: list[int] = msgspec.field(default_factory=list)
    faults: list[Fault] = msgspec.field(default_factory=list)


def check(folder: Path) -> Report:
    """Read the whole log of a folder."""
    report = Report()
    found = segments(folder)
    for number, (start, path) in enumerate(found):
        if number == 0:
            report.first = report.end = start
        elif (header := header_of(path)) is not None and header.anew:
            report.anew.append(start)
            report.end = start
        elif start != report.end:
            report.faults.append(_fault(path, report.end, "앞 조각과 이어지지 않습니다", "it does not follow on"))
            report.end = start
        _segment(report, start, path, last=number == len(found) - 1)
    report.segments = len(found)
    return report


def _segment(report: Report, start: int, path: Path, *, last: bool) -> None:
    raw = path.read_bytes()
    report.bytes += len(raw)
    frames = frames_of(raw, len(MAGIC)) if raw.startswith(MAGIC) else iter(())
    header = next(frames, None)
    if header is None:
        _end(report, path, len(raw), last=last)
        return
    if (said := _header(header.payload).start) != start:
        report.faults.append(_fault(path, start, f"시작이 {said}(이)라고 합니다", f"it says that it starts at {said}"))
    after = header.end
    for frame in frames:
        report.end, after = start + frame.end - header.end, frame.end
        _one(report, path, frame.payload)
    if after < len(raw):
        _end(report, path, len(raw) - after, last=last)


def _one(report: Report, path: Path, payload: bytes) -> None:
    """A record whose checksum is right."""
    try:
        record = _record(payload)
        who = _message(record.body).device if record.body else ""
    except msgspec.MsgspecError as fault:
        report.faults.append(
            _fault(path, report.end, f"기록을 읽을 수 없습니다 ({fault})", f"unreadable: {fault}", stops=False)
        )
        return
    if record.arrival_us < report.to_us:
        report.faults.append(_fault(path, report.end, "시각이 거꾸로 갑니다", "its time goes back", stops=False))
    report.from_us = report.from_us or record.arrival_us
    report.to_us = max(report.to_us, record.arrival_us)
    if who:
        report.messages[who] = report.messages.get(who, 0) + 1
    else:
        report.ticks += 1


def _end(report: Report, path: Path, size: int, *, last: bool) -> None:
    """Bytes that are no record: torn at the very end, damage anywhere else."""
    if last:
        report.torn_bytes = size
    else:
        report.faults.append(_fault(path, report.end, "기록이 잘렸거나 바뀌었습니다", "a record is torn or wrong"))


def _fault(path: Path, position: int, ko: str, en: str, *, stops: bool = True) -> Fault:
    return Fault(path.name, position, ko, en, stops)
