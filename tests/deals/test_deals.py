"""Deals on a database: steps, roles, replays, roll-back, versions, timers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from madang import deals, jobs, journal
from madang.db import Database, Tx
from madang.deals import Deal, Process, Registry, StateTimer, Transition
from madang.deals.records import deals as tables
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, ManualClock, NotFound, Role, Uuid7, derived, system

N = "n1"
BY = system(N)
STAFF = Actor(Kind.PERSON, "staff-1", N, frozenset({Role.STAFF}), frozenset({"s1"}))
SHOPPER = Actor(Kind.PERSON, "p1", N, frozenset({Role.SHOPPER}))
OTHER = Actor(Kind.PERSON, "p2", N, frozenset({Role.SHOPPER}))
MINUTE = 60_000_000

ERRAND = Process(
    name="errand",
    version=1,
    initial="asked",
    states=("asked", "doing", "done", "dropped"),
    transitions=(
        Transition("take", ("asked",), "doing", (Role.STAFF,), ("errand.name", "errand.count")),
        Transition("note", ("doing",), "doing", (Role.STAFF,), ("errand.count",)),
        Transition("finish", ("doing",), "done", (Role.STAFF,), ("errand.break_if_told",)),
        Transition("drop", ("asked", "doing"), "dropped", (Role.STAFF, Role.SHOPPER)),
    ),
    timers=(StateTimer("asked", 10 * MINUTE, "drop"), StateTimer("doing", 30 * MINUTE, "drop")),
    titles={"asked": ("부탁함", "asked"), "finish": ("마치기", "finishing"), "take": ("맡기", "taking")},
)


def name_it(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> dict[str, Any]:
    return {"by": by.key}


def count_it(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> dict[str, Any]:
    return {"count": deal.data.get("count", 0) + 1, "seen": deal.data.get("by")}


def break_if_told(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> dict[str, Any] | None:
    tables.add_process(tx, msgspec.structs.replace(ERRAND, name="trace"), "x", at_us)
    if args.get("break"):
        raise Invalid("errand.broken", ko="부서짐", en="broken")
    return None


def declare(registry: Registry, *processes: Process) -> Registry:
    registry.action("errand.name")(name_it)
    registry.action("errand.count")(count_it)
    registry.action("errand.break_if_told")(break_if_told)
    for process in processes or (ERRAND,):
        registry.declare(process)
    return registry


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """What is declared during a test, also for timers."""
    fresh = declare(Registry())
    for name in ("_processes", "_prints", "_actions"):
        monkeypatch.setattr(deals.declared, name, getattr(fresh, name))
    return deals.declared  # type: ignore[return-value]


class Street:
    """A database with somebody at the keys."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids = db, clock, ids

    def open(self, by: Actor = BY, subject: str = "p1", shop: str = "s1", **more: Any) -> Deal:
        at_us, id_ = self.clock.now_us(), more.pop("id", None) or self.ids.new()
        return self.db.write(
            lambda tx: deals.open(tx, by, "errand", id=id_, shop=shop, subject=subject, at_us=at_us, **more),
            neighbourhood=N,
        )

    def move(self, deal: Deal, transition: str, by: Actor = STAFF, **more: Any) -> Deal:
        at_us, id_ = self.clock.now_us(), more.pop("id", None) or self.ids.new()
        return self.db.write(
            lambda tx: deals.move(tx, by, deal.id, transition, id=id_, at_us=at_us, **more), neighbourhood=N
        )

    def read(self, fn: Any) -> Any:
        return self.db.read(fn, neighbourhood=N)

    def get(self, deal: Deal, by: Actor = BY) -> Deal:
        return self.read(lambda tx: deals.get(tx, by, deal.id))

    def facts(self) -> list[Any]:
        return [f.body for f in self.read(lambda tx: journal.read(tx, BY))]

    def pass_time(self, us: int) -> int:
        self.clock.advance(us=us)
        return jobs.run_due(self.db, self.clock, neighbourhood=N)


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7, registry: Registry) -> Street:
    return Street(db, clock, ids)


def test_a_deal_lives_from_opening_to_its_final_state(street: Street) -> None:
    deal = street.open(data={"what": "bread"})
    assert (deal.state, deal.moves, deal.closed) == ("asked", 0, False)
    deal = street.move(deal, "take", args={"why": "near"})
    assert deal.data == {"what": "bread", "by": "staff-1", "count": 1, "seen": "staff-1"}
    deal = street.move(deal, "finish")
    assert (deal.state, deal.moves, deal.closed_at_us) == ("done", 2, street.clock.now_us())
    assert street.get(deal) == deal
    steps = street.read(lambda tx: deals.history(tx, BY, deal.id))
    assert [(s.number, s.transition, s.source, s.target) for s in steps] == [
        (0, "open", "", "asked"), (1, "take", "asked", "doing"), (2, "finish", "doing", "done"),
    ]  # fmt: skip
    assert (steps[1].args, steps[1].changes) == ({"why": "near"}, {"by": "staff-1", "count": 1, "seen": "staff-1"})
    assert (steps[1].actor_kind, steps[1].actor_key) == ("person", "staff-1")


def test_the_journal_is_told_of_the_opening_and_of_each_step(street: Street) -> None:
    deal = street.move(street.move(street.open(), "take"), "finish")
    opened, took, finished = street.facts()
    assert (opened.process, opened.state, opened.about) == ("errand", "asked", "p1")
    assert (took.transition, took.number, took.closed) == ("take", 1, False)
    assert (finished.source, finished.target, finished.closed) == ("doing", "done", True)
    facts = street.read(lambda tx: journal.read(tx, BY, subject=deals.deal_key(deal.id)))
    assert [f.shop for f in facts] == ["s1"] * 3


def test_a_step_the_state_does_not_allow_says_what_can_be_done(street: Street) -> None:
    deal = street.open()
    with pytest.raises(Conflict) as caught:
        street.move(deal, "finish")
    assert caught.value.code == "deals.not_now"
    assert caught.value.details["choices"] == ["take", "drop"]
    assert caught.value.text("ko") == "'부탁함' 상태에서는 '마치기'를 할 수 없습니다. 지금 할 수 있는 일: 맡기, drop."
    assert street.get(deal) == deal


def test_an_unknown_step_is_not_found(street: Street) -> None:
    with pytest.raises(NotFound, match=r"deals\.transition_unknown"):
        street.move(street.open(), "fly")


def test_only_the_roles_of_a_step_may_make_it(street: Street) -> None:
    deal = street.open()
    with pytest.raises(Forbidden):
        street.move(deal, "take", SHOPPER)
    assert [s.name for s in street.read(lambda tx: deals.choices(tx, SHOPPER, deal))] == ["drop"]
    assert [s.name for s in street.read(lambda tx: deals.choices(tx, STAFF, deal))] == ["take", "drop"]
    assert street.move(deal, "drop", SHOPPER).state == "dropped"


def test_a_shopper_sees_and_moves_only_their_own_deals(street: Street) -> None:
    mine, theirs = street.open(subject="p1"), street.open(subject="p2")
    with pytest.raises(NotFound):
        street.move(theirs, "drop", SHOPPER)
    with pytest.raises(NotFound):
        street.get(mine, OTHER)
    found = street.read(lambda tx: deals.find(tx, SHOPPER))
    assert [d.id for d in found.rows] == [mine.id]


def test_staff_of_one_shop_do_not_see_anothers_deals(street: Street) -> None:
    here, there = street.open(shop="s1"), street.open(shop="s2")
    assert [d.id for d in street.read(lambda tx: deals.find(tx, STAFF)).rows] == [here.id]
    with pytest.raises(NotFound):
        street.move(there, "take")
    with pytest.raises(Forbidden):
        street.open(by=STAFF, shop="s2")


def test_a_shopper_opens_deals_of_their_own_only(street: Street) -> None:
    assert street.open(by=SHOPPER, subject="p1").subject == "p1"
    with pytest.raises(Forbidden):
        street.open(by=SHOPPER, subject="p2")


def test_the_same_step_under_the_same_id_is_made_once(street: Street) -> None:
    deal, id_ = street.open(), street.ids.new()
    first = street.move(deal, "take", id=id_, args={"n": 1})
    street.clock.advance(s=5)
    again = street.move(deal, "take", id=id_, args={"n": 1})
    assert again == first
    assert len(street.facts()) == 2


def test_another_step_under_a_used_id_is_an_error(street: Street) -> None:
    deal, id_ = street.open(), street.ids.new()
    street.move(deal, "take", id=id_, args={"n": 1})
    for transition, args, by in (("take", {"n": 2}, STAFF), ("drop", {"n": 1}, STAFF), ("take", {"n": 1}, BY)):
        with pytest.raises(Conflict, match=r"deals\.id_taken"):
            street.move(deal, transition, by, id=id_, args=args)
    with pytest.raises(Conflict, match=r"deals\.id_taken"):
        street.move(street.open(), "take", id=id_, args={"n": 1})


def test_opening_twice_opens_once_and_other_content_is_an_error(street: Street) -> None:
    id_ = street.ids.new()
    first = street.open(id=id_, data={"a": [1, 2]})
    street.move(first, "take")
    again = street.open(id=id_, data={"a": (1, 2)})
    assert (again.id, again.state, again.moves) == (id_, "doing", 1)
    for other in ({"data": {"a": [1]}}, {"data": {"a": [1, 2]}, "subject": "p9"}):
        with pytest.raises(Conflict, match=r"deals\.id_taken"):
            street.open(id=id_, **other)


def test_an_action_that_fails_takes_the_whole_step_back(street: Street) -> None:
    deal = street.move(street.open(), "take")
    told = len(street.facts())
    with pytest.raises(Invalid, match=r"errand\.broken"):
        street.move(deal, "finish", args={"break": True})
    assert street.get(deal) == deal
    assert len(street.facts()) == told
    assert street.read(lambda tx: tables.process(tx, BY, "trace", 1)) is None
    assert street.move(deal, "finish").state == "done"


def test_a_change_to_none_takes_a_name_out_of_the_data(street: Street, registry: Registry) -> None:
    registry._actions["errand.name"] = lambda *_: {"what": None}
    deal = street.move(street.open(data={"what": "bread", "k": 1}), "take")
    assert deal.data == {"k": 1, "count": 1}


def test_steps_can_neither_be_changed_nor_removed(street: Street) -> None:
    deal = street.open()
    for change in (tables.moves.update().values(transition="x"), tables.moves.delete()):
        with pytest.raises(IntegrityError):
            street.db.write(lambda tx, change=change: tx.execute(change), neighbourhood=N)
    assert len(street.read(lambda tx: deals.history(tx, BY, deal.id))) == 1


def test_running_deals_keep_the_version_they_began_under(street: Street, registry: Registry) -> None:
    old = street.open()
    two = msgspec.structs.replace(
        ERRAND, version=2, transitions=(*ERRAND.transitions, Transition("skip", ("asked",), "done", (Role.STAFF,)))
    )
    registry.declare(two)
    new = street.open()
    assert (old.version, new.version) == (1, 2)
    with pytest.raises(NotFound):
        street.move(old, "skip")
    assert street.move(new, "skip").state == "done"
    del registry._processes["errand", 1]  # the next release has only version 2 in its code
    assert street.move(old, "take").state == "doing"
    assert street.read(lambda tx: deals.process_of(tx, BY, old)) == ERRAND


def test_an_edited_version_is_refused_when_deals_began_under_the_first(street: Street, registry: Registry) -> None:
    street.open()
    registry._processes.clear()
    registry._prints.clear()
    registry.declare(msgspec.structs.replace(ERRAND, timers=()))
    with pytest.raises(Conflict, match=r"deals\.process_changed"):
        street.open()


def test_time_moves_a_deal_that_nobody_moves(street: Street) -> None:
    deal = street.open()
    assert street.pass_time(10 * MINUTE - 1) == 0
    street.pass_time(1)
    dropped = street.get(deal)
    assert (dropped.state, dropped.closed_at_us) == ("dropped", street.clock.now_us())
    last = street.read(lambda tx: deals.history(tx, BY, deal.id))[-1]
    assert (last.actor_kind, last.actor_key) == ("system", "deals.timers")


def test_leaving_a_state_takes_its_timer_back_and_sets_the_next_ones(street: Street) -> None:
    deal = street.open()
    street.clock.advance(us=9 * MINUTE)
    deal = street.move(deal, "take")
    assert street.pass_time(29 * MINUTE) == 0
    assert street.get(deal).state == "doing"
    street.pass_time(1 * MINUTE)
    assert street.get(deal).state == "dropped"


def test_a_step_that_stays_in_its_state_lets_the_timer_run_on(street: Street) -> None:
    deal = street.move(street.open(), "take")
    street.clock.advance(us=20 * MINUTE)
    deal = street.move(deal, "note")
    assert (deal.moves, deal.entered_move) == (2, 1)
    street.pass_time(10 * MINUTE)
    assert street.get(deal).state == "dropped"


def test_a_timer_that_comes_too_late_does_nothing(street: Street) -> None:
    deal = street.open()
    timer = derived(deals.timers.KIND, deal.id, 0, "drop")
    deal = street.move(deal, "take")
    payload = {"deal": str(deal.id), "entered_move": 0, "transition": "drop"}
    now = street.clock.now_us()
    late = jobs.Job(timer, deals.timers.KIND, N, payload, now, now, 1)
    street.db.write(lambda tx: deals.service.go_off(tx, late), neighbourhood=N)
    assert street.get(deal).state == "doing"


def test_deals_are_found_by_process_state_shop_and_subject_newest_first(street: Street) -> None:
    made = []
    for i in range(5):
        street.clock.advance(s=1)
        made.append(street.open(subject=f"p{i % 2}"))
    street.move(made[0], "take")
    found = street.read(lambda tx: deals.find(tx, BY, process="errand", state="asked", subject="p0"))
    assert [d.id for d in found.rows] == [made[4].id, made[2].id]
    street.move(made[4], "drop")
    assert len(street.read(lambda tx: deals.find(tx, BY, running=True)).rows) == 4
    assert [d.id for d in street.read(lambda tx: deals.find(tx, BY, running=False)).rows] == [made[4].id]


def test_pages_of_deals_follow_one_another(street: Street) -> None:
    made = [street.open().id for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = street.read(lambda tx, c=cursor: deals.find(tx, BY, limit=2, cursor=c))
        seen += [d.id for d in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
