"""Health: what the engine says of its plates and gondolas, only when it changes.

Trouble is told at once; that all is well again only after it has lasted, so that a loose contact is not told twice a
minute. Plates of a gondola that sends nothing are not told one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints, Store
from madang.walkout.engine.types import Health, Trouble

Bools = NDArray[np.bool_]
STATES: tuple[Trouble, ...] = ("ok", "dead", "stuck", "noisy")
OK, DEAD, STUCK, NOISY = range(4)
LOOK_S = 1.0  # time between two looks


class Watch:
    """Looks once a second at plates in the order of `columns` [P] and at gondolas [G]."""

    def __init__(self, store: Store, columns: Ints, settings: Settings) -> None:
        self.s = settings
        self._plates = [store.plates[q] for q in columns.tolist()]
        self._gondolas = store.gondolas
        self._of = store.plate_gondola[columns]
        self._said = np.full(len(columns), OK)
        self._well = np.zeros(len(columns), np.int64)
        self._silent = np.zeros(len(store.gondolas), bool)
        self._heard = np.zeros(len(store.gondolas), np.int64)
        self._mute = False  # is any gondola said to be silent?
        self._begun: float | None = None
        self._calm = True  # all is well and was said to be

    def look(self, now: float, times: list[float], measured: Bools, blind: Bools, noise: Floats) -> list[Health]:
        """`times` [G] of each gondola's newest batch, who measured anything since the last look, who is blind [P] and
        the noise of each plate, grams [P]."""
        if self._begun is None:
            self._begun = now
        late = now - self.s.silent_s
        silent = [max(t, self._begun) < late for t in times]
        self._heard += 1
        out = self._gondola_news(now, np.array(silent)) if True in silent or self._mute else []
        if self._calm and not np.count_nonzero(blind) and not np.count_nonzero(noise > self.s.noisy_g):
            return out
        trouble = np.where(blind, np.where(measured, STUCK, DEAD), OK)
        loud = noise > np.where(self._said == NOISY, 0.6, 1.0) * self.s.noisy_g
        trouble[(trouble == OK) & loud] = NOISY
        heard = (~self._silent & (np.array(times) > now - LOOK_S))[self._of]
        self._well = np.where((trouble == OK) & heard, self._well + 1, 0)
        news = heard & (trouble != self._said) & ((trouble != OK) | (self._well >= self.s.well_looks))
        for k in np.flatnonzero(news).tolist():
            self._said[k] = trouble[k]
            out.append(Health(now, "plate", self._plates[k], STATES[trouble[k]]))
        self._calm = not np.count_nonzero(self._said) and not np.count_nonzero(trouble)
        return out

    def _gondola_news(self, now: float, silent: Bools) -> list[Health]:
        out = []
        self._heard[silent] = 0
        for g in (silent != self._silent).nonzero()[0].tolist():
            if silent[g] or self._heard[g] >= self.s.well_looks:
                self._silent[g] = silent[g]
                out.append(Health(now, "gondola", self._gondolas[g], "silent" if silent[g] else "ok"))
        self._mute = bool(self._silent.any())
        return out
