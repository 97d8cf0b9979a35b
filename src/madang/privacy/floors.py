"""Counts of people that may be shown: none below ``K``, and above it in steps of ``K``. Pure.

A count of four says who somebody is to whoever knows the other three; a count that moves by one with a purchase says
that this person bought. Steps hide both (k-anonymity, k = 5, with rounding down).
"""

from __future__ import annotations

K = 5


def floored(count: int, k: int = K) -> int:
    """The count rounded down to a multiple of ``k``: 0 where fewer than ``k`` are counted."""
    assert k > 0
    assert count >= 0
    return count - count % k
