"""What a device has said stays on its disk until the shop has it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.doors.mqtt import Progress
from madang.sensors.outbox import Outbox
from madang.walkout.messages import GateEvent, Message


def gate(seq: int = 0, device: str = "gate") -> GateEvent:
    return GateEvent(device=device, seq=seq, t_us=1, event="entered")


def numbers(outbox: Outbox) -> list[int]:
    return [said.seq for said in outbox.kept()]


def test_numbers_are_given_once_also_over_a_restart(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "outbox.db")
    assert [first.say(gate()).seq for _ in range(3)] == [0, 1, 2]
    first.forget("gate", Progress(0, 3, []))
    first.close()
    again = Outbox(tmp_path / "outbox.db")
    assert len(again) == 0
    assert (again.say(gate()).seq, again.say(gate(device="g2")).seq) == (3, 0)
    again.close()


def test_what_was_not_confirmed_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "outbox.db")
    first.put([gate(seq) for seq in range(5)])
    first.forget("gate", Progress(0, 4, [(1, 2)]))
    first.close()
    again = Outbox(tmp_path / "outbox.db")
    assert numbers(again) == [1, 4]
    assert msgspec.msgpack.decode(again.kept()[0].body, type=Message) == gate(1)
    again.close()


def test_a_message_that_is_stored_already_is_not_new(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    assert len(outbox.put([gate(0), gate(1)])) == 2
    assert [said.seq for said in outbox.put([gate(1), gate(2)])] == [2]
    outbox.close()


@settings(max_examples=20, deadline=None)
@given(taken=st.sets(st.integers(0, 30)), said=st.sets(st.integers(0, 40)))
def test_exactly_what_the_shop_lacks_is_kept(
    tmp_path_factory: pytest.TempPathFactory, taken: set[int], said: set[int]
) -> None:
    outbox = Outbox(tmp_path_factory.mktemp("outbox") / "outbox.db")
    outbox.put([gate(seq) for seq in sorted(said)])
    end = max(taken, default=-1) + 1
    gaps = [(seq, seq + 1) for seq in range(end) if seq not in taken]
    lacking = outbox.forget("gate", Progress(0, end, gaps))
    assert set(numbers(outbox)) == said - taken
    assert {seq for _, _, seq in lacking} == {seq for seq in said - taken if seq < end}
    outbox.close()
