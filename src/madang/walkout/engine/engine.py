"""The engine's front door: feed it what sensors say, ask it what is believed."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.belief import Belief
from madang.walkout.engine.clocks import Clock
from madang.walkout.engine.contacts import Contact, Contacts
from madang.walkout.engine.decide import Reporter
from madang.walkout.engine.doubt import Spot
from madang.walkout.engine.flow import CAMERAS, JOIN_S, Flow
from madang.walkout.engine.glimpses import Glimpses
from madang.walkout.engine.holds import Holds
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.parting import Parting
from madang.walkout.engine.passing import passing
from madang.walkout.engine.people import People
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.reaches import Reached, Reaches
from madang.walkout.engine.samples import ROWS
from madang.walkout.engine.scenes import SILENCE_S, Scenes
from madang.walkout.engine.settings import Settings, to_read
from madang.walkout.engine.sight import Sight
from madang.walkout.engine.store import Floats, Store
from madang.walkout.engine.stride import Due
from madang.walkout.engine.touches import Touches
from madang.walkout.engine.types import Gate, Health, Person, Update, Vision
from madang.walkout.engine.visits import Visits
from madang.walkout.engine.ways import Scene

TICK_S = 0.2
SAMPLES_HZ = 60
DEAF_S = 2.0  # so much of what came before the hub went deaf may have been lost with it
SPEAKS_S = 12.0  # a silent gondola is waited for so long before a reach into it is judged without it
RESTS_S = 12.0  # plates that others go on touching are waited for so long after a reach
SEEN_S = 0.5  # a person seen this long ago still stands there


class Engine:
    """Streaming and deterministic: the same messages in the same order give the same final receipts,
    however calls are chunked."""

    def __init__(self, store: Store, settings: Settings | None = None) -> None:
        """ValueError for a store without a gondola: nothing in it would weigh goods."""
        if not store.gondolas:
            raise ValueError("the store has no gondola: the engine needs plates that weigh goods")
        self.store = store
        self.settings = settings or Settings()
        self._s = s = to_read(self.settings)
        self._rows = {g: (row, len(store.plates_of(g))) for row, g in enumerate(store.gondolas)}
        self._plates = Plates(store, s)
        self._push_batch = self._plates.push
        self._people = People(store, s)
        self._visits = Visits(store, s, self._people)
        self._interactions = Interactions(store, s, self._plates)
        self._catalogue = Catalogue(store, s)
        self._belief = Belief(self._catalogue, s)
        self._sight = Sight(s)
        self._contacts = Contacts(store, s)
        self._reaches = Reaches(store, s)
        self._reporter = Reporter(store, s, self._belief, self._visits, self._people)
        self._frames: list[tuple[float, int, tuple[float, Sequence[tuple[str, Floats]]]]] = []
        self._gates: list[tuple[float, int, Gate]] = []
        self._seen: list[tuple[float, int, Vision]] = []
        self._holds = Holds(store, s, self._plates, self._interactions)
        self._touches = Touches(store, s, self._interactions, self._holds)
        self._met: list[Contact] = []
        self._reached: list[Reached] = []
        self._order = 0
        self._tick: int | None = None
        self._latest = -math.inf
        self._flow = Flow(store.gondolas, s.lateness_s, s.overtaken_s)
        self._scenes = Scenes(store, s, self._plates, self._people, self._visits, self._sight, self._flow)
        seen = self._plates, self._interactions, self._reaches, self._scenes
        self._parting = Parting(store, s, seen, (self._catalogue, self._belief, self._visits))
        self._whole = -math.inf  # every sensor has been heard up to here, a whole tick ...
        self._next_whole = -math.inf  # ... and not up to the next before this
        self._glimpses: Glimpses | None = None

    def glimpse(self) -> None:
        """Also say from now on what somebody seems to have taken before it has settled (`Glimpse`); nothing else that
        is said depends on it."""
        if self._glimpses is None:
            visits, clocks = self._visits, self._scenes.clocks
            self._glimpses = Glimpses(self.store, self._s, self._plates, self._people, visits, self._catalogue, clocks)

    def plates(self, gondola: str | int, t: float, values: NDArray[np.int32], arrival: float | None = None) -> None:
        """Samples of one gondola from its clock's `t` on, at 60 Hz: `values` int32 [n, P_g] decigrams in store
        order, usually twelve rows (0.2 s); of more, each twelve are looked at by themselves."""
        name, shape, whole = str(gondola), values.shape, self._whole
        row, plates = self._rows.get(name, (-1, -1))
        if len(shape) != 2 or shape[1] != plates:
            raise ValueError(f"gondola {gondola}: samples of shape {values.shape} do not belong to this store")
        if shape[0] > ROWS:
            for k in range(0, len(values), ROWS):
                self.plates(gondola, t + k / SAMPLES_HZ, values[k : k + ROWS], arrival)
            return
        if arrival is not None and arrival - t > self._s.lateness_s and t < self._flow.patient_from - DEAF_S:
            return
        if t < whole - JOIN_S:  # of a time that was passed over
            return
        self._push_batch(t if t > whole else whole, row, values)
        if t > self._latest:
            self._heard(t)
        self._go_on(self._flow.batch(name, t, shape[0] / SAMPLES_HZ, arrival))

    def skeletons(self, t: float, people: Sequence[tuple[str, Floats]]) -> None:
        """One camera frame: (track, array [8, 4]) per person: head, neck, shoulders, elbows, wrists (left first);
        x y z score, NaN unseen."""
        self._push(self._frames, t, (t, people))
        self._go_on(self._flow.frame(t))

    def gate(self, event: Gate) -> None:
        """A person passed the gate. ValueError for an event that is neither "entered" nor "left"."""
        if event.event not in ("entered", "left"):
            raise ValueError(f"a gate event is 'entered' or 'left', not {event.event!r}")
        self._push(self._gates, event.t, event)

    def vision(self, seen: Vision) -> None:
        """A classifier looked at a hand."""
        self._push(self._seen, seen.t, seen)

    def _push(self, heap: list, t: float, what: object) -> None:  # type: ignore[type-arg]
        self._order += 1
        heapq.heappush(heap, (t if t > self._whole else self._whole, self._order, what))
        if t > self._latest:
            self._heard(t)

    def _heard(self, t: float) -> None:
        self._latest = t
        if self._tick is None:
            self._tick = math.floor(t / TICK_S)

    def be_patient(self, since: float | None) -> None:
        """The hub took no messages from `since` (epoch s) on for a while: what it now is told of that time counts,
        however late it comes, and is waited for until this is called with None."""
        self._flow.patient_from = math.inf if since is None else since
        self._go_on(self._flow.upto())

    def _go_on(self, upto: float) -> None:
        """Nobody need wait up to where every sensor has been heard. It depends on the messages alone: one that comes
        after it, of a time before it, belongs to the next tick, whenever anybody asks."""
        if upto >= self._next_whole and upto > self._whole:
            ticks = math.floor(upto / TICK_S)
            self._whole, self._next_whole = ticks * TICK_S, (ticks + 0.99) * TICK_S

    def advance(self, now: float) -> list[Update]:
        """All that can be said up to `now` (epoch s, never goes back); what does not come in time is waited for no
        longer."""
        out: list[Update] = []
        if self._tick is None:
            return out
        last = math.floor((min(now, self._flow.patient_from) - self._s.lateness_s) / TICK_S)
        if self._whole > -math.inf:
            last = max(last, round(self._whole / TICK_S))
        self._plates.prepare([tick * TICK_S for tick in range(self._tick + 1, last + 1)])
        self._people.prepare(self._due_frames(last * TICK_S))
        while self._tick < last:
            self._tick += 1
            out += self._run(self._tick * TICK_S)
        return out

    def _due_frames(self, until: float) -> list[Due]:
        frames = self._frames
        if not frames or frames[0][0] >= until:
            return []
        frames.sort()  # they are in order already, or nearly: quicker than one by one, and a heap still
        some = bisect_left(frames, (until,))
        out = [(due, t, people) for due, _, (t, people) in frames[:some]]
        del frames[:some]
        return out

    def finish(self) -> list[Update]:
        """The recording is over: settle everything."""
        if self._tick is None:
            return []
        out = self.advance(self._latest + self._s.lateness_s + 6.0)
        out = [u for u in out if not isinstance(u, Health) or u.t <= self._latest]  # the end is no silence
        end = self._tick * TICK_S
        out += self._visits.close_all(self._latest)
        out += self._reporter.receipts(end + 60.0)
        return out

    def clocks(self) -> tuple[Clock, ...]:
        """How far every gondola's clock is believed to be from the cameras'."""
        return self._scenes.clocks.estimates()

    def plate_noise(self) -> Floats:
        """How much every plate trembles at rest now [P], grams; NaN of those that do not rest or are not heard."""
        return self._plates.noise()

    def _seen_now(self, now: float) -> list[Update]:
        """Where everybody stands who was seen in the last half second."""
        of, new = self._visits.of, tuple.__new__  # what `Person(…)` comes to: there are thousands of them
        return [
            new(Person, (now, b.track, of.get(b.id), b.where[0], b.where[1]))
            for b in self._people.present(now)
            if now - b.lost < SEEN_S and not b.gone
        ]

    def _run(self, now: float) -> list[Update]:
        s = self._s
        for step in self._plates.advance(now):
            self._interactions.add(step)
        health, self._plates.news = self._plates.news, []
        for frames, a, b in self._people.take(now):
            self._met += self._contacts.feed(frames, a, b)
            self._reaches.feed(frames, a, b)
        while self._gates and self._gates[0][0] < now:
            self._visits.gate(heapq.heappop(self._gates)[2])
        while self._seen and self._seen[0][0] < now:
            self._sight.add(heapq.heappop(self._seen)[2])
        while self._met and self._met[0].t + s.contact_wait_s < now:
            self._meet(self._met.pop(0))
        over = self._reaches.finished()
        if over:
            self._reached += over
        if self._reached and self._reached[0].t1 + s.contact_wait_s < now:
            self._settle_reaches(now - s.contact_wait_s)
        out: list[Update] = [*health, *self._visits.tick(now)]
        while self._visits.exchanges:
            self._belief.exchange(*self._visits.exchanges.pop(0))
        shifts = self._held_back(self._interactions.ready(now), now)
        if shifts:
            shifts = [step for shift in shifts for step in self._parting.steps(shift)]
        if self._plates.returns or self._holds.returns or self._interactions.returns:
            returns = (*self._plates.returns, *self._holds.returns, *self._interactions.returns)
            self._interactions.returns.clear()
            shifts = [*self._parting.passed_on(returns), *shifts]
        if shifts:
            self._catalogue.dead = set(self._plates.blind())
        for shift in shifts:
            scene = self._scenes.of(shift)
            self._belief.observe(shift, scene)
            self._touches.changed(shift)
            self._crossed(shift, scene)
        if shifts:
            out += self._reporter.moved(now)
            out += self._catalogue.told()
        out += self._touched(now, over)
        out += self._reporter.receipts(now, self._unheard)
        if self._glimpses is not None:
            out += self._glimpses.look(now)
        if self._people.bodies:
            out += self._seen_now(now)
        if self._tick is not None and self._tick % 5 == 0:
            self._doubt_the_dark(now)
        if self._tick is not None and self._tick % 50 == 0:
            self._flow.forget(now - self._s.memory_s)
            self._people.forget(now - self._s.memory_s)
            self._reaches.forget(now - self._s.memory_s)
            self._sight.forget(now - self._s.memory_s)
        return out

    def _doubt_the_dark(self, now: float) -> None:
        """Once a second: while no camera spoke, nobody knows what people inside did."""
        dark = self._flow.missing(CAMERAS, now - 5 * TICK_S, now)
        if dark > SILENCE_S:
            for body in self._visits.inside():
                seen = self._people.bodies.get(body)
                where = None if seen is None else (float(seen.where[0]), float(seen.where[1]))
                self._belief.doubts.note(body, "dark", dark, Spot(now - dark, None, where))

    def _touched(self, now: float, over: list[Reached]) -> list[Update]:
        for moved in (self._plates.returns, self._holds.returns):
            if moved:
                self._touches.returned(moved)
                moved.clear()
        if over:
            self._touches.reached(over)
        ready = self._touches.ready(now)
        for touch in ready:
            others = {r.body for r, _ in self._reaches.at(touch.plates, touch.t0, touch.t1)} - {touch.body}
            self._belief.touched_at(touch.body, touch.plates, others, touch.t0)
        return [self._reporter.touched(touch) for touch in ready]

    def _crossed(self, shift: Shift, scene: Scene) -> None:
        """Had anybody else a hand over these plates while they moved?"""
        if len(scene.bodies) < 2:
            return
        seconds: dict[int, float] = {}
        for reach, over in self._reaches.at(shift.plates, shift.t0 - TICK_S, shift.t1):
            seconds[reach.body] = seconds.get(reach.body, 0.0) + over
        self._belief.crossed(seconds, Spot(shift.t, shift.main))

    def _meet(self, met: Contact) -> None:
        one, other = self._visits.visit_of(met.a), None if met.b is None else self._visits.visit_of(met.b)
        same = one is not None and one is other
        if not same and (one is None or one.role != "staff"):
            bodies = self._people.bodies
            self._belief.contact(passing(met, bodies.get(met.a), None if met.b is None else bodies.get(met.b)))

    def _settle_reaches(self, before: float) -> None:
        """Reaches that ended before this: what changed on the plates under them is known by now."""
        now = before + self._s.contact_wait_s
        due = [r for r in self._reached if r.t1 < before and not self._may_tell(r, now)]
        self._reached = [r for r in self._reached if r not in due]
        for reach in due:
            visit = self._visits.visit_of(reach.body)
            late = reach.t1 < before - TICK_S
            if late and visit is not None and visit.closed is not None and reach.t1 <= visit.over:
                visit.closed = max(visit.closed, now)  # its gondola speaks again: what it says must settle
            if visit is None or visit.role != "staff":
                silence = self._flow.missing(self.store.gondolas[reach.gondola], reach.t0, reach.t1 + TICK_S)
                heard = silence < SILENCE_S or reach.t1 < now - SPEAKS_S  # else its levels tell what happened
                shown = {q: self._scenes.shown(q, reach) for q in reach.over} if reach.paused else {}
                stood = self._scenes.stood(reach)
                self._belief.reached(reach, shown, heard, partial(self._scenes.looks, reach), stood)
                at = Spot(reach.t1, reach.plate)
                self._belief.doubts.note(reach.body, "silent", min(1.0, silence / SILENCE_S), at)

    def _unheard(self, bodies: set[int], over: float, now: float) -> bool:
        """Will something still be told of what these did until their visit was over? Of a reach into a gondola that is
        silent, or of plates that have moved since a hand of theirs was over them and do not rest yet."""
        if now > over + max(SPEAKS_S, RESTS_S):
            return False  # should one of them still be about, what he does now is not waited for
        if any(r.body in bodies and self._may_tell(r, now) for r in self._reached):
            return True
        moving = [(plate, off.since) for plate, off in self._plates.off().items()]
        for plate, since in (*moving, *self._interactions.unsettled(), *self._holds.unsettled()):
            for reach, _ in self._reaches.at((plate,), max(since, now - RESTS_S) - TICK_S, now):
                if reach.body in bodies and reach.t1 > now - RESTS_S:
                    return True
        return False

    def _may_tell(self, reach: Reached, now: float) -> bool:
        """Is its gondola silent, and may it still speak and tell what the hand did?"""
        silent = self._flow.missing(self.store.gondolas[reach.gondola], now - 1.0, now)
        return silent > SILENCE_S and reach.t1 > now - SPEAKS_S

    def _held_back(self, fresh: list[Shift], now: float) -> list[Shift]:
        if not fresh and not self._holds.waiting:
            return fresh
        hand_in = partial(self._scenes.hand_in, now=now)
        return self._holds.sift(fresh, now, self._parting.explained, hand_in, self._scenes.near_best)
