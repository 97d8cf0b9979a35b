"""Speed of the walk-out engine as a multiple of real time on one core, how it grows, and its memory.

Without ``--data`` the twin makes recordings of a shop: 306 plates with about 1, 4, 8 and 15 people inside, and 153 and
612 plates with about 4. With it, the recordings of that folder are run. Each runs in a process of its own with one
BLAS thread. The engine is timed on files already read; reading is timed apart, and both together are what
`madang replay` needs. Beside it, in the same process, stands the bare cost of looking at every sample once: the mean
of each batch.
"""

from __future__ import annotations

import cProfile
import multiprocessing
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.report import Report, Table

SUMMARY = "engine speed as a multiple of real time per core, and memory, on a 306-plate shop"
MUST_X = {"4-people": 300.0, "15-people": 60.0}
MUST_WHOLE_X = 120.0
MUST_MB = 150.0
MUST_IMPORT_S = 0.1
IMPORTS = 5
IMPORTED = """
import time
began = time.process_time(); import numpy; own = time.process_time() - began
began = time.process_time(); from madang.walkout import Engine
print(own, time.process_time() - began)
"""
MINUTES = 3.0
TURNS = 2
LONGEST = 12  # rows of the table when a folder has many recordings
BACK = {153: 3, 306: 3, 612: 6}  # gondolas; half as many shelves for 153 plates
MADE = (("1-person", 306, 110.0), ("4-people", 306, 320.0), ("8-people", 306, 650.0), ("15-people", 306, 1_400.0),
        ("153-plates", 153, 320.0), ("612-plates", 612, 320.0))  # fmt: skip
PARTS = {
    "plates": (
        "samples",
        "plates",
        "levels",
        "lively",
        "past",
        "steps",
        "history",
        "senses",
        "health",
        "interactions",
        "holds",
        "stairs",
        "touches",
    ),
    "people and hands": (
        "people",
        "stride",
        "walking",
        "bodies",
        "matching",
        "trails",
        "rejoin",
        "reach",
        "reaches",
        "inside",
        "contacts",
        "clocks",
        "visits",
    ),
    "belief and words": (
        "scenes",
        "belief",
        "states",
        "ways",
        "explaining",
        "takes",
        "puts",
        "contents",
        "lessons",
        "hypotheses",
        "handing",
        "unseen",
        "witness",
        "doubt",
        "decide",
        "sight",
    ),
    "feeding": ("engine", "flow", "replaying", "store", "settings", "types"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One recording's figures; memory in MB, ``base_mb`` before the recording was read."""

    case: str
    plates: int
    people: float
    shop_s: float
    read_s: float
    engine_s: float
    bare_s: float
    base_mb: float
    growth_mb: float
    peak_mb: float
    shares: dict[str, float]


def run(data: Path | None) -> Report:
    """Measure; every figure ending in ``_x`` is shop seconds per CPU second."""
    with tempfile.TemporaryDirectory() as scratch:
        folders, stores = _recordings(data, Path(scratch))
        runs = [_apart(folder, stores) for folder in folders]
    report = Report("engine")
    shop_s, engine_s = sum(r.shop_s for r in runs), sum(r.engine_s for r in runs)
    read_s = sum(r.read_s for r in runs)
    report.figures = {
        "speed_x": shop_s / engine_s,
        "reading_x": shop_s / read_s,
        "whole_replay_x": shop_s / (engine_s + read_s),
        "slowest_x": min(r.shop_s / r.engine_s for r in runs),
        "bare_x": shop_s / sum(r.bare_s for r in runs),
        "peak_memory_mb": max(r.base_mb + r.growth_mb for r in runs),
        "peak_process_mb": max(r.peak_mb for r in runs),
    }
    report.references = {"whole_replay_x": MUST_WHOLE_X, "peak_memory_mb": MUST_MB, "import_s": MUST_IMPORT_S}
    report.figures["numpy_import_s"], report.figures["import_s"] = _imported()
    if data is None:
        report.figures |= {f"speed_{r.case}_x": r.shop_s / r.engine_s for r in runs}
        report.references |= {f"speed_{case}_x": must for case, must in MUST_X.items()}
    report.tables = [_table(runs), _parts(runs), _shares(runs)]
    report.notes = [
        "bare: the mean of every batch's samples by numpy, in the same process; nothing can be faster than that.\n"
        "whole replay: reading and engine. memory: interpreter, numpy and engine, without the recording's own arrays.\n"
        f"Musts on one core: 300x with 4 people, 60x with 15, whole replay {MUST_WHOLE_X:.0f}x, {MUST_MB:.0f} MB.\n"
        f"`from madang.walkout import Engine`: {report.figures['import_s']:.3f} s of processor beyond numpy's own "
        f"{report.figures['numpy_import_s']:.3f} s (must: {MUST_IMPORT_S} s).\n"
        "Recordings made by the twin are simulated." * (data is None)
    ]
    return report


def _recordings(data: Path | None, scratch: Path) -> tuple[list[Path], Path]:
    from madang.walkout.recordings import find_cases

    if data is not None:
        return find_cases(data)
    _made(scratch)
    return find_cases(scratch)


def _made(root: Path) -> None:
    """Recordings of gondolas of 6 (for 153 plates: 3) shelves with 17 plates."""
    from madang.twin import Basket, Geometry, Shop, busy_plan, layout
    from madang.twin.record import record, record_store

    for seed, (name, plates, per_hour) in enumerate(MADE, 1):
        shelves = plates // (17 * BACK[plates])
        shape = layout.Shape(back=BACK[plates], side=0, islands=0, shelves=shelves, plates=17)
        document = layout.build(f"bench-{plates}", shape)
        record_store(root, document)
        geometry = Geometry(document)
        products = np.array(sorted(geometry.facings_of))
        rng = np.random.default_rng(seed)
        baskets = [
            Basket(tuple((str(p), 1) for p in rng.choice(products, size=rng.integers(2, 6), replace=False)))
            for _ in range(round(per_hour * MINUTES / 60))
        ]
        plan = busy_plan(
            geometry, baskets, epoch_us=1_792_000_000_000_000, per_hour=per_hour, seed=seed, group=0, restock_every=0
        )
        record(root / "cases" / name, Shop(document, seed), plan)


def _apart(folder: Path, stores: Path) -> Run:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(measured, (folder, stores))


def measured(folder: Path, stores: Path) -> Run:
    """Read, run and profile one recording (in a process of its own)."""
    from madang.walkout.recordings import Recording, read_case, replay

    base = _rss_mb()
    began = time.process_time()
    recording: Recording = read_case(folder, stores)
    read_s = time.process_time() - began
    full, peak, said = _rss_mb(), 0.0, 0

    def watch(_: object) -> None:
        nonlocal peak, said
        said += 1
        if said % 50 == 0:
            peak = max(peak, _rss_mb())

    replay(recording, listener=watch)
    engine_s = min(_timed(lambda: replay(recording)) for _ in range(TURNS))
    bare_s = min(_timed(lambda: _bare(recording)) for _ in range(TURNS))
    profile = cProfile.Profile()
    profile.runcall(replay, recording)
    return Run(
        case=recording.case,
        plates=len(recording.plates),
        people=float(np.mean([len(people) for _, people in recording.frames] or [0.0])),
        shop_s=recording.duration_s,
        read_s=read_s,
        engine_s=engine_s,
        bare_s=bare_s,
        base_mb=base,
        growth_mb=max(peak - full, 0.0),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        shares=_by_file(profile),
    )


def _imported() -> tuple[float, float]:
    """Processor seconds that numpy takes to be imported, and the engine after it: the least of a few processes'."""
    command = [sys.executable, "-c", IMPORTED]
    said = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(IMPORTS)]
    numpys, engines = zip(*[map(float, line.split()) for line in said], strict=True)
    return min(numpys), min(engines)


def _timed(work: object) -> float:
    began = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - began


def _bare(recording: object) -> None:
    values = recording.values  # type: ignore[attr-defined]
    for row in range(0, len(values), 12):
        values[row : row + 12].mean(axis=0)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _by_file(profile: cProfile.Profile) -> dict[str, float]:
    """Share of the time by file of the engine; what numpy does is counted to the function that called it."""
    spent: dict[str, float] = defaultdict(float)
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (file, _, _), (_, _, own, _, callers) in stats.items():
        if "/madang/" in file:
            spent[Path(file).stem] += own
            continue
        whole = sum(caller[2] for caller in callers.values()) or 1.0
        for (caller_file, _, _), caller in callers.items():
            name = Path(caller_file).stem if "/madang/" in caller_file else "libraries"
            spent[name] += own * caller[2] / whole
    total = sum(spent.values())
    return {name: seconds / total for name, seconds in spent.items()}


def _table(runs: list[Run]) -> Table:
    header = ("recording", "plates", "people", "shop s", "ms per shop s", "engine x", "bare x", "reading x", "whole x",
              "memory MB")  # fmt: skip
    table = Table("Engine on one core", header)
    order = runs if len(runs) <= LONGEST else sorted(runs, key=lambda r: -r.shop_s)[:LONGEST]
    for r in order:
        table.rows.append(
            (
                r.case,
                f"{r.plates}",
                f"{r.people:.1f}",
                f"{r.shop_s:,.0f}",
                f"{1000 * r.engine_s / r.shop_s:.2f}",
                f"{r.shop_s / r.engine_s:,.0f}",
                f"{r.shop_s / r.bare_s:,.0f}",
                f"{r.shop_s / r.read_s:,.0f}",
                f"{r.shop_s / (r.engine_s + r.read_s):,.0f}",
                f"{r.base_mb + r.growth_mb:.0f}",
            )
        )
    return table


def _parts(runs: list[Run]) -> Table:
    """Milliseconds per shop second by part: the timed run's time, shared out as the profiled one's."""
    shown = runs[:6]
    table = Table("ms per shop second by part", ("part", *(r.case for r in shown)))
    known = {file for files in PARTS.values() for file in files}
    rest = {"other": tuple(sorted({file for r in runs for file in r.shares} - known))}
    for part, files in (PARTS | rest).items():
        cells = (1000 * r.engine_s / r.shop_s * sum(r.shares.get(f, 0.0) for f in files) for r in shown)
        table.rows.append((part, *(f"{ms:.2f}" for ms in cells)))
    table.rows.append(("plates, us per plate", *(f"{_us(r, 'plates') / r.plates:.1f}" for r in shown)))
    people = (f"{_us(r, 'people and hands') / max(r.people, 1.0):.0f}" for r in shown)
    table.rows.append(("people and hands, us per person", *people))
    return table


def _us(r: Run, part: str) -> float:
    """Microseconds of a part per shop second."""
    return 1e6 * r.engine_s / r.shop_s * sum(r.shares.get(f, 0.0) for f in PARTS[part])


def _shares(runs: list[Run]) -> Table:
    shown = runs[:6]
    table = Table("Where the engine's time goes (profiled)", ("file", *(r.case for r in shown)))
    totals: dict[str, float] = defaultdict(float)
    for r in runs:
        for name, share in r.shares.items():
            totals[name] += share
    for name in sorted(totals, key=lambda n: -totals[n])[:10]:
        table.rows.append((name, *(f"{100 * r.shares.get(name, 0.0):.0f} %" for r in shown)))
    return table
