"""Streams: the same to the bit however they are read, and physically true."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
from tests.twin.twin_shops import EPOCH_US, alike, all_alike, some_plan, tiny

from madang.kernel import Invalid
from madang.twin import (
    MISSING,
    Do,
    GateEvent,
    Geometry,
    Line,
    Message,
    Plan,
    PlateBatch,
    Shop,
    SkeletonFrame,
    VisionObs,
    Visit,
    layout,
    preset,
)
from madang.twin.messages import BATCH_S
from madang.twin.scenarios import plan_of
from madang.twin.settings import CLEAN, WIDE


@pytest.mark.parametrize("faults", ["none", "normal", "wide"])
def test_the_same_seed_gives_the_same_stream_to_the_bit(faults: str) -> None:
    shop, plan = tiny(), some_plan(tiny(), 3)
    first = list(Shop(shop, 7, preset(faults)).stream(plan))
    assert all_alike(first, list(Shop(shop, 7, preset(faults)).stream(plan)))
    other = list(Shop(shop, 8, preset(faults)).stream(plan))
    assert not all_alike(first, other)


@pytest.mark.parametrize("faults", ["normal", "wide"])
@pytest.mark.parametrize("after_s", [0.0, 17.03, 63.0])
def test_a_stream_that_starts_later_is_the_rest_of_the_full_one(faults: str, after_s: float) -> None:
    shop, plan = Shop(tiny(), 3, preset(faults)), some_plan(tiny())
    start_us = EPOCH_US + round(after_s * 1e6)
    full = [m for m in shop.stream(plan) if m.arrival >= start_us / 1e6]
    late = shop.stream(plan, start_us=start_us)
    assert all_alike(list(late), full)


def test_a_stream_that_ends_earlier_is_the_beginning_of_the_full_one() -> None:
    shop, plan = Shop(tiny(), 3), some_plan(tiny())
    until_us = EPOCH_US + 30_300_000
    full = [m for m in shop.stream(plan) if m.arrival < until_us / 1e6]
    assert all_alike(list(shop.stream(plan, until_us=until_us)), full)


def test_pieces_of_a_stream_joined_are_the_whole() -> None:
    shop, plan = Shop(tiny(), 3, WIDE), some_plan(tiny(), 4)
    cuts = [EPOCH_US + round(s * 1e6) for s in (0.0, 9.9, 23.456, 40.0)]
    pieces: list[Message] = []
    for start, end in zip(cuts, [*cuts[1:], None], strict=True):
        pieces += list(shop.stream(plan, start_us=start, until_us=end))
    assert all_alike(pieces, list(shop.stream(plan)))


def test_a_fast_forwarded_stream_knows_the_truth_of_what_it_passed_over() -> None:
    shop, plan = Shop(tiny(), 3), some_plan(tiny())
    full, late = shop.stream(plan), shop.stream(plan, start_us=EPOCH_US + 60_000_000)
    for stream in (full, late):
        for _ in stream:
            pass
    assert late.truth == full.truth


def test_messages_come_in_the_order_of_their_arrival() -> None:
    messages = list(Shop(tiny(), 3, WIDE).stream(some_plan(tiny())))
    arrivals = [m.arrival for m in messages]
    assert arrivals == sorted(arrivals)
    assert {type(m) for m in messages} == {PlateBatch, SkeletonFrame, GateEvent, VisionObs}


def test_plates_show_exactly_the_stock_when_nothing_disturbs_them() -> None:
    shop = Shop(tiny(), 3, CLEAN)
    plan = some_plan(tiny())
    stream = shop.stream(plan)
    first: dict[int, PlateBatch] = {}
    last: dict[int, PlateBatch] = {}
    before = _weights(shop, plan)
    for message in stream:
        if isinstance(message, PlateBatch):
            first.setdefault(message.gondola, message)
            last[message.gondola] = message
    for gondola in shop.geometry.gondolas:
        change_dg = last[gondola.id].values[-1].astype(int) - first[gondola.id].values[0].astype(int)
        start, end = before[gondola.index], stream.loads_g(gondola.id)
        true_dg = [10 * (b - a) for a, b in zip(start, end, strict=True)]
        assert np.allclose(change_dg, true_dg, atol=1.01)


def _weights(shop: Shop, plan: Plan) -> list[list[float]]:
    stream = shop.stream(plan)
    return [stream.loads_g(g.id) for g in shop.geometry.gondolas]


def test_what_leaves_the_shelves_is_carried_out_dropped_or_still_misplaced() -> None:
    shop = Shop(tiny(), 4)
    plan = some_plan(tiny(), 8)
    stream = shop.stream(plan)
    before = Counter(stream.stock())
    for _ in stream:
        pass
    truth = stream.truth
    moved: Counter[str] = Counter(before)
    for event in truth.events:
        if event.product is not None and event.kind in ("pick", "staff_pick"):
            moved[event.product] -= event.qty
        if event.product is not None and event.kind in ("put_back", "restock"):
            moved[event.product] += event.qty
    assert Counter(stream.stock()) == +moved
    out: Counter[str] = Counter()
    for receipt in truth.receipts.values():
        out += receipt
    restocked = Counter({e.product: 0 for e in truth.events if e.product})
    for event in truth.events:
        if event.kind == "restock":
            restocked[event.product] += event.qty
    dropped: Counter[str | None] = Counter()
    for event in truth.events:
        if event.kind == "drop":
            dropped[event.product] += event.qty
    for product in before:
        on_shelf = stream.stock().get(product, 0)
        assert before[product] + restocked[product] == on_shelf + out[product] + dropped[product]


def test_receipts_are_picks_less_put_backs() -> None:
    stream = Shop(tiny(), 5).stream(some_plan(tiny(), 8))
    for _ in stream:
        pass
    kept: dict[str, Counter[str]] = {}
    for event in stream.truth.events:
        if event.credential is not None and event.product is not None and event.role == "customer":
            sign = {"pick": 1, "put_back": -1}.get(event.kind, 0)
            kept.setdefault(event.credential, Counter())[event.product] += sign * event.qty
    for credential in stream.truth.receipts:
        assert stream.truth.receipt(credential) == {p: n for p, n in sorted(kept.get(credential, {}).items()) if n}


def test_true_events_carry_the_weight_that_moved() -> None:
    stream = Shop(tiny(), 5, replace(CLEAN, weight_factor_sd=0.0)).stream(some_plan(tiny(), 6))
    for _ in stream:
        pass
    products = Geometry(tiny()).products
    for event in stream.truth.events:
        if event.product is not None and event.plates:
            p = products[event.product]
            off = abs(sum(event.plates.values())) - event.qty * p.weight_g
            assert abs(off) <= event.qty * (3.1 * p.weight_sd_g + 0.3) + 0.5


def test_a_hand_is_at_the_plate_when_the_weight_changes() -> None:
    shop = tiny()
    stream = Shop(shop, 5, CLEAN).stream(some_plan(shop, 6))
    frames = [m for m in stream if isinstance(m, SkeletonFrame)]
    boxes = {p["id"]: np.array(p["box"]) for p in shop["plates"]}
    times = np.array([f.t for f in frames])
    owner = {s.track: s.person for s in stream.truth.tracks}
    far = []
    for event in stream.truth.events:
        if event.kind in ("pick", "put_back"):
            box = boxes[max(event.plates, key=lambda p: abs(event.plates[p]))]
            frame = frames[int(np.argmin(np.abs(times - event.t)))]
            wrists = [j[6:8, :3] for track, j in frame.people if owner.get(track) == event.person]
            gaps = np.concatenate([np.clip(np.maximum(box[:3] - w, w - box[3:]), 0, None) for w in wrists])
            far.append(float(np.linalg.norm(gaps, axis=1).min()))
    assert len(far) > 10
    assert np.median(far) < 0.12
    assert max(far) < 0.35


def test_walkers_keep_a_human_pace() -> None:
    shop = tiny()
    frames = [m for m in Shop(shop, 5, CLEAN).stream(some_plan(shop, 4)) if isinstance(m, SkeletonFrame)]
    seen: dict[str, tuple[float, np.ndarray]] = {}
    speeds = []
    for frame in frames:
        for track, joints in frame.people:
            if track in seen and frame.t - seen[track][0] > 0.05:
                speeds.append(np.linalg.norm(joints[1, :2] - seen[track][1]) / (frame.t - seen[track][0]))
            seen[track] = (frame.t, joints[1, :2])
    assert np.quantile(speeds, 0.99) < 2.2
    assert np.quantile(speeds, 0.9) > 0.7


def test_quiet_plates_are_as_noisy_as_settings_say() -> None:
    shop = layout.neighbourhood()
    nobody = Plan(EPOCH_US, (Visit(EPOCH_US + 20_000_000, "c1"),))
    until_us = EPOCH_US + 18_000_000
    batches = [m for m in Shop(shop, 2).stream(nobody, until_us=until_us) if isinstance(m, PlateBatch)]
    sds = []
    for gondola in {b.gondola for b in batches}:
        values = np.concatenate([b.values for b in batches if b.gondola == gondola]).astype(float) / 10
        sds.append(values[: len(values) // 60 * 60].reshape(-1, 60, values.shape[1]).std(axis=1).mean(axis=0))
    sd = np.concatenate(sds)
    assert 0.45 < np.median(sd) < 0.8
    assert 2.0 < np.quantile(sd, 0.95) < 4.5


def test_wide_faults_show_in_the_stream_and_in_the_truth() -> None:
    shop = layout.neighbourhood()
    stream = Shop(shop, 11, WIDE).stream(some_plan(shop, 5))
    batches = [m for m in stream if isinstance(m, PlateBatch)]
    keys = Counter((b.gondola, b.seq) for b in batches)
    seqs = max(b.seq for b in batches) + 1
    gondolas = len(shop["gondolas"])
    assert 0 < sum(n > 1 for n in keys.values()) < 0.05 * len(keys)
    assert 0.9 * gondolas * seqs < len(keys) < gondolas * seqs
    assert any(b.arrival - b.t > 0.8 for b in batches)
    dead = stream.truth.sensors["dead"]
    assert isinstance(dead, list)
    assert dead
    gondola = int(dead[0].split("-")[0])
    column = Geometry(shop).gondolas[gondola - 1].plates.index(dead[0])
    assert all((b.values[:, column] == MISSING).all() for b in batches if b.gondola == gondola)


def test_clocks_differ_by_a_constant_that_the_truth_tells() -> None:
    stream = Shop(tiny(), 3, replace(CLEAN, clock_offset_s=0.15)).stream(some_plan(tiny(), 2))
    batches = [m for m in stream if isinstance(m, PlateBatch)]
    offsets = stream.truth.sensors["clock_offset_s"]
    assert isinstance(offsets, dict)
    for gondola in (1, 2):
        late = np.mean([b.t - EPOCH_US / 1e6 - b.seq * BATCH_S for b in batches if b.gondola == gondola])
        assert late == pytest.approx(offsets[f"gondola-{gondola}"], abs=0.002)


def test_a_group_enters_on_one_credential_and_pays_once() -> None:
    shop = tiny()
    lines = tuple(Line(p, 1) for p in sorted(Geometry(shop).facings_of)[:4])
    plan = Plan(EPOCH_US, (Visit(EPOCH_US + 2_000_000, "c1", lines, size=3, children=1),))
    stream = Shop(shop, 3, CLEAN).stream(plan)
    gate = [m for m in stream if isinstance(m, GateEvent)]
    entered = [g for g in gate if g.event == "entered"]
    assert [g.credential for g in entered] == ["c1", None, None]
    assert entered[0].group_size == 3
    assert sum(stream.truth.receipt("c1").values()) == 4
    assert set(stream.truth.left_us) == {"c1"}


def test_staff_fill_the_shelves_and_never_get_a_receipt() -> None:
    shop = tiny()
    geometry = Geometry(shop)
    facing = next(f for f in geometry.facings.values() if f.counts[0] >= 6)
    taken = tuple(Line(facing.products[0], 3) for _ in range(2))
    staff = Visit(EPOCH_US + 90_000_000, "staff1", (Line("", do=Do.RESTOCK, at=facing.id),), role="staff")
    stream = Shop(shop, 3, CLEAN).stream(Plan(EPOCH_US, (Visit(EPOCH_US, "c1", taken), staff)))
    before = stream.stock()
    for _ in stream:
        pass
    assert stream.stock() == before
    assert set(stream.truth.receipts) == {"c1"}


@pytest.mark.parametrize(("do", "kinds"), [
    (Do.BUY, ["pick"]), (Do.RETURN, ["pick", "put_back"]), (Do.MISPLACE, ["pick", "put_back"]),
    (Do.TOUCH, ["touch"]), (Do.DROP, ["pick", "drop"]),
])  # fmt: skip
def test_each_errand_leaves_its_events(do: Do, kinds: list[str]) -> None:
    shop = tiny()
    product = sorted(Geometry(shop).facings_of)[0]
    stream = Shop(shop, 3, CLEAN).stream(Plan(EPOCH_US, (Visit(EPOCH_US, "c1", (Line(product, do=do),)),)))
    for _ in stream:
        pass
    assert [e.kind for e in stream.truth.events] == kinds
    assert stream.truth.receipt("c1") == ({product: 1} if do is Do.BUY else {})
    assert bool(stream.misplaced()) == (do is Do.MISPLACE)


def test_two_products_in_one_grab_are_two_events_of_one_movement() -> None:
    shop = tiny()
    a, b = next(
        (a, b)
        for a, b in pairwise(shop["planogram"])
        if (a["gondola"], a["shelf"]) == (b["gondola"], b["shelf"]) and len(a["plates"]) == len(b["plates"]) == 1
    )
    line = Line(a["products"][0], also=b["products"][0], at=a["id"])
    stream = Shop(shop, 3, CLEAN).stream(Plan(EPOCH_US, (Visit(EPOCH_US, "c1", (line,)),)))
    for _ in stream:
        pass
    first, second = stream.truth.events
    assert (first.t, first.plates) == (second.t, second.plates)
    assert set(first.plates) == {a["plates"][0], b["plates"][0]}
    assert stream.truth.receipt("c1") == {a["products"][0]: 1, b["products"][0]: 1}


def test_a_hand_over_moves_the_item_to_the_other_ones_receipt() -> None:
    shop = tiny()
    products = sorted(Geometry(shop).facings_of)
    giver = Visit(EPOCH_US, "c1", (Line(products[0], do=Do.HAND_OVER),))
    taker = Visit(EPOCH_US, "c2", tuple(Line(p) for p in products[1:7]))
    stream = Shop(shop, 3, CLEAN).stream(Plan(EPOCH_US, (giver, taker)))
    for _ in stream:
        pass
    truth = stream.truth
    assert truth.receipt("c1") == {}
    assert truth.receipt("c2")[products[0]] == 1
    assert truth.receipts_picker["c1"][products[0]] == 1


def test_two_who_hand_something_over_stand_face_to_face_and_their_hands_meet() -> None:
    shop = tiny()
    gaps, kept = [], 0
    for seed in range(4):
        plan = plan_of("hand-over", Geometry(shop), np.random.default_rng(seed), 2, EPOCH_US)
        stream = Shop(shop, seed, CLEAN).stream(plan)
        frames = [m for m in stream if isinstance(m, SkeletonFrame)]
        times, owner = np.array([f.t for f in frames]), {s.track: s.person for s in stream.truth.tracks}
        given = [e for e in stream.truth.events if e.kind == "hand_over"]
        kept += not given
        for event in given:
            frame = frames[int(np.argmin(np.abs(times - event.t)))]
            joints = {owner[track]: j for track, j in frame.people}
            one, other = joints[event.person][6:8, :3], joints[str(event.to)][6:8, :3]
            gaps.append(float(np.linalg.norm(one[:, None] - other[None], axis=2).min()))
    assert len(gaps) >= 2  # the others kept it: nobody was there any more
    assert max(gaps) < 0.15


def test_a_hand_that_keeps_something_is_up_before_the_body() -> None:
    shop = tiny()
    product = sorted(Geometry(shop).facings_of)[0]
    heights = {True: [], False: []}  # type: dict[bool, list[float]]
    for seed in range(6):
        visit = Visit(EPOCH_US, "c1", (Line(product), Line(product)))
        stream = Shop(shop, seed, CLEAN).stream(Plan(EPOCH_US, (visit,)))
        frames = [m for m in stream if isinstance(m, SkeletonFrame)]
        for event in stream.truth.events[:1]:
            after = [j for f in frames if 2.5 < f.t - event.t < 3.5 for _, j in f.people]
            some = max(float((j[6:8, 2] / j[1, 2]).max()) for j in after)
            heights[some > 0.68].append(some)
    assert len(heights[True]) >= 2
    assert len(heights[False]) >= 2
    assert max(heights[False]) < 0.67  # the others hang


def test_streams_read_side_by_side_do_not_disturb_each_other() -> None:
    shop, plan = Shop(tiny(), 3), some_plan(tiny(), 2)
    left, right = shop.stream(plan), shop.stream(plan)
    assert all(alike(a, b) for a, b in islice(zip(left, right, strict=True), 2000))


def test_an_unknown_fault_level_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        preset("terrible")
    assert refused.value.code == "twin.no_such_faults"
    assert "wide" in refused.value.text("ko")


def test_a_thrifty_stream_differs_only_while_the_shop_is_empty() -> None:
    shop, plan = Shop(tiny(), 3), some_plan(tiny(), 3, per_hour=30.0)
    full, thrifty = list(shop.stream(plan)), list(shop.stream(plan, thrifty=True))
    assert 0.3 < sum(isinstance(m, PlateBatch) for m in thrifty) / sum(isinstance(m, PlateBatch) for m in full) < 0.9
    assert not any(isinstance(m, PlateBatch) and len(m.values) != 12 for m in thrifty)
    people = [[m for m in ms if isinstance(m, SkeletonFrame) and m.people] for ms in (full, thrifty)]
    assert all_alike(*people)
    assert all_alike(*([m for m in ms if isinstance(m, GateEvent)] for ms in (full, thrifty)))
    times = [m.t for m in people[0]]
    busy = [
        [m for m in ms if isinstance(m, PlateBatch) and min(abs(m.t - t) for t in times) < 3] for ms in (full, thrifty)
    ]
    assert all_alike(*busy)


def test_a_thrifty_streams_peeks_lie_on_the_full_ones_levels() -> None:
    shop, plan = Shop(tiny(), 3), some_plan(tiny(), 3, per_hour=12.0)
    full = {(m.gondola, m.seq): m for m in shop.stream(plan) if isinstance(m, PlateBatch)}
    for gondola in (1, 2):
        apart = [
            np.median(m.values, axis=0) - np.median(full[m.gondola, m.seq].values, axis=0)
            for m in shop.stream(plan, thrifty=True)
            if isinstance(m, PlateBatch) and m.gondola == gondola and (m.gondola, m.seq) in full
        ]
        assert len(apart) > 100
        assert np.abs(np.mean(apart, axis=0)).max() < 5  # half a gram, in decigrams


def test_a_thrifty_stream_may_start_anywhere_too() -> None:
    shop, plan = Shop(tiny(), 3), some_plan(tiny(), 5, per_hour=30.0)
    start_us = EPOCH_US + 200_000_000
    late = list(shop.stream(plan, start_us=start_us, thrifty=True))
    assert all_alike(late, [m for m in shop.stream(plan, thrifty=True) if m.arrival >= start_us / 1e6])
