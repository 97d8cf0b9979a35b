"""Bodies followed by their joints: trails, exchanged ids, hidden joints, and the quick way through a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import Scene, Walker, layout, play, receipts

from madang.walkout.engine import Gate, Moved
from madang.walkout.engine import people as following
from madang.walkout.engine.bodies import Body, Frames
from madang.walkout.engine.people import People
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store
from madang.walkout.engine.stride import Stride
from madang.walkout.engine.trails import ROOM, Trail


class _Ghost(Walker):
    """Somebody where nobody is, who came through no gate."""

    def at(self, t: float) -> tuple[float, float] | None:
        return (self.stand, -0.6) if self.t0 <= t <= self.t1 else None


Crowd = list[tuple[float, list[tuple[str, Floats]]]]


def _people() -> People:
    return People(Store.from_json(layout()), Settings())


def _crowd(seconds: float = 20.0, seed: int = 1) -> Crowd:
    """Five people who wander about each other; joints go unseen, ids are exchanged, a track pauses."""
    rng = np.random.default_rng(seed)
    walkers = [Walker(0.1 * k, seconds + 9, stand=0.35 * k - 0.5, height=1.5 + 0.06 * k) for k in range(5)]
    frames: Crowd = []
    for n in range(int(seconds * 11)):
        t = 1.0 + n / 11
        names = [f"t{k}" for k in range(5)]
        if t > 9.0:
            names[1], names[2] = names[2], names[1]
        seen = []
        for k, walker in enumerate(walkers):
            joints = walker.joints(t) + np.array([*(0.12 * np.sin([1.1 * t + k, 0.8 * t - k])), 0, 0])
            joints = joints + np.r_[0.012, 0.012, 0.012, 0.0] * rng.standard_normal((8, 4))
            joints[rng.random(8) < 0.05] = np.nan
            if not (k == 3 and 12.0 < t < 12.3):
                seen.append((names[k], joints))
        frames.append((t, seen))
    return frames


def _coming_and_going(seed: int) -> Crowd:
    """The same crowd: one is gone from 7 s on, one between 6 and 8 s, one from 14 s on by turns, and two come in
    between, of whom the second shows little."""
    out: Crowd = []
    rng = np.random.default_rng(seed)
    for t, seen in _crowd(seed=seed):
        kept = [x for k, x in enumerate(seen) if not ((k == 0 and t > 7.0) or (k == 1 and 6.0 < t < 8.0))]
        some = [(name, np.where(rng.random((8, 1)) < 0.4, np.nan, joints + 2.0)) for name, joints in seen[:1]]
        if 10.0 < t < 12.0:
            kept += [("new", seen[0][1] + np.array([4.0, 4.0, 0.0, 0.0]))]
        if t > 10.3:
            kept += [("hidden", joints) for _, joints in some]
        out.append((t, kept if t < 14.0 or int(t) % 2 else kept[1:]))
    return out


def _truth_kept(people: People) -> list[float]:
    """Mean head height of everybody's trail, by body: a body that became somebody else has a mixed one."""
    return sorted(round(float(np.nanmean(b.trail.joints[:, 0, 2])), 2) for b in people.bodies.values())


def test_a_trail_keeps_order_room_and_the_last_sightings() -> None:
    trail, kept = Trail(), []
    for k in range(5 * ROOM):
        trail.push([0.1 * k], np.full((1, 8, 4), float(k)), np.array([[k, -k]], float))
        kept.append(0.1 * k)
        if k % 90 == 89:
            trail.forget(0.1 * k - 5.0)
            kept = [t for t in kept if t >= 0.1 * k - 5.0]
    assert trail.times.tolist() == kept
    rows = trail.span(kept[3], kept[9])
    assert trail.times[rows].tolist() == kept[3:9]
    assert trail.joints[rows][:, 0, 0].tolist() == trail.xy[rows][:, 0].tolist()


def test_a_trail_tells_what_has_been_shown_so_far_whether_somebody_looked_before_or_not() -> None:
    crowd = _crowd(6.0)
    watched, left = _people(), _people()
    for people in (watched, left):
        people.prepare([(t, t, seen) for t, seen in crowd])
    for now in np.arange(1.5, 7.5, 0.3).tolist():
        watched.take(now)
        left.take(now)
        for body in watched.bodies.values():
            k = body.trail.nearest(99.0)
            assert k is not None
            assert body.trail.at(k) == (body.lost, *body.where)
    assert len(watched.bodies) == 5
    for body, other in zip(watched.bodies.values(), left.bodies.values(), strict=True):
        assert body.trail.times.tolist() == other.trail.times.tolist()
        assert np.array_equal(body.trail.joints, other.trail.joints, equal_nan=True)
        assert body.heights == other.heights


def test_the_nearest_sighting_may_be_before_or_after() -> None:
    trail = Trail()
    assert trail.nearest(1.0) is None
    for t in (1.0, 2.0, 4.0):
        trail.push([t], np.zeros((1, 8, 4)), np.zeros((1, 2)))
    assert [trail.nearest(t) for t in (0.0, 1.4, 1.6, 3.2, 9.0)] == [0, 0, 1, 2, 2]


def test_the_latest_sightings_are_read_before_they_are_written() -> None:
    trail = Trail()
    for first in (0, 3, 4):  # three parts wait, of three, one and four sightings
        n = {0: 3, 3: 1, 4: 4}[first]
        values = np.arange(first, first + n, dtype=float)
        trail.push(values.tolist(), np.broadcast_to(values[:, None, None], (n, 8, 4)), values[:, None] * [1.0, -1.0])
    spans = [slice(a, b) for a in range(8) for b in range(a, 9)]

    def told() -> tuple[list[list[float]], list[tuple[float, float, float]]]:
        seen = [[x for part in trail.seen(rows) for x in part[:, 0, 0].tolist()] for rows in spans]
        return seen, [trail.at(k) for k in range(8)]

    waiting = told()
    assert waiting[0] == [list(map(float, range(rows.start, rows.stop))) for rows in spans]
    assert waiting[1] == [(float(k), float(k), -float(k)) for k in range(8)]
    assert trail.times.tolist() == list(range(8))
    assert trail.xy[:, 0].tolist() == list(range(8))  # now they are written
    assert told() == waiting


def test_a_trail_continues_an_earlier_one() -> None:
    first, second = Trail(), Trail()
    first.push([1.0], np.zeros((1, 8, 4)), np.zeros((1, 2)))
    second.push([2.0], np.ones((1, 8, 4)), np.ones((1, 2)))
    both = second.after(first)
    both.push([3.0, 4.0], np.ones((2, 8, 4)), np.ones((2, 2)))
    assert both.times.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert both.xy[:, 0].tolist() == [0.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(("seed", "among"), [(1, _crowd), (2, _crowd), (3, _coming_and_going), (4, _coming_and_going)])
def test_people_followed_many_frames_at_a_time_are_the_same_to_the_last_bit(
    seed: int, among: Callable[..., Crowd], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In strides, as long as they go; in strides of one to five frames; and every frame matched anew."""
    crowd, taken = among(seed=seed), [0, 0]
    long, short, careful = _people(), _people(), _people()
    long.prepare([(t, t, seen) for t, seen in crowd])
    for t in (5.0, 11.11, 14.0, 99.0):
        for frames, a, b in long.take(t):
            taken[len(frames.times) > 1] += b - a
    for k in range(0, len(crowd), 5):
        short.prepare([(t, t, seen) for t, seen in crowd[k : k + 5]])
        short.take(99.0)
    monkeypatch.setattr(following, "stride", lambda *_: None)
    monkeypatch.setattr(People, "_as_named", lambda *_: False)
    for t, seen in crowd:
        careful.feed(t, seen)
    assert taken[True] > 6 * taken[False]
    assert len(long.bodies) >= 5
    for a, *others in zip(long.bodies.values(), short.bodies.values(), careful.bodies.values(), strict=True):
        for other in others:
            assert (a.tracks, a.heights, a.lost, a.where) == (other.tracks, other.heights, other.lost, other.where)
            assert a.trail.times.tolist() == other.trail.times.tolist()
            assert np.array_equal(a.trail.joints, other.trail.joints, equal_nan=True)
            assert np.array_equal(a.trail.xy, other.trail.xy)


def test_who_is_lost_or_becomes_a_person_does_not_end_a_stride(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between 6 and 11.9 s one is lost for good, one comes in: only who is back after 2 s and who is new need a closer
    look, and the frame that makes a person is looked at by itself."""
    crowd = [(t, [x for x in seen if x[0] != "hidden"]) for t, seen in _coming_and_going(1) if t < 11.9]
    people, strides = _people(), []
    whole = following.stride

    def noted(*args: Any) -> Stride | None:
        strides.append(whole(*args))
        return strides[-1]

    people.prepare([(t, t, seen) for t, seen in crowd])
    monkeypatch.setattr(following, "stride", noted)
    people.take(5.0)
    alone = [f.times[0] for f, _, _ in people.take(99.0) if len(f.times) == 1]
    walked = [way for way in strides if way is not None and way.length > 1]
    assert len(alone) <= 5
    assert any(way.times[0] < 6.0 < 6.6 < way.times[-1] for way in walked)  # one was lost at 6 s
    assert [len(way.ripe) for way in walked if way.times[0] > 10.0] == [1]
    assert "new" in {body.track for body in people.bodies.values()}


def test_a_stride_ends_where_the_gate_says_that_somebody_is_gone() -> None:
    people, crowd = _people(), _crowd()
    people.prepare([(t, t, seen) for t, seen in crowd])
    people.take(5.0)
    leaves = people.bodies[2]
    leaves.gone = True
    frames = [frames for frames, _, _ in people.take(5.5)]
    assert leaves.lost < 5.0
    assert all(leaves not in f.bodies for f in frames)


def test_people_whose_ids_are_exchanged_stay_themselves() -> None:
    people = _people()
    for t, seen in _crowd():
        people.feed(t, seen)
    assert _truth_kept(people) == pytest.approx([1.5, 1.56, 1.62, 1.68, 1.74], abs=0.02)
    assert sorted(len(b.tracks) for b in people.bodies.values()) == [1, 1, 1, 2, 2]


def test_a_second_frame_at_once_is_not_looked_at() -> None:
    people = _people()
    t, seen = _crowd()[0]
    assert isinstance(people.feed(t, seen), Frames)
    assert people.feed(t + 0.007, seen) is None
    assert isinstance(people.feed(t + 0.09, []), Frames)


def test_an_unseen_joint_goes_with_its_body() -> None:
    people = _people()
    walker = Walker(0, 40, stand=0.5)
    for k in range(40):
        joints = walker.joints(4.0)
        joints[:, 0] += 0.05 * k
        if k > 30:
            joints[7] = np.nan
        frame = people.feed(4.0 + k / 11, [("a", joints)])
    assert frame is not None
    assert np.isnan(frame.joints[0, 0, 7, 0])
    assert frame.full[0, 0, 7, 0] == pytest.approx(walker.joints(4.0)[7, 0] + 0.05 * 39, abs=0.05)


def test_what_shows_nothing_is_no_body() -> None:
    people = _people()
    for k in range(30):
        people.feed(1.0 + k / 11, [("ghost", np.full((8, 4), np.nan))])
    assert not people.bodies


def test_sightings_are_forgotten_but_the_body_is_known() -> None:
    people = _people()
    frames = _crowd()
    for t, seen in frames:
        people.feed(t, seen)
    people.forget(frames[-1][0] - 2.0)
    assert all(isinstance(b, Body) and len(b.trail) <= 23 for b in people.bodies.values())
    assert len(people.bodies) == 5


@pytest.mark.parametrize("name", ["t1", "t9"])
def test_who_comes_back_under_the_old_track_id_was_no_ghost(name: str) -> None:
    """The camera loses `a` and sees a ghost beside; then it sees both, and the ghost ends. Under another id it is a
    stranger, until the gate says who leaves there."""
    s = Scene(end=34)
    s.shopper(
        "a", Walker(1, 28, stand=0.4, reach={6.0: 2, 15.0: 10}, tracks=[(0, "t1"), (9.0, name)], hidden=[(8, 9.6)])
    )
    s.people.append(_Ghost(8.05, 12.0, stand=0.45, tracks=[(0, "t2")]))
    s.loads = [(6.0, 2, -540.0), (15.0, 10, -250.0)]
    s.gates[-1] = Gate(s.gates[-1].t, "left", "a", None)
    said = play(s)
    soup = next(u for u in said if isinstance(u, Moved) and u.product == "soup")
    assert soup.credential == ("a" if name == "t1" else None)
    assert receipts(said)["a"] == {"milk": 1, "soup": 1}
