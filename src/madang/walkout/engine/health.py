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
        self._of: list[int] = store.plate_gondola[columns].tolist()
        self._said = [OK] * len(columns)
        self._ill = np.zeros(len(columns), bool)  # of whom anything but ok was said
        self._well = [0] * len(columns)
        self._silent = np.zeros(len(store.gondolas), bool)
        self._heard = np.zeros(len(store.gondolas), np.int64)
        self._mute = False  # is any gondola said to be silent?
        self._begun: float | None = None

    def look(self, now: float, times: list[float], measured: Bools, blind: Bools, noise: Floats) -> list[Health]:
        """`times` [G] of each gondola's newest batch, who measured anything since the last look, who is blind [P] and
        the noise of each plate, grams [P]."""
        if self._begun is None:
            self._begun = now
        late = now - self.s.silent_s
        silent = [max(t, self._begun) < late for t in times]
        self._heard += 1
        out = self._gondola_news(now, np.array(silent)) if True in silent or self._mute else []
        some = (blind | (noise > self.s.noisy_g) | self._ill).nonzero()[0].tolist()
        if some:
            heard = [not still and t > now - LOOK_S for still, t in zip(self._silent.tolist(), times, strict=True)]
            for k in some:
                trouble, loud = OK, noise.item(k)
                if blind[k]:
                    trouble = STUCK if measured[k] else DEAD
                elif loud > (0.6 if self._said[k] == NOISY else 1.0) * self.s.noisy_g:
                    trouble = NOISY
                if self._is_news(k, trouble, heard[self._of[k]]):
                    out.append(Health(now, "plate", self._plates[k], STATES[trouble]))
        return out

    def _is_news(self, k: int, trouble: int, heard: bool) -> bool:
        """Is this otherwise with a plate than was said, and is it time to say so?"""
        self._well[k] = self._well[k] + 1 if trouble == OK and heard else 0
        if not heard or trouble == self._said[k] or (trouble == OK and self._well[k] < self.s.well_looks):
            return False
        self._said[k], self._ill[k] = trouble, trouble != OK
        return True

    def _gondola_news(self, now: float, silent: Bools) -> list[Health]:
        out = []
        self._heard[silent] = 0
        for g in (silent != self._silent).nonzero()[0].tolist():
            if silent[g] or self._heard[g] >= self.s.well_looks:
                self._silent[g] = silent[g]
                out.append(Health(now, "gondola", self._gondolas[g], "silent" if silent[g] else "ok"))
        self._mute = bool(self._silent.any())
        return out
