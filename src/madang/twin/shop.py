"""The simulated shop: a plan goes in, the sensors' messages come out in the order of their arrival, the truth stays
apart.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madang.kernel.clock import SECOND_US
from madang.twin.bodies import seen
from madang.twin.geometry import Geometry
from madang.twin.loads import PEEKS, Loads
from madang.twin.messages import (
    BATCH_S,
    BATCH_SAMPLES,
    Message,
    PlateBatch,
    SkeletonFrame,
)
from madang.twin.person import Person
from madang.twin.plan import Plan
from madang.twin.random import keyed
from madang.twin.settings import NORMAL, Settings
from madang.twin.shopper import visit_course
from madang.twin.truth import Truth
from madang.twin.world import Steps, World

BLOCK_BATCHES = 30
BLOCK_S = BLOCK_BATCHES * BATCH_S
BLOCK_SAMPLES = BLOCK_BATCHES * BATCH_SAMPLES
LATENCY_S = BATCH_S + 0.065  # a batch is sent when it is full; network and hub, our choice
FRAME_LATENCY_S = 0.12  # pose estimation, our choice
TAIL_BLOCKS = 1  # the sensors run on for so long after the last one has left
WARM_BLOCKS = 5  # a thrifty stream is a full one for so long at first
CALM_BLOCKS = 2  # ... and for so long after the last one has left
FORGET_S = 2.0  # people who left so long ago no longer matter
DOUBLE_S = 0.007


class Shop:
    """A shop of one layout, with sensors as good as ``settings`` say. The same seed gives the same streams to the
    bit.
    """

    def __init__(self, layout: dict[str, Any], seed: int = 1, settings: Settings = NORMAL) -> None:
        self.layout, self.seed, self.settings = layout, seed, settings
        self.geometry = Geometry(layout)

    def stream(
        self, plan: Plan, *, start_us: int | None = None, until_us: int | None = None, thrifty: bool = False
    ) -> Stream:
        """The messages that arrive from ``start_us`` on (default: the plan's epoch), each once, by arrival.

        A stream that starts later yields exactly what the full one yields from then on: it lets people act without
        reading the sensors, so it gets there at thousands of times real time. It ends some seconds after the last
        person has left, or at ``until_us``. A ``thrifty`` one sends a batch a second and no frames while the shop is
        empty (from ``CALM_BLOCKS`` after the last one has left to a block before the next one comes).
        """
        return Stream(self, plan, start_us=start_us, until_us=until_us, thrifty=thrifty)


class Stream:
    """An iterator of messages. ``truth`` grows with it; ``messages_to_us`` is the time up to which it has been read."""

    def __init__(
        self, shop: Shop, plan: Plan, *, start_us: int | None, until_us: int | None, thrifty: bool = False
    ) -> None:
        self._shop, self._plan, self._settings, self._seed = shop, plan, shop.settings, shop.seed
        self._world = World(shop.geometry, shop.settings, shop.seed, plan.epoch_us)
        self._world.start(0.0, _door(self._world, plan))
        self._world.start(0.0, _ghosts(self._world))
        self._loads = [
            Loads(g, shop.settings, shop.seed, self._world.stock.loads_mg(g)) for g in shop.geometry.gondolas
        ]
        self._made_s, self._events = 0.0, 0
        self._thrifty, self._busy_block = thrifty, WARM_BLOCKS - CALM_BLOCKS
        self._comings_s = [(v.arrive_us - plan.epoch_us) / SECOND_US for v in plan.visits]
        self._waiting: list[tuple[float, int, int, Message]] = []
        self._start_s = 0.0 if start_us is None else (start_us - plan.epoch_us) / SECOND_US
        self._until_s = float("inf") if until_us is None else (until_us - plan.epoch_us) / SECOND_US
        self._truth_sensors()
        self._messages = self._run()

    @property
    def truth(self) -> Truth:
        """What really happened in the blocks read so far; ``final_stock`` is filled when the stream has ended."""
        truth = self._world.truth
        truth.events.sort(key=lambda e: e.t)
        return truth

    @property
    def messages_to_us(self) -> int:
        """Everything that arrives before this moment has been made."""
        return self._world.epoch_us + round(self._made_s * SECOND_US)

    def stock(self) -> dict[str, int]:
        """True items per product on the shelves now."""
        counts: dict[str, int] = {}
        for products in self._world.stock.by_plate().values():
            for product, n in products.items():
                counts[product] = counts.get(product, 0) + n
        return counts

    def loads_g(self, gondola: int) -> list[float]:
        """The true loads of a gondola's plates now, in the order of its batches' columns."""
        return next(
            [mg / 1000 for mg in self._world.stock.loads_mg(g)] for g in self._shop.geometry.gondolas if g.id == gondola
        )

    def misplaced(self) -> list[dict[str, str]]:
        """What lies in a facing it does not belong to, now: product and facing."""
        lying = self._world.stock.misplaced
        return [{"product": p.item.product, "facing": facing} for facing in sorted(lying) for p in lying[facing]]

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        return next(self._messages)

    def _run(self) -> Iterator[Message]:
        world, block = self._world, 0
        last: int | None = None
        reach_back = LATENCY_S + self._settings.late_max_s + 1.0  # batches may arrive so long after their block
        while last is None or block <= last:
            until = (block + 1) * BLOCK_S
            world.advance(until)
            if last is None and world.idle:
                last = block + TAIL_BLOCKS
            self._hand_touches()
            empty = self._thrifty and self._empty(block)
            if until + reach_back < self._start_s:
                for loads in self._loads:
                    loads.skip(block, BLOCK_SAMPLES)
            elif empty:
                self._peek(block)
            else:
                self._read(block)
            self._push_events()
            self._made_s = until
            yield from self._due(world.epoch_s(until))
            if until >= self._until_s:
                return
            world.forget(until - FORGET_S)
            block += 1
        yield from self._due(float("inf"))
        world.truth.final_stock = world.stock.by_plate()

    def _due(self, limit: float) -> Iterator[Message]:
        """Messages that have arrived before ``limit``, in order, within the time asked for."""
        start, end = self._world.epoch_s(self._start_s), self._world.epoch_s(self._until_s)
        self._waiting.sort(key=_rank)
        ready = bisect_left(self._waiting, limit, key=lambda waiting: waiting[0])
        due, self._waiting = self._waiting[:ready], self._waiting[ready:]
        for arrival, _, _, message in due:
            if start <= arrival < end:
                yield message

    def _push(self, message: Message, rank: int, number: int) -> None:
        self._waiting.append((message.arrival, rank, number, message))

    def _empty(self, block: int) -> bool:
        """Nobody has been in the shop for a while, and nobody comes in this block or the next."""
        if any(p.role != "ghost" for p in self._world.people):
            self._busy_block = block
        coming = bisect_left(self._comings_s, block * BLOCK_S)
        soon = coming < len(self._comings_s) and self._comings_s[coming] < (block + 2) * BLOCK_S
        return block > self._busy_block + CALM_BLOCKS and not soon

    def _peek(self, block: int) -> None:
        """Make a few single batches of a block in which the shop is empty; none is lost or late."""
        step = BLOCK_BATCHES // PEEKS
        for index, loads in enumerate(self._loads):
            jitter = keyed(self._seed, "link", self._shop.geometry.gondolas[index].id, block).normal(0.0, 0.004, PEEKS)
            for k, values in enumerate(loads.peek(block, BLOCK_SAMPLES)):
                seq = block * BLOCK_BATCHES + k * step
                true_s = self._world.epoch_s(seq * BATCH_S)
                stamp = true_s + self._world.clocks.gondolas[index]
                stamp += float(jitter[k]) if self._settings.clock_offset_s else 0.0
                self._send(index, seq, round(stamp, 4), round(true_s + LATENCY_S, 6), values)

    def _send(
        self, index: int, seq: int, stamp: float, arrival: float, values: NDArray[np.int32], turn: int = 0
    ) -> None:
        batch = PlateBatch(self._shop.geometry.gondolas[index].id, seq, stamp, arrival, values)
        self._waiting.append((arrival, 0, 2 * (seq * 1000 + index) + turn, batch))

    def _read(self, block: int) -> None:
        """Make the plates' and cameras' messages of a block."""
        for i, loads in enumerate(self._loads):
            self._batches(block, i, loads.read(block, BLOCK_SAMPLES))
        self._frames(block)

    def _push_events(self) -> None:
        """Queue what the gate and the classifier said (also of blocks passed over: a classifier may speak much
        later).
        """
        said: list[Message] = [*self._world.gate, *self._world.vision]
        for message in said:
            self._events += 1
            self._push(message, 2, self._events)
        self._world.gate.clear()
        self._world.vision.clear()

    def _hand_touches(self) -> None:
        for touch in self._world.touches:
            self._loads[touch.gondola].add(touch)
        self._world.touches.clear()

    def _batches(self, block: int, index: int, values: NDArray[np.int32]) -> None:
        """Send a block's readings as batches: stamped by the gondola's clock, some late, lost, repeated or twice."""
        s, world = self._settings, self._world
        rng = keyed(self._seed, "link", self._shop.geometry.gondolas[index].id, block)
        chance = rng.random((6, BLOCK_BATCHES))
        tardy = rng.uniform(0.3, max(0.31, s.late_max_s), (2, BLOCK_BATCHES))
        jitter = rng.normal(0.0, 0.004, BLOCK_BATCHES) * bool(s.clock_offset_s)
        true_s = world.epoch_us / SECOND_US + (block * BLOCK_BATCHES + np.arange(BLOCK_BATCHES)) * BATCH_S
        stamps = np.round(true_s + world.clocks.gondolas[index] + jitter, 4).tolist()
        reach = true_s + LATENCY_S + 0.06 * chance[1] + np.where(chance[2] < s.late, tardy[0], 0.0)
        arrivals, again = np.round(reach, 6).tolist(), np.round(reach + tardy[1], 6).tolist()
        lost, repeated, twice = ((chance[k] < p).tolist() for k, p in ((0, s.loss), (3, s.repeat), (4, s.duplicate)))
        for b in range(BLOCK_BATCHES):
            if lost[b]:
                continue
            source = b - 1 if b and repeated[b] else b
            rows = values[source * BATCH_SAMPLES : (source + 1) * BATCH_SAMPLES]
            seq = block * BLOCK_BATCHES + b
            self._send(index, seq, stamps[b], arrivals[b], rows)
            if twice[b]:
                self._send(index, seq, stamps[b], again[b], rows, 1)

    def _frames(self, block: int) -> None:
        """The cameras' frames of a block."""
        s, world = self._settings, self._world
        times = _frame_times(self._seed, block, s)
        at: list[list[tuple[str, NDArray[np.float64]]]] = [[] for _ in times]
        for person in sorted(world.people, key=lambda p: p.serial):
            gone = person.gone_s if person.gone_s is not None else float("inf")
            first, last = np.searchsorted(times, (person.knots[0][0], gone)).tolist()
            if first < last:
                joints = seen(person, times[first:last], s, self._seed, block)
                unseen: list[bool] = np.all(np.isnan(joints[:, :, 0]), axis=1).tolist()
                for k, track in enumerate(person.tracks_at(times[first:last].tolist())):
                    if track is not None and not unseen[k]:
                        at[first + k].append((track, joints[k]))
        stamps = world.epoch_us / SECOND_US + times
        sent = np.round(stamps + world.clocks.camera, 4).tolist()
        arrivals = np.round(stamps + FRAME_LATENCY_S, 6).tolist()
        for k, (stamp, arrival, people) in enumerate(zip(sent, arrivals, at, strict=True)):
            self._push(SkeletonFrame(stamp, arrival, tuple(people)), 1, block * 1000 + k)

    def _truth_sensors(self) -> None:
        clocks = self._world.clocks
        faults: dict[str, list[str]] = {"dead": [], "stuck": [], "fast_drift": []}
        for loads in self._loads:
            for kind, plates in loads.faults().items():
                faults[kind] += plates
        offsets = {f"gondola-{g.id}": clocks.gondolas[g.index] for g in self._shop.geometry.gondolas}
        self._world.truth.sensors = {
            "clock_offset_s": offsets,
            **faults,
            "flaky": [],
            "skeleton_offset_s": clocks.camera,
            "door_offset_s": clocks.door,
            "vision_offset_s": clocks.vision,
        }


def _rank(waiting: tuple[float, int, int, Message]) -> tuple[float, int, int]:
    return waiting[:3]


def _frame_times(seed: int, block: int, settings: Settings) -> NDArray[np.float64]:
    """When the cameras deliver in a block: about ``frame_hz``, jittered, some frames lost, some twice."""
    rng = keyed(seed, "frames", block)
    first, last = (int(np.ceil(n * BLOCK_S * settings.frame_hz)) for n in (block, block + 1))
    times = np.arange(first, last) / settings.frame_hz + rng.normal(0.0, 0.003, last - first)
    kept = times[rng.random(len(times)) >= settings.frame_loss]
    twice = kept[rng.random(len(kept)) < settings.double_share] + DOUBLE_S
    return np.sort(np.clip(np.concatenate([kept, twice]), 0.0, None))


def _door(world: World, plan: Plan) -> Steps:
    """Let the plan's visits in, one after the other."""
    for number, visit in enumerate(plan.visits, 1):
        at = (visit.arrive_us - plan.epoch_us) / SECOND_US
        if at > world.now_s:
            yield at
        world.start(world.now_s, visit_course(world, visit, number))
    world.door_shut = True


def _ghosts(world: World) -> Steps:
    """Tracks that belong to nobody appear and vanish."""
    rate = world.settings.ghosts_per_min / 60
    if rate <= 0:
        return
    rng = keyed(world.seed, "ghosts")
    while not world.idle:
        yield world.now_s + float(rng.exponential(1 / rate))
        low, high = world.geometry.low, world.geometry.high
        x, y = (float(v) for v in rng.uniform(low + 0.2, high - 0.2))
        ghost = Person("", world.serial(), None, "ghost", float(rng.uniform(1.2, 1.8)), 1.0, 1.0, False, 1)
        ghost.knots.append((world.now_s, x, y, float(rng.uniform(0, 6))))
        ghost.tracks.append((world.now_s, world.new_track()))
        ghost.gone_s = world.now_s + float(rng.uniform(0.5, 4.0))
        world.people.append(ghost)
