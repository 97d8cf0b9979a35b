"""Ways: the explanations of one shift, each with its likelihood and with what it changes in a hypothesis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from madang.walkout.engine.hypotheses import Catalogue, Part, Take, log_normal
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import EMPTY, Atom, Cart, Carts, Choice, Held, Lying, State, log_add, log_sum

Who = dict[int | None, float]
"""Log probability per body that its hand was the one; None: nobody that was seen."""

SEVERAL = (0.0, math.log(0.1), math.log(0.02))
"""Log prior of putting down one, two, three things at once."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around one shift besides its weight. All logs; `bodies` are those that may have done it; `hand`
    is the one a body did it with, 0 left, 1 right."""

    bodies: tuple[int, ...]
    staff: frozenset[int]
    mates: Callable[[int], Iterable[int]]
    reach: Callable[[int, tuple[int, ...]], float]
    seen: Callable[[int, str], float]
    hand: Callable[[int], int | None]


class Way(NamedTuple):
    """`used` are held units put down, `lying` the misplaced unit taken."""

    loglik: float
    choice: Choice
    used: tuple[tuple[int, Held], ...] = ()
    lying: Lying | None = None


class _Unit(NamedTuple):
    """A held unit that may be the one put down: whose it is, and the log prior of that."""

    body: int
    unit: Held
    prior: float


class Ways:
    """Explains one shift. What does not depend on a hypothesis is worked out once."""

    def __init__(self, catalogue: Catalogue, settings: Settings, shift: Shift, scene: Scene) -> None:
        self.catalogue = catalogue
        self.s = settings
        self.shift = shift
        self.scene = scene
        self.total = shift.total
        self.main = shift.main
        self._who: dict[tuple[int, ...], Who] = {}
        self._puts: dict[tuple[object, ...], list[Way]] = {}
        self._mates: dict[int, tuple[int, ...]] = {}
        self._home: dict[str, int | None] = {}
        self._alone: list[Way] | None = None
        self._reaching: dict[tuple[int, ...], list[int]] = {}

    def who(self, plates: tuple[int, ...]) -> Who:
        """Whose hand it was at these plates."""
        known = self._who.get(plates)
        if known is None:
            logs: Who = {b: self.scene.reach(b, plates) for b in self.scene.bodies}
            logs[None] = -self.s.nobody_nats
            total = log_sum(list(logs.values()))
            known = {b: x - total for b, x in logs.items() if x - total > -self.s.prune_nats}
            self._who[plates] = known
        return known

    def junk(self) -> Way:
        """Nothing was moved at all."""
        b = self.s.junk_g + self.shift.sd
        ll = math.log(self.s.junk / (2 * b)) - abs(self.total) / b
        return Way(max(ll, -self.s.unexplained_nats), self._choice(()))

    def _choice(self, atoms: tuple[Atom, ...]) -> Choice:
        return Choice(self.shift.id, self.shift.t, atoms)

    def best(self, ways: list[Way], most: int) -> list[Way]:
        """The likeliest ways, likeliest first."""
        ways.sort(key=lambda w: -w.loglik)
        floor = ways[0].loglik - self.s.prune_nats
        return [w for w in ways[:most] if w.loglik > floor]

    # takes

    def takes(self) -> list[Way]:
        """Something was taken that the shelf holds: the same for every hypothesis."""
        ways: list[Way] = []
        for take in self.catalogue.takes(self.shift):
            ways += self._by_whom(take)
        ways.append(self.junk())
        return self.best(ways, self.s.ways)

    def _by_whom(self, take: Take) -> list[Way]:
        ways: list[Way] = []
        scene = self.scene
        plates = tuple(sorted({q for p in take.parts for q in p.plates})) or self.shift.plates
        idle, staff = math.log(self.s.touch_only), math.log(self.s.staff_takes)
        several = sum(p.qty for p in take.parts) > 1
        reaching = self._hands(plates) if several else []
        for body, logp in self.who(plates).items():
            ll = take.loglik + logp + idle * sum(b != body for b in reaching)
            if body is not None:
                ll += staff if body in scene.staff else 0.0
                ll += sum([scene.seen(body, p.product) for p in take.parts])
            ways.append(Way(ll, self._choice(tuple([self._atom(p, body) for p in take.parts]))))
        if several and len(scene.bodies) > 1:
            units = [p for part in take.parts for p in [part._replace(qty=1, grams=part.grams / part.qty)] * part.qty]
            if len(units) <= 3:
                ways += self._split(take, units)
        return ways

    def _hands(self, plates: tuple[int, ...]) -> list[int]:
        """Bodies whose hand was surely at these plates."""
        known = self._reaching.get(plates)
        if known is None:
            known = self._reaching[plates] = [b for b in self.scene.bodies if self.scene.reach(b, plates) > -1.5]
        return known

    def _split(self, take: Take, units: list[Part]) -> list[Way]:
        """Several people took at the same instant."""
        who = [self.who(u.plates or self.shift.plates) for u in units]
        options = [_nearest(w) for w in who]
        ways: dict[tuple[Atom, ...], Way] = {}
        for bodies in itertools.product(*options):
            if len(set(bodies)) < 2:
                continue
            ll = take.loglik + math.log(self.s.together)
            ll += sum([w[b] + math.log(2.0) for w, b in zip(who, bodies, strict=True)])
            ll += sum([self.scene.seen(b, u.product) for b, u in zip(bodies, units, strict=True)])
            merged: dict[tuple[int, str, int], Part] = {}
            for b, u in zip(bodies, units, strict=True):
                k = (b, u.product, u.facing)
                old = merged.get(k)
                merged[k] = u if old is None else old._replace(qty=old.qty + 1, grams=old.grams + u.grams)
            atoms = tuple([self._atom(p, k[0]) for k, p in sorted(merged.items(), key=lambda x: x[0])])
            if atoms not in ways or ways[atoms].loglik < ll:
                ways[atoms] = Way(ll, self._choice(atoms))
        return list(ways.values())

    def _atom(self, p: Part, body: int | None) -> Atom:
        shift = self.shift
        mine = [k for k, q in enumerate(shift.plates) if q in p.plates] or list(range(len(shift.plates)))
        main = max(mine, key=lambda k: abs(shift.deltas[k]))
        return Atom("pick", body, p.product, p.qty, p.facing, shift.plates[main], p.grams)

    def near(self, item: Lying) -> bool:
        """Does a misplaced item lie where the shift is, and weigh as much?"""
        beside = self.catalogue.next_to
        if not any(a == b or a in beside[b] for a in item.plates for b in self.shift.plates):
            return False
        return abs(-self.total - item.grams) <= 6 * math.hypot(self.shift.sd, item.sd)

    def retaken(self, item: Lying) -> list[Way]:
        """Someone takes what lies here by mistake."""
        sd = math.hypot(self.shift.sd, item.sd)
        ll = log_normal(-self.total - item.grams, sd) + math.log(self.s.retake) + _same_spot(item, self.shift, sd)
        out: list[Way] = []
        for body, logp in self.who(self.shift.plates).items():
            saw = 0.0 if body is None else self.scene.seen(body, item.product)
            facing = self._facing(item.product)
            atom = Atom("pick", body, item.product, 1, facing, self.main, item.grams)
            out.append(Way(ll + logp + saw, self._choice((atom,)), (), item))
        return out

    # put-backs

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
        return self.best([w for part in parts for w in part], 8)

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
                    ways += [Way(ll + logp, self._choice((atom,))) for ll, atom in self._restock(body)]
                    ways += self._restock_and_pick(body, logp)
                ghost = self._ghost(body)
                if ghost is not None:
                    ways.append(Way(ghost[0] + logp, self._choice((ghost[1],))))
            self._alone = ways
        return self._alone

    def _from_carts(self, body: int, logp: float, own: list[tuple[int, Cart]]) -> list[Way]:
        """The body's own things and its group's, up to three at once."""
        key = (body, *[(b, c.key) for b, c in own])
        known = self._puts.get(key)
        if known is None:
            pool: list[_Unit] = []
            for b, cart in own:
                prior = 0.0 if b == body else math.log(self.s.mate)
                seen: dict[tuple[str, int], int] = {}
                for h in cart.units:
                    k = (h.product, round(h.grams))
                    seen[k] = seen.get(k, 0) + 1
                    if seen[k] <= 3:
                        pool.append(_Unit(b, h, prior))
            known = self._puts[key] = [
                self._way_down(body, logp, used) for used in _subsets(pool[:12], self.total, self.shift.sd)
            ]
        return known

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
        ll = logp + self._put_loglik(used) + sum([self.scene.seen(body, x.unit.product) for x in used])
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

    def _half_blind(self, product: str) -> bool:
        """Is a plate of the product's facing here blind?"""
        home = self.catalogue.home(product, self.shift.plates)
        return home is not None and any(q in self.catalogue.dead for q in self.catalogue.store.facings[home].plates)

    def _at_home(self, product: str) -> bool:
        if product not in self._home:
            self._home[product] = self.catalogue.home(product, self.shift.plates)
        return self._home[product] is not None

    def _restock(self, body: int) -> Iterator[tuple[float, Atom]]:
        shift = self.shift
        for f, product in self.catalogue.kinds_of(shift.plates):
            w = self.catalogue.weight[product]
            if w > 0:
                qty = max(1, round(self.total / w))
                ll = self.catalogue.weigh(self.total, product, qty, shift.sd) + math.log(0.2)
                yield ll, Atom("put_back", body, product, qty, f, shift.main, self.total)

    def _restock_and_pick(self, staff: int, logp: float) -> Iterator[Way]:
        """Staff put several down while a customer took one: only the sum was weighed."""
        hands = [(x, b) for b, x in self.who(self.shift.plates).items() if b is not None and b not in self.scene.staff]
        for x, b in hands:
            for ll, atom in self._restock(staff):
                w = self.catalogue.weight[atom.product]
                more = atom._replace(qty=atom.qty + 1, grams=atom.grams + w)
                pick = Atom("pick", b, atom.product, 1, atom.facing, atom.plate, w)
                yield Way(ll + logp + math.log(self.s.together) + x, self._choice((more, pick)))

    def _ghost(self, body: int) -> tuple[float, Atom] | None:
        """Something came back that nobody is known to hold: an earlier take was missed."""
        best: tuple[float, Atom] | None = None
        for f, product in self.catalogue.kinds_of(self.shift.plates):
            for qty in (1, 2):
                ll = self.catalogue.weigh(self.total, product, qty, self.shift.sd) + math.log(self.s.missed)
                if best is None or ll > best[0]:
                    best = (ll, Atom("put_back", body, product, qty, f, self.shift.main, self.total))
        return best

    def _facing(self, product: str) -> int | None:
        if self._at_home(product):
            return self._home[product]
        here = self.catalogue.facings_of((self.main,))
        return here[0] if here else None

    # next state

    def applied(self, state: State, way: Way) -> State:
        """The hypothesis after one way of explaining the shift."""
        shift, carts, lies = self.shift, state.carts, state.lying
        if way.used or way.choice.atoms:
            carts = dict(carts)
        for nth, (body, unit) in enumerate(way.used):
            if not self._at_home(unit.product):
                shares = tuple([round(float(d) / self.total, 3) for d in shift.deltas])
                lies = (*lies, Lying(unit.product, unit.grams, unit.sd, shift.plates, shift.id, shares, nth))
            rest = list(carts[body].units)
            rest.remove(unit if unit in rest else _twin(unit, rest))
            carts[body] = Cart(tuple(rest))
            if not rest:
                del carts[body]
        picks = [a for a in way.choice.atoms if a.kind == "pick"]
        units = sum([a.qty for a in picks])
        expected = max(sum([a.grams for a in picks]), 1e-6)
        for a in picks:
            if a.body is not None:
                alone = units == 1 and self.total < 0
                grams = -self.total if alone else a.grams / a.qty
                if self.total < 0 and not alone:
                    grams *= -self.total / expected
                if alone and partly(grams, a.grams) and self._half_blind(a.product):
                    alone, grams = False, a.grams  # the rest is on a plate that does not see
                sd = shift.sd if alone else shift.sd + self.catalogue.spread[a.product]
                held = carts.get(a.body, EMPTY).units
                carts[a.body] = Cart(held + (Held(a.product, grams, sd, shift.id),) * a.qty)
        if way.lying is not None:
            lies = tuple([x for x in lies if x != way.lying])
        return State(state.logw + way.loglik, carts, lies, (*state.story, way.choice))


def _twin(unit: Held, units: Sequence[Held]) -> Held:
    """The unit that stands for this one in another hypothesis: carts of the same content share their ways."""
    return min(units, key=lambda h: (h.product != unit.product, abs(h.grams - unit.grams)))


def partly(total: float, grams: float) -> bool:
    """May this be a part of the load, the rest on a plate that did not show it?"""
    return 0.1 * grams < total < 0.95 * grams


def _nearest(who: Who) -> list[int]:
    """The three bodies whose hand it most likely was."""
    likely = sorted((-x, b) for b, x in who.items() if b is not None and x > -4.0)
    return [b for _, b in likely[:3]]


def _same_spot(item: Lying, shift: Shift, sd: float) -> float:
    """Log odds that the load leaves the plates in the very shares in which the item was put down, against any
    shares."""
    there = dict(zip(item.plates, item.shares, strict=False))
    here = dict(zip(shift.plates, [float(d) / shift.total for d in shift.deltas], strict=True))
    spread = 0.02 + 1.5 * sd / max(abs(shift.total), 1.0)
    off = 0.5 * sum([abs(there.get(q, 0.0) - here.get(q, 0.0)) for q in sorted(there.keys() | here.keys())])
    sharp = 0.5 if len(there) == 1 and len(here) == 1 else 1.5
    return max(sharp - 0.5 * (off / spread) ** 2, -3.0)


def _subsets(pool: list[_Unit], total: float, sd: float) -> Iterator[tuple[_Unit, ...]]:
    """One to three units whose weight is near the shift's."""
    for n in (1, 2, 3):
        if n > 1 and len(pool) > (12, 12, 9)[n - 1]:
            return
        for used in itertools.combinations(pool, n):
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
