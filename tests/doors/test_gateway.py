"""The sensor gateway: what it takes, drops and counts, and that it knows it again after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.doors import Gateway
from madang.doors.devices import Device
from madang.doors.gateway import DEVICES_MAX
from madang.kernel import ManualClock
from madang.walkout import messages
from madang.walkout.messages import GateEvent, Message, Plates, Skeletons
from madang.walkout.sensorlog import LogReader, SensorLog

encode = msgspec.msgpack.encode
START_US = ManualClock().now_us()
BATCH_US = 200_000


def plates(seq: int, *, device: str = "g1", boot: int = 0, late_us: int = 0) -> Plates:
    values = np.arange(36, dtype=np.int32).reshape(12, 3) + seq
    width, packed = messages.pack(values)
    at = START_US + seq * BATCH_US - late_us
    return Plates(
        device=device, seq=seq, boot=boot, t_us=at, gondola="1", rows=12, plates=3, values=packed, width=width
    )


class Shop:
    """A gateway on a folder, with a clock; `again` is a restart."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder, self.clock, self.options = folder, ManualClock(), options
        self.ends: list[int] = []
        self.again()

    def again(self) -> None:
        if self.ends:
            self.log.close()
        self.log = SensorLog(self.folder, segment_bytes=2_000)
        self.gateway = Gateway(self.log, clock=self.clock, plates={"1": 3}, logged=self.ends.append, **self.options)

    def send(self, *sent: Message) -> Any:
        self.clock.set(max(self.clock.now_us(), *(m.t_us + BATCH_US for m in sent)))
        return self.gateway.receive([encode(m) for m in sent])

    def device(self, name: str = "g1") -> Device:
        return next(d for d in self.gateway.health() if d.id == name)

    def logged(self) -> list[int]:
        decode = msgspec.msgpack.Decoder(Message).decode
        read = LogReader(self.folder, 0).read(self.log.flush())
        return [decode(placed.record.body).seq for placed in read if placed.record.body]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_messages_are_logged_in_the_order_they_came(shop: Shop) -> None:
    shop.send(plates(0), plates(1))
    shop.send(plates(2))
    assert shop.logged() == [0, 1, 2]
    assert shop.ends[-1] == shop.gateway.end
    assert shop.device().batches == 3


def test_a_repeated_message_is_counted_and_not_logged(shop: Shop) -> None:
    shop.send(plates(0), plates(1))
    taken = shop.send(plates(1), plates(0))
    assert (taken.taken, taken.duplicate, shop.device().duplicate) == (0, 2, 2)
    assert shop.logged() == [0, 1]


def test_a_missing_message_is_counted_until_it_comes_out_of_order(shop: Shop) -> None:
    shop.send(plates(0), plates(3))
    assert shop.device().missing == 2
    shop.send(plates(1))
    assert (shop.device().missing, shop.device().out_of_order) == (1, 1)
    assert shop.logged() == [0, 3, 1]


def test_a_late_message_is_taken_and_counted(shop: Shop) -> None:
    shop.send(plates(0))
    shop.clock.advance(s=3)
    assert shop.send(plates(1)).late == 1
    assert shop.device().late == 1
    assert shop.logged() == [0, 1]


def test_a_device_that_restarts_numbers_anew_under_a_higher_boot(shop: Shop) -> None:
    shop.send(plates(0), plates(1), plates(2))
    assert shop.send(plates(0)).duplicate == 1
    assert shop.send(plates(0, boot=1)).taken == 1
    assert shop.send(plates(3, boot=0)).duplicate == 1
    assert shop.device().missing == 0


@pytest.mark.parametrize(
    ("body", "counted_for"),
    [
        (b"", "?"),
        (b"\xff\xff\xff", "?"),
        (encode({"kind": "plates"}), "?"),
        (encode({"kind": "nonsense", "device": "g1", "seq": 1, "t_us": START_US}), "g1"),
        (encode(msgspec.structs.replace(plates(0), rows=11)), "g1"),
        (encode(msgspec.structs.replace(plates(0), values=b"")), "g1"),
        (encode(msgspec.structs.replace(plates(0), gondola="9")), "g1"),
        (encode(msgspec.structs.replace(plates(0), v=2)), "g1"),
        (encode(msgspec.structs.replace(plates(0), t_us=0)), "g1"),
        (encode({"kind": "plates", "device": "g1", "seq": -1, "t_us": START_US}), "g1"),
        (encode({"kind": "plates", "device": ["g1"]}), "?"),
        (b"\x91" * 5000, "?"),
    ],
)
def test_a_malformed_message_is_counted_and_harms_nothing(shop: Shop, body: bytes, counted_for: str) -> None:
    taken = shop.gateway.receive([encode(plates(0)), body, encode(plates(1))])
    assert (taken.taken, taken.malformed, [i for i, _ in taken.faults]) == (2, 1, [1])
    assert shop.device(counted_for).malformed == 1
    assert shop.logged() == [0, 1]


@given(body=st.binary(max_size=200))
def test_no_bytes_at_all_make_the_gateway_raise(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    shop = Shop(tmp_path_factory.mktemp("log"))
    taken = shop.gateway.receive([body])
    shop.gateway.receive([body], "json")
    assert taken.malformed == 1


def test_json_and_msgpack_messages_log_the_same(shop: Shop) -> None:
    gate = GateEvent(device="gate", seq=0, t_us=START_US, event="entered", credential="c1", group_size=2)
    shop.gateway.receive([msgspec.json.encode(gate), msgspec.json.encode(plates(0))], "json")
    bodies = [placed.record.body for placed in LogReader(shop.folder, 0).read(shop.gateway.end)]
    assert bodies == [encode(gate), encode(plates(0))]


def test_after_a_restart_the_gateway_knows_what_it_had(shop: Shop) -> None:
    shop.send(*(plates(seq) for seq in range(100) if seq not in (3, 50)))
    shop.send(*(plates(seq, device="g2") for seq in range(7)))
    before = {d.id: (d.batches, d.missing, d.next_seq) for d in shop.gateway.health()}
    shop.again()
    assert {d.id: (d.batches, d.missing, d.next_seq) for d in shop.gateway.health()} == before
    seen = shop.gateway.seen("g1")
    assert (seen.next_seq, seen.gaps) == (100, {3, 50})
    assert seen.has(2)
    assert not seen.has(3)
    assert shop.send(plates(99), plates(3), plates(100)).taken == 2


@given(order=st.permutations(range(12)), again=st.lists(st.integers(0, 11), max_size=8), restart=st.integers(0, 12))
def test_any_order_with_any_repeats_logs_each_message_once(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], again: list[int], restart: int
) -> None:
    shop = Shop(tmp_path_factory.mktemp("log"))
    for n, seq in enumerate(order):
        if n == restart:
            shop.again()
        shop.send(plates(seq))
        if n < len(again):
            shop.send(plates(order[min(again[n], n)]))
    assert shop.logged() == order
    assert shop.device().missing == 0


def test_the_time_of_arrival_never_goes_back(shop: Shop) -> None:
    shop.send(plates(10))
    shop.clock.set(START_US)
    shop.gateway.receive([encode(plates(11))])
    arrivals = [placed.record.arrival_us for placed in LogReader(shop.folder, 0).read(shop.gateway.end)]
    assert arrivals == sorted(arrivals)


def test_silence_is_logged_as_ticks(shop: Shop) -> None:
    shop.send(plates(0))
    shop.gateway.tick()
    assert len(list(LogReader(shop.folder, 0).read(shop.gateway.end))) == 1
    shop.clock.advance(s=1)
    shop.gateway.tick()
    *_, last = LogReader(shop.folder, 0).read(shop.gateway.end)
    assert last.record.body == b""
    assert last.record.arrival_us == shop.clock.now_us()


def test_strangers_cannot_crowd_out_a_device_with_a_key(tmp_path: Path) -> None:
    shop = Shop(tmp_path, keys={"g1": b"secret"})
    strangers = [encode(plates(0, device=f"x{k}")) for k in range(DEVICES_MAX + 1)]
    assert shop.gateway.receive(strangers, key=b"guess").refused == len(strangers)
    assert len(shop.gateway.health()) == 1
    assert shop.gateway.receive([encode(plates(0))], key=b"secret").taken == 1


def test_with_keys_only_a_known_device_with_its_key_is_heard(tmp_path: Path) -> None:
    shop = Shop(tmp_path, keys={"g1": b"secret", "g2": b"other"})
    body = encode(plates(0))
    assert shop.gateway.receive([body]).refused == 1
    assert shop.gateway.receive([body], key=b"other").refused == 1
    assert shop.gateway.receive([encode(plates(0, device="g9"))], key=b"secret").refused == 1
    assert shop.logged() == []
    assert shop.gateway.receive([body], key=b"secret").taken == 1
    assert shop.device().refused == 2


def test_a_shop_opens_again_when_devices_have_lost_their_keys(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.send(plates(0, device="old1"), plates(0, device="old2"), plates(0))
    shop.options["keys"] = {"g1": b"secret"}
    shop.again()
    assert [d.id for d in shop.gateway.health()] == ["g1"]  # nobody waits for the others
    shop.options["keys"] |= {"old1": b"back"}
    shop.again()
    taken = shop.gateway.receive([encode(plates(0, device="old1")), encode(plates(1, device="old1"))], key=b"back")
    assert (taken.taken, taken.duplicate) == (1, 1)  # its numbers were not forgotten
    assert shop.logged() == [0, 0, 0, 1]


def test_a_message_for_another_shops_shelves_is_told_what_is_there(shop: Shop) -> None:
    sent = (msgspec.structs.replace(plates(0), plates=4, values=bytes(192), width=4), plates(0))
    wrong = [sent[0], msgspec.structs.replace(sent[1], gondola="7")]
    assert [why for _, why in shop.send(*wrong).faults] == [
        "gondola 1 of this shop has 3 plates, not 4",
        "there is no gondola 7 in this shop",
    ]


def test_strangers_cannot_fill_the_memory(shop: Shop) -> None:
    sent = [Skeletons(device=f"x{n}", seq=0, t_us=START_US, people=()) for n in range(1_100)]
    taken = shop.gateway.receive([encode(m) for m in sent])
    assert (taken.taken, taken.refused) == (1_000, 100)
    assert len(shop.gateway.health()) <= 1_001
    assert shop.device("?").refused == 100
