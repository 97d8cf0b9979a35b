"""A shop's pages: its hub, the receipts' desk, the sensors' door, behind one address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastapi import APIRouter

from madang.db import Database
from madang.deals.links import Links
from madang.doors import Device as Sensor
from madang.doors import Gateway, api
from madang.doors.alarms import SELDOM, SILENT_US
from madang.kernel import Actor, Clock
from madang.serve.desks import DeskDoor
from madang.ui import Identify
from madang.walkout.desk import Desk
from madang.walkout.live import Hub, Hubs
from madang.walkout.live_model import Device, Item
from madang.walkout.showing import Showing
from madang.web import Running, Shopfront, create_app, start


class Front:
    """``showing`` is the viewer that feeds the pages; ``speed`` and ``lag_ms`` are asked when needed."""

    def __init__(
        self,
        db: Database,
        by: Actor,
        shop: str,
        store: dict[str, Any],
        items: Iterable[Item],
        gateway: Gateway,
        clock: Clock,
        *,
        secret: bytes,
        name_ko: str,
        name_en: str,
        note_ko: str = "",
        note_en: str = "",
        speed: Callable[[], float] = lambda: 1.0,
        lag_ms: Callable[[], float],
        alarms: Callable[[str], tuple[str, ...]] = lambda _device: (),
    ) -> None:
        self._db, self._by, self._gateway, self._clock, self._alarms = db, by, gateway, clock, alarms
        self.links = links = Links([secret])
        names = {"name_ko": name_ko, "name_en": name_en, "note_ko": note_ko, "note_en": note_en}
        hub = Hub(shop, store, items, clock, **names)
        self.hubs = Hubs([hub])
        self.showing = Showing(
            hub,
            db,
            by,
            shop,
            speed=speed,
            devices=self.devices,
            lag_ms=lag_ms,
            url=lambda receipt: f"/r/{links.token(receipt)}",
        )
        self._desk = Desk(db, links, clock, changed=self.showing.deal_changed)
        self._running: Running | None = None

    def open(
        self,
        host: str,
        port: int,
        *,
        language: str,
        desk: DeskDoor,
        more: Sequence[APIRouter] = (),
        identify: Identify | None = None,
    ) -> str:
        """Serve; gives the address. Raises ``Unavailable`` ``web.address_taken``."""
        desk.announce(self.hubs)
        self.showing.open()
        self.showing.look(self._clock.now_us())
        app = create_app(
            Shopfront(
                neighbourhood=self._by.neighbourhood,
                hubs=self.hubs,
                desk=self._desk,
                more=[api.router(self._gateway), *desk.routers, *more],
                clock=self._clock,
                language=language,
                identify=identify,
                handlers=desk.handlers,
            )
        )
        self._running = start(app, host, port)
        return self._running.url

    def close(self) -> None:
        """End the streams, let open requests finish."""
        self.hubs.close()
        if self._running is not None:
            self._running.stop()

    def devices(self, now_us: int) -> list[Device]:
        """Every device's counts, clock and alarms, as the health panel shows them."""
        return [self._device(one, now_us) for one in self._gateway.health()]

    def _device(self, d: Sensor, now_us: int) -> Device:
        alarms, clock = self._alarms(d.id), d.clock.estimate()
        return Device(
            id=d.id,
            kind=d.kind,
            ok=not alarms and (d.ok(now_us, SILENT_US) or d.kind in SELDOM),
            last_us=d.last_us or None,
            batches=d.batches,
            late=d.late,
            duplicate=d.duplicate,
            out_of_order=d.out_of_order,
            missing=d.missing,
            malformed=d.malformed,
            refused=d.refused,
            alarms=alarms,
            clock_ms=None if clock is None else round(clock.offset_us / 1000, 1),
            clock_pm_ms=None if clock is None else round(clock.uncertainty_us / 1000, 1),
            corrected_ms=round(d.clock.corrected_us / 1000, 1),
            drift_ppm=None if clock is None else clock.drift_ppm,
        )
