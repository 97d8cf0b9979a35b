"""Builds worlds for tests through the services of rooms only: a test starts from what the software itself can make.

Each room adds functions here that take a ``World`` and return it or the thing they made.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from madang.db import Database
from madang.kernel import Actor, Clock, Ids, system


@dataclass(slots=True)
class World:
    """A neighbourhood in a database, with its time and ids."""

    db: Database
    clock: Clock
    ids: Ids
    neighbourhood: str = "n1"
    by: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.by = system(self.neighbourhood)
