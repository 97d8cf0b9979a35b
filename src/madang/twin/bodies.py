"""Skeletons as cameras see them: eight joints per person from where they stand, look and reach.

Proportions are Winter's (Biomechanics and Motor Control, 2009): shoulder height .818, half shoulder breadth .129,
upper arm .186, forearm .146 of body height. A hand goes out and back with minimum-jerk timing (Flash and Hogan,
1985); where the arm is too short the body leans or bends towards the target.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madang.twin.person import LOWERING_S, Person
from madang.twin.random import keyed
from madang.twin.settings import Settings

Floats = NDArray[np.float64]
SHOULDER_H, BREADTH_H, UPPER_H, FORE_H = 0.818, 0.129, 0.186, 0.146
HEAD_H, NECK_H = 0.936, 0.845
STEP_HZ, SWING_M = 0.95, 0.11  # arm swing of a walker, our choice
CARRY_H, CARRY_AHEAD_H = 0.2, 0.15
"""Below and ahead of the shoulder, shares of body height: a hand that holds something at elbow height (.818 - .186),
the forearm (.146) ahead."""
SWAY_M = 0.015  # a standing body's sway, our choice


def skeletons(person: Person, t: Floats) -> Floats:
    """True joints [n, 8, 3] of a person at times ``t`` (ascending)."""
    x, y, heading, moving = _stance(person, t)
    h = person.height_m
    ahead = np.stack([np.cos(heading), np.sin(heading), np.zeros_like(t)], axis=1)
    left = np.stack([-np.sin(heading), np.cos(heading), np.zeros_like(t)], axis=1)
    base = np.stack([x, y, np.zeros_like(t)], axis=1)
    base[:, :2] += SWAY_M * np.sin(t[:, None] * np.array([0.9, 0.7]) + person.serial * np.array([1.7, 2.9]))
    up = np.array([0.0, 0.0, h])
    shoulders = np.stack([base + SHOULDER_H * up + side * BREADTH_H * h * left for side in (1, -1)], axis=1)
    swing = SWING_M * moving * np.sin(2 * np.pi * STEP_HZ * t + person.serial)
    joints = np.empty((len(t), 8, 3))
    lean = np.zeros((len(t), 3))
    wrists = np.empty((len(t), 2, 3))
    for arm, side in ((0, 1.0), (1, -1.0)):
        hang = shoulders[:, arm] - 0.295 * up + (0.06 * h + side * swing)[:, None] * ahead + side * 0.02 * left
        kept = _kept_up(person, arm, t)
        if kept is not None:
            before = shoulders[:, arm] - CARRY_H * up + CARRY_AHEAD_H * h * ahead - side * 0.04 * left
            hang += kept[:, None] * (before - hang)
        blend, target = _reaching(person, arm, t)
        wanted = hang + blend[:, None] * (target - hang)
        wanted[:, 2] += 0.05 * np.sin(np.pi * blend)  # the hand rises on its way
        away = wanted - shoulders[:, arm]
        far = np.linalg.norm(away, axis=1)
        short = np.clip(far - 0.96 * (UPPER_H + FORE_H) * h, 0, None) / np.maximum(far, 1e-9)
        lean += away * short[:, None]
        wrists[:, arm] = wanted
    joints[:, 0] = base + HEAD_H * up + 0.05 * ahead + 1.1 * lean
    joints[:, 1] = base + NECK_H * up + lean
    joints[:, 2:4] = shoulders + lean[:, None, :]
    joints[:, 6:8] = wrists
    joints[:, 4:6] = _elbows(joints[:, 2:4], wrists, h)
    return joints


def seen(person: Person, t: Floats, settings: Settings, seed: int, block: int) -> Floats:
    """What the cameras make of a person at ``t``: [n, 8, 4] with noise, scores and unseen joints (NaN)."""
    rng = keyed(seed, "seen", person.serial, block)
    n = len(t)
    out = np.empty((n, 8, 4))
    sd = np.array([settings.joint_sd_m] * 4 + [1.3 * settings.joint_sd_m] * 2 + [settings.wrist_sd_m] * 2)
    out[..., :3] = skeletons(person, t) + sd[:, None] * rng.standard_normal((n, 8, 3))
    out[..., 3] = np.clip(1.0 - rng.gamma(1.6, 0.035, (n, 8)), 0.3, 1.0)
    hidden = rng.random((n, 8)) < settings.unseen
    span = float(t[-1] - t[0]) if n else 0.0
    for _ in range(int(rng.poisson(settings.occlusion_per_min * span / 60))):
        start = float(rng.uniform(t[0], t[-1]))
        during = (t >= start) & (t < start + float(rng.uniform(0.3, 1.8)))
        parts = [[2, 4, 6], [3, 5, 7], [4, 5, 6, 7], list(range(8))][int(rng.integers(4))]
        for joint in parts:
            hidden[during, joint] = True
    out[hidden] = np.nan
    return np.round(out, 4)


def _stance(person: Person, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Floor position, heading and whether the body walks (0..1)."""
    knots = np.array(_around(person.knots, float(t[0]), float(t[-1])))
    x, y, heading = (np.interp(t, knots[:, 0], knots[:, i]) for i in (1, 2, 3))
    i = np.clip(np.searchsorted(knots[:, 0], t, side="right"), 1, max(1, len(knots) - 1))
    if len(knots) < 2:
        return x, y, heading, np.zeros_like(t)
    step, took = knots[i] - knots[i - 1], np.maximum(knots[i, 0] - knots[i - 1, 0], 1e-3)
    speed = np.hypot(step[:, 1], step[:, 2]) / took
    return x, y, heading, np.clip(speed, 0, 1) * (t < knots[-1, 0])


def _around(
    knots: list[tuple[float, float, float, float]], t0: float, t1: float
) -> list[tuple[float, float, float, float]]:
    """The knots that matter between two times; knots are in order of time."""
    first = last = len(knots) - 1
    while first > 0 and knots[first][0] >= t0:
        first -= 1
    while last > first and knots[last - 1][0] > t1:
        last -= 1
    return knots[first : last + 1]


def _reaching(person: Person, arm: int, t: Floats) -> tuple[Floats, Floats]:
    """How far a hand is on its way to a target (0..1) and the target."""
    blend, target = np.zeros(len(t)), np.zeros((len(t), 3))
    for reach in reversed(person.reaches):
        if reach.t3 < t[0]:
            break
        if reach.hand != arm or reach.t0 > t[-1]:
            continue
        during = (t >= reach.t0) & (t <= reach.t3)
        out = np.clip((t - reach.t0) / (reach.t1 - reach.t0), 0, 1)
        back = np.clip((reach.t3 - t) / (reach.t3 - reach.t2), 0, 1)
        s = np.minimum(out, back)
        blend = np.where(during, s**3 * (10 - 15 * s + 6 * s * s), blend)
        target = np.where(during[:, None], reach.target, target)
    return blend, target


def _kept_up(person: Person, arm: int, t: Floats) -> Floats | None:
    """How far a hand is held up with something in it (0..1) [n]; None when it hangs all the time."""
    share: Floats | None = None
    for raised in person.raised:
        if raised.hand != arm or raised.t0 > t[-1] or raised.t1 + LOWERING_S < t[0]:
            continue
        s = np.clip(np.minimum(t - raised.t0, raised.t1 + LOWERING_S - t) / LOWERING_S, 0, 1)
        share = s * s * (3 - 2 * s) if share is None else np.maximum(share, s * s * (3 - 2 * s))
    return share


def _elbows(shoulders: Floats, wrists: Floats, h: float) -> Floats:
    """Elbows hang below the line from shoulder to wrist, as far as the arm's length leaves room."""
    upper, whole = UPPER_H * h, (UPPER_H + FORE_H) * h
    line = wrists - shoulders
    far = np.linalg.norm(line, axis=2, keepdims=True)
    middle = shoulders + line * (upper / whole)
    drop = np.sqrt(np.clip(upper**2 - (far * upper / whole) ** 2, 0, None))
    level = np.clip(np.linalg.norm(line[..., :2], axis=2, keepdims=True) / np.maximum(far, 1e-9), 0.15, 1)
    middle[..., 2:] -= drop * level
    return middle
