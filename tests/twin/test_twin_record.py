"""Recordings: complete, readable without the twin, and as the format says."""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.twin.twin_shops import tiny

from madang.kernel import Malformed, NotFound
from madang.twin import MISSING, record_set
from madang.twin.command import add_parser, shop_layout
from madang.twin.scenarios import SCRIPTS


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recorded")
    names = list(record_set(root, tiny(), cases=4, seed=3, categories=("single", "multi")))
    assert len(names) == len(set(names)) == 4
    return root


def _case(root: Path, part: str) -> Path:
    return next(path for path in sorted((root / "cases").iterdir()) if part in path.name)


def _lines(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_plates_are_as_the_format_says(recorded: Path) -> None:
    with np.load(_case(recorded, "multi-easy") / "plates.npz") as plates:
        values, batch_t, arrival = plates["values"], plates["batch_t"], plates["arrival"]
        assert values.dtype == np.int32
        assert values.flags.f_contiguous
        assert values.shape == (12 * len(batch_t), len(plates["plates"]))
        assert batch_t.shape == arrival.shape == (len(batch_t), 2)
        assert float(plates["fs"]) == 60
        assert plates["duplicates"].shape[1] == 3
        lost = np.isnan(batch_t[:, 0])
        first = values[:, :18].reshape(len(batch_t), 12, -1)
        assert (first[lost] == MISSING).all()
        assert np.nanmin(arrival - batch_t) > 0.1


def test_skeletons_door_and_truth_tell_of_the_same_people(recorded: Path) -> None:
    case = _case(recorded, "multi-easy")
    frames, door = _lines(case / "skeletons.jsonl.gz"), _lines(case / "door.jsonl")
    truth, about = json.loads((case / "truth.json").read_text()), json.loads((case / "case.json").read_text())
    assert [f["t"] for f in frames] == sorted(f["t"] for f in frames)
    assert about["t0"] - 1 < frames[0]["t"] < frames[-1]["t"] < about["t1"] + 1
    tracks = {p["track"] for f in frames for p in f["p"]}
    assert tracks <= {t["track"] for t in truth["tracks"]}
    assert len(next(iter(frames[len(frames) // 2]["p"]))["joints"]) == 8
    assert {d["credential"] for d in door} == set(truth["receipts"])
    assert truth["simulated"] is True
    assert {e["kind"] for e in truth["events"]} >= {"pick"}


def test_recording_again_gives_the_same_bytes(recorded: Path, tmp_path: Path) -> None:
    list(record_set(tmp_path, tiny(), cases=4, seed=3, categories=("single", "multi")))
    for path in sorted(recorded.rglob("*")):
        if path.is_file():
            assert (tmp_path / path.relative_to(recorded)).read_bytes() == path.read_bytes(), path.name


def test_every_category_can_be_enacted(tmp_path: Path) -> None:
    names = list(record_set(tmp_path, tiny(), cases=len(SCRIPTS), seed=2, faults="normal", people=2))
    for name in names:
        truth = json.loads((tmp_path / "cases" / name / "truth.json").read_text())
        assert truth["category"] in SCRIPTS
        assert truth["events"]


def test_the_shared_scorer_finds_a_perfect_prediction_perfect(recorded: Path, shared: Path, tmp_path: Path) -> None:
    scorer = shared / "recordings" / "score.py"
    if not scorer.is_file():
        pytest.skip("needs ../shared/recordings/score.py")
    truths = {p.name: json.loads((p / "truth.json").read_text()) for p in (recorded / "cases").iterdir()}
    predictions = {name: {"receipts": t["receipts"], "events": t["events"]} for name, t in truths.items()}
    (tmp_path / "pred.json").write_text(json.dumps(predictions))
    files = ["--pred", str(tmp_path / "pred.json"), "--json", str(tmp_path / "score.json")]
    subprocess.run(
        [sys.executable, str(scorer), "--cases", str(recorded / "cases"), *files], check=True, stdout=subprocess.PIPE
    )
    overall = json.loads((tmp_path / "score.json").read_text())["overall"]
    assert overall["cases"] == 4
    assert overall["exact"] == overall["f1"] == overall["event_full_recall"] == 1.0


def test_the_command_writes_the_cases_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    asked = [
        "twin",
        "record",
        str(tmp_path),
        "--shop",
        "corner",
        "--cases",
        "1",
        "--faults",
        "none",
        "--category",
        "single",
    ]
    args = parser.parse_args(asked)
    assert args.run(args) == 0
    assert "[1/1] corner-single-easy-1" in capsys.readouterr().out
    assert (tmp_path / "stores" / "corner" / "store.json").is_file()


def test_an_unknown_shop_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(NotFound) as refused:
        shop_layout("nowhere")
    assert refused.value.code == "twin.no_such_shop"


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x"}', '{"name": "x", "gondolas": [1], "plates": []}'])
def test_a_damaged_layout_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "store.json").write_text(text)
    with pytest.raises(Malformed) as refused:
        shop_layout(str(tmp_path / "store.json"))
    assert refused.value.code == "twin.bad_layout"
    assert "store.json" in refused.value.text("ko")


def test_a_shop_of_a_file_can_be_enacted(tmp_path: Path, recorded: Path) -> None:
    found = shop_layout(str(recorded / "stores" / "tiny" / "store.json"))
    assert list(record_set(tmp_path, found, cases=1, faults="none")) == ["tiny-single-easy-1"]
