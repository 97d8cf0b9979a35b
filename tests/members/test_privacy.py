"""Personal data: taken along, forgotten with proof, kept apart where law says so; docs/privacy.md names real code."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.databases import BOTH, SQLITE
from tests.members.town import BY, Town, code

from madang import jobs, journal, members
from madang.db import Database, models
from madang.kernel import Conflict, Forbidden, Invalid, ManualClock, NotFound, Role
from madang.kernel.clock import HOUR_US
from madang.members import exporting, incidents, keeping, shredding, tables
from madang.members.keeping import YEAR_US, Keeping
from madang.ui import TEXTS

pytestmark = SQLITE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")


@pytest.fixture
def town(db: Database, clock: ManualClock) -> Town:
    return Town(db, clock)


@pytest.fixture
def law() -> Iterator[Keeping]:
    """Somebody who ever joined has bought something, a second after the epoch of the test's clock."""
    made = Keeping("test", "법", "law", 5 * YEAR_US, ("email", "phone"), lambda _tx, _person: 1_790_000_000_000_000)
    before = dict(keeping._keepings)
    keeping.declare_keeping(made)
    yield made
    keeping._keepings.clear()
    keeping._keepings.update(before)


def leaves(town: Town, browser: object) -> str:
    return browser.sends("/account/leave", sure="true").text  # type: ignore[attr-defined,no-any-return]


@BOTH
def test_somebody_reads_and_takes_along_all_that_is_kept_of_them(town: Town) -> None:
    mina = town.member(Role.MAKER, nickname="미나")
    person = mina.person
    assert "미나" in mina.opens("/account/data").text
    taken = mina.sends("/account/data.json")
    assert "attachment" in taken.headers["content-disposition"]
    data = taken.json()
    assert [(one["name"], one["value"], one["basis"]) for one in data["fields"]] == [
        ("language", "ko", "contract"), ("nickname", "미나", "consent"),
    ]  # fmt: skip
    assert data["consents"][0]["purpose"] == "terms"
    assert data["passkeys"][0]["number"] == 1
    assert data["history"][0]["what"] == "members.joined"
    assert town.facts(person)[-1] == "exported"
    assert '"digest"' not in taken.text.partition('"history"')[0]
    with pytest.raises(Forbidden):
        town.db.read(lambda tx: exporting.export(tx, town.member().asks_as, person, at_us=1), neighbourhood="n1")


@BOTH
def test_whoever_is_forgotten_gets_proof_and_nothing_of_them_is_left(town: Town) -> None:
    mina = town.member(nickname="미나")
    person = mina.person
    assert code(mina.sends("/account/leave")) == "members.say_sure"
    page = leaves(town, mina)
    (digest,) = re.findall(r"<code[^>]*>([0-9a-f]{64})</code>", page)
    facts = town.db.read(lambda tx: journal.read(tx, BY, subject=f"person:{person}"), neighbourhood="n1")
    proof = next(one.body for one in facts if one.kind == "members.shredded")
    assert proof.digest == digest
    assert proof.destroyed["members_passkeys"] == 1
    assert town.db.read(lambda tx: shredding.remains(tx, person), neighbourhood="n1") == {}
    assert town.db.read(lambda tx: journal.verify(tx, BY), neighbourhood="n1").ok
    again = town.visitor()
    again.key = mina.key
    assert code(again.signs_in()) == "members.passkey_refused"


def test_every_table_that_holds_something_of_a_person_is_shredded_or_says_why_not() -> None:
    ours = [t for t in models.load().sorted_tables if t.name.startswith("members_") and "person" in t.c]
    stay = {"members_roles", "members_invites", "members_consents", "members_retained", "members_challenges"}
    stay |= {"members_links"}
    assert {t.name for t in ours} - stay == {t.name for t in shredding.SHREDDED}


@BOTH
def test_what_law_keeps_stays_apart_is_opened_with_a_reason_and_goes_when_its_time_is_over(
    town: Town, law: Keeping
) -> None:
    mina = town.member()
    person, at_us = mina.person, town.clock.now_us()
    fields = {"phone": "010-1234-5678", "full_name": "김미나"}
    town.write(members.set_fields, person, fields, at_us=at_us)
    assert "법" in leaves(town, mina)
    look = {"reason": "분쟁 조정 신청", "at_us": at_us}
    assert town.write(keeping.look, person, "test", **look) == {"phone": "010-1234-5678"}
    assert "retained_read" in town.facts(person)
    with pytest.raises(Forbidden):
        town.write(keeping.look, person, "test", by=town.member().asks_as, **look)
    with pytest.raises(Invalid):
        town.write(keeping.look, person, "test", reason="", at_us=at_us)
    kept = town.db.read(lambda tx: repr(tx.rows(sa.select(tables.retained))), neighbourhood="n1")
    assert "1234" not in kept
    over_us = 1_790_000_000_000_000 + 5 * YEAR_US
    assert town.write(keeping.destroy_over, now_us=over_us - 1) == 0
    assert town.write(keeping.destroy_over, now_us=over_us) == 1
    with pytest.raises(NotFound):
        town.write(keeping.look, person, "test", **look)


def test_what_law_keeps_is_opened_on_a_page_with_a_fresh_proof_and_a_reason_on_record(town: Town, law: Keeping) -> None:
    mina, ara, where = town.member(), town.member(Role.OPERATOR), "/console/kept"
    person = mina.person
    town.write(members.set_fields, person, {"phone": "010-1234-5678"}, at_us=town.clock.now_us())
    leaves(town, mina)
    for lang in ("ko", "en"):
        page = ara.opens(f"{where}?lang={lang}").text
        assert str(person) in page
        assert "010-1234" not in page
    form = {"person": str(person), "law": "test"}
    assert ara.sends(where, **form, reason="").status_code == 422
    assert ara.sends(where, **form | {"law": "none"}, reason="분쟁 조정 신청").status_code == 404
    assert "retained_read" not in town.facts(person)
    assert "010-1234-5678" in ara.sends(where, **form, reason="분쟁 조정 신청").text
    assert town.facts(person)[-1] == "retained_read"
    town.clock.advance(s=600)
    assert "/account/step-up" in ara.sends(where, **form, reason="분쟁 조정 신청").headers["location"]
    assert town.member().sends(where, **form, reason="궁금해서요").status_code == 403


def test_nobody_is_forgotten_while_we_hold_something_of_theirs(town: Town) -> None:
    mina = town.member()
    keeping.declare_obstacle("test", lambda _tx, _person: Conflict("test.money", ko="돈", en="money"))
    try:
        assert code(mina.sends("/account/leave", sure="true")) == "test.money"
    finally:
        keeping._obstacles.pop("test")
    assert mina.is_in()


def test_leaving_needs_a_fresh_proof(town: Town) -> None:
    mina = town.member()
    town.clock.advance(s=301)
    assert mina.sends("/account/leave", sure="true").headers["location"].startswith("/account/step-up")


def test_an_incident_is_to_be_told_within_72_hours_and_silence_is_put_on_record(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert incidents.AUTHORITY_PEOPLE == 1000, "개인정보 보호법 시행령 §40"
    monkeypatch.setattr(incidents, "AUTHORITY_PEOPLE", 10)
    at_us = town.clock.now_us()

    def report(n: int, people: int = 1, *, intrusion: bool = False) -> incidents.Incident:
        given = {"what": "tampered", "possible": True, "people": [UUID(int=i) for i in range(people)]}
        return town.write(incidents.report, id=UUID(int=n), intrusion=intrusion, at_us=at_us, **given)  # type: ignore[no-any-return]

    assert report(1).due_us == at_us + 72 * HOUR_US
    assert (report(1).authority, report(2, 10).authority, report(3, intrusion=True).authority) == (False, True, True)
    town.write(incidents.notified, UUID(int=2), authority=True, fact=UUID(int=20), at_us=at_us)
    town.clock.advance(us=72 * HOUR_US)
    jobs.run_due(town.db, town.clock, neighbourhood="n1")
    for n, told in ((1, ["reported", "overdue"]), (2, ["reported", "notified"])):
        subject = f"incident:{UUID(int=n)}"
        found = town.db.read(lambda tx, of=subject: journal.read(tx, BY, subject=of), neighbourhood="n1")  # type: ignore[misc]
        assert [one.kind.removeprefix("members.incident_") for one in found] == told


def test_an_incident_is_reported_on_a_page_by_an_operator_with_a_fresh_passkey(town: Town) -> None:
    ara, where = town.member(Role.OPERATOR), "/console/incidents"
    form = {"id": str(UUID(int=77)), "what": "leaked", "possible": "yes", "people": str(ara.person)}
    assert ara.sends(where, **(form | {"people": ""})).status_code == 422
    assert ara.sends(where, **(form | {"people": "all"})).status_code == 422
    for _ in range(2):  # the same form again is the same report
        assert ara.sends(where, **form).status_code == 303
    for lang in ("ko", "en"):
        assert str(UUID(int=77)) in ara.opens(f"{where}?lang={lang}").text
    assert ara.sends(f"{where}/{UUID(int=77)}/notified", authority="yes").status_code == 303
    [one] = town.db.read(lambda tx: incidents.reported(tx, BY), neighbourhood="n1")
    assert (one.people, one.authority_told, one.possible) == (1, True, True)
    town.clock.advance(s=600)
    assert "/account/step-up" in ara.sends(where, **(form | {"id": str(UUID(int=78))})).headers["location"]
    assert len(town.db.read(lambda tx: incidents.reported(tx, BY), neighbourhood="n1")) == 1


def test_the_notice_tells_every_declared_field_in_both_languages(town: Town) -> None:
    import madang.serve.site

    assert madang.serve.site
    for language in ("ko", "en"):
        page = town.visitor().opens(f"/privacy?lang={language}").text
        for field in members.declared():
            assert TEXTS.say(language, f"account.field.{field.name}") in page, field.name
            assert (field.purpose_ko if language == "ko" else field.purpose_en) in page
        for one in keeping.keepings():
            assert (one.law_ko if language == "ko" else one.law_en) in page


def test_the_code_and_tests_that_meet_each_duty_are_there() -> None:
    named = re.findall(r"`(madang(?:\.\w+)+)`", PAGE)
    assert len(named) > 15
    for name in named:
        module, _, attribute = name.rpartition(".")
        found = importlib.util.find_spec(name) if _is_module(name) else None
        assert found or hasattr(importlib.import_module(module), attribute), name
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(tests) > 12
    for file, function in tests:
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{function}"


def _is_module(name: str) -> bool:
    path = ROOT / "src" / Path(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()
