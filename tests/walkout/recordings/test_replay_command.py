from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.walkout.recordings import small_case

from madang.cli import main
from madang.walkout.engine import Receipt, Update
from madang.walkout.recordings import read_case, replay


def test_replay_writes_receipts_confidence_and_events(tmp_path: Path) -> None:
    small_case.write_case(tmp_path)
    out = tmp_path / "pred.json"
    assert main(["replay", str(tmp_path / "cases"), "--out", str(out)]) == 0
    said = json.loads(out.read_text())["one"]
    assert said["receipts"] == {"c1": {"P2": 1}}
    assert 0.5 < said["confidence"]["c1"] <= 1.0
    (event,) = said["events"]
    assert (event["kind"], event["product"], event["facing"], event["credential"]) == ("pick", "P2", "F2", "c1")
    assert abs(event["t"] - (small_case.T0 + 6)) < 1.0


def test_a_damaged_recording_is_reported_and_the_rest_still_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_case.write_case(tmp_path, "fine")
    bad = small_case.write_case(tmp_path, "bad")
    (bad / "plates.npz").write_bytes((bad / "plates.npz").read_bytes()[:300])
    out = tmp_path / "pred.json"
    assert main(["replay", str(tmp_path / "cases"), "--out", str(out), "--lang", "en"]) == 3
    assert set(json.loads(out.read_text())) == {"fine"}
    told = capsys.readouterr().err
    assert str(bad / "plates.npz") in told
    assert "1 damaged" in told


def test_an_output_that_cannot_be_written_is_said_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_case.write_case(tmp_path)
    assert main(["replay", str(tmp_path / "cases"), "--out", str(tmp_path / "no" / "pred.json")]) == 3
    assert capsys.readouterr().err.endswith("여기에는 쓸 수 없습니다. 폴더를 확인하고 다시 실행하세요.\n")


def test_a_replay_speaks_the_readers_language_and_a_wrong_folder_is_no_damaged_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_case.write_case(tmp_path)
    out = ["--out", str(tmp_path / "pred.json")]
    assert main(["replay", str(tmp_path / "cases"), *out]) == 0
    told = capsys.readouterr().err
    assert "one: 영수증 1장, 실제 시간의" in told
    assert "손상된 기록 0건" in told
    assert main(["replay", str(tmp_path / "nowhere"), *out, "--lang", "en"]) == 3
    assert capsys.readouterr().err.endswith("there is no such folder. Check the folder and run it again.\n")


def test_two_replays_say_the_same(tmp_path: Path) -> None:
    recording = read_case(small_case.write_case(tmp_path), tmp_path / "stores")
    heard: list[Update] = []
    first = replay(recording, listener=heard.append)
    assert replay(recording) == first
    assert any(isinstance(update, Receipt) for update in heard)


def test_the_real_take_gives_exactly_its_one_item(tmp_path: Path, shared: Path) -> None:
    out = tmp_path / "pred.json"
    folder = shared / "recordings" / "aifi-original"
    assert main(["replay", "--format", "aifi", str(folder), "--out", str(out)]) == 0
    (said,) = json.loads(out.read_text()).values()
    assert said["receipts"] == {"3325379692103139202": {"071142008582": 1}}


def test_a_damaged_take_names_its_file(tmp_path: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("full_targets.json", "planogram.json", "products.json"):
        (tmp_path / name).write_bytes((shared / "recordings" / "aifi-original" / name).read_bytes())
    whole = (shared / "recordings" / "aifi-original" / "plate_data.json").read_bytes()
    (tmp_path / "plate_data.json").write_bytes(whole[: len(whole) // 2])
    assert main(["replay", "--format", "aifi", str(tmp_path), "--out", str(tmp_path / "p.json"), "--lang", "en"]) == 3
    assert "plate_data.json" in capsys.readouterr().err
