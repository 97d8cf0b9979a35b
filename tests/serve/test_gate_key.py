"""A gate's machine holds a key that checks entry codes and does nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from uuid import UUID

import httpx
import pytest
from tests.databases import SQLITE
from tests.web.callers import KEY, Callers
from tests.web.world import MINA, mina

from madang import journal, members
from madang.db import Database
from madang.kernel import Kind, ManualClock, Role
from madang.members import api_keys
from madang.serve import door
from madang.storefront import entry
from madang.walkout import process
from madang.web import start

pytestmark = SQLITE
ENTRIES = "/v1/operator/entries"


class Gate:
    """A served neighbourhood, a code of MINA's, and requests with one key or another."""

    def __init__(self, db: Database, folder: Path, clock: ManualClock) -> None:
        self.world = Callers(db, folder, clock)
        self.running = start(self.world.app, port=0)
        self.client = httpx.Client(base_url=self.running.url, verify=False)
        self.codes = 0

    def key(self, *scopes: str) -> tuple[UUID, str]:
        id, token = UUID(int=700 + len(scopes)), api_keys.new_token()
        made = {"token": token, "name": "gate", "scopes": list(scopes), "days": 300}
        self.world.write(api_keys.make, MINA, by=mina(Role.INTEGRATOR), id=id, at_us=self.world.clock.now_us(), **made)
        return id, token

    def code(self) -> str:
        self.codes += 1
        code = f"code-{self.codes}"
        self.world.write(lambda tx, _by: entry.issue(tx, mina(), code, at_us=self.world.clock.now_us()))
        return code

    def asks(self, token: str, code: str, path: str = ENTRIES, again: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": again or f"once-{code}"}
        return self.client.post(path, json={"code": code, "gate": "front"}, headers=headers)

    def close(self) -> None:
        self.client.close()
        self.running.stop()


@pytest.fixture
def gate(db: Database, tmp_path: Path, clock: ManualClock) -> Iterator[Gate]:
    made = Gate(db, tmp_path, clock)
    yield made
    made.close()


def test_a_gates_own_key_opens_for_a_code_once_and_is_named_in_the_fact(gate: Gate) -> None:
    _, token = gate.key("entries.check")
    code = gate.code()
    assert gate.asks(token, code).json() == {"person": str(MINA), "adult": False}
    assert gate.asks(token, code).json()["person"] == str(MINA), "the same request again is one"
    assert gate.asks(token, code, again="another").json()["code"] == "storefront.code_over"
    boss = mina(Role.OPERATOR)
    found = gate.world.db.read(
        lambda tx: journal.trail(tx, boss, kinds=["storefront.came_in"], limit=9), neighbourhood="n1"
    )
    [fact] = found
    assert (fact.actor_kind, fact.actor_key) == (Kind.AGENT, token[:12])


def test_a_stolen_gates_key_does_nothing_else(gate: Gate) -> None:
    _, token = gate.key("entries.check")
    for path in ("/v1/operator/credentials", "/v1/operator/promise", f"/v1/operator/visits/{UUID(int=1)}/decision"):
        assert gate.asks(token, "x", path).status_code == 401, path
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/v1/operator/status", "/v1/operator/visits"):
        assert gate.client.get(path, headers=headers).status_code == 401, path
    assert gate.client.get("/v1/shops/s1/orders", headers=headers).status_code in (403, 404)


def test_a_key_for_something_else_a_closed_one_and_a_made_up_one_open_no_gate(gate: Gate) -> None:
    code = gate.code()
    other, gates = gate.key("me.read", "orders.read"), gate.key("entries.check")
    assert gate.asks(other[1], code).status_code == 403
    assert gate.asks("mdk_deadbeef_" + "a" * 43, code).status_code == 401
    assert gate.asks("nothing", code).status_code == 401
    gate.world.write(api_keys.close, gates[0], by=mina(Role.INTEGRATOR), at_us=gate.world.clock.now_us())
    assert gate.asks(gates[1], code).status_code == 401
    assert gate.asks(KEY, code).status_code == 200, "the operator's key still does"


def test_who_is_no_integrator_any_more_has_a_gate_that_stays_shut(gate: Gate) -> None:
    _, token = gate.key("entries.check")
    gate.world.write(members.close_role, MINA, Role.INTEGRATOR, at_us=gate.world.clock.now_us())
    assert gate.asks(token, gate.code()).status_code == 401


def test_the_operators_api_knows_every_state_of_a_visit() -> None:
    assert get_args(door.VisitState) == process.WALKOUT.states
