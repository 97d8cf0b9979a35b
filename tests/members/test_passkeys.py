"""Passkeys: joining, coming back, several keys, and everything that must not let anybody in."""

from __future__ import annotations

import json

import pytest
from tests.databases import BOTH, SQLITE
from tests.members.authenticator import Authenticator
from tests.members.town import Town, code

from madang.db import Database
from madang.kernel import ManualClock

pytestmark = SQLITE


@pytest.fixture
def town(db: Database, clock: ManualClock) -> Town:
    return Town(db, clock)


def test_somebody_joins_with_a_passkey_and_comes_back_with_it_from_another_browser(town: Town) -> None:
    mina = town.visitor()
    assert mina.joins("미나").headers["location"] == "/account?told=joined"
    person = mina.person
    assert "미나님의 계정" in mina.opens("/account").text
    other = town.visitor()
    other.key = mina.key
    assert other.opens("/account").headers["location"].startswith("/account/sign-in?next=%2Faccount")
    assert other.signs_in().headers["location"] == "/account"
    assert other.person == person
    happened = ["joined", "consented", "passkey_added", "signed_in", "fields_set", "signed_in"]
    assert town.facts(person) == happened


@BOTH
def test_joining_needs_the_terms_and_an_age_of_fourteen(town: Town) -> None:
    for missing in ("agreed", "of_age"):
        assert code(town.visitor().joins(**{missing: "false"})) == "members.agree_first"


def test_an_answer_counts_once_for_five_minutes_and_in_the_browser_that_was_asked(town: Town) -> None:
    mina = town.member()
    mina.sends("/account/sign-out")
    answer = mina.key.answers(mina.asked("sign_in"))
    thief = town.visitor()
    thief.opens("/account/sign-in")
    assert code(thief.sends("/account/passkey/sign-in", answer=answer)) == "members.passkey_refused"
    assert mina.sends("/account/passkey/sign-in", answer=answer).status_code == 303
    assert code(mina.sends("/account/passkey/sign-in", answer=answer)) == "members.passkey_refused"
    late = mina.key.answers(mina.asked("sign_in"))
    town.clock.advance(s=301)
    assert code(mina.sends("/account/passkey/sign-in", answer=late)) == "members.passkey_refused"


@pytest.mark.parametrize("wrong", ["origin", "unverified", "copied", "another key", "another purpose", "nonsense"])
def test_what_does_not_prove_who_it_is_lets_nobody_in(town: Town, wrong: str) -> None:
    mina = town.member()
    mina.key.count = 7
    mina.sends("/account/sign-out")
    assert mina.signs_in().status_code == 303
    mina.sends("/account/sign-out")
    options = mina.asked("step_up" if wrong == "another purpose" and mina.is_in() else "sign_in")
    key = Authenticator(id=mina.key.id, key=mina.key.key, user=mina.key.user, count=mina.key.count)
    if wrong == "origin":
        key.origin = "https://elsewhere.example"
    elif wrong == "unverified":
        key.verifies = False
    elif wrong == "copied":
        key.count = 3
    elif wrong == "another key":
        key.key = Authenticator().key
    answer = key.answers(options)
    path = "/account/passkey/join" if wrong == "another purpose" else "/account/passkey/sign-in"
    if wrong == "nonsense":
        answer = json.dumps({"id": "x"})
    refused = mina.sends(path, answer=answer, agreed="true", of_age="true")
    assert refused.status_code in (400, 403)
    assert not mina.is_in()


@BOTH
def test_a_person_has_several_keys_with_names_and_never_loses_the_last_way_in(town: Town) -> None:
    mina = town.member()
    person, first = mina.person, mina.key
    phone = Authenticator()
    assert (
        mina.sends("/account/passkey/add", answer=phone.creates(mina.asked("add")), name="내 휴대폰").status_code == 303
    )
    assert "내 휴대폰" in mina.opens("/account").text
    mina.sends("/account/keys/2/name", name=" 새  휴대폰 ")
    assert "새 휴대폰" in mina.opens("/account").text
    mina.key = phone
    mina.proves()
    assert mina.sends("/account/keys/1/remove").status_code == 303
    assert code(mina.sends("/account/keys/2/remove")) == "members.last_way_in"
    assert code(mina.sends("/account/keys/1/remove")) == "members.no_passkey"
    old = town.visitor()
    old.key = first
    assert code(old.signs_in()) == "members.passkey_refused"
    assert town.facts(person)[-3:] == ["passkey_added", "stepped_up", "passkey_removed"]


def test_a_key_is_added_only_by_somebody_who_has_just_proved_who_they_are(town: Town) -> None:
    mina = town.member()
    town.clock.advance(s=301)
    refused = mina.client.post("/account/passkey/options", data={"purpose": "add"})
    assert refused.json()["code"] == "members.step_up"
    assert mina.proves("/account").headers["location"] == "/account"
    assert mina.asked("add")["excludeCredentials"]


def test_nobody_is_sent_elsewhere_after_signing_in(town: Town) -> None:
    mina = town.member()
    for wanted in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        mina.sends("/account/sign-out")
        answer = mina.key.answers(mina.asked("sign_in"))
        assert mina.sends("/account/passkey/sign-in", answer=answer, next=wanted).headers["location"] == "/account"


def test_an_account_is_locked_after_five_failures_and_opens_again(town: Town) -> None:
    mina = town.member()
    person = mina.person
    stranger = town.visitor()
    stranger.key = Authenticator(id=mina.key.id, user=mina.key.user)  # knows which key it is, and has another
    for _ in range(5):
        assert code(stranger.signs_in()) == "members.passkey_refused"
    mina.sends("/account/sign-out")
    assert code(mina.signs_in()) == "members.locked"
    assert town.facts(person).count("sign_in_failed") == 5
    town.clock.advance(s=15 * 60)
    assert mina.signs_in().status_code == 303


def test_an_address_that_fails_too_often_waits(town: Town) -> None:
    stranger = town.visitor()
    for _ in range(20):
        assert code(stranger.signs_in()) == "members.passkey_refused"
    answer = stranger.client.post("/account/passkey/options", data={"purpose": "sign_in"})
    assert (answer.status_code, answer.json()["code"]) == (429, "members.locked")
