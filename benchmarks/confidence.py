"""The engine's confidence: its prices of doubt, fitted and tried on simulated shops that no other figure is taken from.

Without a flag, the present prices are tried on fresh shops (about 2,200 receipts). ``--fit`` enacts as many
others, fits the prices and prints them as they stand in ``doubt.py``, cross-validated over shops and over categories
left out, with the promise that receipts of shops left out would bear. With ``--data CASES`` the prices are tried on
recordings. The model: exp(-sum of count times price), prices never negative, by greatest likelihood with a small
quadratic penalty.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import promise
from benchmarks.report import Report, Table

SUMMARY = "the engine's confidence on simulated shops: how it ranks and how true it is; --fit finds the prices of doubt"
FLAGS = ("fit",)
RECORDINGS = int(os.environ.get("BENCH_CONFIDENCE_RECORDINGS", "64"))
WORKERS = int(os.environ.get("BENCH_CONFIDENCE_WORKERS", os.cpu_count() or 1))
VISITS = 34
GAPS_S = (7.0, 12.0, 24.0)
"""Seconds from one visit to the next."""
FOREIGN, UNWEIGHED = 0.1, 0.15
"""In so many of the shops goods of another gondola lie in a facing; a tenth of the products has no weight."""
TRIED_FROM = 30_000
"""Recordings with this number and above are never fitted to."""
PENALTY = 2.0
"""Weight of the quadratic penalty, in receipts: prices are in units of the spread of what they are for."""
GOAL = 0.99

Floats = NDArray[np.float64]


class Noted(NamedTuple):
    """One receipt of the engine: where it is from, what was noted, its confidence, whether it is exact, its lines."""

    recording: str
    category: str
    evidence: dict[str, float]
    confidence: float
    exact: bool
    lines: int = 0


def run(data: Path | None, flags: frozenset[str] = frozenset()) -> Report:
    """Try the prices, or fit them."""
    rows = read(data) if data is not None else enacted(0 if "fit" in flags else TRIED_FROM)
    report = Report("confidence")
    plain = [r for r in rows if r.category.startswith("plain")]
    report.tables = [ranking({"the engine's own": rows, **({"plain trips": plain} if plain else {})})]
    if "fit" in flags:
        kinds, prices = fitted(rows)
        by_shop = cross_validated(rows, lambda r: r.recording)
        by_category = cross_validated(rows, lambda r: r.category)
        both = {"shops left out": by_shop, "categories left out": by_category}
        report.tables = [ranking({"the engine's own": rows, **both}), prices_table(rows, kinds, prices)]
        pool = promise.pool_of([(r.confidence, r.exact) for r in by_shop])
        report.tables += [promise.curve(pool), promise.promises(pool, report)]
        report.notes = [as_code(kinds, prices)]
    report.figures = figures(rows)
    report.references = {"ece": 0.05}
    return report


# --- receipts ---------------------------------------------------------------------------------------------------------
def enacted(first: int) -> list[Noted]:
    """The receipts of all recordings from this number on."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    rows: list[Noted] = []
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for i, found in enumerate(pool.map(kept, range(first, first + RECORDINGS)), 1):
            rows += found
            sys.stderr.write(f"[{i}/{RECORDINGS}] {found[0].category}: {len(found)} receipts\n")
    return rows


def kept(number: int) -> list[Noted]:
    """`enact`, or what it said before, where `BENCH_CONFIDENCE_KEEP` names a folder for that."""
    folder = os.environ.get("BENCH_CONFIDENCE_KEEP")
    if not folder:
        return enact(number)
    file = Path(folder, f"{number}.json")
    if not file.exists():
        file.write_text(json.dumps(enact(number)), encoding="utf-8")
    return [Noted(*row) for row in json.loads(file.read_text(encoding="utf-8"))]


def enact(number: int) -> list[Noted]:
    """Enact one shop of its own make, one category of shoppers, and ask the engine."""
    from madang.twin import Geometry, Shop, layout
    from madang.twin.record import swapped, unweighed
    from madang.twin.scenarios import SCRIPTS
    from madang.twin.settings import NORMAL, WIDE
    from madang.twin.troubles import SWAPS, with_trouble

    rng = np.random.default_rng(number)
    names = tuple(SCRIPTS)
    category = names[number % len(names)]
    shape = layout.Shape(
        back=int(rng.integers(2, 4)),
        side=int(rng.integers(1, 3)),
        islands=0,
        shelves=int(rng.integers(4, 7)),
        plates=int(rng.integers(7, 14)),
        plate_width_m=round(float(rng.uniform(0.085, 0.13)), 3),
    )
    document = layout.build(f"confidence-{number}", shape, seed=number)
    plan = _plan(category, Geometry(document), rng)
    physical = document
    wanted = {line.product for visit in plan.visits for line in visit.lines}
    for _ in range(3 * SWAPS.get(category, 0) or int(rng.random() < 0.15)):
        physical, _pair = swapped(physical, rng, wanted)
    luck = np.random.default_rng([number, 1])  # of its own, so that all else of a number stays as it was
    if luck.random() < FOREIGN:
        physical, _pair = swapped(physical, luck, wanted, beyond=True)
    known = unweighed(document, luck, 0.1) if luck.random() < UNWEIGHED else document
    level = replace(WIDE if rng.random() < 0.5 else NORMAL, vision=bool(rng.random() < 0.5))
    shop = Shop(physical, number, with_trouble(level, category))
    outages = _outages(rng, plan, len(document["gondolas"])) if rng.random() < 0.25 else []
    return _asked(known, shop.stream(plan), plan, outages, (f"{number}", category))


def _plan(category: str, geometry: Any, rng: np.random.Generator) -> Any:
    """A category's script again and again, each a while after the one before, in one shop."""
    from madang.kernel.clock import SECOND_US
    from madang.twin.plan import Plan
    from madang.twin.scenarios import SCRIPTS

    epoch_us, at_us, count = 1_792_000_000 * SECOND_US, 0, 0
    gap_us = int(GAPS_S[int(rng.integers(len(GAPS_S)))] * SECOND_US)
    visits: list[Any] = []
    while count < VISITS:
        names: dict[str, str] = {}
        for v in sorted(SCRIPTS[category](geometry, rng, 3), key=lambda v: v.arrive_us):
            if v.credential is not None and v.credential not in names:
                count += 1
                names[v.credential] = f"c{count:03d}"
            lines = tuple(replace(x, meet_s=x.meet_s + at_us / 1e6) if x.meet_s else x for x in v.lines)
            who = None if v.credential is None else names[v.credential]
            visits.append(replace(v, arrive_us=epoch_us + at_us + v.arrive_us, credential=who, lines=lines))
        at_us += gap_us * max(len(names), 1)
    return Plan(epoch_us, tuple(sorted(visits, key=lambda v: v.arrive_us)))


def _outages(rng: np.random.Generator, plan: Any, gondolas: int) -> list[tuple[int, float, float]]:
    """(gondola, or -1 for the cameras; from, to: epoch s): now and then something says nothing for a while."""
    begin, end = plan.epoch_us / 1e6 + 10.0, plan.visits[-1].arrive_us / 1e6
    out, t = [], begin
    while t < end:
        t += float(rng.exponential(40.0))
        who = int(rng.integers(-1, gondolas))
        length = float(rng.uniform(1.0, 4.0) if who < 0 else rng.uniform(2.0, 15.0))
        out.append((who, t, t + length))
    return out


def _asked(
    document: Any, stream: Any, plan: Any, outages: list[tuple[int, float, float]], name: tuple[str, str]
) -> list[Noted]:
    from madang.twin import GateEvent, PlateBatch, SkeletonFrame
    from madang.walkout.engine import Engine, Gate, Receipt, Store, Vision

    engine = Engine(Store.from_json(document))
    order = {str(g["id"]): k for k, g in enumerate(document["gondolas"])}
    said: dict[str, Receipt] = {}
    ask_at = 0.0
    for m in stream:
        if isinstance(m, PlateBatch):
            if not _out(outages, order[str(m.gondola)], m.t):
                engine.plates(m.gondola, m.t, m.values, m.arrival)
        elif isinstance(m, SkeletonFrame):
            if not _out(outages, -1, m.t):
                engine.skeletons(m.t, m.people)
        elif isinstance(m, GateEvent):
            engine.gate(Gate(m.t, m.event, m.credential, m.track, m.group_size, m.role))  # type: ignore[arg-type]
        else:
            engine.vision(Vision(m.t, m.track, m.hand, m.top5))  # type: ignore[arg-type]
        if m.arrival >= ask_at:
            said |= {u.credential: u for u in engine.advance(m.arrival) if isinstance(u, Receipt)}
            ask_at = m.arrival + 1.0
    said |= {u.credential: u for u in engine.finish() if isinstance(u, Receipt)}
    return [_noted(name, said[c], stream.truth.receipt(c)) for c in plan.credentials if c in said]


def _out(outages: list[tuple[int, float, float]], who: int, t: float) -> bool:
    return any(k == who and a <= t < b for k, a, b in outages)


def _noted(name: tuple[str, str], said: Any, true: dict[str, int]) -> Noted:
    told = {line.product: line.qty for line in said.lines if line.qty}
    exact = told == {p: n for p, n in true.items() if n}
    return Noted(*name, dict(said.evidence), said.confidence, exact, len(told))


def read(data: Path) -> list[Noted]:
    """The receipts of recordings with known truth; one that the engine did not give has no confidence."""
    from madang.walkout.engine import Receipt
    from madang.walkout.recordings import find_cases, read_case, replay

    rows: list[Noted] = []
    folders, stores = find_cases(data)
    for folder in folders:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        said: dict[str, Receipt] = {}

        def listen(update: Any, said: dict[str, Receipt] = said) -> None:
            if isinstance(update, Receipt):
                said[update.credential] = update

        replay(read_case(folder, stores), listener=listen)
        name = (folder.name, str(truth["category"]))
        for credential, true in sorted(truth["receipts"].items()):
            if credential in said:
                rows.append(_noted(name, said[credential], true))
            else:
                rows.append(Noted(*name, {}, 0.0, not any(true.values())))
    return rows


# --- the model --------------------------------------------------------------------------------------------------------
def kinds_of(rows: Sequence[Noted]) -> list[str]:
    """Kinds that were noted at least a few times."""
    from madang.walkout.engine.doubt import KINDS

    return [k for k in KINDS if sum(k in r.evidence for r in rows) >= 5]


def table_of(rows: Sequence[Noted], kinds: Sequence[str]) -> Floats:
    """Counts [receipts, kinds], as the engine weighs them."""
    from madang.walkout.engine.doubt import weighed

    return np.array([[weighed(k, r.evidence.get(k, 0.0)) for k in kinds] for r in rows])


def fitted(rows: Sequence[Noted], kinds: Sequence[str] | None = None) -> tuple[list[str], Floats]:
    """Prices [kinds + 1] that make what happened likeliest, none below `doubt.LEAST`; the last: in every one."""
    from scipy.optimize import minimize

    from madang.walkout.engine.doubt import LEAST, LEAST_BASE

    kinds = list(kinds or kinds_of(rows))
    x = np.column_stack([table_of(rows, kinds), np.ones(len(rows))])
    exact = np.array([r.exact for r in rows])
    spread = np.maximum(x.std(axis=0), 1e-3)
    spread[-1] = 1.0

    def cost(u: Floats) -> tuple[float, Floats]:
        hazard = x @ (u / spread) + 1e-6
        gone = np.exp(-hazard)
        value = hazard[exact].sum() - np.log1p(-gone[~exact]).sum() + 0.5 * PENALTY * (u[:-1] @ u[:-1])
        slope = np.where(exact, 1.0, -gone / (1.0 - gone))
        gradient = (x / spread).T @ slope + PENALTY * np.append(u[:-1], 0.0)
        return float(value), gradient

    least = np.append([LEAST.get(k, 0.0) for k in kinds], LEAST_BASE) * spread
    start = np.maximum(np.append(np.full(len(kinds), 0.05), 0.02), least)
    best = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=[(low, None) for low in least])
    return kinds, best.x / spread


def priced(rows: Sequence[Noted], kinds: Sequence[str], prices: Floats) -> Floats:
    """Confidence [receipts] at these prices."""
    confidence: Floats = np.exp(-(table_of(rows, kinds) @ prices[:-1] + prices[-1]))
    return confidence


def cross_validated(rows: list[Noted], group: Callable[[Noted], str]) -> list[Noted]:
    """Every receipt with the confidence of prices fitted without its group (up to eight groups left out together)."""
    names = sorted({group(r) for r in rows}, key=lambda n: (len(n), n))
    out: list[Noted] = []
    for k in range(min(8, len(names))):
        left = set(names[k::8])
        kinds, prices = fitted([r for r in rows if group(r) not in left])
        mine = [r for r in rows if group(r) in left]
        out += [r._replace(confidence=float(p)) for r, p in zip(mine, priced(mine, kinds, prices), strict=True)]
    return out


# --- figures ----------------------------------------------------------------------------------------------------------
def figures(rows: Sequence[Noted]) -> dict[str, float]:
    """How the confidence ranks (area under the curve, share to review for 99 %) and how true it is."""
    p, y = np.array([r.confidence for r in rows]), np.array([r.exact for r in rows])
    return {
        "receipts": float(len(rows)),
        "exact_share": float(y.mean()),
        "ece": ece(p, y),
        "brier": float(np.mean((p - y) ** 2)),
        "auc": auc(p, y),
        "review_share_for_99": review_share(p, y, GOAL),
        "review_share_for_98": review_share(p, y, 0.98),
    }


def ece(p: Floats, y: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over equal bins."""
    at = np.minimum((p * bins).astype(int), bins - 1)
    return sum(abs(float(p[at == k].sum()) - float(y[at == k].sum())) for k in range(bins)) / len(p)


def ece_interval(p: Floats, y: NDArray[np.bool_], draws: int = 400) -> tuple[float, float]:
    """95 % interval of the same, by drawing receipts again."""
    rng = np.random.default_rng(1)
    found = [ece(p[k], y[k]) for k in rng.integers(len(p), size=(draws, len(p)))]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def auc(p: Floats, y: NDArray[np.bool_]) -> float:
    """Probability that an exact receipt ranks above a wrong one."""
    good, bad = p[y], np.sort(p[~y])
    if not len(good) or not len(bad):
        return math.nan
    below, upto = np.searchsorted(bad, good, "left"), np.searchsorted(bad, good, "right")
    return float((0.5 * (below + upto)).mean() / len(bad))


def review_share(p: Floats, y: NDArray[np.bool_], goal: float) -> float:
    """Share to be looked at, least confident first, so that `goal` of the others are exact."""
    order = np.argsort(-p, kind="stable")
    good = np.cumsum(y[order])
    count = np.arange(1, len(p) + 1)
    ends = np.append(p[order][1:] < p[order][:-1], True)
    kept = count[(good >= goal * count) & ends]
    return 1.0 - (int(kept[-1]) if len(kept) else 0) / len(p)


def ranking(sets: dict[str, list[Noted]]) -> Table:
    """A row for each way to be sure."""
    from benchmarks.accuracy import wilson

    head = ["confidence", "receipts", "exact %", "ECE", "Brier", "AUC", "review for 99 %", "98 %", "exact at .97 up"]
    table = Table("How the confidence ranks, and how true it is", head)
    for name, rows in sets.items():
        f = figures(rows)
        sure = [r.exact for r in rows if r.confidence >= 0.97]
        low, high = wilson(sum(sure), len(sure)) if sure else (0.0, 1.0)
        few, many = ece_interval(np.array([r.confidence for r in rows]), np.array([r.exact for r in rows]))
        row = [name, f"{len(rows):,}", f"{100 * f['exact_share']:.1f}", f"{f['ece']:.3f} ({few:.3f} to {many:.3f})"]
        row.append(f"{f['brier']:.3f}")
        row += [f"{f['auc']:.3f}", f"{100 * f['review_share_for_99']:.0f} %", f"{100 * f['review_share_for_98']:.0f} %"]
        table.rows.append([*row, f"{sum(sure)} of {len(sure)} ({100 * low:.1f} to {100 * high:.1f} %)"])
    return table


def prices_table(rows: Sequence[Noted], kinds: Sequence[str], prices: Floats) -> Table:
    """What is paid for what: the price, how often it is noted, and its part in all doubt."""
    x = table_of(rows, kinds)
    total = float((x @ prices[:-1]).sum() + prices[-1] * len(rows))
    table = Table("Prices of doubt", ["kind", "nats each", "noted in %", "part of all doubt %"])
    for k, name in enumerate(kinds):
        part = 100 * float(x[:, k].sum()) * prices[k] / total
        table.rows.append([name, f"{prices[k]:.4f}", f"{100 * float((x[:, k] > 0).mean()):.0f}", f"{part:.1f}"])
    table.rows.append(["every receipt", f"{prices[-1]:.4f}", "100", f"{100 * prices[-1] * len(rows) / total:.1f}"])
    return table


def as_code(kinds: Sequence[str], prices: Floats) -> str:
    """The prices as they stand in `doubt.py`."""
    paid = _paid(kinds, prices)
    return "\n".join([f"BASE = {prices[-1]:.4f}", "PRICES: dict[str, float] = {", *paid, "}"])


def _paid(kinds: Sequence[str], prices: Floats) -> Iterator[str]:
    for name, price in zip(kinds, prices[:-1].tolist(), strict=True):
        if price >= 5e-4:
            yield f'    "{name}": {price:.4f},'
