"""The code on the phone opens the gate once, for a short while."""

from __future__ import annotations

import pytest
from tests.asking import Client
from tests.databases import POSTGRES_IN_SOAK
from tests.storefront.street import BY, N, Street

from madang import members
from madang.jobs import run_due
from madang.kernel import Actor, Conflict, Kind, NotFound, Role
from madang.serve.checkin import operator
from madang.serve.door import ENTRIES, router
from madang.storefront import entry
from madang.web import Shopfront, create_app

GATE = Actor(Kind.SENSOR, "gate", N, frozenset({Role.DEVICE}))


def issued(street: Street, code: str) -> int:
    return street.write(lambda tx: entry.issue(tx, street.mina, code, at_us=street.now))


def check(street: Street, code: str, gate: str = "g1") -> str:
    return str(street.write(lambda tx: entry.check(tx, GATE, code, gate=gate, at_us=street.now)))


def test_a_code_opens_one_gate_once(street: Street) -> None:
    street.open()
    issued(street, "code-1")
    assert check(street, "code-1") == street.mina.key
    for gate in ("g1", "g2"):
        with pytest.raises(Conflict) as fault:
            check(street, "code-1", gate)
        assert fault.value.code == "storefront.code_over"
    used = street.read(lambda tx: entry.last_used(tx, street.mina))
    assert used is not None
    assert used.gate == "g1"


def test_a_code_is_over_after_a_minute_and_then_no_credential_either(street: Street) -> None:
    street.open()
    until_us = issued(street, "code-1")
    assert street.read(lambda tx: members.person_of(tx, BY, "code-1")).hex
    street.clock.set(until_us)
    with pytest.raises(Conflict):
        check(street, "code-1")
    run_due(street.db, street.clock, neighbourhood=N)
    with pytest.raises(NotFound):
        street.read(lambda tx: members.person_of(tx, BY, "code-1"))


@POSTGRES_IN_SOAK
def test_a_used_code_stays_the_visits_credential_until_no_visit_lasts_as_long(street: Street) -> None:
    street.open()
    issued(street, "code-1")
    check(street, "code-1")
    street.clock.advance(us=entry.GOOD_FOR_US * 10)
    run_due(street.db, street.clock, neighbourhood=N)
    assert str(street.read(lambda tx: members.person_of(tx, BY, "code-1"))) == street.mina.key
    street.clock.advance(us=entry.CLOSE_AFTER_US)
    run_due(street.db, street.clock, neighbourhood=N)
    with pytest.raises(NotFound):
        street.read(lambda tx: members.person_of(tx, BY, "code-1"))


@POSTGRES_IN_SOAK
def test_a_code_nobody_issued_opens_nothing(street: Street) -> None:
    street.open()
    with pytest.raises(NotFound):
        check(street, "made-up")


def test_the_operators_door_lets_a_code_in_once(street: Street) -> None:
    street.open()
    issued(street, "code-1")
    door = router(
        street.db, street.clock, operator(N), None, allowed=lambda key: key == "k", status=dict, changed=lambda _: None
    )
    client = Client(create_app(Shopfront(neighbourhood=N, clock=street.clock, more=[door])))

    def ask(key: str) -> int:
        headers = {"Authorization": "Bearer k", "Idempotency-Key": key}
        return client.post(ENTRIES, headers=headers, json={"code": "code-1", "gate": "g1"}).status_code

    assert [ask("a"), ask("a"), ask("b")] == [200, 200, 409], "the same request again is the same answer"
