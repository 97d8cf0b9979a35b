"""The sensor gateway over HTTP: batches in, what became of them out.

A batch may be sent again as it is: messages carry their device's running number, so what was taken is only counted.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from madang.doors.gateway import Encoding, Gateway, Taken
from madang.doors.waiting import Waiting
from madang.kernel import Malformed, TooLarge
from madang.ui import access

BATCH_BYTES_MAX = 16 << 20
BATCH_MESSAGES_MAX = 2_000

_raws: dict[str, Any] = {
    "msgpack": msgspec.msgpack.Decoder(list[msgspec.Raw]).decode,
    "json": msgspec.json.Decoder(list[msgspec.Raw]).decode,
}
_MESSAGES = {"type": "array", "items": {}, "maxItems": BATCH_MESSAGES_MAX}
_BATCH: dict[str, Any] = {
    "security": [{"key": []}, {}],  # each message is looked at by itself: without its device's key it is refused
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _MESSAGES}, "application/msgpack": {"schema": _MESSAGES}},
    },
}


class Fault(BaseModel):
    """Why the message at ``index`` of the batch was not taken."""

    index: int
    fault: str


class Outcome(BaseModel):
    """What became of a batch."""

    taken: int
    late: int
    duplicate: int
    out_of_order: int
    malformed: int
    refused: int
    faults: list[Fault]


class Progress(BaseModel):
    """How far a device's numbers were taken: every one below ``next_seq`` but those in ``gaps``."""

    device: str
    boot: int
    next_seq: int
    gaps: list[int]


def router(gateway: Gateway, waiting: Waiting | None = None) -> APIRouter:
    """The routes of one shop's gateway; ``waiting`` bounds what they hold before the disk."""
    queue = waiting or gateway.waiting
    routes = APIRouter(
        prefix="/v1/sensors", tags=["sensors"], dependencies=[access.key("a device's key: doors.gateway")]
    )

    @routes.post("/batches", openapi_extra=_BATCH)
    async def take(request: Request, authorization: Annotated[str | None, Header()] = None) -> Outcome:
        """Take a JSON or msgpack array of messages (docs/sensor-wire-format.md)."""
        with queue.room(_size(request)):
            body = await _limited(request)
            encoding = _encoding(request.headers.get("content-type", ""))
            messages, key = _split(body, encoding), _key(authorization)
            taken = await run_in_threadpool(_take, gateway, messages, encoding, key)
        faults = [Fault(index=index, fault=fault) for index, fault in taken.faults[:100]]
        return Outcome(
            taken=taken.taken,
            late=taken.late,
            duplicate=taken.duplicate,
            out_of_order=taken.out_of_order,
            malformed=taken.malformed,
            refused=taken.refused,
            faults=faults,
        )

    @routes.get("/devices/{device}")
    def progress(device: str) -> Progress:
        """Where a device that starts again goes on."""
        seen = gateway.seen(device)
        return Progress(device=device, boot=seen.boot, next_seq=seen.next_seq, gaps=sorted(seen.gaps))

    return routes


def _take(gateway: Gateway, messages: list[bytes], encoding: Encoding, key: bytes | None) -> Taken:
    """What is answered is on the disk: a sender may forget it."""
    taken = gateway.receive(messages, encoding, key=key)
    gateway.sync(gateway.end)
    return taken


def _size(request: Request) -> int:
    """Bytes that a batch may bring: as many as it says, else as many as are allowed."""
    said = request.headers.get("content-length", "")
    return min(int(said), BATCH_BYTES_MAX) if said.isdecimal() else BATCH_BYTES_MAX


async def _limited(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > BATCH_BYTES_MAX:
            raise _too_big(f"{BATCH_BYTES_MAX:,}바이트", f"{BATCH_BYTES_MAX:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _encoding(content_type: str) -> Encoding:
    return "msgpack" if "msgpack" in content_type else "json"


def _key(authorization: str | None) -> bytes | None:
    """The device's key from ``Authorization: Bearer <key>``."""
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip().encode() if scheme.lower() == "bearer" and key else None


def _split(body: bytes, encoding: Encoding) -> list[bytes]:
    try:
        raws = _raws[encoding](body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
        raise Malformed(
            "sensors.batch_unreadable",
            ko=f"센서 묶음이 {encoding} 메시지의 배열이 아닙니다({fault}).",
            en=f"The batch is not a {encoding} array of messages: {fault}.",
            next_ko="메시지의 배열을 보내고 Content-Type을 맞추세요.",
            next_en="Send an array of messages and the Content-Type that goes with it.",
        ) from fault
    if len(raws) > BATCH_MESSAGES_MAX:
        raise _too_big(f"메시지 {BATCH_MESSAGES_MAX:,}건", f"{BATCH_MESSAGES_MAX:,} messages")
    return [bytes(raw) for raw in raws]


def _too_big(limit_ko: str, limit_en: str) -> TooLarge:
    return TooLarge(
        "sensors.batch_too_big",
        ko=f"센서 묶음이 한도({limit_ko})를 넘었습니다.",
        en=f"The batch is over its limit of {limit_en}.",
        next_ko="나누어 보내세요.",
        next_en="Send it in parts.",
    )
