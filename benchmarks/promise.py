"""The engine's confidence and the promise that can be made of it, on receipts of the real engine over simulated shops.

Without ``--data`` the twin records busy shops of all its layouts, some with badly kept sensors, and the engine replays
them (about 2,100 receipts); with it, the recordings of that folder are used. Then shops are simulated that draw their
receipts from that pool, 20,000 each, to see how often the promise is stated and how often it is broken. All of it is
simulated: the sensors by the twin, the shops by drawing.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report, Table

SUMMARY = "calibration of receipt confidence, and what may be promised of automatic charges (simulated)"
RECORDINGS, VISITS = 36, 60
PER_HOUR = (150.0, 300.0, 600.0)
PROMISES = (0.05, 0.02, 0.01, 0.001)
DOUBT = 0.05
SHOPS, LOOKS, PER_LOOK = 1_000, 20, 1_000


class Pool(NamedTuple):
    """Confidence and truth of receipts [n]."""

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]


def run(data: Path | None) -> Report:
    """Measure; figures ending in ``_pct`` are per cent."""
    with tempfile.TemporaryDirectory() as scratch:
        pool = pool_of(list(_receipts(data, Path(scratch))))
    report = Report("promise")
    report.figures = {
        "receipts": float(len(pool.right)),
        "exact_pct": 100.0 * float(pool.right.mean()),
        "ece": calibration_error(pool),
        "ece_equal_mass": calibration_error(pool, equal_mass=True),
    }
    report.references = {"ece": 0.05}
    report.tables = [curve(pool), promises(pool, report)]
    report.notes = [
        f"Simulated: sensors by the twin; {SHOPS:,} shops each draw {LOOKS * PER_LOOK:,} receipts from this pool\n"
        f"and look {LOOKS} times. stated: had proved a threshold by the end; broken: who at any look\n"
        f"had stated one whose true risk is above the promise (may be {100 * DOUBT:.0f} %); naive: the same for the\n"
        "laxest threshold that looks good."
    ]
    return report


# --- receipts of the real engine --------------------------------------------------------------------------------------
def _receipts(data: Path | None, scratch: Path) -> Iterator[tuple[float, bool]]:
    if data is None:
        work = partial(made_and_replayed, scratch)
        jobs: list[object] = list(range(RECORDINGS))
    else:
        from madang.walkout.recordings import find_cases

        folders, stores = find_cases(data)
        work = partial(replayed, stores)
        jobs = list(folders)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        for i, found in enumerate(pool.map(work, jobs), 1):
            sys.stderr.write(f"[{i}/{len(jobs)}] {len(found)} receipts\n")
            yield from found


def made_and_replayed(root: Path, number: int) -> list[tuple[float, bool]]:
    """Record one busy shop and replay it; the recording is deleted again."""
    import shutil

    from madang.twin import Basket, Geometry, Shop, busy_plan, layout
    from madang.twin.record import record, record_store
    from madang.twin.settings import NORMAL, WIDE

    shape = sorted(layout.SHAPES)[number % len(layout.SHAPES)]
    document = layout.build(f"promise-{number}", layout.SHAPES[shape], seed=number)
    home = root / str(number)
    record_store(home, document)
    geometry, rng = Geometry(document), np.random.default_rng(number)
    products = np.array(sorted(geometry.facings_of))
    baskets = [
        Basket(tuple((str(p), int(rng.choice([1, 1, 1, 2]))) for p in rng.choice(products, rng.integers(1, 6), False)))
        for _ in range(VISITS)
    ]
    plan = busy_plan(geometry, baskets, epoch_us=1_792_000_000_000_000, per_hour=PER_HOUR[number // 4 % 3], seed=number)
    case = home / "cases" / "busy"
    record(case, Shop(document, number, WIDE if number % 4 == number // 4 % 4 else NORMAL), plan)
    found = replayed(home / "stores", case)
    shutil.rmtree(home)
    return found


def replayed(stores: Path, case: Path) -> list[tuple[float, bool]]:
    """(confidence, exact) of every true receipt of a recording; one that the engine did not give is left out."""
    from madang.walkout.recordings import read_case, replay

    said = replay(read_case(case, stores))
    truth = json.loads((case / "truth.json").read_text(encoding="utf-8"))["receipts"]
    return [
        (said.confidence[credential], said.receipts[credential] == {p: n for p, n in lines.items() if n})
        for credential, lines in truth.items()
        if credential in said.receipts
    ]


def pool_of(found: list[tuple[float, bool]]) -> Pool:
    return Pool(np.array([c for c, _ in found], np.float64), np.array([r for _, r in found], np.bool_))


# --- figures ----------------------------------------------------------------------------------------------------------
def calibration_error(pool: Pool, bins: int = 10, *, equal_mass: bool = False) -> float:
    """Expected calibration error: mean distance of confidence and exactness over bins, weighted by receipts."""
    edges = np.linspace(0, 1, bins + 1)
    if equal_mass:
        edges = np.unique(np.quantile(pool.confidence, edges))
    at = np.clip(np.searchsorted(edges, pool.confidence, side="right") - 1, 0, max(0, len(edges) - 2))
    total = 0.0
    for one in np.unique(at):
        mine = at == one
        total += mine.mean() * abs(pool.confidence[mine].mean() - pool.right[mine].mean())
    return float(total)


def curve(pool: Pool) -> Table:
    """How many are charged from each threshold on, and how many of these are wrong."""
    from madang.walkout import promise

    table = Table("Charged at or above a threshold", ["threshold", "charged %", "wrong %", "95 % interval"])
    for rung in promise.RUNGS:
        charged = pool.confidence >= rung
        n, wrong = int(charged.sum()), int((charged & ~pool.right).sum())
        low, high = promise.interval(wrong, n)
        share = f"{100 * wrong / n:.2f}" if n else "–"
        table.rows.append([f"{rung}", f"{100 * charged.mean():.1f}", share, f"{100 * low:.2f} to {100 * high:.2f}"])
    return table


def promises(pool: Pool, report: Report) -> Table:
    """How often shops that draw from the pool state a promise, and how often they break it."""
    from madang.walkout import promise

    rungs = promise.rungs_of(pool.confidence)
    count = len(promise.RUNGS) + 1
    share = np.bincount(rungs, minlength=count) / len(rungs)
    risk = np.bincount(rungs, weights=~pool.right, minlength=count) / np.maximum(np.bincount(rungs, minlength=count), 1)
    rng = np.random.default_rng(1)
    n = rng.multinomial(PER_LOOK, share, size=(SHOPS, LOOKS))
    wrong = rng.binomial(n, risk).cumsum(axis=1).cumsum(axis=2)[..., :-1]
    n = n.cumsum(axis=1).cumsum(axis=2)[..., :-1]
    with np.errstate(invalid="ignore"):
        true = (share * risk).cumsum()[:-1] / share.cumsum()[:-1]
    header = ["at most wrong", "stated %", "from", "charged %", "wrong there %", "broken %", "naive %"]
    table = Table("What may be promised, doubt 5 %", header)
    for limit in PROMISES:
        stated = promise.proved(promise.log_wealth(n, wrong, limit), DOUBT, 0.97)
        bad = true > limit
        last = promise.laxest(stated[:, -1])
        proved = last >= 0
        broken = float((stated & bad).any(axis=(1, 2)).mean())
        naive = float((((wrong <= limit * n) & (n > 0)) & bad).any(axis=(1, 2)).mean())
        report.figures[f"broken_{limit:g}_pct"] = 100 * broken
        usual = int(np.median(last[proved])) if proved.any() else -1
        row = [f"{limit:g}", f"{100 * proved.mean():.1f}"]
        if usual < 0:
            row += ["–", "–", "–"]
        else:
            charged = 100 * share[: usual + 1].sum()
            row += [f"{promise.RUNGS[usual]}", f"{charged:.1f}", f"{100 * true[usual]:.2f}"]
        table.rows.append([*row, f"{100 * broken:.1f}", f"{100 * naive:.1f}"])
    return table
