"""The rehearsal as JSON (schema: ``docs/rehearsal.md``); the HTML report shows the same content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from madang import __version__
from madang.rehearsal.chance import Figure
from madang.rehearsal.compare import Comparison, compare
from madang.rehearsal.doubt import doubt
from madang.rehearsal.running import Rehearsed
from madang.rehearsal.summary import Summary, is_exact, more, summary, value_krw

SCHEMA = "madang.rehearsal/1"
TOP = 12


def document(runs: Sequence[Rehearsed], *, seed: int, took_s: float, cores: int) -> dict[str, Any]:
    """Everything a rehearsal found. The first shop is the base of every comparison."""
    return {
        "schema": SCHEMA,
        "simulated": True,
        "madang": __version__,
        "seed": seed,
        "took_s": round(took_s, 1),
        "cores": cores,
        "shops": [_shop(run) for run in runs],
        "comparisons": [_comparison(compare((runs[0].shop, runs[0].days), (run.shop, run.days))) for run in runs[1:]],
    }


def _shop(run: Rehearsed) -> dict[str, Any]:
    shop, found = run.shop, doubt(run.shop, run.laid, run.days)
    names = {g.id: {"ko": g.type.name_ko, "en": g.type.name_en} for g in shop.goods}
    prices = {g.id: g.price_krw for g in shop.goods}
    hot = sorted(found.by_facing, key=lambda f: (-found.by_facing[f], f))[:TOP]
    at = {f["id"]: f["products"] for f in run.laid.layout["planogram"]}
    figures = summary(shop, run.days)
    return {
        "name": shop.name,
        "file": shop.path.name,
        "setting": _setting(run),
        "figures": _figures(figures),
        "promise": {**asdict(figures.promise), "achieved": _figure(figures.promise.achieved, 5)},
        "doubt": [
            {
                "facing": f,
                "products": at[f],
                "krw_day": round(found.by_facing[f]),
                "came_true_krw_day": round(found.wrong.get(f, 0.0)),
            }
            for f in hot
        ],
        "doubt_by_facing": {f: round(v, 1) for f, v in sorted(found.by_facing.items())},
        "pairs": [
            {
                **asdict(p),
                "confused_per_1000": round(1000 * p.confused / max(1, figures.receipts), 2),
                "krw_day": round(p.krw / figures.days),
            }
            for p in found.pairs
        ],
        "stock_outs": [asdict(s) for s in figures.stock_outs[: 2 * TOP]],
        "lost": [{"product": p, "items": n, "krw": n * prices[p]} for p, n in figures.lost[: 2 * TOP]],
        "left_out": list(run.laid.left_out),
        "products": {p: names[p] | {"price_krw": prices[p]} for p in sorted(names)},
        "hours": _hours(run),
        "days": [_day(run, i) for i in range(len(run.days))],
    }


def _setting(run: Rehearsed) -> dict[str, Any]:
    shop = run.shop
    return {
        "gondolas": len(shop.racks),
        "plates": len(run.laid.layout["plates"]),
        "facings": len(run.laid.layout["planogram"]),
        "products": len(run.laid.layout["products"]),
        "assumed_weights": sum(not g.weighed for g in shop.goods),
        "open_h": [shop.shoppers.open_h, shop.shoppers.close_h],
        "faults": shop.faults,
        "cameras": shop.cameras,
        "classifier": shop.sensors.vision,
        "review_s": shop.staff.review_s,
        "misplaced_s": shop.staff.misplaced_s,
        "wage_krw_h": shop.staff.wage_krw_h,
        "restock_at": list(shop.staff.restock_at),
        "swaps": [list(pair) for pair in shop.swaps],
        "troubles": asdict(shop.troubles),
    }


def _figures(s: Summary) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name in s.__slots__:
        value = getattr(s, name)
        if isinstance(value, Figure):
            out[name] = _figure(value, 5 if name.endswith("share") or name.startswith(("exact", "f1")) else 2)
        elif isinstance(value, (int, float)):
            out[name] = round(value, 4)
    return out


def _figure(f: Figure, digits: int) -> dict[str, float]:
    return {"value": round(f.value, digits), "low": round(f.low, digits), "high": round(f.high, digits)}


def _hours(run: Rehearsed) -> list[dict[str, float]]:
    """Visitors and reviews by hour of the day, on average."""
    left, asked = Counter[int](), Counter[int]()
    for r in (r for day in run.days for r in day.receipts):
        left[int(r.hour)] += 1
        asked[int(r.hour)] += r.decision != "charge"
    k = len(run.days)
    return [{"hour": h, "receipts": left[h] / k, "reviews": asked[h] / k} for h in sorted(left)]


def _day(run: Rehearsed, i: int) -> dict[str, Any]:
    day = run.days[i]
    prices = {g.id: g.price_krw for g in run.shop.goods}
    return {
        "number": day.number,
        "seed": day.seed,
        "visits": day.visits,
        "shop_s": round(day.shop_s),
        "twin_s": round(day.twin_s, 1),
        "engine_s": round(day.engine_s, 1),
        "wall_s": round(day.wall_s, 1),
        "misplaced": day.misplaced,
        "restock_s": round(day.restock_s),
        "receipts": [
            {
                "credential": r.credential,
                "hour": r.hour,
                "decision": r.decision,
                "why": r.why,
                "confidence": round(r.confidence, 4),
                "exact": is_exact(r),
                "sales_krw": value_krw(r.truth, prices),
                "over_krw": more(r.charged, r.truth, prices),
                "under_krw": more(r.truth, r.charged, prices),
                "lag_s": r.lag_s,
                **({} if r.truth == r.charged else {"truth": r.truth, "charged": r.charged}),
            }
            for r in day.receipts
        ],
    }


def _comparison(c: Comparison) -> dict[str, Any]:
    return {
        "base": c.base,
        "other": c.other,
        "pairs": c.pairs,
        "same_shoppers": c.same,
        "differences": [
            {
                "figure": d.name,
                "base": round(d.base, 4),
                "other": round(d.other, 4),
                "by": _figure(d.by, 4),
                "better_when": "more" if d.better > 0 else "less",
                "proven": d.proven,
            }
            for d in c.differences
        ],
    }
