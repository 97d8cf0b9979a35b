"""동네 인증: one or two dongs, renewed, not changed too often; the position itself is kept nowhere."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from tests.databases import POSTGRES_IN_SOAK
from tests.members.town import Town, code

from madang import members
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, ManualClock, NotFound, Role, TooMany
from madang.kernel.clock import DAY_US
from madang.members import dongs, facts, mailing
from madang.members.dongs import Dong

SEONGSU, YEONNAM, JEONJU = Dong("11200115", "성수동2가"), Dong("11440124", "연남동"), Dong("45111121", "서노송동")


def tidied(town: Town, now_us: int) -> None:
    """As the day's tidying does it, but one at a time: whoever is left out is noticed."""
    for some in (dongs.lapse, dongs.remind):
        while town.db.write(lambda tx: some(tx, now_us=now_us, limit=1), neighbourhood="n1"):  # noqa: B023 - at once
            pass


def reminded(town: Town, now_us: int) -> list[tuple[str, UUID]]:
    """(until when, whom) of all that were told by then."""
    tidied(town, now_us)
    operator = Actor(Kind.PERSON, "o", "n1", frozenset({Role.OPERATOR}))
    found = town.db.read(lambda tx: mailing.find(tx, operator), neighbourhood="n1").rows
    return [(one.about, one.person) for one in found if one.what == dongs.ENDS]


@pytest.fixture
def town(db: Database, clock: ManualClock) -> Town:
    return Town(db, clock)


def test_a_position_is_looked_up_without_asking_anybody() -> None:
    assert dongs.locate(37.5447, 127.0557) == Dong("11200115", "서울특별시 성동구 성수동2가")
    assert dongs.locate(35.8242, 127.1480).name.endswith("서노송동")
    for sea in ((0.0, 0.0), (35.6762, 139.6503)):
        with pytest.raises(NotFound):
            dongs.locate(*sea)
    with pytest.raises(Invalid):
        dongs.locate(37.5447, 127.0557, accuracy_m=3000)


def test_a_check_by_the_form_makes_a_neighbour_and_leaves_no_position_behind(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    mina = town.member()
    answer = mina.sends("/account/dong", lat="37.54471", lon="127.05573", accuracy_m="20")
    assert answer.headers["location"] == "/account/dong?told=checked"
    assert "성수동2가" in mina.opens("/account/dong").text
    assert mina.opens("/account/dong").headers["Permissions-Policy"] == "camera=(), geolocation=(self), microphone=()"
    assert "이웃" in mina.opens("/account").text
    assert "37.5447" not in caplog.text
    if town.db.dialect == "sqlite":
        files = Path(town.db.url.removeprefix("sqlite:///")).parent.glob("madang.db*")
        assert not any(b"37.5447" in file.read_bytes() or b"127.0557" in file.read_bytes() for file in files)


def test_somebody_has_two_dongs_and_gives_one_up_for_another(town: Town) -> None:
    mina = town.member()
    me, by = mina.person, Actor(Kind.PERSON, str(mina.person), "n1")

    def check(dong: Dong) -> dongs.Mine:
        town.clock.advance(s=1)
        return town.write(dongs.check, me, dong, by=by, at_us=town.clock.now_us())  # type: ignore[no-any-return]

    assert check(SEONGSU).since_us == check(SEONGSU).since_us
    check(YEONNAM)
    with pytest.raises(Conflict, match="two_dongs"):
        check(JEONJU)
    assert code(mina.sends(f"/account/dong/{JEONJU.code}/give-up")) == "members.not_my_dong"
    mina.sends(f"/account/dong/{YEONNAM.code}/give-up")
    check(JEONJU)
    town.write(dongs.give_up, me, JEONJU.code, by=by, at_us=town.clock.now_us())
    check(JEONJU)
    town.write(dongs.give_up, me, JEONJU.code, by=by, at_us=town.clock.now_us())
    with pytest.raises(TooMany, match="moved_too_often"):
        check(YEONNAM)
    town.clock.advance(us=90 * DAY_US)
    check(YEONNAM)


def test_a_check_is_good_for_thirty_days_and_so_is_being_a_neighbour(town: Town) -> None:
    me = town.member().person
    by, at_us = Actor(Kind.PERSON, str(me), "n1"), town.clock.now_us()
    town.write(dongs.check, me, SEONGSU, by=by, at_us=at_us)

    def neighbour() -> bool:
        return Role.NEIGHBOUR in town.db.read(lambda tx: members.actor_of(tx, me), neighbourhood="n1").roles

    tidied(town, at_us + 30 * DAY_US - 1)
    assert neighbour()
    tidied(town, at_us + 30 * DAY_US)
    assert not neighbour()
    assert town.db.read(lambda tx: members.actor_of(tx, me), neighbourhood="n1").roles == set()
    assert town.facts(me)[-4:] == ["dong_checked", "role_given", "dong_closed", "role_closed"]


@POSTGRES_IN_SOAK
def test_only_the_dongs_of_this_neighbourhood_make_a_neighbour(town: Town) -> None:
    me = town.member().person
    by, served = Actor(Kind.PERSON, str(me), "n1"), frozenset({SEONGSU.code})
    town.write(dongs.check, me, YEONNAM, by=by, at_us=5, served=served)
    assert Role.NEIGHBOUR not in town.db.read(lambda tx: members.actor_of(tx, me), neighbourhood="n1").roles
    town.write(dongs.check, me, SEONGSU, by=by, at_us=6, served=served)
    assert Role.NEIGHBOUR in town.db.read(lambda tx: members.actor_of(tx, me), neighbourhood="n1").roles


@POSTGRES_IN_SOAK
def test_the_role_goes_with_the_last_dong_of_this_neighbourhood_whatever_else_is_left(town: Town) -> None:
    me = town.member().person
    by, served = Actor(Kind.PERSON, str(me), "n1"), frozenset({SEONGSU.code, JEONJU.code})

    def is_neighbour() -> bool:
        return Role.NEIGHBOUR in town.db.read(lambda tx: members.actor_of(tx, me), neighbourhood="n1").roles

    for at_us, dong in ((5, YEONNAM), (6, SEONGSU)):
        town.write(dongs.check, me, dong, by=by, at_us=at_us, served=served)
    town.write(dongs.give_up, me, SEONGSU.code, by=by, at_us=7)
    assert not is_neighbour(), "the other dong lies elsewhere"
    town.write(dongs.check, me, SEONGSU, by=by, at_us=8, served=served)
    town.write(dongs.give_up, me, YEONNAM.code, by=by, at_us=9)
    town.write(dongs.check, me, JEONJU, by=by, at_us=10, served=served)
    town.write(dongs.give_up, me, SEONGSU.code, by=by, at_us=11)
    assert is_neighbour(), "one that makes a neighbour is left"
    town.write(dongs.give_up, me, JEONJU.code, by=by, at_us=12)
    assert not is_neighbour()


@POSTGRES_IN_SOAK
def test_a_role_that_was_given_by_hand_outlives_a_check(town: Town) -> None:
    me = town.member(Role.NEIGHBOUR).person
    by = Actor(Kind.PERSON, str(me), "n1")
    town.write(dongs.check, me, SEONGSU, by=by, at_us=5)
    tidied(town, 5 + 30 * DAY_US)
    assert Role.NEIGHBOUR in town.db.read(lambda tx: members.actor_of(tx, me), neighbourhood="n1").roles


@POSTGRES_IN_SOAK
def test_who_should_confirm_soon_is_told_once_for_each_check(town: Town) -> None:
    me = town.member().person
    by, day = Actor(Kind.PERSON, str(me), "n1"), town.clock.now_us()

    def told(now_us: int) -> list[str]:
        return [about for about, _ in reminded(town, now_us)]

    town.write(dongs.check, me, SEONGSU, by=by, at_us=day)
    ends = str(day + 30 * DAY_US)
    assert told(day + 25 * DAY_US - 1) == []
    assert told(day + 25 * DAY_US) == told(day + 26 * DAY_US) == [ends]
    town.write(dongs.check, me, SEONGSU, by=by, at_us=day + 27 * DAY_US)
    assert told(day + 29 * DAY_US) == [ends]
    assert sorted(told(day + 53 * DAY_US)) == sorted([ends, str(day + 57 * DAY_US)])


@POSTGRES_IN_SOAK
def test_everybody_whose_days_end_is_told_however_many_they_are(town: Town) -> None:
    day, everybody = town.clock.now_us(), [town.member().person for _ in range(3)]
    for me in everybody:
        town.write(dongs.check, me, SEONGSU, by=Actor(Kind.PERSON, str(me), "n1"), at_us=day)
    assert sorted(person for _, person in reminded(town, day + 26 * DAY_US)) == sorted(everybody)


@POSTGRES_IN_SOAK
def test_who_stays_a_neighbour_is_not_told_that_it_ends(town: Town) -> None:
    by_hand, by_two = town.member(Role.NEIGHBOUR).person, town.member().person
    day = town.clock.now_us()
    for me, dong, at_us in ((by_hand, SEONGSU, day), (by_two, SEONGSU, day), (by_two, YEONNAM, day + 20 * DAY_US)):
        town.write(dongs.check, me, dong, by=Actor(Kind.PERSON, str(me), "n1"), at_us=at_us)
    assert reminded(town, day + 26 * DAY_US) == []
    ends = str(day + 50 * DAY_US)
    assert reminded(town, day + 46 * DAY_US) == [(ends, by_two)], "the other dong gives the role by now"


@POSTGRES_IN_SOAK
def test_whereabouts_are_ones_own_and_no_fact_tells_them(town: Town) -> None:
    mina, jun = town.member(), town.member()
    stranger = Actor(Kind.PERSON, str(jun.person), "n1", frozenset({Role.STAFF}))
    for act in (dongs.dongs_of, lambda tx, by, who: dongs.check(tx, by, who, SEONGSU, at_us=1)):
        with pytest.raises(Forbidden):
            town.write(act, mina.person, by=stranger)
    assert facts.DongChecked.__struct_fields__ == ("renewed",)
