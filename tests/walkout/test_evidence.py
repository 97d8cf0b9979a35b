"""Evidence around a moment, out of the raw sensor log: what is read, what is not, and what is gone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from madang.walkout import evidence, messages
from madang.walkout.evidence import Span
from madang.walkout.messages import MISSING, Plates, Skeletons, pack, skeleton
from madang.walkout.sensorlog import Record, SensorLog, segments

T0 = 1_795_000_000_000_000
S = 1_000_000
PLATES = {"p1": ("1", 0), "p2": ("1", 1)}


def plates(t_us: int, grams: tuple[float, float], gondola: str = "1") -> bytes:
    values = np.tile(np.array([round(g * 10) for g in grams], np.int32), (12, 1))
    width, packed = pack(values)
    made = Plates(device="g", seq=0, t_us=t_us, gondola=gondola, rows=12, plates=2, values=packed, width=width)
    return msgspec.msgpack.encode(made)


def people(t_us: int, **at: tuple[float, float]) -> bytes:
    def body(x: float, y: float) -> np.ndarray:
        joints = np.tile(np.array([x, y, 1.2, 0.9]), (8, 1))
        joints[7, :3] = (x + 0.3, y + 0.3, 1.0)
        return joints

    found = tuple(skeleton(track, body(*where)) for track, where in at.items())
    return msgspec.msgpack.encode(Skeletons(device="c", seq=0, t_us=t_us, people=found))


def logged(folder: Path, seconds: int = 60, *, segment_bytes: int = 1 << 20) -> int:
    """A minute in which p1 loses 120 g at half time, while t1 walks by; gives the end of the log."""
    log = SensorLog(folder, segment_bytes=segment_bytes)
    for tick in range(seconds * 5):
        t_us = T0 + tick * S // 5
        grams = (1000.0 if tick < seconds * 5 // 2 else 880.0, 500.0)
        log.append(Record(t_us + 30_000, plates(t_us, grams)))
        log.append(Record(t_us + 60_000, people(t_us, t1=(tick * 0.01, 1.0), t2=(3.0, 2.0))))
        log.append(Record(t_us + 70_000))
    end = log.end
    log.close()
    return end


def test_a_span_holds_loads_and_ways_and_nothing_from_outside_it(tmp_path: Path) -> None:
    end = logged(tmp_path)
    (seen,) = evidence.look(tmp_path, [Span(T0 + 26 * S, T0 + 34 * S)], upto=end)
    assert not seen.gone
    one, two = evidence.traces(seen, PLATES)
    assert (one.plate, len(one.t_s)) == ("p1", len(one.grams))
    assert T0 / 1e6 + 26 <= one.t_s.min() <= one.t_s.max() <= T0 / 1e6 + 34.3
    assert (one.grams[:10].mean(), one.grams[-10:].mean()) == pytest.approx((1000.0, 880.0))
    assert np.ptp(two.grams) == 0
    first, second = evidence.tracks(seen)
    assert (first.track, second.track) == ("t1", "t2")
    assert first.floor[-1, 0] > first.floor[0, 0]
    assert first.wrists.shape == (len(first.t_s), 2, 3)
    assert first.wrists[0, 1] - first.wrists[0, 0] == pytest.approx([0.3, 0.3, -0.2])


def test_several_spans_come_back_in_the_order_they_were_asked_in(tmp_path: Path) -> None:
    end = logged(tmp_path, segment_bytes=3_000)
    assert len(segments(tmp_path)) > 10
    spans = [Span(T0 + s * S, T0 + (s + 4) * S) for s in (40, 5, 20)]
    found = evidence.look(tmp_path, spans, upto=end)
    assert [seen.span for seen in found] == spans
    for seen in found:
        assert {t for t, _ in seen.plates["1"]} == {
            (T0 + k * S // 5) / 1e6 for k in range(300) if seen.span.from_us <= T0 + k * S // 5 <= seen.span.to_us
        }


def test_only_the_segments_of_a_span_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    end = logged(tmp_path, segment_bytes=3_000)
    read: list[int] = []
    take = evidence._take
    monkeypatch.setattr(evidence, "_take", lambda seen, record: (read.append(record.arrival_us), take(seen, record)))
    evidence.look(tmp_path, [Span(T0 + 50 * S, T0 + 52 * S)], upto=end)
    assert min(read) >= T0 + 50 * S
    assert max(read) <= T0 + 52 * S + evidence.LATE_US


def test_what_came_late_is_found_by_its_own_time(tmp_path: Path) -> None:
    log = SensorLog(tmp_path)
    log.append(Record(T0))
    log.append(Record(T0 + 12 * S, plates(T0 + 10 * S, (7.0, 0.0))))
    end = log.flush()
    (seen,) = evidence.look(tmp_path, [Span(T0 + 9 * S, T0 + 11 * S)], upto=end)
    assert [t for t, _ in seen.plates["1"]] == [(T0 + 10 * S) / 1e6]
    log.close()


def test_what_was_destroyed_is_said_to_be_gone(tmp_path: Path) -> None:
    end = logged(tmp_path, segment_bytes=3_000)
    for _, path in segments(tmp_path)[:5]:
        path.unlink()
    early, late = evidence.look(tmp_path, [Span(T0 + S, T0 + 2 * S), Span(T0 + 50 * S, T0 + 52 * S)], upto=end)
    assert (early.gone, late.gone) == (True, False)


def test_no_log_and_a_damaged_one_are_gone_too(tmp_path: Path) -> None:
    (seen,) = evidence.look(tmp_path / "nothing", [Span(T0, T0 + S)], upto=10)
    assert seen.gone
    end = logged(tmp_path, seconds=5)
    (_, path), *_ = segments(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[200] ^= 1
    path.write_bytes(raw)
    (seen,) = evidence.look(tmp_path, [Span(T0, T0 + S)], upto=end)
    assert seen.gone


def test_nothing_is_read_beyond_what_is_safe_to_read(tmp_path: Path) -> None:
    logged(tmp_path, seconds=5)
    (seen,) = evidence.look(tmp_path, [Span(T0, T0 + 5 * S)], upto=0)
    assert (seen.plates, seen.frames) == ({}, [])


def test_samples_that_were_not_measured_are_left_out_of_the_mean() -> None:
    values = np.array([100, MISSING, 100, 100, 100, 100] + [MISSING] * 6, np.int32)
    _, grams = evidence._tenths(0.0, values)
    assert grams[0] == 10.0
    assert np.isnan(grams[1])


def test_columns_are_those_in_which_a_gondolas_plates_are_sent() -> None:
    layout = {"plates": [{"id": "a", "gondola": 1}, {"id": "b", "gondola": 2}, {"id": "c", "gondola": 1}]}
    assert evidence.columns_of(layout) == {"a": ("1", 0), "b": ("2", 0), "c": ("1", 1)}
    assert messages.VERSION == 1
