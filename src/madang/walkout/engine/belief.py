"""Belief: weighed hypotheses about who holds what and what lies where it should not; later evidence reweighs
earlier choices.

People whose fates are independent have beams of their own. A shift brings the beams together of those who may have done
it, is explained, and the beams part again where what it left uncertain does not tie them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from madang.walkout.engine import lessons
from madang.walkout.engine.contents import Content, contents, needed, sums
from madang.walkout.engine.doubt import Doubts, Spot
from madang.walkout.engine.handing import Meetings, outcomes
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.pace import Pace
from madang.walkout.engine.passing import Passing
from madang.walkout.engine.reaches import Reached
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import (
    EMPTY,
    Atom,
    Beam,
    Choice,
    State,
    factors,
    gathered,
    normalised,
    product,
    with_cart,
)
from madang.walkout.engine.unseen import Acts, Looks, Shown, Unseen
from madang.walkout.engine.ways import Scene, Way, Ways
from madang.walkout.engine.witness import TEMPER, Witness


class Told(NamedTuple):
    """An act of the likeliest hypothesis, with its probability over all hypotheses."""

    choice: Choice
    atom: Atom
    probability: float


REMEMBERED = 1_000
"""Changes whose times are kept before those that matter no longer are dropped."""

ELSEWHERE = 0.99
"""A hand that was at a shelf this surely was not at the floor."""

__all__ = ["Belief", "Content", "Scene", "Told"]


class Belief:
    """The beams. `touched` are bodies about whom something may be believed otherwise since it was last emptied."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self.catalogue = catalogue
        self.s = settings
        self.times: dict[int, float] = {}
        self.touched: dict[int, None] = {}
        self._hands: dict[tuple[int, int], int] = {}
        self.doubts = Doubts()
        self.witness = Witness(catalogue, self.doubts)
        self.unseen = Unseen(catalogue, settings)
        self.meetings = Meetings(settings)
        self._unweighed = 0
        self._doers: dict[int | None, float] = {}
        self._of: dict[int, Beam] = {}
        self._lone: list[Beam] = []

    def beams(self) -> list[Beam]:
        """All beams, of people first."""
        return [*{id(b): b for b in self._of.values()}.values(), *self._lone]

    def observe(self, shift: Shift, scene: Scene) -> None:
        """Explain one shift in every hypothesis that it concerns."""
        self.times[shift.id] = shift.t
        hands = {b: hand for b in scene.bodies if (hand := scene.hand(b)) is not None}
        self._hands.update(((shift.id, b), hand) for b, hand in hands.items())
        ways = Ways(self.catalogue, self.s, shift, scene)
        beam, children = self._taken(ways) if shift.total < 0 else self._put(ways)
        moved = self.witness.shift(ways, children)
        self._doers = {b: math.exp(x) for b, x in ways.who(shift.plates).items()}
        self.unseen.account(shift, {b: moved * p for b, p in self._doers.items()}, hands)
        self._settle(beam, children, shift)

    def crossed(self, seconds: Mapping[int, float], at: Spot) -> None:
        """Whose hands were over the plates of the last shift (`at`) while they moved, and how long."""
        self.witness.crossed(seconds, {b: p for b, p in self._doers.items() if b is not None}, at)

    def touched_at(self, body: int, plates: Sequence[int], others: Iterable[int], t: float) -> None:
        """`body` pressed on these plates at `t` and nothing was gone afterwards; the hands of `others` were there too:
        one may have put down what another took up."""
        at = Spot(t, plates[0])
        for other in others:
            here = {p for _, p in self.catalogue.kinds_of(tuple(plates))}
            passed = max([sum(x for x, cart in self.carts_of([b]) if here & cart.keys()) for b in (body, other)])
            self.doubts.note(body, "netted", passed, at)
            self.doubts.note(other, "netted", passed, at)

    def reached(
        self,
        reach: Reached,
        shown: Mapping[int, Shown],
        heard: bool = True,
        looked: Callable[[Sequence[str]], Looks] = lambda _: Looks(),
        stood: float = 1.0,
    ) -> None:
        """A reach is over: it may have taken what the plates could not notice (`shown`: what each would have shown, and
        did). Not `heard`: they were only silent for a while, and will tell. `looked`: what the classifier saw of these
        products in the hand. `stood`: probability that the body stood there rather than walked by."""
        told = self.unseen.accounted(reach)
        idle = (1.0 - told) * min(1.0, reach.t1 - reach.t0) * stood
        at = Spot(reach.t1, reach.plate)
        self.doubts.note(reach.body, "idle", idle, at)
        missed = [x._replace(probability=x.probability * stood) for x in self.unseen.missed(reach, shown)]
        if not missed:
            return
        looks = looked([x.product for x in missed])._replace(told=told)
        chance = self.unseen.believed(missed, looks)
        if chance < self.s.least_missed:
            return
        self.doubts.note(reach.body, "missed", chance, at)
        if not heard:
            return
        self._unweighed -= 1
        self.times[self._unweighed] = reach.t1
        beam = self._together([reach.body], ())
        acts = Acts(self.catalogue, self.s, reach, missed, self.times, looks)
        self._settle(beam, [child for state in beam.states for child in acts.after(state)], None)

    def _taken(self, ways: Ways) -> tuple[Beam, list[State]]:
        shared = ways.takes()
        lying = {x: ways.retaken(x) for b in self.beams() for st in b.states for x in st.lying if ways.near(x)}
        every = [*shared, *(w for some in lying.values() for w in some)]
        floor = max(w.loglik for w in every) - self.s.ways_nats
        bodies = [a.body for w in every if w.loglik > floor for a in w.choice.atoms if a.body is not None]
        beam = self._together(bodies, lying)
        children: list[State] = []
        top, pace = -math.inf, Pace(ways.shift.t, self.s)
        for state in beam.states:
            mine = [*shared, *(w for x in state.lying if x in lying for w in lying[x])] if lying else shared
            costs = pace.costs(state)
            for way in paced(mine, costs) if costs else mine:
                logw = state.logw + way.loglik
                top = max(top, logw)
                if logw > top - self.s.beam_nats and _known(way, beam):
                    children.append(ways.applied(state, way))
        return beam, children

    def _put(self, ways: Ways) -> tuple[Beam, list[State]]:
        who = ways.who(ways.shift.plates)
        own = [b for b, x in who.items() if b is not None and x > -self.s.ways_nats]
        mates = [m for b in own for m in sorted(ways.scene.mates(b)) if m in self._of]
        beam = self._together([*own, *mates], ())
        best = max(state.logw + ways.puts(state.carts, False)[0].loglik for state in beam.states)
        strangers = best < ways.stranger_at_best() + self.s.handed_margin_nats
        if strangers:
            others = [b for b in self._of if self._holds(b, ways)]
            beam = self._together(others[:4], (), beam)
        children: list[State] = []
        top = -math.inf
        for state in beam.states:
            for way in ways.puts(state.carts, strangers):
                logw = state.logw + way.loglik
                top = max(top, logw)
                if logw > top - self.s.beam_nats:
                    children.append(ways.applied(state, way))
        return beam, children

    def _holds(self, body: int, ways: Ways) -> bool:
        """May this body hold something of the weight that was put down?"""
        return any(ways.fits(h) for x in self._of[body].states for h in x.carts.get(body, EMPTY).units)

    def _together(self, bodies: Iterable[int], lying: Iterable[object], core: Beam | None = None) -> Beam:
        """One beam for these bodies and lying items (and those of `core`), taken out of the books."""
        things = set(lying)
        mine: dict[int, Beam] = {} if core is None else {id(core): core}
        for b in dict.fromkeys(bodies):
            beam = self._of.get(b)
            if beam is None:
                beam = Beam((b,))
            mine[id(beam)] = beam
        if things:
            for beam in self.beams():
                if any(x in things for state in beam.states for x in state.lying):
                    mine[id(beam)] = beam
        for beam in mine.values():
            for b in beam.bodies:
                self._of.pop(b, None)
        self._lone = [b for b in self._lone if id(b) not in mine]
        return product(list(mine.values()), self.s.beam, self.s.beam_nats) if mine else Beam(())

    def _settle(self, beam: Beam, children: list[State], shift: Shift | None) -> None:
        """Put the states after an event back into the books, parted where they are independent."""
        states, cut = normalised(gathered(children, beam.bodies), self.s.beam, self.s.beam_nats)
        beam.states, beam.lost = states, 1.0 - (1.0 - beam.lost) * (1.0 - cut)
        if shift is not None:
            lessons.count(self.catalogue, states, shift)
            lessons.suspect(self.catalogue, states, shift)
            lessons.learn(self.catalogue, states, shift, self.s.learn_from)
            since = shift.t - self.s.story_s - 20.0
            for x in states:
                if x.story and x.story[0].t < since:
                    x.story = tuple([c for c in x.story if c.t >= since])
        for part in factors(beam, self.s.dependent_nats, self.s.together_most):
            self._book(part)

    def _book(self, beam: Beam) -> None:
        for b in beam.bodies:
            self._of[b] = beam
            self.touched[b] = None
        if not beam.bodies and any(x.lying for x in beam.states):
            self._lone.append(beam)

    # answers

    def held(self, bodies: Iterable[int]) -> list[tuple[str, float]]:
        """(product, grams) of all units that these bodies hold in the likeliest states."""
        likeliest = [self._of[b].states[0].carts.get(b, EMPTY) for b in bodies if b in self._of]
        return [(h.product, h.grams) for cart in likeliest for h in cart.units]

    def carts_of(self, bodies: Sequence[int]) -> list[tuple[float, Content]]:
        """(probability, {product: (qty, grams)}) of what these bodies hold together, likeliest first."""
        out: list[tuple[float, Content]] | None = None
        for beam in {id(self._of[b]): self._of[b] for b in sorted(bodies) if b in self._of}.values():
            some = contents(beam, [b for b in bodies if b in beam.bodies])
            out = (some if out is None else sums(out, some))[:40]
        return [(1.0, {})] if out is None else out

    def lost_of(self, bodies: Sequence[int]) -> float:
        """Probability that was cut off the beams of these bodies."""
        kept = 1.0
        for beam in {id(self._of[b]): self._of[b] for b in bodies if b in self._of}.values():
            kept *= 1.0 - beam.lost
        return 1.0 - kept

    def stories(self, bodies: Iterable[int]) -> Iterator[tuple[int, list[Told]]]:
        """For each of these bodies: what it did lately in the likeliest hypothesis, with the probability of each act
        over all hypotheses. What nobody did is told with the first body of its beam."""
        done: set[int] = set()
        for beam in [self._of[b] for b in bodies if b in self._of]:
            if id(beam) in done:
                continue
            done.add(id(beam))
            chosen: dict[Choice, float] = {}
            for state in beam.states:
                weight = math.exp(state.logw)
                for choice in state.story:
                    chosen[choice] = chosen.get(choice, 0.0) + weight
            support: dict[tuple[int, tuple[object, ...]], float] = {}
            for choice, weight in chosen.items():
                for atom in choice.atoms:
                    key = (choice.shift, _what(atom))
                    support[key] = support.get(key, 0.0) + weight
            best = [Told(c, a, support[c.shift, _what(a)]) for c in beam.states[0].story for a in c.atoms]
            for k, b in enumerate(beam.bodies):
                yield b, [x for x in best if x.atom.body == b or (k == 0 and x.atom.body is None)]

    # what happens besides shifts

    def contact(self, met: Passing) -> None:
        """Hands met (or reached to the floor): something may have passed from `a` to `b` or back, or been left. A hand
        that was at the goods of a low shelf was not at the floor."""
        if met.b is None:
            low = self.unseen.at_goods(met.a, met.hands[0], met.t)
        else:
            free = [1.0 - self.unseen.at_goods(b, None, met.t) for b in (met.a, met.b)]
            low = 1.0 - free[0] * free[1]
        if low > ELSEWHERE:
            return
        both = [met.a] if met.b is None else [met.a, met.b]
        beam = self._together(both, ())
        for body in both:
            if any(b in x.carts for x in beam.states for b in both):
                sure = 1.0 / (1.0 + math.exp(-max(met.given, met.taken) / TEMPER))
                self.doubts.note(body, "met", sure, Spot(met.t))
        children: list[State] = []
        prior = self.meetings.gives(met) * (1.0 - low)
        for state in beam.states:
            for logp, carts in outcomes(state.carts, met, prior, self.times, self._hands, self.s):
                children.append(State(state.logw + logp, carts, state.lying, state.story))
        self._settle(beam, children, None)

    def exchange(self, a: int, b: int, since: float) -> None:
        """Bodies `a` and `b` were mistaken for each other since then: what they took before goes to the other
        body."""
        beam = self._together([a, b], ())
        held = {h.shift for x in beam.states for k in (a, b) for h in x.carts.get(k, EMPTY).units}
        early = {k for k in held if self.times.get(k, since) < since}
        for state in beam.states:
            ca, cb = state.carts.get(a, EMPTY).units, state.carts.get(b, EMPTY).units
            mine = tuple([h for h in ca if h.shift not in early] + [h for h in cb if h.shift in early])
            other = tuple([h for h in cb if h.shift not in early] + [h for h in ca if h.shift in early])
            state.carts = with_cart(with_cart(state.carts, a, mine), b, other)
        self._settle(beam, beam.states, None)
        self.doubts.exchange(a, b)

    def forget(self, bodies: set[int]) -> None:
        """These bodies are out of the shop: their carts no longer tell states apart."""
        self._hands = {key: hand for key, hand in self._hands.items() if key[1] not in bodies}
        self.doubts.forget(bodies)
        if len(self.times) > REMEMBERED:
            self.times = needed(self.times, self.beams(), self.s.story_s)
        for beam in [b for b in self.beams() if any(x in bodies for x in b.bodies)]:
            for b in beam.bodies:
                del self._of[b]
            stay = tuple([b for b in beam.bodies if b not in bodies])
            for state in beam.states:
                state.carts = {b: c for b, c in state.carts.items() if b in stay}
            rest = Beam(stay, beam.states, beam.lost)
            if stay or any(x.lying for x in beam.states):
                self._settle(rest, rest.states, None)


def _known(way: Way, beam: Beam) -> bool:
    """Are all who act in this way in the beam? (Those left out are too unlikely to be followed.)"""
    return all(a.body is None or a.body in beam.bodies for a in way.choice.atoms)


def _what(atom: Atom) -> tuple[object, ...]:
    """An act regardless of its exact weight and place: kind, body, product and quantity."""
    return atom[:4]


def paced(ways: Sequence[Way], costs: Mapping[int, float]) -> list[Way]:
    """The ways, less likely where somebody takes who cannot well do so yet (`Pace.costs`)."""
    out: list[Way] = []
    for way in ways:
        cost = sum([costs.get(b, 0.0) for b in {a.body for a in way.choice.atoms if a.body is not None}])
        out.append(way._replace(loglik=way.loglik - cost) if cost else way)
    return out
