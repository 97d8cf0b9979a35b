"""A visit as the books know it."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from madang.kernel import derived
from madang.walkout.holds import Move, Shift, Spot

Role_ = Literal["customer", "staff", "stranger"]
"""``stranger``: without a credential (a tailgater), or nobody at all (a move the engine gives to no visit)."""
NOBODY = ""


class Held(msgspec.Struct, array_like=True):
    """A pending transfer of ``pieces`` off a shelf; ``found`` of them the books did not have there."""

    transfer: UUID
    pieces: int
    found: int = 0


class Books(msgspec.Struct):
    """What has been booked for a visit, to book only differences; ``n`` numbers its transfers."""

    n: int = 0
    people: int = 0
    came: int = 0
    places: list[UUID] = msgspec.field(default_factory=list)
    moves: dict[str, Move] = msgspec.field(default_factory=dict)
    held: dict[Spot, Held] = msgspec.field(default_factory=dict)
    taken: dict[Spot, int] = msgspec.field(default_factory=dict)
    shifted: dict[Shift, int] = msgspec.field(default_factory=dict)
    brought: dict[Spot, int] = msgspec.field(default_factory=dict)
    closed: set[str] = msgspec.field(default_factory=set)
    """Moves that were settled with a receipt; what is said of them later comes too late."""
    past: dict[str, Move] = msgspec.field(default_factory=dict)
    """Those moves as they were believed then: where somebody who looks again begins."""

    unknown: dict[str, Move] = msgspec.field(default_factory=dict)
    """What no known goods explain: booked nowhere, looked at by who looks at the visit."""

    def settle(self) -> None:
        """What was held is paid or given back; a visit that comes in again begins with empty hands."""
        assert not self.held
        self.closed |= self.moves.keys()
        self.past |= self.moves
        self.moves, self.shifted, self.brought = {}, {}, {}


class Visit(msgspec.Struct):
    """One stay of one group; ``id`` is also its deal's. ``payer`` is the opaque key of who pays, if anybody."""

    id: UUID
    run: int
    name: str
    role: Role_
    payer: str | None
    entered_at_us: int
    closed_at_us: int | None
    books: Books

    @property
    def key(self) -> str:
        """How facts name it."""
        return str(self.id)


def visit_id(neighbourhood: str, shop: str, run: int, name: str) -> UUID:
    """The same for the same visit of a run, whoever asks."""
    return derived("walkout.visit", neighbourhood, shop, run, name)
