"""The demo's page: hub, receipt desk and sensor routes behind one address on this machine."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from madang.catalog import SoldBy
from madang.deals.links import Links
from madang.demo import mailbox, visitors
from madang.demo.opening import BY, NAME_EN, NAME_KO
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.demo.theatre import Theatre
from madang.doors import api
from madang.jobs import Worker
from madang.kernel import SystemClock, Unavailable, Uuid7
from madang.kernel.clock import SECOND_US
from madang.kernel.settings import Settings
from madang.serve import keys, mails, site
from madang.serve.checkin import operator
from madang.serve.desks import DeskDoor
from madang.serve.rounds import Rounds
from madang.serve.session import Sessions
from madang.ui import Pages
from madang.walkout.desk import Desk
from madang.walkout.live import Hub, Hubs
from madang.walkout.live_model import Device, Item, Totals
from madang.walkout.review_desk import ReviewDesk
from madang.walkout.showing import Showing
from madang.web import Running, Shopfront, create_app, start

NOTE_KO = (
    "사람과 센서는 시뮬레이션이고, 장바구니는 공개된 교육용 구매 데이터(completejourney)에서 옮긴 것입니다. "
    "확실하지 않은 영수증은 정답을 아는 가상의 직원이 답하고, 최근 몇 건은 검토 데스크에 남겨 둡니다."
)
NOTE_EN = (
    "People and sensors are simulated; baskets come from published teaching data (completejourney). "
    "Receipts the engine is not sure of are answered by a simulated reviewer who knows the truth; "
    "the latest few are left to you at the review desk."
)
SILENT_US = 5 * SECOND_US
HOST = "127.0.0.1"


class Page:
    """The page of one theatre; ``showing`` is the viewer that feeds it."""

    def __init__(self, theatre: Theatre, language: str) -> None:
        self._theatre, self._language = theatre, language
        self._links = links = Links([keys.kept_secret(theatre.folder / "receipt-links.key")])
        layout = theatre.script.layout
        self._hub = Hub(
            SHOP,
            layout,
            [_item(product) for product in layout["products"]],
            theatre.clock,
            name_ko=NAME_KO,
            name_en=NAME_EN,
            note_ko=NOTE_KO,
            note_en=NOTE_EN,
        )
        self._hubs = Hubs([self._hub])
        self._running: Running | None = None
        self._port, self._mails = 0, theatre.folder / "mails"
        self._rounds = Rounds(SystemClock())
        self._rounds.every(2 * SECOND_US, "mails", lambda: mails.look(theatre.db, NEIGHBOURHOOD))
        self._calls = Worker(theatre.db, theatre.clock, neighbourhood=NEIGHBOURHOOD, timers=False)  # those are played
        self.showing = Showing(
            self._hub,
            theatre.db,
            BY,
            SHOP,
            speed=lambda: theatre.speed or 0.0,
            devices=self._devices,
            lag_ms=self._lag_ms,
            url=lambda receipt: f"/r/{links.token(receipt)}",
        )
        theatre.clerk.changed = self.showing.deal_changed
        self._door = self._review()
        self._door.announce(self._hubs)
        self._desk = Desk(theatre.db, links, theatre.clock, changed=self.showing.deal_changed)

    def open(self, port: int) -> tuple[str, bool]:
        """Serve; returns the address, and whether another port than ``port`` had to be taken."""
        self._port = port
        self.showing.open()
        self.showing.look(self._theatre.clock.now_us())
        app = create_app(
            Shopfront(
                neighbourhood=NEIGHBOURHOOD,
                hubs=self._hubs,
                desk=self._desk,
                more=[
                    api.router(self._theatre.gateway),
                    *self._door.routers,
                    *site.routers(self._site()),
                    self._visitors(),
                    mailbox.router(self._mails, Pages()),
                ],
                handlers=self._door.handlers,
                identify=site.identify(self._site()),
                clock=self._theatre.clock,
                language=self._language,
            )
        )
        try:
            self._running, other = start(app, HOST, port), False
        except Unavailable:
            self._running, other = start(app, HOST, 0), True
        self._calls.start()
        self._rounds.start()
        return f"{self._running.url}/live/{SHOP}", other

    def _visitors(self) -> APIRouter:
        theatre = self._theatre
        return visitors.router(theatre.db, theatre.clock, Uuid7(theatre.clock), Pages(), theatre.along)

    def _site(self) -> site.Site:
        theatre = self._theatre
        return site.Site(
            db=theatre.db,
            clock=theatre.clock,
            neighbourhood=NEIGHBOURHOOD,
            home=theatre.folder,
            settings=Settings(
                neighbourhood=NEIGHBOURHOOD,
                home=str(theatre.folder),
                language=self._language,
                sandbox_gateway=True,
                smtp=f"folder:{self._mails}",
                port=self._port,
            ),
            links=self._links,
            shop=SHOP,
            hubs=self._hubs,
        )

    def _review(self) -> DeskDoor:
        """The review desk, open to whoever sits at this machine."""
        theatre, real = self._theatre, SystemClock()
        desk = ReviewDesk(
            theatre.db,
            operator(NEIGHBOURHOOD, SHOP),
            SHOP,
            theatre.script.layout,
            theatre.clock,
            log=theatre.folder / "sensorlog",
            upto=lambda: theatre.live.engine.position if theatre.live is not None else -1,
            changed=self.showing.deal_changed,
            name_ko=NAME_KO,
            name_en=NAME_EN,
            watch=real,
        )
        return DeskDoor(desk, Sessions(keys.operator_key(theatre.folder), clock=real, open_here=True), real)

    @property
    def desk_url(self) -> str:
        """Where the review desk is, once it is served."""
        return (self._running.url if self._running is not None else "") + self._door.url

    def totals(self) -> Totals:
        return self.showing.totals()

    def close(self) -> None:
        self._hubs.close()
        if self._running is not None:
            self._rounds.stop()
            self._calls.stop()
            self._running.stop()

    def _devices(self, now_us: int) -> Sequence[Device]:
        return [
            Device(
                id=d.id,
                kind=d.kind,
                ok=d.ok(now_us, SILENT_US) or d.kind in ("gate", "vision"),  # these speak only when something happens
                last_us=d.last_us or None,
                batches=d.batches,
                late=d.late,
                duplicate=d.duplicate,
                out_of_order=d.out_of_order,
                missing=d.missing,
                malformed=d.malformed,
            )
            for d in self._theatre.gateway.health()
        ]

    def _lag_ms(self) -> float:
        """How far what is applied is behind what was sensed, in real time."""
        live = self._theatre.live
        if live is None or not live.applied_us:
            return 0.0
        behind_us = max(0, self._theatre.clock.now_us() - live.applied_us)
        return behind_us / 1000 / (self._theatre.speed or 1.0)


def _item(product: dict[str, object]) -> Item:
    name = str(product["name"])
    return Item(
        id=str(product["id"]),
        name_ko=str(product.get("name_ko") or name),
        name_en=str(product.get("name_en") or name),
        price_krw=int(str(product["price"])),
        kind=str(product.get("kind") or ""),
        by_weight=product.get("sold_by") == SoldBy.WEIGHT,
    )
