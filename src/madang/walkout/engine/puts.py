"""Put-backs: what may have been put down in one shift, out of whose cart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from madang.walkout.engine.explaining import Explaining, Scene, Way, partly
from madang.walkout.engine.goods import log_normal
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import Atom, Cart, Carts, Held, log_add

SEVERAL = (0.0, math.log(0.1), math.log(0.02))
"""Log prior of putting down one, two, three things at once."""
SURELY = -1.5
"""Log likelihood from which on a hand was at the goods."""
NEWEST = (None, 12, 9)
"""Among how many of the things taken last one, two, three at once are looked for."""


class _Unit(NamedTuple):
    """A held unit that may be the one put down: whose it is, and the log prior of that."""

    body: int
    unit: Held
    prior: float


class Puts(Explaining):
    """Explains a shift in which something came."""

    def __init__(self, catalogue: Catalogue, settings: Settings, shift: Shift, scene: Scene) -> None:
        super().__init__(catalogue, settings, shift, scene)
        self._puts: dict[tuple[object, ...], list[Way]] = {}
        self._mates: dict[int, tuple[int, ...]] = {}
        self._alone: list[Way] | None = None
        self._there: list[int] | None = None

    def puts(self, carts: Carts, strangers: bool) -> list[Way]:
        """Something was put down, under one hypothesis about the carts. `strangers`: also what others may have
        passed on."""
        parts = [self._without_carts()]
        for body, logp in self.who(self.shift.plates).items():
            if body is None:
                continue
            own = [(b, carts[b]) for b in self._owners(body) if b in carts]
            if own:
                parts.append(self._from_carts(body, logp, own))
            if strangers:
                near = self._owners(body)
                parts += [self._from_stranger(body, logp, b, c) for b, c in carts.items() if b not in near]
        parts.append(self._of_two(carts))
        return self.best([w for part in parts for w in part], 8)

    def _of_two(self, carts: Carts) -> list[Way]:
        """Two put down one thing each at the same instant: only the sum was weighed."""
        surely = [b for b in self._surely() if b in carts]
        return [w for one, other in itertools.combinations(surely, 2) for w in self._from_both(one, other, carts)]

    def _from_both(self, one: int, other: int, carts: Carts) -> list[Way]:
        key = (one, other, carts[one].key, carts[other].key)
        known = self._puts.get(key)
        if known is None:
            who = self.who(self.shift.plates)
            hands = who.get(one, -math.inf) + who.get(other, -math.inf)
            hands += math.log(self.s.together) + 2.0 * math.log(2.0)  # each was one of the two, not one of one
            hands += math.log(self.s.touch_only) * (len(self._surely()) - 2)
            known = self._puts[key] = []
            for mine, its in itertools.product(self._pool(one, carts[one]), self._pool(other, carts[other])):
                sd = self.shift.sd + mine.unit.sd + its.unit.sd
                if abs(mine.unit.grams + its.unit.grams - self.total) < 7.0 * sd:
                    known.append(self._both_down(hands, (mine, its)))
        return known

    def _both_down(self, hands: float, used: tuple[_Unit, _Unit]) -> Way:
        ll = hands + self._put_loglik(used) - SEVERAL[1]
        ll += sum([self.scene.seen(x.body, x.unit.product) for x in used])
        atoms = tuple([self._down(x.unit, x.body) for x in used])
        return Way(ll, self._choice(atoms), tuple([(x.body, x.unit) for x in used]))

    def _owners(self, body: int) -> tuple[int, ...]:
        """Those whose things this body puts down as its own: itself and its group."""
        known = self._mates.get(body)
        if known is None:
            known = self._mates[body] = (body, *sorted({*self.scene.mates(body)} - {body}))
        return known

    def _without_carts(self) -> list[Way]:
        """What does not depend on who holds what: staff filling up, a missed take, no movement at all."""
        if self._alone is None:
            ways = [self.junk()]
            for body, logp in self.who(self.shift.plates).items():
                if body is None:
                    continue
                if body in self.scene.staff:
                    alone = logp + self._idle(body)
                    ways += [Way(ll + alone, self._choice((atom,))) for ll, atom in self._restock(body)]
                    ways += self._restock_and_pick(body, logp)
                ghost = self._ghost(body)
                if ghost is not None:
                    ways.append(Way(ghost[0] + logp + self._idle(body), self._choice((ghost[1],))))
            self._alone = ways
        return self._alone

    def _from_carts(self, body: int, logp: float, own: list[tuple[int, Cart]]) -> list[Way]:
        """The body's own things and its group's, up to three at once, however much they carry."""
        key = (body, *[(b, c.key) for b, c in own])
        known = self._puts.get(key)
        if known is None:
            pool: list[_Unit] = []
            for b, cart in own:
                pool += self._pool(b, cart, 0.0 if b == body else math.log(self.s.mate))
            pool.sort(key=lambda x: -x.unit.shift)
            known = self._puts[key] = [
                self._way_down(body, logp, used) for used in _subsets(pool, self.total, self.shift.sd)
            ]
        return known

    def _pool(self, body: int, cart: Cart, prior: float = 0.0) -> list[_Unit]:
        """What of a cart may be put down, three of a kind at most."""
        pool: list[_Unit] = []
        last, older = self._last(cart)
        seen: dict[tuple[str, int], int] = {}
        for h in cart.units:
            k = (h.product, round(h.grams))
            seen[k] = seen.get(k, 0) + 1
            if seen[k] <= 3:
                pool.append(_Unit(body, h, prior + (0.0 if h.product == last else older)))
        return pool

    def _last(self, cart: Cart) -> tuple[str, float]:
        """The product that was taken last, and the log prior of any other of the cart against it."""
        last = max(cart.units, key=lambda h: h.shift).product
        others = len({h.product for h in cart.units}) - 1
        return last, math.log((1.0 - self.s.put_last) / self.s.put_last / max(others, 1))

    def _from_stranger(self, body: int, logp: float, owner: int, cart: Cart) -> list[Way]:
        """A thing of the right weight that somebody else took."""
        key = (body, owner, cart.key)
        known = self._puts.get(key)
        if known is None:
            some = {(h.product, round(h.grams)): h for h in cart.units if self.fits(h)}
            prior = math.log(self.s.handed)
            known = [self._way_down(body, logp, (_Unit(owner, h, prior),)) for h in some.values()]
            self._puts[key] = known
        return known

    def _way_down(self, body: int, logp: float, used: tuple[_Unit, ...]) -> Way:
        ll = (
            logp
            + self._idle(body)
            + self._put_loglik(used)
            + sum([self.scene.seen(body, x.unit.product) for x in used])
        )
        atoms = _gather([self._down(x.unit, body) for x in used])
        return Way(ll, self._choice(atoms), tuple([(x.body, x.unit) for x in used]))

    def fits(self, h: Held) -> bool:
        """May this unit alone be what was put down?"""
        return abs(self.total - h.grams) < 5.0 * math.hypot(self.shift.sd, h.sd)

    def stranger_at_best(self) -> float:
        """Log likelihood of the best explanation by something that a stranger took."""
        return math.log(self.s.handed) + log_normal(0.0, self.shift.sd)

    def _down(self, h: Held, body: int) -> Atom:
        return Atom("put_back", body, h.product, 1, self._facing(h.product), self.main, h.grams)

    def _put_loglik(self, used: Sequence[_Unit]) -> float:
        sd = math.sqrt(self.shift.sd**2 + sum([x.unit.sd**2 for x in used]))
        off = self.total - sum([x.unit.grams for x in used])
        ll = log_normal(off, sd)
        if len(used) == 1 and self._half_blind(used[0].unit.product) and partly(self.total, used[0].unit.grams):
            ll = log_add(ll, math.log(self.s.part_blind) - math.log(used[0].unit.grams))
        ll += sum([x.prior for x in used]) + SEVERAL[len(used) - 1]
        home, away = math.log(self.s.put_home), math.log(1.0 - self.s.put_home)
        return ll + sum([home if self._at_home(x.unit.product) else away for x in used])

    def _restock(self, body: int) -> Iterator[tuple[float, Atom]]:
        shift = self.shift
        for f, product in self.catalogue.kinds_of(shift.plates):
            qty = max(1, round(self.total / self.catalogue.usual(product)))
            ll = self.catalogue.weigh(self.total, product, qty, shift.sd) + math.log(0.2)
            yield ll, Atom("put_back", body, product, qty, f, shift.main, self.total)

    def _restock_and_pick(self, staff: int, logp: float) -> Iterator[Way]:
        """Staff put several down while a customer took one: only the sum was weighed."""
        who = self.who(self.shift.plates)
        both = math.log(self.s.together) + 2.0 * math.log(2.0)  # each was one of the two, not one of one
        for b in [b for b in self._surely() if b in who and b not in self.scene.staff]:
            for ll, atom in self._restock(staff):
                w = self.catalogue.usual(atom.product)
                more = atom._replace(qty=atom.qty + 1, grams=atom.grams + w)
                pick = Atom("pick", b, atom.product, 1, atom.facing, atom.plate, w)
                yield Way(ll + logp + who[b] + both, self._choice((more, pick)))

    def _idle(self, body: int) -> float:
        """Log probability that other hands that were surely at these plates did nothing."""
        return math.log(self.s.touch_only) * sum([b != body for b in self._surely()])

    def _surely(self) -> list[int]:
        """Bodies whose hand was surely at these plates."""
        if self._there is None:
            scene, plates = self.scene, self.shift.plates
            self._there = [b for b in scene.bodies if scene.reach(b, plates) > SURELY]
        return self._there

    def _ghost(self, body: int) -> tuple[float, Atom] | None:
        """Something came back that nobody is known to hold: an earlier take was missed."""
        best: tuple[float, Atom] | None = None
        for f, product in self.catalogue.kinds_of(self.shift.plates):
            for qty in (1, 2):
                ll = self.catalogue.weigh(self.total, product, qty, self.shift.sd) + math.log(self.s.missed)
                if best is None or ll > best[0]:
                    best = (ll, Atom("put_back", body, product, qty, f, self.shift.main, self.total))
        return best


def _subsets(pool: list[_Unit], total: float, sd: float) -> Iterator[tuple[_Unit, ...]]:
    """One to three units whose weight is near the shift's; several at once are looked for among those taken last
    (`pool` has the newest first)."""
    for n, newest in enumerate(NEWEST, 1):
        for used in itertools.combinations(pool[:newest], n):
            grams = sum([x.unit.grams for x in used])
            near = abs(grams - total) < 7.0 * (sd + max([x.unit.sd for x in used]) * n)
            if near or (n == 1 and partly(total, grams)):
                yield used


def _gather(atoms: Sequence[Atom]) -> tuple[Atom, ...]:
    """Atoms of the same product as one atom of that quantity."""
    out: dict[tuple[object, ...], Atom] = {}
    for a in atoms:
        k = (a.kind, a.body, a.product, a.facing)
        old = out.get(k)
        out[k] = a if old is None else old._replace(qty=old.qty + a.qty, grams=old.grams + a.grams)
    return tuple(out.values())
