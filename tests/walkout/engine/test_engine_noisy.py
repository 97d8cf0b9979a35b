"""An item that stands on a quiet and on a noisy plate is weighed on both."""

from __future__ import annotations

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import Settings, Store
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.plates import Plates

TICK = 0.2


def _taken(grams: tuple[float, float], noise_g: float, seed: int) -> list[Shift]:
    """What plates 4 (quiet) and 5 (noisy, facing of 4) lose after ten seconds."""
    store = Store.from_json(layout())
    plates = Plates(store, Settings())
    interactions = Interactions(store, Settings(), plates)
    rng = np.random.default_rng(seed)
    out: list[Shift] = []
    for b in range(90):
        values = 5_000 + rng.normal(0, 5, (12, 12))
        values[:, 5] += rng.normal(0, 10 * noise_g)
        if b >= 50:
            values[:, [4, 5]] += 10 * np.array(grams)
        plates.push(TICK * b, 0, np.round(values).astype(np.int32))
        plates.prepare([TICK * (b + 1)])
        for step in plates.advance(TICK * (b + 1)):
            interactions.add(step)
        out += interactions.ready(TICK * (b + 1))
    return [shift for shift in out if shift.t > 8.0]


@pytest.mark.parametrize("seed", range(4))
def test_a_noisy_neighbour_of_the_same_facing_is_weighed_too(seed: int) -> None:
    (shift,) = _taken((-40.0, -40.0), 7.0, seed)
    assert shift.plates == (4, 5)
    assert shift.total == pytest.approx(-80.0, abs=4 * shift.sd)


def test_a_noisy_neighbour_that_lost_nothing_stays_out() -> None:
    found = [_taken((-40.0, 0.0), 4.0, seed) for seed in range(8)]
    assert sum(shift.plates == (4,) for shifts in found for shift in shifts) >= 7


@pytest.mark.parametrize("elsewhere", [1, 2, 3, 4])
def test_what_is_taken_while_a_neighbour_can_wait_no_longer_is_told_whole(elsewhere: int) -> None:
    """A hand presses a plate for seconds and then takes something; some of the plate's last four batches are already
    of the new level when it is forced to count as rested."""
    plates = Plates(Store.from_json(layout()), Settings())
    rng, told = np.random.default_rng(5), []
    taken = 60
    for b in range(90):
        grams = np.full((12, 12), 1_700.0) + rng.normal(0.0, 0.5, (12, 12))
        if 45 <= b < taken:
            grams[:, 4] += 25.0 * np.sin(0.9 * (12 * b + np.arange(12)) / 12) + rng.normal(0.0, 3.0, 12)
        if b >= taken:
            grams[:, 4] -= 522.0
        plates.push(TICK * b, 0, np.round(10 * grams).astype(np.int32))
        plates.prepare([TICK * (b + 1)])
        told += plates.advance(TICK * (b + 1))
        if b == taken - 1 + elsewhere:
            forced = plates.force(4, anyway=True)
            told += [] if forced is None else [forced]
    told = [step for step in told if step.plate == 4]
    assert sum(step.delta for step in told) == pytest.approx(-522.0, abs=8.0)
    assert all(abs(step.delta) > 3.0 * step.sd for step in told), "what is so uncertain would not count"
