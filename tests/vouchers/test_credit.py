"""Mutual credit between merchants: lines hold, balances sum to zero, nothing becomes won."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.settlement.house import House, N

from madang import ledger, vouchers
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Kind, ManualClock, Role, Uuid7
from madang.ledger import LedgerError
from madang.vouchers import credit


@pytest.fixture
def ring(db: Database, clock: ManualClock, ids: Uuid7) -> House:
    """Two shops with a line of 100,000 each."""
    house, at = House(db, clock, ids), clock.now_us()
    house.do(vouchers.add_issuer, vouchers.Issuer(id="guild", name_ko="상인회", name_en="Merchants", klass="guild"))
    kind = vouchers.ProgrammeKind.CREDIT
    made = vouchers.Programme(id="ring", issuer="guild", kind=kind, name_ko="두레", name_en="Ring", from_us=at)
    house.do(vouchers.add_programme, made)
    rule = vouchers.Rule(programme="ring", from_us=at, discount_bp=0, month_cap_krw=200_000, holding_cap_krw=150_000)
    house.do(vouchers.set_rule, rule, at_us=at)
    for shop in ("s1", "s2"):
        house.do(credit.set_line, "ring", shop, 100_000, id=ids.new(), reason="first line", at_us=at)
    return house


def pay(house: House, payer: str, payee: str, amount: int) -> None:
    house.do(
        credit.pay, "ring", id=house.ids.new(), payer=payer, payee=payee, amount=amount, at_us=house.clock.now_us()
    )


def stands(house: House) -> list[int]:
    return house.db.read(lambda tx: [credit.balance(tx, "ring", shop) for shop in ("s1", "s2")], neighbourhood=N)


def test_what_one_owes_the_other_holds_and_the_line_is_the_end(ring: House) -> None:
    pay(ring, "s1", "s2", 60_000)
    assert stands(ring) == [-60_000, 60_000]
    with pytest.raises(Conflict, match="not_enough"):
        pay(ring, "s1", "s2", 40_001)
    pay(ring, "s2", "s1", 160_000)
    assert stands(ring) == [100_000, -100_000]
    with pytest.raises(Conflict, match="not_enough"):
        pay(ring, "s1", "nobody", 1)
    assert ring.db.read(ledger.check, neighbourhood=N).ok


def test_a_line_in_use_is_not_taken_back_and_a_broker_grants_within_bounds(ring: House) -> None:
    pay(ring, "s1", "s2", 60_000)
    at = ring.clock.now_us()
    with pytest.raises(Conflict, match="line_in_use"):
        ring.do(credit.set_line, "ring", "s1", 59_999, id=ring.ids.new(), reason="lower", at_us=at)
    broker = Actor(Kind.PERSON, "b", N, frozenset({Role.CONNECTOR}))

    def grant(line: int, id: UUID) -> None:
        ring.db.write(
            lambda tx: credit.set_line(tx, broker, "ring", "s1", line, id=id, reason="season", at_us=at),
            neighbourhood=N,
        )

    grant(200_000, ring.ids.new())
    with pytest.raises(Forbidden):
        grant(200_001, ring.ids.new())
    assert ring.db.read(lambda tx: credit.line_of(tx, "ring", "s1"), neighbourhood=N) == 200_000
    assert len(ring.do(credit.statement, "ring", "s1").rows) == 3


def test_credit_cannot_become_won(ring: House) -> None:
    won = ledger.AccountKey("money", "wallet", "mina", "KRW")
    mine = ledger.AccountKey("money", "credit_free", "ring/s1", "credit:ring")
    move = ledger.Transfer(id=ring.ids.new(), debit=mine, credit=won, amount=1, at_us=ring.clock.now_us())
    with pytest.raises(LedgerError, match="units_must_match"):
        ring.db.write(lambda tx: ledger.post(tx, [move]), neighbourhood=N)
    ring.do(credit.fee, "ring", "s1", 5_000, id=ring.ids.new(), at_us=ring.clock.now_us())
    assert stands(ring) == [-5_000, 0]
