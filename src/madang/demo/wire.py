"""The twin's messages as sensors would send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from madang import twin
from madang.walkout import messages
from madang.walkout.messages import GateEvent, HandSeen, Message, Plates, Skeletons

DEVICES = {twin.SkeletonFrame: "cameras", twin.GateEvent: "gate", twin.VisionObs: "hands"}


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """How far the gateway has taken a device: arrival of its last message, and the number of its next."""

    last_us: int = -1
    next_seq: int = 0


def device_of(message: twin.Message) -> str:
    """The device that says it."""
    if isinstance(message, twin.PlateBatch):
        return f"gondola-{message.gondola}"
    return DEVICES[type(message)]


class Wire:
    """Turns a stream into wire messages, from where the gateway is (``marks``) on.

    A device's messages get arrivals that differ, so that "up to this arrival" says exactly which ones were taken. Plate
    batches carry the twin's own numbers; other devices are numbered here.
    """

    def __init__(self, marks: Mapping[str, Mark]) -> None:
        self._marks = dict(marks)
        self._arrival_us: dict[str, int] = {}
        self._seq = {device: mark.next_seq for device, mark in marks.items()}

    def convert(self, message: twin.Message) -> tuple[int, Message] | None:
        """(arrival, message), or None for what the gateway has already."""
        device = device_of(message)
        arrival_us = max(_us(message.arrival), self._arrival_us.get(device, -1) + 1)
        self._arrival_us[device] = arrival_us
        if arrival_us <= self._marks.get(device, Mark()).last_us:
            return None
        if isinstance(message, twin.PlateBatch):
            return arrival_us, _plates(message, device)
        seq = self._seq.get(device, 0)
        self._seq[device] = seq + 1
        return arrival_us, _other(message, device, seq)


def _plates(message: twin.PlateBatch, device: str) -> Plates:
    width, values = messages.pack(message.values)
    rows, plates = message.values.shape
    return Plates(
        device=device,
        seq=message.seq,
        t_us=_us(message.t),
        gondola=str(message.gondola),
        rows=rows,
        plates=plates,
        values=values,
        width=width,
    )


def _other(message: twin.Message, device: str, seq: int) -> Message:
    t_us = _us(message.t)
    if isinstance(message, twin.SkeletonFrame):
        people = tuple(messages.skeleton(track, joints) for track, joints in message.people)
        return Skeletons(device=device, seq=seq, t_us=t_us, people=people)
    said: dict[str, Any]
    if isinstance(message, twin.GateEvent):
        said = {"event": message.event, "credential": message.credential, "track": message.track}
        said |= {"group_size": message.group_size, "role": message.role}
        return msgspec.convert({"kind": "gate", "device": device, "seq": seq, "t_us": t_us} | said, GateEvent)
    assert isinstance(message, twin.VisionObs)
    said = {"hand": message.hand, "track": message.track, "top5": message.top5}
    return msgspec.convert({"kind": "vision", "device": device, "seq": seq, "t_us": t_us} | said, HandSeen)


def _us(t: float) -> int:
    return round(t * 1_000_000)
