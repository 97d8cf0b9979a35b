"""A shop of twelve plates made of numpy, for the engine's tests: levels with noise, stick people, a gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from madang.walkout.engine import MISSING, Engine, Gate, Moved, Receipt, Settings, Store, Update, Vision

T0 = 1_000_000.0
WEIGHTS = {"cola": 380.0, "milk": 540.0, "bar": 46.0, "chips": 71.0, "twin": 380.0, "soup": 250.0}


def layout() -> dict[str, Any]:
    """One gondola, one shelf, six facings of two plates: cola, milk, bar, chips, twin (weighs as cola), soup."""
    plates = [
        {
            "id": f"1-1-{k + 1}",
            "gondola": 1,
            "shelf": 1,
            "plate": k + 1,
            "box": [0.1 * k, 0, 1.0, 0.1 * k + 0.1, 0.4, 1.3],
        }
        for k in range(12)
    ]
    ids = [p["id"] for p in plates]
    products = [
        {"id": n, "name": n, "price": 1000, "weight_g": w, "weight_sd_g": 0.01 * w, "kind": n}
        for n, w in WEIGHTS.items()
    ]
    facings = [
        {
            "id": f"F{k + 1}",
            "gondola": 1,
            "shelf": 1,
            "plates": ids[2 * k : 2 * k + 2],
            "products": [name],
            "box": [0.2 * k, 0, 1.0, 0.2 * k + 0.2, 0.4, 1.3],
            "count": {name: 8},
        }
        for k, name in enumerate(WEIGHTS)
    ]
    return {
        "gondolas": [{"id": 1, "along": [1, 0], "outward": [0, -1], "box": [0, 0, 1, 1.2, 0.4, 1.3]}],
        "shelves": [{"id": "1-1", "gondola": 1, "shelf": 1, "box": [0, 0, 1, 1.2, 0.4, 1.3], "plates": ids}],
        "plates": plates,
        "products": products,
        "planogram": facings,
        "area": [[-1.5, -2.2], [2, -2.2], [2, 0], [-1.5, 0]],
        "gate_polygon": [[-1.3, -2.9], [0.1, -2.9], [0.1, -2.2], [-1.3, -2.2]],
        "entry_line": [[-1.3, -2.3], [-0.7, -2.3]],
        "exit_line": [[-0.5, -2.3], [0.1, -2.3]],
    }


@dataclass
class Walker:
    """Comes in at `t0`, leaves at `t1`; `reach` {time: plate}; `tracks` [(since, id)]; `hidden` [(from, to)]."""

    t0: float
    t1: float
    stand: float = 0.5
    height: float = 1.6
    reach: dict[float, int] = field(default_factory=dict)
    tracks: list[tuple[float, str]] = field(default_factory=list)
    hidden: list[tuple[float, float]] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    holds: dict[float, float] = field(default_factory=dict)

    def at(self, t: float) -> tuple[float, float] | None:
        """Place on the floor at `t`; None when not in the shop."""
        if not self.t0 <= t <= self.t1:
            return None
        come, go = min((t - self.t0) / 2.0, 1.0), min((self.t1 - t) / 2.0, 1.0)
        if t - self.t0 < 2.0:
            return -1.0 + (self.stand + 1.0) * come, -2.65 + 2.15 * come
        return -0.2 + (self.stand + 0.2) * go, -2.65 + 2.15 * go

    def joints(self, t: float) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Joints [8, 4] at `t`, with a hand in the shelf around the times of `reach`."""
        where = self.at(t)
        assert where is not None
        x, y = where
        h = self.height
        rows = [(x, y, h), (x, y, h - 0.2)]
        rows += [(x - 0.2, y, h - 0.25), (x + 0.2, y, h - 0.25), (x - 0.22, y, h - 0.5), (x + 0.22, y, h - 0.5)]
        rows += [(x - 0.22, y, h - 0.75), (x + 0.22, y, h - 0.75)]
        for when, plate in self.reach.items():
            if when - self.holds.get(when, 0.45) < t < when + 0.15:
                rows[7] = (0.1 * plate + 0.05, -0.05, 1.1)
                rows[5] = (0.1 * plate + 0.05, -0.3, 1.1)
        if any(abs(t - f) < 0.3 for f in self.floor):
            rows[7] = (x, y, 0.2)
        return np.array([[*r, 0.9] for r in rows])

    def track(self, t: float) -> str | None:
        """The camera's track id at `t`; None while hidden."""
        if self.at(t) is None or any(a <= t < b for a, b in self.hidden):
            return None
        return [name for since, name in self.tracks if since <= t][-1] if self.tracks else f"t{self.t0}"


@dataclass
class Scene:
    """What happens: people, gate events, load changes (time, plate, grams), pulses (from, to, plate, grams)."""

    people: list[Walker] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    loads: list[tuple[float, int, float]] = field(default_factory=list)
    pulses: list[tuple[float, float, int, float]] = field(default_factory=list)
    seen: list[Vision] = field(default_factory=list)
    end: float = 30.0
    noise_g: float = 0.5
    drift_g_s: float = 0.0
    dead: tuple[int, ...] = ()
    stuck: tuple[int, ...] = ()
    clock_s: float = 0.0

    def shopper(
        self, name: str, walker: Walker, *, role: Any = "customer", leaves: bool = True, size: int | None = None
    ) -> None:
        """A person with a credential, with gate events."""
        self.people.append(walker)
        self.gates.append(Gate(T0 + walker.t0 + 0.33, "entered", name, walker.track(walker.t0), size, role))
        if leaves:
            self.gates.append(Gate(T0 + walker.t1 - 0.33, "left", name, walker.track(walker.t1), None, role))

    def values(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Samples [n, 12] decigrams at 60 Hz."""
        n = int(self.end * 60) // 12 * 12
        t = np.arange(n) / 60.0
        rng = np.random.default_rng(3)
        out = rng.normal(0, self.noise_g, (n, 12)) + np.linspace(-900, 4000, 12) + self.drift_g_s * t[:, None]
        for when, plate, grams in self.loads:
            out[t >= when, plate] += grams
            shake = (t > when - 0.3) & (t < when + 0.3)
            out[shake, plate] += 0.3 * abs(grams) * rng.normal(0, 1, int(shake.sum()))
        for a, b, plate, grams in self.pulses:
            inside = (t >= a) & (t < b)
            out[inside, plate] += grams + 3.0 * np.sin(2.5 * t[inside]) + rng.normal(0, 2.0, int(inside.sum()))
        whole = np.round(out * 10).astype(np.int32)
        whole[:, list(self.dead)] = MISSING
        whole[:, list(self.stuck)] = whole[0, list(self.stuck)]
        return whole

    def messages(self, *, rows: int = 12, frames_s: int = 11) -> list[tuple[float, int, Any]]:
        """(arrival, kind, content) in order of arrival: batches of so many rows at 60 Hz, so many frames a second."""
        out: list[tuple[float, int, Any]] = []
        values = self.values()
        for b in range(len(values) // rows):
            t = T0 + b * rows / 60
            out.append((t + rows / 60 + 0.1, 0, (t + self.clock_s, values[rows * b : rows * b + rows])))
        for k in range(int(self.end * frames_s)):
            s = k / frames_s
            frame = [(name, w.joints(s)) for w in self.people if (name := w.track(s)) is not None]
            out.append((T0 + s + 0.05, 1, (T0 + s, frame)))
        out += [(g.t + 0.05, 2, g) for g in self.gates]
        out += [(v.t + 0.1, 3, v) for v in self.seen]
        return sorted(out, key=lambda m: (m[0], m[1]))


def play(
    scene: Scene,
    *,
    chunk: float = 0.5,
    messages: list[tuple[float, int, Any]] | None = None,
    shop: dict[str, Any] | None = None,
    glimpses: bool = False,
) -> list[Update]:
    """Feed a scene to a new engine, asking for updates every `chunk` seconds."""
    engine = Engine(Store.from_json(shop or layout()), Settings())
    if glimpses:
        engine.glimpse()
    out: list[Update] = []
    due = T0
    for arrival, kind, what in scene.messages() if messages is None else messages:
        while arrival >= due:
            out += engine.advance(due)
            due += chunk
        if kind == 0:
            engine.plates(1, what[0], what[1], arrival)
        elif kind == 1:
            engine.skeletons(what[0], what[1])
        elif kind == 2:
            engine.gate(what)
        else:
            engine.vision(what)
    return out + engine.finish()


def weighing(product: str, grams: float | None, sd: float | None = None) -> dict[str, Any]:
    """The shop, with another weight of one product in its catalogue."""
    shop = layout()
    for p in shop["products"]:
        if p["id"] == product:
            p |= {"weight_g": grams, "weight_sd_g": sd}
    return shop


def last_receipts(updates: list[Update]) -> dict[str, Receipt]:
    """The last receipt of each credential, as it was said."""
    return {u.credential: u for u in updates if isinstance(u, Receipt)}


def receipts(updates: list[Update]) -> dict[str, dict[str, int]]:
    """Last receipt per credential."""
    return {u.credential: {x.product: x.qty for x in u.lines} for u in updates if isinstance(u, Receipt)}


def moves(updates: list[Update]) -> list[Moved]:
    """Moves as last told, without those taken back."""
    last = {u.id: u for u in updates if isinstance(u, Moved)}
    return [m for m in last.values() if not m.retracted]
