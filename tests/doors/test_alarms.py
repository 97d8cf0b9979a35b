"""Alarms of sensors: they begin once, end once, and a healthy shop has none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.serve.serve_shop import LAYOUT

from madang import journal, twin
from madang.db import Database, Tx
from madang.demo.wire import Mark, Wire
from madang.doors import Gateway, service
from madang.doors.alarms import LINK, Alarm, Watch
from madang.kernel import ManualClock, system
from madang.kernel.clock import MINUTE_US, SECOND_US
from madang.walkout.messages import GateEvent, Plates, pack
from madang.walkout.sensorlog import SensorLog

encode = msgspec.msgpack.encode
BATCH_US = 200_000
LIMIT_US = 250_000
BY = system("n1", "serve/s1")


class Shop:
    """A gateway that is watched each second; one gondola sends a batch each 0.2 s, as ``say`` makes it."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.gateway = Gateway(SensorLog(folder), clock=self.clock, keys={"g1": b"right", "gate": b"gate"})
        self.watch = Watch(clock_limit_us=LIMIT_US)
        self.seq = 0
        self.told: list[tuple[str, str, bool]] = []

    def batch(self, *, offset_us: int = 0, late_us: int = 0) -> bytes:
        now_us = self.clock.now_us()
        width, values = pack_of_twelve()
        said = Plates(
            device="g1", seq=self.seq, t_us=now_us - BATCH_US - 50_000 + offset_us - late_us, gondola="1", rows=12,
            plates=2, values=values, width=width,
        )  # fmt: skip
        self.seq += 1
        return encode(said)

    def run(self, seconds: float, say: Callable[[int], list[bytes] | None] = lambda _: None) -> None:
        """Let time go on; ``say`` gives what is sent at each fifth of a second, None: a batch as it should be."""
        for tick in range(round(seconds * 5)):
            self.clock.advance(us=BATCH_US)
            bodies = say(tick)
            self.gateway.receive([self.batch()] if bodies is None else bodies, key=b"right")
            if tick % 5 == 0:
                self.look()

    def look(self) -> None:
        alarms = self.watch.look(self.gateway.health(), self.clock.now_us())
        self.told += [(alarm.device, alarm.kind, alarm.on) for alarm in alarms]


def pack_of_twelve() -> tuple[Any, bytes]:
    import numpy as np

    return pack(np.zeros((12, 2), np.int32))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.run(90)
    assert made.told == []
    return made


def begun_and_ended(shop: Shop, kind: str, device: str = "g1") -> bool:
    return shop.told == [(device, kind, True), (device, kind, False)]


def test_a_device_that_falls_silent_and_comes_back(shop: Shop) -> None:
    shop.run(60, lambda _: [])
    assert shop.told == [("g1", "silent", True)]
    shop.run(90)
    # the numbers went on, so nothing is missing; what came back is told once
    assert begun_and_ended(shop, "silent")


def test_a_device_that_speaks_now_and_then_is_not_called_back_each_time(shop: Shop) -> None:
    shop.run(300, lambda tick: None if tick % 60 == 0 else [])
    assert shop.told == [("g1", "silent", True)]


def test_after_a_stop_of_the_shop_devices_have_time_to_speak(shop: Shop) -> None:
    shop.clock.advance(s=3_600)
    shop.watch = Watch(clock_limit_us=LIMIT_US)
    shop.look()
    shop.clock.advance(s=3)
    shop.look()
    assert shop.told == []


def test_many_late_messages_are_one_alarm(shop: Shop) -> None:
    shop.run(120, lambda tick: [shop.batch(late_us=(tick % 7) * 200_000)])
    assert shop.told == [("g1", "late", True)]
    shop.run(120)
    assert begun_and_ended(shop, "late")


def test_many_repeated_messages_are_one_alarm(shop: Shop) -> None:
    shop.run(120, lambda _: [shop.batch()] * 2)
    assert shop.told == [("g1", "duplicate", True)]
    shop.run(120)
    assert begun_and_ended(shop, "duplicate")


def test_messages_that_cannot_be_read_are_told_of_the_device_that_sent_them(shop: Shop) -> None:
    bad = {"kind": "plates", "device": "g1", "seq": -1}
    shop.run(30, lambda _: [shop.batch(), encode(bad)])
    assert shop.told == [("g1", "malformed", True)]
    shop.run(90)
    assert begun_and_ended(shop, "malformed")


def test_a_single_bad_message_is_no_alarm(shop: Shop) -> None:
    shop.run(120, lambda tick: [shop.batch(), b"\xff"] if tick % 299 == 0 else None)
    assert shop.told == []


def test_somebody_who_tries_keys_is_told(shop: Shop) -> None:
    shop.run(1)
    for _ in range(60):
        entered = GateEvent(device="gate", seq=0, t_us=shop.clock.now_us(), event="entered")
        shop.gateway.receive([encode(entered)], key=b"guess")
        shop.run(1)
    assert shop.told == [("gate", "refused", True)]
    shop.run(120)
    assert begun_and_ended(shop, "refused", "gate")


def test_numbers_that_never_come_are_a_gap_and_those_that_overtake_are_not(shop: Shop) -> None:
    held: list[bytes] = []

    def swapped(tick: int) -> list[bytes]:
        if tick % 2 == 0:
            held.append(shop.batch())
            return []
        return [shop.batch(), held.pop()]

    shop.run(60, swapped)
    assert shop.told == []

    def lost(tick: int) -> list[bytes] | None:
        shop.seq += tick % 50 == 0
        return None

    shop.run(60, lost)
    shop.run(120)
    assert begun_and_ended(shop, "gap")


def test_a_clock_that_is_off_is_told_with_hysteresis(shop: Shop) -> None:
    shop.run(60, lambda _: [shop.batch(offset_us=600_000)])
    assert shop.told == [("g1", "stepped", True), ("g1", "clock", True)]
    known = shop.gateway.device("g1").clock.estimate()
    assert known is not None
    assert abs(known.corrected_us - 600_000) < 30_000
    shop.run(90)
    assert shop.told[2:] == [("g1", "stepped", True), ("g1", "clock", False)]
    assert shop.gateway.device("g1").clock.corrected_us == 0


def test_the_link_to_the_broker_has_its_alarms() -> None:
    watch, now_us = Watch(clock_limit_us=LIMIT_US), ManualClock().now_us()
    told: list[Alarm] = []
    for second in range(60):
        connected = not 10 <= second < 40
        since_us = now_us + (10 if 10 <= second < 40 else 0) * SECOND_US
        told += watch.link(connected, 45 <= second < 55, since_us, now_us + second * SECOND_US)
    assert [(alarm.device, alarm.kind, alarm.on) for alarm in told] == [
        (LINK, "disconnected", True),
        (LINK, "disconnected", False),
        (LINK, "overload", True),
        (LINK, "overload", False),
    ]


def test_a_healthy_shop_has_no_alarm_and_no_clock_is_touched(tmp_path: Path) -> None:
    clock = ManualClock()
    gateway = Gateway(SensorLog(tmp_path), clock=clock)
    watch, told = Watch(clock_limit_us=LIMIT_US), list[Alarm]()
    lines = (twin.Line(str(LAYOUT["products"][0]["id"])),)
    visits = tuple(twin.Visit(clock.now_us() + n * 40 * SECOND_US, f"c{n}", lines) for n in range(1, 7))
    plan = twin.Plan(clock.now_us(), visits)
    wire, looked_us, end_us = Wire(dict[str, Mark]()), 0, clock.now_us() + 6 * MINUTE_US
    for message in twin.Shop(LAYOUT, 3, twin.preset("normal")).stream(plan):
        due = wire.convert(message)
        if due is None or due[0] > end_us:
            continue
        clock.set(max(clock.now_us(), due[0]))
        gateway.receive([encode(due[1])])
        if clock.now_us() - looked_us >= SECOND_US:
            looked_us = clock.now_us()
            told += watch.look(gateway.health(), looked_us)
    # one batch in a thousand is lost for good in this twin, which is a gap and nothing else
    assert [alarm for alarm in told if alarm.kind != "gap"] == []
    assert len(gateway.health()) >= 4
    assert {device.clock.corrected_us for device in gateway.health()} == {0}
    known = [device.clock.estimate() for device in gateway.health()]
    assert all(one is None or abs(one.offset_us) <= 50_000 + one.uncertainty_us for one in known)


def test_alarms_are_facts_once_also_over_a_restart(db: Database) -> None:
    def keep(*told: Alarm) -> int:
        return db.write(lambda tx: service.keep_alarms(tx, BY, "s1", told), neighbourhood="n1")

    began, ended = Alarm("g1", "silent", True, 1_000, 6.0), Alarm("g1", "silent", False, 9_000, 0.0)
    step = Alarm("g1", "stepped", True, 500, -700_000.0)
    assert keep(began, step) == 2
    assert keep(began) == 0, "a watch that starts again may see it anew"
    on = db.read(lambda tx: service.alarms(tx, BY, "s1"), neighbourhood="n1")
    assert on == [("g1", "silent", 1_000)]
    assert Watch(clock_limit_us=1, on=on).on("g1") == ("silent",)
    assert keep(ended) == 1
    assert keep(ended) == 0

    def read(tx: Tx) -> list[tuple[str, Any]]:
        return [(fact.kind, fact.body) for fact in journal.read(tx, BY, shop="s1")]

    facts = db.read(read, neighbourhood="n1")
    assert [kind for kind, _ in facts] == ["sensors.alarm_began", "sensors.clock_stepped", "sensors.alarm_ended"]
    assert (facts[1][1].by_us, facts[2][1].lasted_us) == (-700_000, 8_000)
