"""Lessons: what explained shifts teach of stock, of unit weights, and of what really lies in a facing."""

from __future__ import annotations

import math

from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.states import Atom, State
from madang.walkout.engine.types import Learned

CLEAR = 3.0
"""So many standard deviations from what one should weigh it is still one."""
SUSPECTED = 0.5
"""What is no likelier than not teaches nothing: a weight that is a little off would do the same."""


def count(catalogue: Catalogue, states: list[State], shift: Shift) -> None:
    """What the facings are expected to hold after this shift, over all states."""
    for state in states:
        if state.story and state.story[-1].shift == shift.id:
            weight = math.exp(state.logw)
            for atom in state.story[-1].atoms:
                if atom.facing is not None:
                    units = atom.qty if atom.kind == "put_back" else -atom.qty
                    catalogue.moved(atom.facing, atom.product, units * weight)


def _pick(a: Atom) -> tuple[object, ...]:
    return a.product, a.qty, a.facing


def _product(a: Atom) -> tuple[object, ...]:
    """Of goods without a weight nobody knows how many they were."""
    return a.product, a.facing


def suspect(catalogue: Catalogue, states: list[State], shift: Shift) -> None:
    """What may have been taken where the planogram has something else makes it likelier there, as far as it is
    believed."""
    found: dict[tuple[int, str], float] = {}
    for state in states:
        if state.story and state.story[-1].shift == shift.id:
            weight = math.exp(state.logw)
            for a in state.story[-1].atoms:
                if a.kind == "pick" and a.facing is not None:
                    found[a.facing, a.product] = found.get((a.facing, a.product), 0.0) + weight
    for (facing, product), p in found.items():
        if p >= SUSPECTED and product not in catalogue.store.facings[facing].products:
            catalogue.suspect(facing, product, p)


def learn(known: Catalogue, states: list[State], shift: Shift, learn_from: float) -> None:
    """What nearly all states agree on teaches weights and what really lies in a facing."""
    story = states[0].story
    if not story or story[-1].shift != shift.id or len(story[-1].atoms) != 1:
        return
    a = story[-1].atoms[0]
    if a.kind != "pick":
        return
    what = _product if known.weight[a.product] <= 0 else _pick
    agree = 0.0
    for x in states:
        atoms = x.story[-1].atoms if x.story and x.story[-1].shift == shift.id else ()
        if len(atoms) == 1 and what(atoms[0]) == what(a):
            agree += math.exp(x.logw)
    if agree < learn_from:
        return
    if what is _product:
        if a.facing is not None and not known.blind_at(a.facing) and known.weighed(a.product, -shift.total, shift.sd):
            known.news.append(Learned(shift.t, "weight", a.product, None, round(known.weight[a.product], 1)))
        return
    grams = -shift.total / a.qty
    if a.qty == 1 and a.facing is not None:
        sd = math.hypot(shift.sd, known.spread[a.product])
        if abs(grams - known.weight[a.product]) < CLEAR * sd:
            known.tried[a.facing, a.product] = known.tried.get((a.facing, a.product), 0) + 1
    if known.learn(a.product, a.qty, -shift.total, shift.sd):
        known.news.append(Learned(shift.t, "weight", a.product, None, round(grams, 1)))
    if a.facing is not None and a.product not in known.store.facings[a.facing].products:
        known.found(a.facing, a.product)
        facing = known.store.facings[a.facing].id
        known.news.append(Learned(shift.t, "lies", a.product, facing, round(grams, 1)))
