"""What a served shop is told about its sensors: their broker, their plates, and who may pretend to be one."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Mapping
from typing import Any

from madang.doors.brokers import Broker, broker
from madang.kernel import Forbidden
from madang.kernel.settings import Settings


def broker_of(settings: Settings) -> Broker | None:
    """The sensors' broker, if there is one. Raises ``Invalid`` ``mqtt.bad_address``."""
    if not settings.mqtt:
        return None
    return broker(
        settings.mqtt,
        version=settings.mqtt_version,
        authority=settings.mqtt_ca,
        certificate=settings.mqtt_cert,
        private_key=settings.mqtt_cert_key,
    )


def plates_of(store: Mapping[str, Any]) -> dict[str, int]:
    """Plates per gondola, as the gateway expects them."""
    counts: dict[str, int] = {}
    for plate in store["plates"]:
        counts[str(plate["gondola"])] = counts.get(str(plate["gondola"]), 0) + 1
    return counts


def guarded(host: str, devices: Mapping[str, bytes] | None) -> None:
    """Anybody who reaches the sensors' door could feed the shop what never happened: outside this machine they
    need keys."""
    local = host == "localhost"
    with contextlib.suppress(ValueError):
        local = local or ipaddress.ip_address(host).is_loopback
    if devices is None and not local:
        raise Forbidden(
            "serve.devices_needed",
            ko=f"{host}에서는 이 기계 밖의 누구나 센서인 척할 수 있습니다.",
            en=f"On {host} anybody outside this machine could pretend to be a sensor.",
            next_ko="센서마다 열쇠를 적은 파일을 --devices로 주거나, 127.0.0.1에서 여세요.",
            next_en="Give a file with a key for each sensor with --devices, or serve on 127.0.0.1.",
            host=host,
        )
