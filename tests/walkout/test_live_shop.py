"""The live shop's thread: first the log is durable, then effects are stored, then they are shown; time acts between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.walkout_shop import SHOP, T0, N, Shop, came, layout, left, moved, receipt

from madang.db import Database
from madang.kernel import Unavailable
from madang.kernel.clock import SECOND_US
from madang.walkout import process, records
from madang.walkout.engine_process import Died, EngineProcess
from madang.walkout.model import Begin, Frame
from madang.walkout.shop import LiveShop


class Told(EngineProcess):
    """An engine that says what the test puts into ``waiting``."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Begin] = []

    def start(self, begin: Begin) -> None:
        self.begun.append(begin)

    def pump(self) -> None:
        return

    def wait_for(self, position: int, *, timeout_s: float) -> bool:
        return True


class Watched:
    """A live shop whose syncs and frames are written down, with what the database had applied at that moment."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.shop, self.engine, self.seen = Shop(db), Told(), list[tuple[str, int, int]]()
        self.live = LiveShop(
            db, SHOP, layout(), neighbourhood=N, folder=folder, sync=self.sync, viewers=(self,), engine=self.engine
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
    assert watched.seen == [("sync", frame.position, 0), ("shown", frame.position, 2)]
    watched.stop()


def test_what_is_only_to_be_shown_touches_neither_log_nor_database(watched: Watched) -> None:
    frame = watched.shop.frame()
    watched.say(frame)
    assert watched.seen == [("shown", frame.position, 0)]
    watched.stop()


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


def test_an_engine_that_keeps_dying_stops_the_shop_with_a_reason(watched: Watched) -> None:
    for _ in range(6):
        watched.say(Died(1))
    assert isinstance(watched.live.failure, Unavailable)
    assert watched.live.failure.code == "walkout.engine_dies"
    watched.stop()


def test_the_log_is_free_up_to_what_restarts_visits_and_retention_leave(watched: Watched) -> None:
    watched.say(watched.shop.frame(came()))
    came_us = watched.shop.t
    assert watched.live.log_free(T0 + 10**12, 0) == (0, came_us - 10 * SECOND_US)
    watched.say(watched.shop.frame(left(), receipt({})))
    assert watched.live.log_free(T0 + 10**12, 60 * SECOND_US) == (0, T0 + 10**12 - 60 * SECOND_US)
    watched.stop()
