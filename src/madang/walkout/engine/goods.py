"""Goods: what is known of them by place. What they weigh, how many stand where, and what lies where it should not."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import log_add
from madang.walkout.engine.store import Floats, Store
from madang.walkout.engine.types import Learned
from madang.walkout.engine.unweighed import Unweighed

FOUND = math.log(0.3)
"""Log prior of a product that was found to lie in a facing where the planogram does not show it."""
UNTIDY = math.log(0.1)
"""... and of a product in a facing beside it, whose own goods were found in another: they were exchanged, or moved on
by one."""
BESIDE = 2.5
"""How much likelier a facing holds goods of the next ones than others of its shelf, where it is filled wrongly."""
SAME_GONDOLA = 0.5
"""Share of foreign goods in a facing that belong to another shelf of the same gondola."""
LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)


def log_normal(x: float, sd: float) -> float:
    """Log density of a centred normal."""
    return -0.5 * (x / sd) ** 2 - math.log(sd) - LOG_ROOT_2PI


class Weights(NamedTuple):
    """What one of each of some products weighs, grams [n], and twelve times how much that differs."""

    products: list[str]
    weight: Floats
    off: Floats


class Goods:
    """Products by place, with what has been learned about weights and about where they really lie."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.s = settings
        self._right, self._wrong = math.log1p(-settings.wrong_weight), math.log(settings.wrong_weight)
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
        self.in_gondola: dict[int, list[str]] = {}
        for f in store.facings:
            here = self.on_shelf.setdefault(f.shelf, [])
            here += [name for name in f.products if name not in here]
            for g in {int(store.plate_gondola[q]) for q in f.plates}:
                gondola = self.in_gondola.setdefault(g, [])
                gondola += [name for name in f.products if name not in gondola]
        self.next_to = store.neighbours()
        self._beside: dict[int, set[str]] = {}
        self.really: dict[int, dict[str, float]] = {
            k: dict.fromkeys((p for p in f.really if p in self.weight), FOUND)
            for k, f in enumerate(store.facings)
            if f.really
        }
        self.unweighed = Unweighed(settings)
        self._doubted: dict[str, tuple[float, float, list[float]]] = {}
        self._given = dict(self.weight)
        self.news: list[Learned] = []
        self.stock = {(k, p): float(n) for k, f in enumerate(store.facings) for p, n in (f.count or {}).items()}
        self.dead: set[int] = set()
        self.tried: dict[tuple[int, str], int] = {}
        """How often one of a facing's goods was seen alone to weigh what it should."""
        self._kinds: dict[tuple[int, ...], list[tuple[int, str]]] = {}
        self._may_lie: dict[int, dict[str, float]] = {}
        self._weights: dict[int, Weights] = {}

    def beside(self, facing: int) -> set[str]:
        """Products of the facings next to this one: those it is most easily confused with when shelves are filled."""
        known = self._beside.get(facing)
        if known is None:
            known = self._beside[facing] = self._found_beside(facing)
        return known

    def _found_beside(self, facing: int) -> set[str]:
        plates = self.store.facings[facing].plates
        near = {n for q in plates for n in self.next_to[q]}
        around = near | {n for q in near for n in self.next_to[q]}
        shelf = self.store.facings[facing].shelf
        rows = {f for q in around for f in self.at.get(q, ()) if self.store.facings[f].shelf == shelf}
        return {p for f in rows for p in self.store.facings[f].products}

    def units_at(self, plate: int) -> list[tuple[float, float]]:
        """What one of the goods planned on this plate weighs and the spread of that, grams."""
        return [(self.weight[p], self.spread[p]) for _, p in self.kinds_of((plate,)) if self.weight[p] > 0]

    def blind_at(self, facing: int) -> bool:
        """Is a plate of this facing blind?"""
        return any(q in self.dead for q in self.store.facings[facing].plates)

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
            return self.unweighed.loglik(product, grams, qty, sd)
        narrow = math.sqrt(sd**2 + qty * u**2)
        wide = math.hypot(narrow, self.s.wrong_weight_sd * w * qty)
        x = grams - qty * w
        good = log_normal(x, narrow) + self._right
        return log_add(good, log_normal(x, wide) + self._wrong)

    def learn(self, product: str, qty: int, grams: float, sd: float) -> bool:
        """Units were weighed: True where they plainly do not weigh what the catalogue says. One such pick only widens
        what the product may weigh, from the one weight to the other; `learn_picks` that agree are believed, within
        `learn_band` of the weight that the run began with."""
        w, u = self.weight[product], self.spread[product]
        if w <= 0 or qty < 1:
            return False
        one, noise = grams / qty, sd / qty
        doubted = self._doubted.get(product)
        if doubted is None:
            if not self._misfits(product, qty, grams, sd):
                return False
            self._doubted[product] = (w, u, [one])
            self._weighs(product, (w + one) / 2.0, math.hypot(u, (one - w) / 2.0))
            return True
        before, spread, seen = doubted
        if abs(one - before) < 3.0 * math.hypot(spread, noise):
            del self._doubted[product]
            self._weighs(product, before, spread)
            return False
        seen.append(one)
        del seen[: -self.s.learn_picks]
        middle, base = sum(seen) / len(seen), self._given[product]
        agree = max(seen) - min(seen) < 3.0 * math.sqrt(2.0) * math.hypot(spread, noise)
        if len(seen) == self.s.learn_picks and agree and abs(middle - base) <= self.s.learn_band * base:
            del self._doubted[product]
            self._weighs(product, middle, math.hypot(spread, noise / math.sqrt(len(seen))))
        return True

    def _weighs(self, product: str, weight: float, spread: float) -> None:
        self.weight[product], self.spread[product] = weight, spread
        self._weights.clear()

    def _misfits(self, product: str, qty: int, grams: float, sd: float) -> bool:
        """Is a wrong catalogue weight likelier than a right one? (Of far too much or too little something else is.)"""
        w, u = self.weight[product], self.spread[product]
        narrow = math.sqrt(sd**2 + qty * u**2)
        wide = math.hypot(narrow, self.s.wrong_weight_sd * w * qty)
        x = grams - qty * w
        odds = log_normal(x, wide) - log_normal(x, narrow) + math.log(self.s.wrong_weight)
        return odds > 0.0 and abs(x) < 0.3 * w * qty

    def usual(self, product: str) -> float:
        """What a unit weighs, as far as that is known, grams."""
        return self.weight[product] or self.unweighed.median(product)

    def weighed(self, product: str, grams: float, sd: float) -> bool:
        """Some units of a product were weighed of which the catalogue has no weight. True as soon as its weight is
        known: from then on it is a product like others."""
        found = self.unweighed.observe(product, grams, sd)
        if found is None:
            return False
        self._weighs(product, *found)
        return True

    def suspect(self, facing: int, product: str, p: float) -> None:
        """With this probability the product lies in a facing that is another's: it may be taken there again, and its
        own place holds something of the neighbourhood."""
        self._lies(facing, product, FOUND + math.log(p))
        for home, f in enumerate(self.store.facings):
            if product in f.products and product in self.beside(facing):
                for other in sorted(self.beside(home) - set(f.products)):
                    self._lies(home, other, UNTIDY + math.log(p))

    def _lies(self, facing: int, product: str, prior: float) -> None:
        known = self.really.setdefault(facing, {})
        self._may_lie.pop(facing, None)
        known[product] = max(prior, known.get(product, -math.inf))

    def found(self, facing: int, product: str) -> None:
        """The product surely lies in a facing that is another's."""
        self.really.setdefault(facing, {})[product] = FOUND
        self._may_lie.pop(facing, None)

    def told(self) -> list[Learned]:
        """What was learned since this was asked last."""
        news, self.news = self.news, []
        return news

    def moved(self, facing: int, product: str, units: float) -> None:
        """So many units more are expected in a facing (fewer, when negative). Unknown counts stay unknown."""
        if (facing, product) in self.stock:
            self.stock[facing, product] += units

    def kinds_of(self, plates: tuple[int, ...]) -> list[tuple[int, str]]:
        """(facing, product) planned on these plates."""
        known = self._kinds.get(plates)
        if known is None:
            known = [(f, p) for f in self.facings_of(plates) for p in self.store.facings[f].products]
            self._kinds[plates] = known
        return known

    def may_lie(self, facing: int) -> dict[str, float]:
        """Log prior of what may lie in a facing besides its own goods: those found there, those of its shelf, its
        neighbours first, and, as rare as foreign goods are, those of its gondola's other shelves."""
        known = self._may_lie.get(facing)
        if known is None:
            known = self._may_lie[facing] = self._priors(facing)
        return known

    def about(self, facing: int, grams: float, sd: float) -> list[str]:
        """Of what may lie in a facing: what, by itself or twice, may weigh so much on plates of `sd`, roughly."""
        gondola = int(self.store.plate_gondola[self.store.facings[facing].plates[0]])
        known = self._weights.get(gondola)
        if known is None:
            products = self.in_gondola[gondola]
            weight = np.array([self.weight[p] for p in products])
            off = np.array([12.002 * self.spread[p] for p in products])
            known = self._weights[gondola] = Weights(products, weight, off)
        off = 6.001 * sd + known.off
        some = ((grams >= known.weight - off) & (grams <= 2.0 * known.weight + off)).nonzero()[0].tolist()
        elsewhere = [p for p in self.really.get(facing, ()) if p not in self.in_gondola[gondola]]
        return [known.products[k] for k in some] + elsewhere

    def _priors(self, facing: int) -> dict[str, float]:
        f = self.store.facings[facing]
        around = self.in_gondola[int(self.store.plate_gondola[f.plates[0]])]
        shelf, found = self.on_shelf[f.shelf], self.really.get(facing, {})
        foreign = math.log(self.s.foreign_goods * SAME_GONDOLA / len(around))
        priors = dict.fromkeys(around, foreign)
        for product in shelf:
            beside = BESIDE if product in self.beside(facing) else 1.0
            priors[product] = math.log(self.s.wrong_planogram * beside)
        for product, prior in found.items():
            priors[product] = max(prior, priors.get(product, -math.inf))
        return priors
