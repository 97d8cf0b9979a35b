"""What may have been moved: signed multisets of products that explain a shift, with their log likelihood."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints, Store


@dataclass(frozen=True, slots=True)
class Part:
    """`qty` units of one product taken at `plates`; `facing` row of the store's facings, `grams` expected for all
    of them."""

    product: str
    qty: int
    facing: int
    grams: float
    plates: tuple[int, ...]
    misplaced: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """One explanation of a shift that took things off a shelf."""

    parts: tuple[Part, ...]
    loglik: float


@lru_cache(maxsize=64)
def counts(kinds: int, most: int) -> Ints:
    """All ways to take 1 to `most` things of `kinds` kinds, [m, kinds]."""
    rows = [r for r in itertools.product(range(most + 1), repeat=kinds) if 0 < sum(r) <= most]
    for k in range(kinds):
        rows += [tuple(n if i == k else 0 for i in range(kinds)) for n in range(most + 1, 2 * most + 1)]
    return np.array(rows, np.int64)


def log_gauss(x: Floats | float, sd: Floats | float) -> Floats:
    """Log density of a centred normal."""
    return np.asarray(-0.5 * (np.asarray(x) / sd) ** 2 - np.log(np.asarray(sd) * 2.5066))


class Catalogue:
    """Products by place, with what has been learned about weights and about where they really lie."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.s = settings
        self.weight: dict[str, float] = {}
        self.spread: dict[str, float] = {}
        for p in store.products.values():
            w = p.weight_g if p.weight_g and p.weight_g > 0 else 0.0
            self.weight[p.id] = w
            self.spread[p.id] = p.weight_sd_g if p.weight_sd_g is not None else max(1.5, settings.unit_sd_share * w)
        self.at: dict[int, list[int]] = {}
        for k, f in enumerate(store.facings):
            for plate in f.plates:
                self.at.setdefault(plate, []).append(k)
        self.on_shelf: dict[str, list[str]] = {}
        for f in store.facings:
            here = self.on_shelf.setdefault(f.shelf, [])
            here += [name for name in f.products if name not in here]
        self.next_to = store.neighbours()
        self.beside = [self._beside(k) for k in range(len(store.facings))]
        self.really: dict[int, dict[str, float]] = {}
        self.stock = {(k, p): float(n) for k, f in enumerate(store.facings) for p, n in (f.count or {}).items()}
        self.dead: set[int] = set()

    def _beside(self, facing: int) -> set[str]:
        """Products of the facings next to this one: those it is most easily confused with when shelves are filled."""
        plates = self.store.facings[facing].plates
        near = {n for q in plates for n in self.next_to[q]}
        around = near | {n for q in near for n in self.next_to[q]}
        shelf = self.store.facings[facing].shelf
        rows = {f for q in around for f in self.at.get(q, ()) if self.store.facings[f].shelf == shelf}
        return {p for f in rows for p in self.store.facings[f].products}

    def facings_of(self, plates: tuple[int, ...]) -> list[int]:
        """Rows of the facings on these plates."""
        return sorted({k for plate in plates for k in self.at.get(plate, ())})

    def home(self, product: str, plates: tuple[int, ...]) -> int | None:
        """The facing on these plates where this product belongs."""
        for k in self.facings_of(plates):
            if product in self.store.facings[k].products:
                return k
        return None

    def weigh(self, grams: float, product: str, qty: int, sd: float) -> float:
        """Log likelihood that `qty` units of a product weigh `grams`, with the plates' own `sd`; heavy tail for
        wrong weights."""
        w, u = self.weight[product], self.spread[product]
        if w <= 0:
            return -7.0 if qty == 1 else -12.0
        narrow = np.sqrt(sd**2 + qty * u**2)
        wide = np.sqrt(narrow**2 + (self.s.wrong_weight_sd * w * qty) ** 2)
        x = grams - qty * w
        good = log_gauss(x, narrow) + np.log1p(-self.s.wrong_weight)
        bad = log_gauss(x, wide) + np.log(self.s.wrong_weight)
        return float(np.logaddexp(good, bad))

    def learn(self, product: str, qty: int, grams: float, sd: float) -> None:
        """A unit of a wrongly catalogued product has been weighed: believe the plates. Bounded; only clear misfits
        count."""
        w, u = self.weight[product], self.spread[product]
        if w <= 0 or qty < 1:
            return
        narrow = float(np.sqrt(sd**2 + qty * u**2))
        wide = float(np.hypot(narrow, self.s.wrong_weight_sd * w * qty))
        x = grams - qty * w
        odds = float(log_gauss(x, wide) - log_gauss(x, narrow)) + float(np.log(self.s.wrong_weight))
        if odds > 0.0 and abs(x) < 0.3 * w * qty:
            self.weight[product] = grams / qty
            self.spread[product] = float(np.hypot(u, sd / qty))

    def moved(self, facing: int, product: str, units: float) -> None:
        """So many units more are expected in a facing (fewer, when negative). Unknown counts stay unknown."""
        if (facing, product) in self.stock:
            self.stock[facing, product] += units

    def _in_stock(self, parts: list[Part]) -> float:
        """Log probability that a facing holds what it is said to have given."""
        short = sum(p.qty > self.stock.get((p.facing, p.product), np.inf) + 0.5 for p in parts)
        return short * float(np.log(self.s.wrong_count))

    def takes(self, shift: Shift) -> list[Take]:
        """Explanations of what was taken, best first."""
        out = self._planned(shift) + self._strangers(shift)
        out.sort(key=lambda x: (-x.loglik, str(x.parts)))
        if not out:
            return out
        best = out[0].loglik
        return [x for x in out if x.loglik > best - self.s.prune_nats][:12]

    def _planned(self, shift: Shift) -> list[Take]:
        s = self.s
        facings = self.facings_of(shift.plates)
        kinds = [(f, p) for f in facings for p in self.store.facings[f].products if self.weight[p] > 0]
        if not kinds or len(kinds) > 6:
            kinds = kinds[:6]
            if not kinds:
                return []
        grams = -shift.total
        w = np.array([self.weight[p] for _, p in kinds])
        u = np.array([self.spread[p] for _, p in kinds])
        n = counts(len(kinds), 4)
        total = n @ w
        loose = 4 * np.sqrt(shift.sd**2 + n @ u**2) + 0.25 * total
        blind = self._blind(kinds)
        near = np.abs(total - grams) < loose + 5.0
        if blind:
            near |= (n.sum(axis=1) == 1) & (grams < total) & (grams > 0.1 * total)
        n = n[near]
        if not len(n):
            return []
        shares = self._shares(shift, facings)
        out = []
        for row in n:
            parts = []
            ll = float(_size_prior(int(row.sum()), int((row > 0).sum()), s))
            for (f, p), k in zip(kinds, row, strict=True):
                if k:
                    plates = tuple(q for q in shift.plates if q in self.store.facings[f].plates)
                    parts.append(Part(p, int(k), f, float(k * self.weight[p]), plates))
            ll += self._weigh_parts(grams, parts, shift.sd, blind)
            ll += self._placed(parts, facings, shares, grams) + self._in_stock(parts)
            out.append(Take(tuple(parts), ll))
        return out

    def _blind(self, kinds: list[tuple[int, str]]) -> bool:
        return any(q in self.dead for f, _ in kinds for q in self.store.facings[f].plates)

    def _weigh_parts(self, grams: float, parts: list[Part], sd: float, blind: bool) -> float:
        if len(parts) == 1:
            ll = self.weigh(grams, parts[0].product, parts[0].qty, sd)
        else:
            mean = sum(p.grams for p in parts)
            var = sd**2 + sum(p.qty * self.spread[p.product] ** 2 for p in parts)
            ll = float(log_gauss(grams - mean, np.sqrt(var)))
        if blind:
            mean = sum(p.grams for p in parts)
            if 0.1 * mean < grams < 0.95 * mean:
                ll = float(np.logaddexp(ll, -np.log(mean) + np.log(0.5)))
        return ll

    def _shares(self, shift: Shift, facings: list[int]) -> Floats:
        """Grams taken on each facing's plates; a plate of two facings counts for both by halves."""
        out = np.zeros(len(facings))
        for plate, delta in zip(shift.plates, shift.deltas, strict=True):
            here = [i for i, f in enumerate(facings) if plate in self.store.facings[f].plates]
            for i in here:
                out[i] -= delta / len(here)
        return out

    def _placed(self, parts: list[Part], facings: list[int], shares: Floats, grams: float) -> float:
        if len(facings) < 2:
            return 0.0
        want = np.zeros(len(facings))
        for p in parts:
            want[facings.index(p.facing)] += p.grams
        sd = self.s.share_sd_g + self.s.share_sd * abs(grams)
        return float(np.maximum(-0.5 * ((shares - want) / sd) ** 2, -15.0).sum())

    def _strangers(self, shift: Shift) -> list[Take]:
        """Products that the planogram does not show here: another product of this shelf (wrong planogram)."""
        out: list[Take] = []
        facings = self.facings_of(shift.plates)
        if not facings:
            return out
        main = max(
            facings,
            key=lambda f: sum(
                abs(d) for q, d in zip(shift.plates, shift.deltas, strict=True) if q in self.store.facings[f].plates
            ),
        )
        planned = {p for f in facings for p in self.store.facings[f].products}
        shelf = self.store.facings[main].shelf
        known = self.really.get(main, {})
        for product in self.on_shelf[shelf]:
            if product in planned or self.weight[product] <= 0:
                continue
            next_to = product in self.beside[main]
            prior = known.get(product, float(np.log(self.s.wrong_planogram * (2.5 if next_to else 1.0))))
            for qty in (1, 2):
                if abs(-shift.total - qty * self.weight[product]) < 6 * np.hypot(shift.sd, 2 * self.spread[product]):
                    ll = self.weigh(-shift.total, product, qty, shift.sd) + prior + _size_prior(qty, 1, self.s)
                    out.append(Take((Part(product, qty, main, qty * self.weight[product], shift.plates, True),), ll))
        return out

    def fits(self, shift: Shift, held: list[tuple[str, float]]) -> float:
        """How many standard deviations the shift is from the nearest explanation: takes, or things that people
        hold."""
        if shift.total < 0:
            best = 99.0
            for take in self._planned(shift)[:]:
                mean = sum(p.grams for p in take.parts)
                var = shift.sd**2 + sum(p.qty * self.spread[p.product] ** 2 for p in take.parts)
                best = min(best, abs(-shift.total - mean) / float(np.sqrt(var)))
            for f in self.facings_of(shift.plates):
                for p in self.beside[f]:
                    sd = float(np.hypot(shift.sd, self.spread[p]))
                    best = min(best, 1.0 + abs(-shift.total - self.weight[p]) / sd)
            return best
        best = min((abs(shift.total - g) / max(shift.sd, 1.0) for _, g in held), default=99.0)
        for f in self.facings_of(shift.plates):
            for product in self.store.facings[f].products:
                w = self.weight[product]
                n = max(1, round(shift.total / w)) if w > 0 else 0
                if 0 < n <= 6:
                    sd = float(np.hypot(shift.sd, np.sqrt(n) * self.spread[product]))
                    best = min(best, abs(shift.total - n * w) / sd)
        return best


def _size_prior(units: int, kinds: int, s: Settings) -> float:
    return float(
        np.log((0.8, 0.15, 0.03, 0.012)[units - 1] if units < 5 else 0.002) + (kinds - 1) * np.log(s.two_kinds)
    )
