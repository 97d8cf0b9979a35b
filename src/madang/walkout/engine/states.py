"""What one hypothesis says: who holds what, what lies where it does not belong, and how that came about.

A `Beam` holds the weighed hypotheses about a few bodies and lying items whose fates hang together; beams are
independent of each other. Everything in a state is immutable and shared between states.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from typing import Literal, NamedTuple


class Held(NamedTuple):
    """One unit in somebody's hands; `grams` as its plates measured it, `sd` how well."""

    product: str
    grams: float
    sd: float
    shift: int


class Lying(NamedTuple):
    """A unit that lies where it does not belong; `shares` of its load by plate, `nth` of those put down together."""

    product: str
    grams: float
    sd: float
    plates: tuple[int, ...]
    shift: int
    shares: tuple[float, ...] = ()
    nth: int = 0


class Atom(NamedTuple):
    """What one body did in one shift."""

    kind: Literal["pick", "put_back"]
    body: int | None
    product: str
    qty: int
    facing: int | None
    plate: int
    grams: float


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """How one shift is explained. Compared by identity: states that agree share it."""

    shift: int
    t: float
    atoms: tuple[Atom, ...]


@lru_cache(maxsize=4096)
def _label(product: str, grams: float) -> tuple[str, float]:
    """What tells units apart."""
    return product, round(grams, 1)


class Cart:
    """What one body holds; `key` is equal for carts with the same future."""

    __slots__ = ("key", "units")

    def __init__(self, units: tuple[Held, ...]) -> None:
        self.units = units
        self.key = tuple(sorted([_label(h.product, h.grams) for h in units]))

    def __reduce__(self) -> tuple[type[Cart], tuple[tuple[Held, ...]]]:
        return Cart, (self.units,)


EMPTY = Cart(())
Carts = dict[int, Cart]


def with_cart(carts: Carts, body: int, units: tuple[Held, ...]) -> Carts:
    """The same carts, with these units in one of them."""
    out = {b: c for b, c in carts.items() if b != body}
    if units:
        out[body] = Cart(units)
    return out


@dataclass(slots=True)
class State:
    """One hypothesis about a beam's bodies. `carts` has no empty ones; `story` are the choices of the last minutes."""

    logw: float
    carts: Carts
    lying: tuple[Lying, ...]
    story: tuple[Choice, ...]

    def key(self, bodies: Sequence[int]) -> tuple[object, ...]:
        """States of a beam with the same key have the same future."""
        carts = self.carts
        held = tuple([carts[b].key if b in carts else None for b in bodies])
        return held, tuple(sorted([(x.product, x.plates, x.shift, x.nth) for x in self.lying]))


@dataclass(slots=True)
class Beam:
    """Independent of all other beams. `states` likeliest first, weights summing to one; `lost` is the probability that
    was cut off on the way here."""

    bodies: tuple[int, ...]
    states: list[State] = field(default_factory=lambda: [State(0.0, {}, (), ())])
    lost: float = 0.0


def log_sum(values: Sequence[float]) -> float:
    """Log of the sum of the exponentials."""
    top = max(values)
    return top + math.log(math.fsum([math.exp(v - top) for v in values]))


def log_add(a: float, b: float) -> float:
    """Log of the sum of two exponentials."""
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


def normalised(states: list[State], most: int, nats: float) -> tuple[list[State], float]:
    """The likeliest `most` states within `nats` of the best, weights summing to one; and the share cut off."""
    states.sort(key=_likeliest)
    floor = states[0].logw - nats
    kept = [x for x in states[:most] if x.logw >= floor]
    total = log_sum([x.logw for x in kept])
    cut = 0.0
    if len(kept) < len(states):
        cut = max(0.0, 1.0 - math.exp(total - log_sum([x.logw for x in states])))
    for x in kept:
        x.logw -= total
    return kept, cut


def _likeliest(state: State) -> float:
    return -state.logw


def gathered(states: list[State], bodies: Sequence[int]) -> list[State]:
    """States with the same future as one, told as the likeliest of them tells it."""
    found: dict[tuple[object, ...], State] = {}
    for x in states:
        key = x.key(bodies)
        twin = found.get(key)
        if twin is None:
            found[key] = x
        elif twin.logw >= x.logw:
            twin.logw = log_add(twin.logw, x.logw)
        else:
            x.logw = log_add(twin.logw, x.logw)
            found[key] = x
    return list(found.values())


def product(beams: Sequence[Beam], most: int, nats: float) -> Beam:
    """Several independent beams as one: the likeliest `most` pairs, found lazily with a heap, beam by beam."""
    out = beams[0]
    for other in beams[1:]:
        states = _joined(out.states, other.states, most, nats)
        total = log_sum([x.logw for x in states])
        for x in states:
            x.logw -= total
        lost = 1.0 - (1.0 - out.lost) * (1.0 - other.lost) * min(1.0, math.exp(total))
        out = Beam(tuple(sorted(out.bodies + other.bodies)), states, lost)
    return out


def _joined(ones: list[State], others: list[State], most: int, nats: float) -> list[State]:
    floor = ones[0].logw + others[0].logw - nats
    edge = [(-ones[0].logw - others[0].logw, 0, 0)]
    out: list[State] = []
    while edge and len(out) < most:
        cost, i, k = heappop(edge)
        if -cost < floor:
            break
        a, b = ones[i], others[k]
        story = tuple(dict.fromkeys(a.story + b.story)) if a.story and b.story else a.story or b.story
        out.append(State(-cost, {**a.carts, **b.carts}, a.lying + b.lying, story))
        if k + 1 < len(others):
            heappush(edge, (-a.logw - others[k + 1].logw, i, k + 1))
        if k == 0 and i + 1 < len(ones):
            heappush(edge, (-ones[i + 1].logw - b.logw, i + 1, 0))
    return out


def factors(beam: Beam, dependent_nats: float, most: int) -> list[Beam]:
    """Part what has become independent: a body whose cart is certain, and bodies (or lying items) whose joint
    distribution is the product of its marginals but for `dependent_nats` of mutual information. Of longer chains only
    the strongest ties are kept, `most` bodies and items to a beam. Marginals stay what they are; what was cut off
    before concerns a part as far as that is uncertain (Boyen and Koller,
    *Tractable inference for complex stochastic processes*, 1998: the projection of assumed-density filtering)."""
    names: list[int | Lying] = [*beam.bodies, *sorted({x for state in beam.states for x in state.lying})]
    if len(names) < 2:
        return [beam]
    columns = [_values(beam.states, name) for name in names]
    group = list(range(len(names)))
    for _, i, k in _ties(columns, [math.exp(x.logw) for x in beam.states], dependent_nats):
        one, other = group[i], group[k]
        if one != other and sum(g in (one, other) for g in group) <= most:
            group = [min(one, other) if g in (one, other) else g for g in group]
    if len(set(group)) == 1:
        return [beam]
    return [_marginal(beam, [names[k] for k in range(len(names)) if group[k] == g]) for g in dict.fromkeys(group)]


def _ties(columns: Sequence[Sequence[object]], weights: Sequence[float], least: float) -> list[tuple[float, int, int]]:
    """(-mutual information, i, k) of the columns that depend on each other, strongest first."""
    loose = {k: _numbered(column) for k, column in enumerate(columns) if len(set(column)) > 1}
    pairs = [(i, k) for i in loose for k in loose if k < i]
    ties = [(-mutual_nats(loose[i], loose[k], weights), i, k) for i, k in pairs]
    return sorted([x for x in ties if -x[0] > least])


def _numbered(column: Sequence[object]) -> list[int]:
    """The values by number: quicker to tell apart than carts."""
    numbers: dict[object, int] = {}
    return [numbers.setdefault(x, len(numbers)) for x in column]


def _values(states: Sequence[State], name: int | Lying) -> list[object]:
    """What each state says of one body's cart, or of one lying item."""
    if isinstance(name, Lying):
        return [name in x.lying for x in states]
    return [x.carts[name].key if name in x.carts else None for x in states]


def mutual_nats(xs: Sequence[object], ys: Sequence[object], weights: Sequence[float]) -> float:
    """Mutual information of two columns of weighted rows."""
    joint: dict[tuple[object, object], float] = {}
    px: dict[object, float] = {}
    py: dict[object, float] = {}
    for x, y, w in zip(xs, ys, weights, strict=True):
        joint[x, y] = joint.get((x, y), 0.0) + w
        px[x] = px.get(x, 0.0) + w
        py[y] = py.get(y, 0.0) + w
    return math.fsum([p * math.log(p / (px[x] * py[y])) for (x, y), p in joint.items() if p > 0.0])


def _marginal(beam: Beam, names: Sequence[int | Lying]) -> Beam:
    bodies = tuple([x for x in names if not isinstance(x, Lying)])
    things = {x for x in names if isinstance(x, Lying)}
    first = beam.bodies[:1] == bodies[:1]
    found: dict[tuple[object, ...], tuple[float, State]] = {}
    for x in beam.states:
        held = tuple([x.carts[b].key if b in x.carts else None for b in bodies])
        whole = (held, tuple([y for y in x.lying if y in things]))
        known = found.get(whole)
        found[whole] = (x.logw, x) if known is None else (log_add(known[0], x.logw), known[1])
    states = [
        State(
            logw,
            {b: x.carts[b] for b in bodies if b in x.carts},
            tuple([y for y in x.lying if y in things]),
            tuple([c for c in x.story if any(a.body in bodies or (first and a.body is None) for a in c.atoms)]),
        )
        for logw, x in found.values()
    ]
    states.sort(key=_likeliest)
    return Beam(bodies, states, beam.lost * (1.0 - math.exp(min(states[0].logw, 0.0))))
