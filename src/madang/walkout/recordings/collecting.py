"""Python's cyclic collector and recordings: a recording is some hundred thousand objects, none of them in a cycle.

Looking through them over and over took a thirtieth of a replay and a seventh of the reading.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """What there is when this begins is not looked through until it ends."""
    mine = gc.get_freeze_count() == 0
    if mine:
        gc.freeze()
    try:
        yield
    finally:
        if mine:
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
