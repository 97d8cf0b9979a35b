"""Charge or ask, as the shop itself will: by the promise's threshold, by cost, and by lot; with the same pure functions
that decide there (``walkout.promise``, ``walkout.costs``). The evidence of a day's drawn receipts moves the threshold
of the hours and days after it, as it will in the shop. A person's answer is taken for right (our assumption).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from madang.kernel import derived
from madang.rehearsal.model import Day, Items, ShopPlan, Told
from madang.walkout import promise
from madang.walkout.promise import RUNGS, Count, Reckoning, Terms

DAY_H = 24.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the promise stands at, in the figures the shop's own page shows (``promising.Report``)."""

    threshold: float
    counts: tuple[Count, ...]
    answered: int
    found: Reckoning


def decided(shop: ShopPlan, days: Sequence[Day]) -> tuple[Day, ...]:
    """The days with the shop's decisions in the place of the engine's own."""
    book = _Book(shop)
    return tuple(replace(day, receipts=tuple(book.judged(day))) for day in days)


def standing(terms: Terms, told: Sequence[Told]) -> Standing:
    """What all drawn receipts together bear."""
    drawn = [(promise.rung_of(r.score), 1, int(r.truth != r.charged)) for r in told if r.drawn]
    counts = promise.ladder(drawn)
    found = promise.reckon(counts, terms)
    return Standing(promise.threshold(found.proved, terms), counts, len(drawn), found)


def scored(r: Told, prices: Mapping[str, int], terms: Terms) -> float:
    """A receipt's score: its confidence, or nothing where asking is expected to cost less."""
    others = [(p, _amounts(items, prices)) for p, items in r.options]
    return promise.score(_amounts(r.charged, prices), r.confidence, others, terms.costs)


class _Book:
    """The evidence as it grows, hour by hour."""

    def __init__(self, shop: ShopPlan) -> None:
        self._terms = shop.terms
        self._prices = {g.id: g.price_krw for g in shop.goods}
        self._drawn: list[tuple[int, int, int]] = []
        self._proved: list[int] = []
        self._threshold = promise.threshold(None, self._terms)
        self._since_h = 0.0
        self._looked_h = 0

    def judged(self, day: Day) -> Iterator[Told]:
        """The day's receipts, decided in the order in which they were written, told in the order they had."""
        made: dict[str, Told] = {}
        for r in sorted(day.receipts, key=lambda r: (r.hour + r.lag_s / 3600, r.credential)):
            self._look((day.number - 1) * DAY_H + r.hour)
            made[r.credential] = self._judge(day, r)
        return (made[r.credential] for r in day.receipts)

    def _judge(self, day: Day, r: Told) -> Told:
        if r.decision == "none":
            return r
        if any(self._prices.get(p, 0) <= 0 for p in r.charged):
            return replace(r, decision="review", why="no_price")
        terms, score = self._terms, scored(r, self._prices, self._terms)
        decision, why = promise.verdict(r.confidence, score, self._threshold)
        drawn = _lot(day, r) < terms.audit_share
        if drawn:
            self._drawn.append((promise.rung_of(score), 1, int(r.truth != r.charged)))
            if decision == "charge":
                decision, why = "review", "audit"
        return replace(r, decision=decision, why=why or "", score=score, drawn=drawn)

    def _look(self, now_h: float) -> None:
        """Reckon once an hour, as the shop does; a proved threshold becomes laxer by a rung a day."""
        if int(now_h) == self._looked_h:
            return
        self._looked_h = int(now_h)
        found = promise.reckon(promise.ladder(self._drawn), self._terms, self._proved)
        if found.proved is None:
            return
        before = self._threshold if self._proved else None
        rested = now_h - self._since_h >= DAY_H
        self._proved.append(found.proved)
        now = promise.threshold(found.proved, self._terms, before, rested=rested)
        if now != self._threshold:
            self._threshold, self._since_h = now, now_h


def _lot(day: Day, r: Told) -> float:
    """A number in [0, 1) that has nothing to do with the receipt or the layout."""
    return int.from_bytes(derived("rehearsal.audit", day.seed, day.number, r.credential).bytes[:6], "big") / 2**48


def _amounts(items: Items, prices: Mapping[str, int]) -> dict[str, int]:
    return {p: n * prices.get(p, 0) for p, n in items.items()}


def rung_name(found: Reckoning) -> float:
    """The threshold that is nearest to being proved."""
    return RUNGS[found.next]
