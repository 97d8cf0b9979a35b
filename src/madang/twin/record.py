"""Writing what a simulated shop's sensors said as a recording, in the folder format of ``docs/recording-format.md``."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madang.kernel.clock import SECOND_US
from madang.twin.geometry import Geometry
from madang.twin.messages import (
    BATCH_S,
    BATCH_SAMPLES,
    JOINTS,
    MISSING,
    SAMPLE_HZ,
    GateEvent,
    PlateBatch,
    SkeletonFrame,
    VisionObs,
)
from madang.twin.plan import Plan
from madang.twin.random import keyed
from madang.twin.scenarios import SCRIPTS, plan_of
from madang.twin.settings import NORMAL, WIDE, Settings, preset
from madang.twin.shop import Shop, Stream
from madang.twin.troubles import SWAPS, with_trouble
from madang.twin.truth import Event, Truth

EPOCH_US = 1_792_000_000 * SECOND_US
CASE_US = 3600 * SECOND_US  # cases of one run lie an hour apart


def record_store(root: Path, layout: dict[str, Any]) -> None:
    """Write ``stores/<name>/store.json``."""
    folder = root / "stores" / str(layout["name"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "store.json").write_text(json.dumps(layout, ensure_ascii=False), encoding="utf-8")


def record(
    path: Path,
    shop: Shop,
    plan: Plan,
    *,
    category: str = "plan",
    difficulty: str = "easy",
    store: str | None = None,
    swaps: list[list[str]] | None = None,
) -> Truth:
    """Enact ``plan`` and write the case folder ``path`` (case.json, plates.npz, skeletons.jsonl.gz, door.jsonl, with a
    classifier also vision.jsonl.gz, and truth.json marked as simulated). Returns the truth."""
    path.mkdir(parents=True, exist_ok=True)
    stream = shop.stream(plan)
    batches: list[PlateBatch] = []
    frames: list[SkeletonFrame] = []
    gate: list[GateEvent] = []
    vision: list[VisionObs] = []
    for message in stream:
        match message:
            case PlateBatch():
                batches.append(message)
            case SkeletonFrame():
                frames.append(message)
            case GateEvent():
                gate.append(message)
            case VisionObs():
                vision.append(message)
    t0 = plan.epoch_us / SECOND_US
    count = 1 + max(b.seq for b in batches)
    _write_plates(path / "plates.npz", shop.geometry, batches, count, t0)
    _write_gzip(path / "skeletons.jsonl.gz", (_frame_json(f) for f in sorted(frames, key=lambda f: f.t)))
    door = "".join(json.dumps(_gate_json(g)) + "\n" for g in sorted(gate, key=lambda g: g.t))
    (path / "door.jsonl").write_text(door, encoding="utf-8")
    if shop.settings.vision:
        rows = ({"t": v.t, "track": v.track, "hand": v.hand, "top5": v.top5} for v in sorted(vision, key=lambda v: v.t))
        _write_gzip(path / "vision.jsonl.gz", rows)
    _write_json(
        path / "case.json",
        {
            "case": path.name,
            "store": store or shop.geometry.name,
            "t0": t0,
            "t1": round(t0 + count * BATCH_S, 3),
            "vision": shop.settings.vision,
            "version": 1,
        },
    )
    about = {
        "category": category,
        "difficulty": difficulty,
        "seed": shop.seed,
        "simulated": True,
        "has_vision": shop.settings.vision,
    }
    _write_json(path / "truth.json", {**about, **_truth_json(stream, plan, swaps or [])})
    return stream.truth


def record_set(
    root: Path,
    layout: dict[str, Any],
    *,
    cases: int,
    seed: int = 1,
    faults: str = "mixed",
    people: int = 3,
    categories: tuple[str, ...] = (),
) -> Iterator[str]:
    """Record ``cases`` cases over the categories in turn; yields each case's name when it is written.

    ``faults`` is ``none``, ``normal``, ``wide`` or ``mixed`` (normal and wide by turns, the other one in the next
    round of the categories); half of the cases have no classifier, every fifth wide one has two facings whose goods
    are swapped. On top comes what the category itself is about (``troubles``).
    """
    record_store(root, layout)
    names = categories or tuple(SCRIPTS)
    for i in range(cases):
        turn, at = divmod(i, len(names))
        category = names[at]
        hard = faults == "wide" or (faults == "mixed" and (at + turn) % 2 == 1)
        settings = (WIDE if hard else NORMAL) if faults == "mixed" else preset(faults)
        settings = replace(with_trouble(settings, category), vision=(at // 2 + turn // 2) % 2 == 0)
        name = f"{layout['name']}-{category}-{'hard' if hard else 'easy'}-{turn + 1}"
        _record_one(root, layout, name, category, settings, seed * 10_000 + i, people, hard and i % 5 == 0)
        yield name


def _record_one(
    root: Path,
    layout: dict[str, Any],
    name: str,
    category: str,
    settings: Settings,
    seed: int,
    people: int,
    mixed_up: bool,
) -> None:
    rng = keyed(seed, "case", category)
    physical, swaps = swapped(layout, rng) if mixed_up else (layout, [])
    plan = plan_of(category, Geometry(physical), rng, people, EPOCH_US + seed % 10_000 * CASE_US)
    for _ in range(SWAPS.get(category, 0)):
        physical, pair = swapped(physical, rng, {line.product for visit in plan.visits for line in visit.lines})
        swaps += pair
    shop = Shop(physical, seed, settings)
    record(
        root / "cases" / name,
        shop,
        plan,
        category=category,
        difficulty="hard" if "-hard-" in name else "easy",
        store=str(layout["name"]),
        swaps=swaps,
    )


def swapped(
    layout: dict[str, Any], rng: np.random.Generator, wanted: Collection[str] = (), *, beyond: bool = False
) -> tuple[dict[str, Any], list[list[str]]]:
    """The layout as it really is when somebody stocked two facings the wrong way round, one of them with something
    ``wanted``: two of one gondola, or (``beyond``) of two, so that foreign goods lie on either shelf.
    """
    facings = [dict(f) for f in layout["planogram"]]
    for _ in range(2000 if wanted else 200):
        i, j = (int(v) for v in rng.choice(len(facings), 2, replace=False))
        a, b = facings[i], facings[j]
        if wanted and not {*a["products"], *b["products"]} & set(wanted):
            continue
        near = a["gondola"] == b["gondola"]
        if len(a["plates"]) == len(b["plates"]) and near != beyond and a["products"] != b["products"]:
            a["products"], b["products"] = b["products"], a["products"]
            a["count"], b["count"] = b["count"], a["count"]
            return {**layout, "planogram": facings}, [[a["id"], b["id"]]]
    return layout, []


def unweighed(layout: dict[str, Any], rng: np.random.Generator, share: float) -> dict[str, Any]:
    """The layout as a shop knows it that has not weighed this share of its products."""
    bare = {"weight_g": None, "weight_sd_g": None}
    return {**layout, "products": [p | bare if rng.random() < share else p for p in layout["products"]]}


def _write_plates(path: Path, geometry: Geometry, batches: list[PlateBatch], count: int, t0: float) -> None:
    plates = [p["id"] for p in geometry.layout["plates"]]
    place = {plate: i for i, plate in enumerate(plates)}
    columns = {g.id: np.array([place[p] for p in g.plates]) for g in geometry.gondolas}
    index = {g.id: i for i, g in enumerate(geometry.gondolas)}
    values = np.full((count * BATCH_SAMPLES, len(plates)), MISSING, dtype=np.int32)
    batch_t = np.full((count, len(index)), np.nan)
    arrival = np.full((count, len(index)), np.nan)
    twice: list[tuple[float, float, float]] = []
    for batch in batches:
        g = index[batch.gondola]
        if not np.isnan(batch_t[batch.seq, g]):
            twice.append((batch.seq, batch.gondola, batch.arrival))
            continue
        batch_t[batch.seq, g], arrival[batch.seq, g] = batch.t, batch.arrival
        rows = slice(batch.seq * BATCH_SAMPLES, (batch.seq + 1) * BATCH_SAMPLES)
        values[rows, columns[batch.gondola]] = batch.values
    arrays: dict[str, NDArray[Any] | np.generic] = {
        "values": np.asfortranarray(values),
        "plates": np.array(plates),
        "fs": np.float64(SAMPLE_HZ),
        "t0": np.float64(t0),
        "gondolas": np.array(list(index), dtype=np.int32),
        "batch_t": batch_t,
        "arrival": arrival,
        "duplicates": np.array(twice, dtype=np.float64).reshape(-1, 3),
    }
    _write_npz(path, arrays)


def _write_npz(path: Path, arrays: Mapping[str, NDArray[Any] | np.generic]) -> None:
    """Like ``numpy.savez``, with bzip2: load samples shrink to a third of what deflate leaves."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def _write_gzip(path: Path, rows: Iterator[Any]) -> None:
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), 6, mtime=0))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _frame_json(frame: SkeletonFrame) -> dict[str, Any]:
    people = []
    for track, joints in frame.people:
        rows = np.round(joints, 3).tolist()
        seen = {name: None if row[0] != row[0] else row for name, row in zip(JOINTS, rows, strict=True)}
        people.append({"track": track, "joints": seen})
    return {"t": frame.t, "p": people}


def _gate_json(gate: GateEvent) -> dict[str, Any]:
    return {
        "t": gate.t,
        "event": gate.event,
        "credential": gate.credential,
        "track": gate.track,
        "group_size": gate.group_size,
        "role": gate.role,
    }


def _truth_json(stream: Stream, plan: Plan, swaps: list[list[str]]) -> dict[str, Any]:
    truth = stream.truth
    picker = {c: {p: n for p, n in sorted(items.items()) if n > 0} for c, items in truth.receipts_picker.items()}
    return {
        "receipts": {c: truth.receipt(c) for c in plan.credentials},
        "receipts_picker": {c: picker.get(c, {}) for c in plan.credentials},
        "unbilled": {person: dict(sorted(items.items())) for person, items in truth.unbilled.items()},
        "events": [_event_json(e) for e in truth.events],
        "final_stock": truth.final_stock,
        "misplaced": stream.misplaced(),
        "people": truth.people,
        "tracks": [{"track": s.track, "person": s.person, "t0": s.t0, "t1": s.t1} for s in truth.tracks],
        "physical_planogram_swaps": swaps,
        "true_weight_factor": truth.weight_factor,
        "sensors": truth.sensors,
    }


def _event_json(event: Event) -> dict[str, Any]:
    row: dict[str, Any] = {
        "t": round(event.t, 3),
        "kind": event.kind,
        "person": event.person,
        "credential": event.credential,
        "role": event.role,
        "facing": event.facing,
    }
    if event.kind == "touch":
        return {**row, "dur": event.dur}
    row |= {"product": event.product, "qty": event.qty, "plates": event.plates, "misplaced": event.misplaced}
    if event.to is not None:
        row |= {"to": event.to, "to_credential": event.to_credential}
    return row
