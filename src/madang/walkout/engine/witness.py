"""Witness: what of a shift speaks against those who had a hand in it, in the kinds of `doubt`.

Likelihoods are products of simple laws, so an explanation that is right nine times in ten may look certain. Here they
are *tempered*: margins in nats are divided by `TEMPER` before they are believed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from madang.walkout.engine.doubt import Doubts
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.states import Atom, State
from madang.walkout.engine.ways import Ways

TEMPER = 4.0
LEAST = 0.02
"""Who had less than this probability of having done it is not concerned."""
LONG_S = 2.0
"""A movement longer than this may be two ..."""
AGAIN_S = 6.0
"""... and so may be one that follows another at the same plates this soon."""
LIGHT_G = 30.0
"""Scale of items that hands and bumps weigh as much as."""


class Witness:
    """Notes what speaks against a shift; remembers where something happened lately."""

    def __init__(self, catalogue: Catalogue, doubts: Doubts) -> None:
        self.catalogue = catalogue
        self.doubts = doubts
        self._last: dict[int, float] = {}

    def shift(self, ways: Ways, children: Sequence[State]) -> float:
        """Note what makes this shift doubtful; the probability that something was moved at all."""
        shift, note = ways.shift, self.doubts.note
        who = {b: math.exp(x) for b, x in ways.who(shift.plates).items()}
        options = _options(children)
        best = max(options, key=lambda k: options[k])
        moved = 1.0 - math.exp(options.get((), -99.0)) if best else 0.0
        hands = [(b, p) for b, p in who.items() if b is not None and p > LEAST]
        for b, p in hands:
            if not best:
                note(b, "unexplained", p * min(1.0, abs(shift.total) / 20.0))
            note(b, "noisy", p * min(shift.sd / 10.0, 2.0))
            note(b, "rival", min(p, 1.0 - p))
        if best:
            self._of_atoms(ways, best, options)
            self._of_hands(ways, best)
        for q in shift.plates:
            self._last[q] = shift.t
        return moved

    def _of_atoms(self, ways: Ways, atoms: tuple[Atom, ...], options: Mapping[tuple[Atom, ...], float]) -> None:
        """What and how many."""
        shift, known, note = ways.shift, self.catalogue, self.doubts.note
        sign = -1.0 if shift.total < 0 else 1.0
        weights = [a.qty * known.weight[a.product] for a in atoms]
        spread = sum([a.qty * known.spread[a.product] ** 2 for a in atoms])
        expected = sum(weights)
        z = abs(sign * shift.total - expected) / math.sqrt(shift.sd**2 + spread) if expected > 0.0 else 4.0
        what = _margin(atoms, options)
        blind = any(q in known.dead for f in known.facings_of(shift.plates) for q in known.store.facings[f].plates)
        shelf = {f for q in shift.plates for f in known.facings_of((q,))}
        mixed = any(known.really.get(f) for f in shelf)
        again = any(0.0 <= shift.t - self._last.get(q, -99.0) < AGAIN_S for q in shift.plates)
        long = min(max(0.0, shift.t1 - shift.t0 - LONG_S) / 4.0, 2.0)
        for a in atoms:
            if a.body is None:
                continue
            share = 1.0 / len(atoms)
            home = a.facing is not None and a.product in known.store.facings[a.facing].products
            note(a.body, "misfit", share * min(max(0.0, z - 1.5), 4.0))
            note(a.body, "what", share * what)
            note(a.body, "light", math.exp(-known.weight[a.product] / LIGHT_G))
            note(a.body, "strange", float(a.kind == "pick" and not home))
            note(a.body, "moved", float(a.kind != "pick" and not home))
            note(a.body, "back", float(a.kind != "pick"))
            note(a.body, "several", float(a.qty - 1 + len(atoms) - 1))
            note(a.body, "part", share * float(expected > 0.0 and abs(shift.total) < 0.9 * expected and z > 3.0))
            note(a.body, "blind", share * blind)
            note(a.body, "mixed", share * mixed)
            note(a.body, "again", share * again)
            note(a.body, "long", share * long)
            looked = ways.scene.seen(a.body, a.product)
            note(a.body, "contrary", share * min(max(0.0, -looked), 4.0))
            note(a.body, "unlooked", share * float(looked == 0.0))

    def _of_hands(self, ways: Ways, atoms: tuple[Atom, ...]) -> None:
        """Whose hand: how well it fits, who else was near, and whether it was seen."""
        scene, plates, note = ways.scene, ways.shift.plates, self.doubts.note
        mine = {a.body for a in atoms if a.body is not None}
        logs = {b: scene.reach(b, plates) for b in scene.bodies}
        for b in mine:
            if b not in logs:
                continue
            others = [x for k, x in logs.items() if k not in mine]
            crowd = sum([math.exp(min(x - logs[b], 0.0) / TEMPER) for x in others])
            note(b, "crowd", min(crowd, 2.0))
            note(b, "far", min(max(0.0, -logs[b] - 1.0) / TEMPER, 2.0))
            note(b, "hidden", float(scene.hand(b) is None))

    def crossed(self, reached: Mapping[int, float], doers: Mapping[int, float]) -> None:
        """Others had a hand over the same plates while they moved (`reached`: seconds per body)."""
        for b, seconds in reached.items():
            rest = 1.0 - doers.get(b, 0.0)
            amount = rest * min(1.0, seconds / 0.5)
            if amount > 0.05:
                for k in (b, *[x for x, p in doers.items() if p > 0.5]):
                    self.doubts.note(k, "visited", amount)


def _options(children: Sequence[State]) -> dict[tuple[Atom, ...], float]:
    """Log probability, at best, of each thing that may have happened."""
    best: dict[int, tuple[float, State]] = {}
    for x in children:
        k = id(x.story[-1])
        if k not in best or best[k][0] < x.logw:
            best[k] = (x.logw, x)
    out: dict[tuple[Atom, ...], float] = {}
    for logw, x in best.values():
        atoms = x.story[-1].atoms
        out[atoms] = max(out.get(atoms, -math.inf), logw)
    top = max(out.values())
    return {k: v - top for k, v in out.items()}


def _content(atoms: tuple[Atom, ...]) -> tuple[tuple[str, str, int], ...]:
    return tuple(sorted([(a.kind, a.product, a.qty) for a in atoms]))


def _margin(atoms: tuple[Atom, ...], options: Mapping[tuple[Atom, ...], float]) -> float:
    """Tempered odds of the likeliest explanation with another content: 1 when it is as likely."""
    mine = _content(atoms)
    rest = [x for k, x in options.items() if _content(k) != mine]
    return math.exp(max(rest) / TEMPER) if rest else 0.0
