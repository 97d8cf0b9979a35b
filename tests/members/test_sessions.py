"""Sessions: how long they last, that they turn, and who ends them; one more proof; keys of programs; payouts held."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from tests.databases import BOTH, SQLITE
from tests.members.town import HTML, Town, code

from madang import members
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Kind, ManualClock, Role, derived
from madang.kernel.clock import DAY_US, HOUR_US
from madang.members import account_pages, api_keys, sessions, tables
from madang.members.door_pages import device_of
from madang.members.giving import GIVEN_BY, may_give

pytestmark = SQLITE


@pytest.fixture
def town(db: Database, clock: ManualClock) -> Town:
    return Town(db, clock)


def token(browser: object) -> str:
    return str(browser.client._cookies.get("madang_session"))  # type: ignore[attr-defined]


def test_a_session_ends_when_it_was_not_used_and_in_any_case_in_the_end(town: Town) -> None:
    mina = town.member()
    for _ in range(3):
        town.clock.advance(us=29 * DAY_US)
        assert mina.is_in() == (town.clock.now_us() - 1_790_000_000_000_000 < 90 * DAY_US)
    town.clock.advance(us=4 * DAY_US)
    assert not mina.is_in()
    jun = town.member()
    town.clock.advance(us=31 * DAY_US)
    assert not jun.is_in()


def test_whoever_works_here_is_signed_out_overnight(town: Town) -> None:
    mina = town.member(Role.MERCHANT, shop="s1")
    town.clock.advance(us=13 * HOUR_US)
    assert not mina.is_in()


def test_tables_hold_no_token_and_the_cookie_cannot_be_read_by_scripts(town: Town) -> None:
    mina = town.visitor()
    answer = mina.joins()
    line = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("madang_session="))
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    kept = town.db.read(lambda tx: repr(tx.rows(sa.select(tables.sessions))), neighbourhood="n1")
    assert token(mina) not in kept
    https = mina.client.get("/account", headers=HTML | {"X-Forwarded-Proto": "https"})
    assert https.status_code == 303, "a cookie set without HTTPS opens nothing with it"


def test_a_new_role_turns_the_token_and_the_old_one_is_let_in_for_half_a_minute(town: Town) -> None:
    mina, thief = town.member(), town.visitor()
    old = token(mina)
    town.write(members.give_role, mina.person, Role.MAKER, at_us=town.clock.now_us())
    assert mina.is_in()
    assert token(mina) != old
    thief.client.keeps("madang_session", old)
    assert thief.is_in()
    town.clock.advance(s=31)
    assert not thief.is_in()
    assert mina.is_in()


def test_signing_in_replaces_the_session_the_browser_had(town: Town) -> None:
    mina, thief = town.member(), town.visitor()
    thief.client.keeps("madang_session", token(mina))
    answer = mina.key.answers(mina.asked("sign_in"))
    mina.sends("/account/passkey/sign-in", answer=answer)
    assert mina.is_in()
    assert not thief.is_in()


@BOTH
def test_people_see_where_they_are_signed_in_and_end_it(town: Town) -> None:
    mina, phone = town.member(), town.visitor()
    phone.key = mina.key
    phone.signs_in()
    page = mina.opens("/account").text
    (other,) = re.findall(r"/account/sessions/([\w-]+)/end\"", page)
    stranger = town.member()
    assert code(stranger.sends(f"/account/sessions/{other}/end")) == "members.no_session"
    mina.sends(f"/account/sessions/{other}/end")
    assert not phone.is_in()
    desk = town.visitor()
    desk.key = mina.key
    desk.signs_in()
    mina.sends("/account/sessions/end-others")
    assert not desk.is_in()
    assert mina.is_in()


def test_leaving_and_being_forgotten_end_every_session(town: Town) -> None:
    for end in (members.leave, members.erase):
        mina = town.member()
        town.write(end, mina.person, at_us=town.clock.now_us())
        assert not mina.is_in()


@BOTH
def test_a_bank_account_needs_one_more_proof_and_holds_payouts_for_a_day(town: Town) -> None:
    mina = town.member()
    person, form = mina.person, {"bank": "088", "number": "110-123-456789", "holder": "김미나"}
    town.clock.advance(s=300)
    refused = mina.sends("/account/bank", **form)
    assert refused.headers["location"].startswith("/account/step-up?next=")
    mina.proves()
    assert mina.sends("/account/bank", **form).headers["location"] == "/account/bank"
    at_us = town.clock.now_us()
    page = mina.opens("/account/bank").text
    assert "6789" in page
    assert "110123" not in page

    def until(now_us: int) -> int | None:
        return town.db.read(lambda tx: members.payout_hold_until(tx, person, now_us), neighbourhood="n1")

    held = until(at_us)
    assert held == at_us + DAY_US
    assert until(at_us + DAY_US) is None
    paid = town.db.read(lambda tx: members.bank_account(tx, members_system(), person), neighbourhood="n1")
    assert paid == members.BankAccount("088", "110123456789", "김미나")
    other = Actor(Kind.PERSON, "another", "n1", frozenset({Role.STAFF}), proved_us=at_us)
    with pytest.raises(Forbidden):
        town.write(members.set_bank_account, person, paid, by=other, at_us=at_us)
    assert "bank_account_set" in town.facts(person)


@pytest.mark.parametrize("wrong", [{"bank": "8"}, {"number": "12"}, {"holder": " "}])
def test_what_is_no_bank_account_is_told_so(town: Town, wrong: dict[str, str]) -> None:
    form = {"bank": "088", "number": "110123456789", "holder": "김미나"} | wrong
    assert code(town.member().sends("/account/bank", **form)) in ("members.bad_bank_account", "web.unreadable")


@BOTH
def test_an_integrators_key_is_shown_once_scoped_rotated_with_an_overlap_and_closed(town: Town) -> None:
    mina = town.member(Role.INTEGRATOR)
    made = mina.sends("/account/programs", name="창고", days="30", scope="me.read")
    (first,) = re.findall(r"mdk_[0-9a-f]{8}_[\w-]+", made.text)
    assert first not in mina.opens("/account/programs").text
    kept = town.db.read(lambda tx: repr(tx.rows(sa.select(tables.api_keys))), neighbourhood="n1")
    assert first not in kept

    def me(key: str) -> tuple[int, object]:
        answer = town.visitor().client.get("/v1/me", headers={"Authorization": f"Bearer {key}"})
        return answer.status_code, answer.json().get("scopes") or answer.json().get("code")

    assert me(first) == (200, ["me.read"])
    (id,) = re.findall(r"/account/programs/([\w-]+)/rotate", made.text)
    (second,) = re.findall(r"mdk_[0-9a-f]{8}_[\w-]+", mina.sends(f"/account/programs/{id}/rotate").text)
    assert me(first)[0] == me(second)[0] == 200
    town.clock.advance(us=7 * DAY_US)
    assert me(first) == (401, "members.bad_api_key")
    assert me(second)[0] == 200
    person = town.db.read(lambda tx: api_keys.find(tx, second, town.clock.now_us())[0].person, neighbourhood="n1")
    town.write(members.close_role, person, Role.INTEGRATOR, at_us=town.clock.now_us())
    assert me(second) == (401, "members.bad_api_key")


def test_only_an_integrator_makes_keys_and_only_for_scopes_there_are(town: Town) -> None:
    assert town.member().sends("/account/programs", name="x", scope="me.read").status_code == 403
    maker = town.member(Role.INTEGRATOR)
    for scope in ("everything", ""):
        assert code(maker.sends("/account/programs", name="x", scope=scope)) in ("members.bad_scopes", "web.unreadable")


def test_an_integrator_of_one_shop_makes_keys_that_hold_there_alone(town: Town) -> None:
    mina = town.member(Role.INTEGRATOR, shop="s1")
    assert "/account/programs" in mina.opens("/account").text
    made = mina.sends("/account/programs", name="창고", days="30", scope="me.read")
    (key,) = re.findall(r"mdk_[0-9a-f]{8}_[\w-]+", made.text)
    found = town.db.read(lambda tx: api_keys.find(tx, key, town.clock.now_us())[1], neighbourhood="n1")
    assert (found.shops, found.scopes) == ({"s1"}, {"me.read"})
    (id,) = re.findall(r"/account/programs/([\w-]+)/rotate", made.text)
    assert mina.sends(f"/account/programs/{id}/rotate").status_code == 200


def test_an_integrator_reads_for_a_month_that_an_operator_revoked_a_key(town: Town) -> None:
    mina, now_us = town.member(Role.INTEGRATOR), town.clock.now_us()
    me = town.db.read(lambda tx: members.actor_of(tx, mina.person), neighbourhood="n1")
    for why in ("leaked", ""):
        made = {
            "id": derived(why or "own"),
            "token": api_keys.new_token(),
            "name": "창고",
            "scopes": ["me.read"],
            "days": 9,
        }
        town.write(api_keys.make, mina.person, by=me, at_us=now_us, **made)
        closes = {"by": by(Role.OPERATOR), "why": why} if why else {"by": me}
        town.write(api_keys.close, made["id"], at_us=now_us, **closes)

    def told(at_us: int) -> list[str]:
        found = town.db.read(lambda tx: account_pages._keys(tx, me, me, mina.person, at_us), neighbourhood="n1")
        return [fact.body.why for fact in found["revoked"]]

    assert told(now_us + 29 * DAY_US) == ["leaked"], "what they closed themselves they know"
    assert told(now_us + 31 * DAY_US) == [], "and not for ever"


SOMEBODY = "00000000-0000-0000-0000-000000000077"


def by(*roles: Role, shop: str | None = None, proved_us: int = 0) -> Actor:
    shops = frozenset({shop}) if shop else frozenset()
    return Actor(Kind.PERSON, SOMEBODY, "n1", frozenset(roles), shops, proved_us=proved_us)


def test_roles_are_given_by_who_may_and_nobody_else() -> None:
    assert set(GIVEN_BY) == set(Role) - {Role.SHOPPER, Role.DEVICE, Role.SYSTEM}
    for role in Role:
        for giver in Role:
            if giver is not Role.SYSTEM:
                assert may_give(by(giver), role, None) == (giver in GIVEN_BY.get(role, ())), f"{giver} gives {role}"
    assert may_give(by(Role.MERCHANT, shop="s1"), Role.STAFF, "s1")
    assert not may_give(by(Role.MERCHANT, shop="s1"), Role.STAFF, "s2")
    assert not may_give(by(Role.OPERATOR, shop="s1"), Role.OPERATOR, None)


@BOTH
def test_a_role_that_opens_much_is_given_with_a_fresh_proof_and_the_last_operator_stays(town: Town) -> None:
    mina, jun = town.member(Role.OPERATOR), town.member()
    now_us, first, second = town.clock.now_us(), mina.person, jun.person
    with pytest.raises(members.StepUpNeeded):
        town.write(members.give_role, second, Role.OPERATOR, by=by(Role.OPERATOR), at_us=now_us)
    with pytest.raises(Conflict, match="last_operator"):
        town.write(members.close_role, first, Role.OPERATOR, at_us=now_us)
    town.write(members.give_role, second, Role.OPERATOR, by=by(Role.OPERATOR, proved_us=now_us), at_us=now_us)
    town.write(members.close_role, first, Role.OPERATOR, at_us=now_us)


def test_what_was_never_answered_and_what_is_over_is_forgotten(town: Town) -> None:
    from madang.members.upkeep import forget

    mina = town.member()
    mina.asked("add")
    town.clock.advance(us=91 * DAY_US)
    town.db.write(lambda tx: forget(tx, now_us=town.clock.now_us()), neighbourhood="n1")
    for table in (tables.challenges, tables.sessions):
        assert town.db.read(lambda tx, of=table: tx.rows(sa.select(of)), neighbourhood="n1") == []  # type: ignore[misc]


def test_sessions_are_for_the_person_alone(town: Town) -> None:
    mina = town.member()
    with pytest.raises(Forbidden):
        town.write(sessions.open_sessions, mina.person, by=by(Role.STAFF))


def members_system() -> Actor:
    return Actor(Kind.SYSTEM, "madang", "n1")


def test_a_device_is_named_coarsely() -> None:
    phone = "Mozilla/5.0 (Linux; Android 16; SM-S931N) AppleWebKit/537.36 Chrome/150.0.1 Mobile Safari/537.36"
    assert device_of(phone) == "Chrome · Android"
    assert device_of("curl/8") == ""
