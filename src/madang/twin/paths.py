"""Ways through the shop: shortest paths round the gondolas (a visibility graph, solved once per shop).

People keep ``BODY_M`` away from gondolas where they walk; they stand closer than that when they reach into one, so a
way's two ends may lie inside the margin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madang.twin.geometry import Geometry

Floats = NDArray[np.float64]
BODY_M = 0.28  # half of shoulder breadth plus a little: 0.259 x 1.7 m / 2 (Winter, Biomechanics, 2009) and clothing
SKIN_M = 0.05  # nobody walks through this margin even at a way's ends


class Ways:
    """Paths between any two floor points of a shop."""

    def __init__(self, geometry: Geometry) -> None:
        boxes = np.array([[g.box[0], g.box[1], g.box[3], g.box[4]] for g in geometry.gondolas])
        self._blocks = _merged(boxes) + np.array([-SKIN_M, -SKIN_M, SKIN_M, SKIN_M])
        x0, y0, x1, y1 = (_merged(boxes) + np.array([-BODY_M, -BODY_M, BODY_M, BODY_M])).T
        corners = np.concatenate([np.stack(c, axis=1) for c in ((x0, y0), (x0, y1), (x1, y0), (x1, y1))])
        inside = np.all((corners > geometry.low - 0.01) & (corners < geometry.high + 0.01), axis=1)
        self._nodes = corners[inside & ~_covered(corners, self._blocks)]
        self._far, self._next = _all_pairs(self._nodes, self._blocks)

    def path(self, start: Floats, goal: Floats) -> Floats:
        """Corner points [n, 2] of a short way from ``start`` to ``goal`` (straight where nothing stands between)."""
        if not len(self._nodes) or not _blocked(start[None], goal[None], self._blocks)[0]:
            return np.stack([start, goal])
        n = len(self._nodes)
        from_start = ~_blocked(np.broadcast_to(start, (n, 2)), self._nodes, self._blocks)
        to_goal = ~_blocked(self._nodes, np.broadcast_to(goal, (n, 2)), self._blocks)
        out = np.where(from_start, np.linalg.norm(self._nodes - start, axis=1), np.inf)
        home = np.where(to_goal, np.linalg.norm(self._nodes - goal, axis=1), np.inf)
        total = out[:, None] + self._far + home[None, :]
        i, j = divmod(int(np.argmin(total)), n)
        if not np.isfinite(total[i, j]):
            return np.stack([start, goal])
        corners = [start, self._nodes[i]]
        while i != j:
            i = int(self._next[i, j])
            corners.append(self._nodes[i])
        return np.stack([*corners, goal])


def _merged(boxes: Floats) -> Floats:
    """Boxes that touch side by side or back to back become one, so that nobody slips between them."""
    rest = [tuple(float(v) for v in box) for box in boxes]
    changed = True
    while changed:
        changed = False
        for i in range(len(rest)):
            for j in range(i + 1, len(rest)):
                a, b = rest[i], rest[j]
                both = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
                areas = [(r[2] - r[0]) * (r[3] - r[1]) for r in (a, b, both)]
                if abs(areas[0] + areas[1] - areas[2]) < 1e-3:
                    rest = [r for k, r in enumerate(rest) if k not in (i, j)] + [both]
                    changed = True
                    break
            if changed:
                break
    return np.array(rest)


def _covered(points: Floats, blocks: Floats) -> NDArray[np.bool_]:
    x, y = points[:, None, 0], points[:, None, 1]
    inside = (x > blocks[:, 0]) & (x < blocks[:, 2]) & (y > blocks[:, 1]) & (y < blocks[:, 3])
    return np.asarray(inside.any(axis=1))


def _blocked(a: Floats, b: Floats, blocks: Floats) -> NDArray[np.bool_]:
    """For each segment a[i]..b[i]: does it pass through any block (slab method)?"""
    step = (b - a)[:, None, :]
    safe = np.where(np.abs(step) < 1e-9, 1e-9, step)
    t1 = (blocks[None, :, :2] - a[:, None, :]) / safe
    t2 = (blocks[None, :, 2:] - a[:, None, :]) / safe
    enter = np.minimum(t1, t2).max(axis=2)
    leave = np.maximum(t1, t2).min(axis=2)
    hit = (enter < leave - 1e-6) & (leave > 1e-6) & (enter < 1 - 1e-6)
    return np.asarray(hit.any(axis=1))


def _all_pairs(nodes: Floats, blocks: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Floyd and Warshall over the visible pairs: distances, and the next node on the way."""
    n = len(nodes)
    if not n:
        return np.zeros((0, 0)), np.zeros((0, 0), dtype=np.int64)
    a, b = np.repeat(nodes, n, axis=0), np.tile(nodes, (n, 1))
    seen = ~_blocked(a, b, blocks).reshape(n, n)
    far = np.where(seen, np.linalg.norm(a - b, axis=1).reshape(n, n), np.inf)
    np.fill_diagonal(far, 0.0)
    follow = np.broadcast_to(np.arange(n), (n, n)).copy()
    for k in range(n):
        through = far[:, k, None] + far[None, k, :]
        better = through < far - 1e-12
        far = np.where(better, through, far)
        follow = np.where(better, follow[:, k, None], follow)
    return far, follow
