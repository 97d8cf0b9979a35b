"""Running all days of all shops on the cores there are, with progress.

One day alone takes two cores: the twin in a process of its own, the engine in another. Several days run side by side,
each on one core. Results do not depend on it.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from madang.kernel.clock import SECOND_US
from madang.rehearsal.crowd import DAY_US, HOUR_US
from madang.rehearsal.days import day
from madang.rehearsal.deciding import decided
from madang.rehearsal.laying import Laid
from madang.rehearsal.model import Day, ShopPlan

STEP = 0.01  # progress is told in hundredths of a day


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A shop, its layout and its days."""

    shop: ShopPlan
    laid: Laid
    days: tuple[Day, ...]


Progress = Callable[[float], None]
"""Told the share of all work that is done."""

_told: Any = None


def rehearse(
    shops: Sequence[tuple[ShopPlan, Laid]], *, days: int, seed: int, jobs: int, tell: Progress
) -> list[Rehearsed]:
    """Enact every day of every shop. ``jobs`` processes at most do the work."""
    asked = [(i, number) for i in range(len(shops)) for number in range(1, days + 1)]
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    if jobs <= 1 or len(asked) == 1:
        done = {}
        for k, (i, number) in enumerate(asked):
            shop, laid = shops[i]
            inner = _share(shop, number, lambda part, k=k: tell((k + part) / len(asked)))  # type: ignore[misc]
            done[i, number] = day(shop, laid, number, seed, inner, apart=jobs > 1)
    else:
        done = _side_by_side(shops, asked, seed, jobs, tell)
    tell(1.0)
    return [
        Rehearsed(shop, laid, decided(shop, [done[i, number] for number in range(1, days + 1)]))
        for i, (shop, laid) in enumerate(shops)
    ]


def _side_by_side(
    shops: Sequence[tuple[ShopPlan, Laid]], asked: list[tuple[int, int]], seed: int, jobs: int, tell: Progress
) -> dict[tuple[int, int], Day]:
    context = multiprocessing.get_context("spawn")
    parts = context.Array("d", len(asked))
    done: dict[tuple[int, int], Day] = {}
    with ProcessPoolExecutor(min(jobs, len(asked)), context, initializer=_begin, initargs=(parts,)) as pool:
        futures = {
            pool.submit(_one, slot, *shops[i], number, seed): (i, number) for slot, (i, number) in enumerate(asked)
        }
        waiting = set(futures)
        while waiting:
            try:
                for future in as_completed(waiting, timeout=0.5):
                    done[futures[future]] = future.result()
                    waiting.discard(future)
            except TimeoutError:
                pass
            tell(sum(parts[:]) / len(asked))
    return done


def _begin(parts: Any) -> None:
    global _told
    _told = parts


def _one(slot: int, shop: ShopPlan, laid: Laid, number: int, seed: int) -> Day:
    def tell(part: float) -> None:
        _told[slot] = part

    found = day(shop, laid, number, seed, _share(shop, number, tell), apart=False)
    _told[slot] = 1.0
    return found


def _share(shop: ShopPlan, number: int, tell: Progress) -> Progress:
    """Turns the epoch second the engine has come to into the share of the day."""
    open_s = (DAY_US + (number - 1) * 24 * HOUR_US) / SECOND_US + shop.shoppers.open_h * 3600
    length_s = (shop.shoppers.close_h - shop.shoppers.open_h) * 3600
    last = 0.0

    def inner(now_s: float) -> None:
        nonlocal last
        part = min(1.0, max(0.0, (now_s - open_s) / length_s))
        if part >= last + STEP:
            last = part
            tell(part)

    return inner
