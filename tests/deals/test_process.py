"""Is a declared process sound? Every fault is found before a deal can begin."""

from __future__ import annotations

import msgspec
import pytest

from madang.deals import Process, Registry, StateTimer, Transition, faults
from madang.deals.process import fingerprint
from madang.kernel import Conflict, Invalid, NotFound, Role

SHOPPER = (Role.SHOPPER,)
LAMP = Process(
    name="lamp",
    version=1,
    initial="off",
    states=("off", "on", "broken"),
    transitions=(
        Transition("light", ("off",), "on", SHOPPER),
        Transition("dim", ("on",), "off", SHOPPER),
        Transition("smash", ("off", "on"), "broken", (), ("lamp.sweep",)),
    ),
    timers=(StateTimer("on", 1_000, "dim"),),
    titles={"on": ("켜짐", "on")},
)


def but(**changes: object) -> Process:
    return msgspec.structs.replace(LAMP, **changes)


def codes(process: Process) -> set[tuple[str, str]]:
    return {(fault.code, fault.where) for fault in faults(process)}


def test_a_sound_process_has_no_faults() -> None:
    assert faults(LAMP) == []
    assert LAMP.final("broken")
    assert not LAMP.final("on")
    assert [step.name for step in LAMP.leaving("on")] == ["dim", "smash"]
    assert (LAMP.title("on", "ko"), LAMP.title("off", "ko")) == ("켜짐", "off")


@pytest.mark.parametrize(
    ("process", "fault"),
    [
        (but(states=(*LAMP.states, "lost")), ("unreachable", "lost")),
        (but(initial="dark"), ("unknown_state", "dark")),
        (but(states=("off", "on")), ("unknown_state", "smash")),
        (but(states=(*LAMP.states, "on")), ("duplicate", "on")),
        (but(transitions=(*LAMP.transitions, LAMP.transitions[0])), ("duplicate", "light")),
        (but(transitions=(*LAMP.transitions, Transition("x", (), "on"))), ("no_source", "x")),
        (but(timers=(StateTimer("on", 5, "explode"),)), ("unknown_transition", "on")),
        (but(timers=(StateTimer("off", 5, "dim"),)), ("timer_not_allowed", "off")),
        (but(timers=(StateTimer("gone", 5, "dim"),)), ("unknown_state", "gone")),
        (but(timers=(StateTimer("on", -1, "dim"),)), ("bad_timer", "on")),
        (but(timers=(*LAMP.timers, *LAMP.timers)), ("duplicate", "on/dim")),
        (but(titles={"onn": ("켜짐", "on")}), ("unknown_title", "onn")),
        (but(version=0), ("bad_name", "lamp")),
    ],
)
def test_each_fault_is_named_with_its_place(process: Process, fault: tuple[str, str]) -> None:
    assert fault in codes(process)


def test_declaring_an_unsound_process_raises_with_every_fault_in_both_languages() -> None:
    with pytest.raises(Invalid) as caught:
        Registry().declare(but(states=(*LAMP.states, "lost", "found")))
    assert [f["where"] for f in caught.value.details["faults"]] == ["lost", "found"]
    assert "lost: 이 상태에는 이를 수 없습니다." in caught.value.ko
    assert "found: No deal can come to this state." in caught.value.en


def test_an_unknown_action_is_found_at_start() -> None:
    registry = Registry()
    registry.declare(LAMP)
    with pytest.raises(Invalid, match=r"lamp\.sweep"):
        registry.check()
    registry.action("lamp.sweep")(lambda *_: None)
    registry.check()


def test_two_actions_cannot_have_one_name() -> None:
    registry = Registry()
    first = registry.action("lamp.sweep")(lambda *_: None)
    assert registry.action("lamp.sweep")(first) is first
    with pytest.raises(Conflict, match="taken"):
        registry.action("lamp.sweep")(lambda *_: {})


def test_a_version_means_one_content_and_titles_are_not_content() -> None:
    registry = Registry()
    registry.declare(LAMP)
    registry.declare(but(titles={"on": ("불 켜짐", "lit")}))
    with pytest.raises(Conflict) as caught:
        registry.declare(but(timers=()))
    assert caught.value.code == "deals.process_changed"
    registry.declare(but(timers=(), version=2))
    assert registry.newest("lamp").version == 2
    assert fingerprint(LAMP) != fingerprint(but(timers=()))


def test_an_unknown_process_is_not_found() -> None:
    with pytest.raises(NotFound):
        Registry().newest("lamp")
