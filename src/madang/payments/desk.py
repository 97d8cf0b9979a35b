"""What stands behind the pages of payments: one database, one clock, the way to the gateways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from madang.db import Database, Tx
from madang.kernel import Clock, Ids
from madang.payments.crossing import Crossing
from madang.payments.links import PayLinks
from madang.payments.model import Payment

T = TypeVar("T")
Where = Callable[[Payment], str]


@dataclass(frozen=True, kw_only=True)
class PayDesk:
    """``public_url`` is where browsers find us (empty: where the request was sent to). ``where`` tells, for a kind of
    cause, the page of what was paid; ``shop`` is the one a wallet is filled at."""

    db: Database
    clock: Clock
    ids: Ids
    neighbourhood: str
    links: PayLinks
    public_url: str = ""
    shop: str = ""
    where: Mapping[str, Where] = field(default_factory=dict)

    @property
    def crossing(self) -> Crossing:
        return Crossing(self.db, self.clock, self.ids, self.neighbourhood)

    def read(self, fn: Callable[[Tx], T]) -> T:
        return self.db.read(fn, neighbourhood=self.neighbourhood)

    def write(self, fn: Callable[[Tx], T]) -> T:
        return self.db.write(fn, neighbourhood=self.neighbourhood)

    def thing(self, payment: Payment) -> str:
        """The address of what was paid, or of the wallet."""
        found = self.where.get(payment.cause.partition("/")[0])
        return found(payment) if found else "/wallet"

    def payment_of(self, token: str) -> UUID:
        return self.links.payment(token)
