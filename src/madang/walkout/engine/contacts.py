"""What hands do away from the shelves: giving something to somebody, or leaving it on the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from madang.walkout.engine.people import NECK, Body, Frame
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store


@dataclass(frozen=True, slots=True)
class Contact:
    """At `t` body `a` met hands with `b`, or (None) reached down to the floor."""

    t: float
    a: int
    b: int | None


@dataclass(slots=True)
class _Spell:
    since: float
    last: float
    frames: int


class Contacts:
    """Watches wrists frame by frame; a contact is given out when it is over."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.s = settings
        boxes = store.plate_boxes
        self._low = boxes[:, :2].min(axis=0) if len(boxes) else np.zeros(2)
        lowest = float(boxes[:, 2].min()) if len(boxes) else 1.0
        self._floor = min(settings.floor_m, lowest - 0.05)
        self._boxes = np.array([_hull(boxes[store.plate_gondola == g]) for g in range(len(store.gondolas))])
        self._spells: dict[tuple[int, int | None], _Spell] = {}

    def feed(self, frame: Frame) -> list[Contact]:
        """Take one frame's confirmed people."""
        if frame.bodies:
            wrists = frame.joints[:, 6:8, :3]
            self._reach_down(frame.t, frame.bodies, wrists)
            raised = wrists[:, :, 2] > self.s.contact_raised * frame.full[:, NECK, 2:]
            if len(frame.bodies) > 1 and raised.any(axis=1).sum() > 1:
                self._meet(frame, np.where(raised[:, :, None], wrists, np.nan))
        return self._over(frame.t) if self._spells else []

    def _reach_down(self, t: float, live: Sequence[Body], wrists: Floats) -> None:
        low = wrists[:, :, 2] < self._floor
        if low.any():
            for k in np.flatnonzero(low.any(axis=1)):
                self._touch((live[int(k)].id, None), t)

    def _meet(self, frame: Frame, wrists: Floats) -> None:
        live, n = frame.bodies, len(frame.bodies)
        flat = wrists.reshape(2 * n, 3)
        diff = flat[:, None] - flat[None]
        near = np.einsum("ijk,ijk->ij", diff, diff) < self.s.contact_m**2
        for i, j in np.argwhere(near):
            a, b = int(i) // 2, int(j) // 2
            if a >= b:
                continue
            slow = float(np.abs(frame.speed[[a, b]]).max()) < self.s.contact_speed_m_s
            if slow and self._clear(0.5 * (flat[i] + flat[j])):
                self._touch((live[a].id, live[b].id), frame.t)

    def _clear(self, point: Floats) -> bool:
        away = np.maximum(np.maximum(self._boxes[:, :2] - point[:2], point[:2] - self._boxes[:, 2:]), 0.0)
        return bool((np.sqrt((away**2).sum(axis=1)) > self.s.contact_clear_m).all())

    def _touch(self, key: tuple[int, int | None], t: float) -> None:
        spell = self._spells.get(key)
        if spell is None:
            self._spells[key] = _Spell(t, t, 1)
        else:
            spell.last = t
            spell.frames += 1

    def _over(self, t: float) -> list[Contact]:
        out = []
        for key, spell in list(self._spells.items()):
            if t - spell.last > 0.6:
                del self._spells[key]
                long = spell.last - spell.since > self.s.contact_s
                if (spell.frames >= 2) if key[1] is None else (long and spell.frames >= 4):
                    out.append(Contact(0.5 * (spell.since + spell.last), key[0], key[1]))
        return out


def _hull(boxes: Floats) -> Floats:
    hull: Floats = np.r_[boxes[:, :2].min(axis=0), boxes[:, 3:5].max(axis=0)]
    return hull
