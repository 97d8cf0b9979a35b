"""Randomness by name: the same seed and key always give the same numbers, whatever was drawn elsewhere.

That is what makes the twin's streams independent of chunking and lets them start anywhere: no generator's state is
carried from one block of time, person or sensor to the next.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np


def keyed(seed: int, *key: int | str) -> np.random.Generator:
    """A generator for one purpose; texts in ``key`` are hashed (CRC-32), integers must not be negative."""
    words = [crc32(part.encode()) if isinstance(part, str) else part for part in key]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, *words])))


def lognormal(rng: np.random.Generator, median: float, p95: float) -> float:
    """A draw from the lognormal law with this median and 95th percentile."""
    return float(median * np.exp(np.log(p95 / median) / 1.6449 * rng.standard_normal()))
