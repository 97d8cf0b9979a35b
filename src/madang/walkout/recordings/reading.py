"""Reading the recording format from disk; every fault is a ``RecordingError`` that names the file."""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.walkout.recordings.collecting import uncollected
from madang.walkout.recordings.model import (
    BATCH,
    FS_HZ,
    JOINTS,
    GateRecord,
    Recording,
    RecordingError,
    VisionRecord,
)

VERSION = 1  # a recording without a "version" is of version 1
Point = tuple[float, float, float, float] | None


class _Case(msgspec.Struct):
    case: str
    store: str
    t0: float
    t1: float
    vision: bool = False
    version: int = 1


class _Joints(msgspec.Struct, gc=False):
    head: Point = None
    neck: Point = None
    l_shoulder: Point = None
    r_shoulder: Point = None
    l_elbow: Point = None
    r_elbow: Point = None
    l_wrist: Point = None
    r_wrist: Point = None


class _Person(msgspec.Struct, gc=False):
    track: str
    joints: _Joints


class _Frame(msgspec.Struct, gc=False):
    t: float
    p: list[_Person]


class _Door(msgspec.Struct):
    t: float
    event: str
    credential: str | None = None
    track: str | None = None
    group_size: int | None = None
    role: str = "customer"


class _Vision(msgspec.Struct):
    t: float
    hand: str
    top5: list[tuple[str, float]]
    track: str | None = None


def find_cases(folder: Path) -> tuple[list[Path], Path]:
    """The case folders under ``folder`` (a set, its parent, or one case) and the folder its stores lie in."""
    if (folder / "case.json").exists():
        return [folder], folder.parent.parent / "stores"
    root = folder / "cases" if (folder / "cases").is_dir() else folder
    if not root.is_dir():
        raise RecordingError(folder, "그런 폴더가 없습니다.", "there is no such folder.", other_folder=True)
    cases = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not cases:
        raise RecordingError(folder, "기록이 하나도 없습니다.", "there is no recording in it.", other_folder=True)
    return cases, root.parent / "stores"


def read_case(folder: Path, stores: Path) -> Recording:
    """Read one case folder. Raises ``RecordingError`` naming the damaged file; never reads ``truth.json``."""
    path = folder / "case.json"
    case = _decode(path, _bytes(path), _Case)
    if case.version != VERSION:
        raise RecordingError(
            path, f"판 {case.version}은 읽을 수 없습니다(판 {VERSION}만).", f"version {case.version} is not {VERSION}."
        )
    if not (math.isfinite(case.t0) and math.isfinite(case.t1)):
        raise RecordingError(path, "t0, t1이 시각이 아닙니다.", "t0 or t1 is not a time.")
    with uncollected():
        return _read(folder, stores, case)


def _read(folder: Path, stores: Path, case: _Case) -> Recording:
    store = read_store(stores, case.store)
    arrays = _plates(folder / "plates.npz", store)
    vision = folder / "vision.jsonl.gz"
    if case.vision and not vision.exists():
        raise RecordingError(vision, "파일이 없습니다.", "the file is missing.")
    return Recording(
        case=folder.name,
        store=store,
        t0=case.t0,
        t1=case.t1,
        frames=_frames(folder / "skeletons.jsonl.gz"),
        gates=_gates(folder / "door.jsonl"),
        visions=_visions(vision) if case.vision else [],
        **arrays,
    )


def read_store(stores: Path, name: str) -> dict[str, Any]:
    """The shop's layout, products and planogram (``stores/<name>/store.json``)."""
    if "/" in name or name.startswith("."):
        raise RecordingError(stores / name, "가게 이름이 아닙니다.", "that is not the name of a shop.")
    path = stores / name / "store.json"
    store: dict[str, Any] = _decode(path, _bytes(path), dict[str, Any])
    for key in ("gondolas", "shelves", "plates", "products", "planogram"):
        if not isinstance(store.get(key), list):
            raise RecordingError(path, f"'{key}' 목록이 없습니다.", f"the list '{key}' is missing.")
    return store


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        reason = fault.strerror or str(fault)
        raise RecordingError(path, f"읽을 수 없습니다 ({reason}).", f"cannot be read ({reason}).") from fault


def _decode(path: Path, data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise RecordingError(path, f"형식이 맞지 않습니다: {fault}", f"is not of the format: {fault}") from fault


def _lines(path: Path, kind: Any) -> list[Any]:
    data = _bytes(path)
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as fault:
            raise RecordingError(
                path, f"압축이 깨졌거나 잘렸습니다: {fault}", f"is cut off or damaged: {fault}"
            ) from fault
    decoder = msgspec.json.Decoder(kind)
    try:
        rows = decoder.decode_lines(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        rows = _one_by_one(path, data, decoder)
    if not all(math.isfinite(row.t) for row in rows):
        number = next(k for k, row in enumerate(_one_by_one(path, data, decoder), 1) if not math.isfinite(row.t))
        raise RecordingError(path, f"{number}번째 줄: 시각이 아닙니다.", f"line {number}: t is not a time.")
    return rows


def _one_by_one(path: Path, data: bytes, decoder: Any) -> list[Any]:
    """The same rows line by line, so that a fault names its line."""
    rows = []
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                rows.append(decoder.decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError) as fault:
                raise RecordingError(path, f"{number}번째 줄: {fault}", f"line {number}: {fault}") from fault
    return rows


def _frames(path: Path) -> list[tuple[float, list[tuple[str, NDArray[np.float64]]]]]:
    rows = _lines(path, _Frame)
    unseen = (math.nan,) * 4
    people = [person for row in rows for person in row.p]
    points = chain.from_iterable(msgspec.structs.astuple(person.joints) for person in people)
    numbers = chain.from_iterable(point or unseen for point in points)
    size = 4 * len(JOINTS)
    joints = np.fromiter(numbers, np.float64, size * len(people)).reshape(-1, len(JOINTS), 4)
    seen = iter(zip((person.track for person in people), joints, strict=True))
    return [(row.t, list(islice(seen, len(row.p)))) for row in rows]


def _gates(path: Path) -> list[GateRecord]:
    gates = []
    for row in _lines(path, _Door):
        if row.event not in ("entered", "left") or row.role not in ("customer", "staff"):
            raise RecordingError(path, f"모르는 일: {row.event}, {row.role}", f"unknown: {row.event}, {row.role}")
        gates.append(GateRecord(row.t, row.event, row.credential, row.track, row.group_size, row.role))
    return gates


def _visions(path: Path) -> list[VisionRecord]:
    return [VisionRecord(row.t, row.track, row.hand, tuple(row.top5)) for row in _lines(path, _Vision)]


def _plates(path: Path, store: dict[str, Any]) -> dict[str, Any]:
    members = _members(path)
    values, plates = members["values"], tuple(str(plate) for plate in members["plates"])
    gondolas = tuple(_gondola(g) for g in members["gondolas"])
    batches = -(-len(values) // BATCH)
    if values.ndim != 2 or values.dtype.kind != "i" or values.shape[1] != len(plates):
        raise RecordingError(path, "values가 [T, P] 정수가 아닙니다.", "values is not an integer array [T, P].")
    if float(members["fs"]) != FS_HZ:
        raise RecordingError(path, f"fs가 {FS_HZ:g} Hz가 아닙니다.", f"fs is not {FS_HZ:g} Hz.")
    for name in ("batch_t", "arrival"):
        if members[name].shape != (batches, len(gondolas)):
            shape = f"[{batches}, {len(gondolas)}]"
            raise RecordingError(path, f"{name}의 크기가 {shape}가 아닙니다.", f"{name} is not of shape {shape}.")
    unknown = sorted(set(plates) - {str(plate["id"]) for plate in store["plates"]})
    if unknown or len(set(plates)) != len(plates):
        names = ", ".join(unknown[:3]) or "twice"
        raise RecordingError(path, f"가게에 없는 판: {names}", f"plates the shop does not have: {names}")
    return {
        "values": np.ascontiguousarray(values, dtype=np.int32),
        "plates": plates,
        "gondolas": gondolas,
        "batch_t": members["batch_t"].astype(np.float64),
        "arrival": members["arrival"].astype(np.float64),
        "duplicates": _duplicates(path, members.get("duplicates"), gondolas, batches),
    }


def _members(path: Path) -> dict[str, NDArray[Any]]:
    if not path.exists():
        raise RecordingError(path, "파일이 없습니다.", "the file is missing.")
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            members = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as fault:
        raise RecordingError(path, f"깨졌거나 잘렸습니다: {fault}", f"is cut off or damaged: {fault}") from fault
    for name in ("values", "plates", "fs", "gondolas", "batch_t", "arrival"):
        if name not in members:
            raise RecordingError(path, f"'{name}'이 없습니다.", f"the member '{name}' is missing.")
    return members


def _gondola(name: Any) -> int | str:
    return int(name) if isinstance(name, np.integer) else str(name)


def _duplicates(
    path: Path, rows: NDArray[Any] | None, gondolas: tuple[int | str, ...], batches: int
) -> NDArray[np.float64]:
    """Rows (batch, gondola id, arrival) turned to (batch, gondola position, arrival)."""
    if rows is None or not rows.size:
        return np.empty((0, 3))
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise RecordingError(path, "duplicates가 [K, 3]이 아닙니다.", "duplicates is not of shape [K, 3].")
    out = rows.astype(np.float64)
    position = {float(g): i for i, g in enumerate(gondolas) if isinstance(g, int)}
    known = [position.get(g) for g in out[:, 1]]
    if None in known or not ((out[:, 0] >= 0) & (out[:, 0] < batches)).all():
        raise RecordingError(path, "duplicates에 없는 묶음이 있습니다.", "duplicates names a batch there is not.")
    out[:, 1] = [i for i in known if i is not None]
    return out
