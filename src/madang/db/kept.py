"""What readers keep of tables whose rows change seldom (``table(…, seldom=True)``): catalogue, places, roles, terms.

Whoever writes one of them leaves a new *word* in ``db_word`` with the same transaction. A reader finds the word in its
own snapshot first: what was remembered under the same word was read in a snapshot of the same rows, so it holds in this
one, whatever else has been written between. Words are random, so a database that was restored, or is another, never
says one that stands for other rows.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

from madang.db.memory import SPACE_BYTES_MAX, WEIGHED_EVERY, Space, Values, weight
from madang.db.schema import SELDOM


class Kept:
    """What holds under one word of one neighbourhood; many readers share it, each value is written once or twice."""

    __slots__ = ("_lock", "_weighed", "spaces", "word")

    def __init__(self, word: str) -> None:
        self.word = word
        self.spaces: dict[Space, Values] = {}
        self._weighed: dict[Space, int] = {}
        self._lock = threading.Lock()

    def put(self, space: Space, key: Hashable, value: Any) -> None:
        """Remember a value, unless it comes from a table that changes often."""
        values = self.spaces.get(space)
        if values is None:
            if not SELDOM.issuperset(name for name in space if name not in ROWS):
                return
            values = self.spaces.setdefault(space, {})
        values[key] = value
        if len(values) - self._weighed.get(space, 0) >= WEIGHED_EVERY:
            self._weigh(space, values)

    def _weigh(self, space: Space, values: Values) -> None:
        """Forget what has grown too heavy."""
        with self._lock:
            self._weighed[space] = count = len(values)
            if count * weight(list(values.items())) > SPACE_BYTES_MAX:
                self.spaces.pop(space, None)
                self._weighed.pop(space)


ROWS = ("rows",)
"""What stands in the name of a space beside its tables."""


class Shelves:
    """What is kept of every neighbourhood, under its latest word."""

    def __init__(self) -> None:
        self._of: dict[str, Kept] = {}

    def of(self, neighbourhood: str, word: str) -> Kept:
        """Of a snapshot that says ``word``; an older one than the latest begins anew."""
        found = self._of.get(neighbourhood)
        if found is None or found.word != word:
            found = self._of[neighbourhood] = Kept(word)
        return found
