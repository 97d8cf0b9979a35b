"""Who keeps an issuer: nobody takes a shared one from the others by themselves, and a lost role keeps nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.settlement.house import BY, House, N

from madang import journal, members, vouchers
from madang.console.waiting import waiting
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Kind, ManualClock, Role, Uuid7, derived
from madang.vouchers import issuing, keeping
from madang.vouchers.facts import IssuerAsked, IssuerKept

ISSUER, CITY, BOSS = Role.VOUCHER_ISSUER, Role.CITY_OFFICER, Role.OPERATOR
PEOPLE = {"first": ISSUER, "second": ISSUER, "city": CITY, "boss": BOSS}


def actor(name: str, *, shops: frozenset[str] = frozenset(), role: Role | None = None) -> Actor:
    return Actor(Kind.PERSON, str(derived("keeps", name)), N, frozenset({role or PEOPLE[name]}), shops)


FIRST, SECOND, OFFICER, OPERATOR = (actor(name) for name in PEOPLE)


class Town(House):
    """A shared issuer with one programme, and four people who may keep it."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        super().__init__(db, clock, ids)
        at = clock.now_us()
        issuer = vouchers.Issuer(id="city", name_ko="시", name_en="City", klass="other")
        self.do(vouchers.add_issuer, issuer)
        kind = vouchers.ProgrammeKind.VOUCHER
        made = vouchers.Programme(id="won", issuer="city", kind=kind, name_ko="원", name_en="Won", from_us=at)
        self.do(vouchers.add_programme, made)
        for name, role in PEOPLE.items():
            self.do(members.add_person, key=derived("keeps", name), fields={}, at_us=at)
            self.do(members.give_role, derived("keeps", name), role, at_us=at)

    def as_(self, who: Actor, act: Any, *args: Any, **given: Any) -> Any:
        self.clock.advance(s=1)
        given["at_us"] = self.clock.now_us()
        return self.db.write(lambda tx: act(tx, who, *args, **given), neighbourhood=N)

    def keeps(self, who: Actor) -> bool:
        return bool(self.db.read(lambda tx: issuing.issuers_of(tx, who), neighbourhood=N))

    def told(self) -> list[str]:
        facts = self.db.read(lambda tx: journal.trail(tx, BY, subject="programme:won", limit=50), neighbourhood=N)
        found = [one.body for one in reversed(facts)]
        return [
            one.state if isinstance(one, IssuerAsked) else "shared"
            for one in found
            if isinstance(one, IssuerAsked | IssuerKept)
        ]

    def waits(self) -> int:
        found = self.db.read(lambda tx: waiting(tx, OPERATOR, at_us=self.clock.now_us()), neighbourhood=N)
        return sum(one.n for one in found if one.what == "keeping")


@pytest.fixture
def town(db: Database, clock: ManualClock, ids: Uuid7) -> Town:
    return Town(db, clock, ids)


def test_asking_to_keep_a_shared_issuer_takes_nothing_from_the_others(town: Town) -> None:
    for _ in range(2):
        town.as_(FIRST, keeping.ask, "won")
    assert town.keeps(SECOND)
    assert town.keeps(FIRST)
    assert (town.waits(), town.told()) == (1, ["asked"])
    with pytest.raises(Conflict, match="not_now"):
        town.as_(SECOND, keeping.ask, "won")
    with pytest.raises(Conflict, match="not_now"):
        town.as_(OPERATOR, keeping.ask, "won")
    town.as_(SECOND, keeping.withdraw, "won")
    assert town.waits() == 1, "who did not ask withdraws nothing"
    town.as_(FIRST, keeping.withdraw, "won")
    assert (town.waits(), town.told()) == (0, ["asked", "withdrawn"])


@pytest.mark.parametrize("answers", [OFFICER, OPERATOR], ids=["a city officer", "an operator"])
def test_an_operator_or_another_city_officer_grants_it_and_nobody_else(town: Town, answers: Actor) -> None:
    town.as_(FIRST, keeping.ask, "won")
    for nobody in (FIRST, SECOND):
        with pytest.raises(Forbidden, match="not_yours"):
            town.as_(nobody, keeping.answer, "won", FIRST.key, yes=True)
    with pytest.raises(Conflict, match="not_now"):
        town.as_(answers, keeping.answer, "won", SECOND.key, yes=True)
    for _ in range(2 if answers is OPERATOR else 1):  # pressed twice it is granted once
        town.as_(answers, keeping.answer, "won", FIRST.key, yes=True)
    assert [town.keeps(who) for who in (FIRST, SECOND, OFFICER, OPERATOR)] == [True, False, False, True]
    kind, at = vouchers.ProgrammeKind.VOUCHER, town.clock.now_us()
    another = vouchers.Programme(id="own", issuer="city", kind=kind, name_ko="또", name_en="More", from_us=at)
    for act, args in ((keeping.ask, ("won",)), (keeping.share, ("won",))):
        with pytest.raises(Forbidden, match="not_yours"):
            town.as_(SECOND, act, *args)
    with pytest.raises(Forbidden, match="not_yours"):
        town.db.write(lambda tx: vouchers.add_programme(tx, SECOND, another), neighbourhood=N)
    town.as_(FIRST, keeping.share, "won")
    assert town.keeps(SECOND)
    assert town.told() == ["asked", "granted", "shared"]


def test_a_city_officer_does_not_answer_their_own_request(town: Town) -> None:
    town.as_(OFFICER, keeping.ask, "won")
    with pytest.raises(Forbidden, match="not_yours"):
        town.as_(OFFICER, keeping.answer, "won", OFFICER.key, yes=True)
    town.as_(OPERATOR, keeping.answer, "won", OFFICER.key, yes=False)
    assert town.keeps(SECOND)
    assert town.told() == ["asked", "declined"]


def test_who_lost_the_role_keeps_nothing_from_that_moment(town: Town) -> None:
    town.as_(FIRST, keeping.ask, "won")
    town.as_(OPERATOR, keeping.answer, "won", FIRST.key, yes=True)
    former = actor("first", role=Role.NEIGHBOUR)
    here = actor("first", shops=frozenset({"s1"}))
    assert [town.keeps(who) for who in (FIRST, former, here)] == [True, False, False]
    for who in (former, here):
        with pytest.raises(Forbidden):
            town.db.read(lambda tx, who=who: issuing.issuer_of(tx, who, "won"), neighbourhood=N)
    town.as_(BY, members.close_role, UUID(FIRST.key), ISSUER)
    issuer = town.db.read(lambda tx: issuing.issuer_of(tx, OPERATOR, "won"), neighbourhood=N)
    assert town.db.read(lambda tx: keeping.officer_gone(tx, issuer), neighbourhood=N)
    town.as_(OPERATOR, keeping.share, "won")
    assert town.keeps(SECOND)


def test_nothing_is_granted_to_who_lost_the_role_meanwhile(town: Town) -> None:
    town.as_(FIRST, keeping.ask, "won")
    town.as_(BY, members.close_role, UUID(FIRST.key), ISSUER)
    with pytest.raises(Conflict, match="not_now"):
        town.as_(OPERATOR, keeping.answer, "won", FIRST.key, yes=True)
    town.as_(OPERATOR, keeping.answer, "won", FIRST.key, yes=False)
    assert town.keeps(SECOND)
    assert town.waits() == 0
