"""What the days came to: every figure with its interval, every assumption named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madang.rehearsal.chance import Figure, count, quantile, resampled, share
from madang.rehearsal.deciding import rung_name, standing
from madang.rehearsal.model import Day, Items, Outage, ShopPlan, Told
from madang.walkout import promise as promises
from madang.walkout.promise import Terms

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Promise:
    """At most ``asked`` of the automatic charges wrong: was it kept, is it proved, and what would it take?

    ``achieved`` is the true share among the rehearsed automatic charges. ``state`` is what the shop's own page would
    say after these days: ``proved`` (by the receipts drawn by lot), or ``not_yet``; ``broken`` where the truth, which
    only a rehearsal knows, is clearly above. ``needed`` more drawn receipts at or above the threshold ``needed_at``
    must be right, about ``needed_receipts`` of the shop's; ``drawn`` were, ``drawn_wrong`` of them wrong. ``threshold``
    is the lowest confidence above which the rehearsed receipts would have kept it (None: none does), ``review`` the
    share below it.
    """

    asked: float
    achieved: Figure
    state: str
    charged_from: float
    drawn: int
    drawn_wrong: int
    needed: int
    needed_at: float
    needed_receipts: int | None
    threshold: float | None
    review: float


@dataclass(frozen=True, slots=True)
class StockOut:
    """A facing that ran empty: how often, how long a day, and the sales lost with it (nobody takes another thing)."""

    facing: str
    product: str
    times: int
    hours_a_day: float
    first_h: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A shop's figures; ``_day`` ones are for one day, money in KRW."""

    days: int
    receipts: int
    visits_day: float
    sales_krw_day: float
    exact: Figure
    exact_charged: Figure
    f1: Figure
    review_share: Figure
    reviews_day: Figure
    over_share: Figure
    under_share: Figure
    over_krw_day: Figure
    under_krw_day: Figure
    at_risk_krw_day: Figure
    missing_receipts: int
    lag_median_s: Figure
    lag_p99_s: Figure
    reviewed_median_min: float
    reviewed_p95_min: float
    review_min_day: Figure
    restock_min_day: Figure
    misplaced_min_day: Figure
    staff_min_day: Figure
    staff_krw_day: Figure
    misplaced_day: Figure
    outages_day: Figure
    lost_items_day: Figure
    lost_krw_day: Figure
    lost: tuple[tuple[str, int], ...]
    stock_outs: tuple[StockOut, ...]
    asked_unsure_day: float
    asked_costly_day: float
    asked_by_lot_day: float
    tailgaters: int
    unbilled_krw_day: Figure
    mixed_up: int
    promise: Promise
    ece: float


def is_exact(r: Told) -> bool:
    return r.decision != "none" and r.truth == r.charged


def value_krw(items: Items, prices: dict[str, int]) -> int:
    return sum(prices.get(p, 0) * n for p, n in items.items())


def more(a: Items, b: Items, prices: dict[str, int]) -> int:
    """What ``a`` holds beyond ``b``, in KRW."""
    return sum(prices.get(p, 0) * max(0, n - b.get(p, 0)) for p, n in a.items())


def summary(shop: ShopPlan, days: Sequence[Day]) -> Summary:
    """All figures of a shop's days."""
    prices = {g.id: g.price_krw for g in shop.goods}
    told = [r for day in days for r in day.receipts]
    n, k = len(told), len(days)
    auto = [r for r in told if r.decision == "charge"]
    sales = np.array([value_krw(r.truth, prices) for r in told], dtype=float)
    over = _money(told, lambda r: more(r.charged, r.truth, prices))
    under = _money(told, lambda r: more(r.truth, r.charged, prices))
    risk = _money(told, lambda r: _risk(r, prices))
    hits = np.array([2 * sum(min(q, r.charged.get(p, 0)) for p, q in r.truth.items()) for r in told], dtype=float)
    all_items = np.array([sum(r.truth.values()) + sum(r.charged.values()) for r in told], dtype=float)
    reviews = share(sum(r.decision != "charge" for r in told), n)
    visits = n / k
    review_min = reviews.times(visits * shop.staff.review_s / 60)
    misplaced = count(sum(d.misplaced for d in days), k)
    misplaced_min = misplaced.times(shop.staff.misplaced_s / 60)
    restock = resampled(np.array([d.restock_s / 60 for d in days]))
    staff_min = review_min.plus(misplaced_min).plus(restock)
    waits = [_wait_min(shop, d) for d in days]
    reviewed = np.array([w for of_day in waits for w in of_day] or [0.0])
    lags = np.array([r.lag_s for r in told if r.decision == "charge"] or [0.0])
    lost = Counter[str]()
    for r in told:
        lost.update(r.lost)
    return Summary(
        days=k,
        receipts=n,
        visits_day=visits,
        sales_krw_day=float(sales.sum()) / k,
        exact=share(sum(map(is_exact, told)), n),
        exact_charged=share(sum(map(is_exact, auto)), len(auto)),
        f1=resampled(hits, all_items),
        review_share=reviews,
        reviews_day=reviews.times(visits),
        over_share=_rare(over, sales),
        under_share=_rare(under, sales),
        over_krw_day=_rare(over, sales).times(float(sales.sum()) / k),
        under_krw_day=_rare(under, sales).times(float(sales.sum()) / k),
        at_risk_krw_day=_rare(risk, sales).times(float(sales.sum()) / k),
        missing_receipts=sum(r.decision == "none" for r in told),
        lag_median_s=quantile(lags, 0.5),
        lag_p99_s=quantile(lags, 0.99),
        reviewed_median_min=float(np.median(reviewed)),
        reviewed_p95_min=float(np.quantile(reviewed, 0.95)),
        review_min_day=review_min,
        restock_min_day=restock,
        misplaced_min_day=misplaced_min,
        staff_min_day=staff_min,
        staff_krw_day=staff_min.times(shop.staff.wage_krw_h / 60),
        misplaced_day=misplaced,
        outages_day=count(sum(len(d.outages) for d in days), k),
        lost_items_day=resampled(np.array([sum(r.lost.values()) for r in told], dtype=float)).times(visits),
        lost_krw_day=_rare(_money(told, lambda r: value_krw(r.lost, prices)), sales).times(float(sales.sum()) / k),
        lost=tuple(sorted(lost.items(), key=lambda pair: (-pair[1] * prices.get(pair[0], 0), pair[0]))),
        stock_outs=tuple(_stock_outs(days)),
        asked_unsure_day=sum(r.why in ("unsure", "no_price") for r in told) / k,
        asked_costly_day=sum(r.why == "costly" for r in told) / k,
        asked_by_lot_day=sum(r.why == "audit" for r in told) / k,
        tailgaters=sum(len(d.unbilled) for d in days),
        unbilled_krw_day=_unbilled(days, prices),
        mixed_up=sum(len(d.mixed_up) for d in days),
        promise=_promise(shop.terms, told),
        ece=_ece(told),
    )


def _money(told: Sequence[Told], of: Callable[[Told], float]) -> Floats:
    return np.array([of(r) for r in told], dtype=np.float64)


def _rare(wrong: Floats, sales: Floats) -> Figure:
    """Wrong money as a share of sales; where none was seen, as much as the rule of three for receipts leaves open."""
    if not wrong.any():
        return Figure(0.0, 0.0, share(0, len(wrong)).high)
    return resampled(wrong, sales)


def _risk(r: Told, prices: dict[str, int]) -> int:
    """Wrong money of a receipt that nobody looks at; a reviewed one is put right (our assumption)."""
    if r.decision == "review":
        return 0
    return more(r.charged, r.truth, prices) + more(r.truth, r.charged, prices)


def _wait_min(shop: ShopPlan, day: Day) -> list[float]:
    """Minutes from exit to the receipt of those in review: one person answers in order of arrival, in staff's hours;
    what comes after closing waits for the next morning.
    """
    free, out = 0.0, []
    per = shop.staff.review_s / 3600
    for r in sorted((r for r in day.receipts if r.decision == "review"), key=lambda r: r.hour):
        at = r.hour + r.lag_s / 3600
        begin = max(at, free, shop.staff.from_h)
        if begin % 24 + per > shop.staff.to_h:
            begin = max(free, 24 * (begin // 24 + 1) + shop.staff.from_h)
        elif begin % 24 < shop.staff.from_h:
            begin = 24 * (begin // 24) + shop.staff.from_h
        free = begin + per
        out.append((free - r.hour) * 60)
    return out


def _stock_outs(days: Sequence[Day]) -> list[StockOut]:
    found: dict[tuple[str, str], list[Outage]] = defaultdict(list)
    for day in days:
        for o in day.outages:
            found[o.facing, o.product].append(o)
    rows = [
        StockOut(facing, product, len(os), sum(o.to_h - o.from_h for o in os) / len(days), min(o.from_h for o in os))
        for (facing, product), os in found.items()
    ]
    return sorted(rows, key=lambda s: (-s.hours_a_day, s.facing))


def _unbilled(days: Sequence[Day], prices: dict[str, int]) -> Figure:
    """What tailgaters carried out, a day: their number by Poisson, times what each took on average."""
    worth = [value_krw(items, prices) for day in days for items in day.unbilled]
    return count(len(worth), len(days)).times(sum(worth) / len(worth)) if worth else Figure(0.0, 0.0, 0.0)


def _promise(terms: Terms, told: Sequence[Told]) -> Promise:
    auto = [r for r in told if r.decision == "charge"]
    wrong = share(sum(not is_exact(r) for r in auto), len(auto))
    stands = standing(terms, told)
    found = stands.found
    state = "broken" if wrong.low > terms.wrong_max else "proved" if found.proved is not None else "not_yet"
    best, review = _threshold(terms.wrong_max, told)
    return Promise(
        asked=terms.wrong_max,
        achieved=wrong,
        state=state,
        charged_from=min(stands.threshold, 1.0),
        drawn=stands.answered,
        drawn_wrong=sum(r.drawn and not is_exact(r) for r in told),
        needed=found.needed,
        needed_at=rung_name(found),
        needed_receipts=promises.receipts_needed(stands.counts, stands.answered, found, terms.audit_share),
        threshold=best,
        review=review,
    )


def _threshold(asked: float, told: Sequence[Told]) -> tuple[float | None, float]:
    """The lowest confidence above which at most ``asked`` of these receipts were wrong, and the share below it.

    Chosen on the same receipts it is judged by, so it says what is possible, not what is promised.
    """
    rows = sorted((r for r in told if r.decision != "none"), key=lambda r: -r.confidence)
    best: tuple[float | None, float] = (None, 1.0)
    wrong = 0
    for i, r in enumerate(rows, 1):
        wrong += not is_exact(r)
        last = i == len(rows) or rows[i].confidence < r.confidence
        if last and wrong <= asked * i:
            best = (r.confidence, 1 - i / len(told))
    return best


def _ece(told: Sequence[Told]) -> float:
    """Expected calibration error of the receipts' confidence in ten bins of equal width."""
    if not told:
        return 0.0
    sure = np.array([r.confidence for r in told])
    right = np.array([is_exact(r) for r in told], dtype=float)
    bins = np.minimum((sure * 10).astype(int), 9)
    return float(sum(abs(sure[bins == b].sum() - right[bins == b].sum()) for b in range(10)) / len(told))
