"""The engine's front door: feed it what sensors say, ask it what is believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store
from madang.walkout.engine.types import Entered, Gate, Left, Receipt, Update, Vision


class Engine:
    """Streaming and deterministic: the same messages in the same order give the same final receipts, however calls
    are chunked."""

    def __init__(self, store: Store, settings: Settings | None = None) -> None:
        self.store = store
        self.settings = settings or Settings()
        self._gate: list[Gate] = []

    def plates(self, gondola: str | int, t: float, values: NDArray[np.int32], arrival: float | None = None) -> None:
        """Samples of one gondola from its clock's `t` on, at 60 Hz: `values` int32 [n, P_g] decigrams in the
        store's plate order."""

    def skeletons(self, t: float, people: Sequence[tuple[str, Floats]]) -> None:
        """One camera frame: (track, array [8, 4]) per person; joints head, neck, shoulders, elbows, wrists (left
        first); x y z score."""

    def gate(self, event: Gate) -> None:
        """A person passed the gate."""
        self._gate.append(event)

    def vision(self, seen: Vision) -> None:
        """A classifier looked at a hand."""

    def advance(self, now: float) -> list[Update]:  # noqa: ARG002
        """All that can be said up to `now` (epoch s, never goes back)."""
        done: list[Update] = []
        for g in self._gate:
            if g.credential is None:
                continue
            visit = f"v-{g.credential}"
            if g.event == "entered":
                done.append(Entered(g.t, visit, g.credential, g.role, g.group_size))
            else:
                done += [Left(g.t, visit, g.credential), Receipt(g.t, visit, g.credential, (), 0.5, "review")]
        self._gate = []
        return done

    def finish(self) -> list[Update]:
        """The recording is over: settle everything."""
        return self.advance(float("inf"))
