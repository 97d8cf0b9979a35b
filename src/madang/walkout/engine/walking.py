"""Walking: what a stride's frames say of where everybody goes, and of the joints they do not show.

The speed, and the joints carried along with it, must go step by step; everything else is done for all frames at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.store import Floats

if TYPE_CHECKING:
    from madang.walkout.engine.stride import Stride

FASTEST_M_S = 2.5
"""A body's speed is never believed to be greater, along either axis."""
ALL_FOUR, ALL_EIGHT = np.uint32(0x01010101), np.uint64(0x0101010101010101)
"""So many truths side by side, read as one number."""
Bools = NDArray[np.bool_]


def seen_joints(joints: Floats) -> Bools:
    """Which joints [..., 8] of `joints` [..., 8, 4] are seen, in one piece in memory as those are."""
    seen = joints == joints
    seen[..., 3] = True
    out: Bools = (seen.view(np.uint32) == ALL_FOUR)[..., 0]
    return out


def seen_heads(known: Bools) -> Bools:
    """Whose head and shoulders are all seen [...]."""
    out: Bools = known.view(np.uint32)[..., 0] == ALL_FOUR
    return out


def follow(out: Stride, known: Bools, heads: Bools) -> None:
    """Fill in the states: a joint unseen goes with its body, and a body's speed is what it walked, smoothed. Whoever is
    seen whole is followed with all others, the few joints that are hidden one by one."""
    xy, speed, there = out.xy, out.speed, out.there
    out.full[1:] = out.joints[..., :3]
    np.multiply(sum_of_four(out.joints[..., :2]), 0.25, out=xy[1:])
    gone = np.maximum(out.lost[1:] - out.lost[:-1], 0.0)
    push = _pushed(xy[1:] - xy[:-1], twice(np.maximum(gone, 0.05)))
    part = by_frame(known.view(np.uint64)[..., 0] != ALL_EIGHT)
    before: list[int] = []
    for k, (now, then, pushed) in enumerate(zip(speed, speed[1:], push, strict=False)):
        some = part.get(k)
        if some is None and not before:
            np.multiply(now, 0.6, then)
            np.add(then, pushed, then)
            continue
        absent: list[int] = []
        placed: list[int] = []
        for n in some or ():
            if there is not None and not there[k, n]:
                out.full[k + 1, n], xy[k + 1, n] = out.full[k, n], xy[k, n]
                absent.append(n)
            else:
                _carry(out, k, n, known[k, n].tolist(), gone.item(k, n))
                if heads[k, n]:
                    continue
                xy[k + 1, n] = _middle(out.full[k + 1, n, :4, :2].tolist())
            placed.append(n)
        for n in {*before, *placed}:
            pushed[n] = _push(xy[k, n].tolist(), xy[k + 1, n].tolist(), max(gone.item(k, n), 0.05))
        np.multiply(now, 0.6, then)
        np.add(then, pushed, then)
        for n in absent:
            then[n] = now[n]
        before = placed


def _carry(out: Stride, k: int, n: int, known: list[bool], gone: float) -> None:
    """The joints of person `n` that frame `k` does not show go with the body."""
    was, now = out.full[k, n], out.full[k + 1, n]
    x, y = out.speed[k, n].tolist()
    for j, seen in enumerate(known):
        if not seen:
            a, b, c = was[j].tolist()
            now[j] = a + x * gone, b + y * gone, c


def _middle(four: list[list[float]]) -> tuple[float, float]:
    """The mean of four places, added one after the other."""
    (a, b), (c, d), (e, f), (g, h) = four
    return 0.25 * (a + c + e + g), 0.25 * (b + d + f + h)


def by_frame(some: Bools) -> dict[int, list[int]]:
    """The frames and people of which it is true."""
    out: dict[int, list[int]] = {}
    for k, n in zip(*[x.tolist() for x in some.nonzero()], strict=True):
        out.setdefault(k, []).append(n)
    return out


def sum_of_four(joints: Floats) -> Floats:
    """The sum of the first four joints [..., 2] of `joints` [..., 8, 2], one after the other."""
    out: Floats = joints[..., 0, :] + joints[..., 1, :]
    out += joints[..., 2, :]
    out += joints[..., 3, :]
    return out


def twice(x: Floats) -> Floats:
    """The same [..., 2] for both axes."""
    out = np.empty((*x.shape, 2))
    out[..., 0] = x
    out[..., 1] = x
    return out


def _pushed(way: Floats, dt: Floats) -> Floats:
    """What steps of so many metres [..., 2] in `dt` [..., 2] seconds add to the smoothed speed; overwrites `way`."""
    way /= dt
    np.minimum(np.maximum(way, -FASTEST_M_S, out=way), FASTEST_M_S, out=way)
    way *= 0.4
    return way


def _push(a: list[float], b: list[float], dt: float) -> list[float]:
    """The same of one step."""
    out = []
    for before, after in zip(a, b, strict=True):
        v = (after - before) / dt
        out.append(0.4 * (-FASTEST_M_S if v < -FASTEST_M_S else FASTEST_M_S if v > FASTEST_M_S else v))
    return out
