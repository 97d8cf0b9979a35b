"""The raw sensor log: order, durability, torn tails, damage, retention."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.kernel import Unavailable
from madang.walkout import logcheck
from madang.walkout.sensorlog import LogReader, Record, SensorLog, segments


def filled(folder: Path, count: int, segment_bytes: int = 1 << 20, size: int = 50) -> list[int]:
    log = SensorLog(folder, segment_bytes=segment_bytes)
    ends = [log.append(Record(i, bytes([i % 256]) * size), b"state %d" % i) for i in range(count)]
    log.close()
    return ends


def read(folder: Path, position: int = 0, upto: int | None = None) -> list[int]:
    end = SensorLog(folder).end if upto is None else upto
    return [placed.record.arrival_us for placed in LogReader(folder, position).read(end)]


def destroyed(log: SensorLog, position: int, before_us: int) -> int:
    """How many segments went."""
    doomed = log.doom(position, before_us, now_us=5_000)
    if doomed is None:
        return 0
    log.destroy(doomed)
    log.told()
    return doomed.segments


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    filled(tmp_path, 100)
    assert read(tmp_path) == list(range(100))


def test_positions_go_on_over_segments(tmp_path: Path) -> None:
    ends = filled(tmp_path, 100, segment_bytes=300)
    assert len(segments(tmp_path)) > 10
    assert read(tmp_path) == list(range(100))
    assert read(tmp_path, position=ends[41]) == list(range(42, 100))


def test_a_reader_follows_a_writer_only_as_far_as_it_is_told(tmp_path: Path) -> None:
    log = SensorLog(tmp_path, segment_bytes=200)
    reader = LogReader(tmp_path, 0)
    got: list[int] = []
    for i in range(52):
        log.append(Record(i, b"x" * 40))
        if i % 7 == 0:
            got += [placed.record.arrival_us for placed in reader.read(log.flush())]
            assert got == list(range(i + 1))
    assert reader.position < log.end


def test_a_reader_goes_on_after_the_last_record_of_a_full_segment(tmp_path: Path) -> None:
    ends = filled(tmp_path, 20, segment_bytes=100)
    for end in ends[:-1]:
        assert len(read(tmp_path, position=end)) == 19 - ends.index(end)


@settings(deadline=None)
@given(cut=st.integers(1, 200))
def test_a_torn_tail_is_cut_off_and_the_log_goes_on(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("log")
    ends = filled(folder, 20)
    path = segments(folder)[-1][1]
    path.write_bytes(path.read_bytes()[:-cut])
    log = SensorLog(folder)
    kept = [i for i, end in enumerate(ends) if end <= ends[-1] - cut]
    assert log.torn_bytes > 0 or ends[-1] - cut in ends
    assert read(folder, upto=log.end) == kept
    log.append(Record(99))
    log.close()
    assert read(folder) == [*kept, 99]


def test_a_segment_torn_in_its_header_is_removed(tmp_path: Path) -> None:
    filled(tmp_path, 20, segment_bytes=300)
    last = segments(tmp_path)[-1][1]
    last.write_bytes(last.read_bytes()[:10])
    log = SensorLog(tmp_path)
    assert not last.exists()
    log.append(Record(99))
    log.close()
    assert read(tmp_path)[-1] == 99


def test_garbage_at_the_end_is_not_taken_for_a_record(tmp_path: Path) -> None:
    filled(tmp_path, 5)
    path = segments(tmp_path)[-1][1]
    path.write_bytes(path.read_bytes() + random.Random(1).randbytes(500))
    assert read(tmp_path) == [0, 1, 2, 3, 4]


def test_damage_inside_an_earlier_segment_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    filled(tmp_path, 40, segment_bytes=300)
    path = segments(tmp_path)[1][1]
    body = bytearray(path.read_bytes())
    body[-20] ^= 1
    path.write_bytes(bytes(body))
    with pytest.raises(Unavailable, match=path.name):
        read(tmp_path)


def test_reading_what_was_deleted_is_an_error(tmp_path: Path) -> None:
    ends = filled(tmp_path, 40, segment_bytes=300)
    log = SensorLog(tmp_path)
    destroyed(log, ends[20], before_us=1000)
    with pytest.raises(Unavailable, match="no longer kept"):
        list(LogReader(tmp_path, 0).read(log.end))


def test_a_segment_is_kept_while_somebody_needs_it_and_until_it_is_old_enough(tmp_path: Path) -> None:
    ends = filled(tmp_path, 40, segment_bytes=300)
    log = SensorLog(tmp_path)
    before = len(segments(tmp_path))
    assert destroyed(log, 0, before_us=1000) == 0
    assert destroyed(log, ends[-1], before_us=0) == 0
    assert destroyed(log, ends[20], before_us=10) > 0
    assert 0 < log.first <= ends[10]
    assert destroyed(log, log.end, before_us=1000) > 0
    assert len(segments(tmp_path)) == 1 < before
    assert log.append(Record(7)) > ends[-1]


def test_the_header_of_the_last_segment_says_what_was_known_when_it_began(tmp_path: Path) -> None:
    filled(tmp_path, 40, segment_bytes=300)
    log = SensorLog(tmp_path)
    tail = list(log.tail())
    assert log.state == b"state %d" % tail[0].arrival_us


def test_durable_is_only_what_was_synced(tmp_path: Path) -> None:
    log = SensorLog(tmp_path)
    first = log.append(Record(1))
    log.append(Record(2))
    assert log.durable == 0
    log.sync(first)
    assert log.durable == log.end


# --- crashes and damage at every byte -------------------------------------------------------------------------------
def small(folder: Path) -> tuple[Path, list[int]]:
    """A log of three segments; the last one's path, and the positions behind its records (its start first)."""
    ends = filled(folder, 14, segment_bytes=200, size=30)
    start, path = segments(folder)[-1]
    assert len(segments(folder)) >= 3
    return path, [start, *(end for end in ends if end > start)]


def test_cut_at_any_byte_the_log_is_what_was_whole_before(tmp_path: Path) -> None:
    path, ends = small(tmp_path / "log")
    raw = path.read_bytes()
    header = len(raw) - (ends[-1] - ends[0])
    for size in range(len(raw) + 1):
        folder = tmp_path / str(size)
        shutil.copytree(path.parent, folder)
        (folder / path.name).write_bytes(raw[:size])
        whole = max([end for end in ends if header + end - ends[0] <= size], default=ends[0])
        assert logcheck.check(folder).torn_bytes == (size - header - whole + ends[0] if size >= header else size)
        log = SensorLog(folder)
        assert (log.end, log.durable) == (whole, whole)
        log.append(Record(99, b"after the crash"))
        log.close()
        assert read(folder)[-1] == 99
        shutil.rmtree(folder)


def test_with_any_byte_changed_no_record_is_ever_wrong(tmp_path: Path) -> None:
    path, _ = small(tmp_path)
    raw, good = path.read_bytes(), read(tmp_path)
    for at in range(len(raw)):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0x41]) + raw[at + 1 :])
        got = read(tmp_path, upto=SensorLog(tmp_path).end)
        assert got == good[: len(got)]
        assert len(got) < len(good)
        path.write_bytes(raw)


def damage(folder: Path) -> list[logcheck.Fault]:
    """Without the complaint that what filled() writes is no message."""
    return [fault for fault in logcheck.check(folder).faults if "unreadable" not in fault.en]


def test_a_changed_byte_in_an_earlier_segment_is_always_found(tmp_path: Path) -> None:
    _, ends = small(tmp_path)
    path = segments(tmp_path)[1][1]
    raw = path.read_bytes()
    assert damage(tmp_path) == []
    for at in range(len(raw)):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0x41]) + raw[at + 1 :])
        assert path.name in [fault.file for fault in damage(tmp_path)], at
        with pytest.raises(Unavailable, match=r"sensorlog.damaged"):
            read(tmp_path, upto=ends[-1])
    path.write_bytes(raw)


def test_a_check_tells_what_is_there_and_where_it_is_damaged(tmp_path: Path) -> None:
    ends = filled(tmp_path, 40, segment_bytes=300)
    report = logcheck.check(tmp_path)
    # filled() writes bodies that are no messages: each of them is told, with its position
    assert [fault.position for fault in report.faults] == ends
    assert (report.first, report.end, report.segments) == (0, ends[-1], len(segments(tmp_path)))
    segments(tmp_path)[1][1].unlink()
    assert any("follow" in fault.en for fault in logcheck.check(tmp_path).faults)


def test_after_a_write_that_failed_nothing_is_called_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = SensorLog(tmp_path)
    log.append(Record(1))
    log.sync()
    log.append(Record(2))

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(Unavailable, match=r"sensorlog.unwritable"):
        log.sync()
    monkeypatch.undo()
    with pytest.raises(Unavailable, match="an earlier write failed"):
        log.sync()
    assert log.durable < log.end


@pytest.mark.parametrize("crash", ["decided", "half gone", "gone", "told"])
def test_a_destruction_that_a_crash_interrupts_is_finished_and_told(tmp_path: Path, crash: str) -> None:
    ends = filled(tmp_path, 40, segment_bytes=300)
    log = SensorLog(tmp_path)
    doomed = log.doom(ends[20], before_us=1_000, now_us=5_000)
    assert doomed is not None
    if crash == "half gone":
        segments(tmp_path)[0][1].unlink()
    elif crash != "decided":
        log.destroy(doomed)
    if crash == "told":
        log.told()
    log.close()
    again = SensorLog(tmp_path)
    assert again.doomed() == (None if crash == "told" else doomed)
    after = again.doom(ends[20], before_us=1_000, now_us=9_000)
    assert after == (None if crash == "told" else doomed)
    if after is not None:
        again.destroy(after)
        again.told()
    assert again.first == doomed.end
    assert doomed.bytes > doomed.end - doomed.first
    assert doomed.from_us < doomed.to_us
    assert read(tmp_path, position=again.first)[-1] == 39


def test_messages_are_taken_while_the_log_is_made_durable(tmp_path: Path) -> None:
    log = SensorLog(tmp_path)
    log.append(Record(1, b"a"))
    begun = log.begin_sync()
    assert begun is not None
    handle, end = begun
    log.append(Record(2, b"b"))
    os.fsync(handle)
    os.close(handle)
    log.synced(end)
    assert log.durable == end < log.end
    assert log.begin_sync(end) is None
    log.sync()
    assert log.durable == log.end
    log.close()
