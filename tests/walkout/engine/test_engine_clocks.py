"""Differences between shelf and camera clocks, found from grasps alone."""

from __future__ import annotations

import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, layout

from madang.walkout.engine import Engine, Settings, Store
from madang.walkout.engine.clocks import Clock

PICKS = {8.0 + 4.0 * k: (0, 4, 8, 11, 2)[k % 5] for k in range(11)}
DWELLS_S = (1.0, 1.3, 0.9, 1.6, 1.1, 0.8, 1.2, 1.5, 1.0, 0.9, 1.2)
"""How long a hand is in the shelf (median of MERL 1.3 s) ..."""
LOADED = (0.6, 0.9, 0.75, 0.85, 0.55, 0.8, 0.65, 0.95, 0.7, 0.6, 0.9)
"""... and after what share of that time the load changes."""


def _clock(offset_s: float, *, second: float | None = None) -> Clock:
    """What is believed of the gondola's clock after eleven picks, perhaps with a second person's hand beside each."""
    s = Scene(end=70, clock_s=offset_s)
    holds = {t: dwell - 0.15 for t, dwell in zip(PICKS, DWELLS_S, strict=True)}
    loads = [t + 0.15 - dwell * (1.0 - at) for t, dwell, at in zip(PICKS, DWELLS_S, LOADED, strict=True)]
    s.shopper("a", Walker(1, 64, stand=0.5, reach=PICKS, holds=holds))
    if second is not None:
        beside = {t + second: p for t, p in PICKS.items()}
        s.shopper(
            "b", Walker(2, 65, stand=0.6, height=1.75, reach=beside, holds={t + second: x for t, x in holds.items()})
        )
    grams = (380.0, 46.0, 380.0, 250.0, 540.0)
    s.loads = [(t, p, -grams[k % 5]) for k, (t, p) in enumerate(zip(loads, PICKS.values(), strict=True))]
    engine = Engine(Store.from_json(layout()), Settings())
    for arrival, kind, what in s.messages():
        if kind == 0:
            engine.plates(1, what[0], what[1], arrival)
        elif kind == 1:
            engine.skeletons(*what)
        else:
            engine.gate(what)
    engine.advance(T0 + 70)
    return engine.clocks()[0]


@pytest.mark.parametrize("offset_s", [-0.15, 0.0, 0.15])
def test_a_clocks_offset_is_found_from_ten_grasps(offset_s: float) -> None:
    clock = _clock(offset_s)
    assert clock.grasps >= 8
    assert clock.offset_s == pytest.approx(offset_s, abs=0.1)
    assert abs(clock.offset_s - offset_s) < 2.0 * clock.sd_s
    assert clock.sd_s < 0.09


def test_nothing_is_learned_while_it_is_not_clear_whose_hand_it_was() -> None:
    clock = _clock(0.15, second=0.05)
    assert clock.grasps == 0
    assert clock.offset_s == pytest.approx(0.0, abs=1e-6)
    assert clock.sd_s == pytest.approx(Settings().clock_sd_s, abs=0.01)
