"""Places: opened by a form, chosen everywhere, renamed, closed only when nothing would be lost, opened again."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from fastapi import APIRouter
from tests.asking import Client
from tests.databases import POSTGRES_IN_SOAK
from tests.storefront.street import BY, FETCH, TERMS, N, Street

from madang import journal, members, places
from madang.cli import main
from madang.console import premises
from madang.console.place_pages import add
from madang.console.premises import PlacesDesk
from madang.console.settings_pages import SettingsDesk
from madang.console.stockroom import Stockroom
from madang.console.views import Views
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Kind, ManualClock, NotFound, Role, Uuid7
from madang.places import PlaceKind
from madang.storefront import browsing
from madang.storefront.terms import Terms, set_terms
from madang.ui import Asking, Identity, Pages, access
from madang.walkout import records as walkout
from madang.walkout.visits import Books, Visit
from madang.web import Shopfront, create_app

pytestmark = POSTGRES_IN_SOAK
HTML = {"Accept": "text/html"}
OP = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}))
SELLS = msgspec.structs.replace(TERMS, windows=())
POT = {"kind": "shop", "id": "pottery", "name_ko": "노을 공방", "name_en": "", "parent": ""}


class Town:
    def __init__(self, street: Street) -> None:
        self.street, self.me = street, OP
        routes = APIRouter(prefix="/console", dependencies=[access.role(Role.OPERATOR)])
        add(routes, PlacesDesk(street.db, N, street.clock, street.ids), Views(Pages()))

        def known(_asking: Asking) -> Identity | None:
            return Identity(self.me, lambda _shop: self.me, bound="b")

        self.client = Client(create_app(Shopfront(neighbourhood=N, clock=street.clock, more=[routes], identify=known)))
        self.client.keeps("madang_session", "b")

    def send(self, path: str, form: dict[str, str] | None = None) -> str:
        self.street.clock.advance(s=2)
        answer = self.client.post(f"/console/places{path}", data=form or {}, headers=HTML)
        return self.get(answer.headers["location"]) if answer.status_code == 303 else answer.text

    def get(self, path: str) -> str:
        answer = self.client.get(path, headers=HTML)
        assert answer.status_code == 200, answer.text[:400]
        return answer.text

    def stops(self, id: str) -> dict[str, int]:
        return {stop.what: stop.n for stop in self.street.read(lambda tx: premises.stops(tx, OP, id))}

    def kinds(self, id: str) -> list[str]:
        return [f.kind for f in self.street.read(lambda tx: journal.trail(tx, OP, subject=id))]

    def closed(self, id: str) -> bool:
        return self.street.read(lambda tx: places.get(tx, OP, id)).closed_at_us is not None


@pytest.fixture
def town(db: Database, clock: ManualClock, ids: Uuid7) -> Town:
    return Town(Street(db, clock, ids).open(SELLS))


def test_a_shop_without_sensors_is_opened_by_a_form_and_can_be_chosen_everywhere(town: Town) -> None:
    assert "거점" in town.get("/console/places")
    text = town.send("", POT)
    assert "장소를 열었습니다" in text
    assert "노을 공방" in text
    street, room = town.street, Stockroom(town.street.db, N, town.street.clock, town.street.ids)
    assert "pottery" in {p.id for p in room.places(OP)}
    assert "pottery" in {p.id for p in SettingsDesk(street.db, N, street.clock).look(OP, "s1")["places_here"]}
    street.receive({"BOWL": 2}, "pottery")
    street.write(lambda tx: set_terms(tx, OP, "pottery", Terms(fetch_at=("pottery",)), at_us=street.now))
    assert street.read(lambda tx: browsing.shop_of(tx, BY, "pottery")).name_en == "노을 공방"
    key = UUID(street.mina.key)
    street.write(lambda tx: members.give_role(tx, BY, key, Role.MERCHANT, shop="pottery", at_us=street.now))


def test_what_cannot_be_opened_is_told_and_nothing_typed_is_lost(town: Town) -> None:
    for form, why in (
        (POT | {"id": "도예"}, "장소 코드로 쓸 수 없습니다"),
        (POT | {"name_ko": "  "}, "한국어 이름"),
        (POT | {"kind": "room"}, "둘 수 없습니다"),
        (POT | {"id": "h1"}, "이미 다른 장소"),
        (POT | {"kind": "shelf"}, "배치도가 정하고"),
        (POT | {"parent": "h9"}, "장소가 없습니다"),
    ):
        text = town.send("", form)
        assert why in text, form
        assert 'role="alert"' in text
    assert 'value="노을 공방"' in town.send("", POT | {"id": "도예"})


def test_a_room_lies_in_a_shop_and_keeps_goods(town: Town) -> None:
    town.send("", {"kind": "room", "id": "s1-back", "name_ko": "창고", "name_en": "Back room", "parent": "s1"})
    town.street.receive({"RICE": 3}, "s1-back")
    assert town.stops("s1-back") == {"goods": 1}
    assert "창고" in town.get("/console/places/s1")


def test_a_place_is_called_something_else_and_is_still_the_same(town: Town) -> None:
    assert "이름을 바꿨습니다" in town.send("/h1/name", {"name_ko": "성미 거점", "name_en": "Seongmi hub"})
    assert "Seongmi hub" in town.get("/console/places/h1?lang=en")
    assert town.kinds("h1")[0] == "places.renamed"
    again = lambda tx: places.add_place(tx, BY, "h1", PlaceKind.HUB, "거점", "Hub", at_us=town.street.now)  # noqa: E731
    assert town.street.write(again).name_ko == "성미 거점", "who adds it by its first name finds it there"
    other = lambda tx: places.add_place(tx, BY, "h1", PlaceKind.HUB, "딴 곳", "Hub", at_us=town.street.now)  # noqa: E731
    with pytest.raises(Conflict):
        town.street.write(other)
    assert 'role="alert"' in town.send("/h1/name", {"name_ko": " "})


def test_a_place_is_not_closed_while_anything_would_be_lost(town: Town) -> None:
    street = town.street
    assert town.stops("h1") == {"fetched": 1}
    assert {"goods", "online"} <= set(town.stops("s1"))
    street.put("RAMEN")
    street.place(street.begin())
    assert town.stops("s1")["orders"] == 1
    visit = Visit(street.ids.new(), 1, "x", "shopper", None, 1, None, Books())
    street.write(lambda tx: walkout.add_visit(tx, "s2", visit))
    assert town.stops("s2")["inside"] == 1
    text = town.send("/s1/close")
    for why in ("재고 6종", "끝나지 않은 주문 1건", "켜져 있는 온라인 판매"):
        assert why in text
    assert not town.closed("s1")
    with pytest.raises(Conflict, match=r"console\.place_in_use"):
        street.write(lambda tx: premises.close(tx, OP, "s2", at_us=street.now))


def test_an_order_to_be_fetched_at_a_hub_keeps_it_open(town: Town) -> None:
    street = town.street
    street.put("RAMEN")
    street.place(street.begin(), choices={"s1": msgspec.structs.replace(FETCH, place="h1")})
    street.write(lambda tx: set_terms(tx, OP, "s1", Terms(fetch_at=("s1",)), at_us=street.now))
    assert town.stops("h1") == {"orders": 1}


def test_a_closed_place_is_gone_from_choices_and_opens_again_with_what_was_closed_with_it(town: Town) -> None:
    town.send("", POT)
    town.send("", {"kind": "room", "id": "kiln", "name_ko": "가마", "name_en": "Kiln", "parent": "pottery"})
    town.send("", {"kind": "room", "id": "attic", "name_ko": "다락", "name_en": "Attic", "parent": "pottery"})
    town.send("/attic/close")
    assert "닫았습니다" in town.send("/pottery/close")
    assert town.closed("kiln")
    street = town.street
    with pytest.raises(NotFound):
        street.read(lambda tx: browsing.shop_of(tx, BY, "pottery"))
    with pytest.raises(Conflict, match=r"places\.is_closed"):
        street.receive({"BOWL": 1}, "pottery")
    with pytest.raises(Conflict, match=r"places\.is_closed"):
        street.write(lambda tx: set_terms(tx, OP, "s1", Terms(fetch_at=("pottery",)), at_us=street.now))
    with pytest.raises(Conflict, match=r"places\.is_closed"):
        street.write(lambda tx: set_terms(tx, OP, "pottery", SELLS, at_us=street.now))
    street.write(lambda tx: set_terms(tx, OP, "pottery", Terms(open=False), at_us=street.now))
    shed = {"kind": "room", "id": "shed", "name_ko": "광", "name_en": "Shed", "parent": "pottery"}
    assert "닫힌 장소입니다" in town.send("", shed)
    assert "pottery" not in {p.id for p in Stockroom(street.db, N, street.clock, street.ids).places(OP)}
    assert town.client.post("/console/places/kiln/open", headers=HTML).status_code == 409, "the outer one first"
    assert "다시 열었습니다" in town.send("/pottery/open")
    assert not town.closed("kiln")
    assert town.closed("attic"), "what was closed before stays closed"
    assert town.kinds("pottery")[:3] == ["places.reopened", "places.closed", "places.added"]


def test_who_works_in_one_shop_opens_and_closes_no_place(town: Town) -> None:
    for me in (
        Actor(Kind.PERSON, "op2", N, frozenset({Role.OPERATOR}), frozenset({"s2"})),
        Actor(Kind.PERSON, "joon", N, frozenset({Role.STAFF})),
    ):
        with pytest.raises(Forbidden):
            town.street.write(lambda tx, me=me: premises.close(tx, me, "h1", at_us=1))
        town.me = me
        assert town.client.get("/console/places", headers=HTML).status_code == 403
        assert town.client.post("/console/places", data=POT, headers=HTML).status_code == 403


def test_places_are_opened_and_closed_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["--database", f"sqlite:///{tmp_path / 'm.db'}", "--neighbourhood", N, "--lang", "en"]
    assert main(["place", "list", *base]) == 0
    assert main(["place", "add", "hub", "h7", "--name", "거점", *base]) == 0
    assert main(["place", "add", "room", "r7", "--name", "방", "--parent", "h7", *base]) == 0
    assert main(["place", "close", "h7", *base]) == 0
    assert main(["place", "close", "h8", *base]) == 1
    assert main(["place", "list", *base]) == 0
    told = capsys.readouterr().out
    assert "The place 'h7' is closed." in told
    assert told.count("There are no places yet.") == 2
