"""Accuracy of the walk-out engine on recordings with known truth: by category, with Wilson intervals.

`--no-vision` leaves the classifier's looks out; `--sensitivity` is of ``benchmarks.sensitivity``.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.events import Matched, matched
from benchmarks.report import Report, Table

SUMMARY = "accuracy of the walk-out engine on recordings with known truth (--data CASES)"
FLAGS = ("no-vision", "sensitivity")
Z = 1.96
Basket = Mapping[str, int]


class Scored(NamedTuple):
    """One receipt: predicted and true units, money charged too much and too little, KRW. The first of a case has the
    moves of the case besides."""

    case: str
    category: str
    exact: bool
    confidence: float
    hits: int
    units: int
    over_krw: int
    under_krw: int
    sales_krw: int
    moves: Matched = Matched(0, 0, 0)


def run(data: Path | None, flags: frozenset[str] = frozenset()) -> Report:
    """Replay every recording of `data` and score its receipts."""
    from madang.walkout.engine import Settings

    if data is None:
        raise SystemExit("accuracy needs recordings: --data CASES (make some with `madang twin record`)")
    report = Report("accuracy")
    if "sensitivity" in flags:
        from benchmarks import sensitivity

        report.tables, report.notes = sensitivity.tables(data, vision="no-vision" not in flags)
        return report
    rows = scored(data, Settings(), vision="no-vision" not in flags)
    report.figures = figures(rows)
    report.tables = [_categories(rows)]
    report.notes = [
        "Recordings made by a simulator are simulated: such scores are no competition scores.",
    ]
    return report


def scored(data: Path, settings: Any, *, vision: bool = True) -> list[Scored]:
    """All receipts of the recordings below `data`."""
    from madang.walkout.recordings import find_cases

    folders, stores = find_cases(data)
    return replayed(folders, stores, settings, vision=vision)


def replayed(folders: list[Path], stores: Any, settings: Any, *, vision: bool = True) -> list[Scored]:
    from madang.walkout.recordings import read_case

    return [row for f in folders for row in case_scores(f, read_case(f, stores), settings, vision=vision)]


def case_scores(folder: Path, recording: Any, settings: Any, *, vision: bool = True) -> list[Scored]:
    """The receipts of one recording that was read."""
    from madang.walkout.recordings import replay

    if not vision:
        recording = dataclasses.replace(recording, visions=[])
    said = replay(recording, settings)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    prices = {str(p["id"]): int(p.get("price") or 0) for p in recording.store["products"]}
    rows: list[Scored] = []
    for credential, true in sorted(truth["receipts"].items()):
        told = said.receipts.get(credential, {})
        sure = said.confidence.get(credential, 0.0)
        rows.append(receipt_score(folder.name, str(truth["category"]), told, true, sure, prices))
    if rows:
        rows[0] = rows[0]._replace(moves=matched(said.events, truth["events"]))
    return rows


def receipt_score(
    case: str, category: str, told: Basket, true: Basket, confidence: float, prices: Mapping[str, int]
) -> Scored:
    """One receipt against its truth."""
    names = sorted({*told, *true})
    more = {p: told.get(p, 0) - true.get(p, 0) for p in names}
    return Scored(
        case=case,
        category=category,
        exact=not any(more.values()),
        confidence=confidence,
        hits=sum(min(told.get(p, 0), true.get(p, 0)) for p in names),
        units=sum(told.values()) + sum(true.values()),
        over_krw=sum(prices[p] * max(n, 0) for p, n in more.items()),
        under_krw=sum(prices[p] * max(-n, 0) for p, n in more.items()),
        sales_krw=sum(prices[p] * n for p, n in true.items()),
    )


def figures(rows: list[Scored]) -> dict[str, float]:
    """Competition F1 (items pooled per case, mean of cases), exact receipts, money, calibration, review, moves."""
    cases: dict[str, list[Scored]] = {}
    for row in rows:
        cases.setdefault(row.case, []).append(row)
    f1 = [_f1(some) for some in cases.values()]
    sales = max(sum(r.sales_krw for r in rows), 1)
    return {
        "f1": sum(f1) / len(f1),
        "exact_share": sum(r.exact for r in rows) / len(rows),
        "over_share": sum(r.over_krw for r in rows) / sales,
        "under_share": sum(r.under_krw for r in rows) / sales,
        "ece": ece(rows),
        "review_share_for_99": review_share(rows, 0.99),
        "receipts": float(len(rows)),
        "event_precision": sum(r.moves.right for r in rows) / max(sum(r.moves.told for r in rows), 1),
        "event_recall": sum(r.moves.right for r in rows) / max(sum(r.moves.true for r in rows), 1),
    }


def _f1(rows: list[Scored]) -> float:
    units = sum(r.units for r in rows)
    return 2.0 * sum(r.hits for r in rows) / units if units else 1.0


def wilson(good: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, 1927)."""
    share, spread = good / count, Z * Z / count
    middle = (share + spread / 2.0) / (1.0 + spread)
    half = Z * math.sqrt(share * (1.0 - share) / count + spread / (4.0 * count)) / (1.0 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def ece(rows: list[Scored], bins: int = 10) -> float:
    """Expected calibration error over equal bins of confidence."""
    found: dict[int, list[Scored]] = {}
    for r in rows:
        found.setdefault(min(int(r.confidence * bins), bins - 1), []).append(r)
    return sum(abs(sum(r.confidence for r in some) - sum(r.exact for r in some)) for some in found.values()) / len(rows)


def review_share(rows: list[Scored], goal: float) -> float:
    """Share of receipts to be looked at, least confident first, so that `goal` of the others are exact."""
    kept = good = 0
    for k, row in enumerate(sorted(rows, key=lambda r: -r.confidence), 1):
        good += row.exact
        kept = k if good >= goal * k else kept
    return 1.0 - kept / len(rows)


def _categories(rows: list[Scored]) -> Table:
    table = Table(
        "receipts by category; moves: right in kind, place, product and quantity within 2 s",
        ["category", "receipts", "F1", "exact %", "95 % interval", "over %", "under %", "moves right %", "found %"],
    )
    groups = {name: [r for r in rows if r.category == name] for name in sorted({r.category for r in rows})}
    for name, some in [*groups.items(), ("all", rows)]:
        f = figures(some)
        low, high = wilson(sum(r.exact for r in some), len(some))
        money = [f"{100 * f[key]:.1f}" for key in ("over_share", "under_share")]
        exact = [f"{100 * f['exact_share']:.1f}", f"{100 * low:.0f} to {100 * high:.0f}"]
        moves = [f"{100 * f[key]:.1f}" for key in ("event_precision", "event_recall")]
        table.rows.append([name, str(len(some)), f"{f['f1']:.3f}", *exact, *money, *moves])
    return table
