"""The live shop's thread: first the log is durable, then effects are stored, then they are shown; time acts between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK, SQLITE
from tests.walkout_shop import BY, SHOP, T0, N, Shop, came, layout, left, moved, receipt

from madang.db import Database
from madang.kernel import ManualClock, Unavailable
from madang.kernel.clock import SECOND_US
from madang.walkout import learned, process, records, renewing
from madang.walkout.applying import Effects
from madang.walkout.engine_process import Died, EngineProcess
from madang.walkout.live import Hub
from madang.walkout.model import Begin, Cart, Frame, Glimpse, Health, Lasting, Line, Unreadable
from madang.walkout.shop import LiveShop
from madang.walkout.showing import Showing

pytestmark = POSTGRES_IN_SOAK


class Told(EngineProcess):
    """An engine that says what the test puts into ``waiting``."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Begin] = []

    def start(self, begin: Begin) -> None:
        self.begun.append(begin)

    def pump(self) -> None:
        return

    def rest(self) -> None:
        self._forget()

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        return True


class Watched:
    """A live shop whose syncs and frames are written down, with what the database had applied at that moment."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.shop, self.engine, self.seen = Shop(db), Told(), list[tuple[str, int, int]]()
        self.live = LiveShop(
            db,
            SHOP,
            layout(),
            neighbourhood=N,
            folder=folder,
            sync=self.sync,
            viewers=(self,),
            engine=self.engine,
            believed=lambda frames: self.seen.append(("believed", frames[-1].position, self.applied())),
        )
        self.live.start(log_first=0, log_end=10**9, at_us=T0)

    def applied(self) -> int:
        run = self.shop.read(lambda tx: records.last_run(tx, SHOP))
        return run.seq

    def sync(self, position: int) -> None:
        self.seen.append(("sync", position, self.applied()))

    def frames(self, frames: list[Frame], effects: Any) -> None:
        self.seen.append(("shown", frames[-1].position, self.applied()))

    def say(self, *frames: object) -> None:
        for frame in frames:
            self.engine.waiting.put(frame)
        for _ in range(2):  # the second is heard once all that follows from the first is done
            assert self.live.settle(0, timeout_s=30) or self.live.failure

    def stop(self) -> None:
        self.live.stop()
        self.shop.check()


@pytest.fixture
def watched(db: Database, tmp_path: Path) -> Watched:
    return Watched(db, tmp_path)


def test_the_log_is_durable_before_its_effects_are_stored_and_these_before_they_are_shown(watched: Watched) -> None:
    frame = watched.shop.frame(came(), moved())
    watched.say(frame)
    at = frame.position
    assert watched.seen == [("believed", at, 0), ("sync", at, 0), ("shown", at, 2)]
    watched.stop()


def test_what_is_only_to_be_shown_touches_neither_log_nor_database(watched: Watched) -> None:
    frame = watched.shop.frame()
    watched.say(frame)
    assert watched.seen == [("believed", frame.position, 0), ("shown", frame.position, 0)]
    watched.stop()


def _cart(shop: Shop, qty: int) -> Frame:
    frame = shop.frame()
    cart = Cart(frame.t_us / 1e6, "v1", (Line("A", qty, 100.0 * qty, 0.9),), 0.9)
    return msgspec.structs.replace(frame, passing=(cart,))


def _shown(hub: Hub) -> list[tuple[int, bool]]:
    return [(cart["lines"][0]["qty"], cart["closed"]) for cart in hub.snapshot()["carts"]]


def test_a_cart_is_on_the_page_before_what_led_to_it_is_on_disk_and_in_its_turn_after_a_receipt(db: Database) -> None:
    shop = Shop(db)
    hub = Hub(SHOP, layout(), [], ManualClock(T0))
    showing = Showing(hub, db, BY, SHOP, speed=lambda: 1.0, devices=lambda _: [], lag_ms=lambda: 0.0)
    said = [_cart(shop, 1), shop.frame(receipt({"A": 1})), _cart(shop, 2)]
    showing.believed(said)
    assert _shown(hub) == [(1, False)]
    showing.frames(said, Effects())
    assert _shown(hub) == [(2, False)], "the cart that came after the receipt is open"
    showing.believed(said[:1])
    assert _shown(hub) == [(1, False)]


def test_a_glimpse_is_told_before_anything_is_on_disk_and_only_once(db: Database) -> None:
    shop = Shop(db)
    hub = Hub(SHOP, layout(), [], ManualClock(T0))
    showing = Showing(hub, db, BY, SHOP, speed=lambda: 1.0, devices=lambda _: [], lag_ms=lambda: 0.0)
    frame = shop.frame()
    said = [msgspec.structs.replace(frame, passing=(Glimpse(frame.t_us / 1e6, "g1", "v1", "A", "F1"),))]
    before = hub.cursor_of(None)
    showing.believed(said)
    cursor = hub.take(before)[0]
    assert [e.data["product"] for e in hub.take(0)[1] if e.name == "glimpse"] == ["A"]
    showing.frames(said, Effects())
    assert [e for e in hub.take(cursor)[1] if e.name == "glimpse"] == []


def test_timers_go_off_between_the_frames_of_before_and_after(watched: Watched) -> None:
    shop = watched.shop
    watched.say(shop.frame(came(), moved()))
    shop.t += process.MISSING_EXIT_US
    watched.say(shop.frame(left(), receipt({"A": 1})))
    assert (shop.deal().state, shop.deal().data["why"]) == ("in_review", "timed_out")
    watched.stop()


def test_an_engine_that_died_begins_again_where_the_database_is(watched: Watched) -> None:
    watched.say(watched.shop.frame(came(), moved()), Died(-9))
    assert [begin.run.seq for begin in watched.engine.begun] == [0, 2]
    watched.stop()


def test_a_log_that_cannot_be_read_on_stops_the_shop_with_the_name_of_the_file(watched: Watched) -> None:
    watched.say(watched.shop.frame(came()), Unreadable("0001.seg", "the record at 7 is torn or wrong"))
    assert isinstance(watched.live.failure, Unavailable)
    assert watched.live.failure.code == "sensorlog.damaged"
    assert "0001.seg is damaged: the record at 7" in watched.live.failure.text("en")
    assert watched.applied() == 1, "what was said before holds"
    watched.stop()


def test_an_engine_that_keeps_dying_stops_the_shop_with_a_reason(watched: Watched) -> None:
    for _ in range(6):
        watched.say(Died(1))
    assert isinstance(watched.live.failure, Unavailable)
    assert watched.live.failure.code == "walkout.engine_dies"
    watched.stop()


@BOTH
def test_the_log_is_free_up_to_what_restarts_visits_and_retention_leave(watched: Watched) -> None:
    watched.say(watched.shop.frame(came()))
    came_us = watched.shop.t
    assert watched.live.log_free(T0 + 10**12, 0) == (0, came_us - 10 * SECOND_US)
    watched.say(watched.shop.frame(left(), receipt({})))
    assert watched.live.log_free(T0 + 10**12, 60 * SECOND_US) == (0, T0 + 10**12 - 60 * SECOND_US)
    watched.stop()


# --- what was learned reaches the running engine ----------------------------------------------------------------------
def _learned(watched: Watched, value: float | None = 102.0) -> None:
    shop = watched.shop
    shop.write(lambda tx: learned._learn(tx, SHOP, "weight", "", "A", value, 100.0, 9, "settled", shop.t))


def _quiet(watched: Watched, seconds: int) -> list[Frame]:
    """Frames in which nothing happens, one every five seconds."""
    return [_after(watched, 4 * SECOND_US) for _ in range(seconds // 5)]


def _after(watched: Watched, us: int, *said: Lasting) -> Frame:
    watched.shop.t += us
    return watched.shop.frame(*said)


def _weights(watched: Watched) -> list[float]:
    """What each run that the engine has begun believes A to weigh."""
    stores = [msgspec.json.decode(begin.run.store) for begin in watched.engine.begun]
    return [next(p["weight_g"] for p in store["products"] if p["id"] == "A") for store in stores]


@pytest.fixture
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewing, "LOOK_EVERY_US", 20 * SECOND_US)


@SQLITE
@pytest.mark.usefixtures("looking_often")
def test_what_was_learned_reaches_the_engine_while_nobody_is_inside_and_can_be_taken_back(watched: Watched) -> None:
    watched.say(watched.shop.frame(came(), moved(), left(), receipt({"A": 1})))
    _learned(watched)
    frames = _quiet(watched, 150)
    watched.say(*frames)
    assert _weights(watched) == [100.0, 102.0]
    begun = watched.engine.begun[1].run
    assert begun.number == 2
    heard = next(frame for frame in frames if frame.position == begun.start)
    assert heard.t_us < frames[-1].t_us
    watched.shop.seq = 0
    _learned(watched, None)
    watched.say(*_quiet(watched, 150))
    assert _weights(watched) == [100.0, 102.0, 100.0], "taken back in the same way"
    watched.stop()


@SQLITE
@pytest.mark.usefixtures("looking_often")
def test_where_nothing_was_learned_or_somebody_is_inside_the_engine_goes_on(watched: Watched) -> None:
    watched.say(*_quiet(watched, 150))
    watched.say(_after(watched, 0, came(), moved()))
    _learned(watched)
    watched.say(*_quiet(watched, 150))
    assert len(watched.engine.begun) == 1
    watched.say(_after(watched, 0, left(), receipt({"A": 1})), *_quiet(watched, 60))
    assert len(watched.engine.begun) == 1, "somebody may be coming in"
    watched.say(*_quiet(watched, 60))
    assert _weights(watched) == [100.0, 102.0]
    watched.stop()


def test_quiet_is_counted_from_the_last_thing_that_happened_and_begins_in_its_middle() -> None:
    quiet = renewing.Quiet()
    health = Health(0.0, "plate", "1-1-1", "dead")
    for n in range(200):
        t_us = T0 + n * 5 * SECOND_US
        said = (came(),) if n == 120 else (health,) if n % 7 == 0 else ()
        quiet.heard([Frame(t_us, n, 1, said)])
        if (start := quiet.start()) is not None:
            assert n - start == renewing.HEARD_US // (5 * SECOND_US)
            assert not start <= 120 <= n, "what happened is heard once"
