"""Watching the sensors of a shop that is served: alarms begin and end as facts, and show on its pages."""

from __future__ import annotations

import logging
from collections.abc import Callable

from madang.db import Database
from madang.doors import Gateway, service
from madang.doors.alarms import Alarm, Watch
from madang.doors.mqtt import MqttDoor
from madang.kernel import Actor, Clock

log = logging.getLogger("madang.serve")


class Watching:
    """``look`` is to be called about once a second; ``mqtt`` gives the door to the broker, where there is one."""

    def __init__(
        self,
        db: Database,
        by: Actor,
        shop: str,
        gateway: Gateway,
        clock: Clock,
        *,
        clock_limit_us: int,
        mqtt: Callable[[], MqttDoor | None] = lambda: None,
    ) -> None:
        self._db, self._by, self._shop, self._gateway, self._clock, self._mqtt = db, by, shop, gateway, clock, mqtt
        on = db.read(lambda tx: service.alarms(tx, by, shop), neighbourhood=by.neighbourhood)
        self._watch = Watch(clock_limit_us=clock_limit_us, on=on)
        self._untold: list[Alarm] = []

    def look(self) -> None:
        """See what began and ended, and keep it; what cannot be kept now is kept with the next."""
        now_us, door = self._clock.now_us(), self._mqtt()
        self._untold += self._watch.look(self._gateway.health(), now_us)
        if door is not None:
            link = door.link()
            self._untold += self._watch.link(link.connected, link.holding, link.since_us, now_us)
        if not self._untold:
            return
        told = list(self._untold)
        self._db.write(
            lambda tx: service.keep_alarms(tx, self._by, self._shop, told), neighbourhood=self._by.neighbourhood
        )
        del self._untold[: len(told)]
        for alarm in told:
            extra = {"device": alarm.device, "alarm": alarm.kind, "on": alarm.on, "value": alarm.value}
            log.log(logging.WARNING if alarm.on else logging.INFO, "serve.sensor_alarm", extra=extra)

    def on(self, device: str) -> tuple[str, ...]:
        """The alarms of a device (or of the broker's link, ``mqtt``) that are going on."""
        return self._watch.on(device)
