"""What there is to send: a twin's sensors, or a recording, from a given moment on. Both are simulations of a shop's
sensors as far as the receiving shop is concerned; its books will hold what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from madang import twin
from madang.demo.wire import Mark, Wire
from madang.walkout import messages
from madang.walkout.messages import GateEvent, HandSeen, Message, Plates, Skeletons
from madang.walkout.recordings.model import BATCH, MISSING, Recording
from madang.walkout.recordings.reading import read_case

Due = tuple[int, Message]
"""When a message reaches the shop (hub's clock), and the message; numbers begin at 0 for every device."""


def enacted(layout: dict[str, Any], *, epoch_us: int, per_hour: float, visits: int, seed: int, faults: str) -> tuple[
    twin.Plan, Iterator[Due]
]:  # fmt: skip
    """A twin of the layout with ``visits`` shoppers who take one to six things of what it holds."""
    geometry = twin.Geometry(layout)
    rng = np.random.default_rng(seed)
    products = sorted(geometry.facings_of)
    bought = [rng.choice(len(products), size=rng.integers(1, 7)) for _ in range(visits)]
    baskets = [twin.Basket(tuple((products[int(i)], 1) for i in picks)) for picks in bought]
    plan = twin.busy_plan(geometry, baskets, epoch_us=epoch_us, per_hour=per_hour, seed=seed)
    stream = twin.Shop(layout, seed, twin.preset(faults)).stream(plan)
    wire = Wire(dict[str, Mark]())
    return plan, (due for due in map(wire.convert, stream) if due is not None)


def recorded(folder: Path, *, epoch_us: int) -> Iterator[Due]:
    """The messages of a recording (docs/recording-format.md) in the order they reached its hub, moved to ``epoch_us``.

    A batch that never came is a number left out; second deliveries are left to the network. Raises ``RecordingError``.
    """
    recording = read_case(folder, folder.parent.parent / "stores")
    shift = epoch_us - _us(recording.t0)
    found = [*_plates(recording, shift), *_others(recording, shift)]
    return iter(sorted(found, key=lambda due: due[0]))


def _plates(recording: Recording, shift: int) -> Iterator[Due]:
    column = {plate: i for i, plate in enumerate(recording.plates)}
    for g, gondola in enumerate(recording.gondolas):
        plates = [str(plate["id"]) for plate in recording.store["plates"] if plate["gondola"] == gondola]
        table = np.full((len(recording.values), len(plates)), MISSING, np.int32)
        known = [i for i, plate in enumerate(plates) if plate in column]
        table[:, known] = recording.values[:, [column[plates[i]] for i in known]]
        for batch in range(len(recording.batch_t)):
            if not np.isnan(recording.batch_t[batch, g]):
                width, packed = messages.pack(table[batch * BATCH : (batch + 1) * BATCH])
                yield (
                    _us(recording.arrival[batch, g]) + shift,
                    Plates(
                        device=f"gondola-{gondola}",
                        seq=batch,
                        t_us=_us(recording.batch_t[batch, g]) + shift,
                        gondola=str(gondola),
                        rows=BATCH,
                        plates=len(plates),
                        values=packed,
                        width=width,
                    ),
                )


def _others(recording: Recording, shift: int) -> Iterator[Due]:
    for seq, (t, people) in enumerate(recording.frames):
        seen = tuple(messages.skeleton(track, joints) for track, joints in people)
        at_us = _us(t) + shift
        yield at_us, Skeletons(device="cameras", seq=seq, t_us=at_us, people=seen)
    for seq, gate in enumerate(recording.gates):
        said = {"kind": "gate", "device": "gate", "seq": seq, "t_us": _us(gate.t) + shift, "event": gate.event}
        said |= {name: getattr(gate, name) for name in ("credential", "track", "group_size", "role")}
        yield _us(gate.t) + shift, msgspec.convert(said, GateEvent)
    for seq, look in enumerate(recording.visions):
        said = {"kind": "vision", "device": "hands", "seq": seq, "t_us": _us(look.t) + shift}
        said |= {"hand": look.hand, "track": look.track, "top5": look.top5}
        yield _us(look.t) + shift, msgspec.convert(said, HandSeen)


def _us(t: float) -> int:
    return round(float(t) * 1_000_000)
