"""Snapshots of an engine's belief, so that a restart need not replay the whole log.

A snapshot is only a shortcut: it is taken by a run of the same code (fingerprint), at a log position that is still
there, no later than what the database has applied; in any doubt it is passed over and the log is replayed from
further back. It is durable, the log up to it may not be yet: where a loss of power took the end of the log, what was
believed beyond it is forgotten before the log grows over that position with something else. Pickle is safe here as
the files lie in the shop's own data folder, written by this program alone.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import zlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from madang.walkout.sensorlog import sync_folder

MAGIC = b"madang-snapshot-1\n"
KEPT = 2
BEFORE_ENGINE = ("belief.py", "clocks.py", "messages.py")
"""What stands between the log and the engine: it decides as much what the engine says."""


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot belongs to, and where in the run it was taken."""

    run: int
    fingerprint: str
    position: int
    seq: int
    size: int
    crc: int


class Found(NamedTuple):
    """A usable snapshot."""

    head: Head
    state: Any


@cache
def code() -> bytes:
    """The digest of all code between log and updates, and of numpy; read once in a process."""
    digest = hashlib.sha256(np.__version__.encode())
    room = resources.files("madang.walkout")
    modules = [*room.joinpath("engine").iterdir(), *(room.joinpath(name) for name in BEFORE_ENGINE)]
    for module in sorted(modules, key=lambda file: file.name):
        if module.name.endswith(".py"):
            digest.update(module.name.encode() + module.read_bytes())
    return digest.digest()


def fingerprint(store: bytes) -> str:
    """What a run's updates depend on besides the log: the engine's code and the store document."""
    return hashlib.sha256(code() + store).hexdigest()


def frozen(state: Any) -> bytes:
    """What ``save`` writes of a belief: the only step that must not be interrupted by the next sample."""
    return pickle.dumps(state, protocol=5)


def save(folder: Path, *, run: int, print_: str, position: int, seq: int, state: bytes) -> None:
    """Write a ``frozen`` snapshot, durable before it is seen."""
    body = zlib.compress(state, 1)
    head = msgspec.msgpack.encode(Head(run, print_, position, seq, len(body), zlib.crc32(body)))
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / "writing"
    with half.open("wb") as file:
        file.write(MAGIC + len(head).to_bytes(4, "little") + head + body)
        file.flush()
        os.fsync(file.fileno())
    half.rename(folder / f"{run:06d}-{position:020d}.snap")


def newest(folder: Path, *, run: int, print_: str, seq_max: int, position_max: int) -> Found | None:
    """The latest snapshot of this run that is whole and not ahead of the database or the log."""
    for path in sorted(folder.glob(f"{run:06d}-*.snap"), reverse=True):
        found = _read(path, print_, seq_max, position_max)
        if found is not None:
            return found
    return None


def _read(path: Path, print_: str, seq_max: int, position_max: int) -> Found | None:
    raw = path.read_bytes()
    cut = len(MAGIC) + 4
    size = int.from_bytes(raw[len(MAGIC) : cut], "little")
    try:
        head = msgspec.msgpack.decode(raw[cut : cut + size], type=Head)
    except msgspec.MsgspecError:
        return None
    body = raw[cut + size :]
    if not raw.startswith(MAGIC) or len(body) != head.size or zlib.crc32(body) != head.crc:
        return None
    if head.fingerprint != print_ or head.seq > seq_max or head.position > position_max:
        return None
    return Found(head, pickle.loads(zlib.decompress(body)))  # noqa: S301


def forget_beyond(folder: Path, end: int) -> None:
    """Delete what was believed of a log that reached further than ``end``; durable when it returns."""
    beyond = [path for path in folder.glob("*.snap") if int(path.stem.rpartition("-")[2]) > end]
    for path in beyond:
        path.unlink()
    if beyond:
        sync_folder(folder)


def thin(folder: Path, *, run: int, seq_applied: int) -> None:
    """Delete what no restart will use: other runs, and all but the newest ones not ahead of ``seq_applied``."""
    usable: list[Path] = []
    for path in sorted(folder.glob("*.snap")):
        head = _head(path)
        if head is None or head.run != run:
            path.unlink()
        elif head.seq <= seq_applied:
            usable.append(path)
    for path in usable[:-KEPT]:
        path.unlink()


def oldest_needed(folder: Path, *, run: int, seq_applied: int) -> int | None:
    """The log position of the oldest snapshot a restart may begin from; None: it begins where the run began."""
    heads = [head for path in sorted(folder.glob(f"{run:06d}-*.snap")) if (head := _head(path)) is not None]
    usable = [head.position for head in heads if head.seq <= seq_applied]
    return usable[-KEPT:][0] if len(usable) >= KEPT else None


def _head(path: Path) -> Head | None:
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None
        try:
            return msgspec.msgpack.decode(file.read(int.from_bytes(file.read(4), "little")), type=Head)
        except msgspec.MsgspecError:
            return None
