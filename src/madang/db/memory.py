"""What a writer remembers of the tables it alone writes, so that a use case need not ask again.

A value is remembered under a *space*, the names of the tables it was read from. Writing one of them by a statement
forgets every space it is part of; a use case that fails takes back what it remembered (``Turn.undo``); and whatever
happens elsewhere (another process, a restore) empties the whole memory before it is used again (``Link.begin``).
Anything may be forgotten at any time: whoever recalls has to be able to read.
"""

from __future__ import annotations

import pickle
from collections.abc import Hashable, Reversible
from itertools import islice
from typing import Any

Space = tuple[str, ...]
Values = dict[Hashable, Any]
SPACE_BYTES_MAX = 16_000_000  # what one space may weigh; when it is more after a batch, all of it is forgotten
WEIGHED_EVERY = 1_000  # values more than when the space was last weighed, by a sample of its newest
SAMPLE = 20
PLACE_BYTES = 100  # a value's place in the space
NOTHING: Any = object()
"""What ``recall`` gives where nothing is remembered (None is a value: it is known that there is none)."""


class Memory:
    """What is remembered of one neighbourhood: values by space and key."""

    def __init__(self) -> None:
        self.spaces: dict[Space, Values] = {}
        self._of_table: dict[str, list[Space]] = {}
        self._weighed: dict[Space, int] = {}  # how many values there were

    def space(self, space: Space) -> Values:
        """The values of a space; from now on writing one of its tables forgets them."""
        made = self.spaces.get(space)
        if made is None:
            made = self.spaces[space] = {}
            for table in space:
                known = self._of_table.setdefault(table, [])
                if space not in known:
                    known.append(space)
        return made

    def forget(self, table: str) -> None:
        for space in self._of_table.get(table, ()):
            self.spaces.pop(space, None)

    def clear(self) -> None:
        self.spaces.clear()

    def trim(self) -> None:
        """Forget what has grown too heavy."""
        for space, values in list(self.spaces.items()):
            count = len(values)
            if count < (before := self._weighed.get(space, 0)):  # it was forgotten since
                before = self._weighed[space] = 0
            if count - before < WEIGHED_EVERY:
                continue
            self._weighed[space] = count
            if count * weight(values.items()) > SPACE_BYTES_MAX:
                del self.spaces[space]


def weight(items: Reversible[tuple[Hashable, Any]]) -> int:
    """The bytes of one value and its key among the newest, about: a key may be what anybody asked for."""
    newest = list(islice(reversed(items), SAMPLE))
    return PLACE_BYTES + sum(len(pickle.dumps(item)) for item in newest) // len(newest)


class Memories:
    """A lane's, by neighbourhood; they hold for as long as the database has the mark that our last batch left there."""

    def __init__(self) -> None:
        self._of: dict[str, Memory] = {}
        self._mark: object = None
        self._coming: object = None
        self.held = False
        """Whether what was remembered when the latest batch began held still."""

    @property
    def holds(self) -> bool:
        """Whether there is anything to go by."""
        return self._mark is not None

    def begin(self, found: object, left: object) -> None:
        """A batch begins: ``found`` is the mark it found (None: there is none yet), ``left`` the one it leaves where it
        is committed."""
        self.held = found is not None and found == self._mark
        if not self.held:
            self.clear()
        self._mark, self._coming = None, left

    def committed(self) -> None:
        self.marked()
        self.trim()

    def marked(self) -> None:
        """The batch that began last is durable."""
        self._mark = self._coming

    def trim(self) -> None:
        for memory in self._of.values():
            memory.trim()

    def of(self, neighbourhood: str) -> Memory:
        found = self._of.get(neighbourhood)
        if found is None:
            found = self._of[neighbourhood] = Memory()
        return found

    def clear(self) -> None:
        for memory in self._of.values():
            memory.clear()
        self._mark = None
