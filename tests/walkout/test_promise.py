"""What the evidence bears: exact bounds, bets that may be looked at at any time, and how often the promise is broken.

The receipts here are simulated: rungs and right or wrong, drawn at random from laws whose true risk is known.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from madang.walkout import promise
from madang.walkout.promise import RUNGS, Count, Terms

ALPHA, DOUBT = 0.01, 0.1
SHOPS, LOOKS, PER_LOOK = 2_000, 40, 500
"""20,000 simulated receipts in each simulated shop, 40 million in all."""


# --- bounds -----------------------------------------------------------------------------------------------------------
def test_the_exact_bound_agrees_with_the_binomial_sum() -> None:
    for wrong, n in ((0, 30), (1, 100), (7, 90)):
        bound = promise.upper(wrong, n, 0.05)
        tail = sum(math.comb(n, i) * bound**i * (1 - bound) ** (n - i) for i in range(wrong + 1))
        assert tail == pytest.approx(0.05)


def test_without_a_wrong_one_a_single_look_needs_what_the_logarithm_says() -> None:
    assert promise.needed_once(0.001, 0.05) == math.ceil(math.log(0.05) / math.log(1 - 0.001)) == 2995
    assert promise.needed_once(0.001, 0.05, 1) == 4742


def test_the_interval_holds_the_share_and_everything_where_nothing_is_known() -> None:
    assert promise.interval(0, 0) == (0.0, 1.0)
    low, high = promise.interval(3, 100)
    assert low < 0.03 < high


@settings(deadline=None)
@given(n=st.integers(0, 5000), wrong=st.integers(0, 20))
def test_what_is_still_needed_is_exactly_enough(n: int, wrong: int) -> None:
    count = Count(n + wrong, wrong)
    more = promise.needed_more(count, ALPHA, DOUBT)
    goal = -math.log(DOUBT)
    assert promise.log_wealth(count.n + more, wrong, ALPHA) >= goal
    assert more == 0 or promise.log_wealth(count.n + more - 1, wrong, ALPHA) < goal


@settings(deadline=None)
@given(n=st.integers(1, 5000), wrong=st.integers(0, 20))
def test_a_right_answer_helps_and_a_wrong_one_hurts(n: int, wrong: int) -> None:
    here = promise.log_wealth(n + wrong, wrong, ALPHA)
    assert promise.log_wealth(n + wrong + 1, wrong, ALPHA) > here
    assert promise.log_wealth(n + wrong + 1, wrong + 1, ALPHA) < here


# --- the ladder -------------------------------------------------------------------------------------------------------
@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_the_rung_of_a_score_is_the_strictest_it_reaches(scores: list[float]) -> None:
    for score, rung in zip(scores, promise.rungs_of(scores).tolist(), strict=True):
        assert rung == promise.rung_of(score)
        assert rung == len(RUNGS) or RUNGS[rung] <= score
        assert rung == 0 or RUNGS[rung - 1] > score


def test_counts_add_up_towards_lax_rungs() -> None:
    counts = promise.ladder([(0, 5, 1), (3, 2, 0), (len(RUNGS), 100, 50)])
    assert (counts[0], counts[2], counts[3], counts[-1]) == (Count(5, 1), Count(5, 1), Count(7, 1), Count(7, 1))


@settings(deadline=None)
@given(st.floats(0.01, 1.0))
def test_the_doubt_is_shared_out_and_never_more_than_all_of_it(start: float) -> None:
    shares = promise.starts(start)
    assert sum(shares.values()) == pytest.approx(1.0)
    first = next(iter(shares))
    assert RUNGS[first] >= start or first == 0


def test_a_sequence_ends_at_its_first_unproved_rung_but_another_may_begin_behind_it() -> None:
    evidence = np.full(len(RUNGS), 0.0)
    evidence[[3, 4, 6, 7]] = 100.0
    assert np.flatnonzero(promise.proved(evidence, 0.05, 0.99)).tolist() == [3, 4, 6, 7]
    evidence[6] = 0.0  # a start that is not proved: 7 has no sequence that reaches it
    assert np.flatnonzero(promise.proved(evidence, 0.05, 0.99)).tolist() == [3, 4]


def test_evidence_on_no_rung_states_nothing() -> None:
    assert promise.laxest(promise.proved(np.zeros(len(RUNGS)), 0.05, 0.97)) == -1


def test_what_was_proved_in_a_period_stays_proved() -> None:
    terms = Terms(wrong_max=ALPHA, doubt=DOUBT)
    fair = promise.ladder([(6, 1_000, 0)])
    assert promise.reckon(fair, terms).proved == len(RUNGS) - 1
    worse = promise.ladder([(6, 1_000, 9)])
    assert promise.reckon(worse, terms).proved is None
    assert promise.reckon(worse, terms, [6]).proved == 6


def test_not_yet_provable_says_how_many_are_missing_at_the_nearest_start() -> None:
    terms = Terms(wrong_max=0.001, doubt=0.05)
    nothing = promise.reckon(promise.ladder([]), terms)
    assert (nothing.proved, RUNGS[nothing.next], nothing.needed) == (None, 0.97, 4070)
    some = promise.reckon(promise.ladder([(6, 1_000, 0)]), terms)
    assert (RUNGS[some.next], some.needed) == (0.97, 3070)
    strict_empty = promise.reckon(promise.ladder([(11, 3_000, 0)]), terms)
    assert RUNGS[strict_empty.next] == 0.9


# --- how often the promise is broken, in simulated shops --------------------------------------------------------------
def laws() -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Share of receipts at each rung (the last: below all), and the probability that one there is wrong."""
    count = len(RUNGS) + 1
    even = np.full(count, 1 / count)
    edge = np.full(count, ALPHA * 1.000001)
    honest = 1.0 - np.array([*RUNGS, 0.4])
    top_wrong = np.full(count, 0.002)
    top_wrong[:4] = 0.08  # the surest receipts are the wrong ones: something no hypothesis stands for
    ripple = np.where(np.arange(count) % 3 == 0, 0.03, 0.001)
    late = np.full(count, 0.0005)
    late[9:] = 0.2
    rare = np.r_[np.full(6, 0.001), np.full(count - 6, 1.0)]
    return {
        "every rung just above what is promised": (even, edge),
        "calibrated": (even, honest),
        "too sure": (even, np.minimum(1.0, 8 * honest)),
        "wrong at the top": (even, top_wrong),
        "up and down": (even, ripple),
        "good until it breaks off": (even, late),
        "few receipts at strict rungs": (rare / rare.sum(), np.minimum(1.0, 2 * honest)),
    }


def simulated(law: tuple[NDArray[np.float64], NDArray[np.float64]], seed: int) -> tuple[NDArray[np.int64], ...]:
    """(receipts, wrong ones) at or above each rung after every look, [shops, looks, rungs]."""
    share, risk = law
    rng = np.random.default_rng(seed)
    n = rng.multinomial(PER_LOOK, share, size=(SHOPS, LOOKS))
    wrong = rng.binomial(n, risk)
    return tuple(a.cumsum(axis=1).cumsum(axis=2)[..., :-1] for a in (n, wrong))


def broken(stated: NDArray[np.bool_], law: tuple[NDArray[np.float64], NDArray[np.float64]]) -> float:
    """Share of the shops that at any look stated a rung whose true risk is above what was promised."""
    share, risk = law
    true = (share * risk).cumsum()[:-1] / share.cumsum()[:-1]
    return float((stated & (true > ALPHA)).any(axis=(1, 2)).mean())


def margin(rate: float) -> float:
    """Four standard errors of a share over the simulated shops."""
    return 4 * math.sqrt(rate * (1 - rate) / SHOPS)


@pytest.mark.parametrize("name", laws())
def test_simulated_shops_break_the_promise_no_more_often_than_the_doubt_says(name: str) -> None:
    law = laws()[name]
    n, wrong = simulated(law, seed=len(name))
    stated = promise.proved(promise.log_wealth(n, wrong, ALPHA), DOUBT, 0.97)
    assert broken(stated, law) <= DOUBT + margin(DOUBT)


def test_a_good_engine_proves_its_promise_in_simulated_shops() -> None:
    law = laws()["good until it breaks off"]
    n, wrong = simulated(law, seed=5)
    stated = promise.proved(promise.log_wealth(n, wrong, ALPHA), DOUBT, 0.97)
    assert stated[:, -1, 6].mean() > 0.99
    assert promise.laxest(stated[:, -1]).max() < 10  # and no rung behind the break


def test_taking_the_laxest_rung_that_looks_good_breaks_the_promise() -> None:
    """Negative control: the plug-in threshold, as one would without thinking."""
    law = laws()["every rung just above what is promised"]
    n, wrong = simulated(law, seed=1)
    naive = (wrong <= ALPHA * n) & (n > 0)
    assert broken(naive, law) > 5 * DOUBT


def test_an_exact_bound_looked_at_again_and_again_breaks_the_promise() -> None:
    """Negative control: why the bets are needed. The same exact bound, looked at once, keeps it."""
    from scipy.special import bdtr

    law = laws()["every rung just above what is promised"]
    n, wrong = simulated(law, seed=2)
    p = -np.log(np.maximum(bdtr(wrong, np.maximum(n, 1), ALPHA), 1e-300))
    again = promise.proved(p, DOUBT, 0.97)
    once = promise.proved(p[:, -1:], DOUBT, 0.97)
    assert broken(again, law) > DOUBT + margin(DOUBT)
    assert broken(once, law) <= DOUBT + margin(DOUBT)


def test_walking_the_ladder_without_order_breaks_the_promise() -> None:
    """Negative control: every rung tested at the full doubt, none in sequence."""
    law = laws()["every rung just above what is promised"]
    n, wrong = simulated(law, seed=3)
    all_at_once = promise.log_wealth(n, wrong, ALPHA) >= -math.log(DOUBT)
    ordered = promise.proved(promise.log_wealth(n, wrong, ALPHA), DOUBT, 0.97)
    assert broken(all_at_once, law) > 2 * broken(ordered, law)


# --- the watch --------------------------------------------------------------------------------------------------------
def alarm_days(rate: float, usual: float, days: int, seed: int) -> list[int]:
    """First day of alarm in simulated shops of 200 receipts a day; ``days`` where none came."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(40):
        wrong = rng.binomial(200, rate, size=days)
        logs = [(200, int(k)) for k in wrong]
        alarms = (d for d in range(1, days + 1) if promise.watch(logs[:d], usual) >= promise.ALARM_D)
        found.append(next(alarms, days))
    return found


def test_an_unchanged_shop_raises_hardly_any_alarm_and_a_changed_one_soon() -> None:
    assert np.mean(np.array(alarm_days(0.005, 0.005, 120, 1)) < 120) < 0.12
    assert np.median(alarm_days(0.02, 0.005, 120, 2)) <= 12


def test_a_good_past_does_not_hide_a_change() -> None:
    past = [(200, 0)] * 300
    assert promise.watch([*past, (200, 8)], 0.005) == promise.watch([(200, 8)], 0.005)


# --- easing -----------------------------------------------------------------------------------------------------------
@settings(deadline=None)
@given(now=st.sampled_from(RUNGS), target=st.sampled_from(RUNGS))
def test_a_threshold_eases_by_a_rung_a_day_and_tightens_at_once(now: float, target: float) -> None:
    after = promise.eased(now, target)
    if target >= now:
        assert after == target
    else:
        assert RUNGS.index(after) == RUNGS.index(now) + 1
        assert after >= target


@pytest.mark.parametrize(
    ("change", "fault"),
    [({}, ""), ({"wrong_max": 0.0}, "wrong_max"), ({"audit_share": 1.5}, "audit_share"), ({"doubt": 0.9}, "doubt")],
)
def test_terms_that_make_no_sense_are_named(change: dict[str, float], fault: str) -> None:
    assert Terms(**change).fault == fault  # type: ignore[arg-type]
