"""Stairs: several movements that the plates told as one, because they did not come to rest in between.

Two people who take from one facing within a second or two leave a plate that only rests after the second. Between
them it stood at a level of its own for a moment, shaken by the next hand. Where a change is a staircase whose every
step is explained by goods of its place, it is told as its steps, each with its own time and so with its own hand.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.history import middle
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import BATCH_S, MAD, Return
from madang.walkout.engine.store import Floats

FEWEST = 5
"""A course of fewer batches shows no level in between."""
MANY_SHARE = 0.08
"""So many of a kind weigh together what they should within this share (catalogue weights are wrong by some of it)."""
MOST_STEPS = 4
"""More of a kind are not looked for one by one."""
ROUNDING_G = 1e-6
"""Sums of loads in another order differ by less."""


class _Move(NamedTuple):
    """A plate's level changed by `delta` grams at `t`; `sd`: how shaken the levels before and after it were."""

    t: float
    plate: int
    delta: float
    sd: float = 0.0


class _Rise(NamedTuple):
    """One step of a course: its height, before the how-manieth batch, and how shaken the levels beside it were."""

    height: float
    at: int
    sd: float


class Stairs:
    """Takes changes apart."""

    def __init__(
        self,
        settings: Settings,
        plates: Plates,
        interactions: Interactions,
        units: Callable[[int], list[tuple[float, float]]],
    ) -> None:
        """`units`: what one of the goods of a plate weighs and the spread of that, grams."""
        self.s = settings
        self._units = units
        self._plates = plates
        self._interactions = interactions
        self._least = max(2, round(settings.stair_s / BATCH_S) - 1)
        """So many batches a level in between stands at least."""

    def steps(self, shift: Shift, explained: Callable[[Shift], bool], single: Callable[[Shift], bool]) -> list[Shift]:
        """The change as its steps in time; the change itself where it is no staircase. One that a `single` thing
        explains is one only if its levels are as exact as if they had rested."""
        if shift.t1 - shift.t0 < self.s.stair_s:
            return [shift]
        loads = zip(shift.plates, shift.deltas.tolist(), strict=True)
        counts = self._counts(shift)
        moves = sorted(m for q, d in loads for m in self._of(q, d, shift, counts))
        runs: list[list[_Move]] = []
        for m in moves:
            if runs and m.t - runs[-1][-1].t < (self._least - 0.5) * BATCH_S:
                runs[-1].append(m)
            else:
                runs.append([m])
        if len(runs) < 2:
            return [shift]
        parts = [self._shift(shift, run) for run in runs]
        if not single(shift):
            parts = self._counted_out(shift, parts)
        elif shift.sd > self.s.stair_share * min(abs(p.total) for p in parts):
            return [shift]  # any step of it would be explained
        else:
            parts = [replace(p, sd=shift.sd) for p in parts]
        if any(p.total * shift.total < 0 or abs(p.total) < 2 * self.s.step_g or not explained(p) for p in parts):
            return [shift]
        return [parts[0], *(replace(p, id=self._interactions.number()) for p in parts[1:])]

    def _counted_out(self, whole: Shift, parts: list[Shift]) -> list[Shift]:
        """Where the whole is so many of one kind, and every step some of them, a step weighs its share of the whole as
        far as the level in between was more shaken than units of the kind differ."""
        if whole.total > 0:
            return parts  # what is put down has been weighed one by one
        for w, u in sorted({x for q in whole.plates for x in self._units(q)}):
            n = round(-whole.total / w)
            if n < 2 or abs(whole.total + n * w) > MANY_SHARE * n * w:
                continue
            some = [round(n * p.total / whole.total) for p in parts]
            if min(some) < 1 or sum(some) != n:
                continue
            shares = [whole.total * k / n for k in some]
            if all(abs(p.total - x) < self.s.fit_sigmas * p.sd for p, x in zip(parts, shares, strict=True)):
                return [_weighed(p, x, math.sqrt(k) * u) for p, x, k in zip(parts, shares, some, strict=True)]
        return parts

    def _counts(self, shift: Shift) -> list[int]:
        """How many of one kind the whole may be, two to `MOST_STEPS`: goods that stand on several plates leave the
        same share of each on all of them."""
        if len(shift.plates) < 2:
            return []
        found = set()
        for w in set.intersection(*({x for x, _ in self._units(q)} for q in shift.plates)):
            n = round(abs(shift.total) / w)
            if 2 <= n <= MOST_STEPS and abs(abs(shift.total) - n * w) < MANY_SHARE * n * w:
                found.add(n)
        return sorted(found)

    def _of(self, plate: int, delta: float, shift: Shift, counts: Sequence[int] = ()) -> list[_Move]:
        """The moves of one plate: one, or several where levels in between explain its course much better."""
        part = next((p for p in shift.parts if p.plate == plate and p.before), None)
        since = shift.t0 if part is None else part.t0  # it may have rested, and changed, while another moved
        t, m = self._plates.course(plate, since - 2 * BATCH_S, shift.t1)
        if len(m) < FEWEST:
            return [_Move(shift.t, plate, delta)]
        sign = float(np.sign(delta))
        y = sign * (m - (self._plates.level_before(plate, since) if part is None else part.before))
        units = [w for w, _ in self._units(plate)] + [abs(delta) / n for n in counts]
        return [_Move(self._time(t, r.at), plate, sign * r.height, r.sd) for r in self._climbed(units, y, abs(delta))]

    def _climbed(
        self, units: Sequence[float], y: Floats, whole: float, at: int | None = None, most: int = 2
    ) -> list[_Rise]:
        """The steps by which a course went from 0 to `whole`; one of them before batch `at`, where it has none in
        between. Its parts are looked at again, up to `most` times."""
        down, up = summed(np.abs(y)), summed(np.abs(y - whole))
        once = down + (up[-1] - up)
        k = int(np.argmin(once))
        cut = self._cut(units, y, whole, (down, up), float(once[k])) if most and len(y) >= FEWEST else None
        if cut is None:
            return [_Rise(whole, k if at is None else at, 0.0)]
        i, j, level = cut
        sd = MAD * middle(np.abs(y[i:j] - level).tolist())
        below = self._climbed(units, y[:j], level, i, most - 1)
        above = self._climbed(units, y[i:] - level, whole - level, j - i, most - 1)
        below[-1] = below[-1]._replace(sd=math.hypot(below[-1].sd, sd))
        above[0] = above[0]._replace(sd=math.hypot(above[0].sd, sd))
        return [*below, *(r._replace(at=r.at + i) for r in above)]

    def _cut(
        self, units: Sequence[float], y: Floats, whole: float, sums: tuple[Floats, Floats], once: float
    ) -> tuple[int, int, float] | None:
        """From where to where the course stood at a level in between, and at which."""
        least = self._least
        best, cut = stood(y, sums, least, once, 1e-9, (0.0, whole))
        if cut is not None:
            spread = middle(np.abs(y[cut[0] : cut[1]] - cut[2]).tolist())
            if spread > self.s.stair_share * min(cut[2], whole - cut[2]) or best > 0.6 * once:
                cut = None
        return cut if cut is not None else self._counted(units, y, whole, sums, once, least)

    def _counted(
        self, units: Sequence[float], y: Floats, whole: float, sums: tuple[Floats, Floats], once: float, least: int
    ) -> tuple[int, int, float] | None:
        """A level that is too shaken to show by itself, but is where it must be when the units went one by one."""
        down, up = sums
        best, cut = 0.8 * once, None
        levels = set()
        for w in units:
            n = round(whole / w)
            if 2 <= n <= MOST_STEPS and abs(whole - n * w) < MANY_SHARE * whole:
                levels |= {whole * k / n for k in range(1, n)}
        for level in sorted(levels):
            off = summed(np.abs(y - level))
            for i in range(1, len(y) - least):
                costs = down[i] + off[i + least : len(y)] - off[i] + up[-1] - up[i + least : len(y)]
                j = int(costs.argmin())
                if costs[j] < best:
                    best, cut = float(costs[j]), (i, i + least + j, level)
        return cut

    def passed(self, gone: Return, explained: Callable[[Shift], bool]) -> list[Shift]:
        """A plate that came back to its level may have got something from one hand and lost it to the next (or the
        other way round): both movements, where it stood still in between at a level that goods explain."""
        t, m = self._plates.course(gone.plate, gone.t0 - 2 * BATCH_S, gone.t1)
        least = self._least
        if len(m) < least + 3:
            return []
        y = m - self._plates.level_before(gone.plate, gone.t0)
        off = summed(np.abs(y))
        _, cut = stood(y, (off, off), least, 0.5 * float(off[-1]), 0.0, (-math.inf, math.inf))
        if cut is None:
            return []
        i, j, level = cut
        spread = middle(np.abs(y[i:j] - level).tolist())
        if abs(level) < self.s.move_sigmas * self.s.step_g or spread > self.s.stair_share * abs(level):
            return []
        sd = max(self._plates.now(gone.plate)[1], spread)
        whole = Shift(0, (gone.plate,), np.zeros(1), sd, gone.t0, gone.t0, gone.t1, ())
        pair = [self._shift(whole, [_Move(self._time(t, k), gone.plate, d)]) for k, d in ((i, level), (j, -level))]
        if not explained(pair[0] if level < 0 else pair[1]):
            return []
        return [replace(p, id=self._interactions.number()) for p in pair]

    def _time(self, t: Floats, k: int) -> float:
        """When the level changed before the `k`-th batch."""
        return float(t[min(k, len(t) - 1)])

    def _shift(self, whole: Shift, run: list[_Move]) -> Shift:
        grams: dict[int, float] = {}
        for m in run:
            grams[m.plate] = grams.get(m.plate, 0.0) + m.delta
        plates = tuple(sorted(grams, key=whole.plates.index))
        t = float(np.average([m.t for m in run], weights=[abs(m.delta) for m in run]))
        early, late = min(m.t for m in run), max(m.t for m in run)
        deltas = np.array([grams[q] for q in plates])
        sd = math.sqrt(whole.sd**2 + sum([m.sd**2 for m in run]))
        return replace(whole, plates=plates, deltas=deltas, sd=sd, t0=early - 2 * BATCH_S, t=t, t1=late + 2 * BATCH_S)


def summed(costs: Floats) -> Floats:
    """What the batches before each, and all of them, cost [n+1]."""
    out = np.zeros(len(costs) + 1)
    np.add.accumulate(costs, out=out[1:])
    return out


def _weighed(part: Shift, share: float, spread: float) -> Shift:
    """A step whose weight is known from its level, and from its share of a whole of equal units."""
    by_level, by_share = part.sd**-2, spread**-2
    total = (part.total * by_level + share * by_share) / (by_level + by_share)
    return replace(part, deltas=part.deltas * (total / part.total), sd=(by_level + by_share) ** -0.5)


def stood(
    y: Floats, sums: tuple[Floats, Floats], least: int, most: float, less: float, between: tuple[float, float]
) -> tuple[float, tuple[int, int, float] | None]:
    """Where the course `y` stood best at a level of its own `between` these: (cost, (i, j, their median)); None where
    nothing costs `less` than `most`, grams. `sums` are what the batches before and from each one on cost so far. Only
    what is about as cheap is summed up exactly."""
    down, up = sums
    best, cut = most, None
    values, before, after = y.tolist(), down.tolist(), (up[-1] - up).tolist()
    for i in range(1, len(values) - least):
        if before[i] >= best + ROUNDING_G:
            break
        ordered, off = sorted(values[i : i + least]), 0.0
        for j in range(i + least, len(values)):
            if j > i + least:
                insort(ordered, values[j - 1])
            if before[i] + off >= best + 2.0 * ROUNDING_G:
                break  # a longer stand is never less shaken
            rest = before[i] + after[j]
            if rest + off >= best + 2.0 * ROUNDING_G:
                continue
            half = (j - i) // 2
            level = ordered[half] if (j - i) % 2 else 0.5 * (ordered[half - 1] + ordered[half])
            off = sum(ordered[j - i - half :]) - sum(ordered[:half])
            if between[0] < level < between[1] and rest + off < best + ROUNDING_G:
                cost = float(down[i] + np.abs(y[i:j] - level).sum() + up[-1] - up[j])
                if cost < best - less:
                    best, cut = cost, (i, j, level)
    return best, cut
