"""A shop of four shelf units, one for each direction, small enough to check by eye: for tests of the live page."""

from __future__ import annotations

from typing import Any

from madang.kernel import Clock
from madang.walkout.live import Hub
from madang.walkout.live_model import BookCheck, CartLine, Device, Dot, Item, Sensor, Totals, Unit

ITEMS = (
    Item(
        id="A1", name_ko="한울 녹차", name_en="Hanul green tea, unsweetened, 500 ml bottle", price_krw=1500, kind="tea"
    ),
    Item(id="A2", name_ko="새봄 감자칩", name_en="Saebom crisps", price_krw=2300, kind="chips"),
    Item(id="A3", name_ko="들꽃 사과", name_en="Wildflower apples", price_krw=690, kind="produce", by_weight=True),
)
SIDES = {"n": (0.0, 1.0), "s": (0.0, -1.0), "e": (1.0, 0.0), "w": (-1.0, 0.0)}
BOXES = {"s": [1, 4, 0, 3, 4.4, 2], "n": [1, -0.4, 0, 3, 0, 2], "w": [4, 1, 0, 4.4, 3, 2], "e": [-0.4, 1, 0, 0, 3, 2]}


PROMISE: dict[str, Any] = {
    "state": "not_yet", "wrong_max": 0.001, "doubt": 0.05, "audited": 310, "audited_wrong": 0, "achieved": 0.0,
    "achieved_low": 0.0, "achieved_high": 0.0118, "needed": 3760, "needed_at": 0.97, "needed_receipts": 78_200,
    "threshold": 0.9, "receipts": 6_450, "asked": 720, "drawn": 322,
}  # fmt: skip
"""As ``promising.Report`` tells it, of a shop that has looked at 310 receipts."""


def layout(*, facings: int = 2, shelves: int = 2) -> dict[str, Any]:
    """The layout document; every unit is 2 m wide and its facings are equally wide."""
    units, boards, planogram = [], [], []
    for side, box in BOXES.items():
        units.append({"id": side, "outward": SIDES[side], "along": SIDES[side][::-1], "box": box})
        for shelf in range(1, shelves + 1):
            z0, z1 = 0.4 * shelf, 0.4 * shelf + 0.35
            boards.append(
                {"id": f"{side}-{shelf}", "gondola": side, "shelf": shelf, "box": [*box[:2], z0, *box[3:5], z1]}
            )
            planogram += [_facing(side, shelf, i, facings) for i in range(facings)]
    return {
        "name": "small",
        "gondolas": units,
        "shelves": boards,
        "planogram": planogram,
        "area": [[0.2, 0.2], [3.8, 0.2], [3.8, 3.8], [0.2, 3.8]],
        "gate_polygon": [[3.2, 3.3], [3.8, 3.3], [3.8, 3.8], [3.2, 3.8]],
        "entry_line": [[3.2, 3.3], [3.5, 3.3]],
        "exit_line": [[3.5, 3.3], [3.8, 3.3]],
    }


def _facing(side: str, shelf: int, i: int, of: int) -> dict[str, Any]:
    x0, y0, _, x1, y1, _ = BOXES[side]
    part = 2.0 / of
    box = (
        [x0 + i * part, y0, 0, x0 + (i + 1) * part, y1, 1]
        if side in "ns"
        else [x0, y0 + i * part, 0, x1, y0 + (i + 1) * part, 1]
    )
    product = ITEMS[i % len(ITEMS)].id
    return {
        "id": f"{side}{shelf}{i}",
        "gondola": side,
        "shelf": shelf,
        "products": [product],
        "box": box,
        "count": {product: 10},
    }


def hub(clock: Clock, *, shop: str = "s1", **layout_of: int) -> Hub:
    """A hub that has been told of one of everything."""
    made = Hub(shop, layout(**layout_of), ITEMS, clock, name_ko="마루 골목 가게", name_en="Maru Corner Shop")
    tell(made, clock.now_us())
    return made


def tell(hub: Hub, t_us: int) -> None:
    """One of every event, such as a live shop says them."""
    hub.clock(t_us, 4.0)
    hub.stock({facing.id: {facing.products[0]: 10} for unit in hub.plan.gondolas for facing in unit.facings})
    hub.stock({"s10": {"A1": 2}, "s11": {"A2": 0}})
    hub.gate(id="g1", t_us=t_us, event="entered", visit="v1", people=2)
    hub.gate(id="g2", t_us=t_us, event="entered", role="staff")
    people = [Dot(id="t1", x=2.0, y=2.0, visit="v1"), Dot(id="t2", x=1.0, y=1.5, role="staff"), Dot(id="t3", x=3, y=1)]
    hub.people(people, t_us=t_us)
    hub.move(
        id="m1", t_us=t_us, kind="pick", product="A1", qty=2, facing="s10", visit="v1", track="t1", probability=0.97
    )
    lines = [CartLine(product="A1", qty=2, probability=0.97), CartLine(product="A3", qty=1, grams=430, probability=0.6)]
    hub.cart(visit="v1", t_us=t_us, lines=lines, confidence=0.58, people=2)
    hub.receipt(
        id="r0",
        visit="v0",
        t_us=t_us,
        total_krw=14_600,
        items=5,
        confidence=0.995,
        decision="charge",
        state="charged",
        url="/r/token-of-v0",
    )
    hub.receipt(
        id="r9", visit="v9", t_us=t_us, total_krw=3_800, items=2, confidence=0.61, decision="review", state="review"
    )
    check = BookCheck(
        ok=True, total=14_600, unit=Unit.KRW, detail_ko="받은 돈과 영수증", detail_en="money and receipts"
    )
    pieces, places = BookCheck(ok=True, total=160, unit=Unit.PIECES), BookCheck(ok=True, total=12, unit=Unit.PLACES)
    hub.books(money=check, goods=pieces, capacity=places, hours=BookCheck(ok=True, total=95, unit=Unit.MINUTES))
    plates = Device(id="gondola-s", kind="plates", last_us=t_us, batches=900, late=3, duplicate=1)
    gate = Device(id="door", kind="gate", ok=False, batches=4, malformed=2)
    hub.health([plates, gate], engine_lag_ms=41.2, sensors=[Sensor(kind="plate", id="s-1-3", state="dead")])
    hub.totals(Totals(receipts=2, items=7, sales_krw=14_600, reviewed=1, inside=2, promise=0.992, exact=2))
    hub.promise(PROMISE)
