"""Snapshots of an engine's belief, so that a restart need not replay the whole log.

A snapshot is only a shortcut: it is taken by a run of the same code (fingerprint), at a log position that is still
there, no later than what the database has applied; in any doubt it is passed over and the log is replayed from
further back. Pickle is safe here as the files lie in the shop's own data folder, written by this program alone.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import itertools
import marshal
import os
import pickle
import sys
import zlib
from functools import cache
from importlib import resources
from pathlib import Path
from types import CellType, CodeType, FunctionType
from typing import Any, NamedTuple

import msgspec
import numpy as np

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


def save(folder: Path, *, run: int, print_: str, position: int, seq: int, state: Any) -> None:
    """Write a snapshot, durable before it is seen."""
    body = zlib.compress(_pickled(state), 1)
    head = msgspec.msgpack.encode(Head(run, print_, position, seq, len(body), zlib.crc32(body)))
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / "writing"
    with half.open("wb") as file:
        file.write(MAGIC + len(head).to_bytes(4, "little") + head + body)
        file.flush()
        os.fsync(file.fileno())
    half.rename(folder / f"{run:06d}-{position:020d}.snap")


class _Pickler(pickle.Pickler):
    """Also takes functions made inside functions (callbacks between the engine's parts): as code and closure.

    Their code is that of the very same engine when they are read again, as the fingerprint says so.
    """

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, FunctionType) or "<locals>" not in value.__qualname__:
            return NotImplemented
        cells = value.__closure__ or ()
        made = (marshal.dumps(value.__code__), value.__module__, value.__defaults__, len(cells))
        return _function, made, [cell.cell_contents for cell in cells], None, None, _close_over


def _function(code: bytes, module: str, defaults: tuple[Any, ...] | None, cells: int) -> FunctionType:
    """A function whose closure is still empty (what it closes over may be what holds it)."""
    names = importlib.import_module(module).__dict__
    body: CodeType = marshal.loads(code)  # noqa: S302
    return FunctionType(body, names, body.co_name, defaults, tuple(CellType() for _ in range(cells)))


def _close_over(function: FunctionType, contents: list[Any]) -> None:
    for cell, content in zip(function.__closure__ or (), contents, strict=True):
        cell.cell_contents = content


def _pickled(state: Any) -> bytes:
    out = io.BytesIO()
    _Pickler(out, protocol=5).dump((state, _tables()))
    return out.getvalue()


def _unpickled(body: bytes) -> Any:
    state, tables = pickle.loads(body)  # noqa: S301
    for (module, name), value in tables.items():
        setattr(sys.modules[module], name, itertools.count(value.at) if isinstance(value, _Counted) else value)
    return state


class _Counted(NamedTuple):
    """Where a running number was (newer Pythons do not pickle the counter itself)."""

    at: int


def _tables() -> dict[tuple[str, str], Any]:
    """What the engine's modules keep outside of any engine: running numbers and the tables that go with them.

    A belief holds such numbers, so they must go on where they were. One process runs one engine.
    """
    kinds = (dict, list, set, itertools.count)
    return {
        (module, name): _Counted(int(repr(value)[6:-1])) if isinstance(value, itertools.count) else value
        for module in sorted(sys.modules)
        if module.startswith("madang.walkout.engine.")
        for name, value in vars(sys.modules[module]).items()
        if name.startswith("_") and not name.startswith("__") and type(value) in kinds
    }


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
    return Found(head, _unpickled(zlib.decompress(body)))


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
