"""A shop that is served, and senders that reach it over MQTT and HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.brokers import PrivateBroker
from tests.serve.serve_shop import LAYOUT, SHOP, Caller, made, price_of, visit

from madang.cli import main
from madang.kernel import Forbidden, Invalid, ManualClock
from madang.kernel.settings import Settings
from madang.sensors.outbox import Outbox
from madang.sensors.senders import HttpSender, MqttSender
from madang.serve import keys
from madang.serve.serving import Asked, Serving
from madang.walkout.messages import Message
from madang.walkout.records import Rules

KEYS = {name: f"the key of {name}, made for tests".encode() for name in ("gondola-1", "cameras", "gate", "hands")}
decode = msgspec.msgpack.Decoder(Message).decode


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    one = PrivateBroker("mosquitto", tmp_path / "mosquitto")
    try:
        yield one.start()
    finally:
        one.stop()


def settings(url: str, tmp_path: Path, mqtt: str = "") -> Settings:
    home = str(tmp_path / "data")
    return Settings(home=home, database=url, port=0, mqtt=mqtt, mqtt_version="5" if mqtt else "3.1.1")


def asked(**more: Any) -> Asked:
    return Asked(shop=SHOP, rules=Rules(5, 5_000), stock_as_planned=True, devices=KEYS, **more)


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 20
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.005)
    return found


def test_a_visit_heard_over_mqtt_is_charged(
    sqlite_url: str, tmp_path: Path, clock: ManualClock, broker: PrivateBroker
) -> None:
    made(tmp_path, sqlite_url)
    sent, truth = visit(clock.now_us())
    known = settings(sqlite_url, tmp_path, f"mqtt://127.0.0.1:{broker.port}")
    with Serving(known, asked(), clock=clock) as serving:
        serving.start()
        door = serving.mqtt
        assert door is not None
        devices = MqttSender(Outbox(tmp_path / "outbox.db"), SHOP, broker.at("5"), identifier="devices", keys=KEYS)
        with closing(devices), closing(Caller(serving.url, keys.operator_key(tmp_path / "data"))) as caller:
            caller.check_in(credential="c1", top_up_krw=20_000)
            until(lambda: door.link().connected, "no connection")
            came = 0
            for start in range(0, len(sent), 8):
                handful = sent[start : start + 8]
                clock.set(max(clock.now_us(), handful[-1][0]))
                devices.send([decode(body) for _, body in handful])
                came += len(handful)
                until(lambda n=came: door.link().taken + door.link().duplicate >= n, f"{door.link()}")
            for _ in range(10):
                clock.advance(s=2)
                serving.gateway.tick()
            assert serving.live.settle(serving.gateway.end, timeout_s=20)
            (receipt,) = caller.snapshot()["receipts"]
            assert receipt["total_krw"] == sum(price_of(product) * qty for product, qty in truth.items())
            status = caller.status()
            assert status["mqtt"]["connected"]
            assert (status["mqtt"]["version"], status["mqtt"]["strange"]) == ("5", 0)


def test_over_http_a_sender_waits_for_a_shop_that_is_away(sqlite_url: str, tmp_path: Path, clock: ManualClock) -> None:
    made(tmp_path, sqlite_url)
    sent, _ = visit(clock.now_us())
    early = [decode(body) for _, body in sent[:60]]
    away = HttpSender(Outbox(tmp_path / "outbox.db"), "http://127.0.0.1:9", keys=KEYS)
    away.send(early)
    assert not away.settle(0.5)
    away.close()
    with Serving(settings(sqlite_url, tmp_path), asked(), clock=clock) as serving:
        serving.start()
        back = HttpSender(Outbox(tmp_path / "outbox.db"), serving.url, keys=KEYS)
        assert back.settle(20)
        assert sum(device.batches for device in serving.gateway.health()) == len({(m.device, m.seq) for m in early})
        back.send([decode(body) for _, body in sent[60:80]])
        assert back.settle(20)
        back.close()


def test_a_broker_that_others_reach_needs_keys_for_the_sensors(tmp_path: Path) -> None:
    known = Settings(home=str(tmp_path), mqtt="mqtt://broker.example:1883")
    with pytest.raises(Forbidden, match=r"serve.devices_needed"):
        Serving(known, Asked(shop=SHOP, rules=Rules(5, 5_000)))
    with pytest.raises(Invalid, match=r"mqtt.bad_address"):
        Serving(Settings(home=str(tmp_path), mqtt="amqp://broker"), asked())
    with pytest.raises(Invalid, match=r"mqtt.bad_certificate"):
        Serving(Settings(home=str(tmp_path), mqtt="mqtts://b.example", mqtt_ca=str(tmp_path / "none.pem")), asked())


def test_the_password_of_the_broker_is_never_shown() -> None:
    known = Settings(mqtt="mqtt://shop:hush@broker.example")
    assert "hush" not in repr(known)
    assert "shop:***@broker.example" in repr(known)


def test_the_command_sends_a_twin_of_the_shop(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path, sqlite_url)
    keyfile = tmp_path / "keys.toml"
    keyfile.write_text("".join(f'{name} = "{key.decode()}"\n' for name, key in KEYS.items()), encoding="utf-8")
    (tmp_path / "twin.json").write_text(json.dumps(LAYOUT), encoding="utf-8")
    with Serving(settings(sqlite_url, tmp_path), asked()) as serving:
        serving.start()
        words = ["sensors", "send", "--to", serving.url, "--shop", SHOP, "--twin", str(tmp_path / "twin.json")]
        words += ["--devices", str(keyfile), "--outbox", str(tmp_path / "outbox.db"), "--visits", "0", "--lang", "en"]
        assert main(words) == 0
        assert "0 not confirmed" in capsys.readouterr().out
