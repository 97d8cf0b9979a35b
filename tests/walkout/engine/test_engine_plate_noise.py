"""A run that begins with its plates' noise, and what the engine tells of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import MISSING, Engine, Settings, Store
from madang.walkout.engine.plates import Plates

TICK = 0.2


def shop(noise_g: float | None) -> dict[str, Any]:
    document = layout()
    for plate in document["plates"]:
        plate |= {} if noise_g is None else {"noise_g": noise_g}
    return document


def trembling(noise_g: float, seed: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Batches [60, 12, 12] of plates that nobody touches, decigrams."""
    rng = np.random.default_rng(seed)
    return np.round(5_000 + rng.normal(0, 5, (60, 12, 12)) + 10 * rng.normal(0, noise_g, (60, 1, 12))).astype(np.int32)


def phantoms(known_g: float | None, noise_g: float) -> int:
    """Steps that plates nobody touches seem to make at the beginning of twenty runs."""
    found = 0
    for seed in range(20):
        plates = Plates(Store.from_json(shop(known_g)), Settings())
        for b, batch in enumerate(trembling(noise_g, seed)):
            plates.push(TICK * b, 0, batch)
            plates.prepare([TICK * (b + 1)])
            found += len(plates.advance(TICK * (b + 1)))
    return found


def test_a_run_that_begins_with_its_plates_noise_does_not_take_their_trembling_for_goods() -> None:
    assert phantoms(6.0, 6.0) == 0
    assert phantoms(None, 6.0) > 3, "one that has to find it out takes some"


def test_the_engine_tells_what_plates_do_at_rest_and_nothing_of_those_it_does_not_hear() -> None:
    engine = Engine(Store.from_json(shop(None)))
    assert np.isnan(engine.plate_noise()).all()
    for b, batch in enumerate(trembling(2.0, 1)):
        batch[:, 3] = MISSING
        if b > 45:
            batch[:, 4] += 2_000 * (b % 3)  # somebody leans on it
        engine.plates("1", TICK * b, batch)
        engine.advance(TICK * b + 0.1)
    noise = engine.plate_noise()
    assert np.isnan(noise[[3, 4]]).all()
    assert np.delete(noise, [3, 4]) == pytest.approx(2.0, rel=0.5)


def test_a_document_without_noise_begins_as_ever_and_no_noise_is_beyond_the_engines_limit() -> None:
    begun = [Engine(Store.from_json(shop(g)))._plates._levels.noise for g in (None, 0.6, 99.0, 0.01)]
    limits = Settings()
    assert [float(noise[0]) for noise in begun] == [0.6, 0.6, limits.plate_noise_max_g, limits.plate_noise_min_g]
