"""The vocabulary of deals: a process is data; a deal is one life of a process."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from madang.kernel import Role


class Transition(msgspec.Struct, frozen=True):
    """A named step from any of ``sources`` to ``target``, open to ``roles`` (the system itself may make every step).

    ``actions`` run in order inside the step's own transaction; each gets the data as the one before left it.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    roles: tuple[Role, ...] = ()
    actions: tuple[str, ...] = ()


class StateTimer(msgspec.Struct, frozen=True):
    """What time does on its own: ``transition`` is made ``after_us`` microseconds after ``state`` was entered.

    A step that stays in the state lets the timer run on.
    """

    state: str
    after_us: int
    transition: str


class Process(msgspec.Struct, frozen=True):
    """A way of selling. ``titles`` gives a state or transition its words: ``{"review": ("검토 중", "in review")}``.

    A state that nothing leaves is final: a deal that reaches it is closed.
    """

    name: str
    version: int
    initial: str
    states: tuple[str, ...]
    transitions: tuple[Transition, ...]
    timers: tuple[StateTimer, ...] = ()
    titles: dict[str, tuple[str, str]] = {}

    def transition(self, name: str) -> Transition | None:
        return next((t for t in self.transitions if t.name == name), None)

    def leaving(self, state: str) -> tuple[Transition, ...]:
        """What can be done in ``state``."""
        return tuple(t for t in self.transitions if state in t.sources)

    def final(self, state: str) -> bool:
        return not self.leaving(state)

    def title(self, word: str, language: str) -> str:
        """A state's or transition's name in ``ko`` or ``en``."""
        ko, en = self.titles.get(word, (word, word))
        return ko if language == "ko" else en


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """A deal as it stands.

    ``subject`` is the opaque key of whoever it is with (a person key, a credential), never a name. ``data`` is what
    the actions need to remember, plain JSON values without personal fields. ``moves`` counts the steps made, so
    ``derived("walkout.charge", deal.id, deal.moves)`` is a good id for what an action of the next step makes.
    """

    id: UUID
    process: str
    version: int
    state: str
    shop: str
    subject: str
    data: dict[str, Any]
    moves: int
    opened_at_us: int
    entered_at_us: int
    entered_move: int
    closed_at_us: int | None = None

    @property
    def closed(self) -> bool:
        return self.closed_at_us is not None


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded step; number 0 is the opening. ``changes`` is what the actions changed in the deal's data."""

    id: UUID
    deal: UUID
    number: int
    transition: str
    source: str
    target: str
    actor_kind: str
    actor_key: str
    at_us: int
    args: dict[str, Any]
    changes: dict[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a declared process: ``code`` is stable, ``where`` names the state, transition or timer."""

    code: str
    where: str
    ko: str
    en: str
