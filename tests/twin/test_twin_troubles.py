"""Cases that put one difficulty in the foreground: the difficulty is really there."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from tests.twin.twin_shops import EPOCH_US, tiny

from madang.twin import Geometry, Shop, Stream
from madang.twin.random import keyed
from madang.twin.record import swapped, unweighed
from madang.twin.scenarios import SCRIPTS, plan_of
from madang.twin.settings import CLEAN, NORMAL, WIDE
from madang.twin.troubles import SENSORS, with_trouble


def _enacted(category: str, seed: int = 4) -> Stream:
    shop = tiny()
    plan = plan_of(category, Geometry(shop), keyed(seed, category), 3, EPOCH_US)
    stream = Shop(shop, seed, with_trouble(CLEAN, category)).stream(plan)
    for _ in stream:
        pass
    return stream


@pytest.mark.parametrize("category", ["crossing-arms", "simultaneous"])
def test_two_people_have_their_hands_in_the_shelf_at_the_same_time(category: str) -> None:
    picks = [e for e in _enacted(category).truth.events if e.kind == "pick"]
    together = [(a, b) for a, b in combinations(picks, 2) if a.credential != b.credential and abs(a.t - b.t) < 1.6]
    assert len(together) >= 2
    assert all(a.facing is not None and b.facing is not None for a, b in together)
    if category == "simultaneous":
        assert any(a.facing == b.facing for a, b in together)


def test_crossing_arms_reach_past_each_other() -> None:
    shop = Shop(tiny(), 4, CLEAN)
    facings = shop.geometry.facings
    plan = plan_of("crossing-arms", shop.geometry, keyed(4, "crossing-arms"), 3, EPOCH_US)
    asked = {v.credential: [line for line in v.lines if line.stand] for v in plan.visits}
    for one, other in zip(asked["c01"], asked["c02"], strict=True):
        assert (one.at, one.stand) == (other.stand, other.at)
        assert facings[one.at or ""].gondola is facings[other.at or ""].gondola


def test_a_tailgater_carries_goods_out_that_nobody_pays_for() -> None:
    assert sum(map(len, _enacted("tailgating").truth.unbilled.values())) >= 1


def test_an_empty_trip_moves_goods_and_buys_nothing() -> None:
    truth = _enacted("empty-trip").truth
    assert truth.receipt("c01") == {}
    assert Counter(e.kind for e in truth.events if e.credential == "c01")["put_back"] == 2


def test_wrong_weights_are_plainly_wrong_for_about_the_share_named() -> None:
    factors = np.array(list(_enacted("wrong-weight").truth.weight_factor.values()))
    off = np.abs(factors - 1)
    assert 0.1 < (off > 0.07).mean() < 0.5
    assert ((off < 1e-9) | ((off > 0.079) & (off < 0.251))).all()


def test_goods_areswapped_where_the_shoppers_go() -> None:
    shop = tiny()
    wanted = {shop["planogram"][0]["products"][0]}
    physical, swaps = swapped(shop, keyed(1, "swap"), wanted)
    before = {f["id"]: f["products"] for f in shop["planogram"]}
    after = {f["id"]: f["products"] for f in physical["planogram"]}
    [(a, b)] = swaps
    assert (after[a], after[b]) == (before[b], before[a])
    assert wanted & {*before[a], *before[b]}


def test_goods_of_another_gondola_may_lie_in_a_facing_and_a_shop_may_not_have_weighed_some() -> None:
    shop = tiny()
    physical, [(a, b)] = swapped(shop, keyed(1, "swap"), beyond=True)
    gondolas = {f["id"]: f["gondola"] for f in shop["planogram"]}
    assert gondolas[a] != gondolas[b]
    assert {f["id"] for f, g in zip(shop["planogram"], physical["planogram"], strict=True) if f != g} == {a, b}
    known = unweighed(shop, keyed(1, "weights"), 0.3)
    bare = [p["weight_g"] is None for p in known["products"]]
    assert 0.1 < sum(bare) / len(bare) < 0.5
    assert all(p["weight_g"] for p in shop["products"]), "the shop itself stays as it was"


def test_a_trouble_never_makes_a_badly_kept_shop_better() -> None:
    for category in SENSORS:
        for name, v in SENSORS[category].items():
            assert getattr(with_trouble(WIDE, category), name) >= max(v, getattr(WIDE, name))
    assert with_trouble(NORMAL, "single") == NORMAL
    assert set(SENSORS) <= set(SCRIPTS)
