"""Random lives of deals against a small model: same states, same data, same refusals, on both databases."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang import deals, jobs, journal
from madang.db import Database, Tx
from madang.deals import Deal, Process, StateTimer, Transition
from madang.kernel import Actor, Invalid, Kind, MadangError, ManualClock, Role, derived, system

DAY = 1_000  # microseconds of the model's day: short numbers read better when an example shrinks


@deals.action("life.eat")
def eat(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> dict[str, Any]:
    return {"eaten": deal.data["eaten"] + args.get("n", 0), "by": by.key}


@deals.action("life.choke")
def choke(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> dict[str, Any] | None:
    if args.get("n", 0) > 3:
        raise Invalid("life.choked", ko="목에 걸림", en="choked")
    return None


LIFE = deals.declare(
    Process(
        name="life",
        version=1,
        initial="egg",
        states=("egg", "awake", "asleep", "gone"),
        transitions=(
            Transition("hatch", ("egg",), "awake", (Role.STAFF,)),
            Transition("eat", ("awake",), "awake", (Role.STAFF, Role.SHOPPER), ("life.eat", "life.choke")),
            Transition("sleep", ("awake",), "asleep", (Role.STAFF,)),
            Transition("wake", ("asleep",), "awake", ()),
            Transition("leave", ("egg", "asleep"), "gone", (Role.STAFF,)),
        ),
        timers=(
            StateTimer("egg", 10 * DAY, "leave"),
            StateTimer("awake", 3 * DAY, "sleep"),
            StateTimer("asleep", DAY, "wake"),
        ),
    )
)
ALLOWED = {"hatch": {"staff"}, "eat": {"staff", "p1"}, "sleep": {"staff"}, "wake": set[str](), "leave": {"staff"}}


@dataclass
class Model:
    """What a deal should be: thirty lines instead of an engine."""

    state: str = "egg"
    entered_us: int = 0
    eaten: int = 0
    moves: int = 0
    done: dict[int, tuple[str, str, int]] = field(default_factory=dict)

    def move(self, name: str, who: str, n: int, id_: int, at_us: int) -> str:
        """The outcome's code; changes nothing unless it is ``ok``."""
        if who == "p2":
            return "deals.unknown"
        if id_ in self.done:
            return "ok" if self.done[id_] == (name, who, n) else "deals.id_taken"
        if who != "madang" and who not in ALLOWED[name]:
            return "actor.role_needed"
        step = next(t for t in LIFE.transitions if t.name == name)
        if self.state not in step.sources:
            return "deals.not_now"
        if name == "eat" and n > 3:
            return "life.choked"
        self.done[id_] = (name, who, n)
        self._go(name, n, at_us)
        return "ok"

    def pass_time(self, now_us: int) -> None:
        """Timers go off when the jobs run: one after the other, each new one counted from the run's own instant."""
        while True:
            due = [t for t in LIFE.timers if t.state == self.state and self.entered_us + t.after_us <= now_us]
            if not due:
                return
            self._go(due[0].transition, 0, now_us)

    def _go(self, name: str, n: int, at_us: int) -> None:
        step = next(t for t in LIFE.transitions if t.name == name)
        self.moves += 1
        self.eaten += n if name == "eat" else 0
        if step.target != self.state:
            self.state, self.entered_us = step.target, at_us


# Weighted so that most lives get somewhere: what is always refused finds little.
names = st.sampled_from(["hatch", "hatch", "eat", "eat", "eat", "sleep", "wake", "leave"])
actors = st.sampled_from(["staff", "staff", "staff", "p1", "p1", "p2", "madang", "madang"])
moves = st.tuples(st.just("move"), names, actors, st.sampled_from([0, 1, 1, 2, 5]), st.integers(0, 40))
waits = st.tuples(st.just("wait"), st.sampled_from([1, DAY // 2, DAY, DAY, 2 * DAY, 3 * DAY, 11 * DAY]))
_numbers = itertools.count(1)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(moves, moves, waits), min_size=8, max_size=24))
def test_a_deal_lives_as_the_model_says(db: Database, clock: ManualClock, life: list[tuple[Any, ...]]) -> None:
    n = f"life-{next(_numbers)}"  # a neighbourhood of its own for each example: nothing is shared
    roles = {"staff": Role.STAFF, "p1": Role.SHOPPER, "p2": Role.SHOPPER}
    people = {who: Actor(Kind.PERSON, who, n, frozenset({role})) for who, role in roles.items()} | {"madang": system(n)}
    deal_id, model = derived("life", n), Model(entered_us=clock.now_us())
    opened_us = clock.now_us()
    db.write(
        lambda tx: deals.open(
            tx, system(n), "life", id=deal_id, shop="s1", subject="p1", data={"eaten": 0}, at_us=opened_us
        ),
        neighbourhood=n,
    )
    for step in life:
        if step[0] == "wait":
            clock.advance(us=step[1])
            jobs.run_due(db, clock, neighbourhood=n)
            model.pass_time(clock.now_us())
        else:
            _, name, who, amount, id_ = step
            outcome = _move(db, n, deal_id, name, people[who], amount, derived("life-move", n, id_), clock.now_us())
            assert outcome == model.move(name, who, amount, id_, clock.now_us()), step
        deal = db.read(lambda tx: deals.get(tx, system(n), deal_id), neighbourhood=n)
        assert (deal.state, deal.moves, deal.data["eaten"]) == (model.state, model.moves, model.eaten), step
        assert (deal.entered_at_us, deal.closed) == (model.entered_us, model.state == "gone"), step
    _told(db, n, deal_id, model)


def _move(db: Database, n: str, deal: UUID, name: str, by: Actor, amount: int, id_: UUID, at_us: int) -> str:
    try:
        db.write(lambda tx: deals.move(tx, by, deal, name, id=id_, at_us=at_us, args={"n": amount}), neighbourhood=n)
    except MadangError as error:
        return error.code
    return "ok"


def _told(db: Database, n: str, deal: UUID, model: Model) -> None:
    """The steps kept and the facts told are one unbroken line of as many as the model made."""
    by = system(n)
    history = db.read(lambda tx: deals.history(tx, by, deal), neighbourhood=n)
    facts = db.read(lambda tx: journal.read(tx, by), neighbourhood=n)
    assert [step.number for step in history] == list(range(model.moves + 1))
    assert history[-1].target == model.state
    assert all(a.target == b.source for a, b in itertools.pairwise(history))
    assert len(facts) == min(model.moves + 1, 200)
