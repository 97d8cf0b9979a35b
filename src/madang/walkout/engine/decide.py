"""From belief to words: moves as they are now believed, carts, and receipts with a decision."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from operator import attrgetter

from madang.walkout.engine.belief import Belief, Told
from madang.walkout.engine.contents import Content, sums
from madang.walkout.engine.doubt import Kind, trust
from madang.walkout.engine.people import People
from madang.walkout.engine.reasons import Found, moments_of, noted
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Store
from madang.walkout.engine.touches import Touch
from madang.walkout.engine.types import Alternative, Cart, Line, Moved, Receipt, Update
from madang.walkout.engine.visits import Visit, Visits
from madang.walkout.engine.witness import Odd

Options = list[tuple[float, Content]]
"""(probability, {product: (quantity, grams)}), likeliest first."""

_what_is_told = attrgetter(*({f.name for f in fields(Moved)} - {"probability", "revision"}))
MOST_DOUBT = 1e-6  # no receipt is believed less likely than this
TOLD_AGAIN = 0.1  # a move whose probability changed by this much is told again


class Reporter:
    """Says what changed since it last spoke."""

    def __init__(self, store: Store, settings: Settings, belief: Belief, visits: Visits, people: People) -> None:
        self.store = store
        self.s = settings
        self.belief = belief
        self.visits = visits
        self.people = people
        self._said: dict[str, Moved] = {}
        self._carts: dict[str, tuple[Line, ...]] = {}
        self._names: dict[int, tuple[str, ...]] = {}
        self._acts: dict[int, dict[int, list[Told]]] = {}
        self._by_body: dict[int, tuple[int, ...]] = {}
        self._fresh: tuple[int, ...] = ()
        self._revisions: dict[str, int] = {}
        self._banked: dict[str, Options] = {}
        self._touches = 0
        self._doubted: dict[str, dict[Kind, float]] = {}
        self._moments: dict[str, Found] = {}

    def moved(self, now: float) -> list[Update]:
        """Moves that are believed otherwise than they were told, then the carts that changed."""
        odd, self.belief.witness.odd = self.belief.witness.odd, []
        out: list[Update] = [self._unknown(x) for x in odd]
        since = now - self.s.story_s
        changed = self._changed(since)
        for shift in sorted(changed):
            acts = [x for _, acts in sorted(self._acts.get(shift, {}).items()) for x in acts]
            told: dict[str, Moved] = {}
            for k, act in enumerate(_once(acts)):
                name = f"m{shift}.{k}"
                told[name] = self._word(name, act)
            for name in self._names.get(shift, ()):
                old = self._said[name]
                if name not in told and not old.retracted:
                    told[name] = _again(old, old.revision, retracted=True)
            self._names[shift] = tuple(dict.fromkeys([*self._names.get(shift, ()), *told]))
            out += self._say(told)
        for shift in [k for k, names in self._names.items() if self._said[names[0]].t < since]:
            for name in self._names.pop(shift):
                del self._said[name]
            self._acts.pop(shift, None)
        visits = {v.id: v for v in map(self.visits.visit_of, self._fresh) if v is not None and not v.settled}
        for visit in visits.values():
            lines, confidence, _ = self._lines(visit, rivals=0)
            if lines != self._carts.get(visit.id, ()):
                self._carts[visit.id] = lines
                out.append(Cart(now, visit.id, lines, confidence))
        self._fresh = ()
        return out

    def touched(self, touch: Touch) -> Moved:
        """A hand that pressed on goods and took nothing."""
        self._touches += 1
        plate = touch.plates[0]
        visit, body = self.visits.visit_of(touch.body), self.people.bodies.get(touch.body)
        facing = next((f for f in self.store.facings if plate in f.plates), None)
        return Moved(
            id=f"t{self._touches}",
            t=touch.t0,
            kind="touch",
            product=facing.products[0] if facing is not None and len(facing.products) == 1 else None,
            qty=0,
            facing=None if facing is None else facing.id,
            plate=self.store.plates[plate],
            visit=None if visit is None else visit.id,
            credential=None if visit is None else visit.credential,
            track=None if body is None else body.track,
            probability=round(touch.share, 4),
        )

    def _unknown(self, odd: Odd) -> Moved:
        """Something that is no known goods."""
        visit, body = self.visits.visit_of(odd.body), self.people.bodies.get(odd.body)
        return Moved(
            id=f"u{odd.shift}",
            t=odd.t,
            kind="unknown",
            product=None,
            qty=0,
            facing=None if odd.facing is None else self.store.facings[odd.facing].id,
            plate=self.store.plates[odd.plate],
            visit=None if visit is None else visit.id,
            credential=None if visit is None else visit.credential,
            track=None if body is None else body.track,
            probability=round(odd.probability, 4),
            grams=round(odd.grams, 1),
        )

    def _changed(self, since: float) -> set[int]:
        """Take over what is believed otherwise now; the shifts that this concerns."""
        touched = self._fresh = tuple(self.belief.touched)
        self.belief.touched.clear()
        changed: set[int] = set()
        for body, acts in self.belief.stories(touched):
            before = self._by_body.get(body, ())
            now: dict[int, list[Told]] = {}
            for act in acts:
                if act.choice.t >= since:
                    now.setdefault(act.choice.shift, []).append(act)
            for shift in before:
                if shift not in now and shift in self._acts:
                    self._acts[shift].pop(body, None)
                    changed.add(shift)
            for shift, some in now.items():
                if self._acts.setdefault(shift, {}).get(body) != some:
                    self._acts[shift][body] = some
                    changed.add(shift)
            self._by_body[body] = tuple(now)
        return changed

    def _say(self, told: dict[str, Moved]) -> list[Update]:
        """What of these moves is new or was told otherwise."""
        out: list[Update] = []
        for name, new in told.items():
            before = self._said.get(name)
            if before is None:
                self._said[name] = new
            elif _alike(before, new):
                continue
            else:
                self._said[name] = _again(new, before.revision + 1, new.retracted)
            out.append(self._said[name])
        return out

    def _word(self, name: str, act: Told) -> Moved:
        choice, atom, sure = act
        visit = None if atom.body is None else self.visits.visit_of(atom.body)
        body = None if atom.body is None else self.people.bodies.get(atom.body)
        return Moved(
            id=name,
            t=choice.t,
            kind=atom.kind,
            product=atom.product,
            qty=atom.qty,
            facing=None if atom.facing is None else self.store.facings[atom.facing].id,
            plate=self.store.plates[atom.plate],
            visit=None if visit is None else visit.id,
            credential=None if visit is None else visit.credential,
            track=None if body is None else body.track,
            probability=round(min(sure, 1.0), 4),
        )

    def _lines(self, visit: Visit, rivals: int = 3) -> tuple[tuple[Line, ...], float, tuple[Alternative, ...]]:
        """The likeliest cart, its probability, and up to so many others."""
        bodies = [m.body for m in visit.members if m.body is not None]
        options = self._with_earlier(visit, self.belief.carts_of(bodies))
        sure: dict[tuple[str, int], float] = {}
        for p, cart in options:
            for product, (n, _) in cart.items():
                sure[(product, n)] = sure.get((product, n), 0.0) + p

        def lines(cart: dict[str, tuple[int, float]]) -> tuple[Line, ...]:
            return tuple(Line(p, n, round(g, 1), round(sure[(p, n)], 6)) for p, (n, g) in sorted(cart.items()))

        best = self._cheapest(options)
        others = [o for k, o in enumerate(options[:5]) if k != best][:rivals]
        rest = tuple(Alternative(p, lines(cart)) for p, cart in others if p > 1e-4)
        return lines(options[best][1]), options[best][0], rest

    def _evidence(self, visit: Visit, bodies: set[int], probability: float) -> dict[Kind, float]:
        """All that speaks against this receipt, by kind."""
        some = sorted(bodies)
        counts = self.belief.doubts.of(some)
        counts["unbound"] = visit.unbound
        for kind, amount in self._doubted.get(visit.id, {}).items():
            counts[kind] = counts.get(kind, 0.0) + amount
        self._doubted[visit.id] = dict(counts)
        self._moments[visit.id] = self._moments.get(visit.id, {}) | moments_of(
            visit, some, self.belief.doubts, self.store
        )
        counts["belief"] = -math.log(max(probability, MOST_DOUBT))
        counts["lost"] = -math.log(max(1.0 - self.belief.lost_of(some), MOST_DOUBT))
        return {kind: amount for kind, amount in counts.items() if amount > 0.0}

    def _with_earlier(self, visit: Visit, options: Options) -> Options:
        """Carts of an earlier stay (re-entry) and of this one together."""
        before = self._banked.get(visit.id)
        return options if before is None else sums(before, options)

    def _cheapest(self, options: Options) -> int:
        """Among the about equally likely carts the one of least expected cost: charging too much costs more."""
        near = [k for k, (p, _) in enumerate(options[:5]) if p >= self.s.as_likely * options[0][0]]
        if len(near) == 1:
            return 0
        return min(near, key=lambda k: (round(self._cost(options[k][1], options[:20]), 3), k))

    def _cost(self, cart: dict[str, tuple[int, float]], options: Options) -> float:
        cost = 0.0
        for p, truth in options:
            for name in cart.keys() | truth.keys():
                more = cart.get(name, (0, 0.0))[0] - truth.get(name, (0, 0.0))[0]
                price = max(self.store.products[name].price, 1)
                cost += p * price * (self.s.over_costs * more if more > 0 else -more)
        return cost

    def receipts(self, now: float, unheard: Callable[[set[int], float, float], bool] | None = None) -> Sequence[Update]:
        """Receipts of visits that are over for long enough; those of whose bodies something is `unheard` that may still
        be told of the time until then wait for it."""
        out: list[Update] = []
        done: set[int] = set()
        for visit in self.visits.open_visits():
            if visit.closed is None or now < visit.closed + self.s.receipt_wait_s:
                continue
            bodies = {m.body for m in visit.members if m.body is not None}
            if unheard is not None and unheard(bodies, visit.over, now):
                continue
            visit.settled = True
            done |= bodies
            if visit.credential is None or visit.role == "staff":
                continue
            lines, confidence, alternatives = self._lines(visit)
            counts = self._evidence(visit, bodies, confidence)
            confidence = trust(counts, self.s.doubts, self.s.model_doubt)
            self._banked[visit.id] = self._with_earlier(visit, self.belief.carts_of(sorted(bodies)))[:20]
            revision = self._revisions.get(visit.id, -1) + 1
            self._revisions[visit.id] = revision
            decision = "charge" if confidence >= self.s.charge_confidence else "review"
            out.append(
                Receipt(
                    t=now,
                    visit=visit.id,
                    credential=visit.credential,
                    lines=lines,
                    confidence=round(confidence, 6),
                    decision=decision,  # type: ignore[arg-type]
                    alternatives=alternatives,
                    revision=revision,
                    evidence=tuple(sorted((kind, round(amount, 4)) for kind, amount in counts.items())),
                    noted=noted(counts, self._moments[visit.id], self.s.doubts, self.store, self.people),
                )
            )
        if done:
            self._close_books(done)
            self.belief.forget(done)
        return out

    def _close_books(self, bodies: set[int]) -> None:
        """What was told of these stays told: should the gate have erred and one of them still be about, belief begins
        with an empty story, which takes nothing back."""
        for body in bodies:
            self._by_body.pop(body, None)


def _once(acts: Sequence[Told]) -> list[Told]:
    """What nobody did may be told by several: once is enough."""
    out: list[Told] = []
    for act in acts:
        if act.atom.body is not None or all(act.atom != x.atom for x in out):
            out.append(act)
    return out


def _alike(before: Moved, new: Moved) -> bool:
    """True when a move need not be told again: the same in everything, its probability about the same."""
    return abs(before.probability - new.probability) < TOLD_AGAIN and _what_is_told(before) == _what_is_told(new)


def _again(m: Moved, revision: int, retracted: bool) -> Moved:
    return replace(m, revision=revision, retracted=retracted)
