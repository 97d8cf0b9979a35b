"""A shop whose review desk is served: somebody at the desk, with a browser that keeps cookies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import numpy as np
from tests.asking import Client
from tests.walkout_shop import SHOP, N, Shop, came, layout, left, moved, receipt

from madang.db import Database
from madang.serve.checkin import operator
from madang.serve.desks import DeskDoor
from madang.serve.session import Sessions
from madang.walkout.live import Hubs
from madang.walkout.messages import Plates, Skeletons, pack, skeleton
from madang.walkout.review_desk import ReviewDesk
from madang.walkout.sensorlog import Record, SensorLog
from madang.web import Shopfront, create_app

KEY = "a key that only the operator has"
HTML = {"Accept": "text/html"}


class Stage:
    """``desk`` over a shop in a database, its pages behind an app."""

    def __init__(self, db: Database, log: Path, *, open_here: bool = False, upto: int = 0) -> None:
        self.shop = Shop(db, wallet_krw=200_000, capacity=20)
        self.told: list[UUID] = []
        self.log, self.upto = log, upto
        self.desk = ReviewDesk(
            db,
            operator(N, SHOP),
            SHOP,
            layout(),
            self.shop.clock,
            log=log,
            upto=lambda: self.upto,
            changed=self.told.append,
            name_ko="가게",
            name_en="Shop",
        )
        self.sessions = Sessions(KEY, clock=self.shop.clock, open_here=open_here)
        door = self.door = DeskDoor(self.desk, self.sessions, self.shop.clock)
        front = Shopfront(
            neighbourhood=N, hubs=Hubs(), more=door.routers, clock=self.shop.clock, handlers=door.handlers
        )
        self.app = create_app(front)

    def doubtful(self, visit: str, first: dict[str, int], *others: dict[str, int], why: Any = "review") -> UUID:
        credential = f"c-{visit}"
        product = next(iter(first), "A")
        took = moved("pick", product, visit=visit, id=f"m-{visit}", t=self.shop.t / 1e6 - 5)
        self.shop.says(came(visit, credential), msgspec.structs.replace(took, track="t1"))
        self.shop.says(left(visit, credential), receipt(first, why, visit=visit, others=list(others)))
        self.shop.clock.set(self.shop.t)
        return self.shop.id(visit)

    def senses(self, *, from_us: int, to_us: int, at_us: int) -> None:
        """The sensors' log of these seconds: 100 g leave the first plate while somebody reaches for it."""
        log = SensorLog(self.log)
        for n, t_us in enumerate(range(from_us, to_us, 200_000)):
            grams = np.tile(np.array([9_000 if t_us < at_us else 8_000, 5_000, 5_000, 5_000], np.int32), (12, 1))
            width, values = pack(grams)
            plates = Plates(device="g", seq=n, t_us=t_us, gondola="1", rows=12, plates=4, values=values, width=width)
            people = tuple(skeleton(track, _body(x, (t_us - at_us) / 1e7)) for track, x in (("t1", 0.12), ("t2", 1.4)))
            for message in (plates, Skeletons(device="c", seq=n, t_us=t_us, people=people)):
                log.append(Record(t_us + 50_000, msgspec.msgpack.encode(message)))
        self.upto = log.end
        log.close()

    def sits(self) -> Sitting:
        """Somebody signs in."""
        one = Sitting(self)
        answer = one.client.post("/sign-in", data={"key": KEY, "next": f"/desk/{SHOP}"}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/{SHOP}")
        return one


def _body(x: float, off: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    joints = np.tile(np.array([x + off, -0.5, 1.5, 0.9]), (8, 1))
    joints[7, :3] = (x + off / 4, -0.02 - abs(off), 0.8)
    return joints


class Sitting:
    """A browser at the desk."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.client, self.page = stage, Client(stage.app), ""

    def opens(self, path: str = "", *, language: str = "ko") -> httpx.Response:
        self.stage.shop.clock.advance(s=1)
        answer = self.client.get(f"/desk/{SHOP}{path}", headers=HTML | {"Accept-Language": language})
        self.page = re.sub(r"\s+", " ", answer.text)
        return answer

    def sends(self, path: str, **form: Any) -> httpx.Response:
        """A form of the page that was opened last, with what it hides."""
        hidden = dict(re.findall(r'name="(csrf|idempotency_key)" value="([^"]+)"', self.page))
        self.stage.shop.clock.advance(s=1)
        answer = self.client.post(f"/desk/{SHOP}{path}", data=hidden | form, headers=HTML)
        self.stage.shop.t = self.stage.shop.clock.now_us()
        self.stage.shop.check()
        return answer
