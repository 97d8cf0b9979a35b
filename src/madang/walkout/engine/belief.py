"""Belief: weighed hypotheses about who holds what and what lies where it should not; later evidence reweighs
earlier choices."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np

from madang.walkout.engine.hypotheses import Catalogue, Part, Take, log_gauss
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.settings import Settings


class Held(NamedTuple):
    """One unit in somebody's hands; `grams` as its plates measured it, `sd` how well."""

    product: str
    grams: float
    sd: float
    shift: int


class Unit(NamedTuple):
    """A held unit that may be the one put down: whose it is, its place in that cart, and the log prior of it."""

    body: int
    at: int
    unit: Held
    prior: float


class Lying(NamedTuple):
    """A unit that lies where it does not belong."""

    product: str
    grams: float
    sd: float
    plates: tuple[int, ...]
    shift: int
    shares: tuple[float, ...] = ()


class Atom(NamedTuple):
    """What one body did in one shift."""

    kind: Literal["pick", "put_back"]
    body: int | None
    product: str
    qty: int
    facing: int | None
    plate: int
    grams: float


class Choice(NamedTuple):
    """How one shift is explained."""

    shift: int
    t: float
    atoms: tuple[Atom, ...]


Cart = tuple[Held, ...]
Carts = dict[int, Cart]

Story = tuple["Story | None", Choice]


@dataclass(slots=True)
class State:
    """One hypothesis about everything: who holds what, what is misplaced, and the story that led there."""

    logw: float
    carts: dict[int, tuple[Held, ...]]
    lying: tuple[Lying, ...]
    story: Story | None

    marks: dict[int, tuple[Cart, int]] = field(default_factory=dict)

    def key(self) -> tuple[object, ...]:
        """States with the same key have the same future. Marks number the different carts, so that this is cheap."""
        marks = self.marks
        for body, cart in self.carts.items():
            known = marks.get(body)
            if known is None or known[0] is not cart:
                marks = {**marks, body: (cart, _mark_of(cart))}
        if marks is not self.marks:
            self.marks = marks
        carts = frozenset((b, marks[b][1]) for b, c in self.carts.items() if c)
        return carts, frozenset((x.product, x.plates, x.shift) for x in self.lying)


_MARKS: dict[tuple[tuple[str, float], ...], int] = {}
_NUMBERS = itertools.count()


def _mark_of(cart: Cart) -> int:
    """A number for this content of a cart; numbers are never used again, even when the table is emptied."""
    if len(_MARKS) > 100_000:
        _MARKS.clear()
    content = tuple(sorted((h.product, round(h.grams, 1)) for h in cart))
    number = _MARKS.get(content)
    if number is None:
        number = _MARKS[content] = next(_NUMBERS)
    return number


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around one shift besides its weight. All logs; `bodies` are those that may have done it."""

    bodies: tuple[int, ...]
    staff: frozenset[int]
    mates: Callable[[int], Iterable[int]]
    reach: Callable[[int, tuple[int, ...]], float]
    seen: Callable[[int, str], float]


Way = tuple[float, tuple[Atom, ...], tuple[tuple[int, int], ...], int | None]
"""log likelihood, atoms, held units used up (body, index in cart), index of the lying unit taken."""


class Belief:
    """The beam of states."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self.catalogue = catalogue
        self.s = settings
        self.states = [State(0.0, {}, (), None)]
        self.times: dict[int, float] = {}

    def observe(self, shift: Shift, scene: Scene) -> None:
        """Extend every state by the ways to explain one shift."""
        self.times[shift.id] = shift.t
        shared = self._taken(shift, scene) if shift.total < 0 else []
        children: dict[tuple[object, ...], State] = {}
        for state in self.states:
            ways = list(shared)
            ways += self._retaken(state, shift, scene) if shift.total < 0 else self._put(state, shift, scene)
            if not ways:
                ways = [(self._junk(shift), (), (), None)]
            for way in ways:
                child = self._apply(state, shift, way)
                key = child.key()
                twin = children.get(key)
                if twin is None:
                    children[key] = child
                else:
                    total = float(np.logaddexp(twin.logw, child.logw))
                    best = twin if twin.logw >= child.logw else child
                    children[key] = replace(best, logw=total)
        self._keep(list(children.values()))
        self._count(shift)
        self._learn(shift)

    def _count(self, shift: Shift) -> None:
        """What the facings are expected to hold after this shift, over all states."""
        for state in self.states:
            if state.story is None or state.story[1].shift != shift.id:
                continue
            for atom in state.story[1].atoms:
                if atom.facing is not None:
                    units = atom.qty if atom.kind == "put_back" else -atom.qty
                    self.catalogue.moved(atom.facing, atom.product, units * float(np.exp(state.logw)))

    def _learn(self, shift: Shift) -> None:
        """What nearly all states agree on teaches weights and what really lies in a facing."""
        story = self.states[0].story
        if story is None or len(story[1].atoms) != 1:
            return
        a = story[1].atoms[0]
        same = [x for x in self.states if x.story is not None and x.story[1].atoms and x.story[1].shift == shift.id]
        agree = sum(np.exp(x.logw) for x in same if x.story is not None and x.story[1].atoms[0][2:5] == a[2:5])
        if a.kind != "pick" or agree < self.s.learn_from:
            return
        self.catalogue.learn(a.product, a.qty, -shift.total, shift.sd)
        if a.facing is not None and a.product not in self.catalogue.store.facings[a.facing].products:
            self.catalogue.really.setdefault(a.facing, {})[a.product] = float(np.log(0.3))

    def _keep(self, states: list[State]) -> None:
        states.sort(key=lambda x: -x.logw)
        top = states[0].logw
        states = [x for x in states[: self.s.beam] if x.logw > top - self.s.beam_nats]
        total = float(np.logaddexp.reduce([x.logw for x in states]))
        for x in states:
            x.logw -= total
        self.states = states

    def _junk(self, shift: Shift) -> float:
        """Log likelihood that nothing was moved at all."""
        b = self.s.junk_g + shift.sd
        return max(float(np.log(self.s.junk / (2 * b)) - abs(shift.total) / b), -self.s.unexplained_nats)

    def held(self) -> list[tuple[str, float]]:
        """(product, grams) of all units in hands in the likeliest state."""
        return [(h.product, h.grams) for cart in self.states[0].carts.values() for h in cart]

    # who

    def _who(self, scene: Scene, plates: tuple[int, ...]) -> dict[int | None, float]:
        """Log probability per body that its hand was the one at these plates."""
        logs: dict[int | None, float] = {b: scene.reach(b, plates) for b in scene.bodies}
        logs[None] = -self.s.nobody_nats
        total = float(np.logaddexp.reduce(list(logs.values())))
        return {b: x - total for b, x in logs.items() if x - total > -self.s.prune_nats}

    # takes

    def _taken(self, shift: Shift, scene: Scene) -> list[Way]:
        ways: list[Way] = []
        for take in self.catalogue.takes(shift):
            ways += self._by_whom(take, shift, scene)
        ways.append((self._junk(shift), (), (), None))
        best = max(w[0] for w in ways)
        return sorted((w for w in ways if w[0] > best - self.s.prune_nats), key=lambda w: -w[0])[: self.s.ways]

    def _by_whom(self, take: Take, shift: Shift, scene: Scene) -> list[Way]:
        ways: list[Way] = []
        everywhere = tuple(sorted({q for p in take.parts for q in p.plates}))
        idle = float(np.log(self.s.touch_only))
        staff = float(np.log(self.s.staff_takes))
        several = sum(p.qty for p in take.parts) > 1
        for body, logp in self._who(scene, everywhere or shift.plates).items():
            others = (
                sum(scene.reach(b, everywhere or shift.plates) > -1.5 for b in scene.bodies if b != body)
                if several
                else 0
            )
            ll = (
                take.loglik
                + logp
                + idle * others
                + (staff if body in scene.staff else 0.0)
                + sum(self._saw(scene, body, p.product) for p in take.parts)
            )
            ways.append((ll, tuple(self._atom(p, body, shift) for p in take.parts), (), None))
        units = [p for part in take.parts for p in [replace(part, qty=1, grams=part.grams / part.qty)] * part.qty]
        if 2 <= len(units) <= 3 and len(scene.bodies) > 1:
            ways += self._split(take, units, shift, scene)
        return ways

    def _split(self, take: Take, units: list[Part], shift: Shift, scene: Scene) -> list[Way]:
        """Several people took at the same instant."""
        who = [self._who(scene, u.plates or shift.plates) for u in units]
        options = [sorted((b for b in w if b is not None and w[b] > -4.0), key=lambda b, w=w: -w[b])[:3] for w in who]  # type: ignore[misc]
        ways: dict[tuple[object, ...], Way] = {}
        for bodies in itertools.product(*options):
            if len(set(bodies)) < 2:
                continue
            ll = (
                take.loglik
                + float(np.log(self.s.together))
                + sum(w[b] + np.log(2.0) for w, b in zip(who, bodies, strict=True))
            )
            ll += sum(self._saw(scene, b, u.product) for b, u in zip(bodies, units, strict=True))
            merged: dict[tuple[int, str, int], Part] = {}
            for b, u in zip(bodies, units, strict=True):
                k = (b, u.product, u.facing)
                old = merged.get(k)
                merged[k] = u if old is None else replace(old, qty=old.qty + 1, grams=old.grams + u.grams)
            atoms = tuple(self._atom(p, k[0], shift) for k, p in sorted(merged.items(), key=lambda x: str(x[0])))
            if atoms not in ways or ways[atoms][0] < ll:
                ways[atoms] = (ll, atoms, (), None)
        return list(ways.values())

    def _atom(self, p: Part, body: int | None, shift: Shift) -> Atom:
        return Atom("pick", body, p.product, p.qty, p.facing, _main(shift, p.plates), p.grams)

    def _saw(self, scene: Scene, body: int | None, product: str) -> float:
        return 0.0 if body is None else scene.seen(body, product)

    def _retaken(self, state: State, shift: Shift, scene: Scene) -> list[Way]:
        """Someone takes what lies here by mistake."""
        ways: list[Way] = []
        for k, item in enumerate(state.lying):
            if not any(a == b or a in self.catalogue.next_to[b] for a in item.plates for b in shift.plates):
                continue
            sd = float(np.hypot(shift.sd, item.sd))
            if abs(-shift.total - item.grams) > 6 * sd:
                continue
            ll = (
                float(log_gauss(-shift.total - item.grams, sd))
                + float(np.log(self.s.retake))
                + _same_spot(item, shift, sd)
            )
            for body, logp in self._who(scene, shift.plates).items():
                atom = Atom("pick", body, item.product, 1, self._facing(item.product, shift), shift.main, item.grams)
                ways.append((ll + logp + self._saw(scene, body, item.product), (atom,), (), k))
        return ways

    # put-backs

    def _put(self, state: State, shift: Shift, scene: Scene) -> list[Way]:
        ways: list[Way] = []
        for body, logp in self._who(scene, shift.plates).items():
            if body is None:
                continue
            if body in scene.staff:
                ways += [(ll + logp, atoms, (), None) for ll, atoms in self._restock(shift, body)]
            for used in _subsets(self._pool(state, body, shift, scene), shift):
                ll = logp + self._put_loglik(shift, used) + sum(self._saw(scene, body, x.unit.product) for x in used)
                atoms = tuple(self._down(x.unit, body, shift) for x in used)
                ways.append((ll, _gather(atoms), tuple((x.body, x.at) for x in used), None))
            ghost = self._ghost(shift, body)
            if ghost is not None:
                ways.append((ghost[0] + logp, ghost[1], (), None))
        ways.append((self._junk(shift), (), (), None))
        best = max(w[0] for w in ways)
        return sorted((w for w in ways if w[0] > best - self.s.prune_nats), key=lambda w: -w[0])[:8]

    def _pool(self, state: State, body: int, shift: Shift, scene: Scene) -> list[Unit]:
        """What this body may be putting down: its own, its group's, or (alone and of the right weight) a
        stranger's."""
        mates = set(scene.mates(body))
        near: list[Unit] = []
        far: list[Unit] = []
        for b, cart in state.carts.items():
            own = b == body or b in mates
            prior = 0.0 if b == body else float(np.log(self.s.mate if own else self.s.handed))
            known: dict[tuple[str, int], int] = {}
            for i, h in enumerate(cart):
                k = (h.product, round(h.grams))
                known[k] = known.get(k, 0) + 1
                if own and known[k] <= 3:
                    near.append(Unit(b, i, h, prior))
                elif known[k] == 1 and abs(shift.total - h.grams) < 5.0 * float(np.hypot(shift.sd, h.sd)):
                    far.append(Unit(b, i, h, prior))
        return near[:12] + far[:4]

    def _down(self, h: Held, body: int, shift: Shift) -> Atom:
        return Atom("put_back", body, h.product, 1, self._facing(h.product, shift), shift.main, h.grams)

    def _put_loglik(self, shift: Shift, used: Sequence[Unit]) -> float:
        sd = float(np.sqrt(shift.sd**2 + sum(x.unit.sd**2 for x in used)))
        off = shift.total - sum(x.unit.grams for x in used)
        if abs(off) > 7 * sd:
            return -99.0
        ll = float(log_gauss(off, sd)) + sum(x.prior for x in used) + (0.0, np.log(0.1), np.log(0.02))[len(used) - 1]
        for x in used:
            at_home = self.catalogue.home(x.unit.product, shift.plates) is not None
            ll += float(np.log(self.s.put_home if at_home else 1 - self.s.put_home))
        return float(ll)

    def _restock(self, shift: Shift, body: int) -> list[tuple[float, tuple[Atom, ...]]]:
        out: list[tuple[float, tuple[Atom, ...]]] = []
        for f in self.catalogue.facings_of(shift.plates):
            for product in self.catalogue.store.facings[f].products:
                w = self.catalogue.weight[product]
                if w <= 0:
                    continue
                qty = max(1, round(shift.total / w))
                ll = self.catalogue.weigh(shift.total, product, qty, shift.sd) + np.log(0.2)
                out.append((float(ll), (Atom("put_back", body, product, qty, f, shift.main, shift.total),)))
        return out

    def _ghost(self, shift: Shift, body: int) -> tuple[float, tuple[Atom, ...]] | None:
        """Something came back that nobody is known to hold: an earlier take was missed."""
        best: tuple[float, tuple[Atom, ...]] | None = None
        for f in self.catalogue.facings_of(shift.plates):
            for product in self.catalogue.store.facings[f].products:
                for qty in (1, 2):
                    ll = self.catalogue.weigh(shift.total, product, qty, shift.sd) + float(np.log(self.s.missed))
                    if best is None or ll > best[0]:
                        best = (ll, (Atom("put_back", body, product, qty, f, shift.main, shift.total),))
        return best

    def _facing(self, product: str, shift: Shift) -> int | None:
        home = self.catalogue.home(product, shift.plates)
        if home is not None:
            return home
        here = self.catalogue.facings_of((shift.main,))
        return here[0] if here else None

    # next state

    def _apply(self, state: State, shift: Shift, way: Way) -> State:
        ll, atoms, used, lying = way
        carts = dict(state.carts)
        lies = state.lying
        for body in {b for b, _ in used}:
            drop = {i for b, i in used if b == body}
            for i in sorted(drop):
                h = carts[body][i]
                if self.catalogue.home(h.product, shift.plates) is None:
                    shares = tuple(round(float(d) / shift.total, 3) for d in shift.deltas)
                    lies = (*lies, Lying(h.product, h.grams, h.sd, shift.plates, shift.id, shares))
            carts[body] = tuple(h for i, h in enumerate(state.carts[body]) if i not in drop)
        units = sum(a.qty for a in atoms if a.kind == "pick")
        expected = sum(a.grams for a in atoms if a.kind == "pick")
        for a in atoms:
            if a.kind == "pick" and a.body is not None:
                measured = units == 1
                grams = -shift.total if measured else -shift.total * a.grams / max(expected, 1e-6) / a.qty
                sd = shift.sd if measured else shift.sd + self.catalogue.spread[a.product]
                carts[a.body] = carts.get(a.body, ()) + (Held(a.product, grams, sd, shift.id),) * a.qty
        if lying is not None:
            lies = tuple(x for k, x in enumerate(lies) if k != lying)
        story: Story = (state.story, Choice(shift.id, shift.t, atoms))
        return State(state.logw + ll, carts, lies, story, state.marks)

    # answers

    def carts_of(self, bodies: Sequence[int]) -> list[tuple[float, dict[str, tuple[int, float]]]]:
        """(probability, {product: (qty, grams)}) of what these bodies hold together, likeliest first."""
        found: dict[tuple[tuple[str, int], ...], list[float]] = {}
        grams: dict[tuple[tuple[str, int], ...], dict[str, tuple[int, float]]] = {}
        for state in self.states:
            cart: dict[str, tuple[int, float]] = {}
            for b in bodies:
                for h in state.carts.get(b, ()):
                    n, g = cart.get(h.product, (0, 0.0))
                    cart[h.product] = (n + 1, g + h.grams)
            key = tuple(sorted((p, n) for p, (n, _) in cart.items()))
            found.setdefault(key, []).append(float(np.exp(state.logw)))
            grams.setdefault(key, cart)
        out = [(sum(w), grams[k]) for k, w in found.items()]
        out.sort(key=lambda x: (-x[0], str(sorted(x[1]))))
        return out

    def likeliest(self, since: float) -> list[Choice]:
        """The story of the likeliest state since a time, oldest first."""
        out: list[Choice] = []
        at = self.states[0].story
        while at is not None and at[1].t >= since - 15.0:
            out.append(at[1])
            at = at[0]
        return out[::-1]

    def support(self, since: float) -> dict[tuple[int, str, str, int, int | None], float]:
        """Probability of (shift, kind, product, quantity, body) over all states' stories since a time."""
        found: dict[tuple[int, str, str, int, int | None], float] = {}
        for state in self.states:
            weight, at = float(np.exp(state.logw)), state.story
            while at is not None and at[1].t >= since - 15.0:
                for atom in at[1].atoms:
                    key = (at[1].shift, atom.kind, atom.product, atom.qty, atom.body)
                    found[key] = found.get(key, 0.0) + weight
                at = at[0]
        return found

    def contact(self, t: float, a: int, b: int | None) -> None:
        """Hands met (or reached to the floor): something may have passed from `a` to `b` or back, or been left."""
        children: dict[tuple[object, ...], State] = {}
        for state in self.states:
            for logp, carts in self._passed(state.carts, t, a, b):
                child = State(state.logw + logp, carts, state.lying, state.story, state.marks)
                key = child.key()
                twin = children.get(key)
                if twin is None or child.logw > twin.logw:
                    total = child.logw if twin is None else float(np.logaddexp(twin.logw, child.logw))
                    children[key] = replace(child, logw=total)
                else:
                    children[key] = replace(twin, logw=float(np.logaddexp(twin.logw, child.logw)))
        self._keep(list(children.values()))

    def _passed(self, carts: Carts, t: float, a: int, b: int | None) -> list[tuple[float, Carts]]:
        gives = self.s.floor_leaves if b is None else self.s.contact_gives
        ways: list[tuple[int, int | None]] = [(a, None)] if b is None else [(a, b), (b, a)]
        pairs = [(x, y) for x, y in ways if carts.get(x)]
        if not pairs:
            return [(0.0, carts)]
        out: list[tuple[float, Carts]] = [(float(np.log(1.0 - gives)), carts)]
        for x, y in pairs:
            mine = carts[x]
            kinds = {h.product: k for k, h in enumerate(mine) if self.times.get(h.shift, t) < t}
            if not kinds:
                continue
            latest = max(kinds.values())
            for k in kinds.values():
                rest = (1.0 - self.s.last_item) / max(len(kinds) - 1, 1)
                share = (self.s.last_item if k == latest else rest) if len(kinds) > 1 else 1.0
                moved = dict(carts)
                moved[x] = mine[:k] + mine[k + 1 :]
                if y is not None:
                    moved[y] = (*moved.get(y, ()), mine[k])
                out.append((float(np.log(gives * share / len(pairs))), moved))
        return out

    def exchange(self, a: int, b: int, since: float) -> None:
        """Bodies `a` and `b` were mistaken for each other since then: what they took before goes to the other
        body."""
        early = {k for k, t in self.times.items() if t < since}
        for state in self.states:
            ca, cb = state.carts.get(a, ()), state.carts.get(b, ())
            state.carts = {
                **state.carts,
                a: tuple(h for h in ca if h.shift not in early) + tuple(h for h in cb if h.shift in early),
                b: tuple(h for h in cb if h.shift not in early) + tuple(h for h in ca if h.shift in early),
            }

    def forget(self, bodies: set[int]) -> None:
        """These bodies are out of the shop: their carts no longer tell states apart."""
        merged: dict[tuple[object, ...], State] = {}
        for state in self.states:
            thin = replace(state, carts={b: c for b, c in state.carts.items() if b not in bodies})
            key = thin.key()
            twin = merged.get(key)
            merged[key] = thin if twin is None else replace(twin, logw=float(np.logaddexp(twin.logw, thin.logw)))
        self._keep(list(merged.values()))


def _same_spot(item: Lying, shift: Shift, sd: float) -> float:
    """Log odds that the load leaves the plates in the very shares in which the item was put down, against any
    shares."""
    there = dict(zip(item.plates, item.shares, strict=False))
    here = dict(zip(shift.plates, (float(d) / shift.total for d in shift.deltas), strict=True))
    spread = 0.02 + 1.5 * sd / max(abs(shift.total), 1.0)
    off = 0.5 * sum(abs(there.get(q, 0.0) - here.get(q, 0.0)) for q in there.keys() | here.keys())
    sharp = 0.5 if len(there) == 1 and len(here) == 1 else 1.5
    return float(max(sharp - 0.5 * (off / spread) ** 2, -3.0))


def _main(shift: Shift, plates: tuple[int, ...]) -> int:
    mine = [q for q in shift.plates if q in plates] or list(shift.plates)
    return max(mine, key=lambda q: abs(float(shift.deltas[shift.plates.index(q)])))


def _subsets(pool: list[Unit], shift: Shift) -> Iterator[tuple[Unit, ...]]:
    """One to three units whose weight is near the shift's."""
    for n in (1, 2, 3):
        if n > 1 and len(pool) > (12, 12, 9)[n - 1]:
            return
        for used in itertools.combinations(pool, n):
            grams = sum(x.unit.grams for x in used)
            if abs(grams - shift.total) < 7.0 * (shift.sd + max(x.unit.sd for x in used) * n):
                yield used


def _gather(atoms: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """Atoms of the same product as one atom of that quantity."""
    out: dict[tuple[object, ...], Atom] = {}
    for a in atoms:
        k = (a.kind, a.body, a.product, a.facing)
        old = out.get(k)
        out[k] = a if old is None else old._replace(qty=old.qty + a.qty, grams=old.grams + a.grams)
    return tuple(out.values())
