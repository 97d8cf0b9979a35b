"""Reading the files of AiFi's CPS-IoT Week 2020 AutoCheckout competition: the only public real recordings.

Four exports of JSON lines: ``plate_data.json`` (60 Hz, 12-sample batches, base64 float32 [time, shelf, plate] in grams,
row and column 0 unused), ``full_targets.json`` (skeletons, inches), ``planogram.json``, ``products.json``. There is no
gate: a target enters with its first skeleton and leaves with its last, and its id stands for the credential.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.walkout.recordings.model import BATCH, FS_HZ, JOINTS, MISSING, GateRecord, Recording, RecordingError

INCH_M = 0.0254
PLATE_WIDTH_M = 0.1016  # 4 inches; plates of a shelf stand side by side
PERSON_HEIGHT_M = 2.0

_Batch = tuple[float, NDArray[np.float32]]


def read_aifi(folder: Path) -> Recording:
    """Read one take. Raises ``RecordingError`` naming the file that is missing or damaged."""
    products = [_product(row) for row in _rows(folder / "products.json")]
    batches = _batches(folder / "plate_data.json")
    frames = _frames(folder / "full_targets.json")
    planogram = list(_rows(folder / "planogram.json"))
    try:
        store = _store(planogram, products, batches)
    except (KeyError, TypeError, ValueError) as fault:
        path = folder / "planogram.json"
        raise RecordingError(path, f"빠진 값이 있습니다: {fault}", f"a value is missing: {fault}") from fault
    plates = tuple(plate["id"] for plate in store["plates"])
    gondolas = tuple(sorted(batches))
    t0 = min(rows[0][0] for rows in batches.values())
    count = max(len(rows) for rows in batches.values())
    values = np.full((count * BATCH, len(plates)), MISSING, np.int32)
    batch_t = np.full((count, len(gondolas)), np.nan)
    for g, gondola in enumerate(gondolas):
        for b, (t, grams) in enumerate(batches[gondola]):
            batch_t[b, g] = t
            for column, plate in enumerate(store["plates"]):
                if plate["gondola"] == gondola and plate["shelf"] < grams.shape[1] and plate["plate"] < grams.shape[2]:
                    values[b * BATCH : (b + 1) * BATCH, column] = _decigrams(grams[:, plate["shelf"], plate["plate"]])
    return Recording(
        case=folder.name,
        store=store,
        t0=t0,
        t1=float(np.nanmax(batch_t)) + BATCH / FS_HZ,
        plates=plates,
        values=values,
        gondolas=gondolas,
        batch_t=batch_t,
        arrival=batch_t.copy(),
        duplicates=np.empty((0, 3)),
        frames=frames,
        gates=_gates(frames),
        visions=[],
    )


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise RecordingError(path, "읽을 수 없습니다.", f"cannot be read ({fault.strerror}).") from fault
    rows = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            if line.strip():
                rows.append(msgspec.json.decode(line, type=dict[str, Any]))
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise RecordingError(path, f"{number}번째 줄: {fault}", f"line {number}: {fault}") from fault
    if not rows:
        raise RecordingError(path, "비어 있습니다.", "is empty.")
    return rows


def _product(row: dict[str, Any]) -> dict[str, Any]:
    about = row.get("metadata", {})
    weight = about.get("weight")
    return {
        "id": row["product_id"]["id"],
        "name": about.get("name") or row["product_id"]["id"],
        "price": round(about.get("price") or 0),
        "weight_g": weight if weight and weight > 0 else None,
        "weight_sd_g": None,
        "kind": None,
    }


def _batches(path: Path) -> dict[int, list[_Batch]]:
    """Per gondola, by time: (t, grams [12, shelf, plate])."""
    found: dict[int, list[_Batch]] = {}
    for number, row in enumerate(_rows(path), 1):
        try:
            values = row["document"]["plate_data"]["values"]
            grams = np.frombuffer(base64.b64decode(values["data"], validate=True), "<f4").reshape(values["shape"])
            t, gondola = float(row["timestamp"]), int(row["gondola_id"])
        except (KeyError, TypeError, ValueError, binascii.Error) as fault:
            raise RecordingError(path, f"{number}번째 줄: {fault}", f"line {number}: {fault}") from fault
        if grams.ndim != 3 or len(grams) != BATCH or not math.isfinite(t):
            raise RecordingError(path, f"{number}번째 줄: 크기가 다릅니다.", f"line {number}: another shape.")
        found.setdefault(gondola, []).append((t, grams))
    return {gondola: sorted(rows, key=lambda row: row[0]) for gondola, rows in found.items()}


def _decigrams(grams: NDArray[np.float32]) -> NDArray[np.int32]:
    known = np.isfinite(grams)
    return np.where(known, np.round(np.where(known, grams, 0.0) * 10.0), MISSING).astype(np.int32)


def _frames(path: Path) -> list[tuple[float, list[tuple[str, NDArray[np.float64]]]]]:
    frames = []
    for number, row in enumerate(_rows(path), 1):
        try:
            targets = row["document"]["targets"].get("targets", [])
            people = [(str(target["target_id"]["id"]), _joints(target)) for target in targets]
            frames.append((float(row["timestamp"]), people))
        except (KeyError, TypeError, ValueError) as fault:
            raise RecordingError(path, f"{number}번째 줄: {fault}", f"line {number}: {fault}") from fault
    return sorted(frames, key=lambda frame: frame[0])


def _joints(target: dict[str, Any]) -> NDArray[np.float64]:
    out = np.full((len(JOINTS), 4), np.nan)
    for i, joint in enumerate(JOINTS):
        seen = target.get(joint)
        if seen and seen.get("point"):
            point = seen["point"]
            out[i, :3] = [point.get(axis, 0.0) * INCH_M for axis in "xyz"]
            out[i, 3] = seen.get("score", 1.0)
    return out


def _gates(frames: list[tuple[float, list[tuple[str, NDArray[np.float64]]]]]) -> list[GateRecord]:
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    for t, people in frames:
        for track, _ in people:
            first.setdefault(track, t)
            last[track] = t
    gates = [GateRecord(t, "entered", track, track, 1, "customer") for track, t in first.items()]
    gates += [GateRecord(t, "left", track, track, None, "customer") for track, t in last.items()]
    return sorted(gates, key=lambda gate: gate.t)


# --- geometry: facings carry boxes, plates and shelves follow from them ---------------------------------------


def _store(
    planogram: list[dict[str, Any]], products: list[dict[str, Any]], batches: dict[int, list[_Batch]]
) -> dict[str, Any]:
    """The take's shop in the words of ``store.json``; plates without a facing on their shelf are left out."""
    facings = [_facing(number, row) for number, row in enumerate(planogram, 1) if row.get("plate_ids")]
    spots: dict[tuple[int, int, int], dict[str, Any]] = {}
    for facing in facings:
        for k, plate in enumerate(sorted(facing["slots"])):
            spots[(facing["gondola"], facing["shelf"], plate)] = _plate(facing, plate, k)
    _fill_shelves(spots, batches)
    plates = [spots[key] for key in sorted(spots)]
    shelves = _boxes(plates, lambda plate: (plate["gondola"], plate["shelf"]))
    gondolas = _boxes(plates, lambda plate: (plate["gondola"],))
    turn = {facing["gondola"]: facing["turn"] for facing in facings}
    known = {product["id"] for product in products}
    return {
        "name": "aifi",
        "gondolas": [
            {"id": g, "along": _unit(turn[g]), "outward": _unit(turn[g] - math.pi / 2), "box": box}
            for (g,), (box, _) in gondolas.items()
        ],
        "shelves": [
            {"id": f"{g}-{s}", "gondola": g, "shelf": s, "box": box, "plates": ids}
            for (g, s), (box, ids) in shelves.items()
        ],
        "plates": [{key: plate[key] for key in ("id", "gondola", "shelf", "plate", "box")} for plate in plates],
        "products": products,
        "planogram": [_planned(facing, spots) for facing in facings if facing["product"] in known],
    }


def _facing(number: int, row: dict[str, Any]) -> dict[str, Any]:
    first = row["plate_ids"][0]["shelf_id"]
    place = row["global_coordinates"]
    where = place["transform"]["translation"]
    return {
        "id": f"F{number:03d}",
        "gondola": int(first["gondola_id"]["id"]),
        "shelf": int(first["shelf_index"]),
        "slots": [int(plate["plate_index"]) for plate in row["plate_ids"]],
        "product": row.get("planogram_product_id", {}).get("id"),
        "origin": (where.get("x", 0.0), where.get("y", 0.0), where.get("z", 0.0)),
        "turn": float(place["transform"]["rotation"].get("z", 0.0)),
        "size": (place["dim_x"], place["dim_y"], place["dim_z"]),
    }


def _plate(facing: dict[str, Any], plate: int, k: int) -> dict[str, Any]:
    """Plate ``k`` of a facing: its share of the facing's width."""
    width = facing["size"][0] / len(facing["slots"])
    return _spot(facing, plate, k * width, width)


def _spot(facing: dict[str, Any], plate: int, offset: float, width: float) -> dict[str, Any]:
    (x, y, z), (_, depth, height) = facing["origin"], facing["size"]
    cos, sin = math.cos(facing["turn"]), math.sin(facing["turn"])
    ends = [(offset, 0.0), (offset + width, depth)]
    corners = [(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in ends]
    (ax, ay), (bx, by) = corners
    return {
        "id": f"{facing['gondola']}-{facing['shelf']}-{plate}",
        "gondola": facing["gondola"],
        "shelf": facing["shelf"],
        "plate": plate,
        "box": [min(ax, bx), min(ay, by), z, max(ax, bx), max(ay, by), z + height],
        "facing": facing,
        "offset": offset,
    }


def _fill_shelves(spots: dict[tuple[int, int, int], dict[str, Any]], batches: dict[int, list[_Batch]]) -> None:
    """Live plates between the planned ones of a shelf get the place that their number gives them."""
    for gondola, rows in batches.items():
        live = np.isfinite(rows[0][1]).any(axis=0)
        for shelf, plate in zip(*np.nonzero(live), strict=True):
            key = (gondola, int(shelf), int(plate))
            near = [k for k in spots if k[:2] == key[:2]]
            if key in spots or not near or not min(near)[2] < key[2] < max(near)[2]:
                continue
            other = spots[min(near, key=lambda k: abs(k[2] - key[2]))]
            offset = other["offset"] + (key[2] - other["plate"]) * PLATE_WIDTH_M
            spots[key] = _spot(other["facing"], key[2], offset, PLATE_WIDTH_M)


def _boxes(plates: list[dict[str, Any]], key: Any) -> dict[tuple[int, ...], tuple[list[float], list[str]]]:
    groups: dict[tuple[int, ...], list[dict[str, Any]]] = {}
    for plate in plates:
        groups.setdefault(key(plate), []).append(plate)
    return {name: (_around([p["box"] for p in group]), [p["id"] for p in group]) for name, group in groups.items()}


def _around(boxes: list[list[float]]) -> list[float]:
    corners = np.array(boxes)
    return [*corners[:, :3].min(axis=0).tolist(), *corners[:, 3:].max(axis=0).tolist()]


def _unit(angle: float) -> list[float]:
    return [round(math.cos(angle), 6), round(math.sin(angle), 6)]


def _planned(facing: dict[str, Any], spots: dict[tuple[int, int, int], dict[str, Any]]) -> dict[str, Any]:
    own = [spots[(facing["gondola"], facing["shelf"], plate)] for plate in sorted(facing["slots"])]
    return {
        "id": facing["id"],
        "gondola": facing["gondola"],
        "shelf": facing["shelf"],
        "plates": [plate["id"] for plate in own],
        "products": [facing["product"]],
        "box": _around([plate["box"] for plate in own]),
        "count": None,
    }
