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
from madang.walkout.engine.states import log_add
from madang.walkout.engine.store import Floats
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
    """Ways to take some things of a few kinds: how many of each, as numbers and as floats [m, kinds]."""

    n: list[tuple[int, ...]]
    f: Floats


@lru_cache(maxsize=64)
def counts(kinds: int, most: int) -> Counts:
    """All ways to take 1 to `most` things of `kinds` kinds."""
    rows = [r for r in itertools.product(range(most + 1), repeat=kinds) if 0 < sum(r) <= most]
    for k in range(kinds):
        rows += [tuple(n if i == k else 0 for i in range(kinds)) for n in range(most + 1, 2 * most + 1)]
    return Counts(rows, np.array(rows, np.float64))


def _expected(ways: Counts, w: list[float], u: list[float], sd: float) -> tuple[list[float], list[float]]:
    """What each way weighs when a unit of each kind weighs `w`, spread `u`, grams; and its variance on plates of
    `sd`."""
    if len(w) == 1:
        return [n * w[0] for (n,) in ways.n], [sd**2 + n * (u[0] * u[0]) for (n,) in ways.n]
    return (ways.f @ np.array(w)).tolist(), (sd**2 + ways.f @ np.array(u) ** 2).tolist()


MOST_SPILLS = 6.0
"""Things that stand across two facings are no rarer than this, nats."""


class Catalogue(Goods):
    """Explains changes by the goods of their place."""

    def takes(self, shift: Shift) -> list[Take]:
        """Explanations of what was taken, best first."""
        out = self._planned(shift) + self._unknown(shift)
        out += self._strangers(shift, max([x.loglik for x in out], default=-math.inf) - self.s.prune_nats)
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
        grams, ways = -shift.total, counts(len(kinds), 4)
        w, u = [self.weight[p] for _, p in kinds], [self.spread[p] for _, p in kinds]
        rows = [
            (row, mean, var)
            for row, mean, var in zip(ways.n, *_expected(ways, w, u, shift.sd), strict=True)
            if abs(mean - grams) < 4 * math.sqrt(var) + 0.25 * mean + 5.0
            or (sum(row) == 1 and 0.1 * mean < grams < mean)
        ]
        if not rows:
            return []
        blind = any(q in self.dead for f, _ in kinds for q in self.store.facings[f].plates)
        placed = self._placed([row for row, _, _ in rows], w, [facings.index(f) for f, _ in kinds], shift, facings)
        stock = [self.stock.get(k, math.inf) + 0.5 for k in kinds]
        lls: list[float] = []
        for (row, mean, var), where in zip(rows, placed, strict=True):
            ll = self._weighed(grams, row, mean, var, blind) + where
            lls.append(ll + sum([n > most for n, most in zip(row, stock, strict=True)]) * math.log(self.s.wrong_count))
        floor = max(lls) - self.s.prune_nats
        return [
            Take(self._parts(row, kinds, shift), ll) for (row, _, _), ll in zip(rows, lls, strict=True) if ll > floor
        ]

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

    def _parts(self, row: tuple[int, ...], kinds: list[tuple[int, str]], shift: Shift) -> tuple[Part, ...]:
        parts = []
        for (f, p), k in zip(kinds, row, strict=True):
            if k:
                plates = tuple([q for q in shift.plates if q in self.store.facings[f].plates])
                parts.append(Part(p, k, f, k * self.weight[p], plates))
        return tuple(parts)

    def _weighed(self, grams: float, row: tuple[int, ...], mean: float, var: float, blind: bool) -> float:
        """Log likelihood of the weight, and prior of the number of units and kinds, of one way; a single kind may
        have a wrong catalogue weight."""
        s, units, kinds = self.s, sum(row), len(row) - row.count(0)
        x = grams - mean
        ll = -0.5 * (x * x) / var - 0.5 * math.log(var) - LOG_ROOT_2PI
        if kinds == 1:
            off = s.wrong_weight_sd * mean
            wide = var + off * off
            bad = -0.5 * (x * x) / wide - 0.5 * math.log(wide) - LOG_ROOT_2PI + math.log(s.wrong_weight)
            ll = log_add(ll + math.log1p(-s.wrong_weight), bad)
        if units == 1 and 0.1 * mean < grams < 0.95 * mean:
            ll = log_add(ll, math.log(s.part_blind if blind else s.part_seen) - math.log(mean))
        return ll + (SIZES[min(units, 5) - 1] + (kinds - 1) * math.log(s.two_kinds))

    def _shares(self, shift: Shift, facings: list[int]) -> Floats:
        """Grams taken on each facing's plates; a plate of two facings counts for both by halves."""
        out = np.zeros(len(facings))
        for plate, delta in zip(shift.plates, shift.deltas.tolist(), strict=True):
            here = [i for i, f in enumerate(facings) if plate in self.store.facings[f].plates]
            for i in here:
                out[i] -= delta / len(here)
        return out

    def _placed(
        self, rows: list[tuple[int, ...]], w: list[float], at: list[int], shift: Shift, facings: list[int]
    ) -> list[float]:
        """Log likelihood of where the load left, per way of taking so many of each kind of `w` grams; kind k stands in
        facing `at[k]` of these."""
        if len(facings) < 2:
            return [0.0] * len(rows)
        want = np.array(rows, np.float64) * np.array(w)
        by_facing = np.zeros((len(rows), len(facings)))
        for k, i in enumerate(at):
            by_facing[:, i] += want[:, k]
        sd = self.s.share_sd_g + self.s.share_sd * abs(shift.total)
        off = (self._shares(shift, facings) - by_facing) / sd
        return np.maximum(-0.5 * off**2, -15.0).sum(axis=1).tolist()  # type: ignore[no-any-return]

    def _strangers(self, shift: Shift, floor: float) -> list[Take]:
        """Products that the planogram does not show here: another product of this shelf (wrong planogram). What is
        no likelier than `floor` is left out."""
        out: list[Take] = []
        facings = self.facings_of(shift.plates)
        if not facings:
            return out
        main = self.main_facing(shift, facings)
        planned = {p for f in facings for p in self.store.facings[f].products}
        grams, spills, priors = -shift.total, self._spills(shift, main), self.may_lie(main)
        for product in self.about(main, grams, shift.sd):
            w, prior = self.weight[product], priors[product]
            if w <= 0 or product in planned:
                continue
            near = 6.0 * math.hypot(shift.sd, 2 * self.spread[product])
            for qty in (1, 2):
                if abs(grams - qty * w) < near:
                    ll = self.weigh(grams, product, qty, shift.sd) + prior + SIZES[qty - 1] + spills
                    if ll > floor:
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
                for p in self.beside(f):
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
