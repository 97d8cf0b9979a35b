"""People and their roles: looked at before they change, offered by a link, and only by who may."""

from __future__ import annotations

from uuid import UUID

import pytest
from fastapi import APIRouter
from tests.asking import Client

from madang import journal, members
from madang.console import adult_pages, program_pages
from madang.console.desk import ConsoleDesk
from madang.console.people_desk import PeopleDesk
from madang.console.people_pages import add
from madang.console.views import Views
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, ManualClock, NotFound, Role, Uuid7, system
from madang.members import adults, api_keys, invites, sessions
from madang.members.accounts import Accounts
from madang.members.invite_pages import router as invite_router
from madang.ui import Asking, Identity, Pages, access
from madang.web import Shopfront, create_app

N = "n1"
BY = system(N)
OP, ARA, DEV = UUID(int=1), UUID(int=2), UUID(int=3)


class Town:
    """An operator, a neighbour and an integrator; ``me`` is whose browser it is."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids, self.proved = db, clock, ids, True
        self.accounts = Accounts(db, clock, ids, N, key=b"k" * 32, public_url="https://madang.test")
        for person in (OP, ARA, DEV):
            self.do(members.add_person, key=person, fields={"nickname": f"사람{person.int}"}, at_us=self.now)
        self.do(members.give_role, OP, Role.OPERATOR, at_us=self.now)
        self.do(members.give_role, DEV, Role.INTEGRATOR, at_us=self.now)
        routes = APIRouter(prefix="/console", dependencies=[access.role(Role.OPERATOR, Role.STAFF)])
        add(routes, PeopleDesk(self.accounts), Views(Pages()))
        program_pages.add(routes, PeopleDesk(self.accounts), Views(Pages()))
        adult_pages.add(routes, ConsoleDesk(db, N, clock, ids), Views(Pages()))
        more = [routes, invite_router(self.accounts, Pages())]
        self.client = Client(create_app(Shopfront(neighbourhood=N, clock=clock, more=more, identify=self._who)))
        self.be(OP)

    @property
    def now(self) -> int:
        return self.clock.now_us()

    def do(self, act, *args, by: Actor = BY, **given):  # type: ignore[no-untyped-def]
        return self.db.write(lambda tx: act(tx, by, *args, **given), neighbourhood=N)

    def actor(self, person: UUID) -> Actor:
        roles = frozenset(one.role for one in self.roles(person) if one.shop is None)
        return Actor(Kind.PERSON, str(person), N, roles | {Role.SHOPPER}, proved_us=self.now if self.proved else 0)

    def roles(self, person: UUID) -> list[members.Held]:
        found: list[members.Held] = self.do(members.roles_of, person)
        return found

    def be(self, person: UUID | None) -> None:
        self.client.keeps("madang_session", "" if person is None else str(person))

    def _who(self, asking: Asking) -> Identity | None:
        key = asking.cookies.get("madang_session", "")
        by = self.actor(UUID(key)) if key else None
        return None if by is None else Identity(by, lambda _shop: by, bound=key, proved_us=by.proved_us)

    def page(self, path: str) -> str:
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, answer.text[:400]
        return answer.text

    def send(self, path: str, **form: str):  # type: ignore[no-untyped-def]
        self.clock.advance(s=2)
        return self.client.post(path, data=form, headers={"Accept": "text/html"})


@pytest.fixture
def town(db: Database, clock: ManualClock, ids: Uuid7) -> Town:
    return Town(db, clock, ids)


def test_a_role_is_previewed_given_taken_and_on_record(town: Town) -> None:
    assert "사람2" in town.page("/console/people")
    before = town.page(f"/console/people/{ARA}/role?role=staff&shop=")
    assert "이렇게 바뀝니다" in before
    assert town.roles(ARA) == [], "a preview changes nothing"
    town.send(f"/console/people/{ARA}/role", role="staff", act="give")
    assert [one.role for one in town.roles(ARA)] == [Role.STAFF]
    assert "사람2" in town.page("/console/people?role=staff")
    assert "사람3" not in town.page("/console/people?role=staff")
    town.send(f"/console/people/{ARA}/role", role="staff", act="take")
    assert town.roles(ARA) == []
    acts = town.do(journal.trail, actor=str(OP))
    assert {fact.kind for fact in acts} >= {"members.role_given", "members.role_closed"}
    assert f"person:{ARA}" in town.page(f"/console/people/{OP}")


def test_a_role_that_opens_much_asks_for_a_fresh_proof(town: Town) -> None:
    town.proved = False
    assert "/account/step-up?next=" in town.page(f"/console/people/{ARA}/role?role=operator")
    answer = town.client.post(f"/console/people/{ARA}/role", data={"role": "operator", "act": "give"})
    assert (answer.status_code, answer.json()["code"]) == (403, "members.step_up")
    answer = town.client.post("/console/people/invite", data={"role": "operator"})
    assert (answer.status_code, answer.json()["code"]) == (403, "members.step_up")


def test_an_invitation_is_taken_once_by_whoever_has_its_link(town: Town) -> None:
    text = town.send("/console/people/invite", role="staff", shop="s1").text
    link = text.split('value="https://madang.test', 1)[1].split('"', 1)[0]
    assert "아직 받지 않은 초대" in town.page("/console/people")
    town.be(None)
    assert "로그인하거나 가입하고 받기" in town.page(link)
    assert town.send(link).status_code == 303, "a visitor is led to signing in"
    town.be(ARA)
    assert "이 역할 맡기" in town.page(link)
    assert town.send(link).headers["location"].startswith("/account")
    assert [(one.role, one.shop) for one in town.roles(ARA)] == [(Role.STAFF, "s1")]
    assert town.client.get(link).status_code == 404
    with pytest.raises(NotFound, match="invite_over"):
        town.do(invites.accept, "guessed", by=town.actor(DEV), at_us=town.now)


def test_an_invitation_opens_nothing_once_it_is_over_taken_back_or_its_maker_is_no_operator(town: Town) -> None:
    def offer(token: str, by: UUID = OP) -> UUID:
        given = {"id": town.ids.new(), "token": token, "at_us": town.now}
        made: invites.Invite = town.do(invites.make, Role.MAKER, None, by=town.actor(by), **given)
        return made.id

    with pytest.raises(Forbidden, match="may_not_give"):
        offer("a", by=ARA)
    town.do(invites.close, offer("b"), by=town.actor(OP), at_us=town.now)
    with pytest.raises(NotFound, match="invite_over"):
        town.do(invites.accept, "b", by=town.actor(ARA), at_us=town.now)
    offer("c")
    with pytest.raises(NotFound, match="invite_over"):
        town.do(invites.accept, "c", by=town.actor(ARA), at_us=town.now + invites.GOOD_US + 1)
    town.do(members.give_role, ARA, Role.OPERATOR, at_us=town.now)
    offer("d")
    town.do(members.close_role, OP, Role.OPERATOR, at_us=town.now + 1)
    with pytest.raises(Conflict, match="inviter_may_not"):
        town.do(invites.accept, "d", by=town.actor(DEV), at_us=town.now + 2)


def test_sessions_are_ended_and_programs_keys_revoked(town: Town) -> None:
    made = {"id": town.ids.new(), "token": api_keys.new_token(), "name": "계산기", "scopes": ["me.read"], "days": 9}
    town.do(api_keys.make, DEV, by=town.actor(DEV), at_us=town.now, **made)
    session = town.ids.new()
    begun = {"id": session, "token": "t", "way": "link", "device": "Chrome", "proved_at_us": 0, "at_us": town.now}
    town.do(sessions.begin, by=town.actor(DEV), **begun)
    text = town.page(f"/console/people/{DEV}")
    assert ("계산기" in text, "me.read" in text, "Chrome" in text) == (True, True, True)
    assert '<option value="misused">' in text
    close = f"/console/people/{DEV}/keys/{made['id']}/close"
    assert town.client.post(close).status_code == 422, "without a reason nothing is revoked"
    town.send(close, why="misused")
    town.send(f"/console/people/{DEV}/sessions/{session}/end")
    assert town.do(api_keys.keys_of, DEV) == []
    assert town.do(sessions.open_sessions, DEV) == []


def test_all_programs_keys_are_listed_and_one_is_revoked_with_a_reason_that_its_owner_reads(town: Town) -> None:
    made = {"id": town.ids.new(), "token": api_keys.new_token(), "name": "계산기", "scopes": ["me.read"], "days": 9}
    town.do(api_keys.make, DEV, by=town.actor(DEV), at_us=town.now, **made)
    text = town.page("/console/programs?lang=ko")
    assert ("계산기" in text, "사람3" in text, "쓴 적 없음" in text) == (True, True, True)
    with pytest.raises(Invalid, match="no_reason"):
        town.do(api_keys.close, made["id"], by=town.actor(OP), at_us=town.now, why="")
    town.send(f"/console/programs/{made['id']}/revoke", why="leaked")
    assert "계산기" not in town.page("/console/programs")
    (told,) = town.do(journal.trail, subject=f"person:{DEV}", kinds={"members.api_key_revoked"})
    assert (told.body.why, told.actor_key) == ("leaked", str(OP))
    with pytest.raises(NotFound, match="no_api_key"):
        town.do(api_keys.close, made["id"], by=town.actor(OP), at_us=town.now, why="other")
    town.do(members.give_role, DEV, Role.INTEGRATOR, at_us=town.now)
    again = made | {"id": town.ids.new(), "token": api_keys.new_token()}
    town.do(api_keys.make, DEV, by=town.actor(DEV), at_us=town.now, **again)
    town.do(api_keys.close, again["id"], by=town.actor(DEV), at_us=town.now)
    assert len(town.do(journal.trail, subject=f"person:{DEV}", kinds={"members.api_key_revoked"})) == 1, "their own act"


def test_a_shop_sees_the_keys_of_its_own_integrators_and_closes_none_of_others(town: Town) -> None:
    town.do(members.give_role, ARA, Role.INTEGRATOR, shop="s1", at_us=town.now)
    in_shop = {role: Actor(Kind.PERSON, "k", N, frozenset({role}), frozenset({"s1"})) for role in Role}
    dev = Actor(Kind.PERSON, str(ARA), N, frozenset({Role.INTEGRATOR}), frozenset({"s1"}))
    for person, by in ((ARA, dev), (DEV, town.actor(DEV))):
        made = {"id": town.ids.new(), "token": api_keys.new_token(), "name": "p", "scopes": ["me.read"], "days": 9}
        town.do(api_keys.make, person, by=by, at_us=town.now, **made)

    def seen(by: Actor) -> list[tuple[UUID, tuple[str | None, ...]]]:
        return [(one.key.person, one.shops) for one in town.do(api_keys.every, by=by, at_us=town.now)]

    assert set(seen(town.actor(OP))) == {(ARA, ("s1",)), (DEV, (None,))}
    for role in (Role.MERCHANT, Role.INTEGRATOR, Role.OPERATOR):
        assert seen(in_shop[role]) == [(ARA, ("s1",))]
    for by in (in_shop[Role.NEIGHBOUR], town.actor(DEV)):
        with pytest.raises(Forbidden):
            seen(by)
    for role in (Role.MERCHANT, Role.OPERATOR):
        with pytest.raises(NotFound):
            town.do(api_keys.close, made["id"], by=in_shop[role], at_us=town.now)
    assert [key.person for key in town.do(api_keys.keys_of, DEV)] == [DEV]
    assert seen(Actor(Kind.PERSON, "x", N, frozenset({Role.OPERATOR}), frozenset({"s2"}))) == []


def test_only_operators_see_people_and_their_acts(town: Town) -> None:
    town.do(members.give_role, ARA, Role.STAFF, at_us=town.now)
    town.be(ARA)
    for path in ("/console/people", f"/console/people/{DEV}", f"/console/people/{DEV}/role?role=staff"):
        assert town.client.get(path).status_code == 403


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_page_of_people_opens_in_both_languages(town: Town, lang: str) -> None:
    for path in ("/console/people?", f"/console/people/{DEV}?", f"/console/people/{ARA}/role?role=staff&"):
        assert f'<html lang="{lang}">' in town.page(f"{path}lang={lang}")


def test_whoever_serves_records_a_card_they_saw_by_the_code_on_the_phone(town: Town) -> None:
    code = "a-code-of-aras-phone"
    town.do(members.issue_credential, ARA, code, town.now)
    for form in ({"code": code}, {"code": "", "seen": "yes"}, {"code": "nobodys", "seen": "yes"}):
        assert town.client.post("/console/adults", data=form).status_code in (404, 422), form
    assert town.client.post("/console/adults", data={"code": code, "seen": "yes"}).status_code == 303
    assert town.do(lambda tx, _by: adults.is_adult(tx, str(ARA)))
    for lang in ("ko", "en"):
        page = town.client.get(f"/console/adults?lang={lang}", headers={"accept": "text/html"}).text
        assert f">사람{ARA.int} <" in page
    assert town.client.post(f"/console/adults/{ARA}/take").status_code == 303
    assert not town.do(lambda tx, _by: adults.is_adult(tx, str(ARA)))
    assert town.client.post("/console/adults", data={"code": str(OP), "seen": "yes"}).status_code == 403, "of oneself"
    there = [fact.kind for fact in town.do(lambda tx, by: journal.trail(tx, by, subject=f"person:{ARA}", limit=9))]
    assert there[:2] == ["members.adult_taken_back", "members.adult_seen"]


def test_people_go_out_as_a_file_that_names_nobody(town: Town) -> None:
    answer = town.client.get("/console/people/file.csv?role=integrator")
    assert answer.content.decode("utf-8-sig").splitlines()[1:] == [f"{str(DEV)[-6:]},2026-09-21,integrator"]
    everybody = town.client.get("/console/people/file.csv").text
    assert everybody.count("\n") == 4
    assert "사람1" not in everybody
    assert town.client.get("/console/people/file.xlsx").status_code == 200
    town.be(ARA)
    assert town.client.get("/console/people/file.csv").status_code == 403
