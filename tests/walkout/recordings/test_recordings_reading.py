from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.walkout.recordings import small_case

from madang.walkout.recordings import RecordingError, find_cases, read_case


def test_a_case_is_read_whole(tmp_path: Path) -> None:
    folder = small_case.write_case(tmp_path)
    recording = read_case(folder, tmp_path / "stores")
    assert recording.values.shape == (720, 3)
    assert recording.plates == ("1-1-1", "1-1-2", "1-1-3")
    assert recording.gondolas == (1,)
    assert recording.duration_s == 12.0
    assert recording.duplicates.tolist() == [[3.0, 0.0, small_case.T0 + 2.0]]
    assert [gate.event for gate in recording.gates] == ["entered", "left"]
    assert len(recording.frames) == 132
    t, people = recording.frames[0]
    assert t == small_case.T0
    assert people[0][0] == "t1"
    assert people[0][1].shape == (8, 4)
    assert people[0][1][0].tolist() == [0.25, -0.5, 1.6, 0.9]


def test_a_joint_nobody_saw_is_nan(tmp_path: Path) -> None:
    folder = small_case.write_case(tmp_path)
    line = {"t": 1.0, "p": [{"track": "t1", "joints": {"head": None, "neck": [1, 2, 3, 0.5]}}]}
    (folder / "skeletons.jsonl.gz").write_bytes(gzip.compress(json.dumps(line).encode()))
    joints = read_case(folder, tmp_path / "stores").frames[0][1][0][1]
    assert np.isnan(joints[0]).all()
    assert joints[1].tolist() == [1, 2, 3, 0.5]


def test_truth_is_never_read(tmp_path: Path) -> None:
    folder = small_case.write_case(tmp_path)
    (folder / "truth.json").write_bytes(b"\x00 not JSON at all")
    assert read_case(folder, tmp_path / "stores").case == "one"


def _cut(name: str, keep: float = 0.5) -> Callable[[Path], str]:
    def damage(folder: Path) -> str:
        path = folder / name
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])
        return name

    return damage


def _without(name: str) -> Callable[[Path], str]:
    def damage(folder: Path) -> str:
        (folder / name).unlink()
        return name

    return damage


def _flipped(folder: Path) -> str:
    path = folder / "plates.npz"
    data = bytearray(path.read_bytes())
    for at in range(200, 260):
        data[at] ^= 0xFF
    path.write_bytes(bytes(data))
    return "plates.npz"


def _case(**changes: object) -> Callable[[Path], str]:
    def damage(folder: Path) -> str:
        about = json.loads((folder / "case.json").read_text()) | changes
        (folder / "case.json").write_text(json.dumps(about))
        return "case.json"

    return damage


def _member(name: str, value: object) -> Callable[[Path], str]:
    def damage(folder: Path) -> str:
        members = small_case.plates()
        if value is None:
            del members[name]
        else:
            members[name] = np.asarray(value)
        small_case.write_npz(folder / "plates.npz", members)
        return "plates.npz"

    return damage


def _line(name: str, text: str) -> Callable[[Path], str]:
    def damage(folder: Path) -> str:
        path = folder / name
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"\n" + text.encode()))
        else:
            path.write_text(path.read_text() + "\n" + text)
        return name

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut("case.json"), id="case.json cut off"),
        pytest.param(_cut("plates.npz"), id="plates cut off"),
        pytest.param(_cut("plates.npz", 0.0), id="plates empty"),
        pytest.param(_cut("skeletons.jsonl.gz"), id="skeletons cut off"),
        pytest.param(_without("case.json"), id="no case.json"),
        pytest.param(_without("plates.npz"), id="no plates"),
        pytest.param(_without("skeletons.jsonl.gz"), id="no skeletons"),
        pytest.param(_without("door.jsonl"), id="no door"),
        pytest.param(_flipped, id="plates with flipped bytes"),
        pytest.param(_case(version=2), id="a later version"),
        pytest.param(_case(t0="soon"), id="t0 is no number"),
        pytest.param(_member("values", None), id="no values"),
        pytest.param(_member("fs", 50.0), id="another sampling rate"),
        pytest.param(_member("values", np.zeros((720, 2), np.int32)), id="columns missing"),
        pytest.param(_member("batch_t", np.zeros((3, 1))), id="batch times of another length"),
        pytest.param(_member("plates", np.array(["1-1-1", "1-1-2", "9-9-9"])), id="a plate the shop has not"),
        pytest.param(_line("door.jsonl", '{"t": 1, "event": "flew"}'), id="an unknown gate event"),
        pytest.param(_line("door.jsonl", "{"), id="a broken door line"),
        pytest.param(_line("skeletons.jsonl.gz", '{"t": 1e999, "p": []}'), id="a frame at no time"),
        pytest.param(_line("skeletons.jsonl.gz", '{"t": 1, "p": [{"track": 5}]}'), id="a frame of another shape"),
    ],
)
def test_a_damaged_recording_names_the_file_and_the_fault(tmp_path: Path, damage: Callable[[Path], str]) -> None:
    folder = small_case.write_case(tmp_path)
    name = damage(folder)
    with pytest.raises(RecordingError) as caught:
        read_case(folder, tmp_path / "stores")
    assert caught.value.file.endswith(name)
    assert name in caught.value.text("ko")
    assert len(caught.value.text("en")) > len(name) + 10


def test_a_shop_nobody_described_is_named(tmp_path: Path) -> None:
    folder = small_case.write_case(tmp_path)
    _case(store="elsewhere")(folder)
    with pytest.raises(RecordingError, match="elsewhere"):
        read_case(folder, tmp_path / "stores")


def test_a_shop_name_cannot_reach_outside(tmp_path: Path) -> None:
    folder = small_case.write_case(tmp_path)
    _case(store="../../etc")(folder)
    with pytest.raises(RecordingError, match="not the name of a shop"):
        read_case(folder, tmp_path / "stores")


def test_a_set_its_parent_and_a_single_case_are_all_found(tmp_path: Path) -> None:
    folder = small_case.write_case(tmp_path, "one")
    small_case.write_case(tmp_path, "two")
    names = ["one", "two"]
    assert [path.name for path in find_cases(tmp_path)[0]] == names
    assert [path.name for path in find_cases(tmp_path / "cases")[0]] == names
    assert find_cases(folder) == ([folder], tmp_path / "stores")
    with pytest.raises(RecordingError):
        find_cases(tmp_path / "nowhere")
