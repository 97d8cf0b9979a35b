"""An engine on its way through the raw sensor log: the updates are a function of the log alone.

What the engine is asked (``advance``) falls on a grid of the hub's time, which is in the log too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from madang.walkout import messages, model
from madang.walkout.clocks import DeviceClock
from madang.walkout.engine import Engine, Gate, Store, Update, Vision
from madang.walkout.messages import GateEvent, HandSeen, Message, Plates, Skeletons
from madang.walkout.model import Frame
from madang.walkout.sensorlog import Placed, Record
from madang.walkout.trembling import Hour

TICK_US = 200_000
DEAF_US = TICK_US
"""A hub that was shut for longer than this is told afterwards what it has missed."""
LATE_US = 1_000_000
PATIENCE_US, PATIENCE_MAX_US = 3_000_000, 60_000_000
"""What it missed is waited for while some of it still comes, and at most a minute."""
SILENCE_US = 10_000_000

_LASTING: dict[str, type[Any]] = {
    "Entered": model.Entered,
    "Moved": model.Moved,
    "Left": model.Left,
    "Receipt": model.Receipt,
    "Health": model.Health,
    "Learned": model.Learned,
}
_PASSING: dict[str, type[Any]] = {"Person": model.Person, "Cart": model.Cart, "Glimpse": model.Glimpse}
_message = msgspec.msgpack.Decoder(Message).decode


class Belief:
    """An engine on its way through the log; all that a snapshot must hold."""

    def __init__(self, store: bytes, position: int) -> None:
        self.engine = Engine(Store.from_json(msgspec.json.decode(store)))
        self.position = position
        self.arrival_us = 0
        self.opened = False
        self.opened_us = self.patient_us = 0
        self.seq = 0
        self.next_tick_us = 0
        self.clock_us = 0
        self.carts: dict[str, model.Cart] = {}
        self.clocks: dict[str, DeviceClock] = {}
        self.ill: dict[str, model.Health] = {}
        self.hour = Hour()

    def feed(self, placed: Placed) -> Iterator[Frame]:
        """Take one record; gives what the engine says at the ticks that went by before it, and because of it."""
        arrival_us = placed.record.arrival_us
        self._be_patient(placed.record)
        yield from self._until(arrival_us)
        if placed.record.body:
            self._hand_over(_message(placed.record.body), arrival_us)
        self.position = placed.end
        if said := self.engine.advance((self.next_tick_us - TICK_US) / 1e6):
            yield self._frame(arrival_us, said)

    def _be_patient(self, record: Record) -> None:
        """After the hub was shut its sensors send what they kept: that is no sensor's lateness."""
        before_us, self.arrival_us = self.arrival_us, record.arrival_us
        if not record.body and record.arrival_us == before_us:
            self.opened = True
        elif self.opened:
            self.opened = False
            if record.arrival_us - before_us > DEAF_US:
                self.opened_us, self.patient_us = record.arrival_us, record.arrival_us + PATIENCE_US
                self.engine.be_patient(before_us / 1e6)
        if self.patient_us and record.arrival_us > min(self.patient_us, self.opened_us + PATIENCE_MAX_US):
            self.patient_us = 0
            self.engine.be_patient(None)

    def _until(self, arrival_us: int) -> Iterator[Frame]:
        """Ask at every tick up to ``arrival_us``; over a long silence only at the last."""
        last_us = arrival_us - arrival_us % TICK_US
        if self.next_tick_us == 0 or last_us - self.next_tick_us > SILENCE_US:
            self.next_tick_us = last_us
        while self.next_tick_us <= arrival_us:
            tick_us = self.next_tick_us
            self.next_tick_us += TICK_US
            yield self._frame(tick_us, self.engine.advance(tick_us / 1e6), self._trembled(tick_us))

    def _trembled(self, t_us: int) -> list[model.Trembled]:
        """What the plates did at rest in the hour that is over."""
        over = self.hour.take(t_us, self.engine.plate_noise()) if self.hour.due(t_us) else None
        if over is None:
            return []
        names, (end_us, noise) = self.engine.store.plates, over
        grams = {name: round(g, 2) for name, g in zip(names, noise.tolist(), strict=True) if g == g}
        return [model.Trembled(end_us / 1e6, grams)] if grams else []

    def _frame(self, t_us: int, updates: list[Update], also: Sequence[model.Trembled] = ()) -> Frame:
        lasting: list[Any] = [*also]
        passing: list[Any] = []
        for update in updates:
            name = type(update).__name__
            kind = _LASTING.get(name)
            if kind is not None:
                lasting.append(msgspec.convert(update, kind, from_attributes=True))
                continue
            said_now = update._asdict() if isinstance(update, tuple) else update
            shown = msgspec.convert(said_now, _PASSING[name], from_attributes=True)
            passing.append(shown)
            if isinstance(shown, model.Cart):
                self.carts[shown.visit] = shown
        for said in lasting:
            if isinstance(said, model.Receipt):
                self.carts.pop(said.visit, None)
            elif isinstance(said, model.Health):
                self.ill.pop(said.id, None)
                if said.state != "ok":
                    self.ill[said.id] = said
        frame = Frame(t_us, self.position, self.seq + 1, tuple(lasting), tuple(passing))
        self.seq += len(lasting)
        return frame

    def _hand_over(self, message: Message, arrival_us: int) -> None:
        clock = self.clocks.setdefault(message.device, DeviceClock())
        t = clock.take(message, arrival_us) / 1e6
        if self.patient_us and arrival_us - t * 1e6 > LATE_US:
            self.patient_us = arrival_us + PATIENCE_US
        if isinstance(message, Plates):
            self.engine.plates(message.gondola, t, messages.unpack(message), arrival_us / 1e6)
        elif isinstance(message, Skeletons):
            self.engine.skeletons(t, [(person.track, messages.joints_of(person)) for person in message.people])
        elif isinstance(message, GateEvent):
            self.engine.gate(
                Gate(t, message.event, message.credential, message.track, message.group_size, message.role)
            )
        else:
            assert isinstance(message, HandSeen)
            self.engine.vision(Vision(t, message.track, message.hand, message.top5))
