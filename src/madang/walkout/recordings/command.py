"""``madang replay``: run recordings through the engine and write what it says."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAMAGED = 3  # exit status: some recordings could not be read, the others were run


def add_parser(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "replay",
        help="기록을 엔진에 돌려 영수증을 씁니다 · run recordings through the engine",
        description="Run every recording of a folder through the walk-out engine and write receipts, confidence, "
        "reviews and events as JSON. A damaged recording is reported and left out; the rest still runs (exit 3).",
    )
    parser.add_argument("folder", type=Path, metavar="CASES_DIR", help="a folder of recordings, or one recording")
    parser.add_argument("--out", type=Path, required=True, metavar="PRED.json", help="where to write the predictions")
    parser.add_argument("--format", choices=("madang", "aifi"), default="madang", help="format of the recordings")
    parser.add_argument("--stores", type=Path, help="folder of the shops' store.json (default: beside the recordings)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only recordings whose name contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="recordings run side by side")
    parser.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of the messages")
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class _Outcome:
    case: str
    prediction: dict[str, Any] | None
    fault_ko: str
    fault_en: str
    duration_s: float
    read_s: float
    engine_s: float


def run(args: argparse.Namespace) -> int:
    """Run the command; 0 when every recording was run, 3 when some were damaged."""
    from madang.walkout.recordings.model import RecordingError
    from madang.walkout.recordings.reading import find_cases

    try:
        folders, stores = ([args.folder], args.folder) if args.format == "aifi" else find_cases(args.folder)
        _writable(args.out)
    except RecordingError as fault:
        print(fault.text(args.lang), file=sys.stderr)
        return DAMAGED
    wanted = [(folder, args.stores or stores, args.format) for folder in folders if args.only in folder.name]
    began = time.monotonic()
    outcomes = list(_told(_outcomes(wanted, args.jobs), len(wanted), args.lang))
    predictions = {o.case: o.prediction for o in outcomes if o.prediction is not None}
    partial = args.out.with_suffix(args.out.suffix + ".part")
    partial.write_text(json.dumps(predictions, ensure_ascii=False, indent=1), encoding="utf-8")
    partial.replace(args.out)
    _sum_up(outcomes, time.monotonic() - began, args.lang)
    return 0 if len(predictions) == len(outcomes) else DAMAGED


def _writable(out: Path) -> None:
    from madang.walkout.recordings.model import RecordingError

    if not out.parent.is_dir() or out.is_dir():
        raise RecordingError(out, "여기에는 쓸 수 없습니다.", "cannot be written there.", other_folder=True)


def _outcomes(wanted: list[tuple[Path, Path, str]], jobs: int) -> Iterator[_Outcome]:
    if jobs <= 1 or len(wanted) <= 1:
        yield from map(_one, wanted)
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one thread a process: the same figures on every machine
    largest_first = sorted(wanted, key=lambda job: -_size(job[0]))
    with ProcessPoolExecutor(max_workers=min(jobs, len(wanted))) as pool:
        yield from pool.map(_one, largest_first)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _one(job: tuple[Path, Path, str]) -> _Outcome:
    from madang.kernel.errors import MadangError
    from madang.walkout.recordings import read_aifi, read_case, replay
    from madang.walkout.recordings.model import RecordingError

    folder, stores, kind = job
    began = time.perf_counter()
    try:
        recording = read_aifi(folder) if kind == "aifi" else read_case(folder, stores)
        read = time.perf_counter()
        try:
            prediction = replay(recording)
        except (ValueError, KeyError, IndexError, ArithmeticError) as fault:  # the layout or a stream makes no sense
            what = f"{type(fault).__name__}: {fault}"
            raise RecordingError(folder, f"돌릴 수 없습니다 ({what}).", f"cannot be run ({what}).") from fault
    except MadangError as fault:
        return _Outcome(folder.name, None, fault.text("ko"), fault.text("en"), 0.0, 0.0, 0.0)
    done = time.perf_counter()
    return _Outcome(folder.name, prediction.as_json(), "", "", recording.duration_s, read - began, done - read)


def _told(outcomes: Iterator[_Outcome], count: int, lang: str) -> Iterator[_Outcome]:
    for number, outcome in enumerate(outcomes, 1):
        if outcome.prediction is None:
            print(outcome.fault_ko if lang == "ko" else outcome.fault_en, file=sys.stderr)
        else:
            receipts = len(outcome.prediction["receipts"])
            speed = outcome.duration_s / max(outcome.engine_s, 1e-9)
            ko, en = f"영수증 {receipts}장, 실제 시간의 {speed:,.0f}배", f"{receipts} receipts, {speed:,.0f}x real time"
            print(f"[{number}/{count}] {outcome.case}: {ko if lang == 'ko' else en}", file=sys.stderr)
        yield outcome


def _sum_up(outcomes: list[_Outcome], wall_s: float, lang: str) -> None:
    shop_s = sum(o.duration_s for o in outcomes)
    read_s, engine_s = sum(o.read_s for o in outcomes), sum(o.engine_s for o in outcomes)
    damaged = sum(o.prediction is None for o in outcomes)
    run, speed = len(outcomes) - damaged, shop_s / max(engine_s, 1e-9)
    ko = (
        f"기록 {run}건(가게 시간 {shop_s:,.0f}초)을 {wall_s:.1f}초에 돌림. "
        f"엔진은 코어 하나에서 실제 시간의 {speed:,.0f}배, 읽기 {read_s:.1f}초, 손상된 기록 {damaged}건"
    )
    en = (
        f"{run} recordings ({shop_s:,.0f} s of shop time) in {wall_s:.1f} s; "
        f"engine {speed:,.0f}x real time per core, reading {read_s:.1f} s; {damaged} damaged"
    )
    print(ko if lang == "ko" else en, file=sys.stderr)
