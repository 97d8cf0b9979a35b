"""Where an MQTT broker is and how to speak with it: ``mqtt://user:password@host:port``, or ``mqtts://`` over TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from madang.kernel import Invalid

Version = Literal["3.1.1", "5"]
PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEPALIVE_S = 30
SESSION_S = 14 * 86_400
"""How long a broker is asked to keep messages for a gateway that is away (MQTT 5; 3.1.1 leaves it to the broker)."""
RETRY_S_MAX = 30


@dataclass(frozen=True, slots=True)
class Broker:
    """``authority`` is a file of certificates to trust instead of the system's; ``certificate`` and ``private_key`` are
    our own, where the broker wants them. The password does not show."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    version: Version = "3.1.1"
    authority: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None

    def client(self, identifier: str, *, manual_ack: bool = False) -> Client:
        """A client for this broker, not yet connected, that tries again after 1, 2, 4 … 30 seconds.

        Raises ``Invalid`` ``mqtt.bad_certificate`` where a file for TLS cannot be used.
        """
        made = Client(
            CallbackAPIVersion.VERSION2,
            client_id=identifier,
            protocol=MQTTv5 if self.version == "5" else MQTTv311,
            clean_session=None if self.version == "5" else False,
            manual_ack=manual_ack,
        )
        made.reconnect_delay_set(1, RETRY_S_MAX)
        if self.username is not None:
            made.username_pw_set(self.username, self.password)
        if self.tls:
            made.tls_set_context(self.context())
        return made

    def connect(self, client: Client, *, window: int) -> None:
        """Begin to connect, in the background. ``window`` is how many messages may be on their way to us unacknowledged
        (MQTT 5; 3.1.1 leaves it to the broker)."""
        more: dict[str, Any] = {}
        if self.version == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.ReceiveMaximum = window
            properties.SessionExpiryInterval = SESSION_S
            more = {"clean_start": False, "properties": properties}
        client.connect_async(self.host, self.port, KEEPALIVE_S, **more)
        client.loop_start()

    @property
    def address(self) -> str:
        """For people: without name and password."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """How certificates are checked. Raises ``Invalid`` ``mqtt.bad_certificate``."""
        try:
            context = ssl.create_default_context(cafile=None if self.authority is None else str(self.authority))
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.private_key)
        except (OSError, ssl.SSLError) as fault:
            raise Invalid(
                "mqtt.bad_certificate",
                ko=f"MQTT 중개자를 위한 인증서 파일을 쓸 수 없습니다: {fault}.",
                en=f"A certificate file for the MQTT broker cannot be used: {fault}.",
                next_ko="mqtt_ca, mqtt_cert, mqtt_cert_key 설정이 PEM 파일을 가리키는지 보세요.",
                next_en="See that the settings mqtt_ca, mqtt_cert and mqtt_cert_key name PEM files.",
            ) from fault
        return context


def broker(
    url: str, *, version: str = "3.1.1", authority: str = "", certificate: str = "", private_key: str = ""
) -> Broker:
    """The broker of an address. Raises ``Invalid`` ``mqtt.bad_address``, ``mqtt.bad_certificate``."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or version not in ("3.1.1", "5"):
        raise Invalid(
            "mqtt.bad_address",
            ko="MQTT 중개자의 주소나 판이 맞지 않습니다.",
            en="That is not the address of an MQTT broker, or not a version of MQTT.",
            next_ko="mqtt://사용자:암호@주소:1883 또는 mqtts://…, 판은 3.1.1 또는 5로 적으세요.",
            next_en="Write mqtt://user:password@host:1883 or mqtts://…, and 3.1.1 or 5 as the version.",
        )
    made = Broker(
        parts.hostname,
        port or PORTS[parts.scheme],
        parts.scheme == "mqtts",
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password),
        "5" if version == "5" else "3.1.1",
        *(Path(name) if name else None for name in (authority, certificate, private_key)),
    )
    if made.tls:
        made.context()
    return made
