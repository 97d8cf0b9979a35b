"""From belief to words: moves as they are now believed, carts, and receipts with a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from madang.walkout.engine.belief import Atom, Belief, Choice
from madang.walkout.engine.people import People
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Store
from madang.walkout.engine.types import Alternative, Cart, Line, Moved, Receipt, Update
from madang.walkout.engine.visits import Visit, Visits

Options = list[tuple[float, dict[str, tuple[int, float]]]]
"""(probability, {product: (quantity, grams)}), likeliest first."""

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
        self._revisions: dict[str, int] = {}
        self._banked: dict[str, Options] = {}

    def moved(self, now: float) -> list[Update]:
        """Moves of the likeliest story that are new or were told otherwise, then the carts that changed."""
        out: list[Update] = []
        told: dict[str, Moved] = {}
        since = now - self.s.story_s
        support = self.belief.support(since)
        for choice in self.belief.likeliest(since):
            if choice.t < since:
                continue
            for k, atom in enumerate(choice.atoms):
                sure = support.get((choice.shift, atom.kind, atom.product, atom.qty, atom.body), 0.0)
                told[f"m{choice.shift}.{k}"] = self._word(f"m{choice.shift}.{k}", choice, atom, sure)
        self._said = {name: m for name, m in self._said.items() if m.t >= since}
        for name, old in self._said.items():
            if name not in told and not old.retracted:
                told[name] = _again(old, old.revision, retracted=True)
        for name, new in told.items():
            before = self._said.get(name)
            if before is None:
                out.append(new)
                self._said[name] = new
            elif not _alike(before, new):
                self._said[name] = _again(new, before.revision + 1, new.retracted)
                out.append(self._said[name])
        for visit in self.visits.open_visits():
            lines, confidence, _ = self._lines(visit)
            if lines != self._carts.get(visit.id, ()):
                self._carts[visit.id] = lines
                out.append(Cart(now, visit.id, lines, confidence))
        return out

    def _word(self, name: str, choice: Choice, atom: Atom, sure: float) -> Moved:
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

    def _lines(self, visit: Visit) -> tuple[tuple[Line, ...], float, tuple[Alternative, ...]]:
        bodies = [m.body for m in visit.members if m.body is not None]
        options = _sums(self._banked.get(visit.id), self.belief.carts_of(bodies))
        sure: dict[tuple[str, int], float] = {}
        for p, cart in options:
            for product, (n, _) in cart.items():
                sure[(product, n)] = sure.get((product, n), 0.0) + p

        def lines(cart: dict[str, tuple[int, float]]) -> tuple[Line, ...]:
            return tuple(Line(p, n, round(g, 1), round(sure[(p, n)], 6)) for p, (n, g) in sorted(cart.items()))

        best = self._cheapest(options)
        others = [o for k, o in enumerate(options[:5]) if k != best][:3]
        rest = tuple(Alternative(p, lines(cart)) for p, cart in others if p > 1e-4)
        return lines(options[best][1]), options[best][0], rest

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

    def receipts(self, now: float) -> Sequence[Update]:
        """Receipts of visits that are over for long enough."""
        out: list[Update] = []
        done: set[int] = set()
        for visit in self.visits.open_visits():
            if visit.closed is None or now < visit.closed + self.s.receipt_wait_s:
                continue
            visit.settled = True
            bodies = {m.body for m in visit.members if m.body is not None}
            done |= bodies
            if visit.credential is None or visit.role == "staff":
                continue
            lines, confidence, alternatives = self._lines(visit)
            confidence *= 0.5 if visit.doubt else 1.0 - self.s.model_doubt
            self._banked[visit.id] = _sums(self._banked.get(visit.id), self.belief.carts_of(sorted(bodies)))[:20]
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
                )
            )
        if done:
            self.belief.forget(done)
        return out


def _sums(before: Options | None, now: Options) -> Options:
    """Carts of an earlier stay (re-entry) and of this one together."""
    if before is None:
        return now
    found: dict[tuple[tuple[str, int], ...], tuple[float, dict[str, tuple[int, float]]]] = {}
    for p, a in before:
        for q, b in now:
            both = dict(a)
            for k, (n, g) in b.items():
                both[k] = (both.get(k, (0, 0.0))[0] + n, both.get(k, (0, 0.0))[1] + g)
            key = tuple(sorted((k, n) for k, (n, _) in both.items()))
            found[key] = (found.get(key, (0.0, both))[0] + p * q, both)
    return sorted(found.values(), key=lambda x: (-x[0], str(sorted(x[1]))))


def _alike(before: Moved, new: Moved) -> bool:
    """True when a move need not be told again: the same in everything, its probability about the same."""
    same = replace(before, probability=new.probability, revision=new.revision) == new
    return same and abs(before.probability - new.probability) < TOLD_AGAIN


def _again(m: Moved, revision: int, retracted: bool) -> Moved:
    return replace(m, revision=revision, retracted=retracted)
