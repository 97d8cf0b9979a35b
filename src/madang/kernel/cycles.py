"""Python's cyclic collector in a program that has started: what stays is passed over, what comes is seldom looked
through. It stops every thread while it looks: a tenth of a second for the modules and tables of a server."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (20_000, 10, 10)
"""So many new objects (and so often, again) before Python looks for cycles among them."""


@contextmanager
def seldom() -> Iterator[None]:
    """While a command runs: what it loads stays, and to look through it again and again takes a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def settled() -> Iterator[None]:
    """From here to the end."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
