"""What time does on its own: a state's timers, set when it is entered and taken back when it is left."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from madang import jobs
from madang.db import Tx
from madang.deals.model import Deal, Process, StateTimer
from madang.kernel import derived

KIND = "deals.timer"


def timer_id(deal: Deal, timer: StateTimer) -> UUID:
    """A timer's id: one for each time a deal enters a state."""
    return derived(KIND, deal.id, deal.entered_move, timer.transition)


def move_id(timer: UUID) -> UUID:
    """The id of the step a timer makes, so it makes it once however often it goes off."""
    return derived("deals.timer.move", timer)


def start(tx: Tx, deal: Deal, process: Process) -> None:
    """Set the timers of the state a deal has just entered."""
    for timer in _of(process, deal.state):
        jobs.set_timer(
            tx,
            id=timer_id(deal, timer),
            due_us=deal.entered_at_us + timer.after_us,
            kind=KIND,
            payload={"deal": str(deal.id), "entered_move": deal.entered_move, "transition": timer.transition},
        )


def again(tx: Tx, deal: Deal, transition: str, due_us: int) -> None:
    """Have a step made (once more) at an instant, unless the deal leaves its state before: what an action sets whose
    time no declaration can say (a calendar, a window that was chosen)."""
    jobs.set_timer(
        tx,
        id=derived(KIND, deal.id, deal.entered_move, transition, due_us),
        due_us=due_us,
        kind=KIND,
        payload={"deal": str(deal.id), "entered_move": deal.entered_move, "transition": transition},
    )


def sooner(tx: Tx, deal: Deal, transition: str, due_us: int) -> None:
    """Have a step of the state's timers made at an instant instead of when it is declared."""
    jobs.cancel_timer(tx, id=derived(KIND, deal.id, deal.entered_move, transition), at_us=deal.entered_at_us)
    again(tx, deal, transition, due_us)


def stop(tx: Tx, deal: Deal, process: Process, *, move: UUID, at_us: int) -> None:
    """Take back the timers of the state a deal is leaving by ``move``, but for the one that makes this very move."""
    for timer in _of(process, deal.state):
        id_ = timer_id(deal, timer)
        if move_id(id_) != move:
            jobs.cancel_timer(tx, id=id_, at_us=at_us)


def _of(process: Process, state: str) -> Iterator[StateTimer]:
    return (timer for timer in process.timers if timer.state == state)
