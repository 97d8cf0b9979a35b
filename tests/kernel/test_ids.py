"""Ids: in the order they were made, never twice, and the same again where that is asked for."""

from __future__ import annotations

import hashlib
import pickle
import random
import threading
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.kernel import ManualClock, Uuid7, derived
from madang.kernel import ids as ids_of
from madang.kernel.clock import SECOND_US


def test_an_id_tells_its_millisecond_version_and_variant(clock: ManualClock) -> None:
    new = Uuid7(clock).new()
    assert new.int >> 80 == clock.now_us() // 1000
    assert new.version == 7
    assert new.variant == uuid.RFC_4122


@given(steps=st.lists(st.integers(min_value=-5_000, max_value=5_000), max_size=200))
def test_ids_rise_even_when_the_clock_goes_back(steps: list[int]) -> None:
    clock = ManualClock()
    ids = Uuid7(clock, random.Random(0))
    made = [ids.new()]
    for us in steps:
        clock.advance(us=us)
        made.append(ids.new())
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_more_ids_than_the_counter_holds_in_one_millisecond_still_rise(clock: ManualClock) -> None:
    ids = Uuid7(clock, random.Random(0))
    made = [ids.new() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == 10_000
    assert made[-1].int >> 80 == clock.now_us() // 1000 + 2


def test_a_seed_and_a_clock_give_the_same_ids_again() -> None:
    first, second = (Uuid7(ManualClock(), random.Random(42)) for _ in range(2))
    assert [first.new() for _ in range(50)] == [second.new() for _ in range(50)]


class Courteous:
    """A lock that lets everybody else go first as soon as it is free."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        time.sleep(0)


def test_threads_never_get_the_same_id(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = Uuid7(clock, random.Random(0))
    monkeypatch.setattr(ids, "_lock", Courteous())
    made: list[list[uuid.UUID]] = [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(ids.new() for _ in range(2_000))) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for mine in made for one in mine}) == 8_000
    assert all(mine == sorted(mine) for mine in made)


def test_text_order_is_time_order() -> None:
    clock = ManualClock(0)
    ids = Uuid7(clock, random.Random(0))
    texts = []
    for _ in range(100):
        texts.append(str(ids.new()))
        clock.advance(s=86_400 * 30)
    assert texts == sorted(texts)
    assert clock.now_us() == 100 * 86_400 * 30 * SECOND_US


def test_a_derived_id_is_the_same_every_time_and_everywhere() -> None:
    assert derived("refund", 7) == uuid.UUID("b64bddfa-dd51-8c29-80ce-9e93030f5fb0")
    assert derived("refund", 7).version == 8


@given(parts=st.lists(st.text(max_size=5), max_size=4), others=st.lists(st.text(max_size=5), max_size=4))
def test_different_parts_give_different_ids(parts: list[str], others: list[str]) -> None:
    assert (derived(*parts) == derived(*others)) == (parts == others)


def test_parts_do_not_run_into_each_other() -> None:
    assert len({derived("ab", "c"), derived("a", "bc"), derived("abc"), derived("abc", "")}) == 4


@given(part=st.one_of(st.text(max_size=70), st.integers(), st.uuids()), times=st.integers(1, 3))
def test_what_is_kept_of_a_part_is_what_the_part_says(part: str | int | uuid.UUID, times: int) -> None:
    text = str(part).encode()
    whole = hashlib.sha256((len(text).to_bytes(4, "big") + text) * 2).digest()
    for _ in range(times):
        made = derived(part, part)
        assert made.bytes[:6] == whole[:6]
        assert (made.bytes[9:16], made.version, made.variant) == (whole[9:16], 8, uuid.RFC_4122)
        assert pickle.loads(pickle.dumps(made)) == made


def test_what_is_kept_of_parts_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids_of, "KEPT_MAX", 10)
    first = [derived(word, one) for word, one in zip("abcdefghijklmnopqrstuvwxyz", ONES, strict=False)]
    assert first == [derived(word, one) for word, one in zip("abcdefghijklmnopqrstuvwxyz", ONES, strict=False)]
    assert len(ids_of._WORDS) <= 10
    assert len(ids_of._IDS) <= 10


ONES = [uuid.UUID(int=n) for n in range(30)]
