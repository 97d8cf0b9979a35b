"""The twin's own process: ``python -m madang.demo.sender``; enacts the plan and sends what the sensors say.

Beside the messages it tells who comes (a shopper's app checks in before the gate opens) and, once somebody has left,
the truth, which only the demo's score and its simulated reviewer ever see.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from madang import twin
from madang.demo.setting import read_script
from madang.demo.wire import Mark, Wire
from madang.walkout.pipes import read_frame, write_frame

BACK_US = 2_000_000
"""A resumed stream is read from a little before, so that arrivals come out as they did."""
TRUTH_EVERY = 200
"""Messages between two looks at who has left (some seconds of shop time)."""


class Start(msgspec.Struct, frozen=True):
    """The command: what to enact, and how far the gateway is."""

    script: str
    seed: int
    quality: str
    marks: dict[str, Mark]
    from_us: int | None = None


class Sent(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """One message on the wire, and when it reaches the hub."""

    arrival_us: int
    body: bytes


class Coming(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Somebody is about to pass the gate."""

    arrival_us: int
    credential: str
    household: str


class Truth(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What a credential's people carried out: pieces and grams by product."""

    left_us: int
    credential: str
    items: dict[str, int]
    grams: dict[str, float]


class End(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Everybody is gone."""

    arrival_us: int


Said = Sent | Coming | Truth | End
_encode = msgspec.msgpack.Encoder().encode
_start = msgspec.msgpack.Decoder(Start).decode


def said(start: Start) -> Iterator[Said]:
    """Everything the process says, in order."""
    script = read_script(Path(start.script))
    plan = script.plan
    shop = twin.Shop(script.layout, start.seed, twin.preset(start.quality))
    from_us = None if start.from_us is None else max(plan.epoch_us, start.from_us - BACK_US)
    stream = shop.stream(plan, start_us=from_us)
    households = {v.credential: v.household or v.credential for v in plan.visits if v.credential is not None}
    wire, told, at_us = Wire(start.marks), set[str](), plan.epoch_us
    for number, message in enumerate(stream):
        converted = wire.convert(message)
        if converted is not None:
            at_us, body = converted
            if isinstance(message, twin.GateEvent) and message.credential in households:
                yield Coming(at_us, str(message.credential), households[message.credential])
            yield Sent(at_us, _encode(body))
        if number % TRUTH_EVERY == 0:
            yield from _truths(stream, told)
    yield from _truths(stream, told)
    yield End(at_us)


def _truths(stream: twin.Stream, told: set[str]) -> Iterator[Truth]:
    truth = stream.truth
    for credential, left_us in truth.left_us.items():
        if credential not in told:
            told.add(credential)
            grams = {p: float(g) for p, g in truth.receipts_g.get(credential, {}).items()}
            yield Truth(left_us, credential, truth.receipt(credential), grams)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # these are the parent's to hear; our pipe then breaks
    out: IO[bytes] = sys.stdout.buffer
    sys.stdout = sys.stderr
    command = read_frame(sys.stdin.buffer)
    assert command is not None
    for one in said(_start(command)):
        write_frame(out, _encode(one))
    out.flush()


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
