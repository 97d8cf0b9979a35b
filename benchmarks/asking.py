"""How many receipts of ordinary days a person is asked about, how many of the others are wrong, and whether mistakes
cost what the rule of cost expects.

Four shops of ``madang rehearse``, four opening hours each, ordinary troubles (docs/rehearsal.md), normal sensors,
decided as a shop decides: by the default promise, by cost, and by lot. The lot is counted apart. A seed of its own for
each run: ``BENCH_ASKING_SEED``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Report, Table

SUMMARY = "ordinary days on the twin: receipts a person is asked about, wrong ones among the others (simulated)"
SEED = int(os.environ.get("BENCH_ASKING_SEED", "171"))
SHOPS = (
    ("07:00-11:00", "{back: 3, side: 1, islands: 1, island_length: 1, aisle_m: 1.5}"),
    ("11:00-15:00", "{back: 2, side: 1, islands: 0}"),
    ("17:00-21:00", "{back: 4, side: 2, islands: 1, island_length: 2, aisle_m: 1.4}"),
    ("13:00-17:00", "{back: 3, side: 2, islands: 2, island_length: 1, aisle_m: 1.6}"),
)
SURE = 0.9


class Asked(NamedTuple):
    """One receipt: its confidence, its lines, whether it is exact, why a person is asked (nothing: nobody is, or by
    lot only), and what mistakes cost, as expected and in fact, KRW."""

    confidence: float
    lines: int
    exact: bool
    why: str
    expected_krw: float
    lost_krw: float


def run(data: Path | None) -> Report:
    """Rehearse the four shops."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    rows: list[tuple[str, list[Asked]]] = []
    with (
        tempfile.TemporaryDirectory() as scratch,
        ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool,
    ):
        jobs = [(str(data or scratch), number) for number in range(len(SHOPS))]
        for (hours, _), found in zip(SHOPS, pool.map(rehearsed, jobs), strict=True):
            sys.stderr.write(f"[{hours}] {len(found)} receipts\n")
            rows.append((hours, found))
    every = [r for _, some in rows for r in some]
    report = Report("asking")
    report.figures = figures(every)
    report.tables = [table([*rows, ("all", every)]), by_lines(every)]
    report.notes = ["Simulated: shops, people and sensors. Asked: beside the lot."]
    return report


def rehearsed(job: tuple[str, int]) -> list[Asked]:
    """The receipts of one shop."""
    from madang.rehearsal.days import day
    from madang.rehearsal.deciding import decided
    from madang.rehearsal.laying import laid_out
    from madang.rehearsal.shopfile import read

    folder, number = job
    hours, rows = SHOPS[number]
    path = Path(folder, f"asking-{number}.yaml")
    path.write_text(f"name: asking {number}\nrows: {rows}\nshoppers: {{open: {hours}}}\n", encoding="utf-8")
    shop = read(path)
    found = day(shop, laid_out(shop), 1, SEED + number, lambda _: None, apart=False)
    [judged] = decided(shop, [found])
    prices = {g.id: g.price_krw for g in shop.goods}
    return [_asked(r, prices, shop.terms.costs) for r in judged.receipts if r.decision != "none"]


def _asked(r: object, prices: dict[str, int], costs: object) -> Asked:
    from madang.rehearsal.model import Told
    from madang.walkout.costs import Costs, charging_krw, loss_krw

    assert isinstance(r, Told)
    assert isinstance(costs, Costs)

    def krw(items: dict[str, int]) -> dict[str, int]:
        return {p: n * prices[p] for p, n in items.items()}

    said, truth, exact = krw(r.charged), krw(r.truth), r.charged == r.truth
    expected = charging_krw(said, r.confidence, [(p, krw(items)) for p, items in r.options], costs)
    why = r.why if r.why in ("unsure", "costly", "no_price") else ""
    return Asked(r.confidence, len(said), exact, why, expected, 0.0 if exact else loss_krw(said, truth, costs))


def figures(rows: Sequence[Asked]) -> dict[str, float]:
    """Shares, and what mistakes cost of what was expected, of receipts that the engine is sure of."""
    charged, sure = [r for r in rows if not r.why], [r for r in rows if r.confidence >= SURE]
    return {
        "receipts": float(len(rows)),
        "exact_share": sum(r.exact for r in rows) / len(rows),
        "asked_share": sum(bool(r.why) for r in rows) / len(rows),
        "exact_of_charged": sum(r.exact for r in charged) / max(1, len(charged)),
        "expected_krw": sum(r.expected_krw for r in sure),
        "lost_krw": sum(r.lost_krw for r in sure),
    }


def table(rows: Sequence[tuple[str, Sequence[Asked]]]) -> Table:
    """A row a shop, and one of all."""
    from benchmarks.accuracy import wilson

    head = (
        "shop",
        "receipts",
        "exact %",
        "unsure",
        "costly",
        "asked %",
        "of these wrong",
        "wrong of the others",
        "95 %",
    )
    found = Table("Asked beside the lot", head)
    for name, some in rows:
        charged = [r for r in some if not r.why]
        wrong, asked = sum(not r.exact for r in charged), [r for r in some if r.why]
        low, high = wilson(wrong, len(charged))
        by = [sum(r.why == why for r in some) for why in ("unsure", "costly")]
        shares = [
            f"{100 * sum(r.exact for r in some) / len(some):.1f}",
            *map(str, by),
            f"{100 * len(asked) / len(some):.1f}",
        ]
        said = [
            str(sum(not r.exact for r in asked)),
            f"{wrong} of {len(charged)}",
            f"{100 * low:.1f} to {100 * high:.1f} %",
        ]
        found.rows.append([name, f"{len(some):,}", *shares, *said])
    return found


def by_lines(rows: Sequence[Asked]) -> Table:
    """Is the confidence as true of large baskets as of small ones?"""
    found = Table("By the receipt's lines", ("lines", "receipts", "believed %", "exact %"))
    for low, high in ((0, 1), (2, 3), (4, 5), (6, 99)):
        some = [r for r in rows if low <= r.lines <= high]
        if some:
            shares = [sum(r.confidence for r in some) / len(some), sum(r.exact for r in some) / len(some)]
            name = f"{low} to {high}" if high < 99 else f"{low} and more"
            found.rows.append([name, str(len(some)), *(f"{100 * x:.1f}" for x in shares)])
    return found
