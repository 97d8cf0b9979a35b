"""Giving back along the original legs. Pure.

Every refund is shared over what is left of each leg by largest remainder: no leg gives more than it has left, the parts
add up to the won, and once all is given back every leg has given all of its own. A fee that is kept is paid by the
seller in its place, who so gives back more than their share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from madang.kernel import allocate


def parts(amount_krw: int, left: Sequence[int]) -> list[int]:
    """``amount_krw`` taken from legs that have ``left``; the caller has seen that they have it."""
    assert 0 <= amount_krw <= sum(left), (amount_krw, left)
    return allocate(amount_krw, left) if amount_krw else [0] * len(left)


def over_lines(amount_krw: int, left: Mapping[int, int]) -> dict[int, int]:
    """A refund of a sum shared over lines by what is left of each."""
    numbers = sorted(number for number, krw in left.items() if krw)
    return dict(zip(numbers, parts(amount_krw, [left[n] for n in numbers]), strict=True)) if numbers else {}
