"""Groups: begun, joined by a link, left; kept by their stewards and nobody else."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.members.town import BY

from madang import journal, members
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Kind, ManualClock, NotFound, Role
from madang.members import stewarding

N, POTTERS = "n1", "guild:potters"
ARA, JUN, MINA = (UUID(int=n) for n in (1, 2, 3))


def who(person: UUID, *roles: Role) -> Actor:
    return Actor(Kind.PERSON, str(person), N, frozenset(roles))


def test_a_group_is_joined_by_its_link_and_kept_by_its_stewards_only(db: Database, clock: ManualClock) -> None:
    def do(act: object, *args: object, by: Actor, **given: object) -> object:
        clock.advance(s=1)
        at_us = clock.now_us()
        return db.write(lambda tx: act(tx, by, *args, at_us=at_us, **given), neighbourhood=N)  # type: ignore[operator]

    def inside(by: Actor) -> list[tuple[str, str]]:
        found = db.read(lambda tx: stewarding.inside(tx, by, POTTERS), neighbourhood=N)
        return [(one.called, one.role) for one in found]

    for person, name in ((ARA, "아라"), (JUN, ""), (MINA, "미나")):
        do(members.add_person, by=BY, key=person, fields={"nickname": name} if name else {})
    ara, jun, other = who(ARA, Role.GUILD_STEWARD), who(JUN), who(MINA, Role.GUILD_STEWARD)
    with pytest.raises(Forbidden):
        do(stewarding.found, POTTERS, by=jun)
    do(stewarding.found, POTTERS, by=ara)
    with pytest.raises(Conflict):
        do(stewarding.found, POTTERS, by=other)
    do(stewarding.invite, POTTERS, by=ara, id=UUID(int=9), token="secret")
    do(stewarding.accept, "secret", by=jun)
    do(stewarding.accept, "secret", by=jun)
    assert inside(ara) == [("아라", "steward"), ("", "member")]
    for act, args in (
        (stewarding.remove, (POTTERS, JUN)),
        (stewarding.set_role, (POTTERS, JUN, "steward")),
        (stewarding.close_offer, (POTTERS, UUID(int=9))),
    ):
        with pytest.raises(Forbidden):  # whoever keeps another guild keeps nothing here
            do(act, *args, by=other)
    with pytest.raises(Forbidden):
        inside(jun)
    do(stewarding.set_role, POTTERS, JUN, "steward", by=ara)
    do(stewarding.remove, POTTERS, ARA, by=jun)
    assert inside(jun) == [("", "steward")]
    do(members.leave_group, JUN, POTTERS, by=jun)
    do(stewarding.close_offer, POTTERS, UUID(int=9), by=other)  # nobody keeps it: any guild steward may
    with pytest.raises(NotFound):
        do(stewarding.accept, "secret", by=jun)
    told = db.read(lambda tx: journal.read(tx, BY, kinds=["members.group_role_set"]), neighbourhood=N)
    assert [fact.body.role for fact in told] == ["steward", "steward"]
