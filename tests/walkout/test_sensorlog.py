"""The raw sensor log: order, durability, torn tails, damage, retention."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.kernel import Unavailable
from madang.walkout.sensorlog import LogReader, Record, SensorLog, segments


def filled(folder: Path, count: int, segment_bytes: int = 1 << 20, size: int = 50) -> list[int]:
    log = SensorLog(folder, segment_bytes=segment_bytes)
    ends = [log.append(Record(i, bytes([i % 256]) * size), b"state %d" % i) for i in range(count)]
    log.close()
    return ends


def read(folder: Path, position: int = 0, upto: int | None = None) -> list[int]:
    end = SensorLog(folder).end if upto is None else upto
    return [placed.record.arrival_us for placed in LogReader(folder, position).read(end)]


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
    log.drop_before(ends[20], before_us=1000)
    with pytest.raises(Unavailable, match="no longer kept"):
        list(LogReader(tmp_path, 0).read(log.end))


def test_a_segment_is_kept_while_somebody_needs_it_and_until_it_is_old_enough(tmp_path: Path) -> None:
    ends = filled(tmp_path, 40, segment_bytes=300)
    log = SensorLog(tmp_path)
    before = len(segments(tmp_path))
    assert log.drop_before(0, before_us=1000) == []
    assert log.drop_before(ends[-1], before_us=0) == []
    assert log.drop_before(ends[20], before_us=10) != []
    assert 0 < log.first <= ends[10]
    assert len(log.drop_before(log.end, before_us=1000)) > 0
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
