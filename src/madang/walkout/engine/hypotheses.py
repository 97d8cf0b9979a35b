"""What may have been moved: signed multisets of products that explain a shift, with their log likelihood."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.goods import LOG_ROOT_2PI, Goods
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.store import Floats, Ints
from madang.walkout.engine.unweighed import MOST, SIZES


class Part(NamedTuple):
    """`qty` units of one product taken at `plates`; `facing` row of the store's facings, `grams` expected for all
    of them."""

    product: str
    qty: int
    facing: int
    grams: float
    plates: tuple[int, ...]
    misplaced: bool = False


class Take(NamedTuple):
    """One explanation of a shift that took things off a shelf."""

    parts: tuple[Part, ...]
    loglik: float


class Counts(NamedTuple):
    """Ways to take some things of a few kinds: how many of each [m, kinds], as numbers and as floats, how many of all
    [m], and of how many kinds [m]."""

    n: Ints
    f: Floats
    units: Ints
    kinds: Ints

    def some(self, rows: Ints) -> Counts:
        """Only these ways."""
        return Counts(self.n[rows], self.f[rows], self.units[rows], self.kinds[rows])


@lru_cache(maxsize=64)
def counts(kinds: int, most: int) -> Counts:
    """All ways to take 1 to `most` things of `kinds` kinds."""
    rows = [r for r in itertools.product(range(most + 1), repeat=kinds) if 0 < sum(r) <= most]
    for k in range(kinds):
        rows += [tuple(n if i == k else 0 for i in range(kinds)) for n in range(most + 1, 2 * most + 1)]
    n = np.array(rows, np.int64)
    return Counts(n, n.astype(np.float64), n.sum(axis=1), (n > 0).sum(axis=1))


MOST_SPILLS = 6.0
"""Things that stand across two facings are no rarer than this, nats."""


class Catalogue(Goods):
    """Explains changes by the goods of their place."""

    def takes(self, shift: Shift) -> list[Take]:
        """Explanations of what was taken, best first."""
        out = self._planned(shift) + self._unknown(shift) + self._strangers(shift)
        out.sort(key=lambda x: (-x.loglik, x.parts))
        if not out:
            return out
        best = out[0].loglik
        return [x for x in out if x.loglik > best - self.s.prune_nats][:12]

    def _planned(self, shift: Shift) -> list[Take]:
        """What the planogram shows here, one to four units: likelihoods of all multisets at once."""
        kinds = [k for k in self.kinds_of(shift.plates) if self.weight[k[1]] > 0][:6]
        if not kinds:
            return []
        facings = self.facings_of(shift.plates)
        ways = counts(len(kinds), 4)
        w = np.array([self.weight[p] for _, p in kinds])
        u = np.array([self.spread[p] for _, p in kinds])
        grams, mean = -shift.total, ways.f @ w
        var = shift.sd**2 + ways.f @ u**2
        blind = any(q in self.dead for f, _ in kinds for q in self.store.facings[f].plates)
        near = np.abs(mean - grams) < 4 * np.sqrt(var) + 0.25 * mean + 5.0
        near |= (ways.units == 1) & (grams < mean) & (grams > 0.1 * mean)
        rows = np.flatnonzero(near)
        if not len(rows):
            return []
        ways, mean, var = ways.some(rows), mean[rows], var[rows]
        ll = self._weighed(grams, ways, mean, var, blind)
        ll += self._placed(ways.f * w, [facings.index(f) for f, _ in kinds], self._shares(shift, facings), grams)
        stock = np.array([self.stock.get(k, np.inf) for k in kinds]) + 0.5
        ll += (ways.f > stock).sum(axis=1) * math.log(self.s.wrong_count)
        floor = ll.max() - self.s.prune_nats
        return [Take(self._parts(row, kinds, shift), float(x)) for row, x in zip(ways.n, ll, strict=True) if x > floor]

    def _unknown(self, shift: Shift) -> list[Take]:
        """One to four units of what the planogram shows here and the catalogue has no weight of: all that is gone from
        its own plates; on the others it is with goods of known weight."""
        out: list[Take] = []
        for f, product in self.kinds_of(shift.plates):
            if self.weight[product] > 0:
                continue
            own = [k for k, q in enumerate(shift.plates) if q in self.store.facings[f].plates]
            grams = -float(shift.deltas[own].sum())
            rest = [k for k in range(len(shift.plates)) if k not in own]
            beside = self._beside_it(shift, rest) if rest else [Take((), 0.0)]
            plates = tuple([shift.plates[k] for k in own])
            for n in range(1, MOST + 1) if grams > 0 else ():
                ll = self.unweighed.loglik(product, grams, n, shift.sd) + SIZES[n - 1]
                ll += math.log(self.s.wrong_count) if n > self.stock.get((f, product), np.inf) + 0.5 else 0.0
                part = Part(product, n, f, grams, plates)
                out += [Take((*x.parts, part), x.loglik + ll) for x in beside]
        return out

    def _beside_it(self, shift: Shift, rest: list[int]) -> list[Take]:
        """What else went, from these of the shift's plates: goods of known weight, or the load stood over the edge."""
        left = float(shift.deltas[rest].sum())
        sd = self.s.share_sd_g + self.s.share_sd * abs(shift.total)
        over = Take((), -0.5 * (left / sd) ** 2)
        plates, deltas = tuple([shift.plates[k] for k in rest]), shift.deltas[rest]
        with_it = self._planned(replace(shift, plates=plates, deltas=deltas)) if left < 0 else []
        return [over, *(x._replace(loglik=x.loglik + math.log(self.s.two_kinds)) for x in with_it[:4])]

    def _parts(self, row: Ints, kinds: list[tuple[int, str]], shift: Shift) -> tuple[Part, ...]:
        parts = []
        for (f, p), k in zip(kinds, row.tolist(), strict=True):
            if k:
                plates = tuple([q for q in shift.plates if q in self.store.facings[f].plates])
                parts.append(Part(p, k, f, k * self.weight[p], plates))
        return tuple(parts)

    def _weighed(self, grams: float, ways: Counts, mean: Floats, var: Floats, blind: bool) -> Floats:
        """Log likelihood of the weight, and prior of the number of units and kinds, of each way; a single kind may
        have a wrong catalogue weight."""
        units, kinds = ways.units, ways.kinds
        x = grams - mean
        good = -0.5 * x**2 / var - 0.5 * np.log(var) - LOG_ROOT_2PI
        wide = var + (self.s.wrong_weight_sd * mean) ** 2
        bad = -0.5 * x**2 / wide - 0.5 * np.log(wide) - LOG_ROOT_2PI + math.log(self.s.wrong_weight)
        ll: Floats = np.where(kinds == 1, np.logaddexp(good + math.log1p(-self.s.wrong_weight), bad), good)
        part = (units == 1) & (0.1 * mean < grams) & (grams < 0.95 * mean)
        if part.any():
            share = math.log(self.s.part_blind if blind else self.s.part_seen)
            ll = np.where(part, np.logaddexp(ll, share - np.log(mean)), ll)
        ll += np.array(SIZES)[np.minimum(units, 5) - 1] + (kinds - 1) * math.log(self.s.two_kinds)
        return ll

    def _shares(self, shift: Shift, facings: list[int]) -> Floats:
        """Grams taken on each facing's plates; a plate of two facings counts for both by halves."""
        out = np.zeros(len(facings))
        for plate, delta in zip(shift.plates, shift.deltas.tolist(), strict=True):
            here = [i for i, f in enumerate(facings) if plate in self.store.facings[f].plates]
            for i in here:
                out[i] -= delta / len(here)
        return out

    def _placed(self, want: Floats, at: list[int], shares: Floats, grams: float) -> Floats:
        """Log likelihood of where the load left, per row of `want` [m, kinds] grams; kind k stands in facing
        `at[k]`."""
        if len(shares) < 2:
            return np.zeros(len(want))
        by_facing = np.zeros((len(want), len(shares)))
        for k, i in enumerate(at):
            by_facing[:, i] += want[:, k]
        sd = self.s.share_sd_g + self.s.share_sd * abs(grams)
        out: Floats = np.maximum(-0.5 * ((shares - by_facing) / sd) ** 2, -15.0).sum(axis=1)
        return out

    def _strangers(self, shift: Shift) -> list[Take]:
        """Products that the planogram does not show here: another product of this shelf (wrong planogram)."""
        out: list[Take] = []
        facings = self.facings_of(shift.plates)
        if not facings:
            return out
        main = self.main_facing(shift, facings)
        planned = {p for f in facings for p in self.store.facings[f].products}
        grams, spills = -shift.total, self._spills(shift, main)
        for product, prior in self.may_lie(main).items():
            w = self.weight[product]
            if product in planned or w <= 0:
                continue
            near = 6.0 * math.hypot(shift.sd, 2 * self.spread[product])
            for qty in (1, 2):
                if abs(grams - qty * w) < near:
                    ll = self.weigh(grams, product, qty, shift.sd) + prior + SIZES[qty - 1] + spills
                    out.append(Take((Part(product, qty, main, qty * w, shift.plates, True),), ll))
        return out

    def _spills(self, shift: Shift, facing: int) -> float:
        """Log likelihood that so much of what stood in this facing weighed on plates beside it."""
        own = self.store.facings[facing].plates
        beside: float = sum([d for q, d in zip(shift.plates, shift.deltas.tolist(), strict=True) if q not in own])
        sd = self.s.share_sd_g + self.s.share_sd * abs(shift.total)
        return max(-0.5 * (beside / sd) ** 2, -MOST_SPILLS)

    def main_facing(self, shift: Shift, facings: list[int]) -> int:
        """The facing that gave or got most."""
        deltas = shift.deltas.tolist()

        def change(f: int) -> float:
            plates = self.store.facings[f].plates
            return float(sum([abs(d) for q, d in zip(shift.plates, deltas, strict=True) if q in plates]))

        return max(facings, key=change)

    def is_one(self, shift: Shift, held: list[tuple[str, float]]) -> bool:
        """Is the shift explained by one of the goods planned there going, or by one of these held coming?"""
        if shift.total > 0:
            return any(abs(shift.total - g) < self.s.fit_sigmas * max(shift.sd, 1.0) for _, g in held)
        some = [(self.weight[p], self.spread[p]) for _, p in self.kinds_of(shift.plates)]
        return any(abs(-shift.total - w) < self.s.fit_sigmas * math.hypot(shift.sd, u) for w, u in some)

    def fits(self, shift: Shift, held: list[tuple[str, float]]) -> float:
        """How many standard deviations the shift is from the nearest explanation: takes, or things that people
        hold."""
        best = 99.0
        if shift.total < 0:
            for take in self._planned(shift):
                mean = sum([p.grams for p in take.parts])
                var = shift.sd**2 + sum([p.qty * self.spread[p.product] ** 2 for p in take.parts])
                best = min(best, abs(-shift.total - mean) / math.sqrt(var))
            for f in self.facings_of(shift.plates):
                for p in self.beside[f]:
                    sd = math.hypot(shift.sd, self.spread[p])
                    best = min(best, 1.0 + abs(-shift.total - self.weight[p]) / sd)
            return best
        best = min([abs(shift.total - g) / max(shift.sd, 1.0) for _, g in held], default=best)
        for _, product in self.kinds_of(shift.plates):
            w = self.weight[product]
            n = max(1, round(shift.total / w)) if w > 0 else 0
            if 0 < n <= 6:
                sd = math.hypot(shift.sd, math.sqrt(n) * self.spread[product])
                best = min(best, abs(shift.total - n * w) / sd)
        return best
