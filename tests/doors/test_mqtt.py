"""The sensor gateway over MQTT, with real brokers: Mosquitto (3.1.1 and 5) and NATS (3.1.1)."""

from __future__ import annotations

import base64
import functools
import hashlib
import ipaddress
import random
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.brokers import PrivateBroker
from tests.serve.serve_shop import visit

from madang.doors import Gateway
from madang.doors.brokers import Broker, broker
from madang.doors.mqtt import MqttDoor
from madang.doors.topics import Topic, sealed
from madang.kernel import ManualClock
from madang.sensors.outbox import Outbox
from madang.sensors.senders import MqttSender
from madang.walkout.messages import GateEvent, Message
from madang.walkout.sensorlog import LogReader, SensorLog

SHOP = "s1"
KEYS = {name: f"the key of {name}, made for tests".encode() for name in ("gondola-1", "cameras", "gate", "hands", "g2")}
STAGE = Path(__file__).with_name("mqtt_stage.py")
WAYS = [("mosquitto", "3.1.1"), ("mosquitto", "5"), ("nats", "3.1.1")]
decode = msgspec.msgpack.Decoder(Message).decode
encode = msgspec.msgpack.encode


@pytest.fixture(params=WAYS, ids=lambda way: "-".join(way))
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[PrivateBroker, Broker]]:
    """A broker that runs, and how to speak with it."""
    name, version = request.param
    one = PrivateBroker(name, tmp_path / name)
    try:
        yield one.start(), one.at(version)
    finally:
        one.stop()


class Shop:
    """A gateway with a door to a broker; ``open`` and ``close`` again go on in the same log."""

    def __init__(self, folder: Path, at: Broker, clock: ManualClock, **options: Any) -> None:
        self.folder, self.at, self.clock = folder / "log", at, clock
        self.keys = options.pop("keys", KEYS)
        self.options = options
        self.open()

    def open(self) -> None:
        self.log = SensorLog(self.folder)
        self.gateway = Gateway(self.log, clock=self.clock, keys=self.keys)
        self.door = MqttDoor(self.gateway, SHOP, self.at, clock=self.clock, **self.options)
        self.door.start()

    def close(self) -> None:
        self.door.stop()
        self.log.close()
        assert self.door.failure is None

    def logged(self) -> list[bytes]:
        return [p.record.body for p in LogReader(self.folder, 0).read(self.log.flush()) if p.record.body]


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@functools.cache
def said() -> list[Message]:
    messages, _ = visit(ManualClock().now_us())
    return [decode(body) for _, body in messages]


@pytest.fixture
def sent() -> list[Message]:
    """What the sensors of a small shop say while somebody shops, each device's numbers as they are given."""
    return list(said())


def shop(ends: ExitStack, tmp_path: Path, at: Broker, clock: ManualClock, **options: Any) -> Shop:
    made = Shop(tmp_path, at, clock, **options)
    ends.callback(made.close)
    return made


def sender(ends: ExitStack, tmp_path: Path, at: Broker, **options: Any) -> MqttSender:
    options = {"keys": KEYS} | options
    made = MqttSender(Outbox(tmp_path / "outbox.db"), SHOP, at, identifier="sensors", **options)
    ends.callback(made.close)
    return made


def until(true: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def by_device(bodies: list[bytes]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for body in bodies:
        found.setdefault(decode(body).device, []).append(body)
    return found


def over_http(folder: Path, clock: ManualClock, sent: list[Message]) -> list[bytes]:
    """What the log holds when the same messages come in batches over HTTP."""
    log = SensorLog(folder / "http")
    gateway = Gateway(log, clock=clock, keys=KEYS)
    for message in sent:
        gateway.receive([encode(message)], key=KEYS[message.device])
    bodies = [p.record.body for p in LogReader(folder / "http", 0).read(log.flush()) if p.record.body]
    log.close()
    return bodies


def test_the_log_is_the_same_as_over_http(
    way: tuple[PrivateBroker, Broker], ends: ExitStack, tmp_path: Path, clock: ManualClock, sent: list[Message]
) -> None:
    _, at = way
    one = shop(ends, tmp_path, at, clock)
    devices = sender(ends, tmp_path, at)
    until(lambda: one.door.link().connected, "no connection")
    devices.send(sent)
    assert devices.settle(60), f"{len(devices._outbox)} messages were not taken: {one.door.link()}"
    expected = over_http(tmp_path, clock, sent)
    assert len(expected) > 100
    assert by_device(one.logged()) == by_device(expected)
    link = one.door.link()
    assert (link.refused, link.malformed, link.strange, link.taken) == (0, 0, 0, len(expected))
    assert link.version == at.version


def test_a_gateway_that_was_away_gets_what_was_said_meanwhile(
    way: tuple[PrivateBroker, Broker], ends: ExitStack, tmp_path: Path, clock: ManualClock, sent: list[Message]
) -> None:
    _, at = way
    one = shop(ends, tmp_path, at, clock)
    devices = sender(ends, tmp_path, at)
    third = len(sent) // 3
    devices.send(sent[:third])
    assert devices.settle(60)
    one.close()
    devices.send(sent[third:])
    time.sleep(1)  # the broker takes them; nobody is there to log them
    assert len(devices._outbox) >= len(sent) - third - 1
    one.open()
    assert devices.settle(60), one.door.link()
    assert sorted(one.logged()) == sorted({encode(message) for message in sent})
    assert one.door.link().taken >= len(sent) - third - 20, "the session did not go on"


def test_nothing_is_lost_when_the_broker_is_killed_midway(
    way: tuple[PrivateBroker, Broker], ends: ExitStack, tmp_path: Path, clock: ManualClock, sent: list[Message]
) -> None:
    middle, at = way
    one = shop(ends, tmp_path, at, clock)
    devices = sender(ends, tmp_path, at)
    until(lambda: one.door.link().connected, "no connection")
    for start in range(0, len(sent), 40):
        devices.send(sent[start : start + 40])
        if start == 120:
            middle.kill()
            until(lambda: not one.door.link().connected, "the door has not seen its broker go")
        if start == 240:
            middle.start()
    assert devices.settle(90), f"{len(devices._outbox)} not taken: {one.door.link()}"
    assert sorted(one.logged()) == sorted({encode(message) for message in sent})
    assert one.door.link().connections >= 2


@pytest.mark.parametrize("way", [WAYS[1], WAYS[2]], ids=["mosquitto-5", "nats-3.1.1"], indirect=True)
def test_a_gateway_killed_again_and_again_logs_every_message_once(
    way: tuple[PrivateBroker, Broker], ends: ExitStack, tmp_path: Path, sent: list[Message]
) -> None:
    middle, at = way
    devices, chance = sender(ends, tmp_path, at, keys=None, again_s=2.0), random.Random(1)
    command = [sys.executable, str(STAGE), str(tmp_path / "log"), str(middle.port), at.version]
    for start in range(0, len(sent), len(sent) // 3 + 1):
        with subprocess.Popen(command) as child:
            devices.send(sent[start : start + len(sent) // 3 + 1])
            full = len(devices._outbox)
            until(lambda was=full: len(devices._outbox) < was, "it does not log")
            time.sleep(chance.random() * 0.1)
            child.kill()
    with subprocess.Popen(command) as child:
        settled = devices.settle(90)
        child.kill()
    assert settled, f"{len(devices._outbox)} were not taken"
    log = SensorLog(tmp_path / "log")
    bodies = [p.record.body for p in LogReader(tmp_path / "log", 0).read(log.end) if p.record.body]
    log.close()
    assert sorted(bodies) == sorted({encode(message) for message in sent})


def test_not_even_what_a_broker_that_keeps_nothing_had_acknowledged(
    ends: ExitStack, tmp_path: Path, clock: ManualClock, sent: list[Message]
) -> None:
    forgetful = PrivateBroker("mosquitto", tmp_path / "broker", kept=False).start()
    ends.callback(forgetful.stop)
    one = shop(ends, tmp_path, forgetful.at(), clock)
    devices = sender(ends, tmp_path, forgetful.at(), again_s=2.0)
    devices.send(sent[:200])
    assert devices.settle(60)
    one.close()
    devices.send(sent[200:300])
    time.sleep(1)  # acknowledged by the broker, on its way to a gateway that is away
    forgetful.kill()
    forgetful.start()
    one.open()
    until(lambda: one.door.link().connected, "no connection")
    devices.send(sent[300:])
    assert devices.settle(120), f"{len(devices._outbox)} not taken: {one.door.link()}"
    assert sorted(one.logged()) == sorted({encode(message) for message in sent})


def test_a_slow_log_keeps_messages_with_the_broker_and_loses_none(
    way: tuple[PrivateBroker, Broker],
    ends: ExitStack,
    tmp_path: Path,
    clock: ManualClock,
    sent: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, at = way
    one = shop(ends, tmp_path, at, clock, window=64, waiting_max=8)
    sync = one.gateway.sync

    def slowly(upto: int | None = None) -> None:
        time.sleep(0.05)
        sync(upto)

    monkeypatch.setattr(one.gateway, "sync", slowly)
    devices = sender(ends, tmp_path, at)
    devices.send(sent)
    most = until(lambda: max(one.door.link().waiting, 0) >= 8 and one.door.link().waiting, "it was never full")
    assert most <= 8
    assert devices.settle(90), one.door.link()
    assert sorted(one.logged()) == sorted({encode(message) for message in sent})
    assert one.door.link().held > 0
    assert not one.door.link().holding


def raw(ends: ExitStack, at: Broker) -> Callable[[str, bytes], None]:
    """Anybody who is let in by the broker."""
    client = at.client("intruder")
    at.connect(client, window=10)
    until(client.is_connected, "no connection")
    ends.callback(client.loop_stop)
    ends.callback(client.disconnect)

    def publish(topic: str, payload: bytes) -> None:
        client.publish(topic, payload, qos=1).wait_for_publish(10)

    return publish


def gate(clock: ManualClock, seq: int = 0, device: str = "gate") -> bytes:
    return encode(GateEvent(device=device, seq=seq, t_us=clock.now_us(), event="entered", credential="c1"))


def test_only_who_has_a_devices_key_speaks_for_it(
    way: tuple[PrivateBroker, Broker], ends: ExitStack, tmp_path: Path, clock: ManualClock
) -> None:
    _, at = way
    one = shop(ends, tmp_path, at, clock)
    publish = raw(ends, at)
    until(lambda: one.door.link().connected, "no connection")
    topic, other, body = Topic(SHOP, "gate", "gate"), Topic(SHOP, "g2", "gate"), gate(clock)
    wrong = [
        (topic, body),  # no seal
        (topic, sealed(topic, body, b"guessed")),
        (topic, sealed(topic, body, KEYS["g2"])),  # another device's key
        (topic, sealed(other, body, KEYS["gate"])),  # sealed for another topic
        (other, sealed(other, body, KEYS["g2"])),  # its own topic and key, another's name in the message
        (Topic(SHOP, "nobody", "gate"), sealed(Topic(SHOP, "nobody", "gate"), body, b"guessed")),
    ]
    time.sleep(0.5)
    for at_topic, payload in wrong:
        publish(str(at_topic), payload)
    until(lambda: one.door.link().strange + one.door.link().refused == len(wrong), f"{one.door.link()}")
    assert one.logged() == []
    counted = {device.id: device.refused for device in one.gateway.health()}
    assert counted == {"gate": 4, "g2": 1, "?": 1} or sum(counted.values()) == len(wrong)
    assert all(device.malformed == 0 for device in one.gateway.health())
    publish(str(Topic(SHOP, "gate", "vision")), sealed(Topic(SHOP, "gate", "vision"), body, KEYS["gate"]))
    until(lambda: one.door.link().malformed == 1, "a message on the topic of another kind was not counted")
    publish(str(topic), sealed(topic, body, KEYS["gate"]))
    until(lambda: one.logged() == [body], "the right one was not taken")
    publish(str(topic), sealed(topic, body, KEYS["gate"]))  # heard on the way and said again
    until(lambda: one.door.link().duplicate == 1, "a replayed message was not counted")
    assert one.logged() == [body]


def test_json_without_keys_is_taken_as_mosquitto_pub_sends_it(
    way: tuple[PrivateBroker, Broker], ends: ExitStack, tmp_path: Path, clock: ManualClock
) -> None:
    _, at = way
    one = shop(ends, tmp_path, at, clock, keys=None)
    publish = raw(ends, at)
    until(lambda: one.door.link().connected, "no connection")
    time.sleep(0.5)
    publish(f"madang/{SHOP}/gate/gate", msgspec.json.encode(decode(gate(clock))))
    publish(f"madang/{SHOP}/door/gate", msgspec.json.encode(decode(gate(clock))))
    until(lambda: one.door.link().refused == 1, "a device spoke on another's topic")
    assert one.logged() == [gate(clock)]


def test_the_broker_asks_for_a_password_and_wrong_ones_are_told(
    ends: ExitStack, tmp_path: Path, clock: ManualClock
) -> None:
    passwords = tmp_path / "passwords"
    salt = b"0123456789ab"
    # as mosquitto_passwd would hash it
    hashed = base64.b64encode(hashlib.pbkdf2_hmac("sha512", b"right", salt, 101)).decode()
    passwords.write_text(f"shop:$7$101${base64.b64encode(salt).decode()}${hashed}\n", encoding="utf-8")
    passwords.chmod(0o600)
    more = f"allow_anonymous false\npassword_file {passwords}"
    guarded = PrivateBroker("mosquitto", tmp_path / "broker", more=more).start()
    ends.callback(guarded.stop)
    for version in ("3.1.1", "5"):
        wrong = shop(ends, tmp_path / f"wrong{version}", guarded.at(version, "shop:wrong@"), clock)
        until(lambda one=wrong: "uthor" in one.door.link().fault, f"{wrong.door.link()}")
        assert not wrong.door.link().connected
        right = shop(ends, tmp_path / f"right{version}", guarded.at(version, "shop:right@"), clock)
        until(lambda one=right: one.door.link().connected, f"{right.door.link()}")
        assert "right" not in repr(right.at)


def certificates(folder: Path) -> tuple[Path, str]:
    """A certificate of 127.0.0.1 by itself, and the broker's lines for it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, f"allow_anonymous true\ncertfile {pem}\nkeyfile {private}"


def test_over_tls_only_a_broker_with_a_trusted_certificate_is_spoken_with(
    ends: ExitStack, tmp_path: Path, clock: ManualClock
) -> None:
    pem, more = certificates(tmp_path / "tls")
    guarded = PrivateBroker("mosquitto", tmp_path / "broker", more=more).start()
    ends.callback(guarded.stop)
    address = f"mqtts://127.0.0.1:{guarded.port}"
    trusting = shop(ends, tmp_path / "trusting", broker(address, version="5", authority=str(pem)), clock)
    until(lambda: trusting.door.link().connected, f"{trusting.door.link()}")
    wary = broker(address).context()
    with (
        socket.create_connection(("127.0.0.1", guarded.port)) as raw_socket,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        wary.wrap_socket(raw_socket, server_hostname="127.0.0.1")
