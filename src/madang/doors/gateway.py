"""The sensor gateway: the one way in for every sensor, real or simulated.

It reads each message, refuses what cannot be read, drops what it has already, counts what is late, repeated, out of
order, missing or malformed per device, and writes the rest to the raw sensor log in the order it came. The log
position is then told to whoever follows it (the engine process). A bad message never raises and never stops others.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec

from madang.doors.devices import Device
from madang.doors.waiting import Waiting
from madang.kernel import Clock
from madang.walkout import messages
from madang.walkout.messages import Message, Plates
from madang.walkout.sensorlog import Doomed, Record, SensorLog

Encoding = Literal["msgpack", "json"]
UNKNOWN = "?"
"""Whose messages are counted here: those that do not even say which device they are from."""
SILENT_US = 5_000_000
CLOCK_OFF_US = 3_600_000_000
DEVICES_MAX = 1_000
MESSAGE_BYTES_MAX = 4 << 20
TICK_US = 200_000


class Proof(NamedTuple):
    """What a message comes with: its device's key, or the device (and kind of message) a door has made sure of."""

    key: bytes | None
    speaker: str | None
    kind: str | None


class _Who(msgspec.Struct):
    """As much of a message as is needed to count it."""

    device: str = UNKNOWN
    seq: int = -1
    boot: int = 0


_decode: dict[str, Callable[[bytes], Message]] = {
    "msgpack": msgspec.msgpack.Decoder(Message).decode,
    "json": msgspec.json.Decoder(Message).decode,
}
_who: dict[str, Callable[[bytes], _Who]] = {
    "msgpack": msgspec.msgpack.Decoder(_Who).decode,
    "json": msgspec.json.Decoder(_Who).decode,
}
_encode = msgspec.msgpack.Encoder().encode
_state = msgspec.msgpack.Decoder(list[Device])


@dataclass(slots=True)
class Taken:
    """What became of a handful of messages; ``faults`` says (index, why) for the malformed and refused ones."""

    taken: int = 0
    late: int = 0
    duplicate: int = 0
    out_of_order: int = 0
    malformed: int = 0
    refused: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a device's numbers were taken: all below ``next_seq`` but ``gaps``. A sender resumes from here."""

    boot: int
    next_seq: int
    gaps: frozenset[int]

    def has(self, seq: int) -> bool:
        return seq < self.next_seq and seq not in self.gaps


class Gateway:
    """``plates`` are the plates per gondola of the shop, to refuse batches of another size. ``keys`` are the devices'
    keys; None lets every device in (a shop on one machine). ``logged(end)`` is called after each handful."""

    def __init__(
        self,
        log: SensorLog,
        *,
        clock: Clock,
        plates: Mapping[str, int] | None = None,
        keys: Mapping[str, bytes] | None = None,
        logged: Callable[[int], None] = lambda _end: None,
    ) -> None:
        self._log, self._clock, self._plates, self._keys, self._logged = log, clock, plates, keys, logged
        self.waiting = Waiting()
        self._lock = threading.RLock()
        self._devices: dict[str, Device] = {}
        self._arrival_us = 0
        self._recover()

    def _recover(self) -> None:
        """Know again what the log says was taken, by the names it says: a key may have been taken away since."""
        if self._log.state:
            self._devices = {device.id: device for device in _state.decode(self._log.state)}
        for record in self._log.tail():
            self._arrival_us = record.arrival_us
            if record.body:
                message = _decode["msgpack"](record.body)
                name = message.device
                self._devices.setdefault(name, Device(name)).take(message, record.arrival_us)
        if self._arrival_us:  # say that we were shut: what comes now of that time is not late
            self._log.append(Record(self._arrival_us), _encode(list(self._devices.values())))
            self._log.flush()

    # --- taking -------------------------------------------------------------------------------------------------
    def receive(
        self,
        bodies: Iterable[bytes],
        encoding: Encoding = "msgpack",
        *,
        key: bytes | None = None,
        speaker: str | None = None,
        kind: str | None = None,
        arrivals_us: Sequence[int] | None = None,
    ) -> Taken:
        """Take a handful of messages, each encoded apart; never raises for what is in them.

        ``key`` is what the sender gave as its device's key; ``speaker`` says instead that a door has made sure of the
        device itself, and messages of any other are refused; of another ``kind`` they are malformed. ``arrivals_us``
        says when each came, where a carrier between device and hub knows better than our clock.
        """
        taken = Taken()
        with self._lock:
            for index, body in enumerate(bodies):
                came_us = self._clock.now_us() if arrivals_us is None else arrivals_us[index]
                self._one(index, body, encoding, Proof(key, speaker, kind), max(self._arrival_us, came_us), taken)
            end = self._log.flush()
        self._logged(end)
        return taken

    def _one(self, index: int, body: bytes, encoding: Encoding, proof: Proof, arrival_us: int, taken: Taken) -> None:
        try:
            if len(body) > MESSAGE_BYTES_MAX:
                raise ValueError(f"longer than {MESSAGE_BYTES_MAX} bytes")
            message = _decode[encoding](body)
            if proof.kind not in (None, _kind(message)):
                raise ValueError(f"it is of kind {_kind(message)}, not {proof.kind} as where it was sent")
            self._plausible(message, arrival_us)
        except (msgspec.MsgspecError, ValueError, UnicodeError, RecursionError) as fault:
            self._malformed(index, _claimed(body, encoding), proof, str(fault), taken)
            return
        if not self._allowed(message.device, proof):
            self._refused(index, message.device, taken)
            return
        self._take(message, body if encoding == "msgpack" else _encode(message), arrival_us, taken)

    def _malformed(self, index: int, claimed: str, proof: Proof, why: str, taken: Taken) -> None:
        """Counted for the device that said it: nobody can give another's sensor a bad name."""
        name = proof.speaker or claimed
        if name != UNKNOWN and not self._allowed(name, proof):
            self._refused(index, name, taken)
            return
        self._device(name).malformed += 1
        taken.malformed += 1
        taken.faults.append((index, why))

    def _refused(self, index: int, name: str, taken: Taken) -> None:
        self._device(name).refused += 1
        taken.refused += 1
        taken.faults.append((index, "this device is not known here, or its key is wrong"))

    def refuse(self, device: str) -> None:
        """Count a message that a door has refused itself: its proof was wrong, or it spoke in another's place."""
        with self._lock:
            self._device(device).refused += 1

    def key_of(self, device: str) -> bytes | None:
        """The key of a device, for doors that check a signature; None where it has none."""
        return None if self._keys is None else self._keys.get(device)

    @property
    def guarded(self) -> bool:
        """True where every device needs a key."""
        return self._keys is not None

    def _take(self, message: Message, body: bytes, arrival_us: int, taken: Taken) -> None:
        device = self._device(message.device)
        if device.has(message.seq, message.boot):
            device.duplicate += 1
            taken.duplicate += 1
            return
        state = _encode(list(self._devices.values())) if self._log.full() else None
        self._log.append(Record(arrival_us, body), state)
        before = device.out_of_order
        late = device.take(message, arrival_us)
        self._arrival_us = arrival_us
        taken.taken += 1
        taken.late += late
        taken.out_of_order += device.out_of_order - before

    def _plausible(self, message: Message, arrival_us: int) -> None:
        if message.v != messages.VERSION:
            raise ValueError(f"version {message.v} is not known here (this gateway reads {messages.VERSION})")
        if abs(message.t_us - arrival_us) > CLOCK_OFF_US:
            raise ValueError("its time is more than an hour from the hub's: set the device's clock")
        if isinstance(message, Plates):
            if len(message.values) != messages.size_of(message):
                raise ValueError(f"values has {len(message.values)} bytes, not {messages.size_of(message)}")
            if self._plates is not None and (there := self._plates.get(message.gondola)) != message.plates:
                known = f"gondola {message.gondola} of this shop has {there} plates, not {message.plates}"
                raise ValueError(known if there else f"there is no gondola {message.gondola} in this shop")

    def _allowed(self, device: str, proof: Proof) -> bool:
        if device not in self._devices and len(self._devices) >= DEVICES_MAX:
            return False
        if proof.speaker is not None and device != proof.speaker:
            return False
        if self._keys is None:
            return True
        if proof.speaker is not None:
            return device in self._keys
        known, key = self._keys.get(device), proof.key
        return known is not None and key is not None and hmac.compare_digest(known, key)

    def _device(self, name: str) -> Device:
        """The record of a device; names nobody gave a key to, and those past the limit, are counted together."""
        if self._stranger(name) or (name not in self._devices and len(self._devices) >= DEVICES_MAX):
            name = UNKNOWN
        return self._devices.setdefault(name, Device(name))

    def _stranger(self, name: str) -> bool:
        return self._keys is not None and name not in self._keys

    def tick(self) -> None:
        """Let time go on where nothing comes in: call it a few times a second."""
        with self._lock:
            now_us = self._clock.now_us()
            if now_us - self._arrival_us < TICK_US:
                return
            state = _encode(list(self._devices.values())) if self._log.full() else None
            self._log.append(Record(now_us), state)
            self._arrival_us = now_us
            end = self._log.flush()
        self._logged(end)

    # --- telling ------------------------------------------------------------------------------------------------
    def seen(self, device: str) -> Seen:
        """How far a device got; a sender that starts again goes on from there."""
        with self._lock:
            known = self._devices.get(device, Device(device))
            return Seen(known.boot, known.next_seq, frozenset(known.gaps))

    def health(self) -> list[Device]:
        """A copy of every device's record, by id; not of those whose key was taken away: nobody waits for them."""
        with self._lock:
            known = [d for name, d in sorted(self._devices.items()) if not self._stranger(name) or name == UNKNOWN]
            return [msgspec.structs.replace(device, gaps=set()) for device in known]

    def sync(self, upto: int | None = None) -> None:
        """Make the log durable up to a position: before anything that depends on it is written. Messages are taken
        meanwhile: a disk may need its time."""
        with self._lock:
            begun = self._log.begin_sync(upto)
        if begun is None:
            return
        handle, end = begun
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        with self._lock:
            self._log.synced(end)

    @property
    def arrival_us(self) -> int:
        """When the last message taken (or tick) came."""
        return self._arrival_us

    def device(self, name: str) -> Device:
        """A copy of one device's record."""
        with self._lock:
            known = self._devices.get(name, Device(name))
            return msgspec.structs.replace(known, gaps=set(known.gaps))

    def destroy_before(self, position: int, before_us: int, tell: Callable[[Doomed], object]) -> Doomed | None:
        """Destroy whole log segments that nobody needs and that are old enough, and then ``tell`` it.

        What a crash interrupts is taken up by the next call, so ``tell`` hears of every destruction, perhaps twice, and
        never of one that did not happen.
        """
        with self._lock:
            doomed = self._log.doom(position, before_us, now_us=self._clock.now_us())
            if doomed is None:
                return None
            self._log.destroy(doomed)
        tell(doomed)
        with self._lock:
            self._log.told()
        return doomed

    @property
    def end(self) -> int:
        """The position behind the last message taken."""
        return self._log.end


def _kind(message: Message) -> str:
    return str(type(message).__struct_config__.tag)


def _claimed(body: bytes, encoding: Encoding) -> str:
    """Whose message this says it is, if that much of it can be read."""
    try:
        return _who[encoding](body).device[:64] or UNKNOWN
    except (msgspec.MsgspecError, ValueError, UnicodeError, RecursionError):
        return UNKNOWN
