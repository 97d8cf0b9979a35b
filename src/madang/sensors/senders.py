"""Senders over HTTP and MQTT: each keeps a message in its outbox until the shop has it in its log.

Over MQTT a broker's acknowledgement only says that the broker has it, and a broker can die. The gateway's own word, on
the device's ``taken`` topic, is what counts: what lies before it is forgotten, gaps in it are sent again at once, and
whatever nothing was heard of for long is sent again, ever more seldom. What is sent twice is logged once.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from madang.doors.brokers import Broker
from madang.doors.mqtt import Progress
from madang.doors.topics import ROOT, TAKEN, Letter, Topic, opened, proves, sealed
from madang.kernel import Unavailable
from madang.sensors.outbox import Key, Outbox, Said
from madang.walkout.messages import Message

WINDOW = 100
"""Messages on their way to the broker at once."""
LOOK_S = 1.0
AGAIN_S, AGAIN_S_MAX = 15.0, 600.0
"""What nothing was heard of is sent again after this long, then after twice as long …"""
GAP_S = 1.0
"""A gap is filled again after twice this, then four times …: what fills it may still be on its way."""
TIMES_MAX = 8
"""What the shop lacks after so many times it will never take (it cannot read it)."""
BATCH_MAX = 500
TIMEOUT_S = 10

log = logging.getLogger("madang.sensors")
_straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Sender(Protocol):
    """``send`` stores and sends, ``settle`` waits until the shop has it all, ``close`` leaves the rest for the next."""

    def send(self, messages: Sequence[Message]) -> None: ...
    def settle(self, timeout_s: float) -> bool: ...
    def close(self) -> None: ...


class HttpSender:
    """Batches to ``url`` (…/v1/sensors/batches is added), one device at a time where devices have keys."""

    def __init__(self, outbox: Outbox, url: str, *, keys: Mapping[str, bytes] | None = None) -> None:
        self._outbox, self._url, self._keys = outbox, url.rstrip("/") + "/v1/sensors/batches", keys

    def send(self, messages: Sequence[Message]) -> None:
        self._outbox.put(messages)
        self._post_all()

    def settle(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while len(self._outbox) and time.monotonic() < deadline:
            if not self._post_all():
                time.sleep(0.2)
        return not len(self._outbox)

    def close(self) -> None:
        self._outbox.close()

    def _post_all(self) -> bool:
        """Post what is kept; False when the shop could not be reached (it stays kept)."""
        for batch in self._batches(self._outbox.kept()):
            try:
                self._post(batch)
            except (OSError, http.client.HTTPException) as fault:
                if isinstance(fault, urllib.error.HTTPError) and fault.code < 500 and fault.code != 429:
                    raise _refused(f"HTTP {fault.code}") from fault
                log.warning("sensors.unreachable", extra={"url": self._url, "why": str(fault)})
                return False
        return True

    def _batches(self, kept: list[Said]) -> Iterable[list[Said]]:
        groups: dict[str, list[Said]] = {}
        for said in kept:
            groups.setdefault(said.device if self._keys is not None else "", []).append(said)
        for rows in groups.values():
            for start in range(0, len(rows), BATCH_MAX):
                yield rows[start : start + BATCH_MAX]

    def _post(self, batch: list[Said]) -> None:
        headers = {"Content-Type": "application/msgpack"}
        key = None if self._keys is None else self._keys.get(batch[0].device)
        if key is not None:
            headers["Authorization"] = f"Bearer {key.decode()}"
        body = msgspec.msgpack.encode([msgspec.Raw(said.body) for said in batch])
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310
        with _straight.open(request, timeout=TIMEOUT_S) as answer:
            outcome: dict[str, Any] = msgspec.json.decode(answer.read())
        if outcome["refused"]:
            raise _refused(str(outcome["faults"][0]["fault"]))
        for fault in outcome["faults"]:
            log.error("sensors.not_taken", extra={"device": batch[fault["index"]].device, "why": fault["fault"]})
        self._outbox.drop(said.key for said in batch)


class _Way(NamedTuple):
    """When a message was sent last, when it is due again if nothing is heard, and how often it was sent."""

    sent_s: float
    pause_s: float
    times: int


class MqttSender:
    """Publishes at QoS 1 on each device's own topics. ``identifier`` names this sender to the broker."""

    def __init__(
        self,
        outbox: Outbox,
        shop: str,
        broker: Broker,
        *,
        identifier: str,
        keys: Mapping[str, bytes] | None = None,
        again_s: float = AGAIN_S,
    ) -> None:
        self._outbox, self._shop, self._keys, self._again_s = outbox, shop, keys or {}, again_s
        self._lock = threading.Condition()
        self._fresh: list[Said] = []
        self._ways: dict[Key, _Way] = {}
        self._room = threading.Semaphore(WINDOW)
        self._followed: set[str] = set()
        self._closing = False
        self._client: Client = broker.client(identifier)
        self._client.max_inflight_messages_set(WINDOW)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        broker.connect(self._client, window=WINDOW)
        self._thread = threading.Thread(target=self._work, name="sensors-send", daemon=True)
        self._thread.start()

    def send(self, messages: Sequence[Message]) -> None:
        """Returns once they are stored; they are sent as the broker takes them."""
        rows = self._outbox.put(messages)
        with self._lock:
            self._fresh += rows
            self._lock.notify_all()

    def settle(self, timeout_s: float) -> bool:
        with self._lock:
            return self._lock.wait_for(lambda: not len(self._outbox), timeout_s)

    def close(self) -> None:
        with self._lock:
            self._closing = True
            self._lock.notify_all()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()
        self._outbox.close()

    # --- going out ------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        """Send what is new at once; each second look for what was kept, lost, or never heard of."""
        looked_s = 0.0
        while not self._closing:
            with self._lock:
                self._lock.wait_for(lambda: self._fresh or self._closing, LOOK_S)
                rows, self._fresh = self._fresh, []
            if not self._client.is_connected():
                continue  # they are kept; the next look finds them
            if time.monotonic() - looked_s >= LOOK_S:
                looked_s, rows = time.monotonic(), self._outbox.kept()
            for said in rows:
                self._publish(said)

    def _publish(self, said: Said) -> None:
        topic = Topic(self._shop, said.device, said.kind)
        self._follow(said.device)
        with self._lock:
            way, now_s = self._ways.get(said.key, _Way(0.0, 0.0, 0)), time.monotonic()
            if way.times and now_s - way.sent_s < way.pause_s:
                return
            self._ways[said.key] = _Way(now_s, min(AGAIN_S_MAX, self._again_s * 2**way.times), way.times + 1)
        while not self._room.acquire(timeout=LOOK_S):
            if self._closing:
                return
        self._client.publish(str(topic), sealed(topic, said.body, self._keys.get(said.device)), qos=1)

    def _on_publish(self, _client: Client, _data: Any, _mid: int, _code: ReasonCode, _more: Properties | None) -> None:
        self._room.release()

    # --- what the shop says ---------------------------------------------------------------------------------------
    def _follow(self, device: str) -> None:
        if device not in self._followed:
            self._followed.add(device)
            self._client.subscribe(str(Topic(self._shop, device, TAKEN)), 1)

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            log.warning("sensors.refused_by_broker", extra={"why": str(code)})
            return
        for device in sorted(self._followed):
            client.subscribe(str(Topic(self._shop, device, TAKEN)), 1)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        root, _, rest = message.topic.partition("/")
        shop, _, rest = rest.partition("/")
        device, _, what = rest.partition("/")
        if (root, shop, what) != (ROOT, self._shop, TAKEN):
            return
        letter = opened(bytes(message.payload))
        if not self._believed(Topic(shop, device, TAKEN), letter):
            return
        try:
            progress = msgspec.json.decode(letter.body, type=Progress)
        except msgspec.MsgspecError:
            return
        self._heard(device, progress)

    def _believed(self, topic: Topic, letter: Letter) -> bool:
        key = self._keys.get(topic.device)
        return key is None or proves(topic, letter, key)

    def _heard(self, device: str, progress: Progress) -> None:
        """Forget what is in the log; what is missing there falls due soon, and is given up after many times."""
        lacking = set(self._outbox.forget(device, progress))
        with self._lock:
            for key, way in [one for one in self._ways.items() if one[0][0] == device]:
                if key in lacking:
                    self._ways[key] = way._replace(pause_s=min(way.pause_s, GAP_S * 2**way.times))
                elif key[1:] < (progress.boot, progress.next_seq):
                    del self._ways[key]
            hopeless = [key for key in lacking if key in self._ways and self._ways[key].times > TIMES_MAX]
            for key in hopeless:
                del self._ways[key]
                log.error(
                    "sensors.not_taken", extra={"device": device, "seq": key[2], "why": f"sent {TIMES_MAX} times"}
                )
        self._outbox.drop(hopeless)
        with self._lock:
            self._lock.notify_all()


def _refused(why: str) -> Unavailable:
    return Unavailable(
        "sensors.refused",
        ko=f"가게가 센서의 메시지를 받지 않습니다: {why}.",
        en=f"The shop does not take the sensor's messages: {why}.",
        next_ko="센서 이름과 열쇠가 --devices 파일과 같은지 보세요.",
        next_en="See that the sensor's name and key are those of the file given with --devices.",
    )
