"""One real shop served by this process: sensors in over HTTP and MQTT, engine beside, deals, books and pages."""

from __future__ import annotations

import contextlib
import hmac
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from madang import deals, jobs
from madang.db import Database, Tx, open_database
from madang.db.sqlite import FileLock
from madang.doors import Gateway
from madang.doors.alarms import LINK
from madang.doors.mqtt import MqttDoor
from madang.edge.sending import Sending
from madang.kernel import Actor, Clock, SystemClock, system
from madang.kernel.clock import DAY_US, MINUTE_US, SECOND_US
from madang.kernel.settings import Settings
from madang.serve import checkin, door, keys, opening, sensing, site, uplink
from madang.serve.bookkeeping import Bookkeeping
from madang.serve.desks import DeskDoor
from madang.serve.front import Front
from madang.serve.premises import Premises
from madang.serve.rounds import Rounds
from madang.serve.session import Sessions
from madang.serve.watching import Watching
from madang.walkout import conservation, promising, tasks
from madang.walkout.engine_process import EngineProcess
from madang.walkout.records import Rules
from madang.walkout.review_desk import ReviewDesk
from madang.walkout.shop import LiveShop, Viewer, open_log

SWEEP_US = 10 * MINUTE_US
TIDY_AFTER_US = 10 * MINUTE_US
"""The day's tidying begins so long after the start, so that one that is switched off every night has it too."""
TICK_S = 0.1
ON_ITS_WAY_BYTES = 16 << 10
"""So much between gateway and engine is no lag."""

log = logging.getLogger("madang.serve")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says beside the settings. ``rules`` hold from the shop's first opening on; ``devices``
    are the sensors' keys, None lets every device on this machine in; ``where`` goes into errors' ways out."""

    shop: str
    rules: Rules
    stock_as_planned: bool = False
    devices: Mapping[str, bytes] | None = None
    where: str = ""


class Serving:
    """Opened by ``start``, ended by ``stop``; being killed instead loses nothing. ``failure`` is what stopped it."""

    def __init__(self, settings: Settings, asked: Asked, *, clock: Clock | None = None) -> None:
        self._broker = sensing.broker_of(settings)
        sensing.guarded(settings.host, asked.devices)
        if self._broker is not None:
            sensing.guarded(self._broker.host, asked.devices)
        self.settings, self.asked, self.clock = settings, asked, clock or SystemClock()
        self.by: Actor = system(settings.neighbourhood, f"serve/{asked.shop}")
        self.home = Path(settings.home)
        self.url = ""
        self.mqtt: MqttDoor | None = None
        self.sending: Sending | None = None
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        self._ends = contextlib.ExitStack()

    def start(self, *viewers: Viewer, tell: Callable[[str], None] = lambda _: None) -> Premises:
        """Open the shop: returns once sensors and pages are served. Whatever fails, all is let go of again."""
        with self._ends:
            found = self._open(viewers, tell)
            self._ends = self._ends.pop_all()
        return found

    def stop(self) -> None:
        """Take no more, apply what the engine has said, end."""
        self._ends.close()

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def failure(self) -> BaseException | None:
        return self._failure or self.live.failure or (None if self.mqtt is None else self.mqtt.failure)

    # --- opening --------------------------------------------------------------------------------------------------
    def _open(self, viewers: tuple[Viewer, ...], tell: Callable[[str], None]) -> Premises:
        deals.check()
        tell("database")
        self.db: Database = open_database(self.settings.database_url, clock=self.clock)
        self._ends.callback(self.db.close)
        found = self._opened()
        self.books = Bookkeeping(
            self.db,
            self.by,
            self.clock,
            self.home,
            also=lambda tx: conservation.differences(tx, self.by, self.asked.shop),
            shop=self.asked.shop,
        )
        folder = self.home / "shops" / self.asked.shop
        folder.mkdir(parents=True, exist_ok=True)
        self._ends.callback(FileLock(folder / "sensorlog").release)  # on PostgreSQL the database guards no folder
        tell("engine")
        engine = EngineProcess()
        engine.warm()
        self._ends.callback(engine.close)
        sensors = open_log(folder)
        self._ends.callback(sensors.close)
        if sensors.torn_bytes:
            log.warning("serve.log_torn", extra={"shop": self.asked.shop, "bytes": sensors.torn_bytes})
        self.gateway = Gateway(
            sensors,
            clock=self.clock,
            plates=sensing.plates_of(found.store),
            keys=self.asked.devices,
            logged=lambda end: self.live.logged(end),
        )
        self.watching = self._watching()
        self.front = self._front(found)
        self.live = LiveShop(
            self.db,
            self.asked.shop,
            found.store,
            neighbourhood=self.by.neighbourhood,
            folder=folder,
            sync=self.gateway.sync,
            engine=engine,
            viewers=(*viewers, self.front.showing),
            rang=self.front.showing.rang,
            believed=self.front.showing.believed,
        )
        first, end, at_us = sensors.first, sensors.end, self.clock.now_us()
        opening.renew_run(self.db, self.by, self.asked.shop, found, log_first=first, log_end=end, at_us=at_us)
        self._ends.callback(self.live.stop)
        self.live.start(log_first=sensors.first, log_end=sensors.end, at_us=self.clock.now_us())
        self._go_round()
        self._link()
        self._listen()
        tell("pages")
        self._serve(found)
        return found

    def _opened(self) -> Premises:
        return opening.open_shop(
            self.db,
            self.by,
            self.asked.shop,
            self.settings,
            rules=self.asked.rules,
            as_planned=self.asked.stock_as_planned,
            where=self.asked.where,
            at_us=self.clock.now_us(),
        )

    def _front(self, found: Premises) -> Front:
        return Front(
            self.db,
            self.by,
            self.asked.shop,
            found.store,
            found.items,
            self.gateway,
            self.clock,
            secret=keys.kept_secret(self.home / "receipt-links.key"),
            name_ko=found.place.name_ko,
            name_en=found.place.name_en,
            lag_ms=self._lag_ms,
            alarms=lambda device: self.watching.on(device),
        )

    def _watching(self) -> Watching:
        limit_us = self.settings.clock_limit_ms * 1000
        return Watching(
            self.db,
            self.by,
            self.asked.shop,
            self.gateway,
            self.clock,
            clock_limit_us=limit_us,
            mqtt=lambda: self.mqtt,
        )

    def _go_round(self) -> None:
        """Time goes on where no sensor speaks; timers, checks and tidying begin once the engine has caught up."""
        worker = jobs.Worker(
            self.db,
            self.clock,
            neighbourhood=self.by.neighbourhood,
            lease_us=self.settings.job_lease_s * SECOND_US,
            done=self.front.showing.rang,
        )
        begun = threading.Event()

        def ready() -> None:
            if self._caught_up(rounds):
                worker.start()
                begun.set()

        rounds = Rounds(self.clock, ready=ready)
        rounds.every(SECOND_US, "watch", self.watching.look)
        rounds.every(SWEEP_US, "sweep", self.sweep)
        self.books.go_round(rounds, tidy_first_us=self.clock.now_us() + TIDY_AFTER_US)
        rounds.start()
        self._ends.callback(lambda: worker.stop() if begun.is_set() else None)
        self._ends.callback(rounds.stop)
        ticker = threading.Thread(target=self._tick, name="madang-ticks", daemon=True)
        ticker.start()
        self._ends.callback(ticker.join)
        self._ends.callback(self._stopping.set)

    def _listen(self) -> None:
        """Take what sensors say by MQTT, if they do."""
        if self._broker is not None:
            self.mqtt = MqttDoor(self.gateway, self.asked.shop, self._broker, clock=self.clock)
            self._ends.callback(self.mqtt.stop)
            self.mqtt.start()

    def _link(self) -> None:
        """Keep the link to the neighbourhood's server, where the shop is below one."""
        self.sending = uplink.sending(self.db, self.by, self.asked.shop, self.settings, self.clock, self.front.showing)
        if self.sending is not None:
            self.sending.start()
            self._ends.callback(self.sending.stop)

    def _caught_up(self, rounds: Rounds) -> bool:
        end = self.gateway.end
        while not rounds.stopping.is_set() and self.live.failure is None:
            if self.live.settle(end, timeout_s=1):
                return True
        return False

    def _serve(self, found: Premises) -> None:
        key = keys.operator_key(self.home)
        operator = door.router(
            self.db,
            self.clock,
            checkin.operator(self.by.neighbourhood, self.asked.shop),
            self.asked.shop,
            allowed=lambda given: hmac.compare_digest(given.encode(), key.encode()),
            status=self.status,
            changed=self.front.showing.deal_changed,
        )
        self._ends.callback(self.front.close)
        self.url = self.front.open(
            self.settings.host,
            self.settings.port,
            language=self.settings.language,
            desk=self._desk(found, key),
            more=[operator, *site.routers(self._site())],
            identify=site.identify(self._site()),
        )
        told = keys.address(self.home)
        keys.write_address(told, self.url)
        self._ends.callback(partial(told.unlink, missing_ok=True))

    def _site(self) -> site.Site:
        return site.Site(
            db=self.db,
            clock=self.clock,
            neighbourhood=self.by.neighbourhood,
            home=self.home,
            settings=self.settings,
            links=self.front.links,
            shop=self.asked.shop,
            hubs=self.front.hubs,
        )

    def _desk(self, found: Premises, key: str) -> DeskDoor:
        desk = ReviewDesk(
            self.db,
            checkin.operator(self.by.neighbourhood, self.asked.shop),
            self.asked.shop,
            found.store,
            self.clock,
            log=self.live.log_folder,
            upto=lambda: self.live.engine.position,
            changed=self.front.showing.deal_changed,
            name_ko=found.place.name_ko,
            name_en=found.place.name_en,
        )
        return DeskDoor(desk, Sessions(key, clock=self.clock), self.clock)

    # --- running --------------------------------------------------------------------------------------------------
    def _tick(self) -> None:
        try:
            while not self._stopping.wait(TICK_S):
                self.gateway.tick()
        except BaseException as fault:
            self._failure = fault
            log.exception("serve.ticks_stopped")

    def _lag_ms(self) -> float:
        """How far what is applied is behind what was sensed."""
        behind = self.gateway.end - self.live.engine.position
        if behind < ON_ITS_WAY_BYTES or not self.live.applied_us:
            return 0.0
        return max(0, self.clock.now_us() - self.live.applied_us) / 1000

    def sweep(self) -> None:
        """Destroy sensor logs that no restart, open visit, review or dispute can ask for, and put it on record."""
        free = self.live.log_free(self.clock.now_us(), self.settings.sensor_log_d * DAY_US)
        gone = self.gateway.destroy_before(*free, self.live.log_destroyed)
        if gone is not None:
            log.info("serve.log_destroyed", extra={"segments": gone.segments, "bytes": gone.bytes})

    def status(self) -> dict[str, Any]:
        """How the shop does, for the operator's monitoring: ``ok`` is false when somebody should look."""
        devices = self.front.devices(self.clock.now_us())
        return {
            "shop": self.asked.shop,
            "at_us": self.clock.now_us(),
            "ok": not self.books.faults
            and self.failure is None
            and all(device.ok for device in devices)
            and (self.mqtt is None or (self.mqtt.link().connected and not self.watching.on(LINK))),
            "checked_at_us": self.books.checked_us,
            "faults": self.books.faults,
            "engine_lag_ms": round(self._lag_ms(), 1),
            "log": {"end": self.gateway.end, "applied": self.live.engine.position},
            "jobs": self._read(jobs.counts),
            "promise": self._read(lambda tx: promising.report(tx, self.by, self.asked.shop, self.clock.now_us())),
            "tasks": self._read(lambda tx: tasks.count(tx, self.asked.shop)),
            "devices": devices,
            "http": self.gateway.waiting.held(),
            "mqtt": None if self.mqtt is None else self.mqtt.link(),
            "uplink": None if self.sending is None else uplink.shown(self.sending.link),
            "mqtt_alarms": self.watching.on(LINK),
        }

    def _read(self, fn: Callable[[Tx], Any]) -> Any:
        return self.db.read(fn, neighbourhood=self.by.neighbourhood)
