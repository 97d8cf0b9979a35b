"""Rate limits."""

from __future__ import annotations

import pytest

from madang.guard import Limit, Limiter
from madang.kernel import Actor, Kind, ManualClock, TooMany

LIMIT = Limit(burst=3, per_s=0.5)
MINA = Actor(Kind.PERSON, "p1", "n1")
JUN = Actor(Kind.PERSON, "p2", "n1")


def test_a_burst_passes_and_the_next_request_is_told_when_to_come_back() -> None:
    limiter = Limiter(ManualClock())
    for _ in range(3):
        limiter.take(MINA, "dispute", LIMIT)
    with pytest.raises(TooMany) as told:
        limiter.take(MINA, "dispute", LIMIT)
    assert told.value.details["retry_after_s"] == 2


def test_tokens_come_back_with_time_up_to_the_burst() -> None:
    clock = ManualClock()
    limiter = Limiter(clock)
    for _ in range(3):
        limiter.take(MINA, "dispute", LIMIT)
    clock.advance(s=2)
    limiter.take(MINA, "dispute", LIMIT)
    with pytest.raises(TooMany):
        limiter.take(MINA, "dispute", LIMIT)
    clock.advance(s=3600)
    for _ in range(3):
        limiter.take(MINA, "dispute", LIMIT)
    with pytest.raises(TooMany):
        limiter.take(MINA, "dispute", LIMIT)


def test_actors_keys_and_neighbourhoods_have_their_own_buckets() -> None:
    limiter = Limiter(ManualClock())
    for _ in range(3):
        limiter.take(MINA, "dispute", LIMIT)
    limiter.take(JUN, "dispute", LIMIT)
    limiter.take(MINA, "refund", LIMIT)
    limiter.take(Actor(Kind.PERSON, "p1", "n2"), "dispute", LIMIT)


def test_a_refused_request_takes_nothing_and_time_never_runs_back() -> None:
    clock = ManualClock(10_000_000)
    limiter = Limiter(clock)
    with pytest.raises(TooMany):
        limiter.take(MINA, "export", LIMIT, tokens=4)
    limiter.take(MINA, "export", LIMIT, tokens=3)
    clock.set(0)
    with pytest.raises(TooMany):
        limiter.take(MINA, "export", LIMIT)
    clock.set(12_000_000)
    limiter.take(MINA, "export", LIMIT)


def test_the_number_of_buckets_is_bounded_and_the_longest_unused_goes_first() -> None:
    limiter = Limiter(ManualClock(), buckets_max=2)
    for actor in ("a", "b", "c"):
        for _ in range(3):
            limiter.take(Actor(Kind.PERSON, actor, "n1"), "k", LIMIT)
    with pytest.raises(TooMany):
        limiter.take(Actor(Kind.PERSON, "c", "n1"), "k", LIMIT)
    limiter.take(Actor(Kind.PERSON, "a", "n1"), "k", LIMIT)  # forgotten, so full again
