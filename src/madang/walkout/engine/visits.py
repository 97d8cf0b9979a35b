"""Visits: who at the gate is which body, which bodies share a cart, and when a visit is over.

Everybody on one credential shares one cart. A follower without credential joins the visit that still waits for group
members, whoever else came in between; otherwise he is a tailgater, who gets a visit without credential and no receipt.
Events are settled a second after they happened, when the bodies around them are known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from madang.walkout.engine.bodies import Body, last_called, place_at, track_at
from madang.walkout.engine.people import HERE_S, People
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store
from madang.walkout.engine.types import Entered, Gate, Left, Role, Update

SOON_S = 0.01
"""Who will have been out of sight for long enough this soon is looked at."""
SEARCH_S = 20.0
"""So long after an entry its body is looked for."""
GHOST_S = 4.0
"""Who was seen no longer than this was a ghost of the cameras: nobody comes in, takes something and leaves so fast."""
OWN_S = 2.2
"""So long after somebody came into view the gate has said so, if it saw him."""


@dataclass(slots=True)
class Member:
    """One entry through the gate; `body` None while nobody has been found for it, `track` what the gate called him."""

    t: float
    body: int | None
    left: float | None = None
    track: str | None = None


@dataclass(slots=True)
class Visit:
    """A shopping group. `closed` is the time after which its receipt is due, None while someone is inside; `mixed`
    followers came in when another group waited for one too."""

    id: str
    credential: str | None
    role: Role
    group_size: int
    members: list[Member] = field(default_factory=list)
    closed: float | None = None
    settled: bool = False
    doubt: float = 0.0
    mixed: int = 0

    @property
    def inside(self) -> int:
        """How many have not left."""
        return sum([m.left is None for m in self.members])

    @property
    def over(self) -> float:
        """When the last of those who have left did so; `closed` may be later."""
        return max([m.left for m in self.members if m.left is not None], default=math.inf)

    @property
    def missing(self) -> int:
        """How many of the group it was announced as were never counted in."""
        return max(0, self.group_size - len(self.members))

    @property
    def unbound(self) -> float:
        """How many may have taken something that stands on another receipt, or on nobody's."""
        unseen = sum(m.body is None for m in self.members)
        return unseen + self.missing + self.mixed + 2.0 * (self.doubt > 0.0)


class Visits:
    """The gate's book. `of` maps a body to its visit."""

    def __init__(self, store: Store, settings: Settings, people: People) -> None:
        self.s = settings
        self.people = people
        self.visits: dict[str, Visit] = {}
        self.of: dict[int, str] = {}
        self._by_credential: dict[str, str] = {}
        self._waiting: list[Gate] = []
        self._entering: list[Gate] = []
        self._searching: list[tuple[Visit, Member]] = []
        self._tail = 0
        self._active: dict[str, Visit] = {}
        self._known: set[int] = set()
        self.exchanges: list[tuple[int, int, float]] = []
        self._away_from = -math.inf  # nobody can have been out of sight for long before this
        self._entry = _middle(store.entry_line)
        self._exit = _middle(store.exit_line)

    def gate(self, event: Gate) -> None:
        """A person passed the gate; settled later."""
        self._waiting.append(event)

    def visit_of(self, body: int) -> Visit | None:
        """The visit this body belongs to."""
        name = self.of.get(body)
        return None if name is None else self.visits[name]

    def tick(self, now: float) -> list[Update]:
        """Settle gate events older than the gate's wait, notice people who are gone."""
        out: list[Update] = []
        if not self._waiting and not self._active and not self._searching:
            return out
        if self._waiting:
            due = sorted((g for g in self._waiting if g.t + self.s.gate_wait_s <= now), key=lambda g: g.t)
            self._waiting = [g for g in self._waiting if g.t + self.s.gate_wait_s > now]
            self._entering = [g for g in due if g.event == "entered"]
            for g in due:
                out += self._enter(g) if g.event == "entered" else self._leave(g)
            self._entering = []
            self._away_from = -math.inf
        if self._searching and self._search(now):
            self._away_from = -math.inf
        bodies = self.people.bodies
        if not self._known.issuperset(bodies):
            self._away_from = -math.inf
            fresh = sorted(bodies.keys() - self._known)
            self._known = set(bodies)
            self._renamed([bodies[b] for b in fresh])
        return out if now < self._away_from else out + self._gone(now)

    def _enter(self, g: Gate) -> list[Update]:
        visit = self._visit_for(g)
        member = Member(g.t, None, track=g.track)
        visit.members.append(member)
        visit.closed = None
        visit.settled = False
        self._active[visit.id] = visit
        body = self._by_track(g.track, g.t)
        if body is not None and (body.id in self.of or abs(body.born - g.t) > 6.0):
            body = None
        if body is None:
            body = self._newcomer(g.t, g.track)
        self._searching.append((visit, member))
        if body is not None:
            self._bind(visit, member, body.id)
        return [Entered(g.t, visit.id, visit.credential, visit.role, g.group_size)]

    def _visit_for(self, g: Gate) -> Visit:
        if g.credential is None:
            waiting = [v for v in self.open_visits() if self._waits_for(v, g.t)]
            if waiting:
                for visit in waiting:
                    visit.mixed += len(waiting) > 1
                return max(waiting, key=lambda v: v.members[-1].t)
            self._tail += 1
            visit = Visit(f"tail-{self._tail}", None, g.role, 1)
            self.visits[visit.id] = visit
            return visit
        name = self._by_credential.get(g.credential)
        if name is None:
            name = f"visit-{len(self._by_credential) + 1}"
            self._by_credential[g.credential] = name
            self.visits[name] = Visit(name, g.credential, g.role, g.group_size or 1)
        visit = self.visits[name]
        visit.group_size = max(visit.group_size, g.group_size or 1)
        return visit

    def _waits_for(self, visit: Visit, t: float) -> bool:
        """Is this a group one of whom may come in at `t`?"""
        return visit.credential is not None and visit.missing > 0 and t - visit.members[-1].t < self.s.follow_s

    def _bind(self, visit: Visit, member: Member, body: int) -> None:
        member.body = body
        self.of[body] = visit.id

    def _search(self, now: float) -> bool:
        """Look for those whom nobody was found for, and for those who were taken for a ghost. Was somebody found?"""
        found = False
        for visit, member in self._searching.copy():
            ghost = member.body is not None and self._was_ghost(member.body, now)
            if member.body is None or ghost:
                body = self._newcomer(member.t, member.track)
                if body is not None and not (ghost and (now - body.born < OWN_S or self._expected(body, member))):
                    if member.body is not None:
                        self.of.pop(member.body, None)
                    self._bind(visit, member, body.id)
                    found = True
            if now - member.t > SEARCH_S or member.left is not None:
                self._searching.remove((visit, member))
        return found

    def _expected(self, body: Body, member: Member) -> bool:
        """Did this body come into view at the time of another entry, whose body is not known yet?"""
        others = [g.t for g in self._waiting if g.event == "entered"]
        others += [m.t for _, m in self._searching if m.body is None and m is not member]
        return any(abs(body.born - t) < abs(body.born - member.t) for t in others)

    def _was_ghost(self, body: int, now: float) -> bool:
        """Was it seen for a moment only, and no more?"""
        known = self.people.bodies.get(body)
        return known is None or (now - known.lost > HERE_S and known.lost - known.born < GHOST_S)

    def _renamed(self, fresh: list[Body]) -> None:
        """Somebody begins inside under a track id that the cameras gave another body before: that body went on with a
        ghost meanwhile, and its person is this one."""
        for body in fresh:
            if body.id in self.of or self.people.at_gate(body.start):
                continue
            was = last_called(body.tracks[0][1], (b for b in self.people.bodies.values() if b is not body))
            visit = None if was is None or was.gone else self.visit_of(was.id)
            if was is not None and visit is not None:
                for m in visit.members:
                    if m.body == was.id and m.left is None:
                        m.body = body.id
                        del self.of[was.id]
                        self.of[body.id] = visit.id
                        self.exchanges.append((was.id, body.id, body.born))

    def _by_track(self, track: str | None, t: float) -> Body | None:
        if track is None:
            return None
        for body in self.people.bodies.values():
            if track_at(body, t) == track and body.lost > t - 3.0:
                return body
        return None

    def _newcomer(self, t: float, track: str | None) -> Body | None:
        """The unbound body that came into view at the gate when someone entered at `t` whom the gate called `track`;
        not one that the gate called when somebody else came in."""
        best, cost = None, 1.5
        coming = [*self._entering, *(g for g in self._waiting if g.event == "entered")]
        others = {g.track for g in coming if g.track is not None and g.track != track}
        for body in self.people.bodies.values():
            if body.id in self.of or not t - 2.5 < body.born < t + 8.0 or body.tracks[0][1] in others:
                continue
            away = 0.0 if self._entry is None else float(np.linalg.norm(body.start - self._entry))
            c = abs(t - body.born - 0.3) / (1.0 if body.born < t + 1 else 4.0) + 0.25 * away
            if c < cost:
                best, cost = body, c
        return best

    def _leave(self, g: Gate) -> list[Update]:
        named = None if g.credential is None else self._by_credential.get(g.credential)
        visit = None if named is None else self.visits[named]
        body = self._by_track(g.track, g.t) or self._leaver(g.t, visit)
        if body is not None:
            owner = self.visit_of(body.id)
            if owner is None and visit is not None:
                self._claim(visit, body, g.t)
                owner = visit
            if visit is not None and owner is not None and owner is not visit:
                other = self._exchanged(body.id, visit)
                if other is None:
                    visit.doubt = owner.doubt = 1.0
                    return self._mark(visit, None, g.t)
                self._exchange(body.id, other[0], owner, visit, other[1])
                owner = visit
            visit = owner or visit
            body.gone = True
        return [] if visit is None else self._mark(visit, None if body is None else body.id, g.t)

    def _claim(self, visit: Visit, body: Body, t: float) -> None:
        """Somebody of this visit leaves as a body that was nobody's so far: he is the one whom no body was found for,
        else the one out of sight, whose earlier things he carries; else who this is stays in doubt."""
        inside = [m for m in visit.members if m.left is None]
        member = next((m for m in inside if m.body is None), None)
        if member is None:
            member = next((m for m in inside if m.body is not None and self._lost(m.body, t)), None)
            if member is None:
                visit.doubt = 1.0
                return
            if member.body is not None and not self._was_ghost(member.body, t):
                self.exchanges.append((member.body, body.id, body.born))
            if member.body is not None:
                self.of.pop(member.body, None)  # should he be about after all, he is somebody else
        self._bind(visit, member, body.id)

    def _exchanged(self, body: int, visit: Visit) -> tuple[int, float] | None:
        """The body of `visit` that this one was mistaken for when a track was taken up again, and since when."""
        mine = [m.body for m in visit.members if m.body is not None and m.left is None]
        for join in reversed(self.people.joins):
            for other in mine:
                if {body, other} <= {join.body, *join.rivals}:
                    return other, join.t
        return (
            (mine[0], max((j.t for j in self.people.joins if j.body in (body, mine[0])), default=-1.0))
            if len(mine) == 1
            else None
        )

    def _exchange(self, a: int, b: int, of_a: Visit, of_b: Visit, since: float) -> None:
        """Bodies `a` and `b` were mistaken for each other since then: from now on each stands for the other's
        visit."""
        if since < 0:
            of_a.doubt = of_b.doubt = 1.0
        for visit, old, new in ((of_a, a, b), (of_b, b, a)):
            for m in visit.members:
                if m.body == old and m.left is None:
                    m.body = new
                    break
        self.of[a], self.of[b] = of_b.id, of_a.id
        self.exchanges.append((a, b, since))

    def _mark(self, visit: Visit, body: int | None, t: float) -> list[Update]:
        inside = [m for m in visit.members if m.left is None]
        if not inside:
            return []
        exact = [m for m in inside if body is not None and m.body == body]
        unseen = [m for m in inside if m.body is None or self._lost(m.body, t)]
        member = (exact or unseen or inside)[0]
        member.left = t
        if visit.inside == 0:
            visit.closed = t
        return [Left(t, visit.id, visit.credential)]

    def _lost(self, body: int, t: float) -> bool:
        known = self.people.bodies.get(body)
        return known is None or known.lost < t - 1.0

    def _leaver(self, t: float, visit: Visit | None) -> Body | None:
        """The body that was at the exit at `t`; of the visit, when it is known."""
        best, cost = None, 0.9
        for body in self.people.bodies.values():
            if body.lost < t - 1.5 or body.born > t - 1.0 or body.gone:
                continue
            if visit is not None and self.of.get(body.id, visit.id) != visit.id:
                continue
            where = place_at(body, t)
            c = 0.0 if self._exit is None else float(np.linalg.norm(where - self._exit))
            if c < cost:
                best, cost = body, c
        return best

    def _gone(self, now: float) -> list[Update]:
        out: list[Update] = []
        bodies, gone_s = self.people.bodies, self.s.gone_s
        first = math.inf
        for visit in self.open_visits():
            if visit.closed is not None:
                continue
            for member in visit.members:
                if member.left is not None or member.body is None:
                    continue
                body = bodies.get(member.body)
                if body is None:
                    continue
                first = min(first, body.lost)
                if now - body.lost < gone_s:
                    continue
                if not self.people.at_gate(body.where) and now - body.lost < self.s.vanished_s:
                    continue
                if now - member.t < SEARCH_S and self._was_ghost(body.id, now):
                    continue
                body.gone = True
                out += self._mark(visit, body.id, body.lost)
        self._away_from = first + gone_s - SOON_S
        return out

    def close_all(self, now: float) -> list[Update]:
        """The recording is over: everybody has left."""
        out: list[Update] = []
        for visit in self.open_visits():
            while visit.inside:
                out += self._mark(visit, None, now)
        return out

    def inside(self) -> list[int]:
        """The bodies of customers who have not left."""
        customers = [v for v in self.open_visits() if v.role != "staff"]
        return [m.body for v in customers for m in v.members if m.body is not None and m.left is None]

    def open_visits(self) -> Iterable[Visit]:
        """Visits whose receipt is still to be written."""
        visits = list(self._active.values())
        for visit in visits:
            if visit.settled:
                self._active = {v.id: v for v in visits if not v.settled}
                return list(self._active.values())
        return visits


def _middle(line: Floats | None) -> Floats | None:
    return None if line is None else line.mean(axis=0)
