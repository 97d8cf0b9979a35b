"""Lessons: what explained shifts teach of stock, of unit weights, and of what really lies in a facing."""

from __future__ import annotations

import math

from madang.walkout.engine.hypotheses import FOUND, Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.states import State
from madang.walkout.engine.types import Learned


def count(catalogue: Catalogue, states: list[State], shift: Shift) -> None:
    """What the facings are expected to hold after this shift, over all states."""
    for state in states:
        if state.story and state.story[-1].shift == shift.id:
            weight = math.exp(state.logw)
            for atom in state.story[-1].atoms:
                if atom.facing is not None:
                    units = atom.qty if atom.kind == "put_back" else -atom.qty
                    catalogue.moved(atom.facing, atom.product, units * weight)


def learn(known: Catalogue, states: list[State], shift: Shift, learn_from: float) -> None:
    """What nearly all states agree on teaches weights and what really lies in a facing."""
    story = states[0].story
    if not story or story[-1].shift != shift.id or len(story[-1].atoms) != 1:
        return
    a = story[-1].atoms[0]
    if a.kind != "pick":
        return
    agree = 0.0
    for x in states:
        atoms = x.story[-1].atoms if x.story and x.story[-1].shift == shift.id else ()
        if len(atoms) == 1 and atoms[0][2:5] == a[2:5]:
            agree += math.exp(x.logw)
    if agree < learn_from:
        return
    grams = -shift.total / a.qty
    if known.learn(a.product, a.qty, -shift.total, shift.sd):
        known.news.append(Learned(shift.t, "weight", a.product, None, round(grams, 1)))
    if a.facing is not None and a.product not in known.store.facings[a.facing].products:
        known.really.setdefault(a.facing, {})[a.product] = FOUND
        facing = known.store.facings[a.facing].id
        known.news.append(Learned(shift.t, "lies", a.product, facing, round(grams, 1)))
