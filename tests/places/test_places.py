"""The tree of places and shops with their layouts, on a database."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from tests.places.small_layout import small_layout

from madang import journal, places
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, ManualClock, NotFound, Role, system
from madang.places import PlaceKind, records

N = "n1"
BY = system(N)
STAFF = Actor(Kind.PERSON, "staff-1", N, frozenset({Role.STAFF}), frozenset({"s1"}))


class Town:
    def __init__(self, db: Database, clock: ManualClock) -> None:
        self.db, self.clock = db, clock

    def write(self, fn: Any) -> Any:
        return self.db.write(fn, neighbourhood=N)

    def read(self, fn: Any) -> Any:
        return self.db.read(fn, neighbourhood=N)

    def add(self, id: str, kind: PlaceKind, parent: str | None = None, **more: Any) -> Any:
        at_us = self.clock.now_us()
        return self.write(lambda tx: places.add_place(tx, BY, id, kind, id, id, parent=parent, at_us=at_us, **more))

    def open_shop(self, layout: dict[str, Any] | None = None, **more: Any) -> Any:
        at_us, layout = self.clock.now_us(), layout or small_layout()
        return self.write(lambda tx: places.add_shop(tx, BY, "s1", "가게", "Shop", layout, at_us, **more))

    def kinds(self) -> list[str]:
        return [f.kind for f in self.read(lambda tx: journal.read(tx, BY))]


@pytest.fixture
def town(db: Database, clock: ManualClock) -> Town:
    return Town(db, clock)


def test_places_form_a_tree_under_the_neighbourhood(town: Town) -> None:
    town.add("b1", PlaceKind.BUILDING, area_m2=812.5, uses=("retail", "workshop"))
    town.add("h1", PlaceKind.HUB, "b1")
    town.add("r1", PlaceKind.ROOM, "h1", area_m2=33.1234)
    way = town.read(lambda tx: places.path(tx, BY, "r1"))
    assert [p.id for p in way] == ["n1", "b1", "h1", "r1"]
    assert [p.id for p in town.read(lambda tx: places.within(tx, BY, "n1"))] == ["b1", "h1", "r1"]
    found = town.read(lambda tx: places.get(tx, BY, "b1"))
    assert (found.area_m2, found.uses, found.parent) == (812.5, ("retail", "workshop"), "n1")
    assert town.kinds() == ["places.added"] * 4


def test_a_place_lies_only_where_such_a_place_can(town: Town) -> None:
    town.add("b1", PlaceKind.BUILDING)
    with pytest.raises(Invalid, match=r"places\.cannot_lie_there"):
        town.add("n2", PlaceKind.NEIGHBOURHOOD)
    with pytest.raises(Invalid, match=r"places\.cannot_lie_there"):
        town.add("g1", PlaceKind.GONDOLA, "b1")
    with pytest.raises(NotFound):
        town.add("r1", PlaceKind.ROOM, "b9")
    with pytest.raises(Invalid, match=r"places\.bad_id"):
        town.add("b/2", PlaceKind.BUILDING)


def test_adding_the_same_place_again_does_nothing_and_another_under_its_id_is_an_error(town: Town) -> None:
    town.add("b1", PlaceKind.BUILDING)
    town.clock.advance(s=60)
    town.add("b1", PlaceKind.BUILDING)
    assert len(town.kinds()) == 2
    with pytest.raises(Conflict):
        town.add("b1", PlaceKind.YARD)


def test_only_an_operator_adds_places(town: Town) -> None:
    with pytest.raises(Forbidden):
        town.write(lambda tx: places.add_place(tx, STAFF, "b1", PlaceKind.BUILDING, "b", "b", at_us=1))


def test_a_closed_place_stays_on_record_with_all_that_lay_in_it(town: Town) -> None:
    town.add("b1", PlaceKind.BUILDING)
    town.open_shop(parent="b1")
    at_us = town.clock.now_us()
    for _ in range(2):
        town.write(lambda tx: places.close_place(tx, BY, "b1", at_us=at_us))
    assert town.read(lambda tx: places.shops(tx, BY)) == []
    assert town.read(lambda tx: places.get(tx, BY, "s1/1/1-2")).closed_at_us == at_us
    assert town.kinds().count("places.closed") == 5


def test_a_shop_has_its_layout_and_its_shelves_are_places(town: Town) -> None:
    shop = town.open_shop()
    assert (shop.version, shop.place.area_m2, shop.place.parent) == (1, 7.0, "n1")
    assert town.read(lambda tx: places.shop(tx, STAFF, "s1")) == shop
    inside = town.read(lambda tx: places.within(tx, BY, "s1"))
    assert [(p.id, p.kind) for p in inside] == [
        ("s1/1", "gondola"), ("s1/1/1-1", "shelf"), ("s1/1/1-2", "shelf"),
    ]  # fmt: skip
    assert [p.id for p in town.read(lambda tx: places.shops(tx, STAFF))] == ["s1"]


def test_the_same_layout_again_changes_nothing_and_another_is_a_new_version(town: Town) -> None:
    town.open_shop()
    assert town.open_shop().version == 1
    layout = small_layout()
    layout["shelves"].pop()
    layout["plates"] = layout["plates"][:3]
    layout["planogram"].pop()
    assert town.open_shop(layout).version == 2
    assert town.read(lambda tx: places.get(tx, BY, "s1/1/1-2")).closed_at_us is not None
    assert town.open_shop().version == 3
    assert town.read(lambda tx: places.get(tx, BY, "s1/1/1-2")).closed_at_us is None
    assert town.kinds().count("places.layout_set") == 3


def test_a_bad_layout_is_refused_with_every_fault_and_nothing_is_kept(town: Town) -> None:
    layout = small_layout()
    layout["plates"][0]["box"] = None
    layout["planogram"][1]["plates"] = ["nowhere"]
    with pytest.raises(Invalid) as caught:
        town.open_shop(layout)
    assert caught.value.code == "places.bad_layout"
    assert [f["where"] for f in caught.value.details["faults"]] == ["plates[0].box", "planogram[1].plates"]
    with pytest.raises(NotFound):
        town.read(lambda tx: places.get(tx, BY, "s1"))


def test_a_shop_of_another_is_not_shown(town: Town) -> None:
    town.open_shop()
    elsewhere = Actor(Kind.PERSON, "staff-2", N, frozenset({Role.STAFF}), frozenset({"s2"}))
    with pytest.raises(Forbidden):
        town.read(lambda tx: places.shop(tx, elsewhere, "s1"))
    assert town.read(lambda tx: places.shops(tx, elsewhere)) == []


def test_layouts_that_were_are_never_changed(town: Town) -> None:
    town.open_shop()
    with pytest.raises(IntegrityError):
        town.write(lambda tx: tx.execute(records.layouts.update().values(layout="{}")))


def test_a_place_without_a_layout_is_no_shop(town: Town) -> None:
    town.add("b1", PlaceKind.BUILDING)
    with pytest.raises(NotFound, match=r"places\.not_a_shop"):
        town.read(lambda tx: places.shop(tx, BY, "b1"))
