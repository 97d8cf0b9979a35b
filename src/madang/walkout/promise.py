"""The promise on automatic charges: at most so many of them wrong, and what threshold on confidence the evidence bears.

A receipt's *score* is the engine's confidence. Of the receipts that the shop would price, a random share is drawn
(``audit_share``) and looked at by a person whatever its score; so the drawn ones are a fair sample at every threshold,
and their answers are the evidence. For each rung (threshold) of a fixed ladder there is a hypothesis "more than
``wrong_max`` of the receipts at or above this rung are wrong", tested by betting against it; hypotheses are tested in
fixed sequences from strict to lax rungs, so that the chance of ever stating a rung that does not hold is at most
``doubt``. Why and under which assumptions: docs/promise.md.

Sources: Angelopoulos, Bates, Candès, Jordan, Lei, *Learn then Test* (2021, arXiv:2110.01052), fixed-sequence testing
with several starts; Geifman, El-Yaniv, *Selective classification for deep neural networks* (NeurIPS 2017), the
selective risk; Waudby-Smith, Ramdas, *Estimating means of bounded random variables by betting* (JRSS B 2024), bets
that may be looked at after every answer; Clopper, Pearson (Biometrika 1934), bounds for a single look; Shin, Ramdas,
Rinaldo, *E-detectors* (2022, arXiv:2203.03532), the watch for a change. Pure: numpy, scipy lazily.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from madang.walkout.costs import Amounts, Costs, worth_charging

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RUNGS = (
    0.999,
    0.998,
    0.995,
    0.99,
    0.985,
    0.98,
    0.97,
    0.96,
    0.95,
    0.94,
    0.92,
    0.9,
    0.87,
    0.85,
    0.8,
    0.75,
    0.7,
    0.6,
    0.5,
)
"""Thresholds from strict to lax. A receipt is charged at a rung when its score is at or above it."""
STARTS = (0.99, 0.97, 0.95, 0.9)
"""Where sequences may begin beside the start that earlier evidence suggests: a strict start may meet no receipts."""
FIRST_SHARE = 0.5
"""Share of the doubt that the suggested start has; the others have the rest between them."""
BETS = ((0.0, 0.5), (0.125, 1 / 6), (0.25, 1 / 6), (0.5, 1 / 6))
"""What is bet on: the true share of wrong receipts is this part of ``wrong_max`` (our choice: half of the money goes
on *none*, the rest keeps a proof possible after a few wrong ones)."""
WORSE = (2.0, 4.0, 8.0)
"""Changes that are watched for: wrong receipts become so many times as frequent."""
ALARM_D = 1000.0
"""A watch over a shop that has not changed raises an alarm once in so many days at most, on average."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator promises and wants; a rule of the shop, in force from a moment on.

    ``wrong_max``: largest share of wrong receipts among those charged automatically. ``doubt``: the probability that
    the shop ever states a threshold that does not keep it. ``until``: what happens while the evidence cannot bear the
    promise: ``cost`` charges at ``floor`` and above by expected cost, ``ask`` asks a person every time. ``start``: the
    rung to be proved first, from a rehearsal or an earlier period; it is never evidence.
    """

    wrong_max: float = 0.001
    doubt: float = 0.05
    until: Literal["cost", "ask"] = "cost"
    floor: float = 0.9
    audit_share: float = 0.05
    start: float = 0.97
    costs: Costs = Costs()

    @property
    def fault(self) -> str:
        """What cannot be promised; empty when all is well."""
        checks = {
            "wrong_max": 0.0 < self.wrong_max <= 0.2,
            "doubt": 0.0 < self.doubt <= 0.5,
            "floor": 0.0 <= self.floor <= 1.0,
            "start": 0.0 < self.start <= 1.0,
            "audit_share": 0.0 <= self.audit_share <= 1.0,
            "until": self.until in ("cost", "ask"),
            "costs": self.costs.sound,
        }
        return next((name for name, good in checks.items() if not good), "")


class Count(NamedTuple):
    """Of ``n`` drawn receipts at or above a rung, ``wrong`` were wrong."""

    n: int
    wrong: int


# --- one look ---------------------------------------------------------------------------------------------------------
def upper(wrong: int, n: int, doubt: float) -> float:
    """The exact (Clopper-Pearson) upper bound of a share, one-sided, at confidence 1 - ``doubt``; for a single look."""
    if wrong >= n:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(wrong + 1, n - wrong, 1.0 - doubt))


def lower(wrong: int, n: int, doubt: float) -> float:
    """The exact lower bound."""
    return 1.0 - upper(n - wrong, n, doubt) if n else 0.0


def interval(wrong: int, n: int, doubt: float = 0.05) -> tuple[float, float]:
    """The exact two-sided interval of a share."""
    return lower(wrong, n, doubt / 2), upper(wrong, n, doubt / 2)


def needed_once(wrong_max: float, doubt: float, wrong: int = 0) -> int:
    """How many receipts, ``wrong`` of them wrong, bring the upper bound of a single look down to ``wrong_max``.

    Without a wrong one that is ln(doubt) / ln(1 - wrong_max), rounded up.
    """
    return _smallest(lambda n: n > wrong and upper(wrong, n, doubt) <= wrong_max, wrong + 1)


# --- looking after every answer ---------------------------------------------------------------------------------------
def log_wealth(n: ArrayLike, wrong: ArrayLike, wrong_max: float) -> Floats:
    """Log of what a bet against "more than ``wrong_max`` are wrong" has become; any shape.

    While the hypothesis holds, it ever exceeds log(1/d) with probability d at most (Ville), however often one looks.
    """
    bad = np.asarray(wrong, np.float64)
    right = np.asarray(n, np.float64) - bad
    pots = []
    for part, share in BETS:
        q = part * wrong_max
        with np.errstate(invalid="ignore"):
            lost = np.where(bad > 0, bad * (math.log(part) if part else -np.inf), 0.0)
        pots.append(math.log(share) + lost + right * (math.log1p(-q) - math.log1p(-wrong_max)))
    return np.asarray(np.logaddexp.reduce(pots, axis=0))


def needed_more(count: Count, wrong_max: float, doubt: float) -> int:
    """So many more right answers prove a rung; 0 when it is proved."""
    goal = -math.log(doubt)
    return _smallest(lambda m: float(log_wealth(count.n + m, count.wrong, wrong_max)) >= goal, 0)


def _smallest(good: Callable[[int], bool], first: int) -> int:
    if good(first):
        return first
    low, high = first, max(1, first) * 2
    while not good(high):
        low, high = high, high * 2
        if high > 1 << 40:  # never: keeps a wrong caller from spinning
            return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high


# --- the ladder -------------------------------------------------------------------------------------------------------
def rung_of(score: float) -> int:
    """Number of the strictest rung at which a score is charged; ``len(RUNGS)`` where it never is."""
    return next((i for i, rung in enumerate(RUNGS) if score >= rung), len(RUNGS))


def rungs_of(scores: ArrayLike) -> Ints:
    """``rung_of`` of many."""
    return np.asarray(len(RUNGS) - np.searchsorted(RUNGS[::-1], np.asarray(scores), side="right"), np.int64)


def ladder(per_rung: Iterable[tuple[int, int, int]]) -> tuple[Count, ...]:
    """Counts at or above every rung, from (rung, receipts, wrong ones) of each rung alone."""
    n, wrong = np.zeros(len(RUNGS) + 1, np.int64), np.zeros(len(RUNGS) + 1, np.int64)
    for rung, some, bad in per_rung:
        n[rung] += some
        wrong[rung] += bad
    return tuple(Count(int(a), int(b)) for a, b in zip(n.cumsum()[:-1], wrong.cumsum()[:-1], strict=True))


def starts(start: float) -> dict[int, float]:
    """Rungs at which a sequence begins, with their shares of the doubt: ``start`` (or the next stricter rung) first."""
    first = max(0, rung_of(start) if rung_of(start) < len(RUNGS) else len(RUNGS) - 1)
    if RUNGS[first] < start:
        first = max(0, first - 1)
    others = [RUNGS.index(rung) for rung in STARTS if RUNGS.index(rung) != first]
    return {first: FIRST_SHARE} | dict.fromkeys(others, (1.0 - FIRST_SHARE) / len(others))


def proved(evidence: ArrayLike, doubt: float, start: float) -> NDArray[np.bool_]:
    """Rungs that may be stated: ``evidence`` [.., rungs] is log wealth (or -log p); the same shape comes back.

    Each sequence walks from its start to laxer rungs and ends at the first that is not proved, so the chance of a
    false one is its share of ``doubt``, whatever the shape of the risk over the rungs.
    """
    given = np.asarray(evidence, np.float64)
    found = np.zeros(given.shape, np.bool_)
    for first, share in starts(start).items():
        good = given[..., first:] >= -math.log(doubt * share)
        found[..., first:] |= np.logical_and.accumulate(good, axis=-1)
    return found


def laxest(rungs: NDArray[np.bool_]) -> Ints:
    """Number of the laxest proved rung, -1 where there is none, [..]."""
    last = rungs.shape[-1] - 1 - np.argmax(rungs[..., ::-1], axis=-1)
    return np.asarray(np.where(rungs.any(axis=-1), last, -1), np.int64)


class Reckoning(NamedTuple):
    """What the evidence bears: the ``proved`` rung (number) or None, and the nearest way there.

    ``needed`` drawn receipts at or above rung ``next`` must be right before it is proved.
    """

    proved: int | None
    next: int
    needed: int


def reckon(counts: Sequence[Count], terms: Terms, before: Iterable[int] = ()) -> Reckoning:
    """Judge the ladder's counts; rungs proved ``before`` in this period stay proved (the bound holds for all looks)."""
    wealth = log_wealth([c.n for c in counts], [c.wrong for c in counts], terms.wrong_max)
    stated = proved(wealth, terms.doubt, terms.start)
    stated[list(before)] = True
    best = int(laxest(stated))
    ways = sorted(
        (math.ceil(needed_more(counts[i], terms.wrong_max, terms.doubt * share) / _passing(counts, i)), i, share)
        for i, share in starts(terms.start).items()
    )
    _, near, share = ways[0]
    needed = 0 if best >= 0 else needed_more(counts[near], terms.wrong_max, terms.doubt * share)
    return Reckoning(best if best >= 0 else None, near, needed)


def _passing(counts: Sequence[Count], rung: int) -> float:
    """Share of the receipts at the laxest rung that also pass this one; before there are any, all do."""
    return max((counts[rung].n + 0.5) / (counts[-1].n + 0.5), 1e-6)


# --- one receipt ------------------------------------------------------------------------------------------------------
ASK_ALL = 2.0
"""A threshold that no score reaches."""


def score(said: Amounts, confidence: float, others: Sequence[tuple[float, Amounts]], costs: Costs) -> float:
    """The confidence, or nothing where asking is expected to cost less than charging (``costs.charging_krw``)."""
    return confidence if worth_charging(said, confidence, others, costs) else 0.0


def verdict(confidence: float, score: float, threshold: float) -> tuple[Literal["charge", "review"], str | None]:
    """What the rules say of a receipt, the lot aside: charge, or ask because it is ``unsure`` or ``costly``."""
    if confidence < threshold:
        return "review", "unsure"
    return ("charge", None) if score >= threshold else ("review", "costly")


def threshold(proved: int | None, terms: Terms, before: float | None = None, *, rested: bool = True) -> float:
    """What receipts are judged by while ``proved`` is the laxest proved rung. ``before``: the threshold of a proof that
    stood already, which becomes laxer only once it has ``rested`` for a day."""
    if proved is None:
        return terms.floor if terms.until == "cost" else ASK_ALL
    now = RUNGS[proved]
    if before is None:
        return now
    return eased(before, now) if rested else max(before, now)


def receipts_needed(counts: Sequence[Count], answered: int, found: Reckoning, audit_share: float) -> int | None:
    """About so many of the shop's receipts until ``found.needed`` drawn ones have passed the rung; None: never."""
    share = (counts[found.next].n + 0.5) / (answered + 0.5) * audit_share
    return round(found.needed / share) if share > 0 else None


# --- the watch --------------------------------------------------------------------------------------------------------
def watch(days: Sequence[tuple[int, int]], usual: float) -> float:
    """How strongly the days (receipts, wrong ones; oldest first) speak for a change to more than ``usual`` wrong.

    The largest of the bets of each day on, averaged over ``WORSE``: at or above ``ALARM_D`` means an alarm, which
    comes on average after ``ALARM_D`` days at the earliest while nothing has changed.
    """
    logs = [0.0] * len(WORSE)
    for n, wrong in days:
        for i, worse in enumerate(WORSE):
            q = min(0.95, usual * worse)
            step = wrong * math.log(q / usual) + (n - wrong) * (math.log1p(-q) - math.log1p(-usual))
            logs[i] = max(logs[i], 0.0) + step
    return sum(math.exp(min(log, 700.0)) for log in logs) / len(WORSE)


def usual_rate(wrong: int, n: int) -> float:
    """What a watch takes for usual after a first stretch: the upper nine-tenths bound, so that chance is no change."""
    return min(0.5, max(upper(wrong, n, 0.1), 1e-4))


def eased(now: float, target: float) -> float:
    """The threshold of the next day: one rung laxer at most, at once where it becomes stricter."""
    if target >= now:
        return target
    ladder_up = RUNGS[::-1]
    return max(target, ladder_up[max(0, bisect_left(ladder_up, now) - 1)])
