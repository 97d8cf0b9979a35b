"""How long people take and how tall they are: the distributions behind every movement.

Reach, retract, hand-in-shelf and inspect times are the medians and 95th percentiles of the MERL Shopping labels
(frames at 30 Hz: 33/56, 34/67, 39/194, 81/323, 98/335) as lognormal laws; the length of a load change is that of the
DLSU smart-shelf events (median .39 s, maximum .86 s). Walking is 1.2 m/s, slower than the 1.3-1.4 m/s of a street
(our choice).
"""

from __future__ import annotations

import numpy as np

from madang.twin.random import lognormal

MERL_HZ = 30.0
IN_SHELF_SHARE = 562 / 1711
SPEED_M_S, SPEED_SD_M_S = 1.2, 0.15
ADULT_M, ADULT_SD_M = 1.67, 0.08  # Size Korea 2020: men 172.5 cm, women 159.6 cm
CHILD_M = (1.05, 1.40)
HOLDS_UP, GIVES_UP = 0.4, 0.6
"""How often what was taken stays in a hand before the body for a while, and how often what is to be given does: the
others let the arm hang with it, or put it in a bag. Our choice."""
SAME_HAND = 0.85
"""How often something is given with the hand that took it, our choice."""


def _merl(rng: np.random.Generator, median: float, p95: float, longest_s: float) -> float:
    return min(lognormal(rng, median, p95) / MERL_HZ, longest_s)


def reach_s(rng: np.random.Generator) -> float:
    return max(0.45, _merl(rng, 33, 56, 3.0))


def retract_s(rng: np.random.Generator) -> float:
    return max(0.45, _merl(rng, 34, 67, 3.5))


def in_shelf_s(rng: np.random.Generator, style: str) -> float:
    """Time the hand is at the shelf; ``hold`` keeps it there for long, ``slow`` moves with hesitation.

    Only 562 of MERL's 1,711 reaches have a hand-in-shelf phase; the others grip and go.
    """
    if style == "hold":
        return float(rng.uniform(5.0, 12.0))
    stays = rng.random() < IN_SHELF_SHARE
    base = _merl(rng, 39, 194, 8.0) if stays else float(rng.uniform(0.2, 0.5))
    return max(0.3, base) + (1.5 if style == "slow" else 0.0)


def inspect_product_s(rng: np.random.Generator) -> float:
    return _merl(rng, 81, 323, 12.0)


def inspect_shelf_s(rng: np.random.Generator) -> float:
    return _merl(rng, 98, 335, 12.0)


def load_change_s(rng: np.random.Generator, style: str) -> float:
    """How long the weight takes to leave or reach the plate."""
    if style == "slow":
        return float(rng.uniform(1.2, 2.8))
    return float(np.clip(lognormal(rng, 0.30, 0.80), 0.08, 1.2))


def speed_m_s(rng: np.random.Generator, child: bool) -> float:
    return float(np.clip(rng.normal(SPEED_M_S, SPEED_SD_M_S), 0.8, 1.6)) * (0.85 if child else 1.0)


def height_m(rng: np.random.Generator, child: bool) -> float:
    return float(rng.uniform(*CHILD_M)) if child else float(np.clip(rng.normal(ADULT_M, ADULT_SD_M), 1.48, 1.90))


def hand(rng: np.random.Generator) -> int:
    """0 left, 1 right; one in ten people uses the left hand, and everybody now and then."""
    return int(rng.random() > 0.2)


def hold_up_s(rng: np.random.Generator) -> float:
    """How long something is held before the body before it goes into a bag: as long as products are looked at."""
    return 1.0 + inspect_product_s(rng)
