"""Which detection of one frame is which body, when the track ids alone do not settle it."""

from __future__ import annotations

import numpy as np

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats
from madang.walkout.engine.stride import AHEAD_S, Standing

FAR = 9.0
"""Metres that stand for "not the same body"."""


def match(t: float, named: list[int], seen: Floats, now: Standing, s: Settings) -> list[int]:
    """The row of every detection `seen` [n, 8, 4], nearest first; -1: none. `named` are the rows by track id, which
    count as so much nearer."""
    rows = [-1] * len(named)
    if not len(now.lost):
        return rows
    diff = seen[:, None, :6, :3] - now.full[None, :, :6]
    diff[..., :2] -= now.ahead(t)[None, :, None]
    gap = np.sqrt(np.einsum("ijkl,ijkl->ijk", diff, diff))
    known = gap == gap
    count = known.sum(axis=2)
    cost = np.where(count > 0, np.where(known, gap, 0.0).sum(axis=2) / np.maximum(count, 1), FAR)
    cost = np.where(cost <= s.step_m + s.walk_m_s * np.minimum(t - now.lost, AHEAD_S), cost, FAR)
    for k, row in enumerate(named):
        if row >= 0 and cost[k, row] < FAR:
            cost[k, row] -= s.same_track_m
    for k, row in _assign(cost):
        rows[k] = row
    return rows


def _assign(cost: Floats) -> list[tuple[int, int]]:
    """Cheapest pairs first; rows and columns once each; `FAR` is no pair."""
    pairs = []
    rows: set[int] = set()
    cols: set[int] = set()
    for flat in np.argsort(cost, axis=None, kind="stable"):
        k, j = divmod(int(flat), cost.shape[1])
        if cost[k, j] >= FAR - 1.0:
            break
        if k not in rows and j not in cols:
            rows.add(k)
            cols.add(j)
            pairs.append((k, j))
    return pairs
