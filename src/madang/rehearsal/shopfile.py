"""Reading a shop file: every field checked, every fault named with its line."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from dataclasses import replace
from pathlib import Path

import yaml

from madang.rehearsal.fields import Fault, Fields, clock_of, load, refuse, span_of
from madang.rehearsal.goods import given_facings, goods_of
from madang.rehearsal.model import Rack, Shoppers, ShopPlan, Staff, Troubles
from madang.twin import Settings, preset
from madang.twin.layout import Room, Shape, Stand, floor
from madang.twin.settings import PRESETS
from madang.walkout.costs import Costs
from madang.walkout.promise import Terms

FACES = {
    "south": ((1.0, 0.0), (0.0, -1.0)),
    "north": ((-1.0, 0.0), (0.0, 1.0)),
    "west": ((0.0, -1.0), (-1.0, 0.0)),
    "east": ((0.0, 1.0), (1.0, 0.0)),
}
"""Along (left to right as seen from the aisle) and outward, by the way a gondola's front looks on the plan."""
COVER_M2 = 4.0  # floor per camera at which the presets' occlusion holds: AiFi's store, 12 cameras on about 46 m²
FIGURES = tuple(f.name for f in dataclass_fields(Settings) if f.name not in ("vision",))
LIKE_MAX = 5  # variants of variants


def read(path: Path) -> ShopPlan:
    """Read a shop file, with what it is ``like`` below it. Raises ``NotFound`` or ``Malformed`` with every fault."""
    faults: list[Fault] = []
    top = Fields(_merged(path, LIKE_MAX), faults)
    name = top.text("name", path.stem)
    racks, room = _racks(top)
    goods = goods_of(top, path.parent)
    sensors, faults_name, cameras = _sensors(top, room)
    shoppers = _shoppers(top.part("shoppers"))
    staff = _staff(top.part("staff"), shoppers)
    troubles = _troubles(top.part("troubles"))
    sensors = replace(sensors, wrong_weight_share=max(sensors.wrong_weight_share, troubles.wrong_weights))
    plan = ShopPlan(
        name=name,
        path=path,
        racks=racks,
        room=room,
        goods=goods,
        facings=given_facings(top, path.parent, racks, {g.id for g in goods}),
        swaps=tuple(top.pairs("swaps")),
        shoppers=shoppers,
        sensors=sensors,
        faults=faults_name,
        cameras=cameras,
        staff=staff,
        terms=_promise(top.part("promise"), staff),
        troubles=troubles,
    )
    top.done()
    if faults:
        raise refuse(path, faults)
    return plan


def _merged(path: Path, more: int) -> yaml.MappingNode:
    """The file's fields over those of the file it is ``like``; relative paths of that file stay relative to it."""
    node = load(path)
    assert isinstance(node, yaml.MappingNode)
    like = next((v for k, v in node.value if k.value == "like"), None)
    if like is None:
        return node
    if not more:
        raise refuse(path, [Fault(like.start_mark.line + 1, "like", "서로를 가리킵니다.", "goes round in circles.")])
    below = (path.parent / str(like.value)).resolve()
    own = {k.value for k, _ in node.value}
    for key, value in _merged(below, more - 1).value:
        if key.value in own:
            continue
        if key.value in ("products", "prices", "planogram") and value.value not in ("sample", "auto"):
            value.value = str((below.parent / value.value).resolve())
        node.value.append((key, value))
    node.value = [(k, v) for k, v in node.value if k.value != "like"]
    return node


def _shape(f: Fields, base: Shape) -> Shape:
    shape = replace(
        base,
        shelves=f.whole("shelves", 1, 10, base.shelves),
        plates=f.whole("plates", 1, 40, base.plates),
        plate_width_m=f.number("plate_width_m", 0.04, 1.0, base.plate_width_m, " m"),
        depth_m=f.number("depth_m", 0.15, 1.2, base.depth_m, " m"),
        bottom_m=f.number("bottom_m", 0.05, 1.0, base.bottom_m, " m"),
        top_m=f.number("top_m", 0.4, 2.4, base.top_m, " m"),
    )
    if shape.top_m < shape.bottom_m + 0.15 * shape.shelves:
        f.fault("top_m", "선반 사이가 15 cm보다 좁습니다.", "leaves less than 15 cm between shelves.")
    return shape


def _racks(top: Fields) -> tuple[tuple[Rack, ...], Room]:
    """Gondolas in rows (``rows``) or one by one (``gondolas``), and the room around them."""
    base = _shape(gondola := top.part("gondola"), Shape())
    gondola.done()
    rows = top.part("rows")
    if top.has("gondolas"):
        if top.has("rows"):
            top.fault("rows", "gondolas와 함께 쓸 수 없습니다.", "cannot stand beside gondolas.")
        return _one_by_one(top, base)
    shape = replace(
        base,
        back=rows.whole("back", 0, 12, 3),
        side=rows.whole("side", 0, 12, 1),
        islands=rows.whole("islands", 0, 8, 1),
        island_length=rows.whole("island_length", 1, 8, 1),
        aisle_m=rows.number("aisle_m", 0.9, 4.0, 1.5, " m"),
    )
    rows.done()
    if not shape.back + shape.side + shape.islands:
        rows.fault("back", "진열대가 하나도 없습니다.", "leaves no gondola at all.")
        shape = replace(shape, back=1)
    stands, room = floor(shape)
    return tuple(Rack(shape, stand) for stand in stands), room


def _one_by_one(top: Fields, base: Shape) -> tuple[tuple[Rack, ...], Room]:
    racks: list[Rack] = []
    for f in top.rows("gondolas"):
        x, y = f.number("x", -50, 50, unit=" m"), f.number("y", -50, 50, unit=" m")
        face = f.choice("faces", tuple(FACES))
        shape = _shape(f, base)
        f.done()
        length = shape.plates * shape.plate_width_m
        along, outward = FACES[face]
        corner = (x + length * (along[0] < 0), y + length * (along[1] < 0))
        racks.append(Rack(shape, Stand(corner, along, outward)))
    if not racks:
        top.fault("gondolas", "진열대를 하나 이상 적으세요.", "must name at least one gondola.")
        racks = [Rack(base, Stand((0.0, 0.0), *FACES["south"]))]
    room = top.part("room")
    x0, y0, x1, y1 = _outline(racks)
    outline = (
        room.number("x0", -60, 60, x0 - 0.6),
        room.number("y0", -60, 60, y0 - 1.5),
        room.number("x1", -60, 60, x1 + 0.6),
        room.number("y1", -60, 60, y1),
    )
    room.done()
    if outline[2] - outline[0] < 2.5 or outline[3] - outline[1] < 1.5:
        room.fault("x1", "방이 너무 좁습니다 (2.5 m × 1.5 m 이상).", "leaves too small a room (at least 2.5 by 1.5 m).")
    return tuple(racks), outline


def _outline(racks: list[Rack]) -> tuple[float, float, float, float]:
    """The box around the gondolas' fronts."""
    xs, ys = [], []
    for rack in racks:
        (x, y), (ax, ay), length = rack.stand.corner, rack.stand.along, rack.shape.plates * rack.shape.plate_width_m
        xs += [x, x + ax * length]
        ys += [y, y + ay * length]
    return min(xs), min(ys), max(xs), max(ys)


def _sensors(top: Fields, room: Room) -> tuple[Settings, str, int]:
    """A preset, figures of one's own over it, and occlusion by the floor each camera has to cover (our assumption)."""
    f = top.part("sensors")
    name = f.choice("faults", tuple(PRESETS), "normal")
    area_m2 = abs((room[2] - room[0]) * (room[3] - room[1]))
    usual = max(1, round(area_m2 / COVER_M2))
    cameras = f.whole("cameras", 1, 500, usual)
    settings = preset(name)
    thin = usual / cameras
    settings = replace(
        settings,
        occlusion_per_min=round(settings.occlusion_per_min * thin, 4),
        unseen=min(0.5, round(settings.unseen * thin, 4)),
        vision=f.choice("classifier", ("yes", "no", "true", "false"), "yes") in ("yes", "true"),
    )
    figures = f.part("figures")
    changes: dict[str, float] = {}
    for figure in figures.names():
        if figure in FIGURES:
            changes[figure] = figures.number(figure, 0.0, 1000.0, 0.0)
        else:
            figures.node(figure)
            known = ", ".join(FIGURES)
            figures.fault(figure, f"모르는 수치입니다. 쓸 수 있는 것: {known}.", f"is no figure. There are: {known}.")
    f.done()
    return replace(settings, **changes), name, cameras  # type: ignore[arg-type]


def _shoppers(f: Fields) -> Shoppers:
    open_h, close_h = f.hours("open", (7.0, 23.0))
    shoppers = Shoppers(
        open_h=open_h,
        close_h=close_h,
        per_hour=_per_hour(f),
        items=f.number("items", 1.0, 20.0, 3.0),
        group=f.number("group", 0.0, 1.0, 0.2),
        put_back=f.number("put_back", 0.0, 1.0, 0.15),
        misplace=f.number("misplace", 0.0, 1.0, 0.03),
        touch=f.number("touch", 0.0, 1.0, 0.1),
    )
    f.done()
    return shoppers


def _per_hour(f: Fields) -> tuple[float, ...]:
    """One figure for the whole day, or one by span of hours (hours not named: 0)."""
    node = f.node("per_hour")
    if not isinstance(node, yaml.MappingNode):
        return (f.number("per_hour", 0.0, 600.0, 30.0),) * 24
    spans = Fields(node, f.faults, f"{f.path}.per_hour")
    out = [0.0] * 24
    for name in spans.names():
        rate = spans.number(name, 0.0, 600.0, 0.0)
        span = span_of(name)
        if span is None:
            spans.fault(name, "'07-09: 40'처럼 적으세요.", "write it like '07-09: 40'.")
            continue
        for hour in range(24):
            share = max(0.0, min(hour + 1, span[1]) - max(hour, span[0]))
            out[hour] += rate * share
    return tuple(out)


def _staff(f: Fields, shoppers: Shoppers) -> Staff:
    rounds = []
    for text in f.texts("restock_at"):
        hour = clock_of(text)
        if hour is None or not shoppers.open_h <= hour <= shoppers.close_h:
            f.fault(
                "restock_at",
                f"'{text}'은(는) 영업시간 안의 시각이 아닙니다.",
                f"'{text}' is no time within the opening hours.",
            )
        else:
            rounds.append(hour)
    from_h, to_h = f.hours("hours", (shoppers.open_h, shoppers.close_h))
    staff = Staff(
        from_h=from_h,
        to_h=to_h,
        restock_at=tuple(sorted(rounds)),
        facings_per_round=f.whole("facings_per_round", 1, 500, 60),
        review_s=f.number("review_s", 1, 3600, 30, " s"),
        misplaced_s=f.number("misplaced_s", 1, 3600, 60, " s"),
        wage_krw_h=f.whole("wage_krw_h", 0, 1_000_000, 12_000),
    )
    f.done()
    return staff


def _troubles(f: Fields) -> Troubles:
    """Rates of what is nobody's fault; why these: docs/rehearsal.md."""
    troubles = Troubles(
        tailgaters=f.number("tailgaters", 0.0, 1.0, 0.005),
        children=f.number("children", 0.0, 1.0, 0.25),
        hand_overs=f.number("hand_overs", 0.0, 1.0, 0.005),
        crossing=f.number("crossing", 0.0, 1.0, 0.02),
        wrong_planogram=f.number("wrong_planogram", 0.0, 1.0, 0.01),
        wrong_weights=f.number("wrong_weights", 0.0, 1.0, 0.01),
    )
    f.done()
    return troubles


def _promise(f: Fields, staff: Staff) -> Terms:
    """The promise as the shop will make it; what a look costs is what staff cost here."""
    usual = Terms()
    terms = Terms(
        wrong_max=f.number("wrong_per_1000", 0.01, 200.0, 10.0) / 1000,
        floor=f.number("floor", 0.0, 1.0, usual.floor),
        audit_share=f.number("audit", 0.0, 1.0, usual.audit_share),
        until="ask" if f.choice("until", ("cost", "ask"), usual.until) == "ask" else "cost",
        costs=Costs(review_s=staff.review_s, wage_krw_h=staff.wage_krw_h),
    )
    f.done()
    return terms
