"""A counter that is connected to a gateway: the payer's way there and back, and what came of it in both books."""

from __future__ import annotations

from typing import Any

from tests.payments.counter import Counter, N
from tests.payments.fake_gateway.server import FakeGateway

from madang import jobs, ledger, payments
from madang.kernel.clock import HOUR_US
from madang.payments import Charge, Crossing, Part, Payment, charge_records
from madang.payments.charging import order_id


class Till(Counter):
    """``fake`` is the company; ``crossing`` is made anew by ``restart``, as after a crash."""

    fake: FakeGateway
    crossing: Crossing

    def connect(self, fake: FakeGateway) -> None:
        self.fake = fake
        payments.connect(fake.gateway())
        self.restart()

    def restart(self) -> None:
        self.crossing = Crossing(self.db, self.clock, self.ids, N)

    def ask(self, krw: int = 10_000, wallet_krw: int = 0, **more: Any) -> Payment:
        parts = [Part(self.fake.name, krw)]
        return self.begin([Part("wallet", wallet_krw), *parts] if wallet_krw else parts, **more)

    def order(self, payment: Payment) -> str:
        return next(order_id(part) for part in payment.parts if part.means == self.fake.name)

    def go(self, payment: Payment) -> str:
        """The payer is sent to the gateway and agrees."""
        order = self.order(payment)
        charge = self.crossing.open(order, back="http://shop/back", gone="http://shop/gone")
        assert charge.address == f"{self.fake.address}/page/{charge.gateway_key}"
        return order

    def pay(self, payment: Payment) -> Charge:
        """There and back again."""
        order = self.go(payment)
        return self.crossing.confirm(order, **self.fake.agree(order))

    def charge(self, payment: Payment) -> Charge:
        found = self.read(lambda tx: charge_records.charge(tx, self.by, self.order(payment)))
        assert found is not None
        return found

    def backs(self, payment: Payment) -> list[payments.Return]:
        return self.read(lambda tx: charge_records.backs_of(tx, self.by, self.order(payment)))

    def work(self, s: float = 0) -> None:
        """Time passes and what is due is done."""
        self.clock.advance(s=s)
        jobs.run_due(self.db, self.clock, neighbourhood=N)

    def days_pass(self, days: int = 9) -> None:
        for _ in range(days * 8):
            self.clock.advance(us=3 * HOUR_US)
            jobs.run_due(self.db, self.clock, neighbourhood=N)

    def both_books_agree(self, owed_krw: int = 0) -> None:
        """What the gateway holds of payers is what our clearing accounts say; on its way is only ``owed_krw``."""
        self.books_ok()
        held = [balance for _, balance in self.balances("gateway")]
        assert -sum(balance.posted - balance.pending_out for balance in held) == self.fake.desk.charged_krw
        assert sum(balance.posted for _, balance in self.balances("returning")) == owed_krw

    def balances(self, code: str) -> list[tuple[ledger.AccountKey, ledger.Balance]]:
        return list(self.read(lambda tx: ledger.balances(tx, book="money", code=code)).items())
