"""Readings of the load plates: true loads, forces of hands, noise, drift, dead and stuck plates.

A reading is the plate's tare + its load + what leaks from neighbours + drift + noise. The noise of a plate is white
noise, a slow rumble (knots five times a second) and two vibrations shared by the gondola near 16 and 24 Hz, as the
AiFi take shows. Drift is a sum of sines, so that it can be asked for at any moment without a history. White noise is
cut at random places from one long table of a seed: drawing it anew was a third of the twin's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from madang.twin.geometry import Gondola
from madang.twin.messages import BATCH_SAMPLES, MISSING, SAMPLE_HZ
from madang.twin.random import keyed, lognormal
from madang.twin.settings import Settings
from madang.twin.world import Touch

Floats32 = NDArray[np.float32]
TARE_SD_G = 1500.0  # AiFi: readings are not zeroed, one plate rests at -3007 g
TARE_MAX_G = 5000.0
WHITE, RUMBLE, SHAKE = (
    0.80,
    0.45,
    0.40,
)  # parts of a plate's sd, squares sum to one; shape our choice after the take's spectrum
VIBRATIONS_HZ = (16.7, 24.3)  # AiFi take
RUMBLE_SAMPLES = 12
DRIFT_PERIODS_S = (7200.0, 2500.0, 900.0)  # our choice
FAST_DRIFT_G = (8.0, 25.0)  # our choice
FAST_PERIOD_S = (200.0, 600.0)
SOFT_BUMP_G, HARD_BUMP_G = (1.2, 5.0), (6.0, 60.0)  # median and p95 of a plate's swing; AiFi take: up to 518 g
TREMOR = 0.15  # part of the grip's noise that shakes the whole gondola and dies away within seconds, our choice
DRIFT_STEP = 180  # samples between computed drift values: a straight line is off by at most 0.03 g
TABLE = 1 << 20  # normal deviates in a seed's table of white noise: 4 MB
PEEKS = 6  # batches of a block of 6 s in which the shop is empty and only peeked at


@dataclass(frozen=True, slots=True, eq=False)
class _Plates:
    """The constant character of one gondola's plates, in decigrams where it is a weight."""

    sd: Floats32
    tare: NDArray[np.float64]
    shake: Floats32
    drift_amp: NDArray[np.float64]
    drift_omega: NDArray[np.float64]
    drift_phase: NDArray[np.float64]
    dead: NDArray[np.bool_]
    stuck: NDArray[np.bool_]


class Loads:
    """One gondola's readings, block by block."""

    def __init__(self, gondola: Gondola, settings: Settings, seed: int, start_mg: list[int]) -> None:
        self.gondola, self._settings, self._seed = gondola, settings, seed
        self._level_mg = np.array(start_mg, dtype=np.int64)
        self._plates = _characters(gondola, settings, seed)
        self._stuck_at = np.rint(self._plates.tare + self._level_mg / 100).astype(np.int32)
        self._touches: list[Touch] = []
        self._forces: dict[int, Floats32] = {}
        self._edge: tuple[int, Floats32] = (-1, np.zeros(0, np.float32))
        self._white = _white(seed)
        self._faulty = bool((self._plates.stuck | self._plates.dead).any())

    def add(self, touch: Touch) -> None:
        """A hand's doing that begins in a block not yet read."""
        self._touches.append(touch)

    def faults(self) -> dict[str, list[str]]:
        """Names of dead, stuck and fast drifting plates."""
        p, names = self._plates, self.gondola.plates
        fast = p.drift_amp[-1] > 0
        return {
            "dead": [n for n, on in zip(names, p.dead, strict=True) if on],
            "stuck": [n for n, on in zip(names, p.stuck, strict=True) if on],
            "fast_drift": [n for n, on in zip(names, fast, strict=True) if on],
        }

    def skip(self, block: int, samples: int) -> None:
        """Pass over a block without reading it; costs next to nothing."""
        self._fold((block + 1) * samples)

    def read(self, block: int, samples: int) -> NDArray[np.int32]:
        """The readings [samples, P] of a block, in decigrams."""
        first = block * samples
        out = self._quiet(block, first, samples)
        for touch in self._touches:
            i0, i1 = max(touch.start - first, 0), min(touch.end - first, samples)
            if i1 > i0:
                force = self._force(touch)
                out[i0:i1] += force[first + i0 - touch.start : first + i1 - touch.start]
            if i1 < samples and touch.end - first < samples:
                out[max(i1, 0) :] += (touch.delta_mg / 100).astype(np.float32)
        self._fold(first + samples)
        return self._shown(out)

    def _fold(self, until: int) -> None:
        """Touches over by ``until`` become part of the level."""
        if not self._touches:
            return
        for touch in self._touches:
            if touch.end <= until:
                self._level_mg += touch.delta_mg
                self._forces.pop(touch.serial, None)
        self._touches = [t for t in self._touches if t.end > until]

    def peek(self, block: int, samples: int) -> NDArray[np.int32]:
        """Readings [PEEKS, 12, P] of single batches, evenly spread over a block in which nobody touches anything."""
        p, n = self._plates, len(self.gondola.plates)
        rng = keyed(self._seed, "peek", self.gondola.id, block)
        first = block * samples + np.arange(PEEKS) * (samples // PEEKS)
        out = self._slice(rng, PEEKS * BATCH_SAMPLES).reshape(PEEKS, BATCH_SAMPLES, n)
        out += RUMBLE * p.sd * rng.standard_normal((PEEKS, 1, n), dtype=np.float32)
        out += _waves(int(first[0]), samples).reshape(PEEKS, -1, 2)[:, :BATCH_SAMPLES] @ p.shake
        out += self._level(first / SAMPLE_HZ)[:, None, :]
        self._fold((block + 1) * samples)
        return self._shown(out)

    def _quiet(self, block: int, first: int, samples: int) -> Floats32:
        """Level, drift and noise."""
        p, n = self._plates, len(self.gondola.plates)
        rng = keyed(self._seed, "noise", self.gondola.id, block)
        out = self._slice(rng, samples)
        knots = rng.standard_normal((samples // RUMBLE_SAMPLES + 1, n), dtype=np.float32)
        knots[0], knots[-1] = self._edge_at(block), self._edge_at(block + 1)
        knots *= RUMBLE * 1.2 * p.sd  # interpolation between knots loses a sixth of the sd
        out += _between(knots, RUMBLE_SAMPLES)
        out += _waves(first, samples) @ p.shake
        out += _between(self._level((first + np.arange(0, samples + 1, DRIFT_STEP)) / SAMPLE_HZ), DRIFT_STEP)
        return out

    def _slice(self, rng: np.random.Generator, samples: int) -> Floats32:
        """White noise [samples, P] of the plates' own size."""
        n = len(self.gondola.plates)
        start = int(rng.integers(TABLE))
        return self._white[start : start + samples * n].reshape(samples, n) * (WHITE * self._plates.sd)

    def _edge_at(self, block: int) -> Floats32:
        """The rumble where a block begins; remembered, as the block before ends there."""
        if self._edge[0] != block:
            rng = keyed(self._seed, "edge", self.gondola.id, block)
            self._edge = (block, rng.standard_normal(len(self.gondola.plates), dtype=np.float32))
        return self._edge[1]

    def _level(self, t: NDArray[np.float64]) -> Floats32:
        """Tare, load and drift at moments [T, P]."""
        p = self._plates
        slow = np.sum(p.drift_amp * np.sin(t[:, None, None] * p.drift_omega + p.drift_phase), axis=1)
        return np.asarray(slow + (p.tare + self._level_mg / 100), dtype=np.float32)

    def _shown(self, out: Floats32) -> NDArray[np.int32]:
        """Whole decigrams, and what dead and stuck plates say."""
        values = np.rint(out, out=out).astype(np.int32)
        if self._faulty:
            values[..., self._plates.stuck] = self._stuck_at[self._plates.stuck]
            values[..., self._plates.dead] = MISSING
        return values

    def _force(self, touch: Touch) -> Floats32:
        if touch.serial not in self._forces:
            self._forces[touch.serial] = draw_force(self.gondola, touch, self._settings, self._seed)
        return self._forces[touch.serial]


def draw_force(gondola: Gondola, touch: Touch, settings: Settings, seed: int) -> Floats32:
    """What a touch adds to the readings [n, P] from its start to its end, in decigrams; its last row is the lasting
    change.

    The hand presses before it lifts (or lands with a thud), shakes its own plates most and those beside them less,
    the items ring for a while, and now and then the whole gondola swings.
    """
    rng = keyed(seed, "touch", touch.serial)
    n, plates = touch.end - touch.start, len(gondola.plates)
    i = np.arange(n)
    since = (i - (touch.onset - touch.start)) / touch.ramp
    rise = np.clip(since, 0, 1)
    step = rise * rise * (3 - 2 * rise)
    after = np.clip(i - (touch.onset - touch.start + touch.ramp), 0, None) / SAMPLE_HZ
    fade = np.clip((n - 1 - i) / (0.4 * SAMPLE_HZ), 0, 1)
    ring = np.where(after > 0, np.exp(-after / 0.14) * np.cos(2 * np.pi * rng.uniform(5, 9) * after), 0.0) * fade
    swing = float(rng.normal(0.06, 0.05)) if not touch.put else float(rng.uniform(0.05, 0.35))
    force = (step + swing * ring)[:, None] * (touch.delta_mg / 100)[None, :]
    middle = (gondola.u0 + gondola.u1) / 2
    beside = np.where(gondola.shelf_of == touch.shelf, np.exp(-((middle - touch.u) ** 2) / (2 * 0.13**2)), 0.0)
    own = np.zeros(plates)
    own[list(touch.columns)] = 1.0 / max(1, len(touch.columns))
    grip = 10 * lognormal(rng, max(settings.grip_g, 1e-9), 3.0 * max(settings.grip_g, 1e-9)) * (settings.grip_g > 0)
    work = np.clip(i / (0.15 * SAMPLE_HZ), 0, 1) * np.exp(-after / 0.22) * fade
    press = np.sin(np.pi * np.clip(i / max(1, touch.onset - touch.start + touch.ramp // 2), 0, 1)) * (since < 0.5)
    force += (grip * float(rng.uniform(0.5, 3.5)) * press)[:, None] * own[None, :]
    knots = rng.standard_normal((n // 4 + 2, plates))
    shaken = np.where(own > 0, 0.6 * beside + own, 1.4 * beside)
    noise = _between(knots, 4)[:n]
    force += (grip * work)[:, None] * shaken * noise
    tremor = TREMOR * np.clip(i / (0.15 * SAMPLE_HZ), 0, 1) * np.exp(-after / 0.8) * fade
    force += (grip * tremor)[:, None] * np.where(gondola.shelf_of == touch.shelf, 1.0, 0.5) * noise
    if settings.bump_share > 0:
        hard = rng.random() < settings.bump_share
        size = lognormal(rng, *(HARD_BUMP_G if hard else SOFT_BUMP_G))
        force += _bump(rng, gondola, touch, i, 10 * size) * fade[:, None]
    return force.astype(np.float32)


def _bump(
    rng: np.random.Generator, gondola: Gondola, touch: Touch, i: NDArray[np.int64], size_dg: float
) -> NDArray[np.float64]:
    """The gondola swings at a few hertz and comes to rest; other shelves more or less than the touched one."""
    t = np.clip(i - (touch.onset - touch.start), 0, None) / SAMPLE_HZ
    shelves = int(gondola.shelf_of.max()) + 1
    size = size_dg * rng.lognormal(-0.7, 0.6, shelves)[gondola.shelf_of]
    plates = size * rng.standard_normal(len(gondola.plates))
    wave = np.exp(-t / float(rng.uniform(0.2, 0.6))) * np.sin(2 * np.pi * float(rng.uniform(2.0, 6.0)) * t)
    return np.asarray(wave[:, None] * plates[None, :])


@lru_cache(maxsize=4)
def _white(seed: int) -> Floats32:
    """Standard normal deviates, long enough to cut a block of any gondola at any place below ``TABLE``."""
    table = keyed(seed, "white").standard_normal(TABLE, dtype=np.float32)
    return np.concatenate([table, table])


@lru_cache(maxsize=2)
def _waves(first: int, samples: int) -> Floats32:
    """The gondolas' vibrations [samples, 2] from a sample on."""
    t = (first + np.arange(samples)) / SAMPLE_HZ
    return np.stack([np.sin(2 * np.pi * hz * t) for hz in VIBRATIONS_HZ], axis=1).astype(np.float32)


def _between(knots: NDArray[np.floating], step: int) -> NDArray[np.floating]:
    """Straight lines between knots ``step`` samples apart: [(k - 1) * step, P]."""
    part = (np.arange(step, dtype=knots.dtype) / step)[None, :, None]
    lines = knots[:-1, None, :] + part * (knots[1:] - knots[:-1])[:, None, :]
    return np.asarray(lines.reshape(-1, knots.shape[1]))


def _characters(gondola: Gondola, settings: Settings, seed: int) -> _Plates:
    rng = keyed(seed, "plates", gondola.id)
    n = len(gondola.plates)
    z = rng.standard_normal(n)
    spread = np.log(settings.noise_p95_g / settings.noise_sd_g) / 1.6449 if settings.noise_sd_g else 0.0
    sd = np.minimum(settings.noise_sd_g * np.exp(spread * z), settings.noise_max_g) * 10
    slow = rng.normal(0.0, settings.drift_g, (len(DRIFT_PERIODS_S), n)) * 10 / np.sqrt(len(DRIFT_PERIODS_S))
    fast = np.where(rng.random(n) < settings.fast_drift_share, rng.uniform(*FAST_DRIFT_G, n) * 10, 0.0)
    omega = (
        2
        * np.pi
        / np.concatenate(
            [np.array(DRIFT_PERIODS_S)[:, None] * rng.uniform(0.7, 1.4, (3, n)), rng.uniform(*FAST_PERIOD_S, (1, n))]
        )
    )
    dead = rng.random(n) < settings.dead_share
    return _Plates(
        sd=sd.astype(np.float32),
        tare=np.rint(np.clip(rng.normal(0, TARE_SD_G, n), -TARE_MAX_G, TARE_MAX_G) * 10),
        shake=(SHAKE * rng.standard_normal((2, n)) * sd).astype(np.float32),
        drift_amp=np.concatenate([slow, fast[None]]),
        drift_omega=omega,
        drift_phase=rng.uniform(0, 2 * np.pi, (4, n)),
        dead=dead,
        stuck=~dead & (rng.random(n) < settings.stuck_share),
    )
