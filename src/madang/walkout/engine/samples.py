"""Samples: what gateways sent, kept until its time comes, and reduced to a median and a spread per plate.

A batch is twelve samples of one gondola (0.2 s at 60 Hz). All that is due in one call is reduced at once, by a
selection network over the rows of one array, and put in rounds; what a batch says does not depend on which others it
came with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.store import Floats, Ints, Store
from madang.walkout.engine.types import MISSING

ROWS = 12
MANY = 1_000  # plates; below this one sort is faster than the network
TOGETHER = 96  # batches reduced in one call: bounds the memory of a long wait
SAME_S = 0.05  # a batch that begins no later than this after the one before is a second delivery
Samples = NDArray[np.int32]
Bools = NDArray[np.bool_]

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


def reduce_samples(values: Samples, own: bool = False) -> tuple[Floats, Floats]:
    """Median and interquartile spread per plate, grams, of `values` int32 [n, P] decigrams; NaN where nothing was
    measured. `own`: they may be overwritten."""
    if len(values) != ROWS:
        return _reduce_any(values)
    holed = np.flatnonzero(np.minimum.reduce(values, axis=0) == MISSING)
    holes = values[:, holed] if len(holed) else values
    if values.shape[1] < MANY:
        ordered = np.sort(values, axis=0)
        q1, low, high, q3 = ordered[3], ordered[5], ordered[6], ordered[9]
    else:
        q1, low, high, q3 = _ranks(values if own else values.copy())
    median: Floats = 0.05 * (low.astype(np.float64) + high)
    spread: Floats = 0.1 * (q3.astype(np.float64) - q1)
    if len(holed):
        median[holed], spread[holed] = _reduce_any(holes)
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


class Rounds(NamedTuple):
    """What came before each of some ticks, in rounds of at most one batch of every gondola.

    `upto` [ticks] how many rounds came before each; `newest` [ticks][G] when each gondola's newest batch began by its
    clock (-inf: none came), repeats too. `t` [R][G] times, NaN: none; `median`, `spread` [R, P] grams, NaN: not
    measured; `known` [R, P] what was, `whole` [R]: everything."""

    upto: list[int]
    newest: list[list[float]]
    t: list[list[float]]
    median: Floats
    spread: Floats
    known: Bools
    whole: list[bool]


_Batch = tuple[float, int, int, Samples]
"""When it began by its clock, the gondola's row, the order of arrival, and what was measured."""


class Queue:
    """Batches by time. `columns` are the store's plate rows with those of one gondola side by side: the order of
    everything [P] here."""

    def __init__(self, store: Store) -> None:
        self.columns: Ints = np.argsort(store.plate_gondola, kind="stable")
        counts = np.bincount(store.plate_gondola, minlength=len(store.gondolas))
        self._ends = np.concatenate([[0], np.cumsum(counts)]).tolist()
        self._nothing: list[Samples] = [np.zeros((ROWS, n), np.int32) for n in counts.tolist()]
        self._waiting: list[_Batch] = []
        self._order = 0
        self._last = [-math.inf] * len(counts)
        self._before: list[Samples | None] = [None] * len(counts)
        self.repeats = [0] * len(counts)

    def push(self, t: float, gondola: int, values: Samples) -> None:
        """Keep a batch of gondola row `gondola` that begins at `t` by its clock."""
        self._order += 1
        self._waiting.append((t, gondola, self._order, values))

    def take(self, ticks: Sequence[float]) -> Rounds:
        """What begins before each of these ticks; second deliveries and repeated content are left out."""
        waiting, at = self._waiting, 0
        waiting.sort()
        rounds: list[list[_Batch]] = []
        t: list[list[float]] = []
        nothing, count = [math.nan] * len(self._last), len(waiting)
        upto: list[int] = []
        newest: list[list[float]] = []
        for tick in ticks:
            next_of = [len(rounds)] * len(self._last)
            while at < count and waiting[at][0] < tick:
                batch = waiting[at]
                at += 1
                if self._fresh(batch):
                    gondola = batch[1]
                    k = next_of[gondola]
                    if k == len(rounds):
                        rounds.append([])
                        t.append(nothing.copy())
                    rounds[k].append(batch)
                    t[k][gondola] = batch[0]
                    next_of[gondola] = k + 1
            upto.append(len(rounds))
            newest.append(self._last.copy())
        del waiting[:at]
        median, spread = self._reduced(rounds)
        known = median == median
        whole: list[bool] = np.logical_and.reduce(known, axis=1).tolist()
        return Rounds(upto, newest, t, median, spread, known, whole)

    def _reduced(self, rounds: list[list[_Batch]]) -> tuple[Floats, Floats]:
        """Median and spread of every round [R, P]. What has not come leaves its room, so that all lie side by side in
        the order of the columns."""
        every: list[Samples] = []
        unusual: list[tuple[int, int, Samples | None]] = []
        for k, batches in enumerate(rounds):
            some = self._nothing.copy()
            for _, gondola, _, values in batches:
                if len(values) == ROWS:
                    some[gondola] = values
                else:
                    unusual.append((k, gondola, values))
            if len(batches) < len(some):
                silent = set(range(len(some))) - {gondola for _, gondola, _, _ in batches}
                unusual += [(k, gondola, None) for gondola in silent]
            every += some
        median, spread = np.empty((2, len(rounds), self._ends[-1]))
        step = max(TOGETHER // len(self._last), 1)
        for k in range(0, len(rounds), step):
            part = every[k * len(self._last) : (k + step) * len(self._last)]
            m, w = reduce_samples(np.concatenate(part, axis=1), own=True)
            median[k : k + step], spread[k : k + step] = m.reshape(-1, self._ends[-1]), w.reshape(-1, self._ends[-1])
        for k, gondola, odd in unusual:
            here = slice(self._ends[gondola], self._ends[gondola + 1])
            median[k, here], spread[k, here] = (math.nan, math.nan) if odd is None else _reduce_any(odd)
        return median, spread

    def _fresh(self, batch: _Batch) -> bool:
        t, g, _, values = batch
        if t <= self._last[g] + SAME_S:
            return False
        before, self._before[g], self._last[g] = self._before[g], values, t
        if before is None or before.shape != values.shape:
            return True
        if values.size and (before[-1, 0] != values[-1, 0] or before[-1].tobytes() != values[-1].tobytes()):
            return True
        repeated = np.array_equal(before, values)
        self.repeats[g] += repeated
        return not repeated
