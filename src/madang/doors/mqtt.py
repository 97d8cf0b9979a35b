"""The sensor gateway over MQTT 3.1.1 and 5.

Two threads and a bounded queue between them. The network thread puts what comes into the queue; the log thread hands
it to the one ``Gateway``, makes the log durable, and only then acknowledges: a message that the broker counts as
delivered is on the disk. When the log is slow the queue fills, the network thread waits, nothing more is read from the
socket, and what comes stays with the broker (MQTT 5 also tells it how many may be under way). Nothing is thrown away
here: what was not acknowledged is sent again after the next connection, and running numbers tell what was logged.

An acknowledgement belongs to the connection its message came on; packet ids may mean something else on the next one.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import Any, NamedTuple

import msgspec
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from madang.doors.brokers import Broker
from madang.doors.gateway import UNKNOWN, Gateway
from madang.doors.topics import TAKEN, Topic, encoding_of, filters, opened, parsed, proves, sealed
from madang.kernel import Clock

WINDOW = 256
"""Messages that may be under way unacknowledged (MQTT 5): some seconds of a shop with 300 plates."""
WAITING_MAX = 1_024
"""Messages that may wait for the log; then nothing more is read from the broker."""
TOGETHER_MAX = 256
"""Messages made durable at once."""
TELL_S = 0.5
"""How often a device is told how far it was taken, at most."""
LOOK_S = 0.2

log = logging.getLogger("madang.doors")


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """How the door to the broker does. ``held`` counts how often the log was slower than the broker, so that
    nothing was read for a while (``held_s`` in all); ``strange`` are messages on topics or by devices that may not."""

    broker: str
    version: str
    connected: bool
    since_us: int
    connections: int
    waiting: int
    taken: int
    duplicate: int
    refused: int
    malformed: int
    strange: int
    held: int
    held_s: float
    holding: bool
    fault: str


class Progress(msgspec.Struct, frozen=True):
    """What a device is told: numbers below ``next_seq`` are on the disk, but those of ``gaps`` (from, up to)."""

    boot: int
    next_seq: int
    gaps: list[tuple[int, int]]


class _Came(NamedTuple):
    """A message and the connection it came on."""

    connection: int
    message: MQTTMessage
    arrival_us: int


class MqttDoor:
    """``shop`` is the shop's code; one gateway for a shop on a broker. ``failure`` is what stopped the log thread."""

    def __init__(
        self,
        gateway: Gateway,
        shop: str,
        broker: Broker,
        *,
        clock: Clock,
        window: int = WINDOW,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._gateway, self._shop, self._broker, self._clock, self._window = gateway, shop, broker, clock, window
        self._waiting: queue.Queue[_Came] = queue.Queue(waiting_max)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._connection = self._connections = 0
        self._since_us, self._connected, self._fault = clock.now_us(), False, ""
        self._counts = dict.fromkeys(("taken", "duplicate", "refused", "malformed", "strange", "held"), 0)
        self._held_s, self._holding = 0.0, False
        self._untold: set[str] = set()
        self._told_s = 0.0
        self.failure: BaseException | None = None
        self._client: Client = broker.client(f"madang-{shop}", manual_ack=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._thread = threading.Thread(target=self._work, name="madang-mqtt-log", daemon=True)

    def start(self) -> None:
        """Connect in the background, now and again whenever the connection is lost."""
        self._thread.start()
        self._broker.connect(self._client, window=self._window)

    def stop(self) -> None:
        """Log and acknowledge what came, leave; the broker keeps what comes now for the next time."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def link(self) -> Link:
        """How the door does."""
        with self._lock:
            return Link(
                broker=self._broker.address,
                version=self._broker.version,
                connected=self._connected,
                since_us=self._since_us,
                connections=self._connections,
                waiting=self._waiting.qsize(),
                held_s=round(self._held_s, 1),
                holding=self._holding,
                fault=self._fault,
                **self._counts,
            )

    # --- the network thread ---------------------------------------------------------------------------------------
    def _on_connect(
        self, client: Client, _data: Any, flags: ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            self._broken(str(code))
            return
        heard = {device.id for device in self._gateway.health() if device.batches}
        with self._lock:
            self._connected, self._since_us, self._fault = True, self._clock.now_us(), ""
            self._connections += 1
            self._untold |= heard
        client.subscribe([(topic, 1) for topic in filters(self._shop)])
        log.info("mqtt.connected", extra={"broker": self._broker.address, "session": flags.session_present})

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self._broken(f"subscription refused: {refused[0]}")

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        with self._lock:
            self._connection += 1  # what came before can no longer be acknowledged
            if self._connected:
                self._connected, self._since_us = False, self._clock.now_us()
        if not self._stopping.is_set():
            self._broken(self._fault or str(code))

    def _broken(self, why: str) -> None:
        if why != self._fault:
            log.warning("mqtt.disconnected", extra={"broker": self._broker.address, "why": why})
        self._fault = why

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        came = _Came(self._connection, message, self._clock.now_us())
        try:
            self._waiting.put_nowait(came)
        except queue.Full:
            self._hold(came)

    def _hold(self, came: _Came) -> None:
        """The log is behind: wait, and so read nothing more. At the end it stays with the broker."""
        began_s = time.monotonic()
        with self._lock:
            self._counts["held"] += 1
            self._holding = True
        while not self._stopping.is_set():
            try:
                self._waiting.put(came, timeout=LOOK_S)
                break
            except queue.Full:
                continue
        with self._lock:
            self._held_s += time.monotonic() - began_s
            self._holding = False

    # --- the log thread -------------------------------------------------------------------------------------------
    def _work(self) -> None:
        try:
            while not (self._stopping.is_set() and self._waiting.empty()):
                self._log(self._handful())
                self._tell()
            self._tell()
        except BaseException as fault:
            self.failure = fault
            self._stopping.set()
            log.exception("mqtt.log_stopped")

    def _handful(self) -> list[_Came]:
        """What waits; nothing after a moment without any."""
        found: list[_Came] = []
        try:
            found.append(self._waiting.get(timeout=LOOK_S))
            while len(found) < TOGETHER_MAX:
                found.append(self._waiting.get_nowait())
        except queue.Empty:
            pass
        return found

    def _log(self, letters: list[_Came]) -> None:
        if not letters:
            return
        for came in letters:
            self._take(came)
        self._gateway.sync(self._gateway.end)
        for came in letters:
            with self._lock:
                if came.connection == self._connection and came.message.qos:
                    self._client.ack(came.message.mid, came.message.qos)

    def _take(self, came: _Came) -> None:
        topic = _topic(came.message)
        if topic is None or topic.shop != self._shop:
            self._strange(UNKNOWN, "topic")
            return
        letter = opened(bytes(came.message.payload))
        if self._gateway.guarded and not proves(topic, letter, self._gateway.key_of(topic.device)):
            self._strange(topic.device, "seal")
            return
        encoding = encoding_of(letter.body)
        taken = self._gateway.receive(
            [letter.body], encoding, speaker=topic.device, arrivals_us=[came.arrival_us], kind=topic.kind
        )
        with self._lock:
            for name in ("taken", "duplicate", "refused", "malformed"):
                self._counts[name] += getattr(taken, name)
            if taken.taken or taken.duplicate:
                self._untold.add(topic.device)

    def _strange(self, device: str, why: str) -> None:
        self._gateway.refuse(device)
        with self._lock:
            first = not self._counts["strange"]
            self._counts["strange"] += 1
        if first:  # counted from here on, and told by the alarms; a line for each would fill the disk
            log.warning("mqtt.refused", extra={"device": device, "why": why})

    def _tell(self) -> None:
        """Tell devices how far they were taken, so that they may forget it."""
        now_s = time.monotonic()
        if not self._untold or not self._connected or (now_s - self._told_s < TELL_S and not self._stopping.is_set()):
            return
        self._told_s = now_s
        with self._lock:
            devices, self._untold = self._untold, set()
        for device in sorted(devices):
            topic = Topic(self._shop, device, TAKEN)
            body = msgspec.json.encode(progress_of(self._gateway, device))
            self._client.publish(str(topic), sealed(topic, body, self._gateway.key_of(device)), retain=True)


def progress_of(gateway: Gateway, device: str) -> Progress:
    """How far a device was taken, its gaps as ranges."""
    seen = gateway.seen(device)
    gaps: list[tuple[int, int]] = []
    for seq in sorted(seen.gaps):
        if gaps and gaps[-1][1] == seq:
            gaps[-1] = (gaps[-1][0], seq + 1)
        else:
            gaps.append((seq, seq + 1))
    return Progress(seen.boot, seen.next_seq, gaps)


def _topic(message: MQTTMessage) -> Topic | None:
    try:
        return parsed(message.topic)
    except UnicodeDecodeError:
        return None
