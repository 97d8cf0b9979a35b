"""A till of payments: the service's calls as somebody, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from madang import ledger, payments
from madang.db import Database, Tx
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7, derived, system
from madang.kernel.clock import MINUTE_US
from madang.ledger import AccountKey
from madang.payments import Part, Payment, Refund, checking

N = "n1"
T = TypeVar("T")


class Counter:
    """Payments of person ``p1`` in shop ``s1``; ``by`` may be set to somebody else."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids = db, clock, ids
        self.by: Actor = system(N)

    def write(self, fn: Callable[[Tx], T]) -> T:
        return self.db.write(fn, neighbourhood=N)

    def read(self, fn: Callable[[Tx], T]) -> T:
        return self.db.read(fn, neighbourhood=N)

    def top_up(self, krw: int, person: str = "p1") -> None:
        moved = payments.top_up(id=self.ids.new(), person=person, amount_krw=krw, at_us=self.clock.now_us())
        self.write(lambda tx: ledger.post(tx, moved))

    def begin(self, parts: dict[str, int] | list[Part], **more: Any) -> Payment:
        listed = [Part(means, krw) for means, krw in parts.items()] if isinstance(parts, dict) else parts
        now = self.clock.now_us()
        asked: dict[str, Any] = {
            "id": self.ids.new(), "shop": "s1", "payer": "p1", "total_krw": sum(p.amount_krw for p in listed),
            "parts": listed, "cause": "test/1", "expires_at_us": now + 30 * MINUTE_US, "at_us": now,
        } | more  # fmt: skip
        return self.write(lambda tx: payments.begin(tx, self.by, **asked))

    def capture(self, payment: Payment | UUID, *legs: tuple[AccountKey, int]) -> Payment:
        id = payment if isinstance(payment, UUID) else payment.id
        if isinstance(payment, Payment):
            legs = legs or ((sales("s1"), payment.total_krw),)
        return self.write(lambda tx: payments.capture(tx, self.by, id, legs, at_us=self.clock.now_us()))

    def void(self, payment: Payment) -> Payment:
        return self.write(lambda tx: payments.void(tx, self.by, payment.id, at_us=self.clock.now_us()))

    def refund(self, payment: Payment, krw: int | None = None, **more: Any) -> Refund:
        asked: dict[str, Any] = {"id": self.ids.new(), "amount_krw": krw, "at_us": self.clock.now_us()} | more
        return self.write(lambda tx: payments.refund(tx, self.by, payment.id, **asked))

    def get(self, payment: Payment) -> Payment:
        return self.read(lambda tx: payments.get(tx, self.by, payment.id))

    def posted(self, key: AccountKey) -> int:
        return self.read(lambda tx: ledger.balance(tx, key)).posted

    def wallet(self, person: str = "p1") -> ledger.Balance:
        return self.read(lambda tx: ledger.balance(tx, payments.wallet(person)))

    def books_ok(self) -> None:
        """The ledger agrees with itself, and with payments, charges and returns; no payment has money stuck in the
        middle."""
        report = self.read(ledger.check)
        assert report.ok, report
        for key, balance in self.read(lambda tx: ledger.balances(tx, book="money", code="tender")).items():
            assert balance.posted == 0, key
        assert self.read(checking.differences) == []


def sales(owner: str) -> AccountKey:
    return AccountKey("money", "sales", owner, "KRW")


def person(key: str, *roles: Role) -> Actor:
    return Actor(Kind.PERSON, key, N, frozenset(roles or {Role.SHOPPER}))


def number(n: int) -> UUID:
    return derived("test", n)
