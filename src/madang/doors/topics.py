"""MQTT topics of a shop's sensors, and the seal by which a message proves its device (docs/sensor-wire-format.md).

A topic is ``madang/SHOP/DEVICE/KIND``: one per device, so that a broker's access list can hold each device to its own.
The seal needs no trust in the broker: HMAC-SHA256 over topic and message, with the device's key. It is in the payload,
not in a property, so it is the same over MQTT 3.1.1, MQTT 5 and whatever bridges them.
"""

from __future__ import annotations

import hmac
import re
from typing import Literal, NamedTuple

ROOT = "madang"
KINDS = ("plates", "skeletons", "gate", "vision")
TAKEN = "taken"
"""Where the gateway tells a device how far it was taken (retained)."""
_NAME = re.compile(r"[^/+#\s\x00-\x1f]{1,64}")
_SEAL = 64


class Topic(NamedTuple):
    """Whose topic it is and what is said there."""

    shop: str
    device: str
    kind: str

    def __str__(self) -> str:
        return f"{ROOT}/{self.shop}/{self.device}/{self.kind}"


class Letter(NamedTuple):
    """What a payload holds: the message's bytes, and the seal if it has one."""

    body: bytes
    seal: bytes | None


def can_speak(device: str) -> bool:
    """True where a device's name can stand in a topic."""
    return _NAME.fullmatch(device) is not None


def filters(shop: str) -> list[str]:
    """What a gateway subscribes to."""
    return [str(Topic(shop, "+", kind)) for kind in KINDS]


def parsed(topic: str) -> Topic | None:
    """A sensor's topic taken apart; None for any other."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[0] != ROOT or parts[3] not in KINDS or not all(map(can_speak, parts[1:3])):
        return None
    return Topic(*parts[1:])


def sealed(topic: Topic, body: bytes, key: bytes | None) -> bytes:
    """The payload of a message: 64 hexadecimal digits, a line feed, the message; without a key only the message."""
    return body if key is None else _digest(topic, body, key) + b"\n" + body


def opened(payload: bytes) -> Letter:
    """A payload taken apart. A message begins with ``{`` or a byte from 0x80 on, a seal with neither."""
    if len(payload) > _SEAL and payload[_SEAL : _SEAL + 1] == b"\n" and payload[0] < 0x7B:
        return Letter(payload[_SEAL + 1 :], payload[:_SEAL])
    return Letter(payload, None)


def proves(topic: Topic, letter: Letter, key: bytes | None) -> bool:
    """True where the seal is that of this message on this topic under ``key``."""
    return (
        key is not None
        and letter.seal is not None
        and hmac.compare_digest(_digest(topic, letter.body, key), letter.seal.lower())
    )


def encoding_of(body: bytes) -> Literal["json", "msgpack"]:
    """Which of the two a message is."""
    return "json" if body.lstrip()[:1] == b"{" else "msgpack"


def _digest(topic: Topic, body: bytes, key: bytes) -> bytes:
    return hmac.new(key, str(topic).encode() + b"\n" + body, "sha256").hexdigest().encode()
