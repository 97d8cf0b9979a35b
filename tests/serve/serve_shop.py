"""A small shop made as its owner would make it, with the commands, and the sensors that speak for it."""

from __future__ import annotations

import atexit
import csv
import json
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec

from madang import twin
from madang.cli import main
from madang.demo.wire import Mark, Wire
from madang.kernel import derived
from madang.twin.layout import Shape, build
from madang.twin.settings import preset

SHOP, NEIGHBOURHOOD = "corner", "n1"
SHAPE = Shape(back=1, side=0, islands=0, shelves=2, plates=4, plate_width_m=0.13)
LAYOUT: dict[str, Any] = build("tiny", SHAPE, seed=1)
FIRST, SECOND = (str(product["id"]) for product in LAYOUT["products"][:2])
PERSON = derived("shopper", 1)


def made(folder: Path, url: str, *, without: str = "") -> None:
    """The shop in a database, by ``madang shop add`` and ``madang import``, ``without`` one of the sheets; that of a
    file in this folder is a copy of one made for all tests of a process."""
    if url == _beside(folder):
        shutil.copytree(_ready(without), folder, dirs_exist_ok=True)
    else:
        _make(folder, url, without)


def _beside(folder: Path) -> str:
    return f"sqlite:///{folder / 'madang.db'}"


@cache
def _ready(without: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="madang-shop-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _make(folder, _beside(folder), without)
    return folder


def _make(folder: Path, url: str, without: str) -> None:
    (folder / "store.json").write_text(json.dumps(LAYOUT), encoding="utf-8")
    done(
        "shop",
        "add",
        SHOP,
        str(folder / "store.json"),
        "--name",
        "모퉁이 가게",
        "--name-en",
        "Corner",
        "--database",
        url,
    )
    for sheet, rows in sheets().items():
        if sheet != without:
            path = folder / f"{sheet}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            done("import", sheet, str(path), "--shop", SHOP, "--database", url)


def sheets() -> dict[str, list[dict[str, Any]]]:
    products = LAYOUT["products"]
    return {
        "products": [
            {"id": p["id"], "name_ko": p["name_ko"], "name_en": p["name_en"], "unit_weight_g": p["weight_g"],
             "unit_weight_sd_g": p["weight_sd_g"], "kind": p["kind"]}
            for p in products
        ],
        "prices": [{"product": p["id"], "price_krw": p["price"], "from": "2026-01-01"} for p in products],
        "planogram": [
            {"id": f["id"], "gondola": f["gondola"], "shelf": f["shelf"], "plates": " ".join(f["plates"]),
             "products": " ".join(f["products"]), "counts": " ".join(str(f["count"][p]) for p in f["products"])}
            for f in LAYOUT["planogram"]
        ],
    }  # fmt: skip


def done(*words: str) -> None:
    assert main(list(words)) == 0, words


def price_of(product: str) -> int:
    return int(next(p["price"] for p in LAYOUT["products"] if p["id"] == product))


def visit(epoch_us: int, credential: str = "c1") -> tuple[list[tuple[int, bytes]], dict[str, int]]:
    """What the sensors send while one shopper takes a thing and two of another (arrival, message), and the truth."""
    lines = (twin.Line(FIRST), twin.Line(SECOND, 2))
    plan = twin.Plan(epoch_us, (twin.Visit(epoch_us + 3_000_000, credential, lines, pace=0.0),))
    stream = twin.Shop(LAYOUT, 3, preset("normal")).stream(plan)
    wire = Wire(dict[str, Mark]())
    said = filter(None, [wire.convert(message) for message in stream])
    sent = [(at_us, msgspec.msgpack.encode(message)) for at_us, message in said]
    return [one for one in sent if one[0] < left_us(sent) + 3_000_000], stream.truth.receipt(credential)


def left_us(sent: list[tuple[int, bytes]]) -> int:
    """When the last one out passes the gate."""
    return max(at_us for at_us, body in sent if b"left" in body)


def batches(sent: list[tuple[int, bytes]], every_us: int = 200_000) -> Iterator[tuple[int, bytes]]:
    """The same in batches, each with its last arrival."""
    batch: list[bytes] = []
    first_us = last_us = sent[0][0]
    for at_us, body in sent:
        if batch and at_us - first_us >= every_us:
            yield last_us, _array(batch)
            batch, first_us = [], at_us
        batch.append(body)
        last_us = at_us
    yield last_us, _array(batch)


def _array(bodies: list[bytes]) -> bytes:
    return msgspec.msgpack.encode([msgspec.Raw(body) for body in bodies])


class Caller:
    """Whoever speaks to a shop over HTTP: its sensors, its operator, a shopper with a link."""

    def __init__(self, url: str, key: str = "") -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=60, verify=False)
        self._key = {"Authorization": f"Bearer {key}"}

    def sense(self, batch: bytes, **headers: str) -> dict[str, Any]:
        headers["Content-Type"] = "application/msgpack"
        answer = self._http.post("/v1/sensors/batches", content=batch, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def check_in(self, idempotency_key: str = "key-1", **asked: Any) -> httpx.Response:
        headers = self._key | {"Idempotency-Key": idempotency_key}
        return self._http.post("/v1/operator/credentials", json=asked, headers=headers)

    def visits(self, state: str) -> list[dict[str, Any]]:
        answer = self._http.get("/v1/operator/visits", params={"state": state}, headers=self._key)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["visits"])

    def visit(self, visit: str) -> httpx.Response:
        return self._http.get(f"/v1/operator/visits/{visit}", headers=self._key)

    def decide(self, visit: str, idempotency_key: str, **asked: Any) -> httpx.Response:
        headers = self._key | {"Idempotency-Key": idempotency_key}
        return self._http.post(f"/v1/operator/visits/{visit}/decision", json=asked, headers=headers)

    def status(self) -> dict[str, Any]:
        answer = self._http.get("/v1/operator/status", headers=self._key)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path, headers={"Accept": "text/html"})

    def sign_in(self, key: str) -> httpx.Response:
        page = self.get("/sign-in").text
        proof = dict(re.findall(r'name="(csrf_token)" value="([^"]+)"', page))
        return self._http.post("/sign-in", data={"key": key} | proof, headers={"Accept": "text/html"})

    def snapshot(self) -> dict[str, Any]:
        """What the live page is told when it opens."""
        with self._http.stream("GET", f"/live/{SHOP}/events") as stream:
            lines = stream.iter_lines()
            for line in lines:
                if line == "event: snapshot":
                    return dict(json.loads(next(lines).removeprefix("data: ")))
        raise AssertionError("no snapshot came")

    def close(self) -> None:
        self._http.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
