"""What each parameter is worth, and what choosing among them could have gained by luck.

One recording of each category (the one of middling size) is replayed with every parameter halved and doubled, on all
cores; each recording is read once. Cross-validation over categories: for each category that change is chosen which is
best on all the others; what the chosen ones reach on the categories they have not seen stands beside what the shipped
values reach.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from benchmarks.accuracy import Scored, case_scores, figures, wilson
from benchmarks.report import Table

SHIPPED = ("", 1.0)
Change = tuple[str, float]
"""A parameter and what it is multiplied by (a probability's odds are)."""


def parameters() -> list[str]:
    """Every number the engine may be tuned by; the prices of doubt are fitted and cross-validated elsewhere."""
    from madang.walkout.engine import Settings

    given = Settings()._asdict()
    return [n for n, value in given.items() if isinstance(value, int | float) and not isinstance(value, bool)]


def tables(data: Path, *, vision: bool) -> tuple[list[Table], list[str]]:
    """The table of the parameters that matter here, and the notes: those that do not, and the cross-validation."""
    from madang.walkout.recordings import find_cases

    some = strata(find_cases(data)[0])
    changes: list[Change] = [SHIPPED, *((name, factor) for name in parameters() for factor in (0.5, 2.0))]
    rows: dict[Change, list[Scored]] = {change: [] for change in changes}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        asked = {pool.submit(played, data, folder, changes, vision): folder.name for folder in reversed(some)}
        for done, one in enumerate(as_completed(asked), 1):
            for change, got in one.result().items():
                rows[change] += got
            sys.stderr.write(f"{done} of {len(some)}: {asked[one]}\n")
    table, without = _table(rows, len(some))
    return [table], [without, crossed(rows)]


def strata(folders: Sequence[Path]) -> list[Path]:
    """Of each category the recording of middling size."""
    of: dict[str, list[Path]] = {}
    for folder in folders:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        of.setdefault(str(truth["category"]), []).append(folder)
    ranked = [sorted(some, key=lambda f: ((f / "plates.npz").stat().st_size, f.name)) for some in of.values()]
    return sorted(some[(len(some) - 1) // 2] for some in ranked)


def played(data: Path, folder: Path, changes: Sequence[Change], vision: bool) -> dict[Change, list[Scored]]:
    """The receipts of one recording by each change of the settings."""
    from madang.walkout.engine import Settings
    from madang.walkout.recordings import find_cases, read_case

    shipped, recording = Settings(), read_case(folder, find_cases(data)[1])
    told: dict[Change, list[Scored]] = {}
    for name, factor in changes:
        settings = shipped._replace(**{name: changed(getattr(shipped, name), factor)}) if name else shipped
        told[name, factor] = case_scores(folder, recording, settings, vision=vision)
    return told


def changed(value: float, factor: float) -> float:
    """Halved or doubled; a probability's odds are, so that it stays one."""
    if isinstance(value, int):
        return round(value * factor)
    if 0.4 < value < 1.0:
        odds = factor * value / (1.0 - value)
        return odds / (1.0 + odds)
    return value * factor


def chosen(rows: Mapping[Change, Sequence[Scored]], left_out: str) -> Change:
    """The change that is best without one category: by exact receipts, then by units; as shipped where nothing is
    better."""

    def worth(change: Change) -> tuple[int, float, bool]:
        others = [r for r in rows[change] if r.category != left_out]
        return sum(r.exact for r in others), figures(others)["f1"] if others else 0.0, change == SHIPPED

    return max(rows, key=worth)


def crossed(rows: Mapping[Change, Sequence[Scored]]) -> str:
    """What values chosen on the other categories reach on each, beside the shipped ones."""
    shipped = rows[SHIPPED]
    picked = {name: chosen(rows, name) for name in sorted({r.category for r in shipped})}
    good = sum(r.exact for name, change in picked.items() for r in rows[change] if r.category == name)
    best = max(sum(r.exact for r in some) for some in rows.values())
    count = len(shipped)
    low, high = (100 * share for share in wilson(good, count))
    told = sorted({f"{name} x {factor:g}" if name else "as shipped" for name, factor in picked.values()})
    right = sum(r.exact for r in shipped)
    return (
        f"Cross-validation over {len(picked)} categories: as shipped {right} of {count} receipts exact; "
        f"the best single change, chosen on all of them, {best}; chosen on the other categories, {good} "
        f"({low:.0f} to {high:.0f} %). Chosen were: {', '.join(told)}."
    )


def _table(rows: Mapping[Change, list[Scored]], recordings: int) -> tuple[Table, str]:
    """Parameters that change anything, and a note naming those that do not."""
    from madang.walkout.engine import Settings

    base = figures(rows[SHIPPED])
    exact = f"exact {100 * base['exact_share']:.1f} %"
    title = f"{len(rows[SHIPPED])} receipts of {recordings} recordings; {exact}: change in points"
    table = Table(title, ["parameter", "value", "F1 at half", "exact at half", "F1 at double", "exact at double"])
    without = []
    for name in parameters():
        got = [figures(rows[name, factor]) for factor in (0.5, 2.0)]
        cells = [f"{100 * (one[key] - base[key]):+.1f}" for one in got for key in ("f1", "exact_share")]
        if any(float(cell) for cell in cells):
            table.rows.append([name, f"{getattr(Settings(), name):g}", *cells])
        else:
            without.append(name)
    return table, f"Neither half nor double changes a figure here ({len(without)}): {', '.join(without)}."
