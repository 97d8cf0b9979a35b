"""The live page's hub: the present of one shop, fed by plain calls from any thread, followed by any number of pages.

The hub keeps the state (for a page that arrives) and a log (for a page that follows or comes back). A page is only a
cursor into that log, so a slow or vanished page costs nothing: events that replace one another (people, a cart, the
books) are kept once, in their latest form; those that happen (gate, move, receipt) lie in a bounded ring, and a page
that has fallen behind the ring is given a fresh snapshot.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal

import msgspec

from madang.kernel import Clock, TooMany
from madang.walkout.live_log import Event, Log, Payload
from madang.walkout.live_model import BookCheck, CartLine, Device, Dot, Item, Sensor, Totals
from madang.walkout.live_plan import plan_of

KEPT = {"gate": 40, "move": 40, "receipt": 60}
KEPT_CLOSED_CARTS = 12
PAGES_MAX = 200
HEARTBEAT_S = 5.0
PACE_S = 0.05


class _Page:
    """A page that follows: where it sleeps, and whether it has already been woken."""

    __slots__ = ("awake", "loop", "woken")

    def __init__(self) -> None:
        self.loop, self.woken, self.awake = asyncio.get_running_loop(), asyncio.Event(), False


class Hub:
    """What one shop's live page shows. Every method may be called from any thread and returns at once."""

    def __init__(
        self,
        shop_id: str,
        layout: Mapping[str, Any],
        products: Iterable[Item],
        clock: Clock,
        *,
        name_ko: str = "",
        name_en: str = "",
        note_ko: str = "",
        note_en: str = "",
    ) -> None:
        """``note_*`` is said under the title (the demo says there what is simulated); ``desk_url``, set later, leads
        to the review desk where there is one."""
        self.shop_id, self.name_ko, self.name_en = shop_id, name_ko or shop_id, name_en or shop_id
        self.note_ko, self.note_en = note_ko, note_en
        self.desk_url = ""
        self.plan = plan_of(layout)
        self.items = {item.id: item for item in products}
        self._clock = clock
        self._epoch = format(clock.now_us(), "x")
        self._lock = threading.Lock()
        self._log = Log()
        self._recent: dict[str, OrderedDict[str, Payload]] = {name: OrderedDict() for name in KEPT}
        self._numbers: dict[str, int] = {}
        self._staff: set[str] = set()
        self._stock: dict[str, dict[str, int]] = {}
        self._pages: set[_Page] = set()
        self._closed = False

    # --- what the shop says ---------------------------------------------------------------------------------------
    def clock(self, t_us: int, speed: float) -> None:
        """The shop's own time, and how many times faster than real it runs."""
        self._replace("clock", "clock", {"t_us": t_us, "speed": speed})

    def people(self, dots: Sequence[Dot], *, t_us: int) -> None:
        """Everybody on the floor now (about 5 Hz); somebody left out has gone from sight."""
        with self._lock:
            shown = [{**_plain(d), "x": round(d.x, 2), "y": round(d.y, 2), "n": self._number(d.visit)} for d in dots]
        self._replace("people", "people", {"t_us": t_us, "people": shown})

    def gate(
        self,
        *,
        id: str,
        t_us: int,
        event: Literal["entered", "left"],
        visit: str = "",
        label: str = "",
        role: str = "customer",
        people: int = 1,
    ) -> None:
        """Somebody came or went. ``label`` is a short name to show beside the group's number, often empty."""
        if role == "staff" and visit:
            self._staff.add(visit)
        data = {"id": id, "t_us": t_us, "event": event, "visit": visit, "label": label, "role": role, "people": people}
        self._happen("gate", id, visit, data)

    def move(
        self,
        *,
        id: str,
        t_us: int,
        kind: Literal["pick", "put_back", "touch"],
        product: str,
        qty: int,
        facing: str,
        visit: str = "",
        track: str = "",
        probability: float = 1.0,
        retracted: bool = False,
    ) -> None:
        """An item's way. The same ``id`` again corrects it; ``retracted`` takes it back."""
        ko, en = self._names(product)
        data = {"id": id, "t_us": t_us, "kind": kind, "product": product, "name_ko": ko, "name_en": en, "qty": qty}
        data |= {"facing": facing, "visit": visit, "track": track, "probability": probability, "retracted": retracted}
        data["role"] = self._role(visit)
        self._happen("move", id, visit, data)

    def glimpse(self, *, id: str, t_us: int, visit: str, product: str, over: bool = False) -> None:
        """What somebody seems to have taken, before it has settled: for their phone alone (``stream`` leaves it out),
        and nothing keeps it. The same ``id`` again corrects it; ``over`` takes it back."""
        data = {"id": id, "t_us": t_us, "visit": visit, "product": product, "over": over}
        self._happen("glimpse", id, visit, data)

    def cart(
        self,
        *,
        visit: str,
        t_us: int,
        lines: Sequence[CartLine],
        confidence: float,
        label: str = "",
        people: int = 1,
        total_krw: int | None = None,
        closed: bool = False,
    ) -> None:
        """All that one group is believed to hold now; replaces what was said of it before."""
        shown = [self._line(line) for line in lines]
        total = sum(line["amount_krw"] for line in shown) if total_krw is None else total_krw
        data = {"visit": visit, "t_us": t_us, "label": label, "people": people, "lines": shown, "total_krw": total}
        data["role"] = self._role(visit)
        self._replace("cart", f"cart:{visit}", data | {"confidence": confidence, "closed": closed}, visit=visit)

    def receipt(
        self,
        *,
        id: str,
        visit: str,
        t_us: int,
        total_krw: int,
        items: int,
        confidence: float,
        decision: Literal["charge", "review"],
        state: str,
        url: str = "",
        label: str = "",
    ) -> None:
        """A receipt settled, or (same ``id``) its state changed: charged, review, disputed, refunded or closed."""
        data = {"id": id, "visit": visit, "label": label, "t_us": t_us, "total_krw": total_krw, "items": items}
        data |= {"confidence": confidence, "decision": decision, "state": state, "url": url}
        self._happen("receipt", id, visit, data)

    def stock(self, stock: Mapping[str, Mapping[str, int]]) -> None:
        """Pieces per facing and product; facings that are left out stay as they were."""
        with self._lock:
            self._stock.update({facing: dict(counts) for facing, counts in stock.items()})
            whole = dict(self._stock)
        self._replace("stock", "stock", {"stock": whole})

    def books(self, *, money: BookCheck, goods: BookCheck, capacity: BookCheck, hours: BookCheck) -> None:
        """The closing check of the four books."""
        checks = {"money": money, "goods": goods, "capacity": capacity, "hours": hours}
        self._replace("books", "books", {name: _plain(check) for name, check in checks.items()})

    def health(self, devices: Sequence[Device], *, engine_lag_ms: float, sensors: Sequence[Sensor] = ()) -> None:
        """How the devices do, how far the engine is behind them, and which plates and gondolas it finds ill."""
        rows, ill = [_plain(device) for device in devices], [_plain(sensor) for sensor in sensors]
        data = {"devices": rows, "engine_lag_ms": round(engine_lag_ms, 1), "sensors": ill}
        self._replace("health", "health", data)

    def uplink(self, **link: Any) -> None:
        """How the link to the neighbourhood's server does, and what waits to be sent (``edge.sending.Link``)."""
        self._replace("uplink", "uplink", link)

    def promise(self, report: Mapping[str, Any]) -> None:
        """What is promised of automatic charges, and what has been achieved (``promising.Report``)."""
        self._replace("promise", "promise", dict(report))

    def totals(self, totals: Totals) -> None:
        """The day so far."""
        self._replace("totals", "totals", _plain(totals))

    def close(self) -> None:
        """The shop shuts: every page's stream ends."""
        with self._lock:
            self._closed = True
        self._wake()

    # --- what a page asks -----------------------------------------------------------------------------------------
    def snapshot(self) -> Payload:
        """Everything a page needs to show the present."""
        with self._lock:
            return self._snapshot()

    def take(self, cursor: int) -> tuple[int, list[Event]]:
        """What happened since ``cursor``, oldest first, and the next cursor; a snapshot if the ring lacks it."""
        with self._lock:
            events = self._log.since(cursor)
            if events is None:
                events = [Event(self._log.seq, "snapshot", self._snapshot())]
            return self._log.seq, events

    def cursor_of(self, last_event_id: str | None) -> int:
        """Where a returning page was; -1 (a snapshot is due) for a new one or one of an earlier run of the shop."""
        epoch, _, seq = (last_event_id or "").partition("-")
        return int(seq) if epoch == self._epoch and seq.isascii() and seq.isdigit() else -1

    def check_room(self) -> None:
        """Raise ``TooMany`` where no further page can follow (asked before a stream's headers are sent)."""
        if self.pages >= PAGES_MAX:
            raise TooMany(
                "live.full",
                ko="이 화면을 보는 사람이 너무 많습니다.",
                en="Too many pages follow this shop.",
                next_ko="잠시 뒤에 다시 여세요.",
                next_en="Open it again in a moment.",
                retry_after_s=10,
            )

    async def stream(
        self, last_event_id: str | None = None, *, pace_s: float = PACE_S, heartbeat_s: float = HEARTBEAT_S
    ) -> AsyncIterator[bytes]:
        """Server-sent events: a snapshot or what was missed, then what happens, at most once every ``pace_s``."""
        async with aclosing(self.follow(last_event_id, pace_s=pace_s, heartbeat_s=heartbeat_s)) as following:
            yield b"retry: 1500\n\n"
            async for events in following:
                if events:
                    yield b"".join(event.frame(self._epoch) for event in events if event.name != "glimpse")
                else:
                    yield b"event: beat\ndata: {}\n\n"

    async def follow(
        self, last_event_id: str | None = None, *, pace_s: float = PACE_S, heartbeat_s: float = HEARTBEAT_S
    ) -> AsyncGenerator[list[Event], None]:
        """What a page has not seen yet, as it happens; nothing after ``heartbeat_s`` of quiet. Ends with the shop."""
        page = _Page()
        with self._lock:
            self._pages.add(page)
        try:
            cursor = self.cursor_of(last_event_id)
            while not self._closed:
                page.awake = False  # before looking, so that what comes between look and sleep wakes us
                page.woken.clear()
                cursor, events = self.take(cursor)
                if events:
                    yield events
                    await asyncio.sleep(pace_s)
                    continue
                try:
                    await asyncio.wait_for(page.woken.wait(), heartbeat_s)
                except TimeoutError:
                    yield []
        finally:
            with self._lock:
                self._pages.discard(page)

    @property
    def epoch(self) -> str:
        """Which run of the shop an event's number belongs to."""
        return self._epoch

    @property
    def pages(self) -> int:
        """How many pages follow now."""
        return len(self._pages)

    # --- inside ---------------------------------------------------------------------------------------------------
    def _replace(self, name: str, key: str, data: Payload, *, visit: str = "") -> None:
        with self._lock:
            if visit:
                data["n"] = self._number(visit)
            self._log.replace(name, key, data)
            if name == "cart" and data["closed"]:
                self._forget_old_carts()
        self._wake()

    def _happen(self, name: str, id: str, visit: str, data: Payload) -> None:
        with self._lock:
            data["n"] = self._number(visit)
            self._log.happen(name, data)
            recent = self._recent.get(name)
            if recent is not None:
                recent[id] = data
                if len(recent) > KEPT[name]:
                    recent.popitem(last=False)
        self._wake()

    def _forget_old_carts(self) -> None:
        closed = [key for key, e in self._log.latest.items() if e.name == "cart" and e.data["closed"]]
        self._log.forget(closed[:-KEPT_CLOSED_CARTS])

    def _wake(self) -> None:
        with self._lock:
            pages = [page for page in self._pages if not page.awake]
            for page in pages:
                page.awake = True
        for page in pages:
            try:
                page.loop.call_soon_threadsafe(page.woken.set)
            except RuntimeError:  # its loop is closed: the page is gone and had no chance to say so
                with self._lock:
                    self._pages.discard(page)

    def _snapshot(self) -> Payload:
        now: Payload = {e.name: e.data for e in self._log.latest.values() if e.name != "cart"}
        now["carts"] = [e.data for e in self._log.latest.values() if e.name == "cart"]
        now |= {f"{name}s": list(recent.values()) for name, recent in self._recent.items()}
        shop = {"id": self.shop_id, "name_ko": self.name_ko, "name_en": self.name_en}
        now |= {"shop": shop | {"note_ko": self.note_ko, "note_en": self.note_en}, "plan": _plain(self.plan)}
        return now | {"items": {key: _plain(item) for key, item in self.items.items()}}

    def _number(self, visit: str) -> int | None:
        """Groups are numbered as they appear: the number a page shows in place of any name."""
        return self._numbers.setdefault(visit, len(self._numbers) + 1) if visit else None

    def _role(self, visit: str) -> str:
        return "staff" if visit in self._staff else "customer"

    def _names(self, product: str) -> tuple[str, str]:
        item = self.items.get(product)
        return (item.name_ko, item.name_en) if item else (product, product)

    def _line(self, line: CartLine) -> Payload:
        item = self.items.get(line.product)
        ko, en = self._names(line.product)
        price = line.price_krw if line.price_krw is not None else (item.price_krw if item else 0)
        by_weight = item is not None and item.by_weight and line.grams is not None
        amount = price * (line.grams or 0) // 100 if by_weight else price * line.qty
        shown: Payload = _plain(line)
        return shown | {
            "name_ko": line.name_ko or ko,
            "name_en": line.name_en or en,
            "price_krw": price,
            "amount_krw": amount if line.amount_krw is None else line.amount_krw,
        }


class Hubs:
    """The shops that are live in this process, by id."""

    def __init__(self, hubs: Iterable[Hub] = ()) -> None:
        self._hubs = {hub.shop_id: hub for hub in hubs}

    def add(self, hub: Hub) -> Hub:
        self._hubs[hub.shop_id] = hub
        return hub

    def get(self, shop_id: str) -> Hub | None:
        return self._hubs.get(shop_id)

    def all(self) -> list[Hub]:
        return list(self._hubs.values())

    def close(self) -> None:
        for hub in self.all():
            hub.close()


def _plain(struct: msgspec.Struct) -> Any:
    return msgspec.to_builtins(struct)
