"""Walking: what a stride's frames say of where everybody goes, and of the joints they do not show.

The speed, and the joints carried along with it, must go step by step; everything else is done for all frames at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.store import Floats

if TYPE_CHECKING:
    from madang.walkout.engine.stride import Stride

FASTEST_M_S = 2.5
"""A body's speed is never believed to be greater, along either axis."""
KEPT: Floats = np.array(0.6)
"""So much of the speed before is in the smoothed speed (an array: numpy takes that more quickly than a number)."""
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
    xy, there = out.xy, out.there
    out.full[1:] = out.joints[..., :3]
    np.multiply(sum_of_four(out.joints[..., :2]), 0.25, out=xy[1:])
    apart = np.maximum(out.lost[1:] - out.lost[:-1], 0.0)
    push = _pushed(xy[1:] - xy[:-1], twice(np.maximum(apart, 0.05))).reshape(len(xy) - 1, -1)
    part = by_frame(known)
    full: Any = out.full.data
    place: Any = xy.data
    gone: Any = apart.data
    speed = out.speed.reshape(len(xy), -1)
    v: Any = speed.data
    more: Any = push.data
    before: list[int] = []
    for k, (now, then, pushed) in enumerate(zip(speed, speed[1:], push, strict=False)):
        some = part.get(k)
        absent: list[int] = []
        if some is not None or before:
            placed: list[int] = []
            for n, seen in some or ():
                if there is not None and not there[k, n]:
                    out.full[k + 1, n], xy[k + 1, n] = out.full[k, n], xy[k, n]
                    absent.append(n)
                else:
                    _carry(full, k, n, seen, v[k, 2 * n], v[k, 2 * n + 1], gone[k, n])
                    if heads[k, n]:
                        continue
                    place[k + 1, n, 0], place[k + 1, n, 1] = _middle(full, k + 1, n)
                placed.append(n)
            for n in {*before, *placed}:
                more[k, 2 * n], more[k, 2 * n + 1] = _push(place, k, n, max(gone[k, n], 0.05))
            before = placed
        np.multiply(now, KEPT, then)
        np.add(then, pushed, then)
        for n in absent:
            then[2 * n : 2 * n + 2] = now[2 * n : 2 * n + 2]


def _carry(full: Any, k: int, n: int, known: list[bool], x: float, y: float, gone: float) -> None:
    """The joints of person `n`, who walks at `x`, `y`, that frame `k` does not show go with the body."""
    for j, seen in enumerate(known):
        if not seen:
            full[k + 1, n, j, 0] = full[k, n, j, 0] + x * gone
            full[k + 1, n, j, 1] = full[k, n, j, 1] + y * gone
            full[k + 1, n, j, 2] = full[k, n, j, 2]


def _middle(full: Any, k: int, n: int) -> list[float]:
    """The mean of the first four joints' places, added one after the other."""
    return [
        0.25 * (full[k, n, 0, axis] + full[k, n, 1, axis] + full[k, n, 2, axis] + full[k, n, 3, axis])
        for axis in (0, 1)
    ]


def by_frame(known: Bools) -> dict[int, list[tuple[int, list[bool]]]]:
    """By frame: the people of whom not all joints are known, and which are."""
    some = (known.view(np.uint64)[..., 0] != ALL_EIGHT).nonzero()
    out: dict[int, list[tuple[int, list[bool]]]] = {}
    if len(some[0]):
        for k, n, seen in zip(*[x.tolist() for x in some], known[some].tolist(), strict=True):
            out.setdefault(k, []).append((n, seen))
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


def _push(place: Any, k: int, n: int, dt: float) -> list[float]:
    """The same of one step: of person `n` from state `k` to the next."""
    out = []
    for axis in (0, 1):
        v = (place[k + 1, n, axis] - place[k, n, axis]) / dt
        out.append(0.4 * (-FASTEST_M_S if v < -FASTEST_M_S else FASTEST_M_S if v > FASTEST_M_S else v))
    return out
