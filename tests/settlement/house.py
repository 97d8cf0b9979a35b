"""A neighbourhood with a maker, a hub and a guild, where money is paid, captured and paid out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from madang import ledger, payments, settlement
from madang.db import Database
from madang.kernel import ManualClock, Uuid7, system
from madang.settlement import SaleLine, TaxStatus, Terms

T = TypeVar("T")
N, BY = "n1", system("n1")
SALE, OTHER = UUID(int=10), UUID(int=11)
DAY = "2026-09-21"


class House:
    """A neighbourhood with a maker, a hub and a guild."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids = db, clock, ids

    def do(self, act: Callable[..., T], *args: Any, **given: Any) -> T:
        return self.db.write(lambda tx: act(tx, BY, *args, **given), neighbourhood=N)

    def party(self, key: str, status: TaxStatus = TaxStatus.GENERAL) -> None:
        at = self.clock.now_us()
        self.do(settlement.add_party, key, name_ko=key, name_en=key, status=status, at_us=at)

    def terms(self, holder: str, purpose: str, receiver: str, bp: int, **more: Any) -> Terms:
        more = {"id": self.ids.new(), "from_us": self.clock.now_us(), **more}
        made = Terms(holder=holder, purpose=purpose, receiver=receiver, bp=bp, **more)
        return self.do(settlement.set_terms, made, at_us=self.clock.now_us())

    def sell(self, *lines: SaleLine, sale: UUID = SALE, **more: Any) -> dict[str, int]:
        found = self.do(settlement.sale_legs, sale=sale, shop="s1", lines=lines, at_us=self.clock.now_us(), **more)
        return {f"{key.code}:{key.owner}": krw for key, krw in found}

    def refund(self, sale: UUID = SALE, **more: Any) -> dict[str, int]:
        more = {"refund": self.ids.new(), **more}
        found = self.do(settlement.refund_legs, sale=sale, at_us=self.clock.now_us(), **more)
        return {f"{key.code}:{key.owner}": krw for key, krw in found}

    def paid_sale(self, sale: UUID, *lines: SaleLine, **more: Any) -> None:
        """A sale that a buyer's wallet has paid, confirmed at once."""
        at, total = self.clock.now_us(), sum(one.amount_krw for one in lines)

        def act(tx: Any, by: Any) -> None:
            ledger.post(tx, payments.top_up(id=self.ids.new(), person="buyer", amount_krw=total, at_us=at))
            part = [payments.Part("wallet", total)]
            payments.begin(
                tx, by, id=sale, shop="s1", payer="buyer", total_krw=total, parts=part, cause=f"sale/{sale}",
                expires_at_us=at + 60_000_000, at_us=at,
            )  # fmt: skip
            legs = settlement.sale_legs(tx, by, sale=sale, shop="s1", lines=lines, at_us=at, **more)
            payments.capture(tx, by, sale, legs, at_us=at)
            settlement.confirm(tx, by, sale, at_us=at)

        self.do(act)

    def give_back(self, sale: UUID, **more: Any) -> None:
        at, refund = self.clock.now_us(), self.ids.new()

        def act(tx: Any, by: Any) -> None:
            legs = settlement.refund_legs(tx, by, sale=sale, refund=refund, at_us=at, **more)
            amount = sum(krw for _, krw in legs)
            payments.refund(tx, by, sale, id=refund, amount_krw=amount, legs=legs, at_us=at)

        self.do(act)

    def settle(self, days: float = 0) -> None:
        """Time goes on, and what is due is done."""
        self.clock.advance(s=days * 86_400)
        while self.do(settlement.settle_due, now_us=self.clock.now_us()):
            pass

    def posted(self, code: str, owner: str) -> int:
        key = ledger.AccountKey("money", code, owner, "KRW")
        return self.db.read(lambda tx: ledger.balance(tx, key), neighbourhood=N).posted


def line(number: int, krw: int, **more: Any) -> SaleLine:
    vat = 0 if more.get("exempt") else round(krw / 11)
    return SaleLine(number=number, amount_krw=krw, vat_krw=vat, **more)
