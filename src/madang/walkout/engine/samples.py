"""Samples: what gateways sent, kept until its time comes, and reduced to a median and a spread per plate.

A batch is twelve samples of one gondola (0.2 s at 60 Hz). All that is due in one call is reduced at once, by a
selection network over the rows of one array; what a batch says does not depend on which others it came with.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.store import Floats, Ints, Store
from madang.walkout.engine.types import MISSING

ROWS = 12
BATCH_S = 0.2
MANY = 1_000  # plates; below this one sort is faster than the network
TOGETHER = 96  # batches reduced in one call: bounds the memory of a long wait
SAME_S = 0.05  # a batch that begins no later than this after the one before is a second delivery
Samples = NDArray[np.int32]

_SORT_12 = (
    ((0, 8), (1, 7), (2, 6), (3, 11), (4, 10), (5, 9)),
    ((0, 1), (2, 5), (3, 4), (6, 9), (7, 8), (10, 11)),
    ((0, 2), (1, 6), (5, 10), (9, 11)),
    ((0, 3), (1, 2), (4, 6), (5, 7), (8, 11), (9, 10)),
    ((1, 4), (3, 5), (6, 8), (7, 10)),
    ((1, 3), (2, 5), (6, 9), (8, 10)),
    ((2, 3), (4, 5), (6, 7), (8, 9)),
    ((4, 6), (5, 7)),
    ((3, 4), (5, 6), (7, 8)),
)
"""The shortest known sorting network of twelve (39 comparators; Bert Dobbelaere's list)."""


def _needed(wanted: Sequence[int]) -> list[tuple[int, int, bool, bool]]:
    """The network's comparators that rows `wanted` depend on: (a, b, is the smaller one needed, the larger one)."""
    rows, out = set(wanted), []
    for a, b in reversed([pair for layer in _SORT_12 for pair in layer]):
        if a in rows or b in rows:
            out.append((a, b, a in rows, b in rows))
            rows |= {a, b}
    return out[::-1]


_COMPARATORS = _needed((3, 5, 6, 9))


def _ranks(values: Samples) -> tuple[Samples, Samples, Samples, Samples]:
    """The 4th, 6th, 7th and 10th smallest of twelve rows [12, n]; `values` is overwritten."""
    rows, spare = list(values), np.empty_like(values[0])
    for a, b, low, high in _COMPARATORS:
        x, y = rows[a], rows[b]
        if low and high:
            np.minimum(x, y, out=spare)
            np.maximum(x, y, out=y)
            rows[a], spare = spare, x
        elif low:
            np.minimum(x, y, out=x)
        else:
            np.maximum(x, y, out=y)
    return rows[3], rows[5], rows[6], rows[9]


def reduce_samples(values: Samples) -> tuple[Floats, Floats]:
    """Median and interquartile spread per plate, grams, of `values` int32 [n, P] decigrams; NaN where nothing was
    measured."""
    if len(values) != ROWS:
        return _reduce_any(values)
    holed = np.flatnonzero(np.minimum.reduce(values, axis=0) == MISSING)
    if values.shape[1] < MANY:
        ordered = np.sort(values, axis=0)
        q1, low, high, q3 = ordered[3], ordered[5], ordered[6], ordered[9]
    else:
        q1, low, high, q3 = _ranks(values.copy())
    median: Floats = 0.05 * (low.astype(np.float64) + high)
    spread: Floats = 0.1 * (q3.astype(np.float64) - q1)
    if len(holed):
        median[holed], spread[holed] = _reduce_any(values[:, holed])
    return median, spread


def _reduce_any(values: Samples) -> tuple[Floats, Floats]:
    """The same for any number of samples, some of them missing; fewer than three say nothing."""
    ordered = np.sort(values, axis=0)
    n, cols = len(ordered), np.arange(ordered.shape[1])
    seen = (ordered != MISSING).sum(axis=0)
    low = n - seen

    def at(k: Ints) -> Floats:
        picked: Floats = ordered[np.minimum(low + k, n - 1), cols].astype(np.float64)
        return picked

    median = 0.05 * (at((np.maximum(seen, 1) - 1) // 2) + at(seen // 2))
    spread = 0.1 * (at((3 * seen) // 4) - at(seen // 4))
    median[seen < 3] = np.nan
    spread[seen < 3] = np.nan
    return median, spread


@dataclass(slots=True)
class Round:
    """At most one batch of every gondola. `t` [G] times by each one's clock, NaN: none; `median`, `spread` [P] grams,
    NaN: not measured; `whole`: every gondola is in it."""

    t: Floats
    median: Floats
    spread: Floats
    whole: bool


@dataclass(slots=True)
class _Batch:
    """`row`: the medians and spreads [P] of the round that it makes up with those of all other gondolas after it, if
    it is the first of such a round."""

    t: float
    gondola: int
    values: Samples
    median: Floats
    spread: Floats
    row: tuple[Floats, Floats] | None = None


class Queue:
    """Batches by time. `columns` are the store's plate rows with those of one gondola side by side: the order of
    everything [P] here."""

    def __init__(self, store: Store) -> None:
        self.columns: Ints = np.argsort(store.plate_gondola, kind="stable")
        counts = np.bincount(store.plate_gondola, minlength=len(store.gondolas))
        self._ends = np.concatenate([[0], np.cumsum(counts)]).tolist()
        self._heap: list[tuple[float, int, int, Samples]] = []
        self._due: list[_Batch] = []
        self._at = 0
        self._order = 0
        self._last = [-np.inf] * len(counts)
        self._before: list[Samples | None] = [None] * len(counts)
        self.repeats = [0] * len(counts)

    def push(self, t: float, gondola: int, values: Samples) -> None:
        """Keep a batch of gondola row `gondola` that begins at `t` by its clock."""
        self._order += 1
        heapq.heappush(self._heap, (t, gondola, self._order, values))

    def prepare(self, until: float) -> None:
        """Reduce everything that begins before `until`."""
        batches = []
        while self._heap and self._heap[0][0] < until:
            t, gondola, _, values = heapq.heappop(self._heap)
            batches.append((t, gondola, values))
        if self._at:
            del self._due[: self._at]
            self._at = 0
        for k in range(0, len(batches), TOGETHER):
            self._reduce(batches[k : k + TOGETHER])

    def _reduce(self, batches: list[tuple[float, int, Samples]]) -> None:
        parts: list[slice] = [slice(0)] * len(batches)
        rows: dict[int, slice] = {}
        at, usual = 0, []
        for together in self._together(batches):
            begin = at
            for k in together:
                usual.append(batches[k][2])
                parts[k] = slice(at, at := at + batches[k][2].shape[1])
            if len(together) == len(self._last):
                rows[min(together)] = slice(begin, at)
        if usual:
            median, spread = reduce_samples(np.concatenate(usual, axis=1) if len(usual) > 1 else usual[0])
        for k, (t, gondola, values) in enumerate(batches):
            if len(values) == ROWS:
                row = (median[rows[k]], spread[rows[k]]) if k in rows else None
                self._due.append(_Batch(t, gondola, values, median[parts[k]], spread[parts[k]], row))
            else:
                self._due.append(_Batch(t, gondola, values, *_reduce_any(values)))

    def _together(self, batches: list[tuple[float, int, Samples]]) -> list[list[int]]:
        """The batches that are whole, one by one, or those of a tick in the order of the columns where every gondola
        has one: most likely they make up a round."""
        n, k, out = len(self._last), 0, []
        while k < len(batches):
            some = range(k, min(k + n, len(batches)))
            tick = int(batches[k][0] / BATCH_S)
            if (
                len({batches[j][1] for j in some}) == n
                and int(batches[some[-1]][0] / BATCH_S) == tick
                and all(len(batches[j][2]) == ROWS for j in some)
            ):
                out.append(sorted(some, key=lambda j: batches[j][1]))
                k += n
            else:
                if len(batches[k][2]) == ROWS:
                    out.append([k])
                k += 1
        return out

    def take(self, now: float) -> list[Round]:
        """What begins before `now`, in rounds; second deliveries and repeated content are left out."""
        due, n = self._due, len(self._last)
        first = self._at
        end = first
        while end < len(due) and due[end].t < now:
            end += 1
        if end == first:
            return []
        self._at = end
        fresh = [batch for batch in due[first:end] if self._fresh(batch)]
        row = due[first].row
        if row is not None and len(fresh) == n == end - first:
            t = np.empty(n)
            for batch in fresh:
                t[batch.gondola] = batch.t
            return [Round(t, row[0], row[1], True)]
        rounds: list[list[_Batch]] = []
        depth = [0] * n
        for batch in fresh:
            if depth[batch.gondola] == len(rounds):
                rounds.append([])
            rounds[depth[batch.gondola]].append(batch)
            depth[batch.gondola] += 1
        return [self._round(batches) for batches in rounds]

    def _fresh(self, batch: _Batch) -> bool:
        g, values = batch.gondola, batch.values
        if batch.t <= self._last[g] + SAME_S:
            return False
        before, self._before[g], self._last[g] = self._before[g], values, batch.t
        if before is None or before.shape != values.shape:
            return True
        if values.size and (before[-1, 0] != values[-1, 0] or before[-1].tobytes() != values[-1].tobytes()):
            return True
        repeated = np.array_equal(before, values)
        self.repeats[g] += repeated
        return not repeated

    def _round(self, batches: list[_Batch]) -> Round:
        whole = len(batches) == len(self._last)
        t = np.full(len(self._last), np.nan)
        median, spread = np.empty(self._ends[-1]), np.empty(self._ends[-1])
        if not whole:
            median.fill(np.nan)
            spread.fill(np.nan)
        for batch in batches:
            part = slice(self._ends[batch.gondola], self._ends[batch.gondola + 1])
            t[batch.gondola], median[part], spread[part] = batch.t, batch.median, batch.spread
        return Round(t, median, spread, whole)

    def times(self) -> list[float]:
        """When the newest batch of every gondola began, by its clock (-inf: none came)."""
        return self._last
