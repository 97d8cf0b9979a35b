"""Python's cyclic collector and recordings: a recording is some hundred thousand objects, none of them in a cycle.

Looking through them over and over took a thirtieth of a replay and a seventh of the reading. The engine hardly makes
cycles either, so what it makes is looked through seldom.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from madang.kernel.cycles import SELDOM


@contextmanager
def lasting() -> Iterator[None]:
    """What there is when this begins is not looked through until it ends, and what comes seldom."""
    mine = gc.get_freeze_count() == 0
    before = gc.get_threshold()
    if mine:
        gc.freeze()
        gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        if mine:
            gc.set_threshold(*before)
            gc.unfreeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected meanwhile: what is built stays."""
    mine = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if mine:
            gc.enable()
