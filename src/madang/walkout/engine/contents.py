"""Contents: what people hold together, by product, over all hypotheses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from madang.walkout.engine.states import EMPTY, Beam

Content = dict[str, tuple[int, float]]
"""{product: (quantity, grams)}."""


def contents(beam: Beam, bodies: Sequence[int]) -> list[tuple[float, Content]]:
    """What these bodies of one beam hold together, likeliest first."""
    found: dict[tuple[tuple[str, int], ...], tuple[float, Content]] = {}
    for state in beam.states:
        cart: Content = {}
        for b in bodies:
            for h in state.carts.get(b, EMPTY).units:
                n, g = cart.get(h.product, (0, 0.0))
                cart[h.product] = (n + 1, g + h.grams)
        key = tuple(sorted([(p, n) for p, (n, _) in cart.items()]))
        before = found.get(key)
        weight = math.exp(state.logw)
        found[key] = (weight, cart) if before is None else (before[0] + weight, before[1])
    return sorted(found.values(), key=_order)


def _order(option: tuple[float, Content]) -> tuple[float, list[str]]:
    return -option[0], sorted(option[1])


def sums(ones: Sequence[tuple[float, Content]], others: Sequence[tuple[float, Content]]) -> list[tuple[float, Content]]:
    """The sums of two independent contents, likeliest first."""
    found: dict[tuple[tuple[str, int], ...], tuple[float, Content]] = {}
    for p, a in ones:
        for q, b in others:
            both = dict(a)
            for k, (n, g) in b.items():
                m, h = both.get(k, (0, 0.0))
                both[k] = (m + n, h + g)
            key = tuple(sorted([(k, n) for k, (n, _) in both.items()]))
            known = found.get(key)
            found[key] = (p * q + (known[0] if known else 0.0), known[1] if known else both)
    return sorted(found.values(), key=_order)


def needed(times: Mapping[int, float], beams: Iterable[Beam], recent_s: float) -> dict[int, float]:
    """Of the times of all changes, those that anything somebody holds, or that lies about, came with, and those of the
    last seconds."""
    states = [state for beam in beams for state in beam.states]
    held = {h.shift for state in states for cart in state.carts.values() for h in cart.units}
    held |= {x.shift for state in states for x in state.lying}
    since = max(times.values(), default=0.0) - recent_s
    return {shift: t for shift, t in times.items() if shift in held or t > since}
