"""A made-up case of a few seconds: one shelf of three plates, one shopper, one item taken."""

from __future__ import annotations

import gzip
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

T0 = 1_790_000_000.0
SECONDS = 12
MISSING = -2147483648


def store() -> dict[str, Any]:
    plates = [
        {"id": f"1-1-{k}", "gondola": 1, "shelf": 1, "plate": k, "box": [0.1 * k, 0, 1.0, 0.1 * (k + 1), 0.4, 1.3]}
        for k in (1, 2, 3)
    ]
    box = [0.1, 0, 1.0, 0.4, 0.4, 1.3]
    return {
        "name": "small",
        "gondolas": [{"id": 1, "along": [1.0, 0.0], "outward": [0.0, -1.0], "box": box}],
        "shelves": [{"id": "1-1", "gondola": 1, "shelf": 1, "box": box, "plates": [p["id"] for p in plates]}],
        "plates": plates,
        "products": [
            {"id": f"P{k}", "name": f"P{k}", "price": 1000, "weight_g": 100.0 * k, "weight_sd_g": 1.0, "kind": "snack"}
            for k in (1, 2, 3)
        ],
        "planogram": [
            {
                "id": f"F{k}",
                "gondola": 1,
                "shelf": 1,
                "plates": [f"1-1-{k}"],
                "products": [f"P{k}"],
                "box": plates[k - 1]["box"],
                "count": {f"P{k}": 5},
            }
            for k in (1, 2, 3)
        ],
        "area": [[-1, -3], [2, -3], [2, 0], [-1, 0]],
        "gate_polygon": [[-1, -3], [0, -3], [0, -2.5], [-1, -2.5]],
        "entry_line": [[-1, -2.5], [-0.5, -2.5]],
        "exit_line": [[-0.5, -2.5], [0, -2.5]],
    }


def joints(x: float, wrist: tuple[float, float, float]) -> dict[str, list[float]]:
    body = {
        "head": [x, -0.5, 1.6, 0.9],
        "neck": [x, -0.5, 1.45, 0.9],
        "l_shoulder": [x - 0.2, -0.5, 1.4, 0.9],
        "r_shoulder": [x + 0.2, -0.5, 1.4, 0.9],
        "l_elbow": [x - 0.2, -0.5, 1.1, 0.9],
        "r_elbow": [x + 0.2, -0.4, 1.2, 0.9],
        "l_wrist": [x - 0.2, -0.5, 0.9, 0.9],
    }
    return body | {"r_wrist": [*wrist, 0.9]}


def plates() -> dict[str, np.ndarray]:
    rows = SECONDS * 60
    noise = np.random.default_rng(1).normal(0, 6, (rows, 3))  # 0.6 g; a plate without any noise is a stuck one
    values = (np.array([5000, 10000, 15000]) + noise).round().astype(np.int32)
    values[6 * 60 :, 1] -= 2000  # one P2 (200 g) goes at 6 s
    batches = rows // 12
    batch_t = T0 + 0.2 * np.arange(batches, dtype=float)[:, None]
    return {
        "values": np.asfortranarray(values),
        "plates": np.array(["1-1-1", "1-1-2", "1-1-3"]),
        "fs": np.float64(60),
        "t0": np.float64(T0),
        "gondolas": np.array([1], np.int32),
        "batch_t": batch_t,
        "arrival": batch_t + 0.25,
        "duplicates": np.array([[3.0, 1.0, T0 + 2.0]]),
    }


def write_npz(path: Path, members: dict[str, np.ndarray]) -> None:
    """As the format says: a zip whose members are bzip2 compressed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, array in members.items():
            data = BytesIO()
            np.lib.format.write_array(data, np.asanyarray(array), allow_pickle=False)
            archive.writestr(f"{name}.npy", data.getvalue())


def write_case(root: Path, name: str = "one") -> Path:
    folder = root / "cases" / name
    folder.mkdir(parents=True)
    (root / "stores" / "small").mkdir(parents=True, exist_ok=True)
    (root / "stores" / "small" / "store.json").write_text(json.dumps(store()))
    about = {"case": name, "store": "small", "t0": T0, "t1": T0 + SECONDS, "vision": False}
    (folder / "case.json").write_text(json.dumps(about))
    write_npz(folder / "plates.npz", plates())
    frames = []
    for k in range(SECONDS * 11):
        t = k / 11
        wrist = (0.25, 0.1, 1.1) if 5.4 < t < 6.6 else (0.4, -0.5, 0.9)
        frames.append(json.dumps({"t": T0 + t, "p": [{"track": "t1", "joints": joints(0.25, wrist)}]}))
    (folder / "skeletons.jsonl.gz").write_bytes(gzip.compress("\n".join(frames).encode()))
    door = [
        {"t": T0 + 0.1, "event": "entered", "credential": "c1", "track": "t1", "group_size": 1, "role": "customer"},
        {"t": T0 + 11.8, "event": "left", "credential": "c1", "track": "t1", "group_size": None, "role": "customer"},
    ]
    (folder / "door.jsonl").write_text("\n".join(map(json.dumps, door)))
    return folder
