"""The sensor gateway over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from tests.asking import Client

from madang.doors import Gateway, api
from madang.doors.waiting import Held, Waiting
from madang.kernel import ManualClock, Unavailable
from madang.ui import Pages
from madang.walkout.messages import GateEvent
from madang.walkout.sensorlog import SensorLog
from madang.web.faults import Faults

NOW_US = ManualClock().now_us()


def gate(seq: int) -> GateEvent:
    return GateEvent(device="gate", seq=seq, t_us=NOW_US, event="entered", credential=f"c{seq}")


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(SensorLog(tmp_path), clock=ManualClock(), keys={"gate": b"key of the gate"})


class Sender:
    """A device that sends with its key."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def post(self, path: str, *, headers: dict[str, str] | None = None, **given: Any) -> Any:
        return self._client.post(path, headers={"authorization": "Bearer key of the gate", **(headers or {})}, **given)

    def get(self, path: str) -> Any:
        return self._client.get(path)


@pytest.fixture
def client(gateway: Gateway) -> Sender:
    app = FastAPI()
    Faults(Pages()).install(app)
    app.include_router(api.router(gateway))
    return Sender(Client(app))


def test_a_json_batch_is_taken(client: Sender, gateway: Gateway) -> None:
    body = [msgspec.to_builtins(gate(seq)) for seq in range(3)]
    answer = client.post("/v1/sensors/batches", json=body)
    assert (answer.status_code, answer.json()["taken"]) == (200, 3)
    assert gateway.seen("gate").next_seq == 3


def test_a_msgpack_batch_is_taken(client: Sender) -> None:
    body = msgspec.msgpack.encode([gate(seq) for seq in range(3)])
    answer = client.post("/v1/sensors/batches", content=body, headers={"content-type": "application/msgpack"})
    assert answer.json()["taken"] == 3


def test_a_batch_sent_again_is_only_counted(client: Sender) -> None:
    body = [msgspec.to_builtins(gate(seq)) for seq in range(3)]
    client.post("/v1/sensors/batches", json=body)
    answer = client.post("/v1/sensors/batches", json=body)
    assert (answer.json()["taken"], answer.json()["duplicate"]) == (0, 3)


def test_what_is_wrong_with_a_message_is_said_and_the_others_are_taken(client: Sender) -> None:
    body = [msgspec.to_builtins(gate(0)), {"kind": "gate"}, msgspec.to_builtins(gate(1))]
    answer = client.post("/v1/sensors/batches", json=body).json()
    assert (answer["taken"], answer["malformed"]) == (2, 1)
    assert answer["faults"][0]["index"] == 1
    assert "missing required field" in answer["faults"][0]["fault"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"\xff"])
def test_a_body_that_is_no_array_is_an_error_with_a_way_out(client: Sender, body: bytes) -> None:
    answer = client.post("/v1/sensors/batches", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "sensors.batch_unreadable")


def test_too_many_messages_at_once_are_refused(client: Sender) -> None:
    body = json.dumps([0] * (api.BATCH_MESSAGES_MAX + 1))
    assert client.post("/v1/sensors/batches", content=body).status_code == 413


def test_without_its_key_a_device_is_not_heard(client: Sender) -> None:
    body = [msgspec.to_builtins(gate(0))]
    answer = client.post("/v1/sensors/batches", json=body, headers={"authorization": "Bearer guessed"})
    assert (answer.json()["taken"], answer.json()["refused"]) == (0, 1)


def test_a_device_asks_where_to_go_on(client: Sender) -> None:
    body = [msgspec.to_builtins(gate(seq)) for seq in (0, 1, 4)]
    client.post("/v1/sensors/batches", json=body)
    answer = client.get("/v1/sensors/devices/gate").json()
    assert answer == {"device": "gate", "boot": 0, "next_seq": 5, "gaps": [2, 3]}


# --- a slow disk ------------------------------------------------------------------------------------------------------
async def _all_at_once(gateway: Gateway, waiting: Waiting, disk: threading.Event, batches: int) -> list[httpx.Response]:
    """So many senders at the same time, each with a batch of its own; the disk answers once somebody was sent away."""
    app = FastAPI()
    Faults(Pages()).install(app)
    app.include_router(api.router(gateway, waiting))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http:

        async def send(n: int) -> httpx.Response:
            body = [msgspec.to_builtins(gate(seq)) for seq in range(3 * n, 3 * n + 3)]
            answer = await http.post(
                "/v1/sensors/batches", json=body, headers={"authorization": "Bearer key of the gate"}
            )
            if answer.status_code == 503:
                disk.set()
            return answer

        return list(await asyncio.gather(*(send(n) for n in range(batches))))


def test_where_the_disk_is_slow_senders_are_told_to_come_again_and_nothing_is_lost(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, sync = threading.Event(), gateway.sync
    monkeypatch.setattr(gateway, "sync", lambda end: (disk.wait(10), sync(end)))
    waiting = Waiting(requests_max=2)
    answers = asyncio.run(_all_at_once(gateway, waiting, disk, 5))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) == waiting.held().held == 3
    assert {(one.headers["retry-after"], one.json()["code"]) for one in refused} == {("2", "sensors.busy")}
    assert waiting.held().waiting == waiting.held().waiting_bytes == 0
    assert gateway.seen("gate").next_seq < 15, "what was sent away was not taken"
    again = asyncio.run(_all_at_once(gateway, Waiting(), disk, 5))
    assert {answer.status_code for answer in again} == {200}
    assert (gateway.seen("gate").next_seq, gateway.seen("gate").gaps) == (15, frozenset())


def test_room_is_bounded_in_bytes_and_given_back_also_when_a_batch_is_bad(client: Sender, gateway: Gateway) -> None:
    waiting = Waiting(bytes_max=100)
    with waiting.room(1_000), pytest.raises(Unavailable), waiting.room(1):
        pass
    with waiting.room(60), waiting.room(40), pytest.raises(Unavailable), waiting.room(1):
        pass
    assert waiting.held() == Held(waiting=0, waiting_bytes=0, held=2)
    assert client.post("/v1/sensors/batches", content=b"no batch").status_code == 400
    assert gateway.waiting.held() == Held(waiting=0, waiting_bytes=0, held=0)
