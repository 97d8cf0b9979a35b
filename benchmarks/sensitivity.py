"""What each parameter is worth, and what choosing among them could have gained by luck.

One recording of each category (the one of middling size) is replayed with each parameter that matters halved and
doubled, on all cores. Cross-validation over categories: for each category that change is chosen which is best on all
the others; what the chosen ones reach on the categories they have not seen stands beside what the shipped values reach.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.accuracy import Scored, figures, replayed, wilson
from benchmarks.report import Table

MATTER = (
    "reach_along_sd_m",
    "reach_depth_sd_m",
    "together_s",
    "hold_s",
    "nobody_nats",
    "wrong_weight",
    "wrong_planogram",
    "share_sd",
    "touch_only",
    "blind_take",
    "put_home",
    "contact_gives",
    "floor_leaves",
    "step_sigmas",
    "sight_trust",
    "beam",
)
"""One or two of every part of the engine: hands, holds, contents, unseen takes, put-backs, contacts, looks, beams."""
SHIPPED = ("", 1.0)
Change = tuple[str, float]
"""A parameter and what it is multiplied by (a probability's odds are)."""


def tables(data: Path, *, vision: bool) -> tuple[list[Table], list[str]]:
    """The table of parameters, and the note of the cross-validation."""
    from madang.walkout.recordings import find_cases

    some = strata(find_cases(data)[0])
    changes: list[Change] = [SHIPPED, *((name, factor) for name in MATTER for factor in (0.5, 2.0))]
    rows: dict[Change, list[Scored]] = {}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        asked = [pool.submit(played, data, some, change, vision) for change in changes]
        for change, one in zip(changes, asked, strict=True):
            rows[change] = one.result()
            sys.stderr.write(
                f"{change[0] or 'as shipped'} x {change[1]:g}: {figures(rows[change])['exact_share']:.3f}\n"
            )
    return [_table(rows, len(some))], [crossed(rows)]


def strata(folders: Sequence[Path]) -> list[Path]:
    """Of each category the recording of middling size."""
    of: dict[str, list[Path]] = {}
    for folder in folders:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        of.setdefault(str(truth["category"]), []).append(folder)
    ranked = [sorted(some, key=lambda f: ((f / "plates.npz").stat().st_size, f.name)) for some in of.values()]
    return sorted(some[(len(some) - 1) // 2] for some in ranked)


def played(data: Path, folders: list[Path], change: Change, vision: bool) -> list[Scored]:
    """The receipts of some recordings by one change of the settings."""
    from madang.walkout.engine import Settings
    from madang.walkout.recordings import find_cases

    shipped, (name, factor) = Settings(), change
    settings = shipped._replace(**{name: changed(getattr(shipped, name), factor)}) if name else shipped
    return replayed(folders, find_cases(data)[1], settings, vision=vision)


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


def _table(rows: Mapping[Change, list[Scored]], recordings: int) -> Table:
    from madang.walkout.engine import Settings

    base = figures(rows[SHIPPED])
    exact = f"exact {100 * base['exact_share']:.1f} %"
    title = f"{len(rows[SHIPPED])} receipts of {recordings} recordings; {exact}: change in points"
    table = Table(title, ["parameter", "value", "F1 at half", "exact at half", "F1 at double", "exact at double"])
    for name in MATTER:
        got = [figures(rows[name, factor]) for factor in (0.5, 2.0)]
        cells = [f"{100 * (one[key] - base[key]):+.1f}" for one in got for key in ("f1", "exact_share")]
        table.rows.append([name, f"{getattr(Settings(), name):g}", *cells])
    return table
