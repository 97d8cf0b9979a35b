"""A process as a table people read (Markdown): what ``docs/deals.md`` holds, checked by a test."""

from __future__ import annotations

from madang.deals.model import Process, StateTimer, Transition

_UNITS = ((86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"))


def transitions_table(process: Process) -> str:
    """One row for each transition: from, to, who, what it does."""
    heading = "| step | from | to | who | does |\n|---|---|---|---|---|\n"
    return heading + "".join(_transition(process, step) for step in process.transitions)


def timers_table(process: Process) -> str:
    """One row for each timer: after how long in which state which step is made."""
    heading = "| in state | after | time makes the step | to |\n|---|---|---|---|\n"
    return heading + "".join(_timer(process, timer) for timer in process.timers)


def _transition(process: Process, step: Transition) -> str:
    sources = ", ".join(_word(process, state) for state in step.sources)
    who = ", ".join(step.roles) or "the system"
    does = ", ".join(f"`{action}`" for action in step.actions)
    return f"| {_word(process, step.name)} | {sources} | {_word(process, step.target)} | {who} | {does} |\n"


def _timer(process: Process, timer: StateTimer) -> str:
    step = process.transition(timer.transition)
    assert step is not None
    words = (_word(process, word) for word in (timer.state, step.name, step.target))
    state, name, target = words
    return f"| {state} | {_duration(timer.after_us)} | {name} | {target} |\n"


def _word(process: Process, word: str) -> str:
    ko = process.title(word, "ko")
    return f"`{word}`" + (f" {ko}" if ko != word else "")


def _duration(us: int) -> str:
    for unit_us, name in _UNITS:
        if us % unit_us == 0 and us >= unit_us:
            return f"{us // unit_us} {name}"
    return f"{us} µs"
