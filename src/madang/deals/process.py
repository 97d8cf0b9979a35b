"""Is a process sound? Pure checks of a declaration, made before any deal can begin under it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

import msgspec

from madang.deals.model import Fault, Process


def faults(process: Process) -> list[Fault]:
    """Everything wrong with the declaration itself; an empty list means sound (actions are checked apart)."""
    return [*_names(process), *_transitions(process), *_timers(process), *_reach(process), *_titles(process)]


def unknown_actions(process: Process, known: frozenset[str]) -> list[Fault]:
    """The actions the process names and nobody has registered."""
    return [
        Fault(
            "unknown_action",
            step.name,
            f"등록되지 않은 동작 '{action}'입니다.",
            f"No action '{action}' is registered.",
        )
        for step in process.transitions
        for action in step.actions
        if action not in known
    ]


def reachable(process: Process) -> set[str]:
    """The states a deal can come to from the initial one."""
    seen, open_states = {process.initial}, [process.initial]
    while open_states:
        state = open_states.pop()
        for step in process.leaving(state):
            if step.target not in seen:
                seen.add(step.target)
                open_states.append(step.target)
    return seen


def fingerprint(process: Process) -> str:
    """SHA-256 over what decides a deal's life; titles may be reworded without a new version."""
    body = msgspec.json.encode(msgspec.structs.replace(process, titles={}))
    return hashlib.sha256(body).hexdigest()


def _names(process: Process) -> Iterator[Fault]:
    if not process.name or process.version < 1:
        yield Fault(
            "bad_name", process.name, "이름과 1 이상의 버전이 필요합니다.", "It needs a name and a version from 1."
        )
    if process.initial not in process.states:
        yield Fault("unknown_state", process.initial, "첫 상태가 목록에 없습니다.", "The initial state is not listed.")
    for name in _twice(process.states):
        yield Fault("duplicate", name, "같은 상태가 두 번 있습니다.", "The state is listed twice.")
    for name in _twice(tuple(t.name for t in process.transitions)):
        yield Fault("duplicate", name, "같은 이름의 전이가 두 번 있습니다.", "Two transitions have this name.")


def _transitions(process: Process) -> Iterator[Fault]:
    for step in process.transitions:
        if not step.sources:
            yield Fault("no_source", step.name, "출발 상태가 없습니다.", "It starts from no state.")
        for state in (*step.sources, step.target):
            if state not in process.states:
                yield Fault(
                    "unknown_state",
                    step.name,
                    f"상태 '{state}'이(가) 목록에 없습니다.",
                    f"State '{state}' is not listed.",
                )


def _timers(process: Process) -> Iterator[Fault]:
    for timer in process.timers:
        step = process.transition(timer.transition)
        if timer.state not in process.states:
            yield Fault(
                "unknown_state", timer.state, "타이머의 상태가 목록에 없습니다.", "The timer's state is not listed."
            )
        if timer.after_us < 0:
            yield Fault("bad_timer", timer.state, "시간은 음수일 수 없습니다.", "A timer cannot run backwards.")
        if step is None:
            yield Fault(
                "unknown_transition",
                timer.state,
                f"타이머가 모르는 전이 '{timer.transition}'을(를) 부릅니다.",
                f"The timer calls the unknown transition '{timer.transition}'.",
            )
        elif timer.state not in step.sources:
            yield Fault(
                "timer_not_allowed",
                timer.state,
                f"이 상태에서는 '{step.name}' 전이를 할 수 없습니다.",
                f"Transition '{step.name}' does not leave this state.",
            )
    for pair in _twice(tuple(f"{t.state}/{t.transition}" for t in process.timers)):
        yield Fault("duplicate", pair, "같은 타이머가 두 번 있습니다.", "The timer is declared twice.")


def _reach(process: Process) -> Iterator[Fault]:
    if process.initial not in process.states:
        return
    seen = reachable(process)
    for state in process.states:
        if state not in seen:
            yield Fault("unreachable", state, "이 상태에는 이를 수 없습니다.", "No deal can come to this state.")


def _titles(process: Process) -> Iterator[Fault]:
    known = {*process.states, *(t.name for t in process.transitions)}
    for word in process.titles:
        if word not in known:
            yield Fault(
                "unknown_title", word, "상태도 전이도 아닌 이름입니다.", "This names no state and no transition."
            )


def _twice(names: tuple[str, ...]) -> list[str]:
    return [name for name, n in Counter(names).items() if n > 1]
