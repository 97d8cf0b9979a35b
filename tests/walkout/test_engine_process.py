"""The engine in its own process: a function of the log alone, whoever dies when, with or without snapshots."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from madang import twin
from madang.demo.wire import Wire
from madang.kernel import ManualClock
from madang.twin.layout import SHAPES, build
from madang.walkout import snapshots
from madang.walkout.belief import Belief
from madang.walkout.engine import belief as engine_belief
from madang.walkout.engine_process import Died, EngineProcess
from madang.walkout.model import Begin, Frame, Glimpse, Lasting, Run, Trouble, Unreadable
from madang.walkout.sensorlog import LogReader, Record, SensorLog, segments
from madang.walkout.shop import SENSORLOG, SNAPSHOTS, open_log

EPOCH_US = ManualClock().now_us()
belief_module: Any = engine_belief


@pytest.fixture(scope="module")
def layout() -> dict[str, Any]:
    return build("corner", SHAPES["corner"], seed=3)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, layout: dict[str, Any]) -> Path:
    """A sensor log of four visits."""
    folder = tmp_path_factory.mktemp("recorded")
    products = [p["id"] for p in layout["products"]]
    visits = tuple(
        twin.Visit(EPOCH_US + n * 20_000_000, f"c{n}", (twin.Line(products[3 * n]), twin.Line(products[5 * n + 1], 2)))
        for n in range(4)
    )
    wire = Wire({})
    log = SensorLog(folder)
    for message in twin.Shop(layout, 3).stream(twin.Plan(EPOCH_US, visits)):
        converted = wire.convert(message)
        assert converted is not None
        log.append(Record(converted[0], msgspec.msgpack.encode(converted[1])))
    for second in range(1, 30):
        log.append(Record(converted[0] + second * 1_000_000))
    log.close()
    return folder


@pytest.fixture(scope="module")
def run(layout: dict[str, Any]) -> Run:
    store = msgspec.json.encode(layout)
    return Run(1, store, snapshots.fingerprint(store), 0)


def told(belief: Belief, folder: Path, upto: int | None = None) -> list[Lasting]:
    """What lasts of what a belief says up to a log position."""
    end = SensorLog(folder).end if upto is None else upto
    frames = [frame for placed in LogReader(folder, belief.position).read(end) for frame in belief.feed(placed)]
    return [update for frame in frames for update in frame.lasting]


class Following:
    """An engine process on a log, and all that it said."""

    def __init__(self, recorded: Path, tmp_path: Path, run: Run, **options: Any) -> None:
        self.log, self.snapshots, self.options = recorded, tmp_path / "snapshots", options
        self.engine, self.said, self.seq = EngineProcess(), list[Lasting](), run.seq
        self.end = SensorLog(recorded).end
        self.start(run)

    def start(self, run: Run) -> None:
        self.engine.start(Begin(run, str(self.log), str(self.snapshots), self.end, **self.options))

    def take(self, until: Callable[[], bool]) -> None:
        """Take what it says until something is so."""
        deadline = time.monotonic() + 60
        while not until():
            assert time.monotonic() < deadline
            one = self.engine.waiting.get()
            assert isinstance(one, Frame), one
            assert one.seq <= self.seq + 1
            new = one.lasting[self.seq + 1 - one.seq :]
            self.said += new
            self.seq += len(new)
            self.engine.applied = self.seq
            self.engine.pump()

    def drain(self) -> None:
        """Read to the end of the log, and take the rest."""
        while not (self.engine.wait_for(self.end, timeout_s=0.05) and self.engine.waiting.empty()):
            if not self.engine.waiting.empty():
                self.take(lambda: self.engine.waiting.empty())


@pytest.fixture(scope="module")
def expected(recorded: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> list[Lasting]:
    """What a process says that nobody disturbs."""
    following = Following(recorded, tmp_path_factory.mktemp("undisturbed"), run)
    following.engine.go(following.end)
    following.drain()
    following.engine.close()
    assert {type(update).__name__ for update in following.said} >= {"Entered", "Left", "Moved", "Receipt"}
    return following.said


def gist(said: list[Lasting]) -> list[Any]:
    """All but the probabilities: their last digits hang on the order of sums, which another hash seed changes."""
    numbers = {"probability": 0.0, "confidence": 0.0, "lines": (), "alternatives": (), "noted": ()}
    return [
        msgspec.structs.replace(one, **{k: v for k, v in numbers.items() if k in one.__struct_fields__}) for one in said
    ]


def test_a_process_says_what_the_log_makes_it_say(recorded: Path, run: Run, expected: list[Lasting]) -> None:
    assert gist(told(Belief(run.store, 0), recorded)) == gist(expected)


def test_an_engine_that_rests_is_forgotten_and_the_next_run_says_it_all(
    recorded: Path, tmp_path: Path, run: Run, expected: list[Lasting]
) -> None:
    following = Following(recorded, tmp_path, run)
    following.engine.go(following.end)
    assert following.engine.wait_for(following.end // 2, timeout_s=60)
    following.engine.rest()
    assert following.engine.waiting.empty(), "neither what it said nor its end"
    following.start(run)
    following.engine.go(following.end)
    following.drain()
    following.engine.close()
    assert gist(following.said) == gist(expected)


def test_an_engine_that_is_killed_begins_again_where_the_database_is(
    recorded: Path, tmp_path: Path, run: Run, expected: list[Lasting]
) -> None:
    following = Following(recorded, tmp_path, run, snapshot_every_s=5)
    for _ in range(3):
        want = following.seq + len(expected) // 5
        following.engine.go(following.end)
        following.take(lambda want=want: following.seq >= want)
        os.kill(following.engine.pid, signal.SIGKILL)
        while not isinstance(following.engine.waiting.get(), Died):
            pass
        following.start(msgspec.structs.replace(run, seq=following.seq))
    following.drain()
    following.engine.close()
    assert following.said == expected


def test_what_was_believed_of_a_log_that_a_loss_of_power_took_is_forgotten(
    recorded: Path, tmp_path: Path, run: Run
) -> None:
    home = tmp_path / SENSORLOG
    shutil.copytree(recorded, home)
    following = Following(home, tmp_path, run, snapshot_every_s=5)
    following.end //= 2
    following.engine.go(following.end)
    following.drain()
    following.engine.close()
    newest = snapshots.newest(
        tmp_path / SNAPSHOTS, run=1, print_=run.fingerprint, seq_max=following.seq, position_max=following.end
    )
    assert newest is not None
    before = [placed for placed in LogReader(home, 0).read(following.end) if placed.end <= newest.head.position]
    assert before[-1].end == newest.head.position
    (segment,) = home.glob("*.seg")
    os.truncate(segment, segment.stat().st_size - (SensorLog(home).end - before[-20].end))

    log = open_log(tmp_path)
    assert log.end == before[-20].end
    log.append(Record(before[-20].record.arrival_us))  # the hub was opened again here
    for placed in before[-19:]:
        log.append(placed.record)
    for second in range(1, 30):
        log.append(Record(before[-1].record.arrival_us + second * 1_000_000))
    log.close()
    assert log.end > newest.head.position, "it has grown over the place of the snapshot"
    assert newest.head.position not in {placed.end for placed in LogReader(home, 0).read(log.end)}
    again = Following(home, tmp_path, msgspec.structs.replace(run, seq=following.seq))
    again.engine.go(again.end)
    assert again.engine.wait_for(again.end, timeout_s=60)
    again.engine.close()
    assert not [one for one in iter(again.engine.waiting.get, None) if isinstance(one, Died | Trouble)]


def test_a_restart_shows_the_carts_of_those_inside_again(recorded: Path, tmp_path: Path, run: Run) -> None:
    following = Following(recorded, tmp_path, run, snapshot_every_s=5)
    following.engine.go(following.end // 2)
    assert following.engine.wait_for(following.end // 2, timeout_s=60)
    following.engine.close()
    belief = Belief(run.store, 0)
    told(belief, recorded, following.engine.position)
    seq = belief.seq
    assert belief.carts, "nobody holds anything at this moment: choose another"
    again = Following(recorded, tmp_path, msgspec.structs.replace(run, seq=seq), snapshot_every_s=5)
    again.engine.go(following.engine.position)
    assert again.engine.wait_for(following.engine.position, timeout_s=60)
    again.engine.close()
    carts: dict[str, Any] = {}
    while (one := again.engine.waiting.get()) is not None:
        assert isinstance(one, Frame)
        carts |= {cart.visit: cart for cart in one.passing if type(cart).__name__ == "Cart"}
    held = {visit: [(x.product, x.qty) for x in carts[visit].lines] for visit in belief.carts}
    assert held == {visit: [(x.product, x.qty) for x in cart.lines] for visit, cart in belief.carts.items()}


@pytest.mark.parametrize("passing", [True, False])
def test_only_a_shop_that_shows_what_passes_is_told_glimpses(
    recorded: Path, tmp_path: Path, run: Run, expected: list[Lasting], passing: bool
) -> None:
    following = Following(recorded, tmp_path, run, passing=passing)
    following.engine.go(following.end)
    assert following.engine.wait_for(following.end, timeout_s=60)
    following.engine.close()
    frames: list[Frame] = []
    while (one := following.engine.waiting.get()) is not None:
        assert isinstance(one, Frame)
        frames.append(one)
    assert any(isinstance(said, Glimpse) for frame in frames for said in frame.passing) == passing
    assert gist([update for frame in frames for update in frame.lasting]) == gist(expected)


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.85])
def test_a_snapshot_goes_on_as_if_nothing_had_been(recorded: Path, tmp_path: Path, run: Run, share: float) -> None:
    expected = told(Belief(run.store, 0), recorded)
    belief = Belief(run.store, 0)
    before = told(belief, recorded, round(SensorLog(recorded).end * share))
    snapshots.save(
        tmp_path, run=1, print_="p", position=belief.position, seq=belief.seq, state=snapshots.frozen(belief)
    )
    found = snapshots.newest(tmp_path, run=1, print_="p", seq_max=belief.seq, position_max=belief.position)
    assert found is not None
    assert before + told(found.state, recorded) == expected


def test_a_record_the_engine_cannot_bear_is_told_and_passed_over(tmp_path: Path, run: Run) -> None:
    log = SensorLog(tmp_path / "log")
    bad = log.append(Record(EPOCH_US, b"\xc1"))
    end = log.append(Record(EPOCH_US + 1))
    log.close()
    following = Following(tmp_path / "log", tmp_path, run)
    following.engine.go(end)
    assert following.engine.wait_for(end, timeout_s=60)
    following.engine.close()
    said = [following.engine.waiting.get() for _ in range(3)]
    assert [one.position for one in said if isinstance(one, Trouble)] == [bad]


def test_a_log_that_cannot_be_read_on_is_told_once_and_the_process_stays(tmp_path: Path, run: Run) -> None:
    log = SensorLog(tmp_path / "log")
    for n in range(3):
        end = log.append(Record(EPOCH_US + n))
    log.close()
    following = Following(tmp_path / "log", tmp_path, run)
    path = segments(tmp_path / "log")[0][1]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    following.engine.go(end)
    while isinstance(said := following.engine.waiting.get(timeout=60), Frame):
        pass
    assert isinstance(said, Unreadable)
    assert (said.file, "torn or wrong" in said.fault) == (path.name, True)
    following.engine.close()
    assert following.engine.waiting.get() is None


# --- snapshots -------------------------------------------------------------------------------------------------------
def kept(folder: Path) -> list[int]:
    return [int(path.stem.split("-")[1]) for path in sorted(folder.glob("*.snap"))]


def save(folder: Path, position: int, seq: int, run: int = 1) -> None:
    snapshots.save(folder, run=run, print_="p", position=position, seq=seq, state=snapshots.frozen({"at": position}))


def found(folder: Path, seq_max: int = 99, position_max: int = 999, print_: str = "p") -> Any:
    one = snapshots.newest(folder, run=1, print_=print_, seq_max=seq_max, position_max=position_max)
    return None if one is None else one.state["at"]


def test_a_snapshot_ahead_of_database_or_log_is_passed_over(tmp_path: Path) -> None:
    for position, seq in ((100, 1), (200, 5), (300, 9)):
        save(tmp_path, position, seq)
    assert found(tmp_path) == 300
    assert found(tmp_path, seq_max=8) == 200
    assert found(tmp_path, position_max=199) == 100
    assert found(tmp_path, seq_max=0) is None
    assert found(tmp_path, print_="other code") is None


def test_a_damaged_snapshot_is_passed_over(tmp_path: Path) -> None:
    save(tmp_path, 100, 1)
    save(tmp_path, 200, 2)
    path = sorted(tmp_path.glob("*.snap"))[-1]
    for damage in (path.read_bytes()[:-1], path.read_bytes()[:25], b"", path.read_bytes()[:-1] + b"\0"):
        path.write_bytes(damage)
        assert found(tmp_path) == 100
        snapshots.thin(tmp_path, run=1, seq_applied=0)
        save(tmp_path, 200, 2)


def test_snapshots_beyond_the_end_of_the_log_are_deleted_whatever_their_run(tmp_path: Path) -> None:
    for run, position in ((1, 100), (1, 200), (1, 201), (2, 300)):
        save(tmp_path, position, 1, run=run)
    snapshots.forget_beyond(tmp_path, 200)
    assert kept(tmp_path) == [100, 200]
    snapshots.forget_beyond(tmp_path / "nowhere yet", 0)


def test_only_snapshots_a_restart_may_use_are_kept(tmp_path: Path) -> None:
    save(tmp_path, 50, 1, run=7)
    for n in range(1, 7):
        save(tmp_path, n * 100, n)
    snapshots.thin(tmp_path, run=1, seq_applied=4)
    assert kept(tmp_path) == [300, 400, 500, 600]
    assert snapshots.oldest_needed(tmp_path, run=1, seq_applied=4) == 300
    assert snapshots.oldest_needed(tmp_path, run=1, seq_applied=3) is None
