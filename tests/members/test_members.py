"""People, their fields, what they are here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa

from madang import journal, members
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, NotFound, Role, Unavailable, logs, system
from madang.kernel.clock import DAY_US
from madang.members import records, vault

T = TypeVar("T")

BY = system("n1")
MINA, JUN = UUID(int=1), UUID(int=2)
FIELDS = {"full_name": "김미나", "phone": "010-1234-5678"}


def person(key: UUID, *roles: Role) -> Actor:
    return Actor(Kind.PERSON, str(key), "n1", frozenset(roles))


def do(db: Database, use_case: Callable[..., T], *args: Any, by: Actor = BY, **given: Any) -> T:
    return db.write(lambda tx: use_case(tx, by, *args, **given), neighbourhood="n1")


def join(db: Database, key: UUID = MINA, fields: dict[str, str] | None = None, at_us: int = 1) -> members.Person:
    return do(db, members.add_person, key=key, fields=FIELDS if fields is None else fields, at_us=at_us)


def kinds(db: Database, key: UUID = MINA) -> list[str]:
    facts = db.read(lambda tx: journal.read(tx, BY, subject=f"person:{key}"), neighbourhood="n1")
    return [fact.kind.removeprefix("members.") for fact in facts]


def test_a_persons_fields_are_read_back_by_themselves_and_by_staff(db: Database) -> None:
    join(db)
    assert do(db, members.fields, MINA, by=person(MINA)) == FIELDS
    assert do(db, members.field, MINA, "phone", by=person(JUN, Role.STAFF)) == "010-1234-5678"
    assert do(db, members.field, MINA, "email") is None
    with pytest.raises(Forbidden):
        do(db, members.fields, MINA, by=person(JUN, Role.NEIGHBOUR))


def test_joining_twice_joins_once_and_a_key_is_not_shared(db: Database) -> None:
    first = join(db)
    assert join(db, at_us=9) == first
    with pytest.raises(Conflict):
        join(db, fields={"full_name": "이준"})
    assert kinds(db) == ["joined"]


def test_a_field_nobody_declared_is_refused(db: Database) -> None:
    with pytest.raises(Invalid, match="undeclared_field"):
        join(db, fields={"shoe_size": "240"})
    with pytest.raises(NotFound):
        do(db, members.person, MINA)


def test_setting_a_field_anew_replaces_it(db: Database) -> None:
    join(db)
    do(db, members.set_fields, MINA, {"phone": "010-9999-0000"}, at_us=2, by=person(MINA))
    assert do(db, members.fields, MINA) == FIELDS | {"phone": "010-9999-0000"}
    with pytest.raises(Forbidden):
        do(db, members.set_fields, MINA, {"phone": "x"}, at_us=3, by=person(JUN))


def test_a_sealed_field_opens_only_where_it_belongs(db: Database) -> None:
    key = vault.new_key()
    place = {"neighbourhood": "n1", "person": MINA, "field": "phone"}
    sealed = vault.seal(key, "010", **place)
    assert vault.unseal(key, sealed, **place) == "010"
    assert vault.seal(key, "010", **place) != sealed
    for other in ({"neighbourhood": "n2"}, {"person": JUN}, {"field": "email"}):
        with pytest.raises(Unavailable):
            vault.unseal(key, sealed, **(place | other))
    with pytest.raises(Unavailable):
        vault.unseal(vault.new_key(), sealed, **place)
    with pytest.raises(Unavailable):
        vault.unseal(key, sealed[:-1] + bytes([sealed[-1] ^ 1]), **place)


def test_leaving_ends_roles_and_credentials_at_once_and_fields_with_their_retention(db: Database) -> None:
    join(db)
    do(db, members.give_role, MINA, Role.STAFF, at_us=2)
    do(db, members.issue_credential, MINA, "QR-1", 2)
    do(db, members.leave, MINA, at_us=DAY_US)
    do(db, members.leave, MINA, at_us=2 * DAY_US)
    assert do(db, members.roles_of, MINA) == []
    with pytest.raises(NotFound):
        do(db, members.person_of, "QR-1")
    with pytest.raises(Conflict):
        do(db, members.set_fields, MINA, {"phone": "x"}, at_us=3)
    assert do(db, members.destroy_due, now_us=DAY_US) == 1
    assert do(db, members.fields, MINA) == {"phone": "010-1234-5678"}
    assert do(db, members.destroy_due, now_us=31 * DAY_US) == 1
    assert do(db, members.fields, MINA) == {}
    assert kinds(db)[-3:] == ["left", "fields_destroyed", "fields_destroyed"]


def test_a_role_in_one_shop_counts_in_that_shop_only(db: Database) -> None:
    join(db)
    do(db, members.give_role, MINA, Role.OPERATOR, shop="s1", at_us=2)
    do(db, members.give_role, MINA, Role.STAFF, shop="s2", at_us=3)
    do(db, members.give_role, MINA, Role.NEIGHBOUR, at_us=4)
    do(db, members.give_role, MINA, Role.NEIGHBOUR, at_us=5)

    def acting(shop: str | None) -> Actor:
        return db.read(lambda tx: members.actor_of(tx, MINA, shop=shop), neighbourhood="n1")

    assert acting("s1").roles == {Role.OPERATOR, Role.NEIGHBOUR}
    assert acting("s2").roles == {Role.STAFF, Role.NEIGHBOUR}
    assert acting(None).roles == {Role.NEIGHBOUR}
    with pytest.raises(Forbidden):
        acting("s1").need_shop("s2")
    do(db, members.close_role, MINA, Role.OPERATOR, shop="s1", at_us=6)
    assert acting("s1").roles == {Role.NEIGHBOUR}
    assert kinds(db).count("role_given") == 3


def test_only_an_operator_gives_roles(db: Database) -> None:
    join(db)
    for somebody in (person(MINA), person(JUN, Role.STAFF)):
        with pytest.raises(Forbidden):
            do(db, members.give_role, MINA, Role.OPERATOR, at_us=2, by=somebody)


def test_consents_are_given_and_taken_back_by_the_person_alone(db: Database) -> None:
    join(db)
    me = person(MINA)
    with pytest.raises(Forbidden):
        do(db, members.consent, MINA, "marketing", version="1", at_us=2, by=person(JUN, Role.OPERATOR))
    do(db, members.consent, MINA, "marketing", version="1", at_us=2, by=me)
    do(db, members.consent, MINA, "marketing", version="1", at_us=3, by=me)
    do(db, members.consent, MINA, "marketing", version="2", at_us=4, by=me)
    assert [consent.version for consent in do(db, members.consents_of, MINA)] == ["2"]
    assert db.read(lambda tx: members.has_consent(tx, MINA, "marketing"), neighbourhood="n1")
    do(db, members.withdraw_consent, MINA, "marketing", at_us=5, by=me)
    assert not db.read(lambda tx: members.has_consent(tx, MINA, "marketing"), neighbourhood="n1")
    assert kinds(db) == ["joined", "consented", "consented", "consent_withdrawn"]


def test_a_credential_leads_to_its_person_and_never_changes_hands(db: Database) -> None:
    join(db)
    join(db, JUN, {})
    do(db, members.issue_credential, MINA, "QR-1", 2)
    do(db, members.issue_credential, MINA, "QR-1", 3)
    do(db, members.issue_credential, MINA, "QR-2", 3)
    gate = Actor(Kind.SENSOR, "gate:1", "n1", frozenset({Role.DEVICE}))
    assert do(db, members.person_of, "QR-1", by=gate) == MINA
    assert do(db, members.people_of, ["QR-1", "QR-2", "QR-3"]) == {"QR-1": MINA, "QR-2": MINA}
    do(db, members.close_credential, MINA, "QR-1", 4)
    with pytest.raises(NotFound):
        do(db, members.person_of, "QR-1")
    for owner in (JUN, MINA):
        with pytest.raises(Conflict):
            do(db, members.issue_credential, owner, "QR-1", 5)
    with pytest.raises(Forbidden):
        do(db, members.person_of, "QR-2", by=person(JUN))
    assert kinds(db) == ["joined", "credential_issued", "credential_issued", "credential_closed"]


def test_neighbourhoods_do_not_see_each_others_people(db: Database) -> None:
    join(db)
    do(db, members.issue_credential, MINA, "QR-1", 2)
    elsewhere = system("n2")
    with pytest.raises(NotFound):
        db.read(lambda tx: members.person(tx, elsewhere, MINA), neighbourhood="n2")
    with pytest.raises(NotFound):
        db.read(lambda tx: members.person_of(tx, elsewhere, "QR-1"), neighbourhood="n2")
    with pytest.raises(Forbidden):
        db.read(lambda tx: members.fields(tx, elsewhere, MINA), neighbourhood="n1")


def test_no_fact_has_a_field_that_is_personal(db: Database) -> None:
    personal = {field.name for field in members.declared()} | logs.refused()
    assert "full_name" in personal
    named = {f"{kind.name}.{field}" for kind in journal.KINDS for field in kind.fields if field in personal}
    assert named == set()


def test_credentials_are_kept_as_digests(db: Database) -> None:
    join(db)
    do(db, members.issue_credential, MINA, "QR-1", 2)
    [row] = db.read(lambda tx: tx.rows(sa.select(records.credentials)), neighbourhood="n1")
    assert "QR-1" not in map(str, row)
