"""From the twin's messages to the engine: in one process, or the twin in a process of its own that sends whole blocks.

Both ways hand the engine the same messages in the same order, so they give the same receipts. The engine keeps one
state from opening to closing: nothing is cut, nothing is reset.
"""

from __future__ import annotations

import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madang.rehearsal.crowd import Crowd
from madang.rehearsal.model import Layout
from madang.twin import GateEvent, Message, PlateBatch, Settings, Shop, SkeletonFrame, Stream, Truth, VisionObs
from madang.walkout.engine import Engine, Gate, Store, Update, Vision

ASK_S = 6.0  # how often the engine is asked what it knows, in shop time
CHUNK_S = 12.0  # what travels between processes at once
AHEAD = 4  # chunks the twin may be ahead


@dataclass(frozen=True, slots=True)
class Enacted:
    """What came out of a day: every word of the engine, the truth, and processor seconds."""

    said: list[Update]
    truth: Truth
    misplaced: int
    lateness_s: float
    shop_s: float
    twin_s: float
    engine_s: float


Packed = tuple[list[Any], dict[int, NDArray[np.int32]], NDArray[np.float64]]
"""Messages in their order: heads (of a batch of samples its gondola, number, time and arrival, of a frame its time,
arrival and tracks, else the message), the batches' samples by gondola, and the frames' joints."""

Progress = Callable[[float], None]
"""Told the epoch second the engine has come to."""


def enact(
    known: Layout, physical: Layout, seed: int, sensors: Settings, crowd: Crowd, tell: Progress, *, apart: bool
) -> Enacted:
    """Enact a day in the ``physical`` shop and run it through an engine that is told the ``known`` one; ``apart`` puts
    the twin in a process of its own."""
    feed = _Feed(known, tell)
    if apart:
        return _in_two(feed, physical, seed, sensors, crowd)
    began = time.process_time()
    stream = Shop(physical, seed, sensors).stream(crowd.plan, thrifty=True)
    for messages in _chunks(stream):
        feed.all(_packed(messages))
    feed.finish()
    whole_s = time.process_time() - began
    return feed.enacted(stream.truth, len(stream.misplaced()), whole_s - feed.engine_s)


class _Feed:
    """The engine's side."""

    def __init__(self, layout: Layout, tell: Progress) -> None:
        self._engine = Engine(Store.from_json(layout))
        self._tell, self._ask_at, self._first, self._last = tell, float("-inf"), 0.0, 0.0
        self.said: list[Update] = []
        self.engine_s = 0.0

    def all(self, packed: Packed) -> None:
        """Hand over a chunk's messages, each at its time of arrival."""
        began = time.process_time()
        engine, (heads, values, joints) = self._engine, packed
        rows, people = {g: iter(stacked) for g, stacked in values.items()}, iter(joints)
        arrival = self._last
        for head in heads:
            if not isinstance(head, tuple):
                arrival = head.arrival
                _small(engine, head)
            elif len(head) == 4:
                g, _, t, arrival = head
                engine.plates(g, t, next(rows[g]), arrival)
            else:
                t, arrival, tracks = head
                engine.skeletons(t, list(zip(tracks, people, strict=False)))
            self._first = self._first or arrival
            if arrival >= self._ask_at:
                self._keep(engine.advance(arrival))
                self._ask_at = arrival + ASK_S
        self._last = arrival
        self.engine_s += time.process_time() - began
        self._tell(self._last)

    def finish(self) -> None:
        began = time.process_time()
        self._keep(self._engine.finish())
        self.engine_s += time.process_time() - began

    def enacted(self, truth: Truth, misplaced: int, twin_s: float) -> Enacted:
        lateness_s = self._engine.settings.lateness_s
        return Enacted(self.said, truth, misplaced, lateness_s, self._last - self._first, twin_s, self.engine_s)

    def _keep(self, updates: list[Update]) -> None:
        self.said += [u for u in updates if type(u).__name__ in ("Receipt", "Moved")]


def _chunks(stream: Stream) -> Iterator[list[Message]]:
    """The stream's messages, some seconds at a time."""
    chunk: list[Message] = []
    until = 0.0
    for message in stream:
        if message.arrival >= until:
            if chunk:
                yield chunk
            chunk, until = [], message.arrival + CHUNK_S
        chunk.append(message)
    if chunk:
        yield chunk


def _in_two(feed: _Feed, layout: Layout, seed: int, sensors: Settings, crowd: Crowd) -> Enacted:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    ahead = context.BoundedSemaphore(AHEAD)
    twin = context.Process(target=_send, args=(there, ahead, layout, seed, sensors, crowd), daemon=True)
    twin.start()
    there.close()
    waiting: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(here, waiting), daemon=True).start()
    try:
        while True:
            kind, content = waiting.get()
            if kind != "chunk":
                break
            ahead.release()
            feed.all(content)
        if kind != "end":
            raise RuntimeError("the twin's process ended early")
    finally:
        twin.terminate()
        twin.join()
    feed.finish()
    truth, misplaced, twin_s = content
    return feed.enacted(truth, misplaced, twin_s)


def _receive(here: Connection, waiting: queue.SimpleQueue[tuple[str, Any]]) -> None:
    """Take what comes as it comes: a pipe holds less than a chunk, and the twin would wait until the engine is done
    with the one before."""
    kind = "chunk"
    while kind == "chunk":
        try:
            kind, content = here.recv()
        except (EOFError, OSError):
            kind, content = "gone", None
        waiting.put((kind, content))


def _send(there: Connection, ahead: Any, layout: Layout, seed: int, sensors: Settings, crowd: Crowd) -> None:
    """The twin's side: chunks of messages, then what really happened."""
    stream = Shop(layout, seed, sensors).stream(crowd.plan, thrifty=True)
    for messages in _chunks(stream):
        ahead.acquire()
        there.send(("chunk", _packed(messages)))
    there.send(("end", (stream.truth, len(stream.misplaced()), time.process_time())))
    there.close()


def _packed(messages: list[Message]) -> Packed:
    """Messages as few large arrays: a pipe carries those several times as fast as thousands of small ones."""
    heads: list[Any] = []
    values: dict[int, list[NDArray[np.int32]]] = {}
    joints: list[NDArray[np.float64]] = []
    for m in messages:
        if isinstance(m, PlateBatch):
            heads.append((m.gondola, m.seq, m.t, m.arrival))
            values.setdefault(m.gondola, []).append(m.values)
        elif isinstance(m, SkeletonFrame):
            heads.append((m.t, m.arrival, tuple(track for track, _ in m.people)))
            joints += [seen for _, seen in m.people]
        else:
            heads.append(m)
    return heads, {g: np.stack(rows) for g, rows in values.items()}, np.array(joints).reshape(-1, 8, 4)


def _small(engine: Engine, m: Message) -> None:
    """Who passes the gate, and what a classifier saw."""
    if isinstance(m, GateEvent):
        engine.gate(Gate(m.t, m.event, m.credential, m.track, m.group_size, m.role))  # type: ignore[arg-type]
    elif isinstance(m, VisionObs):
        engine.vision(Vision(m.t, m.track, m.hand, m.top5))  # type: ignore[arg-type]
