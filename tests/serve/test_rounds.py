"""What is done again and again."""

from __future__ import annotations

from madang.kernel import ManualClock
from madang.kernel.clock import DAY_US, MINUTE_US, SECOND_US
from madang.serve.rounds import Rounds


def test_a_round_is_made_at_once_and_then_every_so_often(clock: ManualClock) -> None:
    rounds, made = Rounds(clock), list[str]()
    rounds.every(10 * SECOND_US, "check", lambda: made.append("check"))
    rounds.every(DAY_US, "tidy", lambda: made.append("tidy"), first_us=clock.now_us() + MINUTE_US)
    rounds.look()
    rounds.look()
    assert made == ["check"]
    clock.advance(s=10)
    rounds.look()
    assert made == ["check", "check"]
    clock.advance(s=60)
    rounds.look()
    assert made == ["check", "check", "check", "tidy"]


def test_a_round_that_fails_holds_up_no_other_and_is_made_again_soon(clock: ManualClock) -> None:
    rounds, made = Rounds(clock), list[str]()

    def fail() -> None:
        made.append("tried")
        raise OSError("the disk is full")

    rounds.every(DAY_US, "tidy", fail)
    rounds.every(DAY_US, "check", lambda: made.append("check"))
    rounds.look()
    assert made == ["tried", "check"]
    clock.advance(us=10 * MINUTE_US)
    rounds.look()
    assert made == ["tried", "check", "tried"]


def test_after_stop_no_round_is_begun(clock: ManualClock) -> None:
    rounds, made = Rounds(clock), list[str]()
    rounds.every(SECOND_US, "stop", rounds.stop)
    rounds.every(SECOND_US, "check", lambda: made.append("check"))
    rounds.look()
    assert made == []
