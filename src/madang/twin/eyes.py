"""The optional edge classifier: a guess at what a hand holds, over-confident, and misled by things that look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from madang.twin.messages import VisionObs
from madang.twin.person import Person, Reach

if TYPE_CHECKING:
    from madang.twin.world import World

EMPTY = "empty"


def see(world: World, person: Person, reach: Reach, t: float, shown: str, rng: np.random.Generator) -> None:
    """Perhaps observe a hand at ``t`` that really shows ``shown`` (a product or ``empty``)."""
    settings = world.settings
    missed = rng.random() >= settings.vision_seen
    top5 = _top5(world, shown, rng)
    hand = reach.hand if rng.random() >= settings.wrong_hand else 1 - reach.hand
    if missed or not settings.vision:
        return
    stamp = world.epoch_s(t)
    world.vision.append(
        VisionObs(
            t=round(stamp + world.clocks.vision, 3),
            arrival=round(stamp + 0.15 + 0.1 * float(rng.random()), 6),
            track=person.track_at(t),
            hand="lr"[hand],
            top5=top5,
        )
    )


def _top5(world: World, shown: str, rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Five guesses: the truth first when the classifier is right, else a look-alike (same kind) before it."""
    right = rng.random() < world.settings.vision_right
    products = world.geometry.products
    alike = [p for p in world.geometry.kinds.get(products[shown].kind, ()) if p != shown] if shown in products else []
    pool = sorted(world.geometry.facings_of)
    strangers = [pool[int(i)] for i in rng.integers(len(pool), size=6)]
    mistaken = [alike[int(i)] for i in rng.permutation(len(alike))[:3]] if alike else []
    order = (
        [shown, *mistaken, *strangers] if right else [*(mistaken or strangers)[:1], shown, *mistaken[1:], *strangers]
    )
    names = list(dict.fromkeys(order))[:5]
    sure = float(rng.beta(6, 1.3)) if right else float(rng.beta(3, 2))  # over-confident also when wrong
    rest = np.sort(rng.dirichlet(np.full(len(names), 0.5)))[::-1][: len(names) - 1] * (1 - sure)
    odds = np.sort(np.array([sure, *rest]))[::-1]
    return tuple((name, round(float(p), 4)) for name, p in zip(names, odds, strict=True))
